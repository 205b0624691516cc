//! Application Auto Scaling over JSON 1.1: the bounds of ECS services' counts. No policy ever scales anything.

use super::input::{flag, integer, list, required, text};
use super::service::{Operation, Plane};
use super::{Context, Reply};
use crate::refusal::Refusal;
use crate::world::World;
use crate::world::compute::{EcsService, Scaling};
use serde_json::{Value, json};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::look(
        "DescribeScalableTargets",
        "application-autoscaling:DescribeScalableTargets",
        Plane::Control,
    ),
    Operation::change(
        "RegisterScalableTarget",
        "application-autoscaling:RegisterScalableTarget",
        Plane::Control,
    ),
];

const DIMENSION: &str = "ecs:service:DesiredCount";

pub(super) fn resources(operation: &str, context: &Context<'_>) -> Vec<String> {
    vec![match operation {
        "DescribeScalableTargets" => "*".to_owned(),
        _ => format!(
            "arn:aws:application-autoscaling:{}:{}:scalable-target/id",
            context.region, context.account
        ),
    }]
}

pub(super) fn perform(
    world: &mut World,
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Reply, Refusal> {
    if text(input, "ServiceNamespace") != Some("ecs") {
        return Err(invalid("The simulator scales ecs services only."));
    }
    match operation {
        "DescribeScalableTargets" => Ok(describe(world, context, input)),
        _ => register(world, context, input),
    }
}

fn invalid(message: &str) -> Refusal {
    Refusal::new("ValidationException", message)
}

fn resource_id(service: &EcsService) -> String {
    format!("service/{}/{}", service.cluster, service.name)
}

fn describe(world: &World, context: &Context<'_>, input: &Value) -> Reply {
    let wanted: Vec<&str> =
        list(input, "ResourceIds", "ResourceIds").into_iter().filter_map(Value::as_str).collect();
    let targets: Vec<Value> = world
        .services
        .iter()
        .filter(|s| s.account == context.account && s.region == context.region)
        .filter(|s| wanted.is_empty() || wanted.contains(&resource_id(s).as_str()))
        .filter_map(|s| Some((s, s.scaling?)))
        .map(|(service, scaling)| {
            json!({
                "ServiceNamespace": "ecs",
                "ResourceId": resource_id(service),
                "ScalableDimension": DIMENSION,
                "MinCapacity": scaling.min,
                "MaxCapacity": scaling.max,
                "RoleARN": format!("arn:aws:iam::{}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService", service.account),
                "CreationTime": 1_700_000_000.0,
                "SuspendedState": {"DynamicScalingInSuspended": scaling.scale_in_suspended, "DynamicScalingOutSuspended": false, "ScheduledScalingSuspended": false},
            })
        })
        .collect();
    Reply::look(json!({"ScalableTargets": targets}).to_string())
}

fn register(world: &mut World, context: &Context<'_>, input: &Value) -> Result<Reply, Refusal> {
    let id = required(input, "ResourceId", "ValidationException")?;
    if text(input, "ScalableDimension") != Some(DIMENSION) {
        return Err(invalid("Unsupported service namespace, resource type or scalable dimension"));
    }
    let (account, region) = (context.account, context.region);
    let service = world
        .services
        .iter_mut()
        .find(|s| s.account == account && s.region == region && resource_id(s) == id)
        .ok_or_else(|| invalid(&format!("ECS service doesn't exist: {id}")))?;
    let number = |key: &str| integer(input, key).and_then(|n| u32::try_from(n).ok());
    let min = number("MinCapacity").or(service.scaling.map(|s| s.min));
    let max = number("MaxCapacity").or(service.scaling.map(|s| s.max));
    let (Some(min), Some(max)) = (min, max) else {
        return Err(invalid("MinCapacity and MaxCapacity are required for a new scalable target"));
    };
    if min > max {
        return Err(invalid("Maximum capacity cannot be less than minimum capacity"));
    }
    let asked = input.get("SuspendedState").and_then(|s| flag(s, "DynamicScalingInSuspended"));
    let scale_in_suspended = asked.unwrap_or(service.scaling.is_some_and(|s| s.scale_in_suspended));
    let scaling = Some(Scaling { min, max, scale_in_suspended });
    let changed = service.scaling != scaling;
    service.scaling = scaling;
    let arn = resources("RegisterScalableTarget", context).pop();
    Ok(Reply::did(changed, json!({"ScalableTargetARN": arn}).to_string()))
}
