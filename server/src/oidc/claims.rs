//! What a token must say beside being the provider's own: that it was made for us, when, and how people proved there who they are. The
//! library leaves it to its caller.

use super::Others;
use jiff::Timestamp;
use openidconnect::{IdTokenClaims, core::CoreGenderClaim};
use std::time::Duration;

pub(super) type Claims = IdTokenClaims<Others, CoreGenderClaim>;

/// How far apart the provider's clock and ours may be.
const SKEW: Duration = Duration::from_secs(60);

/// Whether who they are was proved within `longest`, as the provider was asked to see to. One that does not say when is not
/// believed: it was asked for an age, and must.
pub(super) fn lately(authenticated_at: Option<Timestamp>, now: Timestamp, longest: Duration) -> bool {
    authenticated_at.is_some_and(|at| {
        let ago = now.duration_since(at);
        ago.is_negative() || ago.unsigned_abs() <= longest + SKEW
    })
}

/// No token is from the future, as far as the two clocks agree.
pub(super) fn by_now(what: &str, second: f64, now: Timestamp) -> Result<(), String> {
    match second <= now.as_second() as f64 + SKEW.as_secs_f64() {
        true => Ok(()),
        false => Err(format!("{what} has not come yet")),
    }
}

/// A token may name us as an audience and have been made for another; and be good from a time on.
pub(super) fn for_us_and_now(claims: &Claims, client_id: &str, now: Timestamp) -> Result<(), String> {
    if claims.authorized_party().is_some_and(|party| party.as_str() != client_id) {
        return Err("it was made for another client".to_owned());
    }
    match claims.additional_claims().all.get("nbf") {
        None => Ok(()),
        Some(from) => {
            let from = from.as_f64().ok_or("its `nbf` is no time")?;
            by_now("it is good from a time that", from, now)
        }
    }
}

/// Whether they proved it there in one of these classes, and by all of these methods; where none is named, in any.
pub(super) fn strong_enough(claims: &Claims, acr_values: &[String], amr: &[String]) -> Result<(), String> {
    let class = claims.auth_context_ref().map(|class| class.as_str());
    if !acr_values.is_empty() && !class.is_some_and(|class| acr_values.iter().any(|asked| asked == class)) {
        let was =
            class.map_or_else(|| "does not say in which class".to_owned(), |class| format!("says {class}"));
        return Err(format!(
            "of how they proved it there it {was}; asked for is {}",
            acr_values.join(" or ")
        ));
    }
    let methods: Vec<&str> =
        claims.auth_method_refs().into_iter().flatten().map(|one| one.as_str()).collect();
    match amr.iter().find(|asked| !methods.contains(&asked.as_str())) {
        None => Ok(()),
        Some(missing) => {
            let were =
                if methods.is_empty() { "none that it names".to_owned() } else { methods.join(" and ") };
            Err(format!("they proved it there by {were}; asked for is {missing}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_at_the_provider_is_good_as_long_as_was_asked_for() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let (now, longest) = (at(100_000), Duration::from_secs(3_600));
        for (authenticated_at, good) in [
            (None, false),
            (Some(100_030), true),
            (Some(96_400), true),
            (Some(96_340), true),
            (Some(96_339), false),
        ] {
            assert_eq!(lately(authenticated_at.map(at), now, longest), good, "{authenticated_at:?}");
        }
    }

    #[test]
    fn a_token_may_be_of_a_clock_that_is_a_minute_ahead_and_no_more() {
        let now = Timestamp::from_second(100_000).unwrap();
        assert_eq!(by_now("it", 100_060.0, now), Ok(()));
        assert!(by_now("it", 100_061.0, now).is_err());
        assert!(by_now("it", f64::NAN, now).is_err() && by_now("it", f64::INFINITY, now).is_err());
    }
}
