//! Approvals: N of M per group, joined by AND, over the policy as it was when the request was made.

use holdfast_domain::{Name, PersonId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The policy frozen into a request; later edits of the policy do not touch it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrozenPolicy {
    pub name: Name,
    pub rules: Vec<holdfast_domain::ApprovalRule>,
    pub expires_after_seconds: u32,
}

/// One person's yes, with the groups they were in when they gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    pub person: PersonId,
    pub email: String,
    pub groups: Vec<Name>,
    pub at: Timestamp,
    pub comment: Option<String>,
}

/// How far a request is: per rule, who counts for it and how many are missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub rules: Vec<RuleTally>,
    pub met: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleTally {
    pub group: Name,
    pub needed: u8,
    /// E-mail addresses of those who count here.
    pub given: Vec<String>,
}
