//! ECS over JSON 1.1: services, their counts, changing the count, and which images their task definitions name. No
//! tasks.

use super::input::{flag, integer, list, text};
use super::service::{Operation, Plane};
use super::{Context, Reply};
use crate::refusal::Refusal;
use crate::world::World;
use crate::world::clock::Moment;
use crate::world::compute::EcsService;
use crate::world::groups::Behind;
use serde_json::{Value, json};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::look("DescribeServices", "ecs:DescribeServices", Plane::Control),
    Operation::look("DescribeTaskDefinition", "ecs:DescribeTaskDefinition", Plane::Control),
    Operation::look("ListServices", "ecs:ListServices", Plane::Control),
    Operation::look("ListClusters", "ecs:ListClusters", Plane::Control),
    Operation::change("UpdateService", "ecs:UpdateService", Plane::Control),
];

/// AWS describes no more at once.
const MAX_DESCRIBED: usize = 10;
/// AWS runs no more tasks in a service.
const MAX_TASKS: i64 = 5_000;

pub(super) fn resources(operation: &str, context: &Context<'_>, input: &Value) -> Vec<String> {
    let cluster = cluster_name(input);
    let arn = |service: &str| {
        let name = last(service);
        format!("arn:aws:ecs:{}:{}:service/{cluster}/{name}", context.region, context.account)
    };
    match operation {
        "DescribeServices" => {
            list(input, "services", "services").into_iter().filter_map(Value::as_str).map(arn).collect()
        }
        "UpdateService" => vec![arn(text(input, "service").unwrap_or("*"))],
        _ => vec!["*".to_owned()],
    }
}

pub(super) fn perform(
    world: &mut World,
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Reply, Refusal> {
    match operation {
        "DescribeServices" => describe(world, context, input),
        "UpdateService" => update(world, context, input),
        "DescribeTaskDefinition" => task_definition(world, context, input),
        "ListClusters" => Ok(list_clusters(world, context)),
        _ => list_services(world, context, input),
    }
}

/// A name out of an ARN or a name.
fn last(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

fn cluster_name(input: &Value) -> &str {
    last(text(input, "cluster").unwrap_or("default"))
}

fn here<'w>(world: &'w World, context: &Context<'_>) -> impl Iterator<Item = &'w EcsService> {
    let (account, region) = (context.account.to_owned(), context.region.to_owned());
    world.services.iter().filter(move |s| s.account == account && s.region == region)
}

fn known_cluster(world: &World, context: &Context<'_>, name: &str) -> Result<(), Refusal> {
    if here(world, context).any(|s| s.cluster == name) {
        return Ok(());
    }
    Err(Refusal::new("ClusterNotFoundException", "Cluster not found."))
}

fn describe(world: &World, context: &Context<'_>, input: &Value) -> Result<Reply, Refusal> {
    let cluster = cluster_name(input);
    let wanted: Vec<&str> =
        list(input, "services", "services").into_iter().filter_map(Value::as_str).collect();
    if wanted.is_empty() || wanted.len() > MAX_DESCRIBED {
        return Err(Refusal::new("InvalidParameterException", "services must have 1 to 10 entries."));
    }
    known_cluster(world, context, cluster)?;
    let (mut services, mut failures) = (Vec::new(), Vec::new());
    for id in wanted {
        match here(world, context).find(|s| s.cluster == cluster && s.name == last(id)) {
            Some(service) => services.push(service_json(world, service, context.now)),
            None => {
                let arn = resources("UpdateService", context, &json!({"cluster": cluster, "service": id}));
                failures.push(json!({"arn": arn.first(), "reason": "MISSING"}));
            }
        }
    }
    Ok(Reply::look(json!({"services": services, "failures": failures}).to_string()))
}

fn update(world: &mut World, context: &Context<'_>, input: &Value) -> Result<Reply, Refusal> {
    let cluster = cluster_name(input).to_owned();
    let name = last(text(input, "service").ok_or_else(|| invalid("service must be given."))?).to_owned();
    known_cluster(world, context, &cluster)?;
    let desired = match input.get("desiredCount") {
        None | Some(Value::Null) => None,
        Some(_) => {
            let count = integer(input, "desiredCount").filter(|n| (0..=MAX_TASKS).contains(n));
            Some(
                count
                    .and_then(|n| u32::try_from(n).ok())
                    .ok_or_else(|| invalid("desiredCount must be 0 to 5000."))?,
            )
        }
    };
    let (account, region, now_ms) = (context.account, context.region, context.now.virtual_ms);
    let missing = || Refusal::new("ServiceNotFoundException", "Service not found.");
    let is =
        |s: &EcsService| s.account == account && s.region == region && s.cluster == cluster && s.name == name;
    let service = world.services.iter_mut().find(|s| is(s)).ok_or_else(missing)?;
    let scaled = desired.is_some_and(|count| service.scale(count, now_ms));
    let forced = flag(input, "forceNewDeployment").unwrap_or(false);
    if forced {
        service.deployment += 1;
    }
    let service = world.services.iter().find(|s| is(s)).ok_or_else(missing)?;
    let body = json!({"service": service_json(world, service, context.now)}).to_string();
    Ok(Reply::did(scaled || forced, body))
}

fn task_definition(world: &World, context: &Context<'_>, input: &Value) -> Result<Reply, Refusal> {
    let id = text(input, "taskDefinition").ok_or_else(|| invalid("taskDefinition must be given."))?;
    let service = here(world, context)
        .find(|s| s.task_definition == last(id))
        .ok_or_else(|| Refusal::new("ClientException", "Unable to describe task definition."))?;
    let (family, revision) =
        service.task_definition.split_once(':').unwrap_or((&service.task_definition, "1"));
    let containers: Vec<Value> = service
        .images
        .iter()
        .enumerate()
        .map(|(number, image)| {
            json!({"name": format!("container-{}", number + 1), "image": image, "essential": number == 0})
        })
        .collect();
    let body = json!({"taskDefinition": {
        "taskDefinitionArn": service.task_definition_arn(),
        "family": family,
        "revision": revision.parse::<u32>().unwrap_or(1),
        "status": "ACTIVE",
        "containerDefinitions": containers,
    }});
    Ok(Reply::look(body.to_string()))
}

fn list_services(world: &World, context: &Context<'_>, input: &Value) -> Result<Reply, Refusal> {
    let cluster = cluster_name(input);
    known_cluster(world, context, cluster)?;
    let arns: Vec<String> =
        here(world, context).filter(|s| s.cluster == cluster).map(EcsService::arn).collect();
    Ok(Reply::look(json!({"serviceArns": arns}).to_string()))
}

fn list_clusters(world: &World, context: &Context<'_>) -> Reply {
    let mut arns: Vec<String> = here(world, context).map(EcsService::cluster_arn).collect();
    arns.sort();
    arns.dedup();
    Reply::look(json!({"clusterArns": arns}).to_string())
}

fn service_json(world: &World, service: &EcsService, now: Moment) -> Value {
    let running = service.running(now.virtual_ms);
    let pending = service.desired.saturating_sub(running);
    let steady = service.steady(now.virtual_ms);
    let seconds = |ms: i64| now.wall(ms).as_millisecond() as f64 / 1_000.0;
    let definition = service.task_definition_arn();
    let balancers: Vec<Value> = world
        .target_groups
        .iter()
        .filter(|t| t.account == service.account && t.region == service.region)
        .filter(|t| {
            t.behind == Behind::Service { cluster: service.cluster.clone(), service: service.name.clone() }
        })
        .map(|t| json!({"targetGroupArn": t.arn(), "containerName": "container-1", "containerPort": 8080}))
        .collect();
    json!({
        "serviceArn": service.arn(),
        "serviceName": service.name,
        "clusterArn": service.cluster_arn(),
        "status": "ACTIVE",
        "desiredCount": service.desired,
        "runningCount": running,
        "pendingCount": pending,
        "launchType": "FARGATE",
        "schedulingStrategy": "REPLICA",
        "taskDefinition": definition,
        "loadBalancers": balancers,
        "deployments": [{
            "id": format!("ecs-svc/{:019}", service.deployment),
            "status": "PRIMARY",
            "taskDefinition": definition,
            "desiredCount": service.desired,
            "pendingCount": pending,
            "runningCount": running,
            "failedTasks": 0,
            "createdAt": seconds(service.changed_ms),
            "updatedAt": seconds(now.virtual_ms),
            "rolloutState": if steady { "COMPLETED" } else { "IN_PROGRESS" },
            "rolloutStateReason": if steady { "ECS deployment completed." } else { "ECS deployment in progress." },
        }],
        "events": [],
    })
}

fn invalid(message: &str) -> Refusal {
    Refusal::new("InvalidParameterException", message)
}
