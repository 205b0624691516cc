//! Who must approve: groups of people and rules over them.

use crate::ids::Name;
use crate::seconds::Seconds;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    pub name: Name,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// Every rule must be met (AND); within a rule any `approvals` members of the group will do.
/// One person counts once, whatever groups they are in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalPolicy {
    pub name: Name,
    pub rules: Vec<ApprovalRule>,
    /// From the request; by the database's clock.
    pub expires_after: Seconds,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalRule {
    pub group: Name,
    pub approvals: u8,
}
