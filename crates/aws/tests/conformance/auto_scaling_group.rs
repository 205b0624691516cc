//! EC2 Auto Scaling groups: all three sizes at once, and processes that would undo them.

use crate::peers::Peer;
use crate::words::{RECOVERY, acting, per_region, region, resource as named, seen};
use holdfast_cloud::Cloud;
use holdfast_domain::resource::{AutoScalingGroup, AutoScalingPlace};
use holdfast_domain::{Facts, Resource, ResourceSpec};
use holdfast_failover::Change;
use holdfast_failover::change::GroupSize;

scenarios! {
    the_sizes_of_a_group_are_seen_and_set_together: simulator;
}

pub async fn resource(peer: &Peer) -> Resource {
    let per_region = per_region(|code| AutoScalingPlace {
        group: "workers".into(),
        target_group_arn: peer.sim().look(|world| {
            let mut groups = world.target_groups.iter();
            groups.find(|group| group.region == code && group.name == "workers").map(|group| group.arn())
        }),
        desired_in_recovery: None,
    });
    named("workers", ResourceSpec::AutoScalingGroup(AutoScalingGroup { per_region }))
}

pub async fn changes(_: &Peer, _: &Resource) -> Vec<Change> {
    let (group, processes) = (|| "workers".to_owned(), || vec!["AlarmNotification".to_owned()]);
    vec![
        Change::SetAutoScalingGroupSize {
            region: region(RECOVERY),
            group: group(),
            size: GroupSize { min: 5, max: 10, desired: 5 },
        },
        Change::SuspendScalingProcesses { region: region(RECOVERY), group: group(), processes: processes() },
        Change::ResumeScalingProcesses {
            region: region(RECOVERY),
            group: group(),
            processes: vec!["ScheduledActions".to_owned()],
        },
    ]
}

async fn the_sizes_of_a_group_are_seen_and_set_together(peer: &Peer) {
    let workers = resource(peer).await;
    let sizes = async || match seen(peer, &workers, RECOVERY).await {
        Facts::AutoScalingGroup(group) => (group.min, group.max, group.desired),
        other => panic!("a group was expected, not {other:?}"),
    };
    assert_eq!(sizes().await, (1, 3, 1));
    let raise = changes(peer, &workers).await.remove(0);
    peer.cloud.perform(&peer.account, &acting("raise-workers", None), &raise).await.unwrap();
    assert_eq!(sizes().await, (5, 10, 5));
}
