//! The adapters of stores against the simulator, over the wire: what is seen, what each change does, what a repeat of
//! it does, and what is said when a Region is dark.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test is a panic")]

mod common;

use common::*;
use holdfast_aws::{AwsCloud, AwsSettings, ControlCredentials};
use holdfast_cloud::{Cloud, Error, ErrorKind, Settled};
use holdfast_domain::facts::{
    BucketReplication, DatastoreMember, ReplicaMember, TableReplica, VaultFacts, region_of_arn,
};
use holdfast_domain::{Account, Facts, RegionCode, Resource, ResourceSpec};
use holdfast_failover::Change;
use holdfast_sim::faults::{Fault, FaultKind};
use holdfast_sim::ledger::{Effect, Entry};
use holdfast_sim::{Sim, SimConfig};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const DATA: &str = "444444444444";
const SHOP: &str = "222222222222";

/// A world that moves when a test says so.
async fn world() -> (Sim, AwsCloud) {
    let config = SimConfig { listen: "127.0.0.1:0".parse().unwrap(), data: None, speed: 0.0 };
    let sim = holdfast_sim::start(config).await.unwrap();
    let settings = AwsSettings {
        endpoint_url: Some(sim.url()),
        control_credentials: ControlCredentials::Static {
            access_key_id: "AKIDCONTROL".into(),
            secret_access_key: "control".into(),
            session_token: None,
        },
        operation_timeout: Duration::from_secs(3),
        attempt_timeout: Duration::from_secs(1),
        change_timeout: Duration::from_secs(2),
        session_timeout: Duration::from_secs(2),
        patience: Duration::from_millis(200),
        ..AwsSettings::new(vec![region("eu-central-1"), region("eu-west-1")])
    };
    (sim, AwsCloud::new(settings))
}

fn data() -> Account {
    account(DATA, "demo-data-prod")
}

/// A resource of the demonstration's inventory.
fn demo(application: &str, name: &str) -> Resource {
    let inventory = holdfast_sim::DEMO_INVENTORY;
    let spec = match (application, name) {
        ("ledger", "books") => {
            r#"{"kind": "rds_read_replica", "per_region": {"us-east-1": {"instance": "ledger"}, "us-west-2": {"instance": "ledger-replica"}}}"#
        }
        ("ledger", "postings") => r#"{"kind": "dynamodb_global_table", "table": "ledger-postings"}"#,
        ("catalog", "sessions") => {
            r#"{"kind": "elasticache_global_datastore", "global_datastore": "ldgnf-catalog"}"#
        }
        ("reports", "exports") => {
            r#"{"kind": "s3_replication", "per_region": {"us-west-2": {"bucket": "reports-exports-us-west-2"}, "us-east-1": {"bucket": "reports-exports-us-east-1"}}}"#
        }
        ("archive", "backups") => {
            r#"{"kind": "backup_vault", "per_region": {"us-west-2": {"vault": "archive-copies", "restore_role_arn": "arn:aws:iam::444444444444:role/holdfast-restore", "protected": ["arn:aws:rds:us-east-1:444444444444:db:archive"]}}}"#
        }
        other => panic!("{other:?} is not in the demonstration"),
    };
    assert!(inventory.contains(&format!("- name: {name}\n")), "{name}");
    let spec: ResourceSpec = serde_json::from_str(spec).unwrap();
    Resource { name: name.parse().unwrap(), account: "data-prod".parse().unwrap(), spec }
}

async fn look(
    cloud: &AwsCloud,
    account: &Account,
    resource: &Resource,
    regions: [&str; 2],
) -> BTreeMap<RegionCode, Result<Facts, Error>> {
    cloud.observe(account, &reading(), resource, &regions.map(region)).await
}

macro_rules! seen {
    ($looked:expr, $code:expr, $variant:ident) => {
        match $looked[&region($code)].clone() {
            Ok(Facts::$variant(facts)) => facts,
            other => panic!("{other:?}"),
        }
    };
}

const EAST_WEST: [&str; 2] = ["us-east-1", "us-west-2"];

async fn books(cloud: &AwsCloud, code: &str) -> ReplicaMember {
    seen!(look(cloud, &data(), &demo("ledger", "books"), EAST_WEST).await, code, ReplicaMember)
}

async fn backups(cloud: &AwsCloud) -> VaultFacts {
    seen!(look(cloud, &data(), &demo("archive", "backups"), EAST_WEST).await, "us-west-2", BackupVault)
}

fn changes(sim: &Sim) -> Vec<Arc<Entry>> {
    sim.ledger().into_iter().filter(|entry| entry.changing && entry.effect != Effect::None).collect()
}

#[tokio::test]
async fn a_pair_of_databases_is_seen_with_who_copies_from_whom() {
    let (_sim, cloud) = world().await;
    let (home, away) = (books(&cloud, "us-east-1").await, books(&cloud, "us-west-2").await);
    assert_eq!((home.source.as_deref(), home.lag.is_none()), (None, true));
    assert_eq!(away.source.as_deref(), Some(home.arn.as_str()));
    assert_eq!(away.replication.as_deref(), Some("replicating"));
    let lag = away.lag.unwrap();
    assert!(lag.milliseconds < 3_000.0 && lag.metric == "ReplicaLag", "{lag:?}");
    assert_eq!(away.next_id.as_deref(), Some("ledger-replica-holdfast-1"));
    assert!(away.settings.kms_key_id.is_some_and(|key| region_of_arn(&key) == Some("us-west-2")));
    assert!(away.endpoint.is_some_and(|host| host.starts_with("ledger-replica.")));
}

#[tokio::test]
async fn a_promotion_and_the_way_back_over_a_new_replica() {
    let (sim, cloud) = world().await;
    let promote = Change::PromoteReplica { region: region("us-west-2"), instance: "ledger-replica".into() };
    cloud.perform(&data(), &acting("promote-books", None), &promote).await.unwrap();
    let again = cloud.perform(&data(), &acting("promote-books", None), &promote).await.unwrap_err();
    assert_eq!((again.kind, again.outcome_unknown), (ErrorKind::Conflict, false), "{again}");
    sim.advance(Duration::from_secs(4));
    let promoted = books(&cloud, "us-west-2").await;
    assert_eq!((promoted.source, promoted.status.as_str()), (None, "available"));

    let old = books(&cloud, "us-east-1").await;
    assert_eq!((old.id.as_str(), old.source), ("ledger", None), "it takes writes all the same");
    let build = Change::CreateReplica {
        region: region("us-east-1"),
        instance: old.next_id.unwrap(),
        source_arn: promoted.arn.clone(),
        settings: old.settings,
    };
    cloud.perform(&data(), &acting("rebuild-books", None), &build).await.unwrap();
    let again = cloud.perform(&data(), &acting("rebuild-books", None), &build).await.unwrap_err();
    assert_eq!((again.kind, again.outcome_unknown), (ErrorKind::Conflict, false), "{again}");
    sim.advance(Duration::from_secs(7));
    let built = books(&cloud, "us-east-1").await;
    assert_eq!(built.id, "ledger-holdfast-1");
    assert_eq!(built.source.as_deref(), Some(promoted.arn.as_str()));
    assert_eq!(built.left_behind[0].id, "ledger");
    assert!(built.left_behind[0].takes_writes);
    assert_eq!(built.next_id.as_deref(), Some("ledger-holdfast-2"));
    let sent = sim.ledger().into_iter().rfind(|e| e.effect == Effect::Changed).unwrap();
    let url = sent.body["PreSignedUrl"].as_str().unwrap();
    assert!(
        url.starts_with("https://rds.us-west-2.amazonaws.com/?Action=CreateDBInstanceReadReplica&"),
        "{url}"
    );
    assert!(url.contains("DestinationRegion=us-east-1") && url.contains("X-Amz-Signature="), "{url}");
}

#[tokio::test]
async fn one_dark_region_leaves_the_other_side_of_each_store_in_sight() {
    let (sim, cloud) = world().await;
    sim.set_region_dark("us-east-1", true);
    sim.advance(Duration::from_secs(10));
    for (application, name) in [("ledger", "books"), ("ledger", "postings"), ("reports", "exports")] {
        let looked = look(&cloud, &data(), &demo(application, name), EAST_WEST).await;
        assert_eq!(looked[&region("us-east-1")].as_ref().unwrap_err().kind, ErrorKind::Unreachable, "{name}");
        assert!(looked[&region("us-west-2")].is_ok(), "{name}: {looked:?}");
    }
    let replica: TableReplica =
        seen!(look(&cloud, &data(), &demo("ledger", "postings"), EAST_WEST).await, "us-west-2", TableReplica);
    assert_eq!(replica.not_asked, ["us-east-1"], "how far it is behind is told by the Region that is dark");
    assert_eq!(Facts::TableReplica(replica).lag(), None);
    let away = books(&cloud, "us-west-2").await;
    assert!(away.lag.unwrap().milliseconds > 9_000.0, "a replica tells its own lag");
}

#[tokio::test]
async fn a_table_is_seen_in_every_region_and_its_absence_too() {
    let (_sim, cloud) = world().await;
    let looked = look(&cloud, &data(), &demo("ledger", "postings"), EAST_WEST).await;
    let (home, away) = (seen!(looked, "us-east-1", TableReplica), seen!(looked, "us-west-2", TableReplica));
    assert_eq!((home.status.as_deref(), away.status.as_deref()), (Some("ACTIVE"), Some("ACTIVE")));
    assert_eq!(away.lags[0].region, "us-east-1");
    assert_eq!(away.lags[0].lag.metric, "ReplicationLatency");
    assert!(home.lags.is_empty(), "nothing is written away from home: {:?}", home.lags);
    let absent = look(&cloud, &data(), &demo("ledger", "postings"), ["us-east-1", "eu-west-1"]).await;
    assert_eq!(seen!(absent, "eu-west-1", TableReplica).status, None);
}

#[tokio::test]
async fn a_global_datastore_is_seen_and_fails_over() {
    let (sim, cloud) = world().await;
    let shop = account(SHOP, "demo-shop-prod");
    let sessions = demo("catalog", "sessions");
    let both = ["us-east-1", "eu-central-1"];
    let member = async |code: &str| -> DatastoreMember {
        seen!(look(&cloud, &shop, &sessions, both).await, code, DatastoreMember)
    };
    assert!(member("us-east-1").await.primary);
    let away = member("eu-central-1").await;
    assert_eq!((away.status.as_deref(), away.global_status.as_str()), (Some("associated"), "available"));
    assert!(away.lag.is_some());
    let change = Change::FailDatastoreOver {
        region: region("eu-central-1"),
        global_datastore: "ldgnf-catalog".into(),
        replication_group: away.replication_group,
    };
    cloud.perform(&shop, &acting("switch-sessions", None), &change).await.unwrap();
    let again = cloud.perform(&shop, &acting("switch-sessions", None), &change).await.unwrap_err();
    assert_eq!(again.kind, ErrorKind::Conflict, "{again}");
    assert_eq!(member("eu-central-1").await.global_status, "modifying");
    sim.set_region_dark("us-east-1", true);
    sim.advance(Duration::from_secs(4));
    assert!(member("eu-central-1").await.primary, "told by whichever Region answers");
    assert!(!member("us-east-1").await.primary);
}

#[tokio::test]
async fn buckets_are_seen_with_their_rules_both_ways_and_what_they_wait_for() {
    let (sim, cloud) = world().await;
    let exports = demo("reports", "exports");
    let away = async || -> BucketReplication {
        seen!(look(&cloud, &data(), &exports, EAST_WEST).await, "us-east-1", BucketReplication)
    };
    let bucket = away().await;
    assert_eq!((bucket.incoming.len(), bucket.outgoing.len()), (1, 1));
    let rule = &bucket.incoming[0];
    assert_eq!((rule.from.as_str(), rule.to.as_str(), rule.enabled), ("us-west-2", "us-east-1", true));
    assert!(rule.time_control && rule.metrics && rule.latency.is_some() && rule.bytes_pending.is_some());
    let facts = Facts::BucketReplication(bucket.clone());
    assert_eq!(facts.protects(&region("us-west-2")), Some(true));
    sim.tamper(|world| {
        let source = world.stores.buckets.iter_mut().find(|b| b.name == "reports-exports-us-west-2").unwrap();
        source.rules.clear();
    });
    let without = Facts::BucketReplication(away().await);
    assert_eq!(without.protects(&region("us-west-2")), Some(false), "no rule is known, and is not unknown");
}

fn restore(vault: &VaultFacts) -> Change {
    let point = vault.protected[0].newest.clone().unwrap();
    Change::StartRestoreJob {
        region: region("us-west-2"),
        vault: vault.vault.clone(),
        resource_arn: vault.protected[0].resource_arn.clone(),
        recovery_point_arn: point.arn,
        resource_type: point.resource_type,
        role_arn: "arn:aws:iam::444444444444:role/holdfast-restore".into(),
        metadata: point.metadata.unwrap(),
    }
}

#[tokio::test]
async fn a_vault_tells_the_age_of_what_it_would_bring_back() {
    let (_sim, cloud) = world().await;
    let vault = backups(&cloud).await;
    let point = vault.protected[0].newest.clone().unwrap();
    assert_eq!(point.metadata.unwrap()["DBInstanceIdentifier"], "archive");
    let lag = Facts::BackupVault(vault).lag().unwrap();
    assert!((3.0 * 3.6e6 - 5e3..3.0 * 3.6e6 + 60e3).contains(&lag.milliseconds), "{lag:?}");
    let looked = look(&cloud, &data(), &demo("archive", "backups"), EAST_WEST).await;
    assert!(looked[&region("us-east-1")].as_ref().unwrap_err().message.contains("names no vault"));
}

#[tokio::test]
async fn a_restore_is_followed_by_its_job_and_a_lost_answer_makes_no_second_one() {
    let (sim, cloud) = world().await;
    let change = restore(&backups(&cloud).await);
    let first = acting("restore-backups-1", None);
    sim.add_fault(Fault {
        service: Some("backup".into()),
        operation: Some("StartRestoreJob".into()),
        region: None,
        account: None,
        kind: FaultKind::LoseAnswer,
        probability: None,
        times: Some(1),
    });
    let lost = cloud.perform(&data(), &first, &change).await.unwrap_err();
    assert!(lost.outcome_unknown, "{lost}");
    let answer = cloud.perform(&data(), &first, &change).await.unwrap();
    let effects: Vec<Effect> = changes(&sim).iter().map(|e| e.effect).collect();
    assert_eq!(effects, [Effect::Changed, Effect::Unchanged], "the same token, the same job");
    let job = answer.tracking.unwrap();
    assert_eq!(backups(&cloud).await.restores[0].id, job);
    let access = act("restore-backups-1", &change);
    let settled = async || cloud.settled(&data(), &access, &change, &job).await.unwrap();
    assert_eq!(settled().await, Settled::NotYet("PENDING, 0.00%".into()));
    sim.advance(Duration::from_secs(3));
    assert_eq!(settled().await, Settled::NotYet("RUNNING, 60.00%".into()));
    sim.advance(Duration::from_secs(3));
    assert_eq!(settled().await, Settled::Yes);
    let done = &backups(&cloud).await.restores[0];
    assert_eq!(done.status, "COMPLETED");
    assert_eq!(done.created_resource_arn.as_deref(), Some("arn:aws:rds:us-west-2:444444444444:db:archive"));

    // A person has it tried again: another token, another job, which fails as AWS would have it.
    let retried = holdfast_cloud::Acting { retries: 1, ..first };
    let second = cloud.perform(&data(), &retried, &change).await.unwrap().tracking.unwrap();
    assert_ne!(second, job);
    sim.advance(Duration::from_secs(6));
    let failed = backups(&cloud).await.restores.into_iter().find(|j| j.id == second).unwrap();
    assert_eq!(failed.status, "FAILED");
    assert!(failed.message.unwrap().contains("already exists"));
}

#[tokio::test]
async fn a_changing_call_goes_to_its_own_region_and_is_narrowed_to_its_own_resources() {
    let (sim, cloud) = world().await;
    let vault = backups(&cloud).await;
    let build = Change::CreateReplica {
        region: region("us-east-1"),
        instance: "ledger-holdfast-1".into(),
        source_arn: books(&cloud, "us-west-2").await.arn,
        settings: books(&cloud, "us-east-1").await.settings,
    };
    let promote = Change::PromoteReplica { region: region("us-west-2"), instance: "ledger-replica".into() };
    for (change, expected) in [(build, "us-east-1"), (promote, "us-west-2"), (restore(&vault), "us-west-2")] {
        cloud.perform(&data(), &acting("any", None), &change).await.unwrap();
        let entry = changes(&sim).pop().unwrap();
        assert_eq!(entry.region, expected, "{}", entry.operation);
        assert_eq!(entry.session_policy, holdfast_aws::policy::changing(&data(), &change).ok());
    }
}
