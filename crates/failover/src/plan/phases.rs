//! The part of the move that each step of a plan is of, told from the steps alone: plans that were frozen long ago are
//! shown in their parts too. For people; nothing is decided by it.

use crate::change::Change;
use crate::step::{Step, Work};
use holdfast_domain::StepId;
use holdfast_domain::own_step::Phase;
use std::collections::BTreeSet;

/// One for each step, in their order; none of steps of one's own and of those that take another back.
#[must_use]
pub fn phases<'a>(steps: impl IntoIterator<Item = &'a Step>) -> Vec<Option<Phase>> {
    // All that comes after traffic was seen to have moved, directly or not.
    let mut moved: BTreeSet<&StepId> = BTreeSet::new();
    let mut all = Vec::new();
    for step in steps {
        let later = step.after.iter().any(|before| moved.contains(before));
        if later || matches!(step.work, Work::ConfirmServing { .. }) {
            moved.insert(&step.id);
        }
        all.push(if step.undoes.is_some() { None } else { phase(&step.work, later) });
    }
    all
}

fn phase(work: &Work, later: bool) -> Option<Phase> {
    Some(match work {
        Work::ObserveAgain => Phase::Observe,
        Work::RecordLag { .. } | Work::CatchUp { .. } => Phase::RecordLag,
        Work::ConfirmServing { .. } => Phase::ConfirmServing,
        Work::ConfirmProtected { .. } => Phase::ConfirmProtected,
        Work::WaitForPerson { .. } | Work::WaitForTime { .. } | Work::WaitForSignal { .. } => return None,
        Work::Call { change } => return of_call(change, later),
    })
}

fn of_call(change: &Change, later: bool) -> Option<Phase> {
    Some(match change {
        // ---- compute
        Change::SetEventSource { enabled: true, .. } => Phase::StartEventSources,
        Change::SetEventSource { enabled: false, .. } => Phase::StopEventSources,
        Change::SetEcsDesiredCount { .. }
        | Change::SetEcsScalingBounds { .. }
        | Change::SetAutoScalingGroupSize { .. }
        | Change::SuspendScalingProcesses { .. }
        | Change::ResumeScalingProcesses { .. }
        | Change::SetEksNodeGroupSize { .. }
        | Change::SetLambdaConcurrency { .. }
        | Change::SetLambdaProvisioned { .. } => {
            if later {
                Phase::Lower
            } else {
                Phase::RaiseCompute
            }
        }
        // ---- stores
        Change::SwitchAuroraOver { .. }
        | Change::FailAuroraOver { .. }
        | Change::PromoteReplica { .. }
        | Change::PromoteReplicaCluster { .. }
        | Change::FailDatastoreOver { .. } => Phase::SwitchStores,
        Change::CreateReplica { .. }
        | Change::CreateReplicaCluster { .. }
        | Change::CreateClusterInstance { .. } => {
            if later {
                Phase::ConfirmProtected
            } else {
                Phase::Build
            }
        }
        Change::StartRestoreJob { .. } | Change::CreateStack { .. } | Change::UpdateStack { .. } => {
            Phase::Build
        }
        Change::DeleteRestored { .. } => Phase::Lower,
        // ---- traffic
        Change::SetAccessPointRoutes { .. }
        | Change::SetAcceleratorGroup { .. }
        | Change::ReplaceRecords { .. }
        | Change::SetHealthCheck { .. }
        | Change::SetSwitchObject { .. }
        | Change::SetRoutingControls { .. }
        | Change::SetPrimaryOrigins { .. }
        | Change::StartRegionSwitch { .. } => Phase::MoveTraffic,
        // ---- what the recovery Region must have
        Change::SetParameterEndpoint { .. }
        | Change::SetSecretEndpoint { .. }
        | Change::SetRecordEndpoint { .. } => {
            if later {
                Phase::Lower
            } else {
                Phase::PointEndpoints
            }
        }
        // ---- steps of one's own
        Change::CallWebhook { .. }
        | Change::InvokeLambda { .. }
        | Change::RunDocument { .. }
        | Change::RunPlan { .. } => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::movement::{Intent, Mode};
    use crate::plan::plan;
    use crate::testing::world::{A, B, moved_shop, shop};
    use crate::testing::{failover, movement};

    #[test]
    fn every_generated_step_is_of_a_part_and_the_parts_keep_the_order_of_a_plan() {
        let home = movement(Intent::Failback, Mode::Planned, B, A);
        for (picture, movement) in [(shop(), failover(Mode::Planned)), (moved_shop(), home)] {
            let steps = plan(&picture, &movement).unwrap().steps;
            let found = phases(&steps);
            assert_eq!(found.first(), Some(&Some(Phase::Observe)));
            for (step, phase) in steps.iter().zip(&found) {
                let phase = phase.unwrap_or_else(|| panic!("{} is of no part", step.id));
                for before in &step.after {
                    let at = steps.iter().position(|s| s.id == *before).unwrap();
                    let earlier = found[at].unwrap();
                    assert!(earlier <= phase, "{} ({phase:?}) waits for {before} ({earlier:?})", step.id);
                }
            }
        }
    }
}
