//! RDS read replicas across Regions, instances and Aurora clusters: who copies from whom, the promotion, and the way
//! back over a new replica.

use crate::peers::{Peer, Which};
use crate::words::{HOME, RECOVERY, acting, look, per_region, region, resource as named, seen};
use holdfast_cloud::{Cloud, ErrorKind};
use holdfast_domain::facts::{ReplicaMember, region_of_arn};
use holdfast_domain::resource::{RdsPlace, RdsReadReplica};
use holdfast_domain::{Facts, Resource, ResourceSpec};
use holdfast_failover::Change;
use holdfast_sim::ledger::Effect;

scenarios! {
    a_pair_is_seen_with_who_copies_from_whom: simulator, moto;
    a_database_that_is_not_there_is_not_found: simulator, ministack, moto;
    a_replica_is_promoted_once: simulator;
    a_replica_cluster_is_promoted_once: simulator;
    the_way_back_is_a_new_replica_under_a_name_of_its_own: simulator;
    a_replica_cluster_is_built_empty_and_copies_with_its_first_instance: simulator;
    a_dark_region_leaves_the_other_side_in_sight: simulator;
}

pub async fn resource(peer: &Peer) -> Resource {
    if peer.which != Which::Simulator {
        pair(peer).await;
    }
    instances("books", "books-replica")
}

fn instances(home: &str, recovery: &str) -> Resource {
    let name = |code: &str| Some(if code == HOME { home } else { recovery }.to_owned());
    let per_region = per_region(|code| RdsPlace { instance: name(code), cluster: None });
    named("books", ResourceSpec::RdsReadReplica(RdsReadReplica { per_region }))
}

pub fn clusters() -> Resource {
    let name = |code: &str| Some(if code == HOME { "catalog" } else { "catalog-replica" }.to_owned());
    let per_region = per_region(|code| RdsPlace { instance: None, cluster: name(code) });
    named("catalog", ResourceSpec::RdsReadReplica(RdsReadReplica { per_region }))
}

pub async fn changes(peer: &Peer, resource: &Resource) -> Vec<Change> {
    let home = member(peer, resource, HOME).await;
    vec![
        promote(),
        Change::PromoteReplicaCluster { region: region(RECOVERY), cluster: "catalog-replica".into() },
        // As a failback does once the old replica is the writer.
        Change::CreateReplica {
            region: region(HOME),
            instance: home.next_id.unwrap(),
            source_arn: member(peer, resource, RECOVERY).await.arn,
            settings: home.settings,
        },
        replica_cluster(peer).await,
        Change::CreateClusterInstance {
            region: region(RECOVERY),
            cluster: "catalog-replica".into(),
            instance: "catalog-replica-2".into(),
            class: "db.r7g.large".into(),
            engine: "aurora-mysql".into(),
        },
    ]
}

/// Another replica of the catalog, as a failback builds it.
async fn replica_cluster(peer: &Peer) -> Change {
    let catalog = clusters();
    let (source, there) = (member(peer, &catalog, HOME).await, member(peer, &catalog, RECOVERY).await);
    Change::CreateReplicaCluster {
        region: region(RECOVERY),
        cluster: there.next_id.unwrap(),
        source_arn: source.arn,
        settings: there.settings,
    }
}

fn promote() -> Change {
    Change::PromoteReplica { region: region(RECOVERY), instance: "books-replica".into() }
}

/// `books` at home and a replica of it in the recovery Region.
async fn pair(peer: &Peer) {
    let source = sdk!(aws_sdk_rds, peer, HOME)
        .create_db_instance()
        .db_instance_identifier("books")
        .engine("postgres")
        .db_instance_class("db.t3.micro")
        .allocated_storage(20)
        .master_username("owner")
        .master_user_password("not-a-secret-at-all")
        .send()
        .await
        .unwrap();
    let source = source.db_instance().and_then(|instance| instance.db_instance_arn()).unwrap().to_owned();
    sdk!(aws_sdk_rds, peer, RECOVERY)
        .create_db_instance_read_replica()
        .db_instance_identifier("books-replica")
        .source_db_instance_identifier(source)
        .send()
        .await
        .unwrap();
}

async fn member(peer: &Peer, of: &Resource, code: &str) -> ReplicaMember {
    match seen(peer, of, code).await {
        Facts::ReplicaMember(member) => member,
        other => panic!("a database was expected, not {other:?}"),
    }
}

async fn a_pair_is_seen_with_who_copies_from_whom(peer: &Peer) {
    let books = resource(peer).await;
    let (home, recovery) = (member(peer, &books, HOME).await, member(peer, &books, RECOVERY).await);
    assert_eq!((home.source.as_deref(), home.lag.is_none()), (None, true));
    assert!(recovery.source.is_some_and(|source| home.arn.ends_with(&source)));
    assert_eq!((recovery.status.as_str(), recovery.is_cluster), ("available", false));
    assert_eq!(recovery.next_id.as_deref(), Some("books-replica-holdfast-1"));
    if peer.which == Which::Simulator {
        assert_eq!(recovery.replication.as_deref(), Some("replicating"));
        let lag = recovery.lag.unwrap();
        assert!(lag.milliseconds < 3_000.0 && lag.metric == "ReplicaLag", "{lag:?}");
        assert!(recovery.settings.kms_key_id.is_some_and(|key| region_of_arn(&key) == Some(RECOVERY)));
        assert!(recovery.endpoint.is_some_and(|host| host.starts_with("books-replica.")));
    }
}

async fn a_database_that_is_not_there_is_not_found(peer: &Peer) {
    for facts in look(peer, &instances("nobody", "nobody")).await.into_values() {
        assert_eq!(facts.unwrap_err().kind, ErrorKind::NotFound);
    }
}

async fn a_replica_is_promoted_once(peer: &Peer) {
    let books = resource(peer).await;
    peer.cloud.perform(&peer.account, &acting("promote-books", None), &promote()).await.unwrap();
    peer.pass_time();
    let promoted = member(peer, &books, RECOVERY).await;
    assert_eq!((promoted.source, promoted.status.as_str()), (None, "available"));
    let again =
        peer.cloud.perform(&peer.account, &acting("promote-books", None), &promote()).await.unwrap_err();
    assert_eq!((again.kind, again.outcome_unknown), (ErrorKind::Conflict, false), "{again}");
}

async fn a_replica_cluster_is_promoted_once(peer: &Peer) {
    let catalog = clusters();
    let replica = member(peer, &catalog, RECOVERY).await;
    assert_eq!((replica.is_cluster, replica.source), (true, Some(member(peer, &catalog, HOME).await.arn)));
    assert!(replica.lag.is_some_and(|lag| lag.metric == "AuroraBinlogReplicaLag"));
    let promote =
        Change::PromoteReplicaCluster { region: region(RECOVERY), cluster: "catalog-replica".into() };
    let answer = peer.cloud.perform(&peer.account, &acting("promote", None), &promote).await.unwrap();
    assert_eq!(
        (answer.action.as_str(), answer.region.as_str()),
        ("rds:PromoteReadReplicaDBCluster", RECOVERY)
    );
    peer.pass_time();
    let promoted = member(peer, &catalog, RECOVERY).await;
    assert_eq!((promoted.source, promoted.status.as_str()), (None, "available"));
    let again = peer.cloud.perform(&peer.account, &acting("promote", None), &promote).await.unwrap_err();
    assert_eq!((again.kind, again.outcome_unknown), (ErrorKind::Conflict, false), "{again}");
}

async fn the_way_back_is_a_new_replica_under_a_name_of_its_own(peer: &Peer) {
    let books = resource(peer).await;
    peer.cloud.perform(&peer.account, &acting("promote-books", None), &promote()).await.unwrap();
    peer.pass_time();
    let promoted = member(peer, &books, RECOVERY).await;
    let build = changes(peer, &books).await.remove(2);
    peer.cloud.perform(&peer.account, &acting("rebuild-books", None), &build).await.unwrap();
    let sent = peer.sim().ledger().into_iter().rfind(|entry| entry.effect == Effect::Changed).unwrap();
    assert_eq!(sent.region, HOME);
    let url = sent.body["PreSignedUrl"].as_str().unwrap();
    let asks = "https://rds.eu-central-1.amazonaws.com/?Action=CreateDBInstanceReadReplica&";
    assert!(url.starts_with(asks) && url.contains("DestinationRegion=us-east-1"), "{url}");
    assert!(url.contains("X-Amz-Signature="), "{url}");
    peer.pass_time();
    let built = member(peer, &books, HOME).await;
    assert_eq!(
        (built.id.as_str(), built.source.as_deref()),
        ("books-holdfast-1", Some(promoted.arn.as_str()))
    );
    assert_eq!((built.left_behind[0].id.as_str(), built.left_behind[0].takes_writes), ("books", true));
    assert_eq!(built.next_id.as_deref(), Some("books-holdfast-2"));
}

async fn a_replica_cluster_is_built_empty_and_copies_with_its_first_instance(peer: &Peer) {
    let catalog = clusters();
    let was = member(peer, &catalog, RECOVERY).await;
    assert_eq!(was.settings.engine.as_deref(), Some("aurora-mysql"));
    assert_eq!(was.settings.class.as_deref(), Some("db.r7g.large"), "its instances' class");
    assert_eq!(was.instances[0].status, "available");
    let build = replica_cluster(peer).await;
    peer.cloud.perform(&peer.account, &acting("rebuild-catalog", None), &build).await.unwrap();
    let sent = peer.sim().ledger().into_iter().rfind(|entry| entry.effect == Effect::Changed).unwrap();
    let url = sent.body["PreSignedUrl"].as_str().unwrap();
    let asks = "https://rds.us-east-1.amazonaws.com/?Action=CreateDBCluster&";
    assert!(url.starts_with(asks) && url.contains("ReplicationSourceIdentifier="), "{url}");
    peer.pass_time();
    let built = member(peer, &catalog, RECOVERY).await;
    assert_eq!((built.id.as_str(), built.instances.len()), ("catalog-replica-holdfast-1", 0));
    assert_eq!((built.source.as_ref(), built.lag), (was.source.as_ref(), None));
    assert_eq!(Facts::ReplicaMember(member(peer, &catalog, RECOVERY).await).follows(), Some(false));
    let equip = Change::CreateClusterInstance {
        region: region(RECOVERY),
        cluster: built.id.clone(),
        instance: format!("{}-1", built.id),
        class: was.settings.class.unwrap(),
        engine: "aurora-mysql".into(),
    };
    peer.cloud.perform(&peer.account, &acting("equip-catalog", None), &equip).await.unwrap();
    peer.pass_time();
    let equipped = member(peer, &catalog, RECOVERY).await;
    assert!(equipped.lag.is_some() && equipped.has_an_instance(), "{equipped:?}");
    assert_eq!(Facts::ReplicaMember(equipped).follows(), Some(true));
}

async fn a_dark_region_leaves_the_other_side_in_sight(peer: &Peer) {
    let books = resource(peer).await;
    peer.sim().set_region_dark(HOME, true);
    peer.pass_time();
    let looked = look(peer, &books).await;
    assert_eq!(looked[&region(HOME)].as_ref().unwrap_err().kind, ErrorKind::Unreachable);
    let lag = member(peer, &books, RECOVERY).await.lag.unwrap();
    assert!(lag.milliseconds > 9_000.0, "a replica tells its own lag: {lag:?}");
}
