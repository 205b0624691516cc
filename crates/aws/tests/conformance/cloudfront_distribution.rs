//! CloudFront distributions: origins swapped under the version that was seen.

use crate::peers::{DISTRIBUTION, Peer};
use crate::words::{HOME, RECOVERY, acting, resource as named, seen};
use holdfast_cloud::Cloud;
use holdfast_domain::facts::DistributionOrigin;
use holdfast_domain::resource::CloudfrontDistribution;
use holdfast_domain::{Facts, Resource, ResourceSpec};
use holdfast_failover::Change;
use std::collections::BTreeMap;

scenarios! {
    the_origin_that_is_tried_first_is_seen_and_swapped: simulator;
}

pub async fn resource(_: &Peer) -> Resource {
    let distribution_id = DISTRIBUTION.into();
    named("cdn", ResourceSpec::CloudfrontDistribution(CloudfrontDistribution { distribution_id }))
}

pub async fn changes(peer: &Peer, resource: &Resource) -> Vec<Change> {
    let target = origin(peer, resource, RECOVERY).await;
    vec![Change::SetPrimaryOrigins {
        distribution_id: DISTRIBUTION.into(),
        etag: target.etag,
        primaries: BTreeMap::from([("regions".into(), target.origins[0].clone())]),
    }]
}

async fn origin(peer: &Peer, cdn: &Resource, code: &str) -> DistributionOrigin {
    match seen(peer, cdn, code).await {
        Facts::DistributionOrigin(origin) => origin,
        other => panic!("an origin was expected, not {other:?}"),
    }
}

async fn the_origin_that_is_tried_first_is_seen_and_swapped(peer: &Peer) {
    let cdn = resource(peer).await;
    assert!(origin(peer, &cdn, HOME).await.is_first() && !origin(peer, &cdn, RECOVERY).await.is_first());
    let [swap] = changes(peer, &cdn).await.try_into().unwrap();
    peer.cloud.perform(&peer.account, &acting("swap-cdn", None), &swap).await.unwrap();
    assert!(origin(peer, &cdn, RECOVERY).await.is_first());
}
