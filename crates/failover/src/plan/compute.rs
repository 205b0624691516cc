//! Capacity: raised where the load will go before anything moves, lowered again after a failback.

use super::draft::{Draft, Making};
use crate::change::Change;
use crate::movement::{Intent, Mode};
use crate::refusal::Refusal;
use crate::step::Work;
use holdfast_domain::facts::EcsServiceFacts;
use holdfast_domain::resource::EcsService;
use holdfast_domain::{Facts, Name, RegionCode, ResourceSpec, StepId};

fn desired(facts: Option<&Facts>) -> Option<u32> {
    match facts {
        Some(Facts::EcsService(EcsServiceFacts { desired, .. })) => Some(*desired),
        _ => None,
    }
}

/// Every service to the size that its Region needs; what has it already gets no step.
pub(super) fn raise(draft: &mut Draft<'_>, observe: &StepId) -> Result<Vec<StepId>, Refusal> {
    let mut ids = Vec::new();
    for resource in &draft.picture.application.resources {
        let ResourceSpec::EcsService(spec) = &resource.spec else { continue };
        for (region, target) in targets(draft, &resource.name, spec) {
            // What has more already keeps it: raising never lowers.
            let target = desired(draft.last(&resource.name, &region)).map_or(target, |now| now.max(target));
            let stands = matches!(
                draft.known(&resource.name, &region),
                Some(Facts::EcsService(s)) if s.desired >= target && s.running >= target
            );
            if !stands && let Some(id) = set(draft, "scale", &resource.name, spec, &region, target, observe)?
            {
                ids.push(id);
            }
        }
    }
    Ok(ids)
}

/// The Regions that take the load, each with its size.
fn targets(draft: &mut Draft<'_>, service: &Name, spec: &EcsService) -> Vec<(RegionCode, u32)> {
    if draft.is_evacuation() {
        return share(draft, service, spec);
    }
    let to = &draft.movement.to;
    let Some(place) = spec.per_region.get(to) else {
        draft.note(format!("{service} has no service in {to}; nothing of it is raised there."));
        return Vec::new();
    };
    let serves = desired(draft.last(service, &draft.movement.from));
    let stood = desired(draft.before(service, to));
    let wanted = if draft.movement.intent == Intent::Failback {
        // The load may have grown since the failover, so what stood before it is no more than the least.
        let left = draft.leaving().and(serves);
        stood.max(place.desired_in_recovery).max(left).or(serves)
    } else {
        place.desired_in_recovery.or(serves)
    };
    match wanted {
        Some(target) => vec![(to.clone(), target)],
        None => {
            draft.note(format!(
                "How many tasks {service} needs in {to} is not known: `desired_in_recovery` is not set, and {} could not be seen. It is left as it is.",
                draft.movement.from
            ));
            Vec::new()
        }
    }
}

/// The stated rule of an evacuation: the load of the Region being left in even shares, rounded up.
fn share(draft: &mut Draft<'_>, service: &Name, spec: &EcsService) -> Vec<(RegionCode, u32)> {
    let from = &draft.movement.from;
    let remaining: Vec<_> = spec.per_region.iter().filter(|(region, _)| *region != from).collect();
    if remaining.is_empty() {
        draft.note(format!("{service} runs in no Region but {from}; nothing of it can carry the load on."));
        return Vec::new();
    }
    let leaving =
        if spec.per_region.contains_key(from) { desired(draft.last(service, from)) } else { Some(0) };
    let count = u32::try_from(remaining.len()).unwrap_or(u32::MAX);
    let each = leaving.map(|total| total.div_ceil(count));
    draft.note(match (leaving, each) {
        (Some(total), Some(each)) => format!(
            "{service}: the {total} tasks of {from} are split evenly over {count} remaining Regions, rounded up: {each} more in each, and never fewer than its `desired_in_recovery`."
        ),
        _ => format!(
            "{service}: the tasks of {from} could not be counted; each remaining Region gets its `desired_in_recovery`."
        ),
    });
    let mut targets = Vec::new();
    for (region, place) in remaining {
        let own = desired(draft.last(service, region));
        let shared = own.zip(each).map(|(own, each)| own.saturating_add(each));
        match shared.max(place.desired_in_recovery) {
            Some(target) => targets.push((region.clone(), target)),
            None => draft.note(format!(
                "How many tasks {service} needs in {region} is not known; it is left as it is."
            )),
        }
    }
    targets
}

/// After a failback: the services that the failover raised, back to what stood before it and never below.
pub(super) fn lower(draft: &mut Draft<'_>, after: &[StepId]) -> Result<(), Refusal> {
    if draft.movement.intent != Intent::Failback {
        return Ok(());
    }
    let Some(last) = after.last() else { return Ok(()) };
    for resource in &draft.picture.application.resources {
        let ResourceSpec::EcsService(spec) = &resource.spec else { continue };
        for region in spec.per_region.keys().filter(|r| **r != draft.movement.to) {
            let (Some(stood), Some(now)) =
                (desired(draft.before(&resource.name, region)), desired(draft.last(&resource.name, region)))
            else {
                continue;
            };
            if stood < now && draft.movement.mode == Mode::Emergency {
                // The Region being left may be dark, and lowering what it has is no part of the rescue.
                draft.note(format!(
                    "{} in {region} is not lowered to the {stood} tasks that stood before.",
                    resource.name
                ));
            } else if stood < now {
                set(draft, "lower", &resource.name, spec, region, stood, last)?;
            }
        }
    }
    Ok(())
}

fn set(
    draft: &mut Draft<'_>,
    verb: &str,
    service: &Name,
    spec: &EcsService,
    region: &RegionCode,
    target: u32,
    after: &StepId,
) -> Result<Option<StepId>, Refusal> {
    let Some(place) = spec.per_region.get(region) else { return Ok(None) };
    let value_now = match desired(draft.last(service, region)) {
        Some(1) => "1 task".into(),
        Some(now) => format!("{now} tasks"),
        None => "not known".into(),
    };
    let word = if verb == "lower" { "Lower" } else { "Scale" };
    let id = draft.add(Making {
        id: (verb, &[service.as_str(), region.as_str()]),
        title: format!("{word} {service} in {region} to {target} tasks"),
        work: Work::Call {
            change: Change::SetEcsDesiredCount {
                region: region.clone(),
                cluster: place.cluster.clone(),
                service: place.service.clone(),
                desired: target,
            },
        },
        resource: Some(service),
        regions: vec![region.clone()],
        after: vec![after.clone()],
        timeout_seconds: 900,
        value_now,
        value_to_be: format!("{target} tasks"),
        ..Making::default()
    })?;
    Ok(Some(id))
}
