//! Health endpoints, asked from outside.

use crate::peers::Peer;
use crate::words::{HOME, both, resource as named, seen};
use holdfast_domain::resource::{Probe, ProbePlace};
use holdfast_domain::{Facts, Resource, ResourceSpec};
use holdfast_failover::Change;

scenarios! {
    an_endpoint_is_seen_well_and_without_a_session: simulator;
}

pub async fn resource(peer: &Peer) -> Resource {
    let place = |region: holdfast_domain::RegionCode| {
        let url = format!("{}/_sim/health/{region}/shop/web", peer.url);
        (region, ProbePlace { url, expect: Some("200 ready".into()), timeout: Some("1s".into()) })
    };
    named("health", ResourceSpec::Probe(Probe { per_region: both().map(place).into_iter().collect() }))
}

pub async fn changes(_: &Peer, _: &Resource) -> Vec<Change> {
    Vec::new()
}

async fn an_endpoint_is_seen_well_and_without_a_session(peer: &Peer) {
    let health = resource(peer).await;
    assert!(matches!(seen(peer, &health, HOME).await, Facts::Probe(answer) if answer.healthy));
    assert!(peer.sim().ledger().is_empty());
}
