//! Starting a Region switch plan and following its execution to the end. A second start would be a second
//! execution, so whatever was started since the plan was made, by this step or by anybody else, is followed and not
//! started again.

use super::Verdict;
use super::check::Look;
use crate::change::{Change, SwitchAction};
use holdfast_domain::facts::SwitchExecution;
use holdfast_domain::{Facts, RegionCode};

pub(super) fn check(
    look: &Look<'_>,
    change: &Change,
    region: &RegionCode,
    target: &RegionCode,
    action: SwitchAction,
) -> Verdict {
    let plan = match look.at(region) {
        Ok(Facts::RegionSwitch(plan)) => plan,
        Ok(other) => return look.not_what_it_was(region, other),
        Err(reason) => return Verdict::Unseen { reason },
    };
    let known: Vec<&str> = match look.stood(region) {
        Some(Facts::RegionSwitch(stood)) => stood.executions.iter().map(|e| e.id.as_str()).collect(),
        _ => Vec::new(),
    };
    let since = plan.executions.iter().filter(|e| !known.contains(&e.id.as_str()));
    let is_ours = |e: &&SwitchExecution| e.region == target.as_str() && e.action == action.as_str();
    if let Some(newest) = since.clone().find(is_ours) {
        return follow(newest);
    }
    match plan.executions.iter().find(|e| !e.is_completed() && !e.is_given_up()) {
        Some(other) => Verdict::Wait {
            note: format!(
                "another execution comes first: {} {} is {}",
                other.action, other.region, other.state
            ),
        },
        None => Verdict::Act(change.clone()),
    }
}

fn follow(execution: &SwitchExecution) -> Verdict {
    let at = execution.step.as_ref().map_or_else(String::new, |step| format!(" at step {step}"));
    let said = format!("execution {} is {}{at}", execution.id, execution.state);
    match execution.state.as_str() {
        _ if execution.is_completed() => Verdict::Reached { note: said },
        _ if execution.is_given_up() => Verdict::Stuck {
            reason: said,
            way_out: "See why in the Region switch console and start the plan again there; a retry of this step follows the newest execution.".into(),
        },
        "pausedByFailedStep" | "pausedByOperator" => Verdict::Stuck {
            reason: said,
            way_out: "Mend or skip its step in the Region switch console and let it go on; a retry of this step follows it.".into(),
        },
        "pendingManualApproval" => Verdict::Wait { note: format!("{said}: somebody must approve it in the Region switch console") },
        _ => Verdict::Wait { note: said },
    }
}
