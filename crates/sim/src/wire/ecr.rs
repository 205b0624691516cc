//! ECR over JSON 1.1: which images a Region's registry has, and what it replicates where.

use super::input::{list, required, text};
use super::service::{Operation, Plane};
use super::{Context, Reply};
use crate::refusal::Refusal;
use crate::world::World;
use crate::world::images::{Image, Repository};
use serde_json::{Value, json};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::look("DescribeRegistry", "ecr:DescribeRegistry", Plane::Control),
    Operation::look("DescribeImages", "ecr:DescribeImages", Plane::Control),
    Operation::look("DescribeImageReplicationStatus", "ecr:DescribeImageReplicationStatus", Plane::Control),
];

pub(super) fn resources(operation: &str, context: &Context<'_>, input: &Value) -> Vec<String> {
    vec![match operation {
        "DescribeRegistry" => "*".to_owned(),
        _ => format!(
            "arn:aws:ecr:{}:{}:repository/{}",
            context.region,
            context.account,
            text(input, "repositoryName").unwrap_or("*")
        ),
    }]
}

pub(super) fn perform(
    world: &World,
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Reply, Refusal> {
    let body = match operation {
        "DescribeRegistry" => registry(world, context),
        "DescribeImages" => images(world, context, input)?,
        _ => replication_status(world, context, input)?,
    };
    Ok(Reply::look(body.to_string()))
}

fn registry(world: &World, context: &Context<'_>) -> Value {
    let rules: Vec<Value> = world
        .replication_rules
        .iter()
        .filter(|r| r.account == context.account && r.region == context.region)
        .map(|rule| {
            json!({
                "destinations": rule.destinations.iter().map(|region| json!({
                    "region": region, "registryId": context.account,
                })).collect::<Vec<_>>(),
                "repositoryFilters": rule.prefixes.iter().map(|prefix| json!({
                    "filter": prefix, "filterType": "PREFIX_MATCH",
                })).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({"registryId": context.account, "replicationConfiguration": {"rules": rules}})
}

fn repository<'w>(
    world: &'w World,
    context: &Context<'_>,
    region: &str,
    name: &str,
) -> Option<&'w Repository> {
    let mut all = world.repositories.iter();
    all.find(|r| r.account == context.account && r.region == region && r.name == name)
}

fn own<'w>(world: &'w World, context: &Context<'_>, input: &Value) -> Result<&'w Repository, Refusal> {
    let name = required(input, "repositoryName", "InvalidParameterException")?;
    repository(world, context, context.region, name).ok_or_else(|| {
        let account = context.account;
        Refusal::new(
            "RepositoryNotFoundException",
            format!("The repository with name '{name}' does not exist in the registry with id '{account}'"),
        )
    })
}

fn is_named(image: &Image, id: &Value) -> bool {
    text(id, "imageDigest").is_some_and(|d| image.digest == d)
        || text(id, "imageTag").is_some_and(|t| image.tags.iter().any(|own| own == t))
}

fn images(world: &World, context: &Context<'_>, input: &Value) -> Result<Value, Refusal> {
    let repository = own(world, context, input)?;
    let ids = list(input, "imageIds", "imageIds");
    let found: Vec<&Image> = repository
        .images
        .iter()
        .filter(|image| ids.is_empty() || ids.iter().any(|id| is_named(image, id)))
        .collect();
    if !ids.is_empty() && found.is_empty() {
        let message =
            format!("The image requested does not exist within the repository '{}'", repository.name);
        return Err(Refusal::new("ImageNotFoundException", message));
    }
    let details: Vec<Value> = found
        .into_iter()
        .map(|image| {
            json!({
                "registryId": context.account,
                "repositoryName": repository.name,
                "imageDigest": image.digest,
                "imageTags": image.tags,
                "imageSizeInBytes": 48_000_000,
                "imagePushedAt": context.now.wall(image.pushed_ms).as_millisecond() as f64 / 1_000.0,
            })
        })
        .collect();
    Ok(json!({"imageDetails": details}))
}

fn replication_status(world: &World, context: &Context<'_>, input: &Value) -> Result<Value, Refusal> {
    let repository_here = own(world, context, input)?;
    let id = input.get("imageId").unwrap_or(&Value::Null);
    let image = repository_here.images.iter().find(|i| is_named(i, id)).ok_or_else(|| {
        Refusal::new(
            "ImageNotFoundException",
            format!("The image requested does not exist within the repository '{}'", repository_here.name),
        )
    })?;
    let copies: Vec<Value> = world
        .replication_rules
        .iter()
        .filter(|r| r.account == context.account && r.region == context.region)
        .filter(|r| r.covers(&repository_here.name))
        .flat_map(|r| &r.destinations)
        .map(|region| {
            let there = repository(world, context, region, &repository_here.name);
            let copied = there.is_some_and(|r| r.images.iter().any(|i| i.digest == image.digest));
            json!({
                "region": region,
                "registryId": context.account,
                "status": if copied { "COMPLETE" } else { "FAILED" },
                "failureCode": if copied { Value::Null } else { "OTHER".into() },
            })
        })
        .collect();
    Ok(json!({
        "repositoryName": repository_here.name,
        "imageId": {"imageDigest": image.digest},
        "replicationStatuses": copies,
    }))
}
