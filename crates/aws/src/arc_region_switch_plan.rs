//! ARC Region switch plans, each Region's endpoint asked for itself: that is the one that is there when it counts.

use crate::clients::Caller;
use crate::perform::answered;
use crate::regional::in_each;
use crate::settings::Service;
use aws_sdk_arcregionswitch::primitives::DateTime;
use aws_sdk_arcregionswitch::types::{
    AbbreviatedExecution, ExecutionAction, ExecutionMode, Plan, ResourceWarningStatus, StepStatus,
};
use holdfast_cloud::{Error, ErrorKind, Looked};
use holdfast_domain::facts::{RegionSwitch, SwitchExecution};
use holdfast_domain::resource::ArcRegionSwitchPlan;
use holdfast_domain::{Facts, RegionCode};
use holdfast_failover::change::SwitchAction;
use holdfast_failover::run::Answer;
use jiff::Timestamp;

const PLAN: &str = "arc-region-switch:GetPlanInRegion";
const EVALUATION: &str = "arc-region-switch:GetPlanEvaluationStatus";
const EXECUTIONS: &str = "arc-region-switch:ListPlanExecutions";
const EXECUTION: &str = "arc-region-switch:GetPlanExecution";

pub(crate) const LOOK: &[&str] = &[PLAN, EVALUATION, EXECUTIONS, EXECUTION];

pub(crate) const CHANGES: &[&str] = &["arc-region-switch:StartPlanExecution"];

/// Executions that are shown. Those of the last years say nothing of today.
const SHOWN: usize = 5;
/// Asked for at once: more than a plan sees between two looks.
const PAGE: i32 = 20;

pub(crate) async fn look(caller: &Caller, spec: &ArcRegionSwitchPlan, regions: &[RegionCode]) -> Looked {
    in_each(regions, |region| look_in(caller, &spec.plan_arn, region)).await
}

async fn look_in(caller: &Caller, arn: &str, region: &RegionCode) -> Result<Facts, Error> {
    let at = region.as_str();
    let client = caller.region_switch(at);
    let plan = async {
        let sent = client.get_plan_in_region().arn(arn).send();
        let answer = caller.ask(Service::RegionSwitch, at, PLAN, sent).await?;
        answer
            .plan
            .ok_or_else(|| caller.call(at, PLAN).error(ErrorKind::Unreadable, "the answer holds no plan"))
    };
    let evaluation = async {
        let sent = client.get_plan_evaluation_status().plan_arn(arn).send();
        caller.ask(Service::RegionSwitch, at, EVALUATION, sent).await
    };
    let executions = async {
        let sent = client.list_plan_executions().plan_arn(arn).max_results(PAGE).send();
        caller.ask(Service::RegionSwitch, at, EXECUTIONS, sent).await
    };
    let (plan, evaluation, executions) = tokio::try_join!(plan, evaluation, executions)?;
    let mut found = Vec::new();
    for execution in executions.items() {
        found.push(execution_of(execution).ok_or_else(|| {
            caller.call(at, EXECUTIONS).error(ErrorKind::Unreadable, "an execution's start is no time")
        })?);
    }
    found.sort_by_key(|e| std::cmp::Reverse(e.started_at));
    found.truncate(SHOWN);
    for open in found.iter_mut().filter(|e| !e.is_completed() && !e.is_given_up()) {
        open.step = step_of(caller, arn, at, &open.id).await;
    }
    Ok(Facts::RegionSwitch(RegionSwitch {
        plan_arn: arn.to_owned(),
        name: plan.name.clone(),
        version: plan.version.clone(),
        approach: plan.recovery_approach.as_str().to_owned(),
        actions: actions(&plan, region),
        regions: plan.regions,
        evaluation: evaluation.evaluation_state.as_ref().map(|state| state.as_str().to_owned()),
        evaluated_at: evaluation.last_evaluation_time.as_ref().and_then(time),
        warnings: evaluation
            .warnings()
            .iter()
            .filter(|w| w.warning_status != ResourceWarningStatus::Resolved)
            .map(|w| w.warning_message.clone())
            .collect(),
        executions: found,
    }))
}

/// What the plan can do to a Region. A workflow that names none is for every one (ARC, "Workflows": an active/passive
/// plan may have one workflow for activating either Region).
fn actions(plan: &Plan, region: &RegionCode) -> Vec<String> {
    let mut actions: Vec<String> = plan
        .workflows()
        .iter()
        .filter(|w| w.workflow_target_region().is_none_or(|target| target == region.as_str()))
        .map(|w| w.workflow_target_action.as_str().to_owned())
        .collect();
    actions.sort();
    actions.dedup();
    actions
}

fn time(at: &DateTime) -> Option<Timestamp> {
    Timestamp::from_millisecond(at.to_millis().ok()?).ok()
}

fn execution_of(found: &AbbreviatedExecution) -> Option<SwitchExecution> {
    Some(SwitchExecution {
        id: found.execution_id.clone(),
        region: found.execution_region.clone(),
        action: found.execution_action.as_str().to_owned(),
        mode: found.mode.as_str().to_owned(),
        state: found.execution_state.as_str().to_owned(),
        // The SDK says 1970 where AWS left it out.
        started_at: time(&found.start_time).filter(|at| at.as_second() > 0)?,
        ended_at: found.end_time.as_ref().and_then(time),
        step: None,
    })
}

/// The step that runs or has failed. Nice to have: without it the execution's state is still known.
async fn step_of(caller: &Caller, arn: &str, at: &str, id: &str) -> Option<String> {
    let sent = caller.region_switch(at).get_plan_execution().plan_arn(arn).execution_id(id).send();
    let answer = caller
        .ask(Service::RegionSwitch, at, EXECUTION, sent)
        .await
        .inspect_err(|error| tracing::debug!(%error, "the steps of an execution could not be seen"))
        .ok()?;
    let stands = |status: Option<&StepStatus>| {
        matches!(status, Some(StepStatus::Running | StepStatus::Failed | StepStatus::PendingApproval))
    };
    answer.step_states().iter().find(|step| stands(step.status()))?.name().map(str::to_owned)
}

pub(crate) async fn start(
    caller: &Caller,
    action: &'static str,
    (region, plan_arn): (&RegionCode, &str),
    (target, what): (&RegionCode, SwitchAction),
    graceful: bool,
) -> Result<Answer, Error> {
    let sent = caller
        .region_switch(region.as_str())
        .start_plan_execution()
        .plan_arn(plan_arn)
        .target_region(target.as_str())
        .action(match what {
            SwitchAction::Activate => ExecutionAction::Activate,
            SwitchAction::Deactivate => ExecutionAction::Deactivate,
        })
        .mode(if graceful { ExecutionMode::Graceful } else { ExecutionMode::Ungraceful })
        .comment("Started by Holdfast")
        .send();
    let answer = caller.ask(Service::RegionSwitch, region.as_str(), action, sent).await?;
    // Not kept as tracking: it is followed by looking, like one whose answer was lost.
    answered(action, region.as_str(), &answer, None)
}
