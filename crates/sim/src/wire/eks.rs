//! EKS over rest-json: node groups, changing their sizes, and following a change to its end.

use super::input::{integer, required, text};
use super::service::{Operation, Plane};
use super::{Context, Reply};
use crate::refusal::Refusal;
use crate::world::World;
use crate::world::groups::{NodeGroup, NodeGroupUpdate, Size};
use http::Method;
use serde_json::{Map, Value, json};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::look("DescribeNodegroup", "eks:DescribeNodegroup", Plane::Control),
    Operation::look("DescribeUpdate", "eks:DescribeUpdate", Plane::Control),
    Operation::change("UpdateNodegroupConfig", "eks:UpdateNodegroupConfig", Plane::Control),
];

pub(super) fn route(method: &Method, path: &[&str]) -> Option<(&'static str, Map<String, Value>)> {
    let mut input = Map::new();
    let mut keep = |pairs: &[(&str, &str)]| {
        pairs.iter().for_each(|(key, value)| {
            input.insert((*key).to_owned(), (*value).into());
        });
    };
    let operation = match (method.as_str(), path) {
        ("GET", ["clusters", cluster, "node-groups", group]) => {
            keep(&[("clusterName", cluster), ("nodegroupName", group)]);
            "DescribeNodegroup"
        }
        ("POST", ["clusters", cluster, "node-groups", group, "update-config"]) => {
            keep(&[("clusterName", cluster), ("nodegroupName", group)]);
            "UpdateNodegroupConfig"
        }
        ("GET", ["clusters", cluster, "updates", update]) => {
            keep(&[("clusterName", cluster), ("updateId", update)]);
            "DescribeUpdate"
        }
        _ => return None,
    };
    Some((operation, input))
}

pub(super) fn resources(context: &Context<'_>, input: &Value) -> Vec<String> {
    let part = |key: &str| text(input, key).unwrap_or("*");
    vec![format!(
        "arn:aws:eks:{}:{}:nodegroup/{}/{}/id",
        context.region,
        context.account,
        part("clusterName"),
        part("nodegroupName")
    )]
}

pub(super) fn perform(
    world: &mut World,
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Reply, Refusal> {
    let index = find(world, context, input)?;
    match operation {
        "DescribeNodegroup" => {
            Ok(Reply::look(json!({"nodegroup": node_group(world, context, index)}).to_string()))
        }
        "DescribeUpdate" => follow(world, context, index, input),
        _ => update(world, context, index, input),
    }
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterException", message)
}

fn find(world: &World, context: &Context<'_>, input: &Value) -> Result<usize, Refusal> {
    let cluster = required(input, "clusterName", "InvalidParameterException")?;
    let name = required(input, "nodegroupName", "InvalidParameterException")?;
    let mine =
        |g: &&NodeGroup| g.account == context.account && g.region == context.region && g.cluster == cluster;
    if !world.node_groups.iter().any(|g| mine(&g)) {
        let message = format!("No cluster found for name: {cluster}.");
        return Err(Refusal::new("ResourceNotFoundException", message).with_status(404));
    }
    world.node_groups.iter().position(|g| mine(&g) && g.name == name).ok_or_else(|| {
        Refusal::new("ResourceNotFoundException", format!("No node group found for name: {name}."))
            .with_status(404)
    })
}

fn sizes(size: Size) -> Value {
    json!({"minSize": size.min, "maxSize": size.max, "desiredSize": size.desired})
}

fn node_group(world: &World, context: &Context<'_>, index: usize) -> Value {
    let Some(group) = world.node_groups.get(index) else { return Value::Null };
    let machines = world
        .groups
        .iter()
        .find(|g| g.account == group.account && g.region == group.region && g.name == group.group);
    let now_ms = context.now.virtual_ms;
    let short = machines.is_some_and(|g| g.starved && g.in_service(now_ms) < g.size.desired);
    let issues = if short {
        json!([{
            "code": "InsufficientInstanceCapacity",
            "message": "Amazon Autoscaling was unable to launch instances because there is not enough capacity",
            "resourceIds": [group.group],
        }])
    } else {
        json!([])
    };
    let status = if group.updating(now_ms) {
        "UPDATING"
    } else if short {
        "DEGRADED"
    } else {
        "ACTIVE"
    };
    json!({
        "nodegroupName": group.name,
        "nodegroupArn": group.arn(),
        "clusterName": group.cluster,
        "status": status,
        "capacityType": "ON_DEMAND",
        "instanceTypes": ["m6i.large"],
        "scalingConfig": machines.map(|g| sizes(g.size)),
        "resources": {"autoScalingGroups": [{"name": group.group}]},
        "health": {"issues": issues},
    })
}

fn update_json(context: &Context<'_>, update: &NodeGroupUpdate) -> Value {
    json!({
        "id": update.id,
        "status": update.status(context.now.virtual_ms),
        "type": "ConfigUpdate",
        "params": [
            {"type": "MinSize", "value": update.size.min.to_string()},
            {"type": "MaxSize", "value": update.size.max.to_string()},
            {"type": "DesiredSize", "value": update.size.desired.to_string()},
        ],
        "createdAt": context.now.wall(update.began_ms).as_millisecond() as f64 / 1_000.0,
        "errors": [],
    })
}

fn follow(world: &World, context: &Context<'_>, index: usize, input: &Value) -> Result<Reply, Refusal> {
    let id = required(input, "updateId", "InvalidParameterException")?;
    let updates = world.node_groups.get(index).map(|g| g.updates.as_slice()).unwrap_or_default();
    let found = updates.iter().find(|u| u.id == id).ok_or_else(|| {
        Refusal::new("ResourceNotFoundException", format!("No update found for ID: {id}")).with_status(404)
    })?;
    Ok(Reply::look(json!({"update": update_json(context, found)}).to_string()))
}

fn update(world: &mut World, context: &Context<'_>, index: usize, input: &Value) -> Result<Reply, Refusal> {
    let stands = world
        .node_groups
        .get(index)
        .and_then(|n| {
            world.groups.iter().find(|g| g.account == n.account && g.region == n.region && g.name == n.group)
        })
        .map(|g| g.size)
        .ok_or_else(|| invalid("The node group has no Auto Scaling group."))?;
    let config = input.get("scalingConfig").filter(|c| c.is_object());
    let config = config.ok_or_else(|| invalid("No changes needed for the nodegroup config provided"))?;
    let number = |key: &str, now: u32| match config.get(key) {
        None | Some(Value::Null) => Ok(now),
        Some(_) => integer(config, key)
            .and_then(|n| u32::try_from(n).ok())
            .ok_or_else(|| invalid(format!("{key} must not be negative"))),
    };
    let size = Size {
        min: number("minSize", stands.min)?,
        max: number("maxSize", stands.max)?,
        desired: number("desiredSize", stands.desired)?,
    };
    if size.desired < size.min {
        return Err(invalid(format!(
            "Minimum capacity {} can't be greater than desired size {}",
            size.min, size.desired
        )));
    }
    if size.desired > size.max || size.max == 0 {
        return Err(invalid(format!(
            "Desired capacity {} can't be greater than max size {}",
            size.desired, size.max
        )));
    }
    // The SDKs always send a token; whoever does not gets no protection from a repeat.
    let fresh = uuid::Uuid::new_v4().to_string();
    let token = text(input, "clientRequestToken").unwrap_or(&fresh);
    let (at, changed) = world.update_node_group(index, token, size, context.now.virtual_ms)?;
    let accepted = world.node_groups.get(index).and_then(|g| g.updates.get(at));
    let body = json!({"update": accepted.map(|u| update_json(context, u))}).to_string();
    Ok(Reply::did(changed, body))
}
