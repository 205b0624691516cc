//! The declarative file as one value. `None`: the file has no such section, which leaves it alone.

use crate::account::Account;
use crate::application::Application;
use crate::own_step::OwnPlan;
use crate::policy::{ApprovalPolicy, Group};
use crate::region::DeclaredRegion;
use serde::{Deserialize, Serialize};

/// Sections in the order of the canonical file; entries in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Inventory {
    pub version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accounts: Option<Vec<Account>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regions: Option<Vec<DeclaredRegion>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<Group>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_policies: Option<Vec<ApprovalPolicy>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applications: Option<Vec<Application>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plans: Option<Vec<OwnPlan>>,
}
