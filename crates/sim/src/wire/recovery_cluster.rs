//! ARC routing controls at a cluster's five endpoints, over JSON 1.0. Which endpoint is called is told by the Region
//! that the call is signed for and by the path that `DescribeCluster` gave out with it; the two must agree.

use super::input::{list, required, text};
use super::service::{Operation, Plane};
use super::{Context, Reply};
use crate::refusal::Refusal;
use crate::world::World;
use crate::world::arc::{ENDPOINT_REGIONS, not_found};
use serde_json::{Value, json};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::look("GetRoutingControlState", "route53-recovery-cluster:GetRoutingControlState", Plane::Data),
    Operation::look("ListRoutingControls", "route53-recovery-cluster:ListRoutingControls", Plane::Data),
    Operation::change(
        "UpdateRoutingControlState",
        "route53-recovery-cluster:UpdateRoutingControlState",
        Plane::Data,
    ),
    Operation::change(
        "UpdateRoutingControlStates",
        "route53-recovery-cluster:UpdateRoutingControlStates",
        Plane::Data,
    ),
];

/// The address of a cluster's endpoint in a Region, as far as this simulator is asked under `host`.
pub(super) fn endpoint(host: &str, region: &str) -> String {
    format!("http://{host}/_arc/{region}")
}

pub(super) fn is_at(region: &str) -> bool {
    ENDPOINT_REGIONS.contains(&region)
}

fn entries(operation: &str, input: &Value) -> Vec<(String, Option<bool>)> {
    let one = |entry: &Value| {
        let on = match text(entry, "RoutingControlState") {
            Some("On") => Some(true),
            Some("Off") => Some(false),
            _ => None,
        };
        (text(entry, "RoutingControlArn").unwrap_or("*").to_owned(), on)
    };
    match operation {
        "UpdateRoutingControlStates" => {
            list(input, "UpdateRoutingControlStateEntries", "member").into_iter().map(one).collect()
        }
        _ => vec![one(input)],
    }
}

pub(super) fn resources(operation: &str, input: &Value) -> Vec<String> {
    match operation {
        "ListRoutingControls" => vec!["*".to_owned()],
        _ => entries(operation, input).into_iter().map(|(arn, _)| arn).collect(),
    }
}

pub(super) fn perform(
    world: &mut World,
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Reply, Refusal> {
    // A real endpoint is a host of its own and knows no other Region's signatures.
    if context.path.trim_end_matches('/') != format!("/_arc/{}", context.region) {
        return Err(Refusal::new(
            "AccessDeniedException",
            format!("No cluster has an endpoint for {} at {}.", context.region, context.path),
        )
        .with_status(403));
    }
    match operation {
        "GetRoutingControlState" => get(world, context, input),
        "ListRoutingControls" => Ok(list_controls(world, context, input)),
        _ => update(world, context, operation, input),
    }
}

fn state(on: bool) -> &'static str {
    if on { "On" } else { "Off" }
}

fn get(world: &World, context: &Context<'_>, input: &Value) -> Result<Reply, Refusal> {
    let arn = required(input, "RoutingControlArn", "ValidationException")?;
    let mut mine = world.clusters.iter().filter(|c| c.account == context.account);
    let (_, control) = mine.find_map(|c| c.control(arn)).ok_or_else(|| not_found(arn))?;
    let body = json!({
        "RoutingControlArn": arn, "RoutingControlName": control.name, "RoutingControlState": state(control.on),
    });
    Ok(Reply::look(body.to_string()))
}

fn list_controls(world: &World, context: &Context<'_>, input: &Value) -> Reply {
    let wanted = text(input, "ControlPanelArn");
    let mut found = Vec::new();
    for cluster in world.clusters.iter().filter(|c| c.account == context.account) {
        for panel in &cluster.panels {
            let panel_arn = cluster.panel_arn(panel);
            if wanted.is_some_and(|w| w != panel_arn) {
                continue;
            }
            found.extend(panel.controls.iter().map(|c| {
                json!({
                    "ControlPanelArn": panel_arn, "ControlPanelName": panel.name,
                    "RoutingControlArn": cluster.control_arn(panel, c), "RoutingControlName": c.name,
                    "RoutingControlState": state(c.on), "Owner": cluster.account,
                })
            }));
        }
    }
    Reply::look(json!({"RoutingControls": found}).to_string())
}

fn update(
    world: &mut World,
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Reply, Refusal> {
    if !world.clusters_agree() {
        return Err(Refusal::new(
            "EndpointTemporarilyUnavailableException",
            "The cluster endpoint isn't available. Try another cluster endpoint.",
        )
        .with_status(503));
    }
    let entries = entries(operation, input)
        .into_iter()
        .map(|(arn, on)| {
            on.map(|on| (arn, on))
                .ok_or_else(|| Refusal::new("ValidationException", "RoutingControlState must be On or Off."))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let overridden: Vec<&str> =
        list(input, "SafetyRulesToOverride", "member").into_iter().filter_map(Value::as_str).collect();
    let first = entries.first().map(|(arn, _)| arn.clone()).unwrap_or_default();
    let account = context.account;
    let cluster = world
        .clusters
        .iter_mut()
        .find(|c| c.account == account && (entries.is_empty() || c.control(&first).is_some()))
        .ok_or_else(|| not_found(&first))?;
    let changed = cluster.set(&entries, &overridden, context.now.virtual_ms)?;
    Ok(Reply::did(changed, "{}"))
}
