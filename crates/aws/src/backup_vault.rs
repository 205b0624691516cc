//! AWS Backup vaults, each asked in its own Region: the newest recovery point of each protected resource with what a
//! restore of it takes, and the restores of the last days with where the databases that they made are reached. Starting
//! a restore sends what was read and approved.

use crate::clients::Caller;
use crate::perform::answered;
use crate::rds_read_replica::{self, CLUSTERS, INSTANCES};
use crate::regional::{in_each, not_named};
use crate::settings::Service;
use aws_sdk_backup::primitives::DateTime;
use aws_sdk_backup::types::{RecoveryPointByBackupVault, RecoveryPointStatus, RestoreJobsListMember};
use futures::future::join_all;
use holdfast_cloud::{Error, ErrorKind, Looked, Settled};
use holdfast_domain::facts::{Protected, RecoveryPoint, RestoreJob, VaultFacts, database_of_arn};
use holdfast_domain::resource::{BackupVault, VaultPlace};
use holdfast_domain::{Facts, RegionCode};
use holdfast_failover::run::Answer;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

const POINTS: &str = "backup:ListRecoveryPointsByBackupVault";
const METADATA: &str = "backup:GetRecoveryPointRestoreMetadata";
const JOBS: &str = "backup:ListRestoreJobs";
pub(crate) const JOB: &str = "backup:DescribeRestoreJob";
/// A restore takes a day at the very most; what is older is of another move.
const JOBS_OF_SECONDS: i64 = 7 * 86_400;
/// As many as one call gives.
const AT_ONCE: i32 = 1000;
/// Years of hourly backups make a list that is longer than a look may take: the newest is looked for here first.
const LATELY_SECONDS: i64 = 35 * 86_400;
/// Restores are rehearsed, and leave databases behind; a move's are among the newest. One answer holds as many.
const ASKED_AFTER: usize = 100;
/// More of them than a vault takes of one resource in that time; a list that goes on is not taken for a whole one.
const PAGES: usize = 10;

pub(crate) const LOOK: &[&str] = &[POINTS, METADATA, JOBS, INSTANCES, CLUSTERS];

pub(crate) const CHANGES: &[&str] = &["backup:StartRestoreJob", JOB];

/// On the names alone that a drill gives: what it has restored is taken away again. Asked without such a name, a role that
/// has the right would be taken for one that has not.
pub(crate) const DELETES: &[&str] = &["rds:DeleteDBCluster", "rds:DeleteDBInstance"];

pub(crate) async fn look(caller: &Caller, spec: &BackupVault, regions: &[RegionCode]) -> Looked {
    in_each(regions, |region| look_in(caller, spec, region)).await
}

async fn look_in(caller: &Caller, spec: &BackupVault, region: &RegionCode) -> Result<Facts, Error> {
    let Some(place) = spec.per_region.get(region) else {
        return Err(not_named(caller, region, POINTS, "vault"));
    };
    let newest = join_all(place.protected.iter().map(|arn| newest(caller, region, place, arn)));
    let (newest, restores) = tokio::join!(newest, restores(caller, region, place));
    let mut protected = Vec::new();
    for (arn, newest) in place.protected.iter().zip(newest) {
        protected.push(Protected { resource_arn: arn.clone(), newest: newest? });
    }
    let mut restores = restores?;
    tell_endpoints(caller, region, &mut restores).await;
    Ok(Facts::BackupVault(VaultFacts {
        vault: place.vault.clone(),
        protected,
        restores,
        seen_at: holdfast_clock::now(),
    }))
}

async fn newest(
    caller: &Caller,
    region: &RegionCode,
    place: &VaultPlace,
    resource: &str,
) -> Result<Option<RecoveryPoint>, Error> {
    let lately = DateTime::from_secs(holdfast_clock::now().as_second() - LATELY_SECONDS);
    let newest = match newest_since(caller, region, place, resource, Some(lately)).await? {
        Some(newest) => Some(newest),
        None => newest_since(caller, region, place, resource, None).await?,
    };
    let Some((created_at, point)) = newest else { return Ok(None) };
    let Some(arn) = point.recovery_point_arn else { return Ok(None) };
    let metadata = metadata(caller, region, place, &arn).await;
    let resource_type = point.resource_type.unwrap_or_default();
    Ok(Some(RecoveryPoint { arn, created_at, resource_type, metadata }))
}

/// `None`: nothing whole was taken since then.
async fn newest_since(
    caller: &Caller,
    region: &RegionCode,
    place: &VaultPlace,
    resource: &str,
    since: Option<DateTime>,
) -> Result<Option<(Timestamp, RecoveryPointByBackupVault)>, Error> {
    let mut newest: Option<(Timestamp, RecoveryPointByBackupVault)> = None;
    let mut next = None;
    for _ in 0..PAGES {
        let sent = caller
            .backup(region.as_str())
            .list_recovery_points_by_backup_vault()
            .backup_vault_name(&place.vault)
            .by_resource_arn(resource)
            .set_by_created_after(since)
            .max_results(AT_ONCE)
            .set_next_token(next)
            .send();
        let page = caller.ask(Service::Backup, region.as_str(), POINTS, sent).await?;
        for point in page.recovery_points.unwrap_or_default() {
            let Some(at) = taken_at(&point).filter(|_| is_whole(&point)) else { continue };
            if newest.as_ref().is_none_or(|(newest, _)| at > *newest) {
                newest = Some((at, point));
            }
        }
        next = page.next_token;
        if next.is_none() {
            return Ok(newest);
        }
    }
    Err(endless(caller, region, POINTS))
}

fn is_whole(point: &RecoveryPointByBackupVault) -> bool {
    matches!(point.status(), Some(RecoveryPointStatus::Completed | RecoveryPointStatus::Available))
}

/// A copy may bear the time of its copying; the data is of when the backup began.
fn taken_at(point: &RecoveryPointByBackupVault) -> Option<Timestamp> {
    let times = [point.creation_date(), point.initiation_date()];
    times.into_iter().flatten().filter_map(|at| Timestamp::from_second(at.secs()).ok()).min()
}

/// What cannot be read is `None` in the facts; why is for the log.
async fn metadata(
    caller: &Caller,
    region: &RegionCode,
    place: &VaultPlace,
    point: &str,
) -> Option<BTreeMap<String, String>> {
    let sent = caller
        .backup(region.as_str())
        .get_recovery_point_restore_metadata()
        .backup_vault_name(&place.vault)
        .recovery_point_arn(point)
        .send();
    let answer = caller
        .ask(Service::Backup, region.as_str(), METADATA, sent)
        .await
        .inspect_err(|error| tracing::debug!(%error, "the metadata of a recovery point could not be read"))
        .ok()?;
    answer.restore_metadata.map(|metadata| metadata.into_iter().collect())
}

async fn restores(
    caller: &Caller,
    region: &RegionCode,
    place: &VaultPlace,
) -> Result<Vec<RestoreJob>, Error> {
    let protected: BTreeSet<&str> = place.protected.iter().map(String::as_str).collect();
    let since = DateTime::from_secs(holdfast_clock::now().as_second() - JOBS_OF_SECONDS);
    let mut jobs = Vec::new();
    let mut next = None;
    for _ in 0..PAGES {
        let sent = caller
            .backup(region.as_str())
            .list_restore_jobs()
            .by_created_after(since)
            .max_results(AT_ONCE)
            .set_next_token(next)
            .send();
        let page = caller.ask(Service::Backup, region.as_str(), JOBS, sent).await?;
        jobs.extend(page.restore_jobs.unwrap_or_default());
        next = page.next_token;
        if next.is_none() {
            break;
        }
    }
    if next.is_some() {
        return Err(endless(caller, region, JOBS));
    }
    jobs.retain(|job| job.source_resource_arn().is_some_and(|arn| protected.contains(arn)));
    jobs.sort_by_key(|job| job.creation_date().map(|at| at.secs()));
    // A job that is not told whole may be the move's own, and another would be started beside it.
    let wrong = || {
        caller
            .call(region.as_str(), JOBS)
            .error(ErrorKind::Unreadable, "a restore job has no id or no recovery point")
    };
    jobs.into_iter().map(|job| restore_job(job).ok_or_else(wrong)).collect()
}

/// Where the databases are reached that the jobs have made and that are still there; of those that could not be asked for,
/// why.
async fn tell_endpoints(caller: &Caller, region: &RegionCode, jobs: &mut [RestoreJob]) {
    for are_clusters in [false, true] {
        let made = |job: &RestoreJob| {
            let (id, is_cluster) = database_of_arn(job.created_resource_arn.as_deref()?)?;
            (is_cluster == are_clusters).then(|| id.to_owned())
        };
        let newest: BTreeSet<String> = jobs.iter().rev().filter_map(made).take(ASKED_AFTER).collect();
        if newest.is_empty() {
            continue;
        }
        let names: Vec<String> = newest.into_iter().collect();
        let found = rds_read_replica::databases(caller, region, &names, are_clusters).await;
        for (job, id) in jobs.iter_mut().filter_map(|job| made(job).map(|id| (job, id))) {
            match &found {
                Ok(databases) => {
                    let database = databases.iter().find(|database| database.id == id);
                    job.endpoint = database.and_then(|database| database.endpoint.clone());
                    job.stands = database.map(|database| database.status.clone());
                }
                Err(error) => job.not_told = Some(error.to_string()),
            }
        }
    }
}

/// Of a part the newest may not be the newest.
fn endless(caller: &Caller, region: &RegionCode, action: &'static str) -> Error {
    let read = PAGES * usize::try_from(AT_ONCE).unwrap_or_default();
    caller.call(region.as_str(), action).error(
        ErrorKind::Unreadable,
        format!("AWS lists more than the {read} that are read, so which is the newest is not known"),
    )
}

fn restore_job(job: RestoreJobsListMember) -> Option<RestoreJob> {
    Some(RestoreJob {
        id: job.restore_job_id?,
        recovery_point_arn: job.recovery_point_arn?,
        status: job.status.map_or_else(|| "UNKNOWN".to_owned(), |status| status.as_str().to_owned()),
        percent_done: job.percent_done,
        created_resource_arn: job.created_resource_arn,
        message: job.status_message,
        endpoint: None,
        not_told: None,
        stands: None,
    })
}

/// What a restore is told.
pub(crate) struct Restore<'a> {
    pub recovery_point_arn: &'a str,
    pub resource_type: &'a str,
    pub role_arn: &'a str,
    pub metadata: &'a BTreeMap<String, String>,
    pub token: &'a str,
}

pub(crate) async fn start_restore(
    caller: &Caller,
    action: &'static str,
    region: &RegionCode,
    restore: Restore<'_>,
) -> Result<Answer, Error> {
    let region = region.as_str();
    let resource_type = (!restore.resource_type.is_empty()).then(|| restore.resource_type.to_owned());
    let sent = caller
        .backup(region)
        .start_restore_job()
        .recovery_point_arn(restore.recovery_point_arn)
        .set_resource_type(resource_type)
        .iam_role_arn(restore.role_arn)
        .set_metadata(Some(restore.metadata.clone().into_iter().collect()))
        .idempotency_token(restore.token)
        .send();
    let answer = caller.ask(Service::Backup, region, action, sent).await?;
    let job = answer.restore_job_id().map(str::to_owned);
    answered(action, region, &answer, job)
}

/// Without a last snapshot, and without the backups that RDS would keep of it: it is a copy of a backup itself.
pub(crate) async fn delete_restored(
    caller: &Caller,
    action: &'static str,
    region: &RegionCode,
    database: &str,
    is_cluster: bool,
) -> Result<Answer, Error> {
    let region = region.as_str();
    if is_cluster {
        let sent = caller
            .rds(region)
            .delete_db_cluster()
            .db_cluster_identifier(database)
            .skip_final_snapshot(true)
            .delete_automated_backups(true)
            .send();
        return answered(action, region, &caller.ask(Service::Rds, region, action, sent).await?, None);
    }
    let sent = caller
        .rds(region)
        .delete_db_instance()
        .db_instance_identifier(database)
        .skip_final_snapshot(true)
        .delete_automated_backups(true)
        .send();
    answered(action, region, &caller.ask(Service::Rds, region, action, sent).await?, None)
}

/// A job that has ended well is settled; one that has not says so here, because the list of jobs may be late.
pub(crate) async fn settled(caller: &Caller, region: &RegionCode, job: &str) -> Result<Settled, Error> {
    let sent = caller.backup(region.as_str()).describe_restore_job().restore_job_id(job).send();
    match caller.ask(Service::Backup, region.as_str(), JOB, sent).await {
        Ok(answer) => Ok(match answer.status().map(|status| status.as_str()) {
            Some("COMPLETED") => Settled::Yes,
            Some(status @ ("ABORTED" | "FAILED")) => {
                let why = answer.status_message().unwrap_or("no reason is told");
                Settled::Failed(format!("restore job {job} is {status}: {why}"))
            }
            Some(status) => {
                let done = answer.percent_done().unwrap_or("share not told");
                Settled::NotYet(format!("{status}, {done}"))
            }
            None => Settled::NotYet("no status".to_owned()),
        }),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(Settled::NotKnown(error.message)),
        Err(error) => Err(error),
    }
}
