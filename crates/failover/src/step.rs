//! One step of a plan: what it does to which resource, and the check → act → verify of it as pure functions.

mod aurora;
mod backup;
mod binding;
mod capacity;
mod catch_up;
mod check;
mod cloudfront;
mod datastore;
mod ecs;
mod endpoint;
mod groups;
mod health_check;
pub mod how;
mod lag;
mod lambda;
mod look;
mod outside;
mod own;
mod protected;
mod region_switch;
mod replica;
mod routing_control;
pub mod run_plan;
mod stack;
mod switch_object;
mod traffic;

pub use binding::resource_matches;
pub use how::How;
pub(crate) use lag::measured;
pub use lag::{LAG_MAX_AGE_SECONDS, lags};

use crate::change::Change;
use crate::undo::{Undo, Undoes};
use holdfast_domain::own_step::Until;
use holdfast_domain::{Name, ObservationMap, RegionCode, StepId};
use serde::{Deserialize, Serialize};

/// Frozen into the plan: what stands here is what an approval covers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    pub id: StepId,
    /// As an operator says it: "Scale web in eu-central-1 from 2 to 6 tasks".
    pub title: String,
    pub work: Work,
    /// The inventory's resource; `None` for steps about the whole application.
    pub resource: Option<Name>,
    /// The Regions whose facts the step reads.
    pub regions: Vec<RegionCode>,
    /// Steps that must have succeeded, or been skipped by a person, before this one starts.
    pub after: Vec<StepId>,
    /// From start to verified; then a person is asked.
    pub timeout_seconds: u32,
    /// Cannot be taken back (accepting data loss).
    pub irreversible: bool,
    /// `service@region` that it needs, for the plane lint.
    pub plane: String,
    /// For people: the value now and the value to be.
    pub value_now: String,
    pub value_to_be: String,
    /// Where it is carried out otherwise than usual.
    #[serde(default, skip_serializing_if = "How::is_usual")]
    pub how: How,
    /// Whether, and how, it is taken back; absent of what was frozen by an older version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<Undo>,
    /// Of a step that takes another back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<Box<Undoes>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Work {
    /// Look at every resource again and compare the discrete facts with those the approval rests on.
    ObserveAgain,
    /// Read each store's lag and keep it: the RPO at the cut. Planned: `limit_ms` must hold.
    RecordLag { stores: Vec<Name>, target: RegionCode, limit_ms: Option<f64> },
    /// Planned: the copy in `region` has everything that was written before this step began.
    CatchUp { store: Name, region: RegionCode },
    /// One changing call, and when it counts as done.
    Call { change: Change },
    /// The application is seen serving from `region` (and, planned, no longer from `not_from`).
    /// The probes named must answer from `region` too.
    ConfirmServing {
        region: RegionCode,
        not_from: Option<RegionCode>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        probes: Vec<Name>,
    },
    /// Every store has a connected copy outside `region`.
    ConfirmProtected { stores: Vec<Name>, region: RegionCode },

    // ---- steps of one's own
    /// A person says that it is done; with a group, only its members may.
    WaitForPerson {
        says: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group: Option<Name>,
    },
    WaitForTime {
        #[serde(flatten)]
        until: Until,
    },
    /// A resource that tells whether something is well says that it is.
    WaitForSignal { signal: Name, region: RegionCode },
}

/// What the check or the verification of a step says, from what was just seen.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// The target value stands.
    Reached { note: String },
    /// Make the call now.
    Act(Change),
    /// On the way (a call was accepted and AWS works on it, or a condition is not met yet).
    Wait { note: String },
    /// As `Wait`, of a kind that knows better than the general way out what to do once the step's time is over.
    WaitOr { note: String, way_out: String },
    /// What was seen is neither the value before nor the value to be: somebody else changes it too.
    Drift { expected: String, found: String },
    /// Could not be seen, so nothing may be done blindly.
    Unseen { reason: String },
    /// It will not come about by itself.
    Stuck { reason: String, way_out: String },
}

impl Step {
    /// The name of the work's kind, as stored and shown.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match &self.work {
            Work::ObserveAgain => "observe_again",
            Work::RecordLag { .. } => "record_lag",
            Work::CatchUp { .. } => "catch_up",
            Work::Call { change } => match change {
                Change::SetEcsDesiredCount { .. } => "scale_ecs_service",
                Change::SetEcsScalingBounds { .. } => "set_ecs_scaling_bounds",
                Change::SetAutoScalingGroupSize { .. } => "scale_auto_scaling_group",
                Change::SuspendScalingProcesses { .. } => "suspend_scaling_processes",
                Change::ResumeScalingProcesses { .. } => "resume_scaling_processes",
                Change::SetEksNodeGroupSize { .. } => "scale_eks_node_group",
                Change::SetLambdaConcurrency { .. } => "set_lambda_concurrency",
                Change::SetLambdaProvisioned { .. } => "set_lambda_provisioned_concurrency",
                Change::SetEventSource { .. } => "switch_event_source",
                Change::SwitchAuroraOver { .. } => "switch_aurora_over",
                Change::FailAuroraOver { .. } => "fail_aurora_over",
                Change::PromoteReplica { .. } => "promote_replica",
                Change::PromoteReplicaCluster { .. } => "promote_replica_cluster",
                Change::CreateReplica { .. } => "create_replica",
                Change::CreateReplicaCluster { .. } => "create_replica_cluster",
                Change::CreateClusterInstance { .. } => "create_cluster_instance",
                Change::FailDatastoreOver { .. } => "fail_datastore_over",
                Change::StartRestoreJob { .. } => "start_restore_job",
                Change::DeleteRestored { .. } => "delete_restored",
                Change::SetAccessPointRoutes { .. } => "route_access_point",
                Change::SetAcceleratorGroup { .. } => "set_accelerator_group",
                Change::ReplaceRecords { .. } => "replace_records",
                Change::SetHealthCheck { .. } => "set_health_check",
                Change::SetRoutingControls { .. } => "set_routing_controls",
                Change::SetPrimaryOrigins { .. } => "set_primary_origins",
                Change::SetSwitchObject { .. } => "set_switch_object",
                Change::StartRegionSwitch { .. } => "start_region_switch",
                // ---- steps of one's own
                Change::CallWebhook { .. } => "call_webhook",
                Change::InvokeLambda { .. } => "invoke_lambda",
                Change::RunDocument { .. } => "run_document",
                Change::RunPlan { .. } => "run_plan",
                // ---- what the recovery Region must have
                Change::CreateStack { .. } => "create_stack",
                Change::UpdateStack { .. } => "update_stack",
                Change::SetParameterEndpoint { .. } => "set_parameter_endpoint",
                Change::SetSecretEndpoint { .. } => "set_secret_endpoint",
                Change::SetRecordEndpoint { .. } => "set_record_endpoint",
            },
            Work::ConfirmServing { .. } => "confirm_serving",
            Work::ConfirmProtected { .. } => "confirm_protected",
            // ---- steps of one's own
            Work::WaitForPerson { .. } => "wait_for_person",
            Work::WaitForTime { .. } => "wait_for_time",
            Work::WaitForSignal { .. } => "wait_for_signal",
        }
    }

    /// The resources that it asks whether it may go on, and does nothing to.
    pub fn asks(&self) -> impl Iterator<Item = &Name> {
        self.signal().into_iter().chain(self.how.only_if.iter().map(how::Condition::resource))
    }

    /// What it waits for, where that is a signal.
    #[must_use]
    pub fn signal(&self) -> Option<&Name> {
        match &self.work {
            Work::WaitForSignal { signal, .. } => Some(signal),
            _ => None,
        }
    }

    #[must_use]
    pub fn change(&self) -> Option<&Change> {
        match &self.work {
            Work::Call { change } => Some(change),
            _ => None,
        }
    }
}

/// What the executor saw for one step, freshly read under the run's own role: all that
/// [`Step::looks_at`] names.
pub type Seen = ObservationMap;

#[cfg(test)]
mod tests;
