//! ARC Region switch: one execution of the plan that stands there, started in a Region that lives.

use super::draft::{Draft, Making};
use crate::change::{Change, SwitchAction};
use crate::movement::Mode;
use crate::refusal::Refusal;
use crate::step::Work;
use holdfast_domain::facts::RegionSwitch;
use holdfast_domain::resource::ArcRegionSwitchPlan;
use holdfast_domain::{Facts, RegionCode, Resource, StepId};

pub(super) fn start(
    draft: &mut Draft<'_>,
    resource: &Resource,
    spec: &ArcRegionSwitchPlan,
    after: &[StepId],
) -> Result<Vec<StepId>, Refusal> {
    let name = &resource.name;
    let to = &draft.movement.to;
    let Some(Facts::RegionSwitch(plan)) = draft.last(name, to) else {
        return draft.cannot(
            &format!("{name} has no known plan in {to}."),
            "Add the Region to the Region switch plan, then refresh.",
        );
    };
    // An active/active plan takes the Region being left out; any other brings the target in.
    let (action, target) = match draft.leaving() {
        Some(from) if plan.approach == "activeActive" => (SwitchAction::Deactivate, from),
        _ => (SwitchAction::Activate, to),
    };
    let has = match draft.last(name, target) {
        Some(Facts::RegionSwitch(there)) => there.actions.iter().any(|a| a == action.as_str()),
        // The Region being left is dark: what the plan does to it is told when it is started.
        _ => action == SwitchAction::Deactivate,
    };
    if !has {
        return draft.cannot(
            &format!("{name} has no workflow that can {} {target}.", action.as_str()),
            "Add the workflow to the Region switch plan, then refresh.",
        );
    }
    note_evaluation(draft, resource, plan);
    let graceful = draft.movement.mode == Mode::Planned;
    let word = if action == SwitchAction::Activate { "Activate" } else { "Deactivate" };
    let id = draft.add(Making {
        id: ("execute", &[name.as_str()]),
        title: format!("{word} {target} by the Region switch plan {}", plan.name),
        work: Work::Call {
            change: Change::StartRegionSwitch {
                region: to.clone(),
                plan_arn: spec.plan_arn.clone(),
                target: target.clone(),
                action,
                graceful,
            },
        },
        resource: Some(name),
        regions: vec![to.clone()],
        after: after.to_vec(),
        timeout_seconds: 3_600,
        value_now: last(plan),
        value_to_be: format!(
            "{} {target} completed, {}",
            action.as_str(),
            if graceful { "graceful" } else { "ungraceful" }
        ),
        ..Making::default()
    })?;
    Ok(vec![id])
}

fn last(plan: &RegionSwitch) -> String {
    plan.executions.first().map_or_else(
        || "never executed".into(),
        |last| format!("last: {} {} {}", last.action, last.region, last.state),
    )
}

fn note_evaluation(draft: &mut Draft<'_>, resource: &Resource, plan: &RegionSwitch) {
    let to: &RegionCode = &draft.movement.to;
    if plan.evaluation.as_deref() != Some("passed") {
        draft.note(format!(
            "ARC's own evaluation of {} in {to} has not passed ({}).",
            resource.name,
            plan.evaluation.as_deref().unwrap_or("never made")
        ));
    }
}
