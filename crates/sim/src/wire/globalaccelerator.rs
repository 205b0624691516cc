//! Global Accelerator over JSON 1.1, at its one endpoint in us-west-2: accelerators, listeners, endpoint
//! groups, and changing a group's dial and endpoints.

use super::input::{integer, list, number, text};
use super::service::{Operation, Plane};
use super::{Context, Reply};
use crate::refusal::Refusal;
use crate::world::World;
use crate::world::clock::Moment;
use crate::world::traffic::{Accelerator, Endpoint, EndpointGroup};
use serde_json::{Value, json};

const AT: Plane = Plane::Global("us-west-2");

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::look("DescribeAccelerator", "globalaccelerator:DescribeAccelerator", AT),
    Operation::look("ListAccelerators", "globalaccelerator:ListAccelerators", AT),
    Operation::look("ListListeners", "globalaccelerator:ListListeners", AT),
    Operation::look("ListEndpointGroups", "globalaccelerator:ListEndpointGroups", AT),
    Operation::look("DescribeEndpointGroup", "globalaccelerator:DescribeEndpointGroup", AT),
    Operation::change("UpdateEndpointGroup", "globalaccelerator:UpdateEndpointGroup", AT),
];

pub(super) fn resources(input: &Value) -> Vec<String> {
    let arn = ["EndpointGroupArn", "ListenerArn", "AcceleratorArn"].iter().find_map(|key| text(input, key));
    vec![arn.unwrap_or("*").to_owned()]
}

pub(super) fn perform(
    world: &mut World,
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Reply, Refusal> {
    let now = context.now;
    let body = match operation {
        "DescribeAccelerator" => {
            json!({"Accelerator": accelerator_json(accelerator(world, context, input)?, now)})
        }
        "ListAccelerators" => {
            let mine = world.accelerators.iter().filter(|a| a.account == context.account);
            json!({"Accelerators": mine.map(|a| accelerator_json(a, now)).collect::<Vec<_>>()})
        }
        "ListListeners" => {
            let found = accelerator(world, context, input)?;
            let listeners = found.listeners().into_iter().enumerate().map(|(at, id)| {
                json!({
                    "ListenerArn": found.listener_arn(id),
                    "PortRanges": [{"FromPort": 443 + at, "ToPort": 443 + at}],
                    "Protocol": "TCP",
                    "ClientAffinity": "NONE",
                })
            });
            json!({"Listeners": listeners.collect::<Vec<_>>()})
        }
        "ListEndpointGroups" => {
            let arn = text(input, "ListenerArn").unwrap_or_default();
            let mine = world.accelerators.iter().filter(|a| a.account == context.account);
            let (found, listener) = mine
                .flat_map(|a| a.listeners().into_iter().map(move |listener| (a, listener)))
                .find(|(a, listener)| a.listener_arn(listener) == arn)
                .ok_or_else(|| not_found("ListenerNotFoundException", arn))?;
            let here = found.groups.iter().filter(|g| found.listener_of(g) == listener);
            let groups: Vec<_> = here.map(|g| group_json(world, found, g)).collect();
            json!({"EndpointGroups": groups})
        }
        "DescribeEndpointGroup" => {
            let (found, group) = group_of(world, context, input)?;
            json!({"EndpointGroup": group_json(world, found, group)})
        }
        _ => return update_group(world, context, input),
    };
    Ok(Reply::look(body.to_string()))
}

fn update_group(world: &mut World, context: &Context<'_>, input: &Value) -> Result<Reply, Refusal> {
    let (_, group) = group_of(world, context, input)?;
    let mut after = group.clone();
    if input.get("TrafficDialPercentage").is_some_and(|d| !d.is_null()) {
        after.dial = number(input, "TrafficDialPercentage")
            .filter(|d| (0.0..=100.0).contains(d))
            .ok_or_else(|| invalid("TrafficDialPercentage must be 0 to 100"))?;
    }
    if input.get("EndpointConfigurations").is_some_and(|e| !e.is_null()) {
        after.endpoints = list(input, "EndpointConfigurations", "EndpointConfigurations")
            .into_iter()
            .map(|e| {
                let id = text(e, "EndpointId").ok_or_else(|| invalid("Each endpoint needs an EndpointId"))?;
                let weight = integer(e, "Weight").unwrap_or(128);
                let weight = u8::try_from(weight).map_err(|_| invalid("Weight must be 0 to 255"))?;
                Ok(Endpoint { id: id.to_owned(), weight })
            })
            .collect::<Result<_, Refusal>>()?;
    }
    let changed = after.dial != group.dial || after.endpoints != group.endpoints;
    let (account, group_id) = (context.account, group.id.clone());
    let index = world
        .accelerators
        .iter()
        .position(|a| a.account == account && a.groups.iter().any(|g| g.id == group_id));
    if let Some(found) = index.and_then(|i| world.accelerators.get_mut(i)) {
        if let Some(slot) = found.groups.iter_mut().find(|g| g.id == group_id) {
            *slot = after;
        }
        if changed {
            found.updated_ms = context.now.virtual_ms;
        }
    }
    let (found, group) = group_of(world, context, input)?;
    Ok(Reply::did(changed, json!({"EndpointGroup": group_json(world, found, group)}).to_string()))
}

fn accelerator<'w>(
    world: &'w World,
    context: &Context<'_>,
    input: &Value,
) -> Result<&'w Accelerator, Refusal> {
    let arn = text(input, "AcceleratorArn").unwrap_or_default();
    let mut mine = world.accelerators.iter().filter(|a| a.account == context.account);
    mine.find(|a| a.arn() == arn).ok_or_else(|| not_found("AcceleratorNotFoundException", arn))
}

fn group_of<'w>(
    world: &'w World,
    context: &Context<'_>,
    input: &Value,
) -> Result<(&'w Accelerator, &'w EndpointGroup), Refusal> {
    let arn = text(input, "EndpointGroupArn").unwrap_or_default();
    let mine = world.accelerators.iter().filter(|a| a.account == context.account);
    mine.flat_map(|a| a.groups.iter().map(move |g| (a, g)))
        .find(|(a, g)| a.group_arn(g) == arn)
        .ok_or_else(|| not_found("EndpointGroupNotFoundException", arn))
}

fn accelerator_json(accelerator: &Accelerator, now: Moment) -> Value {
    json!({
        "AcceleratorArn": accelerator.arn(),
        "Name": accelerator.name,
        "IpAddressType": "IPV4",
        "Enabled": true,
        "IpSets": [{"IpFamily": "IPv4", "IpAddresses": ["192.0.2.10", "198.51.100.10"], "IpAddressFamily": "IPv4"}],
        "DnsName": format!("{}.awsglobalaccelerator.com", accelerator.id.replace('-', "").get(..16).unwrap_or("a")),
        "Status": accelerator.status(now.virtual_ms),
        "LastModifiedTime": now.wall(accelerator.updated_ms).as_millisecond() as f64 / 1_000.0,
    })
}

fn group_json(world: &World, accelerator: &Accelerator, group: &EndpointGroup) -> Value {
    let dark = world.regions.get(&group.region).is_some_and(|r| r.dark);
    let endpoints = group.endpoints.iter().map(|e| {
        let mut endpoint = json!({
            "EndpointId": e.id,
            "Weight": e.weight,
            "HealthState": if dark { "UNHEALTHY" } else { "HEALTHY" },
        });
        if let (true, Some(fields)) = (dark, endpoint.as_object_mut()) {
            fields.insert("HealthReason".into(), "Timeout: no answer to health checks".into());
        }
        endpoint
    });
    json!({
        "EndpointGroupArn": accelerator.group_arn(group),
        "EndpointGroupRegion": group.region,
        "EndpointDescriptions": endpoints.collect::<Vec<_>>(),
        "TrafficDialPercentage": group.dial,
        "HealthCheckPort": 443,
        "HealthCheckProtocol": "HTTPS",
        "HealthCheckPath": "/healthz",
        "HealthCheckIntervalSeconds": 30,
        "ThresholdCount": 3,
    })
}

fn not_found(code: &str, arn: &str) -> Refusal {
    Refusal::new(code, format!("Nothing was found for {arn}."))
}

fn invalid(message: &str) -> Refusal {
    Refusal::new("InvalidArgumentException", message)
}
