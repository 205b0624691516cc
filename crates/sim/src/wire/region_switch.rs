//! ARC Region switch over rpc-v2-cbor, at an endpoint in each of a plan's Regions: plans, their evaluation, and
//! executions.

use super::input::{required, text};
use super::render::cbor;
use super::service::{Operation, Plane};
use super::{Context, Reply};
use crate::refusal::Refusal;
use crate::world::World;
use crate::world::region_switch::{Execution, StartRequest, SwitchPlan};
use ciborium::Value as Cbor;
use serde_json::Value;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::look("GetPlanInRegion", "arc-region-switch:GetPlanInRegion", Plane::Data),
    Operation::look("ListPlansInRegion", "arc-region-switch:ListPlansInRegion", Plane::Data),
    Operation::look("GetPlanEvaluationStatus", "arc-region-switch:GetPlanEvaluationStatus", Plane::Data),
    Operation::look("ListPlanExecutions", "arc-region-switch:ListPlanExecutions", Plane::Data),
    Operation::look("GetPlanExecution", "arc-region-switch:GetPlanExecution", Plane::Data),
    Operation::change("StartPlanExecution", "arc-region-switch:StartPlanExecution", Plane::Data),
];

pub(super) fn resources(input: &Value) -> Vec<String> {
    vec![text(input, "arn").or_else(|| text(input, "planArn")).unwrap_or("*").to_owned()]
}

type Fields = Vec<(&'static str, Cbor)>;

fn word(text: impl Into<String>) -> Cbor {
    Cbor::Text(text.into())
}

fn object(fields: Fields) -> Cbor {
    Cbor::Map(fields.into_iter().map(|(key, value)| (word(key), value)).collect())
}

fn words<'a>(all: impl IntoIterator<Item = &'a String>) -> Cbor {
    Cbor::Array(all.into_iter().map(|w| word(w.as_str())).collect())
}

fn time(context: &Context<'_>, virtual_ms: i64) -> Cbor {
    let at = context.now.wall(virtual_ms).as_millisecond();
    Cbor::Tag(1, Box::new(Cbor::Float(at as f64 / 1_000.0)))
}

pub(super) fn perform(
    world: &mut World,
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Reply, Refusal> {
    let here = |p: &SwitchPlan| p.account == context.account && p.regions.iter().any(|r| r == context.region);
    if operation == "ListPlansInRegion" {
        let plans = world.switch_plans.iter().filter(|p| here(p)).map(|p| object(abbreviated(p))).collect();
        return Ok(Reply::look(cbor(&object(vec![("plans", Cbor::Array(plans))]))));
    }
    let key = if operation == "GetPlanInRegion" { "arn" } else { "planArn" };
    let arn = required(input, key, "IllegalArgumentException")?.to_owned();
    let plan = world.switch_plans.iter_mut().find(|p| here(p) && p.arn() == arn).ok_or_else(|| {
        Refusal::new("ResourceNotFoundException", format!("The plan {arn} was not found.")).with_status(404)
    })?;
    let fields = match operation {
        "GetPlanInRegion" => vec![("plan", object(whole(plan)))],
        "GetPlanEvaluationStatus" => evaluation(plan, context),
        "ListPlanExecutions" => {
            let newest_first =
                plan.executions.iter().rev().map(|e| object(execution(plan, e, context))).collect();
            vec![("items", Cbor::Array(newest_first))]
        }
        "GetPlanExecution" => {
            let id = required(input, "executionId", "IllegalArgumentException")?;
            let found = plan.executions.iter().find(|e| e.id == id).ok_or_else(|| {
                Refusal::new("ResourceNotFoundException", format!("The execution {id} was not found."))
                    .with_status(404)
            })?;
            let mut fields = execution(plan, found, context);
            fields.push(("stepStates", steps(plan, found, context)));
            fields
        }
        _ => return start(plan, context, input),
    };
    Ok(Reply::look(cbor(&object(fields))))
}

fn start(plan: &mut SwitchPlan, context: &Context<'_>, input: &Value) -> Result<Reply, Refusal> {
    let request = StartRequest {
        at: context.region,
        region: required(input, "targetRegion", "IllegalArgumentException")?,
        action: required(input, "action", "IllegalArgumentException")?,
        mode: text(input, "mode").unwrap_or("graceful"),
        comment: text(input, "comment"),
        token: text(input, "clientToken"),
    };
    let (id, new) = plan.start(&request, context.now.virtual_ms)?;
    let moved = if request.action == "activate" { "activateRegion" } else { "deactivateRegion" };
    let body = object(vec![
        ("executionId", word(id)),
        ("plan", word(plan.arn())),
        ("planVersion", word("1")),
        (moved, word(request.region)),
    ]);
    Ok(Reply::did(new, cbor(&body)))
}

fn abbreviated(plan: &SwitchPlan) -> Fields {
    let mut fields = vec![
        ("arn", word(plan.arn())),
        ("owner", word(&plan.account)),
        ("name", word(&plan.name)),
        ("regions", words(&plan.regions)),
        ("recoveryApproach", word(&plan.approach)),
        ("version", word("1")),
    ];
    fields.extend(plan.regions.first().map(|primary| ("primaryRegion", word(primary))));
    fields
}

fn whole(plan: &SwitchPlan) -> Fields {
    let action = |action: &str, region: &String| {
        let steps = plan.steps.iter().map(|name| {
            object(vec![("name", word(name)), ("executionBlockType", word("ARCRoutingControl"))])
        });
        object(vec![
            ("workflowTargetAction", word(action)),
            ("workflowTargetRegion", word(region)),
            ("steps", Cbor::Array(steps.collect())),
        ])
    };
    let mut workflows: Vec<Cbor> = plan.regions.iter().map(|r| action("activate", r)).collect();
    if plan.approach == "activeActive" {
        workflows.extend(plan.regions.iter().map(|r| action("deactivate", r)));
    }
    let mut fields = abbreviated(plan);
    fields.push(("workflows", Cbor::Array(workflows)));
    fields.push(("executionRole", word(format!("arn:aws:iam::{}:role/region-switch", plan.account))));
    fields
}

fn evaluation(plan: &SwitchPlan, context: &Context<'_>) -> Fields {
    let at = time(context, context.now.virtual_ms);
    let warnings = plan.warnings.iter().map(|warning| {
        object(vec![
            ("version", word("1")),
            ("warningStatus", word("active")),
            ("warningUpdatedTime", at.clone()),
            ("warningMessage", word(warning)),
        ])
    });
    vec![
        ("planArn", word(plan.arn())),
        ("region", word(context.region)),
        ("lastEvaluatedVersion", word("1")),
        ("lastEvaluationTime", at.clone()),
        ("evaluationState", word(if plan.warnings.is_empty() { "passed" } else { "actionRequired" })),
        ("warnings", Cbor::Array(warnings.collect())),
    ]
}

fn execution(plan: &SwitchPlan, execution: &Execution, context: &Context<'_>) -> Fields {
    let now_ms = context.now.virtual_ms;
    let mut fields = vec![
        ("planArn", word(plan.arn())),
        ("executionId", word(&execution.id)),
        ("version", word("1")),
        ("startTime", time(context, execution.started_ms)),
        ("mode", word(&execution.mode)),
        ("executionState", word(execution.state(now_ms))),
        ("executionAction", word(&execution.action)),
        ("executionRegion", word(&execution.region)),
    ];
    fields.extend(execution.comment.as_ref().map(|c| ("comment", word(c))));
    fields.extend(execution.ended_ms(now_ms).map(|ended| ("endTime", time(context, ended))));
    fields
}

fn steps(plan: &SwitchPlan, execution: &Execution, context: &Context<'_>) -> Cbor {
    let now_ms = context.now.virtual_ms;
    let at = execution.at_step(now_ms);
    let failed = execution.state(now_ms) == "pausedByFailedStep";
    let states = plan.steps.iter().enumerate().map(|(n, name)| {
        let status = match n.cmp(&at) {
            std::cmp::Ordering::Less => "completed",
            std::cmp::Ordering::Equal if failed => "failed",
            std::cmp::Ordering::Equal => "running",
            std::cmp::Ordering::Greater => "notStarted",
        };
        object(vec![("name", word(name)), ("status", word(status))])
    });
    Cbor::Array(states.collect())
}
