//! Scaling groups of machines: EC2 Auto Scaling groups and EKS node groups. Both have a floor, a ceiling and a
//! desired size that are set together; the desired one also moves by itself, between the other two.

use super::Verdict;
use super::capacity::{serves, set_before};
use super::check::Look;
use crate::change::{Change, GroupSize};
use holdfast_domain::facts::AutoScalingGroupFacts;
use holdfast_domain::{Facts, RegionCode};

pub(super) fn check(look: &Look<'_>, change: &Change, region: &RegionCode, target: GroupSize) -> Verdict {
    let facts = match look.at(region) {
        Ok(facts) => facts,
        Err(reason) => return Verdict::Unseen { reason },
    };
    let Some(now) = GroupSize::of(facts).filter(|_| of_the_calls_kind(change, facts)) else {
        return look.not_what_it_was(region, facts);
    };
    if let Facts::EksNodeGroup(group) = facts
        && group.is_gone()
    {
        return Verdict::Stuck {
            reason: format!("node group {} in {region} is {}", look.resource, group.status),
            way_out: "Create the node group again as its stack has it, then retry the step.".into(),
        };
    }
    if look.undoing() {
        return put_back(look, change, region, facts, now, target);
    }
    let stood = look.stood(region).and_then(GroupSize::of);
    let raised_to = set_before(look, change, |earlier| match earlier {
        Change::SetAutoScalingGroupSize { region: at, size, .. }
        | Change::SetEksNodeGroupSize { region: at, size, .. }
            if at == region =>
        {
            Some(*size)
        }
        _ => None,
    });
    let above = |s: GroupSize| s.desired > target.desired || s.min > target.min || s.max > target.max;
    let lowering = stood.is_some_and(above) || raised_to.is_some_and(above);
    let stands = if lowering {
        now.desired <= target.desired && now.min <= target.min && now.max <= target.max
    } else {
        now.desired >= target.desired && now.min >= target.min && now.max >= target.max
    };
    if stands && lowering {
        return Verdict::Reached { note: format!("{} are wanted, at least {}", now.desired, now.min) };
    }
    // An autoscaler that wants more than we do has its way: our call would take machines away.
    if !lowering && now.desired > target.desired {
        return serves(look, region, facts, target.desired, more(facts).as_deref());
    }
    if let Facts::EksNodeGroup(group) = facts
        && matches!(group.status.as_str(), "UPDATING" | "CREATING")
    {
        // EKS refuses a change while another is under way.
        return Verdict::Wait { note: format!("the node group is {}", group.status) };
    }
    if !stands {
        return Verdict::Act(change.clone());
    }
    serves(look, region, facts, target.desired, more(facts).as_deref())
}

/// All three sizes as they stood; once floor and ceiling do, the size between them moves by itself.
fn put_back(
    look: &Look<'_>,
    change: &Change,
    region: &RegionCode,
    facts: &Facts,
    now: GroupSize,
    target: GroupSize,
) -> Verdict {
    let left = look.stood(region).and_then(GroupSize::of);
    let bounds = |size: GroupSize| (size.min, size.max);
    let bounds_are_back =
        bounds(now) == bounds(target) && left.is_some_and(|left| bounds(left) != bounds(now));
    if now == target || bounds_are_back {
        let size = now.desired.min(target.desired);
        return serves(look, region, facts, size, more(facts).as_deref());
    }
    match facts {
        // EKS refuses a change while another is under way.
        Facts::EksNodeGroup(group) if matches!(group.status.as_str(), "UPDATING" | "CREATING") => {
            Verdict::Wait { note: format!("the node group is {}", group.status) }
        }
        _ => Verdict::Act(change.clone()),
    }
}

fn of_the_calls_kind(change: &Change, facts: &Facts) -> bool {
    matches!(
        (change, facts),
        (Change::SetAutoScalingGroupSize { .. }, Facts::AutoScalingGroup(_))
            | (Change::SetEksNodeGroupSize { .. }, Facts::EksNodeGroup(_))
    )
}

/// Why machines do not come, where AWS says so.
fn more(facts: &Facts) -> Option<String> {
    match facts {
        Facts::AutoScalingGroup(g) => {
            g.launch_failure.as_ref().map(|f| format!("the last launch failed: {f}"))
        }
        Facts::EksNodeGroup(g) if !g.issues.is_empty() => Some(g.issues.join("; ")),
        _ => None,
    }
}

/// Suspending or resuming processes of an Auto Scaling group; others that rest or run stay as they are.
pub(super) fn processes(
    look: &Look<'_>,
    change: &Change,
    region: &RegionCode,
    names: &[String],
    suspend: bool,
) -> Verdict {
    let facts = match look.at(region) {
        Ok(facts) => facts,
        Err(reason) => return Verdict::Unseen { reason },
    };
    let Facts::AutoScalingGroup(AutoScalingGroupFacts { suspended, .. }) = facts else {
        return look.not_what_it_was(region, facts);
    };
    if names.iter().all(|name| suspended.contains(name) == suspend) {
        let word = if suspend { "suspended" } else { "running" };
        return Verdict::Reached { note: format!("{} {word}", names.join(", ")) };
    }
    Verdict::Act(change.clone())
}
