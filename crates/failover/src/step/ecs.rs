//! Scaling an ECS service: raising is reached at the target or above it, lowering at the target or below.

use super::Verdict;
use super::check::Look;
use crate::change::Change;
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
    let lowering =
        matches!(look.plan.stood(look.resource, region), Some(Facts::EcsService(b)) if b.desired > target);
    let desired_stands = if lowering { service.desired <= target } else { service.desired >= target };
    if !desired_stands {
        return Verdict::Act(change.clone());
    }
    if lowering {
        return Verdict::Reached { note: format!("{} tasks are wanted", service.desired) };
    }
    let rollout = service.rollout.as_deref();
    if rollout == Some("FAILED") {
        return Verdict::Stuck {
            reason: format!(
                "the rollout of {} in {region} failed at {} of {} tasks",
                look.resource, service.running, service.desired
            ),
            way_out:
                "Read the service's events (image, capacity, health checks), mend it, and retry the step."
                    .into(),
        };
    }
    if service.running >= target && rollout.is_none_or(|r| r == "COMPLETED") {
        Verdict::Reached { note: format!("{} tasks run", service.running) }
    } else {
        Verdict::Wait { note: format!("{} of {target} tasks run", service.running) }
    }
}
