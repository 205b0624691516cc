//! EC2 Auto Scaling groups and EKS node groups: floor, ceiling and size are set together, the floor to the size, so
//! that nothing scales in what was just raised. A schedule may set all three: it rests while the Region serves.

use super::{At, Call, call, count, runs};
use crate::change::{Change, GroupSize};
use crate::movement::Intent;
use crate::plan::draft::Draft;
use crate::refusal::Refusal;
use holdfast_domain::facts::{AutoScalingGroupFacts, Beside, EksNodeGroupFacts};
use holdfast_domain::resource::{AutoScalingGroup, EksNodeGroup};
use holdfast_domain::{Facts, StepId};

/// Machines that boot, join and pass their health checks.
const TIMEOUT_SECONDS: u32 = 1200;
/// Sets sizes by the clock, whatever was set before.
const SCHEDULE: &str = "ScheduledActions";

pub(super) fn raise_group(
    draft: &mut Draft<'_>,
    at: At<'_>,
    spec: &AutoScalingGroup,
    target: u32,
    after: &[StepId],
) -> Result<Option<StepId>, Refusal> {
    let Some(place) = spec.per_region.get(at.region) else { return Ok(None) };
    let Some(Facts::AutoScalingGroup(now)) = draft.last(&at.resource.name, at.region) else {
        return Ok(not_seen(draft, at));
    };
    let mut done = None;
    let hindering: Vec<String> = now.hindering().into_iter().map(str::to_owned).collect();
    if !hindering.is_empty() {
        done = Some(set_processes(draft, at, "resume", &place.group, now, hindering, after)?);
    }
    if holds_schedule(draft, at, now) {
        let schedule = vec![SCHEDULE.to_owned()];
        let after = done.clone().map_or_else(|| after.to_vec(), |id| vec![id]);
        done = Some(set_processes(draft, at, "suspend", &place.group, now, schedule, &after)?);
    }
    let stands = GroupSize::from(now);
    let wanted = raised(draft, at, stands, target);
    if wanted == stands && runs(draft, at, target) {
        return Ok(done);
    }
    let after = done.clone().map_or_else(|| after.to_vec(), |id| vec![id]);
    let change = Change::SetAutoScalingGroupSize {
        region: at.region.clone(),
        group: place.group.clone(),
        size: wanted,
    };
    set_size(draft, at, "scale", change, stands, wanted, &after).map(Some)
}

pub(super) fn raise_nodes(
    draft: &mut Draft<'_>,
    at: At<'_>,
    spec: &EksNodeGroup,
    target: u32,
    after: &[StepId],
) -> Result<Option<StepId>, Refusal> {
    let Some(place) = spec.per_region.get(at.region) else { return Ok(None) };
    let Some(Facts::EksNodeGroup(now)) = draft.last(&at.resource.name, at.region) else {
        return Ok(not_seen(draft, at));
    };
    let stands = GroupSize::from(now);
    let wanted = raised(draft, at, stands, target);
    if wanted == stands && runs(draft, at, target) {
        return Ok(None);
    }
    let change = Change::SetEksNodeGroupSize {
        region: at.region.clone(),
        cluster: place.cluster.clone(),
        node_group: place.node_group.clone(),
        size: wanted,
    };
    set_size(draft, at, "scale", change, stands, wanted, after).map(Some)
}

fn not_seen(draft: &mut Draft<'_>, at: At<'_>) -> Option<StepId> {
    draft.note(format!(
        "{} in {} was not seen, so its sizes are not known; it is left as it is.",
        at.resource.name, at.region
    ));
    None
}

/// Where the load comes home, the floor that stands there is the usual one.
fn raised(draft: &mut Draft<'_>, at: At<'_>, now: GroupSize, target: u32) -> GroupSize {
    if now.max < target {
        draft.note(format!(
            "{} in {} may have {} at most; that is raised to {target}.",
            at.resource.name,
            at.region,
            count(now.max, at.unit)
        ));
    }
    let back = draft.movement.intent == Intent::Failback;
    let min = if back { now.min } else { now.min.max(target) };
    GroupSize { min, max: now.max.max(target), desired: target }
}

fn holds_schedule(draft: &mut Draft<'_>, at: At<'_>, now: &AutoScalingGroupFacts) -> bool {
    if draft.movement.intent == Intent::Failback || now.suspended.iter().any(|p| p == SCHEDULE) {
        return false;
    }
    if let Some(unread) = now.unread.iter().find(|u| u.what == Beside::ScheduledActions) {
        draft.note(format!(
            "Whether a schedule changes the size of {} in {} is not known ({}); none is suspended.",
            at.resource.name, at.region, unread.reason
        ));
    }
    now.scheduled_actions.is_some_and(|n| n > 0)
}

pub(super) fn lower_group(
    draft: &mut Draft<'_>,
    at: At<'_>,
    spec: &AutoScalingGroup,
    (stood, now): (&AutoScalingGroupFacts, &AutoScalingGroupFacts),
    after: &[StepId],
) -> Result<(), Refusal> {
    let Some(place) = spec.per_region.get(at.region) else { return Ok(()) };
    let mut after = after.to_vec();
    if let Some(wanted) = lowered(stood.into(), now.into()) {
        let change = Change::SetAutoScalingGroupSize {
            region: at.region.clone(),
            group: place.group.clone(),
            size: wanted,
        };
        after = vec![set_size(draft, at, "lower", change, now.into(), wanted, &after)?];
    }
    // Only what a failover touches: other processes rest or run for reasons of their own.
    let rests = |g: &AutoScalingGroupFacts, process: &str| g.suspended.iter().any(|p| p == process);
    if rests(now, SCHEDULE) && !rests(stood, SCHEDULE) {
        let schedule = vec![SCHEDULE.to_owned()];
        after = vec![set_processes(draft, at, "resume", &place.group, now, schedule, &after)?];
    }
    let hindering: Vec<String> =
        stood.hindering().into_iter().filter(|p| !rests(now, p)).map(str::to_owned).collect();
    if !hindering.is_empty() {
        set_processes(draft, at, "suspend", &place.group, now, hindering, &after)?;
    }
    Ok(())
}

pub(super) fn lower_nodes(
    draft: &mut Draft<'_>,
    at: At<'_>,
    spec: &EksNodeGroup,
    (stood, now): (&EksNodeGroupFacts, &EksNodeGroupFacts),
    after: &[StepId],
) -> Result<(), Refusal> {
    let Some(place) = spec.per_region.get(at.region) else { return Ok(()) };
    if let Some(wanted) = lowered(stood.into(), now.into()) {
        let change = Change::SetEksNodeGroupSize {
            region: at.region.clone(),
            cluster: place.cluster.clone(),
            node_group: place.node_group.clone(),
            size: wanted,
        };
        set_size(draft, at, "lower", change, now.into(), wanted, after)?;
    }
    Ok(())
}

/// Each size to what stood before where it is above that now; `None` where none is.
fn lowered(stood: GroupSize, now: GroupSize) -> Option<GroupSize> {
    let wanted = GroupSize {
        min: stood.min.min(now.min),
        max: stood.max.min(now.max),
        desired: stood.desired.min(now.desired),
    };
    (wanted != now).then_some(wanted)
}

fn set_size(
    draft: &mut Draft<'_>,
    at: At<'_>,
    verb: &str,
    change: Change,
    now: GroupSize,
    wanted: GroupSize,
    after: &[StepId],
) -> Result<StepId, Refusal> {
    let word = if verb == "lower" { "Lower" } else { "Scale" };
    let text = |s: GroupSize| format!("{}, between {} and {}", count(s.desired, at.unit), s.min, s.max);
    call(
        draft,
        at,
        after,
        Call {
            verb,
            title: format!(
                "{word} {} in {} to {}",
                at.resource.name,
                at.region,
                count(wanted.desired, at.unit)
            ),
            change,
            value_now: text(now),
            value_to_be: text(wanted),
            timeout_seconds: TIMEOUT_SECONDS,
        },
    )
}

fn set_processes(
    draft: &mut Draft<'_>,
    at: At<'_>,
    verb: &str,
    group: &str,
    now: &AutoScalingGroupFacts,
    processes: Vec<String>,
    after: &[StepId],
) -> Result<StepId, Refusal> {
    let (word, to_be) = if verb == "suspend" { ("Suspend", "suspended") } else { ("Resume", "running") };
    let names = processes.join(" and ");
    let is = |p: &String| if now.suspended.contains(p) { "suspended" } else { "running" };
    let value_now = processes.iter().map(is).collect::<Vec<_>>().join(", ");
    let (region, group) = (at.region.clone(), group.to_owned());
    let change = if verb == "suspend" {
        Change::SuspendScalingProcesses { region, group, processes }
    } else {
        Change::ResumeScalingProcesses { region, group, processes }
    };
    call(
        draft,
        at,
        after,
        Call {
            verb,
            title: format!("{word} {names} of {} in {}", at.resource.name, at.region),
            change,
            value_now,
            value_to_be: to_be.into(),
            timeout_seconds: 300,
        },
    )
}
