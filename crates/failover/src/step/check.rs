//! Check and verify, as one dispatch over every kind of work. Both are pure: what was seen is an argument.

use super::{
    Seen, Step, Verdict, Work, aurora, backup, catch_up, cloudfront, datastore, ecs, endpoint, groups,
    health_check, lags, lambda, outside, own, protected, region_switch, replica, routing_control, stack,
    switch_object, traffic,
};
use crate::change::{Change, Idempotency};
use crate::movement::{Mode, Movement};
use crate::plan::{Plan, facts_of};
use crate::serving::{serving_of, words};
use crate::undo::Undoes;
use holdfast_domain::{Facts, Name, RegionCode, Sight};
use jiff::Timestamp;

impl Step {
    /// What to do now: nothing (reached), the call, wait, or stop and say why.
    #[must_use]
    pub fn check(&self, seen: &Seen, plan: &Plan, movement: &Movement, now: Timestamp) -> Verdict {
        self.check_retried(seen, plan, movement, now, 0)
    }

    /// The same of a step that a person has had tried again `retries` times: what has ended badly before may then
    /// be begun anew.
    #[must_use]
    pub fn check_retried(
        &self,
        seen: &Seen,
        plan: &Plan,
        movement: &Movement,
        now: Timestamp,
        retries: u32,
    ) -> Verdict {
        let verdict = self.judge(seen, plan, movement, now, retries);
        match (&verdict, &self.undoes, self.change()) {
            // What it takes back was accepted, and may show only later: set once more, it stays.
            (Verdict::Reached { .. }, Some(undoes), Some(change))
                if !undoes.seen && change.idempotency() == Idempotency::SetState =>
            {
                Verdict::Act(change.clone())
            }
            _ => verdict,
        }
    }

    fn judge(&self, seen: &Seen, plan: &Plan, movement: &Movement, now: Timestamp, retries: u32) -> Verdict {
        match &self.work {
            Work::ObserveAgain => observe_again(seen, plan, movement),
            Work::RecordLag { stores, target, limit_ms } => {
                record_lag(stores, target, *limit_ms, seen, plan, now)
            }
            // From when it must have everything is counted by `waited`.
            Work::CatchUp { store, region } => catch_up::check(store, region, None, seen, now),
            Work::Call { change } => self.check_call(change, seen, plan, movement, retries),
            Work::ConfirmServing { region, not_from, probes } => {
                match confirm_serving(region, not_from.as_ref(), seen, plan) {
                    Verdict::Reached { note } => outside::confirm(region, probes, seen, plan, note, now),
                    not_yet => not_yet,
                }
            }
            Work::ConfirmProtected { stores, region } => protected::protected(stores, region, seen, plan),
            // ---- steps of one's own
            Work::WaitForPerson { says, group } => own::person(says, group.as_ref()),
            Work::WaitForTime { until } => own::time(until, None, now),
            Work::WaitForSignal { signal, region } => own::signal(signal, region, seen),
        }
    }

    /// Whether the step is there yet, after its call: [`Step::check`] that never acts.
    #[must_use]
    pub fn verify(&self, seen: &Seen, plan: &Plan, movement: &Movement, now: Timestamp) -> Verdict {
        self.verify_retried(seen, plan, movement, now, 0)
    }

    /// [`Step::check_retried`] that never acts.
    #[must_use]
    pub fn verify_retried(
        &self,
        seen: &Seen,
        plan: &Plan,
        movement: &Movement,
        now: Timestamp,
        retries: u32,
    ) -> Verdict {
        match self.judge(seen, plan, movement, now, retries) {
            // AWS has been followed to the end of an accepted call before anything is verified. What would be begun
            // anew, because a person had the step tried again, has then ended badly: that is for a person once more.
            Verdict::Act(Change::UpdateStack { .. }) if retries > 0 => self.verify(seen, plan, movement, now),
            // That the stack stands as it stood means that there was nothing to change.
            Verdict::Act(Change::UpdateStack { build, .. }) => {
                Verdict::Reached { note: format!("stack {} needed no change", build.stack) }
            }
            Verdict::Act(_) => Verdict::Wait { note: "not there yet".into() },
            other => other,
        }
    }

    fn check_call(
        &self,
        change: &Change,
        seen: &Seen,
        plan: &Plan,
        movement: &Movement,
        retries: u32,
    ) -> Verdict {
        // What shows nowhere is sent; another application is looked at by `run_plan`, not here.
        if !change.shows() || matches!(change, Change::RunPlan { .. }) {
            return Verdict::Act(change.clone());
        }
        let Some(resource) = &self.resource else {
            return Verdict::Stuck {
                reason: format!("step `{}` names no resource", self.id),
                way_out: "Plan again.".into(),
            };
        };
        let look = Look {
            resource,
            seen,
            plan,
            leaving_may_be_dark: movement.mode == Mode::Emergency,
            from: &movement.from,
            retries,
            undoes: self.undoes.as_deref(),
        };
        match change {
            Change::SetEcsDesiredCount { region, desired, .. } => ecs::check(&look, change, region, *desired),
            Change::SetEcsScalingBounds { region, bounds, .. } => ecs::bounds(&look, change, region, *bounds),
            Change::SetAutoScalingGroupSize { region, size, .. }
            | Change::SetEksNodeGroupSize { region, size, .. } => groups::check(&look, change, region, *size),
            Change::SuspendScalingProcesses { region, processes, .. } => {
                groups::processes(&look, change, region, processes, true)
            }
            Change::ResumeScalingProcesses { region, processes, .. } => {
                groups::processes(&look, change, region, processes, false)
            }
            Change::SetLambdaConcurrency { region, reserved, .. } => {
                lambda::concurrency(&look, change, region, *reserved)
            }
            Change::SetLambdaProvisioned { region, qualifier, provisioned, .. } => {
                lambda::provisioned(&look, change, region, qualifier, *provisioned)
            }
            Change::SetEventSource { region, mapping, enabled, .. } => {
                lambda::event_source(&look, change, region, mapping, *enabled)
            }
            Change::SwitchAuroraOver { region, target_cluster_arn, .. } => {
                aurora::switch(&look, change, region, target_cluster_arn, &self.regions)
            }
            Change::FailAuroraOver { region, target_cluster_arn, .. } => {
                aurora::fail(&look, change, region, target_cluster_arn, &self.regions)
            }
            Change::PromoteReplica { region, instance: id }
            | Change::PromoteReplicaCluster { region, cluster: id } => {
                replica::promote(&look, change, region, id)
            }
            Change::CreateReplica { region, instance, source_arn, .. } => {
                replica::create(&look, change, region, instance, source_arn)
            }
            Change::CreateReplicaCluster { region, cluster, source_arn, .. } => {
                replica::create_cluster(&look, change, region, cluster, source_arn)
            }
            Change::CreateClusterInstance { region, cluster, instance, .. } => {
                replica::create_instance(&look, change, region, cluster, instance)
            }
            Change::FailDatastoreOver { region, replication_group, .. } => {
                datastore::fail_over(&look, change, region, replication_group, &self.regions)
            }
            Change::StartRestoreJob { region, vault, recovery_point_arn, .. } => {
                backup::restore(&look, change, region, vault, recovery_point_arn)
            }
            Change::DeleteRestored { region, database, is_cluster, recovery_point_arn, .. } => {
                backup::delete(&look, change, region, (database, *is_cluster), recovery_point_arn)
            }
            Change::SetAccessPointRoutes { routes, .. } => traffic::access_point(&look, change, routes),
            Change::SetAcceleratorGroup { endpoint_group_region, .. } => {
                traffic::accelerator(&look, change, endpoint_group_region, &self.regions)
            }
            Change::ReplaceRecords { replace, .. } => traffic::records(&look, change, replace, &self.regions),
            Change::SetHealthCheck { .. } => health_check::check(&look, change, &self.regions),
            Change::SetRoutingControls { controls, .. } => {
                routing_control::check(&look, change, controls, &self.regions)
            }
            Change::SetPrimaryOrigins { .. } => cloudfront::check(&look, change, &self.regions),
            Change::SetSwitchObject { region, .. } => switch_object::check(&look, change, region),
            Change::StartRegionSwitch { region, target, action, .. } => {
                region_switch::check(&look, change, region, target, *action)
            }
            // ---- steps of one's own: they were sent above.
            Change::CallWebhook { .. }
            | Change::InvokeLambda { .. }
            | Change::RunDocument { .. }
            | Change::RunPlan { .. } => Verdict::Act(change.clone()),
            // ---- what the recovery Region must have
            Change::CreateStack { region, build } => stack::create(&look, change, region, build),
            Change::UpdateStack { region, build } => stack::update(&look, change, region, build),
            Change::SetParameterEndpoint { region, to, .. }
            | Change::SetSecretEndpoint { region, to, .. }
            | Change::SetRecordEndpoint { region, to, .. } => endpoint::check(&look, change, region, to),
        }
    }
}

/// One resource as a call step sees it.
pub(super) struct Look<'a> {
    pub resource: &'a Name,
    pub seen: &'a Seen,
    pub plan: &'a Plan,
    pub leaving_may_be_dark: bool,
    pub from: &'a RegionCode,
    /// How often a person has had the step tried again.
    pub retries: u32,
    /// What stood before is to stand again, to the letter: no more of it will do, and no less.
    pub undoes: Option<&'a Undoes>,
}

impl Look<'_> {
    /// What is known of the resource in a Region, or why it is not.
    pub(super) fn at(&self, region: &RegionCode) -> Result<&Facts, String> {
        known(self.seen, self.resource, region)
    }

    /// How the resource stood when the plan was made; for an undo, how the step that it takes back left it. What is found
    /// otherwise, and is not what is wanted, is somebody else's doing.
    pub(super) fn stood(&self, region: &RegionCode) -> Option<&Facts> {
        match self.undoes {
            Some(undoes) => undoes.left(self.resource, region),
            None => self.plan.stood(self.resource, region),
        }
    }

    pub(super) fn undoing(&self) -> bool {
        self.undoes.is_some()
    }

    /// Whether a Region need not be seen: the one that an emergency leaves.
    pub(super) fn may_be_dark(&self, region: &RegionCode) -> bool {
        self.leaving_may_be_dark && region == self.from
    }

    pub(super) fn not_what_it_was(&self, region: &RegionCode, facts: &Facts) -> Verdict {
        Verdict::Drift {
            expected: format!("{} in {region} of the kind that was planned with", self.resource),
            found: facts_of(self.resource, region, facts)
                .iter()
                .map(|f| format!("{} {}", f.what, f.value))
                .collect::<Vec<_>>()
                .join(", "),
        }
    }
}

pub(super) fn known<'a>(seen: &'a Seen, resource: &Name, region: &RegionCode) -> Result<&'a Facts, String> {
    match seen.get(&(resource.clone(), region.clone())) {
        Some(Sight::Known { facts, .. }) => Ok(facts),
        Some(Sight::Stale { reason, .. } | Sight::Unknown { reason, .. }) => {
            Err(format!("{resource} in {region} could not be seen: {reason}"))
        }
        None => Err(format!("{resource} in {region} was not looked at")),
    }
}

/// Compares the discrete facts with those that the approval rests on. An emergency does not need the Region
/// that it leaves to be seen, nor, in any Region, what leads traffic: record sets, accelerators and access points
/// are read through one Region's control plane, which may be the dark one, and the data must not wait for it; nor
/// for the settings that name a store.
/// Their own steps look before they act. What is seen must still agree, but for what the run itself has changed.
fn observe_again(seen: &Seen, plan: &Plan, movement: &Movement) -> Verdict {
    let traffic = plan.steers();
    let mut unseen = Vec::new();
    let mut dark = Vec::new();
    for expected in plan.facts.iter().filter(|fact| !plan.changed_before.contains(&fact.resource)) {
        let facts = match known(seen, &expected.resource, &expected.region) {
            Ok(facts) => facts,
            Err(reason) => {
                let tolerated = movement.mode == Mode::Emergency
                    && (expected.region == movement.from
                        || traffic.contains(&expected.resource)
                        || expected.what == "setting");
                let list = if tolerated { &mut dark } else { &mut unseen };
                if !list.contains(&reason) {
                    list.push(reason);
                }
                continue;
            }
        };
        let found = facts_of(&expected.resource, &expected.region, facts);
        let now = found.iter().find(|f| f.what == expected.what);
        if now.is_none_or(|f| f.value != expected.value) {
            let place = format!("{} {} in {}", expected.resource, expected.what, expected.region);
            return Verdict::Drift {
                expected: format!("{place}: {}", expected.value),
                found: format!("{place}: {}", now.map_or("nothing of the kind", |f| f.value.as_str())),
            };
        }
    }
    if !unseen.is_empty() {
        return Verdict::Unseen { reason: unseen.join("; ") };
    }
    let mut note = "everything stands as it did when the plan was made".to_owned();
    if !plan.changed_before.is_empty() {
        let names: Vec<_> = plan.changed_before.iter().map(Name::as_str).collect();
        note.push_str(&format!(", but for what this run has changed itself: {}", names.join(", ")));
    }
    if !dark.is_empty() {
        note.push_str(&format!("; not seen, and not needed by an emergency: {}", dark.join("; ")));
    }
    Verdict::Reached { note }
}

/// What is left to a planned move whose lag is too great, or not known.
const WITHOUT_A_SMALL_LAG: &str =
    "skip it with a reason, or escalate the run to an emergency, which accepts the loss.";

fn record_lag(
    stores: &[Name],
    target: &RegionCode,
    limit_ms: Option<f64>,
    seen: &Seen,
    plan: &Plan,
    now: Timestamp,
) -> Verdict {
    let cut = plan.cut_stores();
    let mut said = Vec::new();
    let mut over = Vec::new();
    let mut unknown = Vec::new();
    for lag in lags(stores, target, seen, now) {
        let reason = lag.reason.unwrap_or_default();
        match (lag.milliseconds, limit_ms) {
            (Some(ms), Some(limit)) if ms > limit => {
                over.push(format!(
                    "{} is {ms:.0} ms behind, and the objective allows {limit:.0} ms",
                    lag.store
                ));
            }
            (Some(ms), _) => said.push(format!("{} is {ms:.0} ms behind", lag.store)),
            // A table or a bucket goes on being copied after a planned move: what is not known of it is said, and does
            // not stop the move.
            (None, Some(_)) if cut.contains(&lag.store) => {
                unknown.push(format!("the lag of {} is not known: {reason}", lag.store));
            }
            (None, _) => said.push(format!("the lag of {} is not known: {reason}", lag.store)),
        }
    }
    if over.is_empty() && unknown.is_empty() {
        return Verdict::Reached { note: said.join("; ") };
    }
    if over.is_empty() {
        // One reading that failed, or a metric a minute late, is no reason yet to wake somebody.
        return Verdict::WaitOr {
            note: unknown.join("; "),
            way_out: format!("See why it is not measured and retry this step, {WITHOUT_A_SMALL_LAG}"),
        };
    }
    over.append(&mut unknown);
    Verdict::Stuck {
        reason: over.join("; "),
        way_out: format!("Wait until the lag falls and retry this step, {WITHOUT_A_SMALL_LAG}"),
    }
}

fn confirm_serving(region: &RegionCode, not_from: Option<&RegionCode>, seen: &Seen, plan: &Plan) -> Verdict {
    let regions: Vec<_> = plan.regions().into_iter().collect();
    let traffic: Vec<_> = plan.traffic().into_iter().collect();
    let stores: Vec<_> = plan.stores().into_iter().collect();
    let serving = serving_of(&regions, &traffic, &stores, seen, Some(plan));
    if !serving.certain && !serving.disagree {
        return Verdict::Unseen { reason: serving.reasons.join("; ") };
    }
    let there = words(&serving.regions);
    if serving.disagree || !serving.regions.contains(region) {
        let reasons = serving.reasons.join("; ");
        return Verdict::Wait {
            note: format!("traffic leads to {there}, not yet to {region} alone {reasons}").trim().into(),
        };
    }
    match not_from {
        Some(from) if serving.regions.contains(from) => {
            Verdict::Wait { note: format!("traffic still leads to {from} too") }
        }
        _ => Verdict::Reached { note: format!("traffic leads to {there}") },
    }
}
