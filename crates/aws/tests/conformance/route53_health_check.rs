//! Route 53 health checks: held out under the version that was seen.

use crate::peers::Peer;
use crate::words::{HOME, RECOVERY, acting, resource as named, seen};
use holdfast_cloud::{Cloud, ErrorKind};
use holdfast_domain::facts::HealthCheck;
use holdfast_domain::resource::Route53HealthCheck;
use holdfast_domain::{Facts, Resource, ResourceSpec};
use holdfast_failover::Change;

scenarios! {
    a_check_is_seen_and_held_out_under_its_version: simulator;
}

pub async fn resource(peer: &Peer) -> Resource {
    let health_check_id = peer.sim().look(|world| {
        let mut checks = world.health_checks.iter();
        checks.find(|check| check.domain == format!("{HOME}.catalog.shop.example.com")).unwrap().id.clone()
    });
    named("guard", ResourceSpec::Route53HealthCheck(Route53HealthCheck { health_check_id }))
}

pub async fn changes(peer: &Peer, resource: &Resource) -> Vec<Change> {
    let ResourceSpec::Route53HealthCheck(spec) = &resource.spec else { unreachable!() };
    let version = check(peer, resource, RECOVERY).await.version;
    let health_check_id = spec.health_check_id.clone();
    vec![Change::SetHealthCheck { health_check_id, version, inverted: true, disabled: true }]
}

async fn check(peer: &Peer, guard: &Resource, code: &str) -> HealthCheck {
    match seen(peer, guard, code).await {
        Facts::HealthCheck(check) => check,
        other => panic!("a health check was expected, not {other:?}"),
    }
}

async fn a_check_is_seen_and_held_out_under_its_version(peer: &Peer) {
    let guard = resource(peer).await;
    assert_eq!(check(peer, &guard, HOME).await.counts_healthy(), Some(true));
    let [hold_out] = changes(peer, &guard).await.try_into().unwrap();
    peer.cloud.perform(&peer.account, &acting("hold-out", None), &hold_out).await.unwrap();
    assert!(check(peer, &guard, HOME).await.is_held_out());
    let stale = peer.cloud.perform(&peer.account, &acting("hold-out", None), &hold_out).await.unwrap_err();
    assert_eq!(stale.kind, ErrorKind::Conflict);
}
