//! Global Accelerator: dials that move traffic without touching the endpoints.

use crate::peers::Peer;
use crate::words::{RECOVERY, acting, region, resource as named, seen};
use holdfast_cloud::Cloud;
use holdfast_domain::facts::{AcceleratorEndpoint, AcceleratorGroup};
use holdfast_domain::resource::GlobalAccelerator;
use holdfast_domain::{Facts, Resource, ResourceSpec};
use holdfast_failover::Change;

scenarios! {
    a_group_is_dialled_without_losing_its_endpoints: simulator;
    every_listeners_group_is_seen_and_dialled_by_itself: simulator;
}

/// Of the accelerator with two listeners.
pub const TWO_LISTENERS: &str = "0b7c2d4e-6f81-4a93-8c15-d2e3f4a5b6c7";

pub async fn resource(_: &Peer) -> Resource {
    of("5f8a1c3e-27b4-4d90-b6e2-9a1c0d7e4f68")
}

fn of(accelerator: &str) -> Resource {
    let accelerator_arn = format!("arn:aws:globalaccelerator::222222222222:accelerator/{accelerator}");
    named("edge", ResourceSpec::GlobalAccelerator(GlobalAccelerator { accelerator_arn }))
}

pub async fn changes(peer: &Peer, resource: &Resource) -> Vec<Change> {
    let group = group(peer, resource).await;
    vec![Change::SetAcceleratorGroup {
        endpoint_group_region: region(RECOVERY),
        endpoint_group_arn: group.endpoint_group_arn,
        traffic_dial_percent: 100,
        endpoints: group.endpoints,
    }]
}

async fn group(peer: &Peer, edge: &Resource) -> AcceleratorGroup {
    match seen(peer, edge, RECOVERY).await {
        Facts::AcceleratorGroup(group) => group,
        other => panic!("a group was expected, not {other:?}"),
    }
}

async fn a_group_is_dialled_without_losing_its_endpoints(peer: &Peer) {
    let edge = resource(peer).await;
    let before = group(peer, &edge).await;
    assert_eq!(before.traffic_dial_percent, 0);
    let [change] = changes(peer, &edge).await.try_into().unwrap();
    let answer = peer.cloud.perform(&peer.account, &acting("dial-edge", None), &change).await.unwrap();
    assert_eq!(answer.region, "us-west-2");
    let after = group(peer, &edge).await;
    assert_eq!(after.traffic_dial_percent, 100);
    let kept = |endpoints: &[AcceleratorEndpoint]| {
        endpoints.iter().map(|one| (one.id.clone(), one.weight)).collect::<Vec<_>>()
    };
    assert_eq!(kept(&after.endpoints), kept(&before.endpoints));
}

async fn every_listeners_group_is_seen_and_dialled_by_itself(peer: &Peer) {
    let edge = of(TWO_LISTENERS);
    let before = group(peer, &edge).await;
    assert_eq!(before.others.len(), 1);
    assert_ne!(before.listener(), before.others[0].listener());
    let second = before.others[0].clone();
    let change = Change::SetAcceleratorGroup {
        endpoint_group_region: region(RECOVERY),
        endpoint_group_arn: second.endpoint_group_arn,
        traffic_dial_percent: 100,
        endpoints: second.endpoints,
    };
    peer.cloud.perform(&peer.account, &acting("dial-edge", None), &change).await.unwrap();
    let after = group(peer, &edge).await;
    let dials: Vec<_> = after.of_all_listeners().map(|group| group.traffic_dial_percent).collect();
    assert_eq!((before.traffic_dial_percent, dials), (0, vec![0, 100]));
}
