//! AWS Backup: vaults whose recovery points come by themselves while their source can be reached, and restore jobs that
//! take their time and may fail.

use super::Lines;
use super::databases::{Database, Doing};
use crate::refusal::Refusal;
use crate::world::World;
use crate::world::build::digits_of;
use crate::world::lag::Lag;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// From the call until a restore is at work.
pub const PENDING_MS: i64 = 500;
/// A whole restore.
pub const RESTORE_MS: i64 = 5_000;
/// Recovery points kept of one resource.
const KEPT_POINTS: usize = 5;
/// Restore jobs kept.
const KEPT_JOBS: usize = 500;

/// A vault.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Vault {
    /// Owner.
    pub account: String,
    /// Its Region.
    pub region: String,
    /// Its name.
    pub name: String,
    /// What is backed up to it.
    pub resources: Vec<BackedUp>,
}

/// One resource's recovery points.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BackedUp {
    /// The resource's ARN.
    pub arn: String,
    /// E.g. `RDS`.
    pub kind: String,
    /// How often it is backed up.
    pub every_ms: i64,
    /// How long ago the newest point was when the world began; taken once.
    pub began_with_age_ms: Option<i64>,
    /// Times of its points, oldest first.
    pub points: Vec<i64>,
    /// Why a restore of it would fail.
    pub fails: Option<String>,
}

/// A restore job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RestoreJob {
    /// Owner.
    pub account: String,
    /// Its Region.
    pub region: String,
    /// Its id.
    pub id: String,
    /// `IdempotencyToken`.
    pub token: Option<String>,
    /// The recovery point.
    pub point_arn: String,
    /// What it was taken of.
    pub source_arn: String,
    /// E.g. `RDS`.
    pub kind: String,
    /// `IamRoleArn`.
    pub role_arn: String,
    /// What was asked for.
    pub metadata: BTreeMap<String, String>,
    /// When it began.
    pub began_ms: i64,
    /// How it ended.
    pub ended: Option<Ended>,
    /// Why it will fail.
    pub fails: Option<String>,
}

/// The end of a restore job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// When.
    pub at_ms: i64,
    /// ARN of what was made; or why nothing was.
    pub result: Result<String, String>,
}

fn region_of(arn: &str) -> &str {
    arn.split(':').nth(3).unwrap_or_default()
}

impl Vault {
    /// The ARN of a recovery point.
    pub fn point_arn(&self, resource: &BackedUp, at_ms: i64) -> String {
        let id = digits_of(&format!("{} {} {at_ms}", self.name, resource.arn), 32);
        format!("arn:aws:backup:{}:{}:recovery-point:{id}", self.region, self.account)
    }

    /// New points for all the time that has passed while the source could be reached.
    pub(super) fn settle(&mut self, now_ms: i64, lines: &Lines<'_>) -> bool {
        let mut changed = false;
        for resource in &mut self.resources {
            if let Some(age_ms) = resource.began_with_age_ms.take() {
                resource.points.push(now_ms - age_ms);
                changed = true;
            }
            let from = region_of(&resource.arn);
            if !from.is_empty() && !(lines.reachable)(from, &self.region) {
                continue;
            }
            let Some(last) = resource.points.last().copied() else { continue };
            let missed = (now_ms - last) / resource.every_ms.max(1);
            if missed > 0 {
                resource.points.push(last + missed * resource.every_ms);
                let surplus = resource.points.len().saturating_sub(KEPT_POINTS);
                resource.points.drain(..surplus);
                changed = true;
            }
        }
        changed
    }
}

impl RestoreJob {
    /// Its status, as AWS words it.
    pub fn status(&self, now_ms: i64) -> &'static str {
        match &self.ended {
            Some(Ended { result: Ok(_), .. }) => "COMPLETED",
            Some(Ended { result: Err(_), .. }) => "FAILED",
            None if now_ms < self.began_ms + PENDING_MS => "PENDING",
            None => "RUNNING",
        }
    }

    /// `PercentDone`.
    pub fn percent_done(&self, now_ms: i64) -> String {
        let share = match self.ended {
            Some(Ended { result: Ok(_), .. }) => 100,
            _ => ((now_ms - self.began_ms) * 100 / RESTORE_MS).clamp(0, 99),
        };
        format!("{share}.00%")
    }

    /// The name that the restored resource is to have.
    fn name(&self) -> String {
        let given = self.metadata.get("DBInstanceIdentifier").cloned();
        given.unwrap_or_else(|| self.source_arn.rsplit(':').next().unwrap_or_default().to_owned())
    }
}

/// Ends the restores that are over by now; what they restore is there from then on.
pub(super) fn finish(jobs: &mut [RestoreJob], databases: &mut Vec<Database>, now_ms: i64) -> bool {
    let mut changed = false;
    for job in jobs.iter_mut().filter(|job| job.ended.is_none() && job.began_ms + RESTORE_MS <= now_ms) {
        let name = job.name();
        let taken =
            databases.iter().any(|d| d.account == job.account && d.region == job.region && d.id == name);
        let result = match (&job.fails, job.kind.as_str(), taken) {
            (Some(why), _, _) => Err(why.clone()),
            (None, "RDS", true) => Err(format!("DB instance {name} already exists")),
            (None, "RDS", false) => {
                let restored = Database {
                    account: job.account.clone(),
                    region: job.region.clone(),
                    id: name,
                    cluster: false,
                    engine: "postgres".to_owned(),
                    class: "db.r7g.large".to_owned(),
                    kms_key_id: None,
                    source: None,
                    doing: Doing::Available,
                    lag: Lag::default(),
                    lost_ms: None,
                    paused: false,
                    instances: Vec::new(),
                };
                let arn = restored.arn();
                databases.push(restored);
                Ok(arn)
            }
            (None, _, _) => Ok(job.source_arn.replacen(region_of(&job.source_arn), &job.region, 1)),
        };
        job.ended = Some(Ended { at_ms: job.began_ms + RESTORE_MS, result });
        changed = true;
    }
    changed
}

/// A request to restore.
#[derive(Debug, Clone, Copy)]
pub struct NewRestore<'a> {
    /// The caller's account.
    pub account: &'a str,
    /// The Region that the call went to.
    pub region: &'a str,
    /// The recovery point.
    pub point_arn: &'a str,
    /// Under which role.
    pub role_arn: &'a str,
    /// The client's token.
    pub token: Option<&'a str>,
    /// What a restore of the kind takes.
    pub metadata: &'a BTreeMap<String, String>,
}

impl World {
    /// What a restore of a recovery point takes: as the backup was, not as the recovery Region needs it.
    pub fn restore_metadata(resource: &BackedUp) -> BTreeMap<String, String> {
        let name = resource.arn.rsplit(':').next().unwrap_or_default();
        [
            ("DBInstanceIdentifier", name),
            ("DBInstanceClass", "db.r7g.large"),
            ("Engine", "postgres"),
            ("MultiAZ", "false"),
            ("PubliclyAccessible", "false"),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
    }

    /// Begins a restore, or refuses it. The same token again is the same job: its id and `false`.
    pub fn start_restore(&mut self, new: NewRestore<'_>, now_ms: i64) -> Result<(String, bool), Refusal> {
        let NewRestore { account, region, point_arn, role_arn, token, metadata } = new;
        let mine = |job: &&RestoreJob| job.account == account && job.region == region;
        let again = self
            .stores
            .restores
            .iter()
            .filter(mine)
            .find(|job| token.is_some() && job.token.as_deref() == token);
        if let Some(job) = again {
            if job.point_arn != point_arn || job.metadata != *metadata {
                return Err(Refusal::new(
                    "InvalidParameterValueException",
                    "The idempotency token was used with other parameters.",
                ));
            }
            return Ok((job.id.clone(), false));
        }
        let found =
            self.stores.vaults.iter().filter(|v| v.account == account && v.region == region).find_map(
                |vault| {
                    let held = |r: &&BackedUp| r.points.iter().any(|at| vault.point_arn(r, *at) == point_arn);
                    vault.resources.iter().find(held)
                },
            );
        let Some(resource) = found else {
            return Err(Refusal::new(
                "ResourceNotFoundException",
                format!("Recovery point {point_arn} does not exist."),
            ));
        };
        let role = format!("arn:aws:iam::{account}:role/");
        if !role_arn.starts_with(&role) {
            return Err(Refusal::new(
                "InvalidParameterValueException",
                format!("{role_arn} is no role of this account."),
            ));
        }
        let number = self.stores.restores.len() + 1;
        let id = digits_of(&format!("restore {account} {region} {number} {now_ms}"), 32).to_uppercase();
        let job = RestoreJob {
            account: account.to_owned(),
            region: region.to_owned(),
            id: id.clone(),
            token: token.map(str::to_owned),
            point_arn: point_arn.to_owned(),
            source_arn: resource.arn.clone(),
            kind: resource.kind.clone(),
            role_arn: role_arn.to_owned(),
            metadata: metadata.clone(),
            began_ms: now_ms,
            ended: None,
            fails: resource.fails.clone(),
        };
        self.stores.restores.push(job);
        let surplus = self.stores.restores.len().saturating_sub(KEPT_JOBS);
        self.stores.restores.drain(..surplus);
        Ok((id, true))
    }
}
