//! Route 53 health checks as the last resort: the check that guards the Region being left is disabled and inverted,
//! which makes it unhealthy whatever its endpoint does, until a failback puts it back. Inverting alone would bring the
//! Region back in the moment in which it fails; disabling alone would count as healthy.

use super::draft::{Draft, Making};
use super::{is_there, routing_controls, switch_objects};
use crate::change::Change;
use crate::refusal::Refusal;
use crate::step::Work;
use holdfast_domain::facts::{HealthCheck, Watched};
use holdfast_domain::{Application, Facts, RegionCode, Resource, ResourceSpec, StepId, region_within};

/// Whether a check is inverted and disabled.
type Settings = (bool, bool);

pub(super) fn hold(draft: &mut Draft<'_>, after: &[StepId]) -> Result<Vec<StepId>, Refusal> {
    let mut lets_in = Vec::new();
    let mut holds_out = Vec::new();
    for resource in &draft.picture.application.resources {
        if !matches!(resource.spec, ResourceSpec::Route53HealthCheck(_)) {
            continue;
        }
        let regions = draft.seen_regions(&resource.name);
        let seen = regions.first().and_then(|region| match draft.last(&resource.name, region)? {
            Facts::HealthCheck(check) => Some(check),
            _ => None,
        });
        let Some(check) = seen else { continue };
        let Some(guarded) = guarded(draft, check) else {
            draft.note(format!(
                "Which Region {} guards cannot be told: no record of the application names it, and neither does what it watches. It is left as it is.",
                resource.name
            ));
            continue;
        };
        let Some(wanted) = wanted(draft, resource, check, &guarded) else { continue };
        match wanted {
            (true, true) => holds_out.push((resource, check, guarded, wanted, regions)),
            _ => lets_in.push((resource, check, guarded, wanted, regions)),
        }
    }
    let mut ids = Vec::new();
    for (resource, check, guarded, wanted, regions) in lets_in {
        ids.push(set(draft, resource, check, &guarded, wanted, regions, after)?);
    }
    let opened = if ids.is_empty() { after.to_vec() } else { ids.clone() };
    for (resource, check, guarded, wanted, regions) in holds_out {
        ids.push(set(draft, resource, check, &guarded, wanted, regions, &opened)?);
    }
    Ok(ids)
}

/// The Region whose record names the check, or else the one that is written in what it watches.
fn guarded(draft: &Draft<'_>, check: &HealthCheck) -> Option<RegionCode> {
    let by_record = named_by_record(&draft.picture.application, check, |resource, region| {
        draft.last(&resource.name, region)
    });
    let by_address = || match &check.watches {
        Watched::Endpoint { address, .. } => region_within(address),
        // An alarm's Region is where it is looked after, and may be the standby's on purpose.
        Watched::Calculated { .. } | Watched::Alarm { .. } | Watched::RoutingControl { .. } => None,
    };
    by_record.cloned().or_else(by_address)
}

/// The Region whose record names the check, as far as `seen` knows the records.
pub(crate) fn named_by_record<'a>(
    application: &'a Application,
    check: &HealthCheck,
    seen: impl Fn(&'a Resource, &RegionCode) -> Option<&'a Facts>,
) -> Option<&'a RegionCode> {
    application.resources.iter().find_map(|resource| {
        application.regions().find(|region| seen(resource, region).is_some_and(|facts| names(facts, check)))
    })
}

fn names(facts: &Facts, check: &HealthCheck) -> bool {
    facts.dns_records().any(|record| record.health_check_id.as_deref() == Some(check.id.as_str()))
}

/// What the check is to be set to; `None` where it stays.
fn wanted(
    draft: &Draft<'_>,
    resource: &Resource,
    check: &HealthCheck,
    guarded: &RegionCode,
) -> Option<Settings> {
    let now = (check.inverted, check.disabled);
    let wanted = match draft.led(&resource.name, guarded) {
        Some(Facts::HealthCheck(before)) => (before.inverted, before.disabled),
        _ if draft.leaving() == Some(guarded) => {
            if moved_otherwise(draft, check) {
                return None;
            }
            (true, true)
        }
        // One that watches an object is inverted for good: without that, the object's absence would hold the Region out.
        _ if draft.movement.to == *guarded && check.is_held_out() => {
            (switch_objects::health_afterwards(draft).contains_key(check.id.as_str()), false)
        }
        _ => return None,
    };
    (wanted != now).then_some(wanted)
}

/// Whether the plan moves the records that name the check, by a step of their own, by routing controls or by objects.
fn moved_otherwise(draft: &Draft<'_>, check: &HealthCheck) -> bool {
    if matches!(check.watches, Watched::RoutingControl { .. })
        || routing_controls::health_afterwards(draft).contains_key(check.id.as_str())
        || switch_objects::health_afterwards(draft).contains_key(check.id.as_str())
    {
        return true;
    }
    let application = &draft.picture.application;
    // Where the move is done already, so are its records.
    let moved = is_there(draft.picture, draft.movement);
    application.resources.iter().filter(|r| moved || draft.has_step(&r.name)).any(|resource| {
        application
            .regions()
            .any(|region| draft.last(&resource.name, region).is_some_and(|facts| names(facts, check)))
    })
}

fn words((inverted, disabled): Settings) -> String {
    match (inverted, disabled) {
        (false, false) => "as it is seen".into(),
        (true, false) => "inverted".into(),
        (false, true) => "disabled (counts as healthy)".into(),
        (true, true) => "disabled and inverted (counts as unhealthy)".into(),
    }
}

fn set(
    draft: &mut Draft<'_>,
    resource: &Resource,
    check: &HealthCheck,
    guarded: &RegionCode,
    wanted: Settings,
    regions: Vec<RegionCode>,
    after: &[StepId],
) -> Result<StepId, Refusal> {
    let out = wanted == (true, true);
    let (verb, title) = if out {
        ("hold-out", format!("Hold {guarded} out by its health check {}", resource.name))
    } else {
        ("let-in", format!("Let {guarded} in again by its health check {}", resource.name))
    };
    draft.add(Making {
        id: (verb, &[resource.name.as_str()]),
        title,
        work: Work::Call {
            change: Change::SetHealthCheck {
                health_check_id: check.id.clone(),
                version: check.version,
                inverted: wanted.0,
                disabled: wanted.1,
            },
        },
        resource: Some(&resource.name),
        regions,
        after: after.to_vec(),
        timeout_seconds: 180,
        value_now: words((check.inverted, check.disabled)),
        value_to_be: words(wanted),
        ..Making::default()
    })
}
