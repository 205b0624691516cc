//! ElastiCache Global Datastore: who is primary, how far the others are behind, and the failover.

use crate::peers::Peer;
use crate::words::{HOME, RECOVERY, acting, look, region, resource as named, seen};
use holdfast_cloud::{Cloud, ErrorKind};
use holdfast_domain::facts::DatastoreMember;
use holdfast_domain::resource::ElasticacheGlobalDatastore;
use holdfast_domain::{Facts, Resource, ResourceSpec};
use holdfast_failover::Change;

/// In the demonstration's world.
const DATASTORE: &str = "ldgnf-catalog";

scenarios! {
    members_are_seen_with_their_roles_and_the_lag_of_the_secondary: simulator;
    a_datastore_fails_over_once_and_is_told_by_whichever_region_answers: simulator;
    a_datastore_that_is_not_there_is_not_found: simulator;
}

pub async fn resource(_: &Peer) -> Resource {
    of(DATASTORE)
}

fn of(global_datastore: &str) -> Resource {
    let spec = ElasticacheGlobalDatastore { global_datastore: global_datastore.to_owned() };
    named("sessions", ResourceSpec::ElasticacheGlobalDatastore(spec))
}

pub async fn changes(peer: &Peer, resource: &Resource) -> Vec<Change> {
    vec![Change::FailDatastoreOver {
        region: region(RECOVERY),
        global_datastore: DATASTORE.into(),
        replication_group: member(peer, resource, RECOVERY).await.replication_group,
    }]
}

async fn member(peer: &Peer, sessions: &Resource, code: &str) -> DatastoreMember {
    match seen(peer, sessions, code).await {
        Facts::DatastoreMember(member) => member,
        other => panic!("a member was expected, not {other:?}"),
    }
}

async fn members_are_seen_with_their_roles_and_the_lag_of_the_secondary(peer: &Peer) {
    let sessions = resource(peer).await;
    assert!(member(peer, &sessions, HOME).await.primary);
    let secondary = member(peer, &sessions, RECOVERY).await;
    assert_eq!(
        (secondary.status.as_deref(), secondary.global_status.as_str()),
        (Some("associated"), "available")
    );
    assert!(!secondary.primary && secondary.lag.is_some(), "{secondary:?}");
}

async fn a_datastore_fails_over_once_and_is_told_by_whichever_region_answers(peer: &Peer) {
    let sessions = resource(peer).await;
    let [fail] = changes(peer, &sessions).await.try_into().unwrap();
    peer.cloud.perform(&peer.account, &acting("switch-sessions", None), &fail).await.unwrap();
    let again = peer.cloud.perform(&peer.account, &acting("switch-sessions", None), &fail).await.unwrap_err();
    assert_eq!((again.kind, again.outcome_unknown), (ErrorKind::Conflict, false), "{again}");
    assert_eq!(member(peer, &sessions, RECOVERY).await.global_status, "modifying");
    peer.sim().set_region_dark(HOME, true);
    peer.pass_time();
    assert!(member(peer, &sessions, RECOVERY).await.primary);
    assert!(!member(peer, &sessions, HOME).await.primary, "told by the Region that answers");
}

async fn a_datastore_that_is_not_there_is_not_found(peer: &Peer) {
    for facts in look(peer, &of("ldgnf-nobody")).await.into_values() {
        assert_eq!(facts.unwrap_err().kind, ErrorKind::NotFound);
    }
}
