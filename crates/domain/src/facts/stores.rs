//! What holds the data: who writes, which copy follows, and how far behind.

use super::Facts;
use crate::ids::RegionCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuroraMember {
    pub cluster_arn: String,
    pub writer: bool,
    /// The global cluster's own status, such as `available` or `switching-over`.
    pub global_status: String,
    /// The status of a running switchover or failover, as AWS words it; `None` when none runs.
    pub failover_status: Option<String>,
    /// `connected` or `pending-resync` for a secondary.
    pub synchronization: Option<String>,
    /// The member cluster's own status; `None` when its Region could not be asked.
    pub cluster_status: Option<String>,
    /// Readable and writable instances in this Region; a secondary with none cannot be promoted quickly.
    pub instances: Option<u32>,
    pub instance_classes: Vec<String>,
    /// Only of secondaries.
    pub lag: Option<Lag>,
    /// The cluster's own endpoint in this Region: it leads to the writer once that is here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
}

/// How far a copy is behind, when that was measured, and by which metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lag {
    pub milliseconds: f64,
    pub measured_at: Timestamp,
    pub metric: String,
}

impl Lag {
    /// The one that is further behind; a move loses what the slowest way had not carried yet.
    #[must_use]
    pub fn worst<'a>(lags: impl IntoIterator<Item = &'a Self>) -> Option<&'a Self> {
        lags.into_iter().max_by(|a, b| a.milliseconds.total_cmp(&b.milliseconds))
    }
}

/// The database instance or cluster that the inventory names in this Region, or the newest of those that Holdfast
/// made in its stead (`NAME-holdfast-1` and on), with what copies from where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReplicaMember {
    pub id: String,
    pub arn: String,
    /// An Aurora or Multi-AZ cluster rather than an instance.
    pub is_cluster: bool,
    /// As AWS words it, such as `available`, `modifying` or `backing-up`.
    pub status: String,
    /// What it copies from, by ARN where it is in another Region; `None`: it takes writes.
    pub source: Option<String>,
    /// How replication goes, such as `replicating`, `error` or `terminated`; `None` where AWS says nothing.
    pub replication: Option<String>,
    /// Where clients connect.
    pub endpoint: Option<String>,
    /// What a replica built here again would be given.
    pub settings: ReplicaSettings,
    /// Of a cluster: without one it neither copies nor serves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instances: Vec<ClusterInstance>,
    /// Earlier ones of the same name here. Whatever of them is no copy still takes writes.
    pub left_behind: Vec<LeftBehind>,
    /// The identifier for a replica to be built here; `None` when there is no free one.
    pub next_id: Option<String>,
    /// Only of copies.
    pub lag: Option<Lag>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaSettings {
    /// Of a cluster, that of its instances.
    pub class: Option<String>,
    /// Of a cluster, which takes none from its source by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    pub kms_key_id: Option<String>,
    pub subnet_group: Option<String>,
    pub security_groups: Vec<String>,
    pub multi_az: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterInstance {
    pub id: String,
    /// As AWS words it, such as `creating` or `available`.
    pub status: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftBehind {
    pub id: String,
    pub takes_writes: bool,
}

/// A DynamoDB global table in one Region. Every replica takes writes: there is no writer to move.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableReplica {
    /// `ACTIVE`, `CREATING`, `REGION_DISABLED`, …; `None`: no replica here, though a table of the same name may be.
    pub status: Option<String>,
    pub consistency: Consistency,
    /// Regions that only bear witness for strong consistency.
    pub witnesses: Vec<String>,
    /// From every other Region that could be asked and has written of late.
    pub lags: Vec<LagFrom>,
    /// Other Regions with a replica whose lag could not be asked for.
    pub not_asked: Vec<String>,
    pub seen_at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consistency {
    /// MREC: writes arrive elsewhere some time later.
    Eventual,
    /// MRSC: a write is there in another Region before it is acknowledged.
    Strong,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LagFrom {
    pub region: String,
    pub lag: Lag,
}

/// A member of an ElastiCache Global Datastore.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatastoreMember {
    pub replication_group: String,
    pub primary: bool,
    /// The global datastore's own status: `available`, `modifying`, `primary-only`, …
    pub global_status: String,
    /// `associated` for a member that replicates.
    pub status: Option<String>,
    /// Only of secondaries.
    pub lag: Option<Lag>,
}

/// A bucket and the replication rules from and to it, as far as the application's other buckets go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BucketReplication {
    pub bucket: String,
    /// From here to the application's other buckets.
    pub outgoing: Vec<ReplicationRule>,
    /// From the application's other buckets to here.
    pub incoming: Vec<ReplicationRule>,
    /// Other Regions whose bucket could not be asked for its rules.
    pub not_asked: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReplicationRule {
    pub id: String,
    pub from: String,
    pub to: String,
    pub enabled: bool,
    /// Replication Time Control: fifteen minutes promised, and metrics with it.
    pub time_control: bool,
    pub metrics: bool,
    /// Delivery is best effort: nothing measured means not known.
    pub latency: Option<Lag>,
    pub bytes_pending: Option<f64>,
    pub operations_pending: Option<f64>,
    pub operations_failed: Option<f64>,
}

/// A backup vault with the newest recovery point of each protected resource, and the restores of the last days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VaultFacts {
    pub vault: String,
    pub protected: Vec<Protected>,
    /// Of the protected resources, oldest first.
    pub restores: Vec<RestoreJob>,
    pub seen_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Protected {
    pub resource_arn: String,
    pub newest: Option<RecoveryPoint>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryPoint {
    pub arn: String,
    pub created_at: Timestamp,
    pub resource_type: String,
    /// What a restore takes as it was read; `None` where it could not be.
    pub metadata: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreJob {
    pub id: String,
    pub recovery_point_arn: String,
    /// `PENDING`, `RUNNING`, `COMPLETED`, `ABORTED` or `FAILED`.
    pub status: String,
    /// As AWS words it, such as `40.00%`.
    pub percent_done: Option<String>,
    pub created_resource_arn: Option<String>,
    pub message: Option<String>,
    /// Where the database that it made is reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Why that is not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_told: Option<String>,
    /// The status of the database that it made, while that stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stands: Option<String>,
}

impl TableReplica {
    /// Nothing is behind where writes wait for the other Region. Elsewhere the worst way counts, and a way that
    /// could not be asked about leaves the whole unknown.
    fn lag(&self) -> Option<Lag> {
        if self.consistency == Consistency::Strong {
            return Some(Lag {
                milliseconds: 0.0,
                measured_at: self.seen_at,
                metric: "multi-Region strong consistency".into(),
            });
        }
        if !self.not_asked.is_empty() {
            return None;
        }
        Lag::worst(self.lags.iter().map(|from| &from.lag)).cloned()
    }
}

impl BucketReplication {
    /// Of the enabled rules to here the slowest; one without a measurement leaves the whole unknown.
    fn lag(&self) -> Option<Lag> {
        if !self.not_asked.is_empty() {
            return None;
        }
        let enabled = || self.incoming.iter().filter(|rule| rule.enabled);
        if enabled().any(|rule| rule.latency.is_none()) {
            return None;
        }
        Lag::worst(enabled().filter_map(|rule| rule.latency.as_ref())).cloned()
    }

    /// Whether what is written in `place` is copied to here.
    fn copies(&self, place: &RegionCode) -> Option<bool> {
        let copied = self.incoming.iter().any(|rule| rule.enabled && rule.from == place.as_str());
        (copied || !self.not_asked.iter().any(|region| region == place.as_str())).then_some(copied)
    }
}

impl VaultFacts {
    /// The age of the oldest of the newest recovery points: a restore brings nothing younger back.
    fn lag(&self) -> Option<Lag> {
        let mut oldest: Option<Timestamp> = None;
        for protected in &self.protected {
            let created_at = protected.newest.as_ref()?.created_at;
            oldest = Some(oldest.map_or(created_at, |o| o.min(created_at)));
        }
        Some(Lag {
            milliseconds: self.seen_at.duration_since(oldest?).as_secs_f64().max(0.0) * 1000.0,
            measured_at: self.seen_at,
            metric: "age of the newest recovery point".into(),
        })
    }

    /// Whether all that it protects is of `place` and has a recovery point.
    fn holds(&self, place: &RegionCode) -> bool {
        !self.protected.is_empty()
            && self
                .protected
                .iter()
                .all(|p| p.newest.is_some() && region_of_arn(&p.resource_arn) == Some(place.as_str()))
    }
}

/// `arn:aws:rds:REGION:ACCOUNT:…`; none for what has no Region in its name, such as buckets.
#[must_use]
pub fn region_of_arn(arn: &str) -> Option<&str> {
    arn.split(':').nth(3).filter(|region| !region.is_empty())
}

/// `arn:aws:rds:REGION:ACCOUNT:db:ID` or `…:cluster:ID`: the identifier, and whether it is a cluster's.
#[must_use]
pub fn database_of_arn(arn: &str) -> Option<(&str, bool)> {
    let mut parts = arn.splitn(7, ':').skip(2);
    match (parts.next()?, parts.nth(2)?, parts.next()?) {
        ("rds", "db", id) => Some((id, false)),
        ("rds", "cluster", id) => Some((id, true)),
        _ => None,
    }
}

impl ReplicaMember {
    fn follows(&self) -> Option<bool> {
        self.source.as_ref()?;
        // A cluster's replication has no state of its own in AWS's answer: that it has an instance to copy with counts. Of
        // an instance that says nothing it is not known that it copies.
        Some(
            self.serves()
                && self.replication.as_deref().map_or(self.is_cluster, |state| state == "replicating")
                && (!self.is_cluster || self.has_an_instance()),
        )
    }

    /// Of a cluster: whether an instance of it is there to be used.
    #[must_use]
    pub fn has_an_instance(&self) -> bool {
        self.instances.iter().any(|instance| serving(&instance.status))
    }

    /// Whether it can be connected to in this state.
    #[must_use]
    pub fn serves(&self) -> bool {
        serving(&self.status)
    }
}

fn serving(status: &str) -> bool {
    const SERVING: &[&str] = &["available", "backing-up", "modifying", "storage-optimization", "upgrading"];
    SERVING.contains(&status) || status.starts_with("configuring-")
}

// The meaning of each kind of store, for `Facts`: what can be asked of any of them is there.
pub(super) fn writes(facts: &Facts) -> Option<bool> {
    match facts {
        Facts::AuroraMember(member) => Some(member.writer),
        Facts::ReplicaMember(member) => Some(member.source.is_none()),
        Facts::DatastoreMember(member) => Some(member.primary),
        _ => None,
    }
}

pub(super) fn follows(facts: &Facts) -> Option<bool> {
    match facts {
        Facts::AuroraMember(member) if !member.writer => {
            Some(member.synchronization.as_deref() == Some("connected"))
        }
        Facts::ReplicaMember(member) => member.follows(),
        Facts::DatastoreMember(member) if !member.primary => {
            Some(member.status.as_deref() == Some("associated"))
        }
        Facts::TableReplica(replica) => Some(replica.status.as_deref() == Some("ACTIVE")),
        _ => None,
    }
}

pub(super) fn protects(facts: &Facts, place: &RegionCode) -> Option<bool> {
    match facts {
        Facts::BucketReplication(bucket) => bucket.copies(place),
        Facts::BackupVault(vault) => Some(vault.holds(place)),
        // A writer is no copy of anything.
        other => Some(follows(other).unwrap_or(false)),
    }
}

pub(super) fn lag(facts: &Facts) -> Option<Lag> {
    match facts {
        Facts::AuroraMember(member) => member.lag.clone(),
        Facts::ReplicaMember(member) => member.lag.clone(),
        Facts::DatastoreMember(member) => member.lag.clone(),
        Facts::TableReplica(replica) => replica.lag(),
        Facts::BucketReplication(bucket) => bucket.lag(),
        Facts::BackupVault(vault) => vault.lag(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::database_of_arn;

    #[test]
    fn a_database_is_told_from_whatever_else_has_an_arn() {
        let of = |rest: &str| {
            database_of_arn(&format!("arn:aws:{rest}")).map(|(id, cluster)| (id.to_owned(), cluster))
        };
        assert_eq!(of("rds:us-east-1:222222222222:db:books"), Some(("books".into(), false)));
        assert_eq!(of("rds:us-east-1:222222222222:cluster:books"), Some(("books".into(), true)));
        for other in [
            "rds:us-east-1:222222222222:snapshot:books",
            "dynamodb:us-east-1:222222222222:table/books",
            "s3:::books",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
