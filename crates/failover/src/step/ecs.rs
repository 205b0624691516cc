//! Scaling an ECS service: raising is reached at the target or above it, lowering at the target or below. Its floor
//! and ceiling are set in a step of their own, before.

use super::Verdict;
use super::capacity::{serves, set_before};
use super::check::Look;
use crate::change::Change;
use holdfast_domain::facts::{Beside, ScalingBounds};
use holdfast_domain::{Facts, RegionCode};

pub(super) fn check(look: &Look<'_>, change: &Change, region: &RegionCode, target: u32) -> Verdict {
    let facts = match look.at(region) {
        Ok(facts) => facts,
        Err(reason) => return Verdict::Unseen { reason },
    };
    let Facts::EcsService(service) = facts else { return look.not_what_it_was(region, facts) };
    if service.status != "ACTIVE" {
        return Verdict::Stuck {
            reason: format!("service {} in {region} is {}", look.resource, service.status),
            way_out: "Create the service again as its stack has it, then retry the step.".into(),
        };
    }
    let raised_to = set_before(look, change, |earlier| match earlier {
        Change::SetEcsDesiredCount { region: at, desired, .. } if at == region => Some(*desired),
        _ => None,
    });
    let stood = match look.stood(region) {
        Some(Facts::EcsService(stood)) => Some(stood.desired),
        _ => None,
    };
    let lowering = stood.max(raised_to).is_some_and(|most| most > target);
    let desired_stands = if look.undoing() {
        service.desired == target
    } else if lowering {
        service.desired <= target
    } else {
        service.desired >= target
    };
    if !desired_stands {
        return Verdict::Act(change.clone());
    }
    if lowering || (look.undoing() && service.running >= target) {
        return Verdict::Reached { note: format!("{} tasks are wanted", service.desired) };
    }
    match service.rollout.as_deref() {
        Some("FAILED") => Verdict::Stuck {
            reason: format!(
                "the rollout of {} in {region} failed at {} of {} tasks",
                look.resource, service.running, service.desired
            ),
            way_out:
                "Read the service's events (image, capacity, health checks), mend it, and retry the step."
                    .into(),
        },
        None | Some("COMPLETED") => serves(look, region, facts, target, None),
        Some(_) => Verdict::Wait { note: format!("{} of {target} tasks run", service.running) },
    }
}

/// The floor and ceiling of a service's count, to the letter: both are set and neither moves by itself.
pub(super) fn bounds(
    look: &Look<'_>,
    change: &Change,
    region: &RegionCode,
    wanted: ScalingBounds,
) -> Verdict {
    let facts = match look.at(region) {
        Ok(facts) => facts,
        Err(reason) => return Verdict::Unseen { reason },
    };
    let Facts::EcsService(service) = facts else { return look.not_what_it_was(region, facts) };
    let words = |b: ScalingBounds| format!("between {} and {} tasks", b.min, b.max);
    let Some(now) = service.scaling else {
        return match service.unread.iter().find(|u| u.what == Beside::ScalingBounds) {
            Some(unread) => Verdict::Unseen { reason: unread.reason.clone() },
            // Registering one would start to scale what nobody had scaled.
            None => Verdict::Drift {
                expected: format!("{} in {region} has a scalable target", look.resource),
                found: "it has none any more".into(),
            },
        };
    };
    if now == wanted {
        return Verdict::Reached { note: format!("the count is kept {}", words(now)) };
    }
    let set = set_before(look, change, |earlier| match earlier {
        Change::SetEcsScalingBounds { region: at, bounds, .. } if at == region => Some(*bounds),
        _ => None,
    });
    match look.stood(region) {
        Some(Facts::EcsService(stood))
            if set != Some(now) && stood.scaling.is_some_and(|stood| stood != now) =>
        {
            Verdict::Drift { expected: stood.scaling.map(words).unwrap_or_default(), found: words(now) }
        }
        _ => Verdict::Act(change.clone()),
    }
}
