//! RDS databases outside global databases: who copies from whom, promotion (one way), and building a replica, which
//! takes its time. Not their contents.

use super::Lines;
use crate::refusal::Refusal;
use crate::world::World;
use crate::world::lag::{Condition, Lag};
use serde::{Deserialize, Serialize};

/// From the call until a promoted replica takes writes.
pub const PROMOTE_MS: i64 = 3_000;
/// From the call until a new replica is there.
pub const CREATE_MS: i64 = 6_000;
/// From the call until a deleted database is gone.
pub const DELETE_MS: i64 = 2_000;

/// A database.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Database {
    /// Owner.
    pub account: String,
    /// Its Region.
    pub region: String,
    /// `DBInstanceIdentifier` or `DBClusterIdentifier`.
    pub id: String,
    /// A cluster rather than an instance.
    pub cluster: bool,
    /// E.g. `postgres`.
    pub engine: String,
    /// E.g. `db.r7g.large`.
    pub class: String,
    /// The key that it is encrypted with.
    pub kms_key_id: Option<String>,
    /// ARN of what it copies from.
    pub source: Option<String>,
    /// What it is busy with.
    pub doing: Doing,
    /// Behind its source.
    pub lag: Lag,
    /// Writes lost by its promotion, in milliseconds of writing.
    pub lost_ms: Option<f64>,
    /// Somebody has stopped its replication.
    #[serde(default)]
    pub paused: bool,
    /// Of a cluster: what it serves and copies with.
    #[serde(default)]
    pub instances: Vec<Instance>,
}

/// An instance of a cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Instance {
    /// `DBInstanceIdentifier`.
    pub id: String,
    /// E.g. `db.r7g.large`.
    pub class: String,
    /// From when on it can be used.
    pub ready_ms: i64,
}

/// What a database is busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doing {
    /// Nothing.
    Available,
    /// A backup; a replica is not promoted meanwhile.
    BackingUp {
        /// When it ends.
        until_ms: i64,
    },
    /// Being made.
    Creating {
        /// When it ends.
        until_ms: i64,
    },
    /// On its way from replica to a database of its own.
    Promoting {
        /// When it began.
        since_ms: i64,
        /// When it ends.
        until_ms: i64,
    },
    /// Being deleted.
    Deleting {
        /// When it is gone.
        until_ms: i64,
    },
}

impl Database {
    /// Its ARN.
    pub fn arn(&self) -> String {
        let kind = if self.cluster { "cluster" } else { "db" };
        format!("arn:aws:rds:{}:{}:{kind}:{}", self.region, self.account, self.id)
    }

    /// `DBInstanceStatus`, as AWS words it.
    pub fn status(&self, now_ms: i64) -> &'static str {
        match self.doing {
            Doing::Available => "available",
            Doing::BackingUp { .. } => "backing-up",
            Doing::Creating { .. } => "creating",
            Doing::Deleting { .. } => "deleting",
            Doing::Promoting { since_ms, until_ms } if now_ms < since_ms + (until_ms - since_ms) / 2 => {
                "modifying"
            }
            Doing::Promoting { .. } => "rebooting",
        }
    }

    /// The status of its replication; `None` for what copies nothing.
    pub fn replication(&self) -> Option<&'static str> {
        self.source.as_ref()?;
        Some(match (self.paused, self.lag.is_stopped()) {
            (true, _) => "stopped",
            (false, true) => "error",
            (false, false) => "replicating",
        })
    }
}

fn region_of(arn: &str) -> &str {
    arn.split(':').nth(3).unwrap_or_default()
}

pub(super) fn settle(databases: &mut Vec<Database>, now_ms: i64, lines: &Lines<'_>) -> bool {
    let stood = databases.len();
    databases.retain(|d| !matches!(d.doing, Doing::Deleting { until_ms } if until_ms <= now_ms));
    let mut changed = databases.len() < stood;
    for database in databases {
        let ended = match database.doing {
            Doing::Available | Doing::Deleting { .. } => None,
            Doing::BackingUp { until_ms }
            | Doing::Creating { until_ms }
            | Doing::Promoting { until_ms, .. } => Some(until_ms).filter(|until| *until <= now_ms),
        };
        if ended.is_some() {
            if matches!(database.doing, Doing::Promoting { .. }) {
                database.source = None;
            }
            database.doing = Doing::Available;
            changed = true;
        }
        let Some(from) = database.source.as_deref().map(region_of) else {
            database.lag.set(ended.unwrap_or(now_ms), Condition::Absent, 0.0);
            continue;
        };
        // A cluster copies from the moment of its first instance, whenever somebody looks.
        let first = database.instances.iter().map(|i| i.ready_ms).filter(|ready| *ready <= now_ms).min();
        let equipped = !database.cluster || first.is_some();
        let began = first.filter(|_| database.cluster && database.lag.at(now_ms).is_none());
        let condition = match database.doing {
            _ if !equipped => Condition::Absent,
            Doing::Creating { .. } | Doing::Promoting { .. } => Condition::Absent,
            _ if !database.paused && (lines.reachable)(from, &database.region) => Condition::Flowing,
            _ => Condition::Stopped,
        };
        database.lag.set(ended.or(began).unwrap_or(now_ms), condition, (lines.base)(from, &database.region));
    }
    changed
}

/// A request for a new replica.
#[derive(Debug, Clone, Copy)]
pub struct NewReplica<'a> {
    /// The caller's account.
    pub account: &'a str,
    /// The Region that the call went to, and where the replica will be.
    pub region: &'a str,
    /// A cluster rather than an instance.
    pub cluster: bool,
    /// Its name.
    pub id: &'a str,
    /// ARN of the source.
    pub source: &'a str,
    /// Its class; the source's when absent.
    pub class: Option<&'a str>,
    /// The key of its Region.
    pub kms_key_id: Option<&'a str>,
    /// Whether the request to the source's Region came along.
    pub signed_for_source: bool,
}

impl World {
    /// The place of a database in the list.
    pub fn database(&self, account: &str, region: &str, cluster: bool, id: &str) -> Option<usize> {
        self.stores.databases.iter().position(|d| {
            d.account == account
                && d.region == region
                && d.cluster == cluster
                && (d.id == id || d.arn() == id)
        })
    }

    /// Begins a promotion, or refuses it.
    pub fn promote(
        &mut self,
        account: &str,
        region: &str,
        cluster: bool,
        id: &str,
        now_ms: i64,
    ) -> Result<usize, Refusal> {
        let (missing, wrong, what) = if cluster {
            ("DBClusterNotFoundFault", "InvalidDBClusterStateFault", "DB cluster")
        } else {
            ("DBInstanceNotFound", "InvalidDBInstanceState", "DB instance")
        };
        let at = self
            .database(account, region, cluster, id)
            .ok_or_else(|| Refusal::new(missing, format!("{what} {id} not found.")).with_status(404))?;
        let Some(database) = self.stores.databases.get_mut(at) else {
            return Err(Refusal::new(missing, format!("{what} {id} not found.")).with_status(404));
        };
        if database.source.is_none() {
            return Err(Refusal::new(wrong, format!("{what} {id} is not a read replica.")));
        }
        if database.doing != Doing::Available {
            return Err(Refusal::new(
                wrong,
                format!("{what} {id} is {}: it must be available to be promoted.", database.status(now_ms)),
            ));
        }
        database.lost_ms = Some(database.lag.at(now_ms).unwrap_or(0.0));
        database.doing = Doing::Promoting { since_ms: now_ms, until_ms: now_ms + PROMOTE_MS };
        Ok(at)
    }

    /// Begins to delete a database, or refuses it.
    pub fn delete_database(
        &mut self,
        account: &str,
        region: &str,
        cluster: bool,
        id: &str,
        now_ms: i64,
    ) -> Result<usize, Refusal> {
        let (missing, wrong, what) = if cluster {
            ("DBClusterNotFoundFault", "InvalidDBClusterStateFault", "DB cluster")
        } else {
            ("DBInstanceNotFound", "InvalidDBInstanceState", "DB instance")
        };
        let at = self.database(account, region, cluster, id);
        let found = at.and_then(|at| Some((at, self.stores.databases.get_mut(at)?)));
        let Some((at, database)) = found else {
            return Err(Refusal::new(missing, format!("{what} {id} not found.")).with_status(404));
        };
        if matches!(database.doing, Doing::Deleting { .. }) {
            return Err(Refusal::new(wrong, format!("{what} {id} is already being deleted.")));
        }
        database.doing = Doing::Deleting { until_ms: now_ms + DELETE_MS };
        Ok(at)
    }

    /// Begins to build a replica, or refuses it.
    pub fn create_replica(&mut self, new: NewReplica<'_>, now_ms: i64) -> Result<usize, Refusal> {
        let NewReplica { account, region, cluster, id, source, .. } = new;
        let (exists, missing, wrong, what) = if cluster {
            (
                "DBClusterAlreadyExistsFault",
                "DBClusterNotFoundFault",
                "InvalidDBClusterStateFault",
                "DB cluster",
            )
        } else {
            ("DBInstanceAlreadyExists", "DBInstanceNotFound", "InvalidDBInstanceState", "DB instance")
        };
        if self.database(account, region, cluster, id).is_some() {
            return Err(Refusal::new(exists, format!("{what} already exists")));
        }
        let from = self.stores.databases.iter().find(|d| d.account == account && d.arn() == source);
        let Some(from) = from.filter(|d| d.cluster == cluster) else {
            return Err(Refusal::new(missing, format!("{what} {source} not found.")).with_status(404));
        };
        if cluster && from.engine != "aurora-mysql" {
            return Err(Refusal::new(
                "InvalidParameterCombination",
                format!("Cross-Region read replicas are not supported for {}.", from.engine),
            ));
        }
        if from.doing != Doing::Available || !self.reachable(&from.region, region) {
            return Err(Refusal::new(
                wrong,
                format!("{what} {} is not available as a source for replicas.", from.id),
            ));
        }
        if from.kms_key_id.is_some() && from.region != region {
            if new.kms_key_id.is_none() {
                return Err(Refusal::new(
                    "InvalidParameterCombination",
                    "Cannot create an encrypted cross Region replica without KmsKeyId of the target Region.",
                ));
            }
            if !new.signed_for_source {
                return Err(Refusal::new(
                    "InvalidParameterCombination",
                    "PreSignedUrl is required for an encrypted source in another Region.",
                ));
            }
        }
        let replica = Database {
            account: account.to_owned(),
            region: region.to_owned(),
            id: id.to_owned(),
            cluster,
            engine: from.engine.clone(),
            class: new.class.unwrap_or(&from.class).to_owned(),
            kms_key_id: new.kms_key_id.map(str::to_owned),
            source: Some(source.to_owned()),
            doing: Doing::Creating { until_ms: now_ms + CREATE_MS },
            lag: Lag::default(),
            lost_ms: None,
            paused: false,
            instances: Vec::new(),
        };
        self.stores.databases.push(replica);
        Ok(self.stores.databases.len() - 1)
    }

    /// Begins to add an instance to a cluster, or refuses it. The places of the cluster and of the instance in it.
    pub fn add_cluster_instance(
        &mut self,
        (account, region): (&str, &str),
        cluster: &str,
        (id, class): (&str, &str),
        now_ms: i64,
    ) -> Result<(usize, usize), Refusal> {
        let here = || self.stores.databases.iter().filter(|d| d.account == account && d.region == region);
        let taken = here().any(|d| (!d.cluster && d.id == id) || d.instances.iter().any(|i| i.id == id));
        if taken {
            return Err(Refusal::new("DBInstanceAlreadyExists", "DB instance already exists"));
        }
        let missing = || {
            Refusal::new("DBClusterNotFoundFault", format!("DB cluster {cluster} not found."))
                .with_status(404)
        };
        let at = self.database(account, region, true, cluster).ok_or_else(missing)?;
        let found = self.stores.databases.get_mut(at).ok_or_else(missing)?;
        if matches!(found.doing, Doing::Creating { .. }) {
            return Err(Refusal::new(
                "InvalidDBClusterStateFault",
                format!("DB cluster {cluster} is creating: it must be available."),
            ));
        }
        let ready_ms = now_ms + CREATE_MS;
        found.instances.push(Instance { id: id.to_owned(), class: class.to_owned(), ready_ms });
        Ok((at, found.instances.len() - 1))
    }
}
