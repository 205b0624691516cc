//! ARC routing controls: all set at once through any endpoint of their cluster.

use crate::peers::{CLUSTER, MEMBER, PANEL, Peer};
use crate::words::{HOME, RECOVERY, acting, both, resource as named, seen};
use holdfast_cloud::Cloud;
use holdfast_domain::facts::RoutingControl;
use holdfast_domain::resource::{ArcPlace, ArcRoutingControl};
use holdfast_domain::{Facts, Resource, ResourceSpec};
use holdfast_failover::Change;
use holdfast_failover::change::RoutingControlTarget;
use holdfast_sim::world::build_traffic::control_arn;

scenarios! {
    a_control_is_seen_with_its_endpoints_and_set: simulator;
}

fn cluster_arn() -> String {
    format!("arn:aws:route53-recovery-control::{MEMBER}:cluster/{CLUSTER}")
}

pub async fn resource(_: &Peer) -> Resource {
    let place = |region: holdfast_domain::RegionCode| {
        let control_arn = control_arn(MEMBER, PANEL, region.as_str());
        (region, ArcPlace { control_arn })
    };
    let per_region = both().map(place).into_iter().collect();
    let spec = ArcRoutingControl { cluster_arn: cluster_arn(), per_region };
    named("switch", ResourceSpec::ArcRoutingControl(spec))
}

pub async fn changes(peer: &Peer, resource: &Resource) -> Vec<Change> {
    let endpoints = control(peer, resource, RECOVERY).await.endpoints;
    let aim = |region: holdfast_domain::RegionCode| {
        let control_arn = control_arn(MEMBER, PANEL, region.as_str());
        let on = region.as_str() == RECOVERY;
        (region, RoutingControlTarget { control_arn, on })
    };
    let controls = both().map(aim).into_iter().collect();
    vec![Change::SetRoutingControls { cluster_arn: cluster_arn(), endpoints, controls }]
}

async fn control(peer: &Peer, switch: &Resource, code: &str) -> RoutingControl {
    match seen(peer, switch, code).await {
        Facts::RoutingControl(control) => control,
        other => panic!("a control was expected, not {other:?}"),
    }
}

async fn a_control_is_seen_with_its_endpoints_and_set(peer: &Peer) {
    let switch = resource(peer).await;
    let home = control(peer, &switch, HOME).await;
    assert!(home.on && home.endpoints.len() == 5, "{home:?}");
    let [set] = changes(peer, &switch).await.try_into().unwrap();
    peer.cloud.perform(&peer.account, &acting("switch", None), &set).await.unwrap();
    assert!(!control(peer, &switch, HOME).await.on && control(peer, &switch, RECOVERY).await.on);
}
