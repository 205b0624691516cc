//! AWS Backup over REST-JSON: recovery points, what a restore of them takes, and restore jobs.

use super::input::{number, required, text};
use super::service::{Operation, Plane};
use super::{Context, Reply};
use crate::refusal::Refusal;
use crate::world::World;
use crate::world::clock::Moment;
use crate::world::stores::backups::{BackedUp, NewRestore, RestoreJob, Vault};
use http::Method;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::look(
        "ListRecoveryPointsByBackupVault",
        "backup:ListRecoveryPointsByBackupVault",
        Plane::Control,
    ),
    Operation::look(
        "GetRecoveryPointRestoreMetadata",
        "backup:GetRecoveryPointRestoreMetadata",
        Plane::Control,
    ),
    Operation::look("ListRestoreJobs", "backup:ListRestoreJobs", Plane::Control),
    Operation::look("DescribeRestoreJob", "backup:DescribeRestoreJob", Plane::Control),
    Operation::change("StartRestoreJob", "backup:StartRestoreJob", Plane::Control),
];

pub(super) fn route(method: &Method, path: &[&str]) -> Option<(&'static str, Map<String, Value>)> {
    let with = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))).collect()
    };
    Some(match (method.as_str(), path) {
        ("GET", ["backup-vaults", vault, "recovery-points"]) => {
            ("ListRecoveryPointsByBackupVault", with(&[("BackupVaultName", vault)]))
        }
        ("GET", ["backup-vaults", vault, "recovery-points", arn, "restore-metadata"]) => (
            "GetRecoveryPointRestoreMetadata",
            with(&[("BackupVaultName", vault), ("RecoveryPointArn", arn)]),
        ),
        ("PUT", ["restore-jobs"]) => ("StartRestoreJob", Map::new()),
        ("GET", ["restore-jobs"]) => ("ListRestoreJobs", Map::new()),
        ("GET", ["restore-jobs", id]) => ("DescribeRestoreJob", with(&[("RestoreJobId", id)])),
        _ => return None,
    })
}

pub(super) fn resources(operation: &str, context: &Context<'_>, input: &Value) -> Vec<String> {
    let (account, region) = (context.account, context.region);
    vec![match operation {
        "ListRecoveryPointsByBackupVault" => {
            let vault = text(input, "BackupVaultName").unwrap_or("*");
            format!("arn:aws:backup:{region}:{account}:backup-vault:{vault}")
        }
        "GetRecoveryPointRestoreMetadata" | "StartRestoreJob" => {
            text(input, "RecoveryPointArn").unwrap_or("*").to_owned()
        }
        _ => "*".to_owned(),
    }]
}

pub(super) fn perform(
    world: &mut World,
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Reply, Refusal> {
    match operation {
        "ListRecoveryPointsByBackupVault" => points(world, context, input),
        "GetRecoveryPointRestoreMetadata" => metadata(world, context, input),
        "ListRestoreJobs" => Ok(jobs(world, context, input)),
        "DescribeRestoreJob" => job(world, context, input),
        _ => start(world, context, input),
    }
}

fn missing(what: &str) -> Refusal {
    Refusal::new("ResourceNotFoundException", format!("{what} does not exist."))
}

fn vault<'w>(world: &'w World, context: &Context<'_>, input: &Value) -> Result<&'w Vault, Refusal> {
    let name = required(input, "BackupVaultName", "MissingParameterValueException")?;
    world
        .stores
        .vaults
        .iter()
        .find(|v| v.account == context.account && v.region == context.region && v.name == name)
        .ok_or_else(|| missing(&format!("Backup vault {name}")))
}

fn seconds(now: Moment, at_ms: i64) -> f64 {
    now.wall(at_ms).as_millisecond() as f64 / 1_000.0
}

fn points(world: &World, context: &Context<'_>, input: &Value) -> Result<Reply, Refusal> {
    let vault = vault(world, context, input)?;
    let wanted = text(input, "resourceArn");
    let since_ms = created_after(context, input);
    let points: Vec<Value> = vault
        .resources
        .iter()
        .filter(|r| wanted.is_none_or(|arn| r.arn == arn))
        .flat_map(|r| r.points.iter().rev().map(move |at| (r, *at)))
        .filter(|(_, at_ms)| since_ms.is_none_or(|since| *at_ms >= since))
        .map(|(resource, at_ms)| {
            json!({
                "RecoveryPointArn": vault.point_arn(resource, at_ms),
                "BackupVaultName": vault.name,
                "ResourceArn": resource.arn,
                "ResourceType": resource.kind,
                "Status": "COMPLETED",
                "CreationDate": seconds(context.now, at_ms),
                "CompletionDate": seconds(context.now, at_ms),
                "IsEncrypted": true,
                "BackupSizeInBytes": 21_474_836_480_i64,
            })
        })
        .collect();
    Ok(Reply::look(json!({"RecoveryPoints": points}).to_string()))
}

fn metadata(world: &World, context: &Context<'_>, input: &Value) -> Result<Reply, Refusal> {
    let vault = vault(world, context, input)?;
    let arn = required(input, "RecoveryPointArn", "MissingParameterValueException")?;
    let held = |r: &&BackedUp| r.points.iter().any(|at| vault.point_arn(r, *at) == arn);
    let resource =
        vault.resources.iter().find(held).ok_or_else(|| missing(&format!("Recovery point {arn}")))?;
    let body = json!({
        "RecoveryPointArn": arn,
        "RestoreMetadata": World::restore_metadata(resource),
        "ResourceType": resource.kind,
    });
    Ok(Reply::look(body.to_string()))
}

fn start(world: &mut World, context: &Context<'_>, input: &Value) -> Result<Reply, Refusal> {
    let point_arn = required(input, "RecoveryPointArn", "MissingParameterValueException")?;
    let role_arn = required(input, "IamRoleArn", "MissingParameterValueException")?;
    let metadata: BTreeMap<String, String> = input
        .get("Metadata")
        .and_then(Value::as_object)
        .map(|map| map.iter().filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect())
        .unwrap_or_default();
    if metadata.is_empty() {
        return Err(Refusal::new("MissingParameterValueException", "Metadata must be given."));
    }
    let new = NewRestore {
        account: context.account,
        region: context.region,
        point_arn,
        role_arn,
        token: text(input, "IdempotencyToken"),
        metadata: &metadata,
    };
    let (id, begun) = world.start_restore(new, context.now.virtual_ms)?;
    Ok(Reply::did(begun, json!({"RestoreJobId": id}).to_string()))
}

fn mine<'w>(world: &'w World, context: &Context<'_>) -> impl Iterator<Item = &'w RestoreJob> {
    let (account, region) = (context.account.to_owned(), context.region.to_owned());
    world.stores.restores.iter().filter(move |j| j.account == account && j.region == region)
}

/// A time in a query is a text such as 2026-11-26T15:04:05Z.
fn created_after(context: &Context<'_>, input: &Value) -> Option<i64> {
    text(input, "createdAfter")
        .and_then(|at| at.parse::<jiff::Timestamp>().ok())
        .map(|at| context.now.to_virtual(at.as_millisecond()))
        .or_else(|| number(input, "createdAfter").map(|s| context.now.to_virtual((s * 1_000.0) as i64)))
}

fn jobs(world: &World, context: &Context<'_>, input: &Value) -> Reply {
    let since_ms = created_after(context, input);
    let jobs: Vec<Value> = mine(world, context)
        .filter(|job| since_ms.is_none_or(|since| job.began_ms >= since))
        .map(|job| job_json(job, context.now))
        .collect();
    Reply::look(json!({"RestoreJobs": jobs}).to_string())
}

fn job(world: &World, context: &Context<'_>, input: &Value) -> Result<Reply, Refusal> {
    let id = text(input, "RestoreJobId").unwrap_or_default();
    let job = mine(world, context).find(|job| job.id == id);
    let job = job.ok_or_else(|| missing(&format!("Restore job {id}")))?;
    Ok(Reply::look(job_json(job, context.now).to_string()))
}

fn job_json(job: &RestoreJob, now: Moment) -> Value {
    let mut shown = json!({
        "AccountId": job.account,
        "RestoreJobId": job.id,
        "RecoveryPointArn": job.point_arn,
        "SourceResourceArn": job.source_arn,
        "ResourceType": job.kind,
        "IamRoleArn": job.role_arn,
        "CreationDate": seconds(now, job.began_ms),
        "Status": job.status(now.virtual_ms),
        "PercentDone": job.percent_done(now.virtual_ms),
        "ExpectedCompletionTimeMinutes": 1,
    });
    if let (Some(ended), Some(fields)) = (&job.ended, shown.as_object_mut()) {
        fields.insert("CompletionDate".to_owned(), seconds(now, ended.at_ms).into());
        match &ended.result {
            Ok(arn) => fields.insert("CreatedResourceArn".to_owned(), arn.clone().into()),
            Err(why) => fields.insert("StatusMessage".to_owned(), why.clone().into()),
        };
    }
    shown
}
