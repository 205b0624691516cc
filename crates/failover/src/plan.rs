//! Plans: from what the inventory says and what was last seen to the steps that move one application.

mod accelerator;
mod access_point;
mod build;
mod compute;
mod distributions;
mod dns;
mod draft;
mod drill;
pub mod edit;
mod endpoint;
mod escalation;
mod events;
mod facts;
mod guard;
mod health_checks;
mod hold_out;
mod own;
mod phases;
mod planes;
mod region_switch;
mod routing_controls;
pub mod sheet;
mod split;
mod stores;
mod switch_objects;

pub(crate) use build::is_yet_to_be_made;
pub(crate) use compute::works_on;
pub use endpoint::store_of;
pub use escalation::{EmergencyVariant, emergency_variant, escalated_id};
pub use facts::{facts_of, record_text};
pub(crate) use health_checks::named_by_record;
pub(crate) use hold_out::is_there;
pub use phases::phases;
pub use split::{Share, Split, apportion};
pub(crate) use split::{split, taken};

use crate::movement::{Drill, Intent, Mode, Movement};
use crate::refusal::Refusal;
use crate::serving::Serving;
use crate::step::{Step, Work};
use draft::{Draft, Making};
use edit::{Edit, Misfit};
use holdfast_domain::own_step::Phase;
use holdfast_domain::{
    Account, Application, Facts, Name, ObservationMap, OwnStep, RegionCode, ResourceSpec, StepId, Strategy,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that a plan may depend on.
#[derive(Debug, Clone)]
pub struct Picture {
    pub application: Application,
    /// Those that the application's resources name.
    pub accounts: Vec<Account>,
    pub observations: ObservationMap,
    /// The steps of one's own that the inventory adds to this application's plans.
    pub own: Vec<OwnStep>,
    /// What people have changed about the plan of this movement.
    pub edits: Vec<Edit>,
    /// The applications whose plans those steps run, each with where it is seen serving.
    pub others: Vec<(Application, Serving)>,
    /// How every (resource, Region) stood before the failover that a failback takes back; empty when
    /// nothing was moved by a run of ours.
    pub before: BTreeMap<(Name, RegionCode), Facts>,
    /// How that failover split the load of the Region that it left.
    pub split_before: Option<Split>,
    pub now: Timestamp,
}

/// What will be done, and what that rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    pub steps: Vec<Step>,
    /// The act roles that the steps will assume, by account name.
    pub roles: BTreeMap<Name, String>,
    /// Discrete facts (who writes, which Regions are routed to, which targets exist): part of the digest.
    pub facts: Vec<Fact>,
    /// How everything stood when the plan was made; the failback's aim. Not part of the digest.
    pub before: Vec<Before>,
    /// Lag, counts, times: beside the digest. A lag is measured again at the cut and held to its limit there.
    pub measurements: Vec<Measurement>,
    /// Planes, gaps and cautions, in words; never a wall by themselves.
    pub notes: Vec<String>,
    /// What the run had changed before this plan took over: the facts about it are no longer those of the plan.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub changed_before: BTreeSet<Name>,
    /// What carrying it out rehearses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drill: Option<Drill>,
    /// Of an active-active application that a Region leaves: who takes over what. Its steps follow from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<Split>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    pub resource: Name,
    pub region: RegionCode,
    /// Such as `writer`, `routed`, `record`, `exists`.
    pub what: String,
    pub value: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Before {
    pub resource: Name,
    pub region: RegionCode,
    pub facts: Facts,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    pub resource: Name,
    pub region: RegionCode,
    pub what: String,
    /// `None`: not known, which is said, not hidden.
    pub value: Option<f64>,
    pub unit: String,
    pub limit: Option<f64>,
    pub at: Option<Timestamp>,
}

impl Plan {
    #[must_use]
    pub fn step(&self, id: &StepId) -> Option<&Step> {
        self.steps.iter().find(|s| &s.id == id)
    }

    /// How a resource stood in a Region when the plan was made.
    #[must_use]
    pub fn stood(&self, resource: &Name, region: &RegionCode) -> Option<&Facts> {
        self.before.iter().find(|b| &b.resource == resource && &b.region == region).map(|b| &b.facts)
    }
}

impl Plan {
    /// Somebody takes the loss of what is not copied on themselves, by name: the lag is recorded, and stops nothing.
    pub(crate) fn accept_any_lag(&mut self) {
        for step in &mut self.steps {
            if let Work::RecordLag { limit_ms, .. } = &mut step.work
                && limit_ms.take().is_some()
            {
                step.value_to_be = LAG_WHATEVER.into();
            }
        }
        for measurement in self.measurements.iter_mut().filter(|m| m.what == "lag") {
            measurement.limit = None;
        }
    }
}

/// What a lag is to be where nothing limits it.
const LAG_WHATEVER: &str = "recorded, whatever it is";

/// The plan that carries out `movement`, from what the inventory says and what was seen. Where a planned failover is
/// done already, it holds the Region that was left out once more.
///
/// # Errors
/// A refusal: the strategy is not carried out by this version, the target is not one, the picture is too old
/// for what is asked, or nothing could be moved there.
pub fn plan(picture: &Picture, movement: &Movement) -> Result<Plan, Refusal> {
    if is_there(picture, movement) {
        return hold_out::once_more(picture, movement);
    }
    drawn(picture, movement).map(|(plan, _)| plan)
}

/// The move itself, wherever the application is now, with the edits that do not fit what is generated now.
///
/// # Errors
/// As [`plan`].
pub fn drawn(picture: &Picture, movement: &Movement) -> Result<(Plan, Vec<Misfit>), Refusal> {
    let mut draft = Draft::new(picture, movement);
    guard::check(&mut draft)?;
    if movement.intent == Intent::Drill {
        return drill::isolated(draft);
    }
    let mut moves = stores::moves(&mut draft)?;

    let observe = draft.add(Making {
        id: ("observe-again", &[]),
        title: "Look at everything again".into(),
        work: Work::ObserveAgain,
        timeout_seconds: 120,
        value_to_be: "everything as it was when the plan was made".into(),
        ..Making::default()
    })?;
    draft.enter(Phase::StopEventSources);
    let mut prepared = events::stop(&mut draft, &observe)?;
    draft.enter(Phase::Build);
    let built = vec![build::stacks(&mut draft, observe.clone())?];
    // A stack may make what a restore is put into.
    let restored = stores::build(&mut draft, &moves, &built)?;
    let built = if restored.is_empty() { built } else { restored };
    draft.enter(Phase::RaiseCompute);
    let raised = compute::raise(&mut draft, &built)?;
    // What was built must stand before the cut, also where nothing of it is raised.
    if raised.is_empty() && (built != [observe] || prepared.is_empty()) {
        prepared.extend(built);
    }
    prepared.extend(raised);
    // Raising takes minutes, in which the lag changes: the cut is after it.
    draft.enter(Phase::RecordLag);
    prepared = stores::fence::ask(&mut draft, &moves, prepared)?;
    if let Some(lag) = stores::record_lag(&mut draft, &moves, &prepared)? {
        prepared = vec![lag];
    }

    draft.enter(Phase::SwitchStores);
    let switched = stores::switch(&mut draft, &moves, &prepared)?;
    let ready = if switched.is_empty() { prepared } else { switched };
    draft.enter(Phase::PointEndpoints);
    let ready = endpoint::point(&mut draft, ready)?;

    let done = move_traffic(&mut draft, ready, Executions::Start)?;
    draft.enter(Phase::ConfirmServing);
    let done = confirm_serving(&mut draft, done)?;
    draft.enter(Phase::StartEventSources);
    events::start(&mut draft, &done)?;
    draft.enter(Phase::Lower);
    if movement.intent == Intent::Failback {
        compute::lower(&mut draft, &done)?;
        endpoint::put_back(&mut draft, &done)?;
    }
    draft.enter(Phase::ConfirmProtected);
    let copied = stores::reprotect(&mut draft, &mut moves, &done)?;
    let done = if copied.is_empty() { done } else { copied };
    stores::confirm_protected(&mut draft, &moves, &done)?;
    let generated = own::insert(&mut draft)?;
    draft.edit(&generated);
    stores::fence::stand_before(&mut draft)?;
    draft.finish()
}

/// Whether Region switch plans are executed: that is never done for what stands already, as all else is not.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Executions {
    Start,
    LeaveAlone,
}

/// What leads traffic, each led to the target and away from the Region being left.
fn move_traffic(
    draft: &mut Draft<'_>,
    ready: Vec<StepId>,
    executions: Executions,
) -> Result<Vec<StepId>, Refusal> {
    draft.enter(Phase::MoveTraffic);
    let mut moved = Vec::new();
    for resource in &draft.picture.application.resources {
        moved.extend(match &resource.spec {
            ResourceSpec::Route53Records(spec) => dns::route(draft, resource, spec, &ready)?,
            ResourceSpec::GlobalAccelerator(_) => accelerator::open_and_close(draft, resource, &ready)?,
            ResourceSpec::S3MultiRegionAccessPoint(spec) => {
                access_point::route(draft, resource, spec, &ready)?
            }
            ResourceSpec::ArcRoutingControl(spec) => routing_controls::switch(draft, resource, spec, &ready)?,
            ResourceSpec::CloudfrontDistribution(spec) => distributions::swap(draft, resource, spec, &ready)?,
            ResourceSpec::S3SwitchObject(spec) => switch_objects::set(draft, resource, spec, &ready)?,
            ResourceSpec::ArcRegionSwitchPlan(spec) if executions == Executions::Start => {
                region_switch::start(draft, resource, spec, &ready)?
            }
            _ => Vec::new(),
        });
    }
    // After the rest: only where nothing else moves a Region's records are its health checks touched.
    moved.extend(health_checks::hold(draft, &ready)?);
    Ok(if moved.is_empty() { ready } else { moved })
}

/// The last word on traffic: seen where it should be and, planned, no longer where it was.
fn confirm_serving(draft: &mut Draft<'_>, after: Vec<StepId>) -> Result<Vec<StepId>, Refusal> {
    let movement = draft.movement;
    let application = &draft.picture.application;
    let shows = |spec: &ResourceSpec| crate::serving::is_traffic(spec.kind()) || spec.kind().has_writer();
    if !application.resources.iter().any(|r| shows(&r.spec)) {
        draft.note("Nothing in the inventory shows which Region traffic goes to, so nothing can confirm it.");
        return Ok(after);
    }
    let probes: Vec<Name> = application
        .resources
        .iter()
        .filter(|r| matches!(r.spec, ResourceSpec::Probe(_)) && r.spec.is_in(&movement.to))
        .map(|r| r.name.clone())
        .collect();
    let not_from = draft.leaving().filter(|_| movement.mode == Mode::Planned).cloned();
    let held = probes.iter().map(Name::as_str).collect::<Vec<_>>().join(", ");
    let id = draft.add(Making {
        id: ("confirm-serving", &[]),
        title: format!("See that {} is served from {}", application.name, movement.to),
        work: Work::ConfirmServing { region: movement.to.clone(), not_from, probes },
        regions: application.regions().cloned().collect(),
        after,
        timeout_seconds: 600,
        value_now: format!("served from {}", movement.from),
        value_to_be: format!(
            "served from {}{}{}",
            movement.to,
            if application.strategy == Strategy::ActiveActive { " among others" } else { "" },
            if held.is_empty() { String::new() } else { format!(", and {held} answering there") }
        ),
        ..Making::default()
    })?;
    Ok(vec![id])
}

#[cfg(test)]
mod tests;
