//! EC2 Auto Scaling groups: all three sizes at once, and processes that would undo them.

use crate::peers::{Peer, Which};
use crate::words::{RECOVERY, acting, look, per_region, region, resource as named, seen};
use holdfast_cloud::{Cloud, ErrorKind};
use holdfast_domain::resource::{AutoScalingGroup, AutoScalingPlace};
use holdfast_domain::{Facts, Resource, ResourceSpec};
use holdfast_failover::Change;
use holdfast_failover::change::GroupSize;

scenarios! {
    the_sizes_of_a_group_are_seen_and_set_together: simulator, ministack_widened;
    a_group_that_is_not_there_is_not_found: simulator, ministack;
}

pub async fn resource(peer: &Peer) -> Resource {
    if peer.which == Which::Simulator {
        return of("workers", |code| {
            peer.sim().look(|world| {
                let mut groups = world.target_groups.iter();
                groups.find(|group| group.region == code && group.name == "workers").map(|group| group.arn())
            })
        });
    }
    workers(peer).await;
    of("workers", |_| None)
}

/// `workers` in the recovery Region: one instance, three at most.
async fn workers(peer: &Peer) {
    let client = sdk!(aws_sdk_autoscaling, peer, RECOVERY);
    client
        .create_launch_configuration()
        .launch_configuration_name("workers")
        .image_id("ami-12345678")
        .instance_type("t3.micro")
        .send()
        .await
        .unwrap();
    client
        .create_auto_scaling_group()
        .auto_scaling_group_name("workers")
        .launch_configuration_name("workers")
        .min_size(1)
        .max_size(3)
        .desired_capacity(1)
        .availability_zones("eu-central-1a")
        .send()
        .await
        .unwrap();
}

fn of(group: &str, target_group_arn: impl Fn(&str) -> Option<String>) -> Resource {
    let per_region = per_region(|code| AutoScalingPlace {
        group: group.to_owned(),
        target_group_arn: target_group_arn(code),
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

async fn a_group_that_is_not_there_is_not_found(peer: &Peer) {
    for facts in look(peer, &of("nobody", |_| None)).await.into_values() {
        assert_eq!(facts.unwrap_err().kind, ErrorKind::NotFound);
    }
}
