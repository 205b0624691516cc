//! Objects in S3 that an inverted health check watches: one that is put holds its Region out, one that is taken away lets
//! it in again. Both are S3's data plane in the Region where the object lies, and nothing of us-east-1 is needed.
//! The target is let in before the Region being left is held out.

use super::draft::{Draft, Making};
use crate::change::Change;
use crate::refusal::Refusal;
use crate::serving::Health;
use crate::step::Work;
use holdfast_domain::facts::SwitchObject;
use holdfast_domain::resource::{S3SwitchObject, SwitchObjectPlace};
use holdfast_domain::{Facts, Name, RegionCode, Resource, StepId};

/// What is in an object that no health check looks into.
const USUAL_CONTENT: &str = "While this object is here, its health check counts as unhealthy.";

/// Why an object is no switch for this move.
enum NoSwitch {
    /// Its health check is seen not to be inverted: putting it would bring its Region in.
    NotInverted,
    /// It lies in the Region that it is to hold out, which may be gone.
    InThatRegion,
}

/// Whether an object is to hold its Region out.
fn aim(draft: &Draft<'_>, name: &Name, at: &RegionCode, object: &SwitchObject) -> Result<bool, NoSwitch> {
    let checks = draft.picture.observations.values().filter_map(|sight| sight.last_seen());
    let mut watching = checks.filter_map(|(_, facts)| match facts {
        Facts::HealthCheck(check) if check.id == object.health_check_id => Some(check),
        _ => None,
    });
    if watching.any(|check| !check.inverted) {
        return Err(NoSwitch::NotInverted);
    }
    let holds = match draft.led(name, at) {
        // Whatever stood before, the target is open afterwards.
        _ if draft.movement.to == object.holds_out => false,
        Some(Facts::SwitchObject(before)) => before.holds,
        _ if draft.leaving() == Some(&object.holds_out) => true,
        _ => object.holds,
    };
    if holds && !object.holds && *at == object.holds_out { Err(NoSwitch::InThatRegion) } else { Ok(holds) }
}

fn seen<'a>(draft: &Draft<'a>, name: &Name) -> Vec<(RegionCode, &'a SwitchObject)> {
    let all = draft.seen_regions(name).into_iter();
    all.filter_map(|region| match draft.last(name, &region)? {
        Facts::SwitchObject(object) => Some((region, object)),
        _ => None,
    })
    .collect()
}

/// What the health checks that watch the application's objects say once the plan has set them.
pub(super) fn health_afterwards<'a>(draft: &Draft<'a>) -> Health<'a> {
    let mut health = Health::new();
    for resource in &draft.picture.application.resources {
        for (at, object) in seen(draft, &resource.name) {
            if let Ok(holds) = aim(draft, &resource.name, &at, object) {
                health.insert(object.health_check_id.as_str(), !holds);
            }
        }
    }
    health
}

pub(super) fn set(
    draft: &mut Draft<'_>,
    resource: &Resource,
    spec: &S3SwitchObject,
    after: &[StepId],
) -> Result<Vec<StepId>, Refusal> {
    let name = &resource.name;
    let (mut lets_in, mut holds_out) = (Vec::new(), Vec::new());
    for (at, object) in seen(draft, name) {
        let Some(place) = spec.per_region.get(&at) else { continue };
        let held = &object.holds_out;
        match aim(draft, name, &at, object) {
            Ok(holds) if holds == object.holds => {}
            Ok(true) => holds_out.push((at, place, object)),
            Ok(false) => lets_in.push((at, place, object)),
            Err(NoSwitch::NotInverted) => {
                return draft.cannot(
                    &format!("The health check that watches {name} is not inverted: to put the object would bring {held} in."),
                    "Invert the health check, then refresh.",
                );
            }
            Err(NoSwitch::InThatRegion) => {
                return draft.cannot(
                    &format!("{name} holds {held} out from a bucket in that very Region."),
                    "Put the object into a bucket in another Region, and let the health check watch it there.",
                );
            }
        }
    }
    let mut ids = Vec::new();
    for (at, place, object) in lets_in {
        ids.push(step(draft, resource, (&at, place, object), false, after)?);
    }
    let opened = if ids.is_empty() { after.to_vec() } else { ids.clone() };
    for (at, place, object) in holds_out {
        ids.push(step(draft, resource, (&at, place, object), true, &opened)?);
    }
    Ok(ids)
}

fn step(
    draft: &mut Draft<'_>,
    resource: &Resource,
    (at, place, object): (&RegionCode, &SwitchObjectPlace, &SwitchObject),
    holds: bool,
    after: &[StepId],
) -> Result<StepId, Refusal> {
    let (name, held) = (&resource.name, &object.holds_out);
    let (verb, title) = if holds {
        ("hold-out", format!("Hold {held} out by putting {name} in {at}"))
    } else {
        ("let-in", format!("Let {held} in again by taking {name} away in {at}"))
    };
    draft.add(Making {
        id: (verb, &[name.as_str(), at.as_str()]),
        title,
        work: Work::Call {
            change: Change::SetSwitchObject {
                region: at.clone(),
                bucket: object.bucket.clone(),
                key: object.key.clone(),
                content: place.content.clone().unwrap_or_else(|| USUAL_CONTENT.to_owned()),
                holds,
                on_etag: object.etag.clone(),
            },
        },
        resource: Some(name),
        regions: vec![at.clone()],
        after: after.to_vec(),
        timeout_seconds: 180,
        value_now: words(object.holds, held),
        value_to_be: words(holds, held),
        ..Making::default()
    })
}

fn words(holds: bool, held: &RegionCode) -> String {
    if holds { format!("there: {held} is held out") } else { format!("not there: {held} is let in") }
}
