//! What a second call of the same would do.

use super::Change;
use serde::{Deserialize, Serialize};

/// What a repeat of the call would do, which decides how a lost answer is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Idempotency {
    /// AWS refuses a second one.
    CompareAndSet,
    /// A second one changes nothing.
    SetState,
    /// AWS takes a client token and answers a second one as it answered the first. The token follows from run, step
    /// and the number of times that a person had the step tried again.
    Token,
    /// A second one would be a second effect: look first, repeat only after the first call's deadline.
    OneShot,
}

impl Change {
    #[must_use]
    pub fn idempotency(&self) -> Idempotency {
        match self {
            // AWS refuses a name that is taken, and to delete what is being deleted.
            Self::ReplaceRecords { .. }
            | Self::SetHealthCheck { .. }
            | Self::SetPrimaryOrigins { .. }
            | Self::SetSwitchObject { .. }
            | Self::CreateReplica { .. }
            | Self::CreateReplicaCluster { .. }
            | Self::CreateClusterInstance { .. }
            | Self::DeleteRestored { .. } => Idempotency::CompareAndSet,
            Self::SetEcsDesiredCount { .. }
            | Self::SetEcsScalingBounds { .. }
            | Self::SetAutoScalingGroupSize { .. }
            | Self::SuspendScalingProcesses { .. }
            | Self::ResumeScalingProcesses { .. }
            | Self::SetEksNodeGroupSize { .. }
            | Self::SetLambdaConcurrency { .. }
            | Self::SetLambdaProvisioned { .. }
            | Self::SetEventSource { .. }
            | Self::SetAccessPointRoutes { .. }
            | Self::SetAcceleratorGroup { .. }
            | Self::SetRoutingControls { .. } => Idempotency::SetState,
            Self::StartRestoreJob { .. } => Idempotency::Token,
            Self::SwitchAuroraOver { .. }
            | Self::FailAuroraOver { .. }
            | Self::PromoteReplica { .. }
            | Self::PromoteReplicaCluster { .. }
            | Self::FailDatastoreOver { .. }
            | Self::StartRegionSwitch { .. } => Idempotency::OneShot,
            // ---- steps of one's own: a receiver keeps webhooks' ids; a function's effect is its own affair.
            // A step has asked for one run, however often its request is sent.
            Self::CallWebhook { .. } | Self::RunPlan { .. } => Idempotency::Token,
            Self::InvokeLambda { .. } | Self::RunDocument { .. } => Idempotency::OneShot,
            // ---- what the recovery Region must have
            Self::CreateStack { .. } | Self::UpdateStack { .. } | Self::SetSecretEndpoint { .. } => {
                Idempotency::Token
            }
            Self::SetParameterEndpoint { .. } => Idempotency::SetState,
            Self::SetRecordEndpoint { .. } => Idempotency::CompareAndSet,
        }
    }
}
