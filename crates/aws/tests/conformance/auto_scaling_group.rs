//! EC2 Auto Scaling groups: all three sizes at once, and processes that would undo them.

use crate::peers::{Peer, Which};
use crate::words::{RECOVERY, acting, look, per_region, region, resource as named, seen};
use aws_sdk_elasticloadbalancingv2::types::{ProtocolEnum, TargetDescription, TargetTypeEnum};
use holdfast_cloud::{Cloud, ErrorKind};
use holdfast_domain::resource::{AutoScalingGroup, AutoScalingPlace};
use holdfast_domain::{Facts, Resource, ResourceSpec};
use holdfast_failover::Change;
use holdfast_failover::change::GroupSize;

scenarios! {
    the_sizes_of_a_group_are_seen_and_set_together: simulator, ministack_widened;
    the_targets_behind_a_group_are_counted: simulator, ministack;
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

/// A target group of the recovery Region with one target; its ARN.
async fn target_group(peer: &Peer) -> String {
    let client = sdk!(aws_sdk_elasticloadbalancingv2, peer, RECOVERY);
    let made = client
        .create_target_group()
        .name("workers")
        .protocol(ProtocolEnum::Http)
        .port(80)
        .vpc_id("vpc-12345678")
        .target_type(TargetTypeEnum::Ip)
        .send()
        .await
        .unwrap();
    let arn = made.target_groups()[0].target_group_arn().unwrap().to_owned();
    let target = TargetDescription::builder().id("10.0.0.5").port(80).build();
    client.register_targets().target_group_arn(&arn).targets(target).send().await.unwrap();
    arn
}

async fn the_targets_behind_a_group_are_counted(peer: &Peer) {
    let workers = match peer.which {
        Which::Simulator => resource(peer).await,
        Which::Ministack | Which::Moto => {
            workers(peer).await;
            let arn = target_group(peer).await;
            of("workers", |code| (code == RECOVERY).then(|| arn.clone()))
        }
    };
    let Facts::AutoScalingGroup(group) = seen(peer, &workers, RECOVERY).await else {
        panic!("a group was expected")
    };
    let targets = group.targets.unwrap_or_else(|| panic!("{:?}", group.unread));
    assert_eq!((targets.healthy, targets.unhealthy), (1, 0), "{targets:?}");
}

async fn a_group_that_is_not_there_is_not_found(peer: &Peer) {
    for facts in look(peer, &of("nobody", |_| None)).await.into_values() {
        assert_eq!(facts.unwrap_err().kind, ErrorKind::NotFound);
    }
}
