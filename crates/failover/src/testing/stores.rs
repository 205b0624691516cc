//! Stores beside Aurora, and the applications that live on them.

use super::world::{
    A, B, application, dns, ecs, key, known, observed, resource, service, shop, table, weighted,
};
use super::{NOW, after, region};
use crate::plan::Picture;
use holdfast_domain::facts::{
    BucketReplication, Consistency, DatastoreMember, Lag, LagFrom, Protected, RecoveryPoint, ReplicaMember,
    ReplicaSettings, ReplicationRule, RestoreJob, TableReplica, VaultFacts,
};
use holdfast_domain::resource::{
    BackupVault, BucketPlace, ElasticacheGlobalDatastore, RdsPlace, RdsReadReplica, S3Replication, VaultPlace,
};
use holdfast_domain::{Facts, Resource, ResourceSpec, Strategy};
use std::collections::BTreeMap;

pub const ARCHIVE: &str = "arn:aws:rds:us-east-1:222222222222:db:archive";
pub const POINT: &str = "arn:aws:backup:eu-central-1:222222222222:recovery-point:1";
pub const ROLE: &str = "arn:aws:iam::222222222222:role/holdfast-restore";

pub fn lag(ms: f64) -> Lag {
    Lag { milliseconds: ms, measured_at: NOW, metric: "ReplicaLag".into() }
}

/// An instance `OF` at home and `OF-replica` in [`B`].
pub fn database(of: &str) -> Resource {
    let place = |id: String| RdsPlace { instance: Some(id), cluster: None };
    let per_region = [(region(A), place(of.to_owned())), (region(B), place(format!("{of}-replica")))].into();
    resource(of, ResourceSpec::RdsReadReplica(RdsReadReplica { per_region }))
}

pub fn db_arn(code: &str, id: &str) -> String {
    format!("arn:aws:rds:{code}:222222222222:db:{id}")
}

pub fn replica_member(code: &str, id: &str, source: Option<String>) -> ReplicaMember {
    let next = match id.rsplit_once("-holdfast-") {
        Some((before, n)) => format!("{before}-holdfast-{}", n.parse::<u32>().unwrap() + 1),
        None => format!("{id}-holdfast-1"),
    };
    ReplicaMember {
        id: id.to_owned(),
        arn: db_arn(code, id),
        is_cluster: false,
        status: "available".into(),
        replication: source.is_some().then(|| "replicating".into()),
        lag: source.is_some().then(|| lag(2_000.0)),
        source,
        endpoint: Some(format!("{id}.{code}.rds.amazonaws.com")),
        instances: Vec::new(),
        settings: ReplicaSettings {
            engine: None,
            class: Some("db.r7g.large".into()),
            kms_key_id: Some(format!("arn:aws:kms:{code}:222222222222:key/1")),
            subnet_group: Some("private".into()),
            security_groups: vec!["sg-1".into()],
            multi_az: false,
        },
        left_behind: Vec::new(),
        next_id: Some(next),
    }
}

pub fn replica(code: &str, id: &str, source: Option<String>) -> Facts {
    Facts::ReplicaMember(replica_member(code, id, source))
}

pub fn table_replica(from: &str, status: Option<&str>) -> TableReplica {
    TableReplica {
        status: status.map(str::to_owned),
        consistency: Consistency::Eventual,
        witnesses: Vec::new(),
        lags: vec![LagFrom { region: from.to_owned(), lag: lag(700.0) }],
        not_asked: Vec::new(),
        seen_at: NOW,
    }
}

pub fn datastore(of: &str) -> Resource {
    let spec = ElasticacheGlobalDatastore { global_datastore: format!("ldgnf-{of}") };
    resource(of, ResourceSpec::ElasticacheGlobalDatastore(spec))
}

pub fn datastore_member(code: &str, primary: bool) -> DatastoreMember {
    DatastoreMember {
        replication_group: format!("carts-{code}"),
        primary,
        global_status: "available".into(),
        status: Some("associated".into()),
        lag: (!primary).then(|| lag(400.0)),
    }
}

pub fn buckets(of: &str) -> Resource {
    let place = |code: &str| (region(code), BucketPlace { bucket: format!("{of}-{code}") });
    resource(of, ResourceSpec::S3Replication(S3Replication { per_region: [place(A), place(B)].into() }))
}

pub fn rule(from: &str, to: &str) -> ReplicationRule {
    ReplicationRule {
        id: "all".into(),
        from: from.into(),
        to: to.into(),
        enabled: true,
        time_control: true,
        metrics: true,
        latency: Some(lag(9_000.0)),
        bytes_pending: Some(100.0),
        operations_pending: Some(1.0),
        operations_failed: Some(0.0),
    }
}

pub fn bucket(code: &str, outgoing: Vec<ReplicationRule>, incoming: Vec<ReplicationRule>) -> Facts {
    let bucket = format!("exports-{code}");
    Facts::BucketReplication(BucketReplication { bucket, outgoing, incoming, not_asked: Vec::new() })
}

/// A vault in [`B`] that protects what is at home.
pub fn vault(of: &str) -> Resource {
    let place = VaultPlace {
        vault: "copies".into(),
        restore_role_arn: Some(ROLE.into()),
        protected: vec![ARCHIVE.into()],
        restore_metadata: BTreeMap::from([("DBSubnetGroupName".into(), "recovery".into())]),
    };
    resource(of, ResourceSpec::BackupVault(BackupVault { per_region: [(region(B), place)].into() }))
}

/// `hours`: the age of the newest recovery point.
pub fn vault_facts(hours: i64, restores: Vec<RestoreJob>) -> VaultFacts {
    let newest = RecoveryPoint {
        arn: POINT.into(),
        created_at: after(-3600 * hours),
        resource_type: "RDS".into(),
        metadata: Some(BTreeMap::from([
            ("DBInstanceIdentifier".to_owned(), "archive".to_owned()),
            ("DBSubnetGroupName".to_owned(), "home".to_owned()),
        ])),
    };
    VaultFacts {
        vault: "copies".into(),
        protected: vec![Protected { resource_arn: ARCHIVE.into(), newest: Some(newest) }],
        restores,
        seen_at: NOW,
    }
}

pub fn job(id: &str, status: &str) -> RestoreJob {
    RestoreJob {
        id: id.into(),
        recovery_point_arn: POINT.into(),
        status: status.into(),
        percent_done: Some("40.00%".into()),
        created_resource_arn: (status == "COMPLETED").then(|| db_arn(B, "archive")),
        message: (status == "FAILED").then(|| "DB instance archive already exists".into()),
        endpoint: (status == "COMPLETED").then(|| format!("{id}.example.com")),
        not_told: None,
        stands: (status == "COMPLETED").then(|| "available".into()),
    }
}

/// A pilot light: data live in both Regions, at home in [`A`].
pub fn ledger() -> Picture {
    let application = application(
        Strategy::PilotLight,
        &[A, B],
        vec![
            dns("front-door"),
            database("books"),
            table("postings"),
            datastore("carts"),
            ecs("web", &[(A, None), (B, Some(4))]),
        ],
    );
    let observations = observed(&[
        ("front-door", A, weighted(A, 100)),
        ("front-door", B, weighted(B, 0)),
        ("books", A, replica(A, "books", None)),
        ("books", B, replica(B, "books-replica", Some(db_arn(A, "books")))),
        ("postings", A, Facts::TableReplica(table_replica(B, Some("ACTIVE")))),
        ("postings", B, Facts::TableReplica(table_replica(A, Some("ACTIVE")))),
        ("carts", A, Facts::DatastoreMember(datastore_member(A, true))),
        ("carts", B, Facts::DatastoreMember(datastore_member(B, false))),
        ("web", A, service(4)),
        ("web", B, service(0)),
    ]);
    Picture { application, observations, ..shop() }
}

/// The same after an emergency failover to [`B`]: the old database stands at home, with old data, and takes writes.
pub fn moved_ledger() -> Picture {
    let at_home = ledger();
    let before = at_home
        .observations
        .iter()
        .filter_map(|(k, sight)| sight.known().map(|facts| (k.clone(), facts.clone())))
        .collect();
    let mut moved = Picture { before, ..at_home };
    for (resource, code, facts) in [
        ("front-door", A, weighted(A, 0)),
        ("front-door", B, weighted(B, 100)),
        ("books", B, replica(B, "books-replica", None)),
        ("carts", A, Facts::DatastoreMember(datastore_member(A, false))),
        ("carts", B, Facts::DatastoreMember(datastore_member(B, true))),
        ("web", B, service(4)),
    ] {
        moved.observations.insert(key(resource, code), known(facts));
    }
    moved
}

/// Backup and restore, with files that are copied both ways.
pub fn archive() -> Picture {
    let mut application = application(
        Strategy::BackupRestore,
        &[A, B],
        vec![dns("front-door"), vault("backups"), buckets("exports"), ecs("web", &[(A, None), (B, Some(2))])],
    );
    application.objectives.rpo = holdfast_domain::Seconds(86_400);
    let observations = observed(&[
        ("front-door", A, weighted(A, 100)),
        ("front-door", B, weighted(B, 0)),
        ("backups", B, Facts::BackupVault(vault_facts(5, Vec::new()))),
        ("exports", A, bucket(A, vec![rule(A, B)], vec![rule(B, A)])),
        ("exports", B, bucket(B, vec![rule(B, A)], vec![rule(A, B)])),
        ("web", A, service(2)),
        ("web", B, service(0)),
    ]);
    Picture { application, observations, ..shop() }
}
