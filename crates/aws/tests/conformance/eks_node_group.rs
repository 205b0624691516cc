//! EKS node groups: sizes that an update brings about.

use crate::peers::Peer;
use crate::words::{RECOVERY, acting, per_region, region, resource as named, seen};
use holdfast_cloud::Cloud;
use holdfast_domain::resource::{EksNodeGroup, NodeGroupPlace};
use holdfast_domain::{Facts, Resource, ResourceSpec};
use holdfast_failover::Change;
use holdfast_failover::change::GroupSize;

scenarios! {
    the_size_of_a_node_group_is_seen_and_set: simulator;
}

pub async fn resource(_: &Peer) -> Resource {
    let per_region = per_region(|_| NodeGroupPlace {
        cluster: "shop".into(),
        node_group: "general".into(),
        desired_in_recovery: None,
    });
    named("nodes", ResourceSpec::EksNodeGroup(EksNodeGroup { per_region }))
}

pub async fn changes(_: &Peer, _: &Resource) -> Vec<Change> {
    vec![Change::SetEksNodeGroupSize {
        region: region(RECOVERY),
        cluster: "shop".into(),
        node_group: "general".into(),
        size: GroupSize { min: 3, max: 6, desired: 3 },
    }]
}

async fn the_size_of_a_node_group_is_seen_and_set(peer: &Peer) {
    let nodes = resource(peer).await;
    let desired = async || match seen(peer, &nodes, RECOVERY).await {
        Facts::EksNodeGroup(group) => group.desired,
        other => panic!("a node group was expected, not {other:?}"),
    };
    assert_eq!(desired().await, 1);
    let [raise] = changes(peer, &nodes).await.try_into().unwrap();
    peer.cloud.perform(&peer.account, &acting("raise-nodes", None), &raise).await.unwrap();
    peer.pass_time();
    assert_eq!(desired().await, 3);
}
