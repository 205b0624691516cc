//! The simulator, in this process: the demonstration's world, and beside it what the demonstration has no use for.

use super::{MEMBER, Peer, Running, Which, given};
use crate::backup_vault::PROTECTED;
use crate::cloudformation_stack::{FAILED, STANDING, TEMPLATE};
use crate::cloudwatch_metric::{METRIC, NAMESPACE};
use crate::endpoint_setting::{LEADS_TO, PARAMETER, PRIVATE_ZONE, RECORD, SECRET, SETTING};
use crate::global_accelerator::TWO_LISTENERS;
use crate::lambda_function::{ALIAS_QUEUE, HOME_QUEUE, RECOVERY_QUEUE};
use crate::s3_switch_object;
use crate::transit_gateway::{OF_VPCS, PEERING};
use crate::words::{HOME, RECOVERY, account, outside, region};
use aws_credential_types::Credentials;
use holdfast_aws::{AwsCloud, AwsSettings};
use holdfast_sim::world::World;
use holdfast_sim::world::build::{CONTROL_ACCOUNT, Routing};
use holdfast_sim::world::compute::Scaling;
use holdfast_sim::world::groups::Behind;
use holdfast_sim::{SimConfig, demo_world, start_with};
use std::time::Duration;

pub const CLUSTER: &str = "0f4c2a91-6f1d-4f0e-9b1e-0f5f2b8f6a10";
pub const PANEL: &str = "conformance";
pub const DISTRIBUTION: &str = "E2CONFORMANCE";

impl Peer {
    /// Always there; an `Option` because the others may be waived.
    pub async fn simulator() -> Option<Self> {
        let config = SimConfig { listen: "127.0.0.1:0".parse().unwrap(), data: None, speed: 1.0 };
        let sim = start_with(config, world()).await.unwrap();
        let settings = AwsSettings {
            endpoint_url: Some(sim.url()),
            control_credentials: given("AKIDCONTROL", "control"),
            // The usual deadlines, shortened so that silence is told within a test's patience.
            operation_timeout: Duration::from_secs(3),
            attempt_timeout: Duration::from_secs(1),
            change_timeout: Duration::from_secs(2),
            session_timeout: Duration::from_secs(2),
            patience: Duration::from_millis(200),
            outside: outside(sim.addr),
            ..AwsSettings::new(vec![region("eu-central-1"), region("us-west-2"), region("us-east-1")])
        };
        Some(Self {
            which: Which::Simulator,
            cloud: AwsCloud::new(settings.clone()),
            settings,
            account: account(MEMBER, "demo-shop-prod"),
            url: sim.url(),
            root: Credentials::new("AKIDROOT", "root", None, None, "conformance"),
            running: Running::Here(sim),
        })
    }
}

fn world() -> World {
    let both = [HOME, RECOVERY];
    let workers = || Behind::Group("workers".into());
    let world = demo_world()
        .front_door("Z0123456789ABC", "tickets.shop.example.com", Routing::Failover, &both)
        .routing_controls(MEMBER, CLUSTER, PANEL, &[(HOME, true), (RECOVERY, false)])
        .following("Z0123456789ABC", "tickets.shop.example.com", PANEL, &both)
        .accelerator(MEMBER, TWO_LISTENERS, "two", &[(HOME, 100.0), (RECOVERY, 0.0)])
        .another_listener("ffffffff")
        .switch_plan(MEMBER, "conformance-switch", PANEL, &both)
        .distribution(MEMBER, DISTRIBUTION, "www.shop.example.com", &both)
        .group(MEMBER, HOME, "workers", 5, 10)
        .target_group(MEMBER, HOME, "workers", workers())
        .group(MEMBER, RECOVERY, "workers", 1, 3)
        .schedule("evening")
        .target_group(MEMBER, RECOVERY, "workers", workers())
        .node_group(MEMBER, HOME, ("shop", "general"), 3, 6)
        .node_group(MEMBER, RECOVERY, ("shop", "general"), 1, 2)
        .function(MEMBER, HOME, "order-events", Some(50))
        .mapping(HOME_QUEUE, "orders", true)
        .provisioned("live", 10)
        .function(MEMBER, RECOVERY, "order-events", Some(5))
        .mapping(RECOVERY_QUEUE, "orders", false)
        .mapping(ALIAS_QUEUE, "replies", false)
        .to_alias("live")
        .provisioned("live", 1)
        .repository(MEMBER, HOME, "shop/api", &["1.11.0", "1.12.0"])
        .replicate_images(MEMBER, HOME, &[RECOVERY])
        .repository(MEMBER, RECOVERY, "shop/api", &["1.11.0", "1.12.0"])
        .replica_pair(MEMBER, (HOME, "books"), (RECOVERY, "books-replica"))
        .cluster_pair(MEMBER, (HOME, "catalog"), (RECOVERY, "catalog-replica"))
        .global_table(MEMBER, "postings", &both)
        .global_table(MEMBER, "drafts", &[HOME])
        .bucket_pair(MEMBER, (HOME, "media-us-east-1"), (RECOVERY, "media-eu-central-1"), true)
        .bucket(MEMBER, HOME, "switches-us-east-1")
        .object("switches-us-east-1", s3_switch_object::KEY, s3_switch_object::CONTENT)
        .bucket(MEMBER, RECOVERY, "switches-eu-central-1")
        .vault(MEMBER, (HOME, "copies-us-east-1"), &[PROTECTED], 24, 3)
        .vault(MEMBER, (RECOVERY, "copies-eu-central-1"), &[PROTECTED], 24, 3);
    let mut world = what_regions_have(world, &both);
    for service in
        world.services.iter_mut().filter(|service| service.account == MEMBER && service.name == "web")
    {
        service.scaling = Some(Scaling { min: 1, max: 8, scale_in_suspended: false });
    }
    for stack in world.supporting.stacks.iter_mut().filter(|stack| stack.name == FAILED) {
        "UPDATE_ROLLBACK_COMPLETE".clone_into(&mut stack.status);
    }
    for group in world.groups.iter_mut().filter(|group| group.name == "workers" && group.region == RECOVERY) {
        group.suspended.push("ScheduledActions".to_owned());
    }
    world
}

fn what_regions_have(world: World, both: &[&str; 2]) -> World {
    let quota = ("fargate", "L-1", "vCPU");
    world
        .secret(MEMBER, "shop/database", both, "hush")
        .secret(MEMBER, SECRET, &[RECOVERY], SETTING)
        .parameter(MEMBER, HOME, "/shop/currencies", "EUR,USD")
        .parameter(MEMBER, RECOVERY, "/shop/currencies", "EUR")
        .parameter(MEMBER, HOME, PARAMETER, SETTING)
        .parameter(MEMBER, RECOVERY, PARAMETER, SETTING)
        .private_zone(MEMBER, PRIVATE_ZONE, "shop.internal", both)
        .cname(PRIVATE_ZONE, RECORD, LEADS_TO)
        .key(MEMBER, "shop", both)
        .key(MEMBER, "home-alone", &[HOME])
        .key(CONTROL_ACCOUNT, "holdfast", both)
        .lag_alarm(MEMBER, RECOVERY, "orders-lag", "orders-eu-central-1", 30.0)
        .metric(MEMBER, HOME, (NAMESPACE, METRIC), &[("Service", "checkout")], 12.0)
        .metric(MEMBER, RECOVERY, (NAMESPACE, METRIC), &[("Service", "checkout")], 99.5)
        .quota(MEMBER, HOME, quota, 6.0, Some(100.0))
        .quota(MEMBER, RECOVERY, quota, 6.0, None)
        .peering(MEMBER, PEERING, *both)
        .vpc_peering(MEMBER, OF_VPCS, *both)
        .watched(MEMBER, both)
        .template(TEMPLATE)
        .stack_of(MEMBER, RECOVERY, STANDING, TEMPLATE)
        .stack_of(MEMBER, HOME, FAILED, TEMPLATE)
}
