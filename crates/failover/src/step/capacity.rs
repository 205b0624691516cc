//! What every kind of compute is asked once its size stands: does that much run, and do the load balancers before it
//! find it healthy.

use super::Verdict;
use super::check::Look;
use crate::change::Change;
use holdfast_domain::facts::Beside;
use holdfast_domain::{Facts, RegionCode};

/// What an earlier step of the same plan sets there, where this one takes it back, as a drill does: then that, beside
/// what stood before the plan, is what may be found.
pub(super) fn set_before<T>(
    look: &Look<'_>,
    change: &Change,
    of: impl Fn(&Change) -> Option<T>,
) -> Option<T> {
    let own = look.plan.steps.iter().filter(|step| step.resource.as_ref() == Some(look.resource));
    own.filter_map(|step| step.change()).take_while(|earlier| *earlier != change).filter_map(of).last()
}

/// Reached when `target` units run and, where a balancer stands before them, as many are healthy. What stands beside
/// the size and could not be asked holds a planned step; an emergency goes on and says so. `more` is added to the
/// note of a wait for units that do not come.
pub(super) fn serves(
    look: &Look<'_>,
    region: &RegionCode,
    facts: &Facts,
    target: u32,
    more: Option<&str>,
) -> Verdict {
    let Some(capacity) = facts.capacity() else { return look.not_what_it_was(region, facts) };
    let unit = capacity.unit;
    let mut unseen = Vec::new();
    if let Some(running) = capacity.running {
        if running < target {
            let more = more.map(|m| format!("; {m}")).unwrap_or_default();
            return Verdict::Wait { note: format!("{running} of {target} {unit} run{more}") };
        }
    } else {
        unseen.push(not_asked(look, region, facts, Beside::Nodes));
    }
    match facts.target_health() {
        Some(health) if health.healthy < target => {
            let reason = health.reason.as_ref().map(|r| format!(" ({r})")).unwrap_or_default();
            return Verdict::Wait {
                note: format!(
                    "{target} {unit} run; {} of {target} targets are healthy{reason}",
                    health.healthy
                ),
            };
        }
        Some(_) => {}
        None if facts.unread().iter().any(|u| u.what == Beside::TargetHealth) => {
            unseen.push(not_asked(look, region, facts, Beside::TargetHealth));
        }
        None => {}
    }
    let running = capacity.running.unwrap_or(capacity.desired);
    match unseen.as_slice() {
        [] => Verdict::Reached { note: format!("{running} {unit} run") },
        reasons if look.leaving_may_be_dark => Verdict::Reached {
            note: format!(
                "{} {unit} are wanted; an emergency does not wait: {}",
                capacity.desired,
                reasons.join("; ")
            ),
        },
        reasons => Verdict::Unseen { reason: reasons.join("; ") },
    }
}

fn not_asked(look: &Look<'_>, region: &RegionCode, facts: &Facts, what: Beside) -> String {
    let reason =
        facts.unread().iter().find(|u| u.what == what).map_or("no reason given", |u| u.reason.as_str());
    format!("{what} is not known of {} in {region}: {reason}", look.resource)
}
