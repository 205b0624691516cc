//! Secrets Manager over JSON 1.1: describing a secret in the Region that is called, reading it, and putting a version.

use super::input::{required, text};
use super::service::{Operation, Plane};
use super::{Context, Reply};
use crate::refusal::Refusal;
use crate::world::World;
use crate::world::supporting::{Secret, arn_of};
use serde_json::{Map, Value, json};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::look("DescribeSecret", "secretsmanager:DescribeSecret", Plane::Control),
    // Applications read their secrets while control planes are down.
    Operation::look("GetSecretValue", "secretsmanager:GetSecretValue", Plane::Data),
    Operation::change("PutSecretValue", "secretsmanager:PutSecretValue", Plane::Control),
];

pub(super) fn resources(context: &Context<'_>, input: &Value) -> Vec<String> {
    let id = text(input, "SecretId").unwrap_or("*");
    if id.starts_with("arn:") {
        return vec![id.to_owned()];
    }
    vec![arn_of(context.account, context.region, id)]
}

pub(super) fn perform(
    world: &mut World,
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Reply, Refusal> {
    let id = required(input, "SecretId", "InvalidParameterException")?;
    match operation {
        "DescribeSecret" => Ok(Reply::look(describe(here(world, context, id)?, context).to_string())),
        "GetSecretValue" => get(here(world, context, id)?, context),
        _ => put(world, context, id, input),
    }
}

fn find<'w>(world: &'w World, context: &Context<'_>, id: &str) -> Option<&'w Secret> {
    let mut secrets = world.supporting.secrets.iter();
    secrets.find(|s| {
        s.account == context.account && s.is(id, context.region) && s.current(context.region).is_some()
    })
}

fn here<'w>(world: &'w World, context: &Context<'_>, id: &str) -> Result<&'w Secret, Refusal> {
    find(world, context, id).ok_or_else(|| {
        Refusal::new("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
    })
}

fn describe(secret: &Secret, context: &Context<'_>) -> Value {
    let mut versions = Map::new();
    if let Some(current) = secret.current(context.region) {
        versions.insert(current.id.clone(), json!(["AWSCURRENT"]));
    }
    let mut described = json!({
        "ARN": secret.arn(context.region),
        "Name": secret.name,
        "VersionIdsToStages": versions,
    });
    if !secret.replicas.is_empty() {
        described["PrimaryRegion"] = json!(secret.primary);
    }
    // Only the primary tells how its replicas are.
    if context.region == secret.primary {
        let replicas = secret.replicas.iter().map(|replica| {
            json!({
                "Region": replica.region,
                "KmsKeyId": "alias/aws/secretsmanager",
                "Status": replica.status(secret.versions.len()),
                "StatusMessage": replica.failed,
            })
        });
        described["ReplicationStatus"] = replicas.collect();
    }
    if secret.deleted {
        described["DeletedDate"] = json!(context.now.wall(context.now.virtual_ms).as_second());
    }
    described
}

fn get(secret: &Secret, context: &Context<'_>) -> Result<Reply, Refusal> {
    if secret.deleted {
        let message = "You can't perform this operation on the secret because it was marked for deletion.";
        return Err(Refusal::new("InvalidRequestException", message));
    }
    let current = secret.current(context.region);
    let body = json!({
        "ARN": secret.arn(context.region),
        "Name": secret.name,
        "VersionId": current.map(|version| &version.id),
        "SecretString": current.map(|version| &version.content),
        "VersionStages": ["AWSCURRENT"],
    });
    Ok(Reply::look(body.to_string()))
}

fn put(world: &mut World, context: &Context<'_>, id: &str, input: &Value) -> Result<Reply, Refusal> {
    let secret = here(world, context, id)?;
    if secret.primary != context.region {
        let message = "You can't make changes to a replica secret; change the primary secret.";
        return Err(Refusal::new("InvalidRequestException", message));
    }
    let content = required(input, "SecretString", "InvalidParameterException")?;
    let fresh = uuid::Uuid::new_v4().to_string();
    let token = text(input, "ClientRequestToken").unwrap_or(&fresh);
    let (arn, name) = (secret.arn(context.region), secret.name.clone());
    let changed = match secret.versions.iter().find(|version| version.id == token) {
        Some(version) if version.content == content => false,
        Some(_) => {
            let message = "You can't create this secret version because a version with this ClientRequestToken already exists.";
            return Err(Refusal::new("ResourceExistsException", message));
        }
        None => true,
    };
    if changed
        && let Some(secret) = world.supporting.secrets.iter_mut().find(|s| s.arn(context.region) == arn)
    {
        secret.put(token, content, context.now.virtual_ms);
    }
    let body = json!({"ARN": arn, "Name": name, "VersionId": token, "VersionStages": ["AWSCURRENT"]});
    Ok(Reply::did(changed, body.to_string()))
}
