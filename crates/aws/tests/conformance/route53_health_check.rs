//! Route 53 health checks: held out under the version that was seen.

use crate::peers::{Peer, Which};
use crate::words::{HOME, RECOVERY, acting, resource as named, seen};
use aws_sdk_route53::types::{HealthCheckConfig, HealthCheckType};
use holdfast_cloud::{Cloud, ErrorKind};
use holdfast_domain::facts::{HealthCheck, Watched};
use holdfast_domain::resource::Route53HealthCheck;
use holdfast_domain::{Facts, Resource, ResourceSpec};
use holdfast_failover::Change;

scenarios! {
    a_check_is_seen_with_what_it_watches: simulator, moto;
    a_check_is_seen_and_held_out_under_its_version: simulator;
}

pub async fn resource(peer: &Peer) -> Resource {
    let domain = format!("{HOME}.catalog.shop.example.com");
    let health_check_id = match peer.which {
        Which::Simulator => peer.sim().look(|world| {
            world.health_checks.iter().find(|check| check.domain == domain).unwrap().id.clone()
        }),
        Which::Ministack | Which::Moto => {
            let config = HealthCheckConfig::builder()
                .r#type(HealthCheckType::Https)
                .fully_qualified_domain_name(&domain)
                .port(443)
                .resource_path("/healthz")
                .build()
                .unwrap();
            let made = sdk!(aws_sdk_route53, peer, HOME)
                .create_health_check()
                .caller_reference("conformance")
                .health_check_config(config)
                .send()
                .await
                .unwrap();
            made.health_check().unwrap().id().to_owned()
        }
    };
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

async fn a_check_is_seen_with_what_it_watches(peer: &Peer) {
    let guard = check(peer, &resource(peer).await, HOME).await;
    let Watched::Endpoint { address, .. } = &guard.watches else { panic!("{guard:?}") };
    assert!(address.contains(&format!("{HOME}.catalog.shop.example.com")), "{address}");
    assert_eq!((guard.inverted, guard.disabled, guard.counts_healthy()), (false, false, Some(true)));
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
