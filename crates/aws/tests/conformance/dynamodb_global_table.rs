//! DynamoDB global tables: a replica in each Region, and how far each is behind the others.

use crate::peers::{Peer, Which};
use crate::words::{HOME, RECOVERY, look, region, resource as named, seen};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, CreateReplicationGroupMemberAction, DeleteReplicationGroupMemberAction,
    KeySchemaElement, KeyType, ReplicationGroupUpdate, ScalarAttributeType,
};
use holdfast_cloud::ErrorKind;
use holdfast_domain::facts::{Consistency, TableReplica};
use holdfast_domain::resource::DynamodbGlobalTable;
use holdfast_domain::{Facts, Resource, ResourceSpec};
use holdfast_failover::Change;

scenarios! {
    a_replica_is_seen_and_its_absence_too: simulator, ministack, moto;
    a_table_that_is_nowhere_is_not_found: simulator, ministack, moto;
    each_region_tells_its_own_replica_of_one_table: simulator, ministack;
    a_replica_that_was_taken_away_is_seen_to_be_gone: simulator, ministack;
    a_table_of_the_same_name_that_was_made_by_itself_is_no_replica: simulator, ministack, moto;
    strong_consistency_leaves_nothing_behind_and_names_its_witness: simulator;
    how_far_a_replica_is_behind_is_told_by_the_region_that_writes: simulator;
    a_dark_region_leaves_the_other_side_in_sight_and_its_lag_unknown: simulator;
    what_no_region_that_answers_has_may_be_in_one_that_does_not: simulator;
}

pub async fn resource(_: &Peer) -> Resource {
    of("postings")
}

fn of(table: &str) -> Resource {
    named("postings", ResourceSpec::DynamodbGlobalTable(DynamodbGlobalTable { table: table.to_owned() }))
}

pub async fn changes(_: &Peer, _: &Resource) -> Vec<Change> {
    Vec::new()
}

async fn replica(peer: &Peer, table: &Resource, code: &str) -> TableReplica {
    match seen(peer, table, code).await {
        Facts::TableReplica(replica) => replica,
        other => panic!("a replica was expected, not {other:?}"),
    }
}

async fn create(peer: &Peer, table: &str, code: &str) {
    let id =
        AttributeDefinition::builder().attribute_name("id").attribute_type(ScalarAttributeType::S).build();
    let key = KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash).build();
    sdk!(aws_sdk_dynamodb, peer, code)
        .create_table()
        .table_name(table)
        .attribute_definitions(id.unwrap())
        .key_schema(key.unwrap())
        .billing_mode(BillingMode::PayPerRequest)
        .send()
        .await
        .unwrap();
}

/// A table of the home Region alone.
async fn at_home_alone(peer: &Peer) -> Resource {
    if peer.which != Which::Simulator {
        create(peer, "drafts", HOME).await;
    }
    of("drafts")
}

async fn update(peer: &Peer, update: ReplicationGroupUpdate) {
    let call = sdk!(aws_sdk_dynamodb, peer, HOME).update_table().table_name("postings");
    call.replica_updates(update).send().await.unwrap();
}

/// One that has a replica in each Region.
async fn global(peer: &Peer) -> Resource {
    if peer.which != Which::Simulator {
        create(peer, "postings", HOME).await;
        let there = CreateReplicationGroupMemberAction::builder().region_name(RECOVERY).build().unwrap();
        update(peer, ReplicationGroupUpdate::builder().create(there).build()).await;
    }
    of("postings")
}

async fn a_replica_is_seen_and_its_absence_too(peer: &Peer) {
    let drafts = at_home_alone(peer).await;
    assert_eq!(replica(peer, &drafts, HOME).await.status.as_deref(), Some("ACTIVE"));
    assert_eq!(replica(peer, &drafts, RECOVERY).await.status, None);
}

async fn each_region_tells_its_own_replica_of_one_table(peer: &Peer) {
    let postings = global(peer).await;
    for code in [HOME, RECOVERY] {
        let replica = replica(peer, &postings, code).await;
        assert_eq!(
            (replica.status.as_deref(), replica.consistency),
            (Some("ACTIVE"), Consistency::Eventual),
            "{code}"
        );
    }
}

async fn a_replica_that_was_taken_away_is_seen_to_be_gone(peer: &Peer) {
    let postings = global(peer).await;
    if peer.which == Which::Simulator {
        peer.sim().tamper(|world| {
            let mut tables = world.stores.tables.iter_mut();
            tables.find(|t| t.name == "postings").unwrap().replicas.retain(|r| r.region == HOME);
        });
    } else {
        let gone = DeleteReplicationGroupMemberAction::builder().region_name(RECOVERY).build().unwrap();
        update(peer, ReplicationGroupUpdate::builder().delete(gone).build()).await;
    }
    assert_eq!(replica(peer, &postings, HOME).await.status.as_deref(), Some("ACTIVE"));
    assert_eq!(replica(peer, &postings, RECOVERY).await.status, None);
}

async fn a_table_of_the_same_name_that_was_made_by_itself_is_no_replica(peer: &Peer) {
    let drafts = at_home_alone(peer).await;
    if peer.which == Which::Simulator {
        peer.sim().tamper(|world| {
            let mut other = world.stores.tables.iter().find(|t| t.name == "drafts").unwrap().clone();
            RECOVERY.clone_into(&mut other.replicas[0].region);
            world.stores.tables.push(other);
        });
    } else {
        create(peer, "drafts", RECOVERY).await;
    }
    assert_eq!(replica(peer, &drafts, RECOVERY).await.status, None);
}

async fn strong_consistency_leaves_nothing_behind_and_names_its_witness(peer: &Peer) {
    let postings = global(peer).await;
    peer.sim().tamper(|world| {
        let table = world.stores.tables.iter_mut().find(|t| t.name == "postings").unwrap();
        (table.strong, table.witnesses) = (true, vec!["us-east-2".into()]);
    });
    let recovery = replica(peer, &postings, RECOVERY).await;
    assert_eq!(
        (recovery.consistency, recovery.witnesses.as_slice()),
        (Consistency::Strong, &["us-east-2".to_owned()][..])
    );
    let lag = Facts::TableReplica(recovery).lag().unwrap();
    assert_eq!((lag.milliseconds, lag.metric.as_str()), (0.0, "multi-Region strong consistency"));
}

async fn a_table_that_is_nowhere_is_not_found(peer: &Peer) {
    for facts in look(peer, &of("nobody")).await.into_values() {
        assert_eq!(facts.unwrap_err().kind, ErrorKind::NotFound);
    }
}

async fn how_far_a_replica_is_behind_is_told_by_the_region_that_writes(peer: &Peer) {
    let postings = resource(peer).await;
    let recovery = replica(peer, &postings, RECOVERY).await;
    assert_eq!(
        (recovery.lags[0].region.as_str(), recovery.lags[0].lag.metric.as_str()),
        (HOME, "ReplicationLatency")
    );
    let home = replica(peer, &postings, HOME).await;
    assert!(home.lags.is_empty(), "nothing is written away from home: {:?}", home.lags);
}

async fn a_dark_region_leaves_the_other_side_in_sight_and_its_lag_unknown(peer: &Peer) {
    let postings = resource(peer).await;
    peer.sim().set_region_dark(HOME, true);
    let mut looked = look(peer, &postings).await;
    assert_eq!(looked.remove(&region(HOME)).unwrap().unwrap_err().kind, ErrorKind::Unreachable);
    let recovery = looked.remove(&region(RECOVERY)).unwrap().unwrap();
    assert_eq!(recovery.lag(), None);
    let Facts::TableReplica(recovery) = recovery else { panic!("{recovery:?}") };
    assert_eq!(recovery.not_asked, [HOME], "how far it is behind is told by the Region that is dark");
}

async fn what_no_region_that_answers_has_may_be_in_one_that_does_not(peer: &Peer) {
    let drafts = at_home_alone(peer).await;
    peer.sim().set_region_dark(HOME, true);
    let error = look(peer, &drafts).await.remove(&region(RECOVERY)).unwrap().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreachable, "it would be called absent otherwise: {error}");
    assert!(error.message.contains(HOME), "{error}");
}
