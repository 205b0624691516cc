//! What calls set, where that is more than one value.

use holdfast_domain::facts::{AutoScalingGroupFacts, DnsRecord, EksNodeGroupFacts};
use holdfast_domain::{Facts, Name, RegionCode};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackBuild {
    pub stack: String,
    pub template_url: String,
    pub parameters: BTreeMap<String, String>,
    /// What CloudFormation works as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
}

/// Where the writer of a store is reached in the call's Region. In a plan it is a rule: what it comes to is often known
/// only when the store has been promoted or restored. The step resolves it, and what it then sets stands in the journal
/// before the call is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreEndpoint {
    pub store: Name,
    /// `None` in a plan, unless a failback puts back what stood before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The version of the setting that the step has seen; the call is not made on another. `None` in a plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_version: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessPointRouteTarget {
    pub bucket: String,
    /// 0 or 100: S3 takes nothing between.
    pub traffic_dial_percent: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutingControlTarget {
    pub control_arn: String,
    pub on: bool,
}

/// What a Region switch plan does to its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SwitchAction {
    Activate,
    Deactivate,
}

impl SwitchAction {
    /// As ARC words it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Activate => "activate",
            Self::Deactivate => "deactivate",
        }
    }
}

/// The three sizes of a group, always set together: one that is left out may stand in the way of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupSize {
    pub min: u32,
    pub max: u32,
    pub desired: u32,
}

impl GroupSize {
    /// Of a group of machines.
    #[must_use]
    pub fn of(facts: &Facts) -> Option<Self> {
        match facts {
            Facts::AutoScalingGroup(group) => Some(group.into()),
            Facts::EksNodeGroup(group) => Some(group.into()),
            _ => None,
        }
    }
}

impl From<&AutoScalingGroupFacts> for GroupSize {
    fn from(group: &AutoScalingGroupFacts) -> Self {
        Self { min: group.min, max: group.max, desired: group.desired }
    }
}

impl From<&EksNodeGroupFacts> for GroupSize {
    fn from(group: &EksNodeGroupFacts) -> Self {
        Self { min: group.min, max: group.max, desired: group.desired }
    }
}

/// `old` must be there to the letter; `new` stands afterwards. Either may be absent, not both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordReplacement {
    pub region: RegionCode,
    pub old: Option<DnsRecord>,
    pub new: Option<DnsRecord>,
}
