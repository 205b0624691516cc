//! Lambda over rest-json: functions, their concurrency, and what brings them events. Invoking one runs nothing.

use super::input::{flag, integer, required, text};
use super::service::{Operation, Plane};
use super::{Context, Reply};
use crate::refusal::Refusal;
use crate::world::World;
use crate::world::functions::{Function, Mapping, Provisioned};
use http::Method;
use serde_json::{Map, Value, json};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::look("GetFunctionConfiguration", "lambda:GetFunctionConfiguration", Plane::Control),
    Operation::look("GetFunctionConcurrency", "lambda:GetFunctionConcurrency", Plane::Control),
    Operation::look(
        "ListProvisionedConcurrencyConfigs",
        "lambda:ListProvisionedConcurrencyConfigs",
        Plane::Control,
    ),
    Operation::look("ListEventSourceMappings", "lambda:ListEventSourceMappings", Plane::Control),
    Operation::look("GetEventSourceMapping", "lambda:GetEventSourceMapping", Plane::Control),
    Operation::change("PutFunctionConcurrency", "lambda:PutFunctionConcurrency", Plane::Control),
    Operation::change("DeleteFunctionConcurrency", "lambda:DeleteFunctionConcurrency", Plane::Control),
    Operation::change(
        "PutProvisionedConcurrencyConfig",
        "lambda:PutProvisionedConcurrencyConfig",
        Plane::Control,
    ),
    Operation::change("UpdateEventSourceMapping", "lambda:UpdateEventSourceMapping", Plane::Control),
    Operation::change("Invoke", "lambda:InvokeFunction", Plane::Data),
];

/// The dates in the paths are the operations' own.
pub(super) fn route(method: &Method, path: &[&str]) -> Option<(&'static str, Map<String, Value>)> {
    let mut input = Map::new();
    let (operation, key, value) = match (method.as_str(), path) {
        ("GET", ["2015-03-31", "functions", name, "configuration"]) => {
            ("GetFunctionConfiguration", "FunctionName", *name)
        }
        ("GET", ["2019-09-30", "functions", name, "concurrency"]) => {
            ("GetFunctionConcurrency", "FunctionName", *name)
        }
        ("PUT", ["2017-10-31", "functions", name, "concurrency"]) => {
            ("PutFunctionConcurrency", "FunctionName", *name)
        }
        ("DELETE", ["2017-10-31", "functions", name, "concurrency"]) => {
            ("DeleteFunctionConcurrency", "FunctionName", *name)
        }
        ("GET", ["2019-09-30", "functions", name, "provisioned-concurrency"]) => {
            ("ListProvisionedConcurrencyConfigs", "FunctionName", *name)
        }
        ("PUT", ["2019-09-30", "functions", name, "provisioned-concurrency"]) => {
            ("PutProvisionedConcurrencyConfig", "FunctionName", *name)
        }
        ("POST", ["2015-03-31", "functions", name, "invocations"]) => ("Invoke", "FunctionName", *name),
        ("GET", ["2015-03-31", "event-source-mappings"]) => ("ListEventSourceMappings", "Path", ""),
        ("GET", ["2015-03-31", "event-source-mappings", uuid]) => ("GetEventSourceMapping", "UUID", *uuid),
        ("PUT", ["2015-03-31", "event-source-mappings", uuid]) => ("UpdateEventSourceMapping", "UUID", *uuid),
        _ => return None,
    };
    if key != "Path" {
        input.insert(key.to_owned(), value.into());
    }
    Some((operation, input))
}

pub(super) fn resources(operation: &str, context: &Context<'_>, input: &Value) -> Vec<String> {
    let (region, account) = (context.region, context.account);
    vec![match operation {
        "ListEventSourceMappings" => "*".to_owned(),
        "GetEventSourceMapping" | "UpdateEventSourceMapping" => {
            let uuid = text(input, "UUID").unwrap_or("*");
            format!("arn:aws:lambda:{region}:{account}:event-source-mapping:{uuid}")
        }
        _ => {
            let name = name_of(text(input, "FunctionName").unwrap_or("*"));
            format!("arn:aws:lambda:{region}:{account}:function:{name}")
        }
    }]
}

/// A name out of an ARN or a name.
fn name_of(id: &str) -> &str {
    id.split(":function:").last().unwrap_or(id)
}

pub(super) fn perform(
    world: &mut World,
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Reply, Refusal> {
    let now_ms = context.now.virtual_ms;
    if matches!(operation, "GetEventSourceMapping" | "UpdateEventSourceMapping") {
        return one_mapping(world, context, operation, input);
    }
    let index = find(world, context, input)?;
    match operation {
        "PutFunctionConcurrency" => {
            let count = integer(input, "ReservedConcurrentExecutions").and_then(|n| u32::try_from(n).ok());
            let count = count.ok_or_else(|| invalid("ReservedConcurrentExecutions must not be negative"))?;
            let changed = world.reserve(index, Some(count))?;
            Ok(Reply::did(changed, json!({"ReservedConcurrentExecutions": count}).to_string()))
        }
        // No code is run; that it was called is what the ledger keeps.
        "Invoke" => Ok(Reply::did(true, json!({"done": true}).to_string())),
        "DeleteFunctionConcurrency" => Ok(Reply::did(world.reserve(index, None)?, Vec::new())),
        "PutProvisionedConcurrencyConfig" => provision(world, index, now_ms, input),
        _ => world.functions.get(index).map_or_else(
            || Err(not_found("function")),
            |function| Ok(Reply::look(look(operation, function, context).to_string())),
        ),
    }
}

fn invalid(message: &str) -> Refusal {
    Refusal::new("InvalidParameterValueException", message)
}

fn not_found(what: &str) -> Refusal {
    Refusal::new("ResourceNotFoundException", format!("The {what} you are looking for cannot be found."))
        .with_status(404)
}

fn find(world: &World, context: &Context<'_>, input: &Value) -> Result<usize, Refusal> {
    let name = name_of(required(input, "FunctionName", "InvalidParameterValueException")?);
    let is = |f: &Function| f.account == context.account && f.region == context.region && f.name == name;
    world.functions.iter().position(is).ok_or_else(|| {
        let arn = format!("arn:aws:lambda:{}:{}:function:{name}", context.region, context.account);
        Refusal::new("ResourceNotFoundException", format!("Function not found: {arn}")).with_status(404)
    })
}

fn look(operation: &str, function: &Function, context: &Context<'_>) -> Value {
    let now_ms = context.now.virtual_ms;
    match operation {
        "GetFunctionConfiguration" => json!({
            "FunctionName": function.name,
            "FunctionArn": function.arn(),
            "Runtime": "provided.al2023",
            "Version": "$LATEST",
            "State": "Active",
            "LastUpdateStatus": "Successful",
        }),
        "GetFunctionConcurrency" => match function.reserved {
            Some(count) => json!({"ReservedConcurrentExecutions": count}),
            None => json!({}),
        },
        "ListProvisionedConcurrencyConfigs" => json!({
            "ProvisionedConcurrencyConfigs":
                function.provisioned.iter().map(|p| provisioned(function, p, now_ms)).collect::<Vec<_>>(),
        }),
        _ => json!({
            "EventSourceMappings":
                // An alias's are listed by its own name only.
                function.mappings.iter().filter(|m| m.alias.is_none()).map(|m| mapping(function, m, context))
                    .collect::<Vec<_>>(),
        }),
    }
}

fn provisioned(function: &Function, config: &Provisioned, now_ms: i64) -> Value {
    json!({
        "FunctionArn": format!("{}:{}", function.arn(), config.qualifier),
        "RequestedProvisionedConcurrentExecutions": config.requested,
        "AvailableProvisionedConcurrentExecutions": config.available(now_ms),
        "AllocatedProvisionedConcurrentExecutions": config.available(now_ms),
        "Status": if config.ready(now_ms) { "READY" } else { "IN_PROGRESS" },
    })
}

fn mapping(function: &Function, mapping: &Mapping, context: &Context<'_>) -> Value {
    json!({
        "UUID": mapping.uuid,
        "BatchSize": 10,
        "EventSourceArn": mapping.source_arn,
        "FunctionArn": mapping.alias.as_ref().map_or_else(|| function.arn(), |a| format!("{}:{a}", function.arn())),
        "State": mapping.state(context.now.virtual_ms),
        "StateTransitionReason": "USER_INITIATED",
        "LastModified": context.now.wall(mapping.changed_ms).as_millisecond() as f64 / 1_000.0,
    })
}

fn provision(world: &mut World, index: usize, now_ms: i64, input: &Value) -> Result<Reply, Refusal> {
    let qualifier = required(input, "Qualifier", "InvalidParameterValueException")?;
    let count = integer(input, "ProvisionedConcurrentExecutions").and_then(|n| u32::try_from(n).ok());
    let count = count
        .filter(|n| *n > 0)
        .ok_or_else(|| invalid("ProvisionedConcurrentExecutions must be at least 1"))?;
    let function = world.functions.get_mut(index).ok_or_else(|| not_found("function"))?;
    let config = function.provisioned.iter_mut().find(|p| p.qualifier == qualifier);
    let config = config.ok_or_else(|| {
        Refusal::new("ResourceNotFoundException", format!("Cannot find alias: {qualifier}")).with_status(404)
    })?;
    let changed = config.provision(count, now_ms);
    let body = json!({
        "RequestedProvisionedConcurrentExecutions": config.requested,
        "AvailableProvisionedConcurrentExecutions": config.available(now_ms),
        "Status": if config.ready(now_ms) { "READY" } else { "IN_PROGRESS" },
    });
    Ok(Reply::did(changed, body.to_string()))
}

fn one_mapping(
    world: &mut World,
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Reply, Refusal> {
    let uuid = required(input, "UUID", "InvalidParameterValueException")?;
    let now_ms = context.now.virtual_ms;
    let mut mine =
        world.functions.iter_mut().filter(|f| f.account == context.account && f.region == context.region);
    let function = mine
        .find(|f| f.mappings.iter().any(|m| m.uuid == uuid))
        .ok_or_else(|| not_found("event source mapping"))?;
    let found = function.mappings.iter_mut().find(|m| m.uuid == uuid);
    let found = found.ok_or_else(|| not_found("event source mapping"))?;
    let changed = match flag(input, "Enabled").filter(|_| operation == "UpdateEventSourceMapping") {
        Some(enabled) => found.switch(enabled, now_ms)?,
        None => false,
    };
    let found = found.clone();
    let body = mapping(function, &found, context).to_string();
    Ok(if operation == "GetEventSourceMapping" { Reply::look(body) } else { Reply::did(changed, body) })
}
