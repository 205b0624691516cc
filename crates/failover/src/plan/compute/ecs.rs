//! ECS services: first the floor below which Application Auto Scaling may not go, then the count itself. The other way
//! round, a scale-in between the two would take the tasks away again.

use super::{At, Call, call, count, desired, runs};
use crate::change::Change;
use crate::movement::Intent;
use crate::plan::draft::Draft;
use crate::refusal::Refusal;
use holdfast_domain::facts::{Beside, EcsServiceFacts, ScalingBounds};
use holdfast_domain::resource::{EcsPlace, EcsService};
use holdfast_domain::{Facts, StepId};

/// From start to running: a rollout with image pulls and health checks.
const TIMEOUT_SECONDS: u32 = 900;

pub(super) fn raise(
    draft: &mut Draft<'_>,
    at: At<'_>,
    spec: &EcsService,
    target: u32,
    after: &[StepId],
) -> Result<Option<StepId>, Refusal> {
    let Some(place) = spec.per_region.get(at.region) else { return Ok(None) };
    let mut done = None;
    if draft.movement.intent != Intent::Failback
        && let Some(Facts::EcsService(now)) = draft.last(&at.resource.name, at.region)
    {
        done = raise_floor(draft, at, place, now, target, after)?;
    }
    if runs(draft, at, target) {
        return Ok(done);
    }
    let after = done.clone().map_or_else(|| after.to_vec(), |id| vec![id]);
    let now = desired(draft.last(&at.resource.name, at.region));
    set(draft, at, "scale", place, (now, target), &after).map(Some)
}

/// At home the floor stays: it stands for the load that is usual there.
fn raise_floor(
    draft: &mut Draft<'_>,
    at: At<'_>,
    place: &EcsPlace,
    now: &EcsServiceFacts,
    target: u32,
    after: &[StepId],
) -> Result<Option<StepId>, Refusal> {
    let (name, region) = (&at.resource.name, at.region);
    let Some(bounds) = now.scaling else {
        if let Some(unread) = now.unread.iter().find(|u| u.what == Beside::ScalingBounds) {
            draft.note(format!(
                "Whether {name} in {region} has a scalable target is not known ({}); if it has, its floor is left as it is and it may scale in again.",
                unread.reason
            ));
        }
        return Ok(None);
    };
    let wanted = ScalingBounds { min: bounds.min.max(target), max: bounds.max.max(target) };
    if wanted == bounds {
        return Ok(None);
    }
    if bounds.max < target {
        draft.note(format!(
            "{name} in {region} may scale to {} tasks at most; that is raised to {target} with its floor.",
            bounds.max
        ));
    }
    set_bounds(draft, at, "raise-floor", place, bounds, wanted, after).map(Some)
}

/// The floor first: above the count it would raise it again.
pub(super) fn lower(
    draft: &mut Draft<'_>,
    at: At<'_>,
    spec: &EcsService,
    (stood, now): (&EcsServiceFacts, &EcsServiceFacts),
    after: &[StepId],
) -> Result<(), Refusal> {
    let Some(place) = spec.per_region.get(at.region) else { return Ok(()) };
    let mut after = after.to_vec();
    if let (Some(stood), Some(now)) = (stood.scaling, now.scaling)
        && (stood.min < now.min || stood.max < now.max)
    {
        let wanted = ScalingBounds { min: stood.min.min(now.min), max: stood.max.min(now.max) };
        after = vec![set_bounds(draft, at, "lower-floor", place, now, wanted, &after)?];
    }
    if stood.desired < now.desired {
        set(draft, at, "lower", place, (Some(now.desired), stood.desired), &after)?;
    }
    Ok(())
}

fn set_bounds(
    draft: &mut Draft<'_>,
    at: At<'_>,
    verb: &str,
    place: &EcsPlace,
    now: ScalingBounds,
    wanted: ScalingBounds,
    after: &[StepId],
) -> Result<StepId, Refusal> {
    let word = if verb == "lower-floor" { "Lower" } else { "Raise" };
    let text = |b: ScalingBounds| format!("{} to {} tasks", b.min, b.max);
    call(
        draft,
        at,
        after,
        Call {
            verb,
            title: format!(
                "{word} the floor of {} in {} to {}",
                at.resource.name,
                at.region,
                count(wanted.min, at.unit)
            ),
            change: Change::SetEcsScalingBounds {
                region: at.region.clone(),
                cluster: place.cluster.clone(),
                service: place.service.clone(),
                bounds: wanted,
            },
            value_now: text(now),
            value_to_be: text(wanted),
            timeout_seconds: 300,
        },
    )
}

fn set(
    draft: &mut Draft<'_>,
    at: At<'_>,
    verb: &str,
    place: &EcsPlace,
    (now, target): (Option<u32>, u32),
    after: &[StepId],
) -> Result<StepId, Refusal> {
    let word = if verb == "lower" { "Lower" } else { "Scale" };
    call(
        draft,
        at,
        after,
        Call {
            verb,
            title: format!("{word} {} in {} to {}", at.resource.name, at.region, count(target, at.unit)),
            change: Change::SetEcsDesiredCount {
                region: at.region.clone(),
                cluster: place.cluster.clone(),
                service: place.service.clone(),
                desired: target,
            },
            value_now: now.map_or_else(|| "not known".into(), |now| count(now, at.unit)),
            value_to_be: count(target, at.unit),
            timeout_seconds: TIMEOUT_SECONDS,
        },
    )
}
