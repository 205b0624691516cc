//! The guards that follow from what was seen and from the inventory.

use super::{Guard, Raised};
use crate::movement::{Intent, Mode, Movement};
use crate::plan::sheet::{Lint, needed_planes};
use crate::plan::{Picture, Plan, is_there, is_yet_to_be_made};
use crate::serving::{steers, words};
use crate::step::{LAG_MAX_AGE_SECONDS, lags};
use holdfast_domain::{Name, RegionCode, Resource, ResourceKind, Seconds, Sight, Strategy};
use jiff::Timestamp;

pub(super) fn raised(picture: &Picture, movement: &Movement) -> Vec<Raised> {
    let mut raised = Vec::new();
    for resource in &picture.application.resources {
        // What the outside sees decides nothing of the plan; the step that waits for it holds by itself.
        let kind = resource.spec.kind();
        if kind.is_for_readiness_only() || kind == ResourceKind::Probe {
            continue;
        }
        // What moves traffic is read through one plane, which may be the dark one: an emergency moves the data without
        // waiting for it, nor for what names the store. Their own steps look before they act.
        let elsewhere =
            movement.mode == Mode::Emergency && (steers(kind) || kind == ResourceKind::EndpointSetting);
        if !elsewhere && !is_yet_to_be_made(picture, movement, resource) {
            raised.extend(unseen(picture, movement, resource, Guard::TargetNotSeen));
        }
        // A drill touches nothing where the application is.
        if movement.intent != Intent::Drill {
            raised.extend(unseen(picture, movement, resource, Guard::LeavingNotSeen));
        }
    }
    // Where the move is done already nothing is cut off.
    if !is_there(picture, movement) {
        raised.extend(behind(picture, movement));
    }
    let allowed = &picture.application.data_residency;
    if !allowed.is_empty() && !allowed.contains(&movement.to) {
        raised.push(Raised {
            guard: Guard::DataResidency,
            sentence: format!(
                "The data of {} may be in {} only, not in {}",
                picture.application.name,
                words(allowed),
                movement.to
            ),
            since: None,
            way_out:
                "Choose a Region inside the data residency, or have the owner change it in the inventory."
                    .into(),
        });
    }
    raised
}

/// What an emergency needs and should not, as the plane lint finds it.
pub(super) fn lint(picture: &Picture, movement: &Movement, plan: &Plan) -> Option<Raised> {
    if movement.mode != Mode::Emergency {
        return None;
    }
    let found = needed_planes(&plan.steps, movement, &picture.application, picture.now);
    let failed: Vec<_> = found.into_iter().filter(|one| one.lint == Lint::Failed).collect();
    let way_out = failed.first()?.way_out.clone();
    let sentence = failed.iter().map(|one| one.sentence.as_str()).collect::<Vec<_>>().join(" ");
    Some(Raised { guard: Guard::PlaneLint, sentence, since: None, way_out })
}

fn unseen(picture: &Picture, movement: &Movement, resource: &Resource, guard: Guard) -> Option<Raised> {
    let region = if guard == Guard::TargetNotSeen { &movement.to } else { &movement.from };
    if !resource.spec.is_in(region) {
        return None;
    }
    let (word, reason, since) = match picture.observations.get(&(resource.name.clone(), region.clone())) {
        Some(Sight::Known { .. }) => return None,
        Some(Sight::Stale { at, reason, .. }) => ("stale", reason.clone(), Some(*at)),
        Some(Sight::Unknown { reason, since, .. }) => ("unknown", reason.clone(), *since),
        None => ("unknown", "not looked at yet".into(), None),
    };
    Some(Raised {
        guard,
        sentence: format!("The picture of {} in {region} is {word}: {reason}", resource.name),
        since,
        way_out: way_out(movement, region),
    })
}

fn way_out(movement: &Movement, region: &RegionCode) -> String {
    let again = "Refresh the application's status and try again";
    let target = *region == movement.to;
    match (movement.intent, movement.mode) {
        (Intent::Drill, _) => format!("{again}."),
        (_, Mode::Emergency) if target => format!("{again}, or choose another Region to move to."),
        (_, Mode::Emergency) => format!("{again}."),
        (_, Mode::Planned) if target => format!(
            "{again}; where {region} cannot be seen at all, choose another Region to move to: only an emergency goes there unseen."
        ),
        (_, Mode::Planned) => format!(
            "{again}; where {region} cannot be seen at all, request an emergency, which does not need it."
        ),
    }
}

/// The lag as it was last seen. It is measured again at the cut, and held to the objective there.
fn behind(picture: &Picture, movement: &Movement) -> Option<Raised> {
    let application = &picture.application;
    // Of backups only a move that restores them depends.
    let rests_on = |kind: ResourceKind| {
        kind.is_store()
            && (kind != ResourceKind::BackupVault || application.strategy == Strategy::BackupRestore)
    };
    let stores: Vec<Name> = application
        .resources
        .iter()
        .filter(|r| rests_on(r.spec.kind()) && r.spec.is_in(&movement.to))
        .map(|r| r.name.clone())
        .collect();
    let allowed = f64::from(application.objectives.rpo.get()) * 1000.0;
    let (mut said, mut since): (Vec<String>, Option<Timestamp>) = (Vec::new(), None);
    for lag in lags(&stores, &movement.to, &picture.observations, picture.now) {
        match lag.milliseconds {
            Some(ms) if ms > allowed => {
                said.push(format!("{} is {} behind in {}", lag.store, Seconds::up_from_ms(ms), movement.to));
                since = since.or(lag.measured_at);
            }
            Some(_) => {}
            // What goes on being copied after the move is not cut off: as at the cut itself, only what is known of it
            // counts.
            None if application.resource(&lag.store).is_some_and(|r| !r.spec.kind().is_cut()) => {}
            None => said.push(format!(
                "How far {} is behind in {} is not known ({})",
                lag.store,
                movement.to,
                lag.reason.unwrap_or_else(|| format!("nothing measured in the last {LAG_MAX_AGE_SECONDS} s"))
            )),
        }
    }
    if said.is_empty() {
        return None;
    }
    Some(Raised {
        guard: Guard::LagAboveRpo,
        sentence: format!("{}, and the objective allows {}", said.join("; "), application.objectives.rpo),
        since,
        way_out: "Wait until the lag falls below the objective.".into(),
    })
}
