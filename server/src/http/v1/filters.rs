//! Filters of lists: a word that nothing can match is refused, because an empty list would look like an answer.

use super::super::problem::Refused;
use holdfast_api::{Problem, applications::ApplicationFilter};
use holdfast_domain::{RegionCode, Strategy};
use holdfast_failover::serving::RecoveryState;

/// # Errors
/// 422, with the words that are accepted.
pub fn one_of(field: &str, given: Option<&str>, words: &[&str]) -> Result<(), Refused> {
    match given {
        Some(given) if !words.contains(&given) => Err(Problem::bad_field(
            field,
            format!("`{given}` is none of its words"),
            format!("Send one of {}, or leave `{field}` out.", words.join(", ")),
        )
        .into()),
        _ => Ok(()),
    }
}

/// # Errors
/// As [`one_of`].
pub fn strategy(given: Option<&str>) -> Result<(), Refused> {
    one_of("strategy", given, &Strategy::ALL.map(Strategy::as_str))
}

/// # Errors
/// As [`one_of`].
pub fn recovery_state(given: Option<&str>) -> Result<(), Refused> {
    one_of("recovery_state", given, &ApplicationFilter::RECOVERY_STATES.map(RecoveryState::as_str))
}

/// # Errors
/// As [`one_of`].
pub fn tier(given: Option<&str>) -> Result<Option<u8>, Refused> {
    let words = ApplicationFilter::TIERS.map(|tier| tier.to_string());
    one_of("tier", given, &words.each_ref().map(String::as_str))?;
    Ok(given.and_then(|tier| tier.parse().ok()))
}

/// # Errors
/// 422, when there is no such Region.
pub fn region(given: Option<&str>) -> Result<(), Refused> {
    match given.map(RegionCode::parse) {
        Some(Err(error)) => {
            Err(Problem::bad_field("region", error.0, "Send a Region's code, such as us-east-1.").into())
        }
        _ => Ok(()),
    }
}
