//! What does the work: how much of it is wanted and how much runs.

use serde::{Deserialize, Serialize};
use std::fmt;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EcsServiceFacts {
    pub desired: u32,
    pub running: u32,
    pub pending: u32,
    /// `COMPLETED`, `IN_PROGRESS` or `FAILED`.
    pub rollout: Option<String>,
    /// `ACTIVE`, `DRAINING` or `INACTIVE`.
    pub status: String,
    /// The bounds that Application Auto Scaling keeps the count within; `None` where the service has no scalable
    /// target, or where that could not be asked (then `unread` says so).
    #[serde(default)]
    pub scaling: Option<ScalingBounds>,
    /// `None` where no balancer stands before it, or its health could not be asked.
    #[serde(default)]
    pub targets: Option<TargetHealth>,
    /// As the running task definition names them, in its order.
    #[serde(default)]
    pub images: Vec<String>,
    #[serde(default)]
    pub unread: Vec<Unread>,
}

/// A scalable target: the floor and the ceiling of an ECS service's count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScalingBounds {
    pub min: u32,
    pub max: u32,
}

/// What a load balancer says of the targets behind it. Where several target groups serve one thing, the group with
/// the fewest healthy targets speaks: a request may come through any.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetHealth {
    pub healthy: u32,
    pub unhealthy: u32,
    /// Registering, draining or not in use.
    pub other: u32,
    /// Why the first unhealthy one is, as AWS words it.
    pub reason: Option<String>,
}

/// Something beside the main answer that could not be asked. It is not known, and nothing good may be made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    pub what: Beside,
    pub reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Beside {
    ScalingBounds,
    TargetHealth,
    Images,
    LaunchFailures,
    ScheduledActions,
    Nodes,
    ReplicationRules,
    ReplicationStatus,
}

impl fmt::Display for Beside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ScalingBounds => "whether it has a scalable target",
            Self::TargetHealth => "the health of its targets",
            Self::Images => "which images it runs",
            Self::LaunchFailures => "why instances do not come",
            Self::ScheduledActions => "whether a schedule changes its size",
            Self::Nodes => "how many nodes are in service",
            Self::ReplicationRules => "where its images are replicated to",
            Self::ReplicationStatus => "whether its newest image has been replicated",
        })
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoScalingGroupFacts {
    pub min: u32,
    pub max: u32,
    pub desired: u32,
    pub in_service: u32,
    /// Launching or being looked over before they serve.
    pub pending: u32,
    /// Instances of the warm pool; `None` where the group has none.
    pub warm: Option<u32>,
    /// Names of suspended processes, in alphabetical order.
    pub suspended: Vec<String>,
    /// Scheduled actions, each of which may set all three sizes; `None` where that could not be asked.
    pub scheduled_actions: Option<u32>,
    /// `None` where the inventory names no target group, or its health could not be asked.
    pub targets: Option<TargetHealth>,
    /// The newest launch that failed, as AWS words it; only looked for while instances are missing.
    pub launch_failure: Option<String>,
    #[serde(default)]
    pub unread: Vec<Unread>,
}

impl AutoScalingGroupFacts {
    /// The processes that are suspended and without which the group cannot grow into service.
    #[must_use]
    pub fn hindering(&self) -> Vec<&str> {
        let suspended = self.suspended.iter().map(String::as_str);
        suspended.filter(|process| hinders(process)).collect()
    }
}

/// Whether a group without this process cannot grow into service.
#[must_use]
pub fn hinders(process: &str) -> bool {
    matches!(process, "Launch" | "AddToLoadBalancer")
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EksNodeGroupFacts {
    pub min: u32,
    pub max: u32,
    pub desired: u32,
    /// Nodes in service, by the Auto Scaling groups behind the node group; `None` where those could not be asked.
    pub in_service: Option<u32>,
    /// `ACTIVE`, `UPDATING`, `DEGRADED`, `CREATING`, `CREATE_FAILED`, `DELETING` or `DELETE_FAILED`.
    pub status: String,
    /// What EKS says is wrong with it.
    pub issues: Vec<String>,
    #[serde(default)]
    pub unread: Vec<Unread>,
}

impl EksNodeGroupFacts {
    /// Not there any more, or never quite: no size can be set.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        matches!(self.status.as_str(), "CREATE_FAILED" | "DELETING" | "DELETE_FAILED")
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LambdaFunctionFacts {
    /// `Active`, `Inactive`, `Pending` or `Failed`.
    pub state: String,
    /// Reserved concurrent executions. `None`: it shares what the account has unreserved. Zero stops the function.
    pub reserved: Option<u32>,
    pub provisioned: Vec<ProvisionedConcurrency>,
    /// All that bring events to this function, whether the inventory lists them or not; of those that bring them to one
    /// of its aliases or versions only what the inventory lists.
    pub mappings: Vec<EventSourceMapping>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvisionedConcurrency {
    /// The alias or version that it stands for.
    pub qualifier: String,
    pub requested: u32,
    pub available: u32,
    /// `READY`, `IN_PROGRESS` or `FAILED`.
    pub status: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventSourceMapping {
    pub uuid: String,
    /// The queue, stream or topic; `None` for a cluster that is named otherwise.
    pub source: Option<String>,
    /// `Enabled`, `Enabling`, `Disabled`, `Disabling`, `Creating`, `Updating` or `Deleting`.
    pub state: String,
}

impl EventSourceMapping {
    /// Whether it brings events, or is about to.
    #[must_use]
    pub fn is_on(&self) -> bool {
        matches!(self.state.as_str(), "Enabled" | "Enabling" | "Creating" | "Updating")
    }
}

/// A repository as one Region's registry has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EcrRepositoryFacts {
    /// Regions that this registry's rules send the repository's images to; empty where no rule does.
    pub replicates_to: Vec<String>,
    /// The newest images, newest first.
    pub images: Vec<EcrImage>,
    /// How many older images are not listed here: whether one of them is there is not known.
    pub left_out: u32,
    /// Of the newest image: Region and status (`COMPLETE`, `IN_PROGRESS` or `FAILED`) of each copy that a rule asks for.
    pub newest_copies: Vec<(String, String)>,
    #[serde(default)]
    pub unread: Vec<Unread>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EcrImage {
    /// `sha256:…`.
    pub digest: String,
    pub tags: Vec<String>,
}
