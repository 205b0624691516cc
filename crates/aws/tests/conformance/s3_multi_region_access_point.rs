//! S3 Multi-Region Access Points: routes that any of five Regions takes.

use crate::peers::{MEMBER, Peer, Which};
use crate::words::{HOME, RECOVERY, acting, both, region, resource as named, seen};
use holdfast_cloud::{Cloud, ErrorKind};
use holdfast_domain::resource::S3MultiRegionAccessPoint;
use holdfast_domain::{Facts, Resource, ResourceSpec};
use holdfast_failover::Change;
use holdfast_failover::change::AccessPointRouteTarget;
use holdfast_sim::faults::{Fault, FaultKind};
use holdfast_sim::ledger::Effect;
use std::collections::BTreeMap;

scenarios! {
    routes_are_read_and_turned_through_any_of_the_five_regions: simulator, ministack;
    no_route_at_all_is_refused: simulator, ministack;
    routes_go_through_the_next_region_after_an_error_of_awss_own: simulator;
    access_point_routes_are_not_sent_again_after_a_lost_answer: simulator;
}

pub async fn resource(peer: &Peer) -> Resource {
    let mrap_arn = match peer.which {
        Which::Simulator => format!("arn:aws:s3::{MEMBER}:accesspoint/m2shopa55ets.mrap"),
        Which::Ministack | Which::Moto => access_point(peer).await,
    };
    named("assets", ResourceSpec::S3MultiRegionAccessPoint(S3MultiRegionAccessPoint { mrap_arn }))
}

pub async fn changes(peer: &Peer, resource: &Resource) -> Vec<Change> {
    vec![turned(peer, resource, [0, 100], &["us-west-2", "eu-west-1"]).await]
}

/// An access point over two buckets; its ARN.
async fn access_point(peer: &Peer) -> String {
    for code in [HOME, RECOVERY] {
        let body = match code {
            HOME => String::new(),
            code => format!(
                "<CreateBucketConfiguration><LocationConstraint>{code}</LocationConstraint></CreateBucketConfiguration>"
            ),
        };
        let request = peer.http().put(format!("{}/assets-{code}", peer.url)).body(body);
        peer.by_hand(code, "s3", request).await;
    }
    let body = r#"<CreateMultiRegionAccessPointRequest xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/"><ClientToken>conformance</ClientToken><Details><Name>assets</Name><Regions><Region><Bucket>assets-us-east-1</Bucket></Region><Region><Bucket>assets-eu-central-1</Bucket></Region></Regions></Details></CreateMultiRegionAccessPointRequest>"#;
    let request = peer.http().post(format!("{}/v20180820/async-requests/mrap/create", peer.url)).body(body);
    peer.by_hand("us-west-2", "s3", request).await;
    let request = peer.http().get(format!("{}/v20180820/mrap/instances/assets", peer.url));
    let alias = crate::peers::element(&peer.by_hand("us-west-2", "s3", request).await, "Alias");
    format!("arn:aws:s3::{MEMBER}:accesspoint/{alias}")
}

async fn route(peer: &Peer, assets: &Resource, code: &str) -> (String, u8) {
    match seen(peer, assets, code).await {
        Facts::AccessPointRoute { bucket, traffic_dial_percent } => (bucket, traffic_dial_percent),
        other => panic!("a route was expected, not {other:?}"),
    }
}

/// The dials to set at home and in the recovery Region, with the buckets that are there.
async fn turned(peer: &Peer, assets: &Resource, dials: [u8; 2], via: &[&str]) -> Change {
    let ResourceSpec::S3MultiRegionAccessPoint(spec) = &assets.spec else { unreachable!() };
    let mut routes = BTreeMap::new();
    for (region, traffic_dial_percent) in both().into_iter().zip(dials) {
        let (bucket, _) = route(peer, assets, region.as_str()).await;
        routes.insert(region, AccessPointRouteTarget { bucket, traffic_dial_percent });
    }
    let via = via.iter().map(|code| region(code)).collect();
    Change::SetAccessPointRoutes { mrap_arn: spec.mrap_arn.clone(), routes, via }
}

async fn routes_are_read_and_turned_through_any_of_the_five_regions(peer: &Peer) {
    let assets = resource(peer).await;
    assert_eq!(route(peer, &assets, HOME).await.1, 100);
    let turn = turned(peer, &assets, [0, 100], &["ap-southeast-2", "us-west-2"]).await;
    let answer = peer.cloud.perform(&peer.account, &acting("route-assets", None), &turn).await.unwrap();
    assert_eq!(answer.region, "ap-southeast-2");
    peer.pass_time();
    assert_eq!((route(peer, &assets, HOME).await.1, route(peer, &assets, RECOVERY).await.1), (0, 100));
}

async fn no_route_at_all_is_refused(peer: &Peer) {
    let assets = resource(peer).await;
    let nowhere = turned(peer, &assets, [0, 0], &["us-west-2"]).await;
    let error = peer.cloud.perform(&peer.account, &acting("route-assets", None), &nowhere).await.unwrap_err();
    assert_eq!((error.kind, error.outcome_unknown), (ErrorKind::Invalid, false), "{error}");
}

async fn routes_go_through_the_next_region_after_an_error_of_awss_own(peer: &Peer) {
    let assets = resource(peer).await;
    let change = turned(peer, &assets, [0, 100], &["us-west-2", "eu-west-1"]).await;
    peer.sim().add_fault(Fault {
        operation: Some("SubmitMultiRegionAccessPointRoutes".into()),
        region: Some("us-west-2".into()),
        ..Fault::new(FaultKind::Error)
    });
    let answer = peer.cloud.perform(&peer.account, &acting("route-assets", None), &change).await.unwrap();
    assert_eq!(answer.region, "eu-west-1");
    assert_eq!(peer.sim().ledger().iter().filter(|entry| entry.effect == Effect::Changed).count(), 1);
}

async fn access_point_routes_are_not_sent_again_after_a_lost_answer(peer: &Peer) {
    let assets = resource(peer).await;
    let change = turned(peer, &assets, [0, 100], &["us-west-2", "eu-west-1"]).await;
    let operation = "SubmitMultiRegionAccessPointRoutes";
    peer.sim().add_fault(Fault { operation: Some(operation.into()), ..Fault::new(FaultKind::LoseAnswer) });
    let error = peer.cloud.perform(&peer.account, &acting("route-assets", None), &change).await.unwrap_err();
    assert!(error.outcome_unknown, "{error:?}");
    assert_eq!(peer.sim().ledger().iter().filter(|entry| entry.operation == operation).count(), 1);
}
