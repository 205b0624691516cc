//! What can go wrong between us and AWS, sorted by what it means for the caller.

use holdfast_domain::NotSeen;
use serde::{Deserialize, Serialize};
use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// AWS knows us and says no, or the role could not be assumed.
    Denied,
    Throttled,
    /// AWS takes the time of the signature for wrong: its clock and ours are too far apart.
    ClockApart,
    NotFound,
    /// What we expected to be there is not what is there (a compare failed, another operation runs).
    Conflict,
    /// AWS understood and refuses the value.
    Invalid,
    /// No connection, no DNS, a time-out before anything was sent or while only reading.
    Unreachable,
    /// AWS answered with an error of its own (5xx).
    ServiceError,
    /// An answer that we could not read.
    Unreadable,
    /// It is not AWS that is asked for this.
    NotSupported,
}

impl ErrorKind {
    /// Whether trying again later may help by itself: a Conflict too, since another operation may be running, or
    /// our own first call have landed after all. Whoever tries again looks first, but where [`Error::not_executed`].
    #[must_use]
    pub fn may_pass(self) -> bool {
        matches!(
            self,
            Self::Throttled | Self::ClockApart | Self::Unreachable | Self::ServiceError | Self::Conflict
        )
    }
}

/// Carries what an operator needs to find the call in CloudTrail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub struct Error {
    pub kind: ErrorKind,
    pub account: String,
    pub region: String,
    /// Such as `sts:AssumeRole`.
    pub operation: String,
    pub request_id: Option<String>,
    /// AWS's own words or our reason, without secrets.
    pub message: String,
    /// True when a changing call was sent and may have taken effect.
    pub outcome_unknown: bool,
}

impl Error {
    /// Of a changing call: it surely did not run, for a reason that says nothing of what it would have changed. It was turned
    /// away at the door, or never left. Any other refusal may mean that something is not as it was thought to be.
    #[must_use]
    pub fn not_executed(&self) -> bool {
        let turned_away =
            matches!(self.kind, ErrorKind::Throttled | ErrorKind::ClockApart | ErrorKind::Unreachable);
        turned_away && !self.outcome_unknown
    }
}

impl From<Error> for NotSeen {
    fn from(error: Error) -> Self {
        Self { reason: error.to_string(), absent: error.kind == ErrorKind::NotFound }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {} of account {}: {}", self.operation, self.region, self.account, self.message)
    }
}
