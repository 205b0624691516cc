//! An AWS account that Holdfast reaches, and the two roles through which it does.

use crate::ids::{AccountId, Name};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub id: AccountId,
    pub name: Name,
    /// Assumed by the collector; can change nothing.
    pub read_role_arn: String,
    /// Assumed by run steps only, narrowed to each step's own actions.
    pub act_role_arn: String,
    /// What both roles' trust policies must ask for. Made by Holdfast when a registration gives none,
    /// immutable afterwards. It tells customers of one Holdfast apart and is no secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
}
