//! Every call that a step can make, made again, refused, broken and answered into the void. The judge is the
//! simulator's ledger.

use crate::peers::Peer;
use crate::suite::{ROWS, Row, call_name};
use crate::words::{acting, both};
use crate::{cloudformation_stack, endpoint_setting, rds_read_replica};
use holdfast_cloud::{Access, Acting, Cloud, Error, ErrorKind};
use holdfast_domain::{RegionCode, Resource};
use holdfast_failover::Change;
use holdfast_failover::change::Idempotency;
use holdfast_failover::run::Answer;
use holdfast_sim::faults::{Fault, FaultKind};
use holdfast_sim::ledger::{Effect, Entry};
use std::sync::Arc;

/// What the step of a call looks at: the row's resource, unless the kind makes this call of another one.
fn own(change: &Change, resource: Resource) -> Resource {
    match change {
        Change::PromoteReplicaCluster { .. }
        | Change::CreateReplicaCluster { .. }
        | Change::CreateClusterInstance { .. } => rds_read_replica::clusters(),
        Change::UpdateStack { build, .. } => cloudformation_stack::of(&build.stack),
        Change::SetSecretEndpoint { secret, .. } => endpoint_setting::of(None, Some(secret)),
        Change::SetRecordEndpoint { hosted_zone_id, .. } => endpoint_setting::in_zone(hosted_zone_id),
        _ => resource,
    }
}

/// One call in a world of its own.
pub struct Trial {
    row: &'static Row,
    at: usize,
    pub peer: Peer,
    resource: Resource,
    pub change: Change,
    acting: Acting,
}

impl Trial {
    /// All calls of a row, each in a fresh world.
    pub async fn all_of(row: &'static Row) -> Vec<Self> {
        let mut trials = Vec::new();
        loop {
            let peer = Peer::simulator().await.unwrap();
            let resource = (row.resource)(&peer).await;
            let mut changes = (row.changes)(&peer, &resource).await;
            if trials.len() >= changes.len() {
                return trials;
            }
            let (at, change) = (trials.len(), changes.swap_remove(trials.len()));
            let resource = own(&change, resource);
            let acting = acting("one-step", Some(change.clone()));
            trials.push(Self { row, at, peer, resource, change, acting });
        }
    }

    fn name(&self) -> String {
        format!("{} ({})", call_name(&self.change), self.change.action())
    }

    async fn perform(&self) -> Result<Answer, Error> {
        self.peer.cloud.perform(&self.peer.account, &self.acting, &self.change).await
    }

    /// What of this trial's step could change something, as the ledger has it.
    fn calls(&self) -> Vec<Arc<Entry>> {
        let run = self.acting.run.to_string();
        let ours = |entry: &Arc<Entry>| entry.changing && entry.session_name.as_ref() == Some(&run);
        self.peer.sim().ledger().into_iter().filter(ours).collect()
    }

    fn effects(&self) -> Vec<Effect> {
        self.calls().iter().map(|entry| entry.effect).collect()
    }

    /// Where the step of this call looks: that of a stack, a setting or an object at its own Region alone.
    fn regions(&self) -> Vec<RegionCode> {
        match &self.change {
            Change::CreateStack { region, .. }
            | Change::UpdateStack { region, .. }
            | Change::SetParameterEndpoint { region, .. }
            | Change::SetSecretEndpoint { region, .. }
            | Change::SetRecordEndpoint { region, .. }
            | Change::SetSwitchObject { region, .. } => vec![region.clone()],
            _ => both().to_vec(),
        }
    }

    /// From now on this goes wrong with the changing call, and with no look.
    async fn let_it(&self, kind: FaultKind) {
        let operation = {
            let rehearsal = Peer::simulator().await.unwrap();
            let resource = (self.row.resource)(&rehearsal).await;
            let change = (self.row.changes)(&rehearsal, &resource).await.swap_remove(self.at);
            rehearsal.cloud.perform(&rehearsal.account, &self.acting, &change).await.unwrap();
            let ledger = rehearsal.sim().ledger();
            ledger.iter().find(|entry| entry.changing).unwrap().operation.clone()
        };
        self.peer.sim().add_fault(Fault { operation: Some(operation), ..Fault::new(kind) });
    }
}

#[tokio::test]
async fn every_call_is_one_call_that_changes_something_once() {
    for row in ROWS {
        for trial in Trial::all_of(row).await {
            let answer = trial.perform().await.unwrap_or_else(|error| panic!("{}: {error}", trial.name()));
            assert_eq!(trial.effects(), [Effect::Changed], "{}", trial.name());
            assert_eq!(answer.action, trial.change.action());
            let narrowed = holdfast_aws::policy::changing(&trial.peer.account, &trial.change).ok();
            assert_eq!(trial.calls()[0].session_policy, narrowed, "{}", trial.name());
        }
    }
}

#[tokio::test]
async fn a_call_made_twice_does_what_its_class_declares() {
    for row in ROWS {
        for trial in Trial::all_of(row).await {
            trial.perform().await.unwrap();
            trial.peer.pass_time();
            let again = trial.perform().await;
            // None: it was seen beforehand that the call would be refused.
            let second = trial.effects().get(1).copied();
            match trial.change.idempotency() {
                Idempotency::CompareAndSet => {
                    // What is gone cannot be deleted again.
                    let gone = trial.change.deletes_what().is_some()
                        || matches!(trial.change, Change::SetSwitchObject { holds: false, .. });
                    let wanted = if gone { ErrorKind::NotFound } else { ErrorKind::Conflict };
                    assert_eq!(again.unwrap_err().kind, wanted, "{}", trial.name());
                    assert!(matches!(second, None | Some(Effect::Refused)), "{}", trial.name());
                }
                Idempotency::SetState | Idempotency::Token => {
                    assert!(again.is_ok(), "{}: {again:?}", trial.name());
                    assert_eq!(second, Some(Effect::Unchanged), "{}", trial.name());
                }
                // A second effect, or the first has left nothing to repeat it on; were nothing changed by it, a repeat
                // would be harmless, and the class another. That it is not repeated is the engine's care.
                Idempotency::OneShot => match again {
                    Ok(_) => assert_eq!(second, Some(Effect::Changed), "{}", trial.name()),
                    Err(error) => {
                        let refused = matches!(error.kind, ErrorKind::Conflict | ErrorKind::Invalid);
                        assert!(refused && !error.outcome_unknown, "{}: {error}", trial.name());
                        assert!(matches!(second, None | Some(Effect::Refused)), "{}", trial.name());
                    }
                },
            }
        }
    }
}

#[tokio::test]
async fn a_lost_answer_is_of_unknown_outcome_and_the_call_has_one_effect() {
    for row in ROWS {
        for trial in Trial::all_of(row).await {
            trial.let_it(FaultKind::LoseAnswer).await;
            let error = trial.perform().await.unwrap_err();
            // Any endpoint of the cluster will do, and the call sets a state: the next one is asked.
            if matches!(trial.change, Change::SetRoutingControls { .. }) {
                assert_eq!(trial.effects()[0], Effect::Changed, "{}", trial.name());
                assert!(trial.effects()[1..].iter().all(|effect| *effect == Effect::Unchanged));
                assert!(error.outcome_unknown, "{}: {error:?}", trial.name());
                continue;
            }
            assert!(error.outcome_unknown, "{}: {error:?}", trial.name());
            assert_eq!(error.kind, ErrorKind::Unreachable, "{}", trial.name());
            assert_eq!(trial.effects(), [Effect::Changed], "{}", trial.name());
        }
    }
}

#[tokio::test]
async fn what_aws_refuses_did_not_happen_and_what_broke_inside_aws_may_have() {
    for row in ROWS {
        for (kind, expected, unknown) in [
            (FaultKind::Throttle, ErrorKind::Throttled, false),
            (FaultKind::Deny, ErrorKind::Denied, false),
            (FaultKind::Error, ErrorKind::ServiceError, true),
        ] {
            for trial in Trial::all_of(row).await {
                trial.let_it(kind).await;
                let error = trial.perform().await.unwrap_err();
                assert_eq!((error.kind, error.outcome_unknown), (expected, unknown), "{error:?}");
                assert_eq!(error.not_executed(), kind == FaultKind::Throttle, "{error:?}");
                assert_eq!(error.account, trial.peer.account.id.as_str());
                assert_eq!(error.operation, trial.change.action());
                assert!(error.request_id.is_some(), "{error:?}");
                assert!(trial.effects().iter().all(|effect| *effect == Effect::Refused), "{}", trial.name());
            }
        }
    }
}

/// The session of a step allows all that the step does: its looks before and after, and its call.
#[tokio::test]
async fn a_step_sees_its_own_resource_under_its_own_session() {
    for row in ROWS {
        for trial in Trial::all_of(row).await {
            let access = Access::Act(trial.acting.clone());
            let regions = trial.regions();
            let cloud = &trial.peer.cloud;
            let before = cloud.observe(&trial.peer.account, &access, &trial.resource, &regions).await;
            trial.perform().await.unwrap();
            let after = cloud.observe(&trial.peer.account, &access, &trial.resource, &regions).await;
            for (region, facts) in before.into_iter().chain(after) {
                assert!(facts.is_ok(), "{} in {region}: {facts:?}", trial.name());
            }
        }
    }
}
