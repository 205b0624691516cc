//! What looks at compute have in common: counts out of AWS's signed numbers, and parts that stand beside the main answer,
//! whose silence is kept with its reason and spoils nothing else.

use holdfast_cloud::Error;
use holdfast_domain::facts::{Beside, Unread};

/// AWS's counts are signed in the wire format only.
pub(crate) fn count(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

/// The answer, or `None` with the reason among `unread`.
pub(crate) fn beside<T>(what: Beside, answer: Result<T, Error>, unread: &mut Vec<Unread>) -> Option<T> {
    match answer {
        Ok(answer) => Some(answer),
        Err(error) => {
            unread.push(Unread { what, reason: error.to_string() });
            None
        }
    }
}
