//! Capacity: raised where the load will go before anything moves, lowered again after a failback. One rule for every
//! kind that does work says how much; each kind's own file says by which steps.

mod ecs;
mod groups;
mod lambda;
mod rest;

pub(super) use rest::rest;
pub(crate) use rest::works_on;

use super::draft::{Draft, Making};
use super::split::{Split, taken};
use crate::change::Change;
use crate::movement::{Intent, Mode};
use crate::refusal::Refusal;
use crate::step::Work;
use holdfast_domain::{Facts, RegionCode, Resource, ResourceSpec, StepId};
use std::collections::{BTreeMap, BTreeSet};

/// One resource in one Region, and what its size counts.
#[derive(Clone, Copy)]
struct At<'a> {
    resource: &'a Resource,
    region: &'a RegionCode,
    unit: &'static str,
}

fn desired(facts: Option<&Facts>) -> Option<u32> {
    facts.and_then(Facts::capacity).map(|c| c.desired)
}

/// `1 task`, `2 tasks`.
fn count(number: u32, unit: &str) -> String {
    let unit = if number == 1 { unit.trim_end_matches('s') } else { unit };
    format!("{number} {unit}")
}

fn sized<'a>(draft: &Draft<'a>) -> Vec<(&'a Resource, &'static str)> {
    let resources = draft.picture.application.resources.iter();
    resources.filter_map(|r| Some((r, r.spec.kind().unit()?))).collect()
}

/// Everything to the size that its Region needs; what has it already gets no step. Answers the last step of each.
pub(super) fn raise(draft: &mut Draft<'_>, observe: &[StepId]) -> Result<Vec<StepId>, Refusal> {
    let mut ids = Vec::new();
    for (resource, unit) in sized(draft) {
        if draft.movement.intent == Intent::Drill && !can_be_taken_back(draft, resource) {
            continue;
        }
        for (region, target) in targets(draft, resource, unit) {
            // What has more already keeps it: raising never lowers.
            let target = desired(draft.last(&resource.name, &region)).map_or(target, |now| now.max(target));
            let at = At { resource, region: &region, unit };
            ids.extend(match &resource.spec {
                ResourceSpec::EcsService(spec) => ecs::raise(draft, at, spec, target, observe)?,
                ResourceSpec::AutoScalingGroup(spec) => {
                    groups::raise_group(draft, at, spec, target, observe)?
                }
                ResourceSpec::EksNodeGroup(spec) => groups::raise_nodes(draft, at, spec, target, observe)?,
                ResourceSpec::LambdaFunction(spec) => lambda::reserve(draft, at, spec, target, observe)?,
                _ => None,
            });
        }
        if let ResourceSpec::LambdaFunction(spec) = &resource.spec {
            ids.extend(lambda::provision(draft, resource, spec, observe)?);
        }
    }
    Ok(ids)
}

/// A drill raises only what it has seen, so that it knows what to lower it to.
fn can_be_taken_back(draft: &mut Draft<'_>, resource: &Resource) -> bool {
    let to = &draft.movement.to;
    if !resource.spec.is_in(to) || draft.known(&resource.name, to).is_some() {
        return true;
    }
    draft.note(format!(
        "{} in {to} was not seen, so that a drill could not put it back: it is left as it is.",
        resource.name
    ));
    false
}

/// Whether that much was seen to run, and to be healthy where a balancer stands before it.
fn runs(draft: &Draft<'_>, at: At<'_>, target: u32) -> bool {
    draft.known(&at.resource.name, at.region).is_some_and(|facts| {
        facts.capacity().is_some_and(|c| c.desired >= target && c.running.is_some_and(|n| n >= target))
            && facts.target_health().is_none_or(|health| health.healthy >= target)
    })
}

/// The Regions that take the load, each with its size.
fn targets(draft: &mut Draft<'_>, resource: &Resource, unit: &str) -> Vec<(RegionCode, u32)> {
    if draft.is_evacuation() {
        return share(draft, resource, unit);
    }
    let name = &resource.name;
    let to = &draft.movement.to;
    if !resource.spec.is_in(to) {
        draft.note(format!("{name} has nothing in {to}; nothing of it is raised there."));
        return Vec::new();
    }
    let serves = desired(draft.last(name, &draft.movement.from));
    let stood = desired(draft.before(name, to));
    let own = resource.spec.recovery_size(to);
    let wanted = if draft.movement.intent == Intent::Failback {
        // The load may have grown since the failover, so what stood before it is no more than the least.
        let left = draft.leaving().and(serves);
        stood.max(own).max(left).or(serves)
    } else {
        own.or(serves)
    };
    match wanted {
        Some(target) => vec![(to.clone(), target)],
        // Nothing is reserved for a function where it serves, so nothing need be where it will.
        None if matches!(draft.last(name, &draft.movement.from), Some(Facts::LambdaFunction(_))) => {
            Vec::new()
        }
        None => {
            draft.note(format!(
                "How many {unit} {name} needs in {to} is not known: {} is not set, and {} could not be seen. It is left as it is.",
                size_key(&resource.spec),
                draft.movement.from
            ));
            Vec::new()
        }
    }
}

/// The inventory's word for the size wanted.
fn size_key(spec: &ResourceSpec) -> &'static str {
    if matches!(spec, ResourceSpec::LambdaFunction(_)) { "`concurrency`" } else { "`desired_in_recovery`" }
}

/// The load of the Region being left, split over those that take it over by the rule that the plan states, each share rounded up.
fn share(draft: &mut Draft<'_>, resource: &Resource, unit: &str) -> Vec<(RegionCode, u32)> {
    let name = &resource.name;
    let from = &draft.movement.from;
    let key = size_key(&resource.spec);
    let mut parts: BTreeMap<RegionCode, u64> = BTreeMap::new();
    for (region, part) in draft.split().map(Split::parts).unwrap_or_default() {
        if resource.spec.is_in(region) {
            parts.insert(region.clone(), part);
        }
    }
    if parts.is_empty() {
        draft.note(format!("{name} runs in no Region but {from}; nothing of it can carry the load on."));
        return Vec::new();
    }
    let leaving = if resource.spec.is_in(from) { desired(draft.last(name, from)) } else { Some(0) };
    let unreserved = matches!(draft.last(name, from), Some(Facts::LambdaFunction(f)) if f.reserved.is_none());
    let of: u64 = parts.values().sum();
    if !unreserved {
        draft.note(match leaving {
            Some(total) => format!("{name}: {}", shared(&parts, total, (unit, from, key))),
            None => format!(
                "{name}: the {unit} of {from} could not be counted; each remaining Region gets its {key}."
            ),
        });
    }
    let mut targets = Vec::new();
    for (region, part) in parts {
        let own = desired(draft.last(name, &region));
        let more = leaving.map(|total| taken(total, part, of));
        let shared = own.zip(more).map(|(own, more)| own.saturating_add(more));
        match shared.max(resource.spec.recovery_size(&region)) {
            Some(target) => targets.push((region, target)),
            None if unreserved => {}
            None => draft
                .note(format!("How many {unit} {name} needs in {region} is not known; it is left as it is.")),
        }
    }
    targets
}

/// Who takes how many, in words.
fn shared(
    parts: &BTreeMap<RegionCode, u64>,
    total: u32,
    (unit, from, key): (&str, &RegionCode, &str),
) -> String {
    let of: u64 = parts.values().sum();
    let mut more = parts.iter().map(|(region, part)| (region, taken(total, *part, of)));
    let first = parts.values().next();
    if parts.values().all(|part| Some(part) == first) {
        let (number, each) = (parts.len(), more.next().map_or(0, |(_, each)| each));
        return format!(
            "the {total} {unit} of {from} are split evenly over {number} remaining Regions, rounded up: {each} more in each, and never fewer than its {key}."
        );
    }
    let each = more.map(|(region, more)| format!("{more} more in {region}")).collect::<Vec<_>>().join(", ");
    format!(
        "the {total} {unit} of {from} are split by the stated rule, rounded up: {each}, and never fewer than its {key}."
    )
}

/// After a failback: what the failover raised, back to what stood before it and never below.
pub(super) fn lower(draft: &mut Draft<'_>, after: &[StepId]) -> Result<(), Refusal> {
    if draft.movement.intent != Intent::Failback {
        return Ok(());
    }
    let regions: BTreeSet<&RegionCode> =
        draft.picture.application.regions().filter(|r| **r != draft.movement.to).collect();
    for (resource, unit) in sized(draft) {
        for region in regions.iter().filter(|r| resource.spec.is_in(r)) {
            let (Some(stood), Some(now)) =
                (draft.before(&resource.name, region), draft.last(&resource.name, region))
            else {
                continue;
            };
            let at = At { resource, region, unit };
            if draft.movement.mode == Mode::Emergency {
                // The Region being left may be dark, and lowering what it has is no part of the rescue.
                if let (Some(stood), Some(now)) = (desired(Some(stood)), desired(Some(now)))
                    && stood < now
                {
                    draft.note(format!(
                        "{} in {region} is not lowered to the {stood} {unit} that stood before.",
                        resource.name
                    ));
                }
                continue;
            }
            lower_one(draft, at, (stood, now), after)?;
        }
    }
    Ok(())
}

/// Of a drill: whatever the plan has raised so far, to what stood when it was made.
pub(super) fn take_back(draft: &mut Draft<'_>, after: &[StepId]) -> Result<Vec<StepId>, Refusal> {
    let already: BTreeSet<StepId> = draft.placed().map(|(_, id)| id).collect();
    let region = &draft.movement.to;
    for (resource, unit) in sized(draft) {
        let Some(stood) = draft.last(&resource.name, region) else { continue };
        let raised = draft.changes_of(&resource.name).fold(stood.clone(), changed);
        lower_one(draft, At { resource, region, unit }, (stood, &raised), after)?;
    }
    Ok(draft.placed().map(|(_, id)| id).filter(|id| !already.contains(id)).collect())
}

/// How it stands once this call has taken effect.
pub(super) fn changed(mut facts: Facts, change: &Change) -> Facts {
    match (&mut facts, change) {
        (Facts::EcsService(service), Change::SetEcsDesiredCount { desired, .. }) => {
            service.desired = *desired
        }
        (Facts::EcsService(service), Change::SetEcsScalingBounds { bounds, .. }) => {
            service.scaling = Some(*bounds);
        }
        (Facts::AutoScalingGroup(group), Change::SetAutoScalingGroupSize { size, .. }) => {
            (group.min, group.max, group.desired) = (size.min, size.max, size.desired);
        }
        (Facts::AutoScalingGroup(group), Change::SuspendScalingProcesses { processes, .. }) => {
            group.suspended.extend(processes.iter().cloned());
        }
        (Facts::AutoScalingGroup(group), Change::ResumeScalingProcesses { processes, .. }) => {
            group.suspended.retain(|process| !processes.contains(process));
        }
        (Facts::EksNodeGroup(group), Change::SetEksNodeGroupSize { size, .. }) => {
            (group.min, group.max, group.desired) = (size.min, size.max, size.desired);
        }
        (Facts::LambdaFunction(function), Change::SetLambdaConcurrency { reserved, .. }) => {
            function.reserved = *reserved;
        }
        (Facts::LambdaFunction(function), Change::SetLambdaProvisioned { qualifier, provisioned, .. }) => {
            for kept in function.provisioned.iter_mut().filter(|kept| kept.qualifier == *qualifier) {
                kept.requested = *provisioned;
            }
        }
        _ => {}
    }
    facts
}

fn lower_one(
    draft: &mut Draft<'_>,
    at: At<'_>,
    (stood, now): (&Facts, &Facts),
    after: &[StepId],
) -> Result<(), Refusal> {
    match (&at.resource.spec, stood, now) {
        (ResourceSpec::EcsService(spec), Facts::EcsService(stood), Facts::EcsService(now)) => {
            ecs::lower(draft, at, spec, (stood, now), after)
        }
        (
            ResourceSpec::AutoScalingGroup(spec),
            Facts::AutoScalingGroup(stood),
            Facts::AutoScalingGroup(now),
        ) => groups::lower_group(draft, at, spec, (stood, now), after),
        (ResourceSpec::EksNodeGroup(spec), Facts::EksNodeGroup(stood), Facts::EksNodeGroup(now)) => {
            groups::lower_nodes(draft, at, spec, (stood, now), after)
        }
        (ResourceSpec::LambdaFunction(spec), Facts::LambdaFunction(stood), Facts::LambdaFunction(now)) => {
            lambda::lower(draft, at, spec, (stood, now), after)
        }
        _ => Ok(()),
    }
}

/// One call that sets a size, in words.
struct Call<'a> {
    verb: &'a str,
    title: String,
    change: Change,
    value_now: String,
    value_to_be: String,
    timeout_seconds: u32,
}

fn call(draft: &mut Draft<'_>, at: At<'_>, after: &[StepId], call: Call<'_>) -> Result<StepId, Refusal> {
    let usual = format!("{}-{}-{}", call.verb, at.resource.name, at.region);
    // What a drill takes back may be done by the same call as what it does.
    let again = format!("{}-again", call.verb);
    let verb = if draft.placed().any(|(_, id)| id.as_str() == usual) { again.as_str() } else { call.verb };
    draft.add(Making {
        id: (verb, &[at.resource.name.as_str(), at.region.as_str()]),
        title: call.title,
        work: Work::Call { change: call.change },
        resource: Some(&at.resource.name),
        regions: vec![at.region.clone()],
        after: after.to_vec(),
        timeout_seconds: call.timeout_seconds,
        value_now: call.value_now,
        value_to_be: call.value_to_be,
        ..Making::default()
    })
}
