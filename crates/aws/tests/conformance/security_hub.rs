//! Security Hub, over calls signed by hand: whether each Region has it, and how many grave findings are open there.

use crate::peers::{Peer, Which};
use crate::words::{HOME, RECOVERY, both, resource as named, seen};
use holdfast_domain::facts::HubFacts;
use holdfast_domain::resource::InRegions;
use holdfast_domain::{Facts, Resource, ResourceSpec};
use holdfast_failover::Change;

scenarios! {
    a_hub_without_findings_is_seen_and_one_that_is_not_there_told_as_missing: simulator, moto;
    open_findings_are_counted_by_their_gravity: simulator;
}

pub async fn resource(_: &Peer) -> Resource {
    named("hub", ResourceSpec::SecurityHub(InRegions { regions: both().to_vec() }))
}

pub async fn changes(_: &Peer, _: &Resource) -> Vec<Change> {
    Vec::new()
}

async fn hub(peer: &Peer, code: &str) -> Option<HubFacts> {
    match seen(peer, &resource(peer).await, code).await {
        Facts::SecurityHub { hub } => hub,
        other => panic!("a hub was expected, not {other:?}"),
    }
}

async fn at_home_alone(peer: &Peer) {
    if peer.which == Which::Simulator {
        peer.sim().tamper(|world| world.supporting.hubs.retain(|hub| hub.region != RECOVERY));
        return;
    }
    let request = peer.http().post(format!("{}/accounts", peer.url)).body("{}");
    peer.by_hand(HOME, "securityhub", request).await;
}

async fn a_hub_without_findings_is_seen_and_one_that_is_not_there_told_as_missing(peer: &Peer) {
    at_home_alone(peer).await;
    assert_eq!(hub(peer, HOME).await, Some(HubFacts { critical: 0, high: 0, more: false }));
    assert_eq!(hub(peer, RECOVERY).await, None);
}

async fn open_findings_are_counted_by_their_gravity(peer: &Peer) {
    peer.sim().tamper(|world| {
        for hub in world.supporting.hubs.iter_mut().filter(|hub| hub.region == HOME) {
            (hub.critical, hub.high) = (3, 1);
        }
    });
    assert_eq!(hub(peer, HOME).await, Some(HubFacts { critical: 3, high: 1, more: false }));
}
