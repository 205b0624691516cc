//! Service quotas: what holds in each Region, raised or AWS's default.

use crate::peers::{Peer, Which};
use crate::words::{HOME, RECOVERY, resource as named, seen};
use holdfast_domain::facts::QuotaFacts;
use holdfast_domain::resource::ServiceQuota;
use holdfast_domain::{Facts, Resource, ResourceSpec};
use holdfast_failover::Change;

scenarios! {
    what_holds_is_seen_with_its_name: simulator, moto;
    where_nothing_was_raised_the_default_of_aws_holds: simulator;
}

pub async fn resource(peer: &Peer) -> Resource {
    let (service, quota) = match peer.which {
        Which::Simulator => ("fargate", "L-1"),
        // VPCs per Region: moto knows the quotas of VPC alone.
        Which::Ministack | Which::Moto => ("vpc", "L-F678F1CE"),
    };
    named("quota", ResourceSpec::ServiceQuota(ServiceQuota { service: service.into(), quota: quota.into() }))
}

pub async fn changes(_: &Peer, _: &Resource) -> Vec<Change> {
    Vec::new()
}

async fn quota(peer: &Peer, code: &str) -> QuotaFacts {
    match seen(peer, &resource(peer).await, code).await {
        Facts::Quota(quota) => quota,
        other => panic!("a quota was expected, not {other:?}"),
    }
}

async fn what_holds_is_seen_with_its_name(peer: &Peer) {
    let quota = quota(peer, HOME).await;
    assert!(quota.value > 0.0 && quota.applied && !quota.name.is_empty(), "{quota:?}");
}

async fn where_nothing_was_raised_the_default_of_aws_holds(peer: &Peer) {
    let (home, recovery) = (quota(peer, HOME).await, quota(peer, RECOVERY).await);
    assert_eq!((home.value, home.applied), (100.0, true));
    assert_eq!((recovery.value, recovery.applied), (6.0, false));
}
