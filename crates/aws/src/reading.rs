//! What looks at compute have in common: counts out of AWS's signed numbers, and parts that stand beside the main answer,
//! whose silence is kept with its reason and spoils nothing else.

use crate::failure::Call;
use holdfast_cloud::{Error, ErrorKind};
use holdfast_domain::facts::{Beside, Unread};

/// AWS's counts are signed in the wire format only. One that is not told, or is below zero, is not taken for none: that
/// would be a group which has been emptied.
pub(crate) fn count(call: &Call, what: &str, number: Option<i32>) -> Result<u32, Error> {
    number.and_then(|number| u32::try_from(number).ok()).ok_or_else(|| {
        call.error(
            ErrorKind::Unreadable,
            match number {
                Some(number) => format!("the answer's {what} is {number}"),
                None => format!("the answer has no {what}"),
            },
        )
    })
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
