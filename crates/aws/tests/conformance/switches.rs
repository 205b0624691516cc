//! The switches of traffic against the simulator, over the wire: routing controls with endpoints and whole Regions
//! dark, health checks and distributions under their versions, Region switch plans followed to their end.

use crate::words::{HOME, RECOVERY, account, acting, reading, region, resource};
use holdfast_aws::{AwsCloud, AwsSettings, ControlCredentials};
use holdfast_cloud::{Access, Cloud, Error, ErrorKind};
use holdfast_domain::facts::{DistributionOrigin, HealthCheck, RegionSwitch, RoutingControl, Watched};
use holdfast_domain::resource::{
    ArcPlace, ArcRegionSwitchPlan, ArcRoutingControl, CloudfrontDistribution, Route53HealthCheck,
    Route53Records,
};
use holdfast_domain::{Account, Facts, RegionCode, Resource, ResourceSpec};
use holdfast_failover::Change;
use holdfast_failover::change::{RoutingControlTarget, SwitchAction};
use holdfast_sim::faults::{Fault, FaultKind};
use holdfast_sim::ledger::Effect;
use holdfast_sim::world::World;
use holdfast_sim::world::build::Routing;
use holdfast_sim::world::build_traffic::control_arn;
use holdfast_sim::world::dns::{Proximity, RecordSet};
use holdfast_sim::{Sim, SimConfig, start_with};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const SHOP: &str = "222222222222";
const ZONE: &str = "Z1";
const CLUSTER: &str = "0f4c2a91-6f1d-4f0e-9b1e-0f5f2b8f6a10";
const DISTRIBUTION: &str = "E2EXAMPLE1";

async fn world() -> (Sim, AwsCloud) {
    let both = [HOME, RECOVERY];
    let world = World::empty()
        .account(SHOP, "shop-prod", "demo-shop-prod")
        .zone_named(SHOP, ZONE, "example.com")
        .front_door(ZONE, "shop.example.com", Routing::Failover, &both)
        .front_door(ZONE, "tickets.example.com", Routing::Failover, &both)
        .routing_controls(SHOP, CLUSTER, "tickets", &[(HOME, true), (RECOVERY, false)])
        .following(ZONE, "tickets.example.com", "tickets", &both)
        .switch_plan(SHOP, "tickets-switch", "tickets", &both)
        .distribution(SHOP, DISTRIBUTION, "www.example.com", &both);
    // One real second is one of the world's: changes that take time are waited for by turning its clock.
    let config = SimConfig { listen: "127.0.0.1:0".parse().unwrap(), data: None, speed: 0.0 };
    let sim = start_with(config, world).await.unwrap();
    let cloud = cloud(&sim);
    (sim, cloud)
}

/// A process of its own, which knows nothing yet.
fn cloud(sim: &Sim) -> AwsCloud {
    AwsCloud::new(AwsSettings {
        endpoint_url: Some(sim.url()),
        control_credentials: ControlCredentials::Static {
            access_key_id: "AKIDCONTROL".into(),
            secret_access_key: "control".into(),
            session_token: None,
        },
        operation_timeout: Duration::from_secs(4),
        attempt_timeout: Duration::from_secs(1),
        session_timeout: Duration::from_secs(2),
        patience: Duration::from_millis(150),
        ..AwsSettings::new(vec![region("ap-southeast-1"), region("eu-central-1")])
    })
}

fn shop() -> Account {
    account(SHOP, "demo-shop-prod")
}

fn cluster_arn() -> String {
    format!("arn:aws:route53-recovery-control::{SHOP}:cluster/{CLUSTER}")
}

fn controls() -> Resource {
    let place = |code: &str| (region(code), ArcPlace { control_arn: control_arn(SHOP, "tickets", code) });
    let per_region = [HOME, RECOVERY].map(place).into_iter().collect();
    resource(
        "switch",
        ResourceSpec::ArcRoutingControl(ArcRoutingControl { cluster_arn: cluster_arn(), per_region }),
    )
}

async fn look(
    cloud: &AwsCloud,
    access: &Access,
    of: &Resource,
) -> BTreeMap<RegionCode, Result<Facts, Error>> {
    cloud.observe(&shop(), access, of, &[region(HOME), region(RECOVERY)]).await
}

async fn control(cloud: &AwsCloud, code: &str) -> Result<RoutingControl, Error> {
    match look(cloud, &reading(), &controls()).await.remove(&region(code)).unwrap()? {
        Facts::RoutingControl(control) => Ok(control),
        other => panic!("a control was expected, not {other:?}"),
    }
}

/// The call that a plan makes of what is seen.
async fn switch_to(cloud: &AwsCloud, target: &str) -> Change {
    let endpoints = control(cloud, target).await.unwrap().endpoints;
    let aim = |code: &str| {
        let control_arn = control_arn(SHOP, "tickets", code);
        (region(code), RoutingControlTarget { control_arn, on: code == target })
    };
    let controls = [HOME, RECOVERY].map(aim).into_iter().collect();
    Change::SetRoutingControls { cluster_arn: cluster_arn(), endpoints, controls }
}

fn changed(sim: &Sim, operation: &str) -> usize {
    let is = |e: &&std::sync::Arc<holdfast_sim::ledger::Entry>| {
        e.operation == operation && e.effect == Effect::Changed
    };
    sim.ledger().iter().filter(is).count()
}

#[tokio::test]
async fn a_control_is_read_with_its_endpoints_its_rules_and_what_follows_it() {
    let (sim, cloud) = world().await;
    let home = control(&cloud, HOME).await.unwrap();
    assert!(home.on && !home.configuration_is_old);
    assert_eq!(home.endpoints.len(), 5);
    assert_eq!(home.safety_rules[0].name, "tickets-one-region-on");
    let guarding = |primary: &str| {
        sim.look(|w| {
            let is =
                |r: &&RecordSet| r.name == "tickets.example.com." && r.failover.as_deref() == Some(primary);
            w.zones[0].records.iter().find(is).unwrap().health_check_id.clone().unwrap()
        })
    };
    assert_eq!(home.health_checks, [guarding("PRIMARY")]);
    assert_eq!(control(&cloud, RECOVERY).await.unwrap().health_checks, [guarding("SECONDARY")]);
    let described = sim.ledger().iter().filter(|e| e.operation == "DescribeCluster").count();
    assert_eq!(described, 1, "the configuration is asked for once a minute at most");
}

#[tokio::test]
async fn controls_are_switched_with_two_of_five_endpoints_and_both_control_planes_dark() {
    let (sim, cloud) = world().await;
    let change = switch_to(&cloud, RECOVERY).await;
    sim.set_region_dark("us-east-1", true);
    sim.set_region_dark("us-west-2", true);
    sim.set_control_plane_dark("us-east-1", true);
    sim.set_control_plane_dark("us-west-2", true);
    let began = Instant::now();
    for target in [RECOVERY, HOME, RECOVERY] {
        let change = switch_to(&cloud, target).await;
        let answer = cloud.perform(&shop(), &acting("switch-switch", None), &change).await.unwrap();
        assert!(!["us-east-1", "us-west-2"].contains(&answer.region.as_str()), "{answer:?}");
        let read = control(&cloud, target).await.unwrap();
        assert!(read.on);
        assert_ne!(read.told_by, answer.region, "read back at another endpoint");
    }
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert_eq!(changed(&sim, "UpdateRoutingControlStates"), 3);
    // A second one is harmless.
    cloud.perform(&shop(), &acting("switch-switch", None), &change).await.unwrap();
    assert_eq!(changed(&sim, "UpdateRoutingControlStates"), 3);
}

#[tokio::test]
async fn a_process_that_starts_in_the_dark_goes_by_what_an_earlier_one_saw() {
    let (sim, first) = world().await;
    let seen = control(&first, HOME).await.unwrap();
    sim.set_region_dark("us-west-2", true);
    let second = cloud(&sim);
    let blind = control(&second, HOME).await.unwrap_err();
    assert_eq!((blind.kind, blind.region.as_str()), (ErrorKind::Unreachable, "us-west-2"));
    let third = cloud(&sim);
    for code in [HOME, RECOVERY] {
        let control = RoutingControl { control_arn: control_arn(SHOP, "tickets", code), ..seen.clone() };
        third.recall(&Facts::RoutingControl(control));
    }
    let recalled = control(&third, HOME).await.unwrap();
    assert!(recalled.on && recalled.configuration_is_old);
    assert_eq!((recalled.endpoints, recalled.safety_rules), (seen.endpoints, seen.safety_rules));
    let change = switch_to(&third, RECOVERY).await;
    third.perform(&shop(), &acting("switch-switch", None), &change).await.unwrap();
    assert!(control(&third, RECOVERY).await.unwrap().on);
}

#[tokio::test]
async fn a_lost_answer_goes_to_the_next_endpoint_and_has_one_effect() {
    let (sim, cloud) = world().await;
    let change = switch_to(&cloud, RECOVERY).await;
    for kind in [FaultKind::LoseAnswer, FaultKind::Error] {
        sim.add_fault(Fault {
            operation: Some("UpdateRoutingControlStates".into()),
            times: Some(1),
            ..Fault::new(kind)
        });
    }
    cloud.perform(&shop(), &acting("switch-switch", None), &change).await.unwrap();
    let sent = sim.ledger().iter().filter(|e| e.operation == "UpdateRoutingControlStates").count();
    assert_eq!((sent, changed(&sim, "UpdateRoutingControlStates")), (3, 1));
}

#[tokio::test]
async fn a_safety_rule_refuses_and_nothing_is_tried_elsewhere() {
    let (sim, cloud) = world().await;
    let Change::SetRoutingControls { cluster_arn, endpoints, mut controls } =
        switch_to(&cloud, RECOVERY).await
    else {
        unreachable!()
    };
    controls.remove(&region(RECOVERY));
    let all_off = Change::SetRoutingControls { cluster_arn, endpoints, controls };
    let error = cloud.perform(&shop(), &acting("switch-switch", None), &all_off).await.unwrap_err();
    assert_eq!((error.kind, error.outcome_unknown), (ErrorKind::Conflict, false), "{error}");
    assert!(error.message.contains("tickets-one-region-on"), "{error}");
    let sent = sim.ledger().iter().filter(|e| e.operation == "UpdateRoutingControlStates").count();
    assert_eq!(sent, 1);
}

fn check(id: String) -> Resource {
    resource("guard", ResourceSpec::Route53HealthCheck(Route53HealthCheck { health_check_id: id }))
}

async fn seen_check(cloud: &AwsCloud, id: &str) -> HealthCheck {
    match look(cloud, &reading(), &check(id.to_owned())).await.remove(&region(HOME)).unwrap().unwrap() {
        Facts::HealthCheck(check) => check,
        other => panic!("a health check was expected, not {other:?}"),
    }
}

#[tokio::test]
async fn a_check_is_held_out_under_its_version_and_stays_out_whatever_its_endpoint_does() {
    let (sim, cloud) = world().await;
    let id = sim.look(|w| {
        let endpoint =
            |c: &&holdfast_sim::world::health::HealthCheck| c.domain == "us-east-1.shop.example.com";
        w.health_checks.iter().find(endpoint).unwrap().id.clone()
    });
    let before = seen_check(&cloud, &id).await;
    assert_eq!(before.counts_healthy(), Some(true));
    let watched =
        Watched::Endpoint { address: "us-east-1.shop.example.com".into(), path: Some("/healthz".into()) };
    assert_eq!(before.watches, watched);
    let set = |version, out| Change::SetHealthCheck {
        health_check_id: id.clone(),
        version,
        inverted: out,
        disabled: out,
    };
    cloud.perform(&shop(), &acting("hold-out-guard", None), &set(before.version, true)).await.unwrap();
    for dark in [true, false] {
        sim.set_region_dark(HOME, dark);
        let held = seen_check(&cloud, &id).await;
        assert!(held.is_held_out() && held.counts_healthy() == Some(false), "{held:?}");
    }
    let stale = cloud.perform(&shop(), &acting("hold-out-guard", None), &set(before.version, true)).await;
    assert_eq!(stale.unwrap_err().kind, ErrorKind::Conflict);
    let version = seen_check(&cloud, &id).await.version;
    cloud.perform(&shop(), &acting("let-in-guard", None), &set(version, false)).await.unwrap();
    assert_eq!(seen_check(&cloud, &id).await.counts_healthy(), Some(true));
    assert_eq!(changed(&sim, "UpdateHealthCheck"), 2);
}

#[tokio::test]
async fn a_check_that_follows_a_control_says_so() {
    let (sim, cloud) = world().await;
    let home = control(&cloud, HOME).await.unwrap();
    let seen = seen_check(&cloud, &home.health_checks[0]).await;
    assert_eq!(seen.watches, Watched::RoutingControl { arn: home.control_arn });
    assert_eq!(seen.counts_healthy(), Some(true));
    let change = switch_to(&cloud, RECOVERY).await;
    cloud.perform(&shop(), &acting("switch-switch", None), &change).await.unwrap();
    sim.advance(Duration::from_secs(3));
    assert_eq!(seen_check(&cloud, &home.health_checks[0]).await.counts_healthy(), Some(false));
}

fn cdn() -> Resource {
    let distribution_id = DISTRIBUTION.into();
    resource("cdn", ResourceSpec::CloudfrontDistribution(CloudfrontDistribution { distribution_id }))
}

async fn origin(cloud: &AwsCloud, code: &str) -> DistributionOrigin {
    match look(cloud, &reading(), &cdn()).await.remove(&region(code)).unwrap().unwrap() {
        Facts::DistributionOrigin(origin) => origin,
        other => panic!("an origin was expected, not {other:?}"),
    }
}

#[tokio::test]
async fn origins_are_swapped_under_the_version_that_was_approved() {
    let (sim, cloud) = world().await;
    let before = origin(&cloud, HOME).await;
    assert!(before.is_first() && before.status == "Deployed" && before.enabled);
    assert!(!origin(&cloud, RECOVERY).await.is_first());
    let swap = Change::SetPrimaryOrigins {
        distribution_id: DISTRIBUTION.into(),
        etag: before.etag.clone(),
        primaries: BTreeMap::from([("regions".into(), origin(&cloud, RECOVERY).await.origins[0].clone())]),
    };
    cloud.perform(&shop(), &acting("swap-cdn", None), &swap).await.unwrap();
    let after = origin(&cloud, RECOVERY).await;
    assert!(after.is_first() && after.status == "InProgress" && after.etag != before.etag, "{after:?}");
    sim.advance(Duration::from_secs(5));
    assert_eq!(origin(&cloud, RECOVERY).await.status, "Deployed");
    let again = cloud.perform(&shop(), &acting("swap-cdn", None), &swap).await.unwrap_err();
    assert_eq!((again.kind, again.outcome_unknown), (ErrorKind::Conflict, false), "{again}");
    assert_eq!(changed(&sim, "UpdateDistribution"), 1);
}

#[tokio::test]
async fn a_dark_control_plane_is_told() {
    let (sim, cloud) = world().await;
    sim.set_control_plane_dark("us-east-1", true);
    let swap = Change::SetPrimaryOrigins {
        distribution_id: DISTRIBUTION.into(),
        etag: origin(&cloud, HOME).await.etag,
        primaries: BTreeMap::from([("regions".into(), RECOVERY.into())]),
    };
    let error = cloud.perform(&shop(), &acting("swap-cdn", None), &swap).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::ServiceError, "{error}");
    assert_eq!(changed(&sim, "UpdateDistribution"), 0);
}

fn plan(sim: &Sim) -> Resource {
    let plan_arn = sim.look(|w| w.switch_plans[0].arn());
    resource("arc", ResourceSpec::ArcRegionSwitchPlan(ArcRegionSwitchPlan { plan_arn }))
}

async fn switch_plan(cloud: &AwsCloud, of: &Resource, code: &str) -> RegionSwitch {
    match look(cloud, &reading(), of).await.remove(&region(code)).unwrap().unwrap() {
        Facts::RegionSwitch(plan) => plan,
        other => panic!("a plan was expected, not {other:?}"),
    }
}

#[tokio::test]
async fn a_region_switch_plan_is_started_in_its_target_and_followed_with_the_other_region_dark() {
    let (sim, cloud) = world().await;
    let plan = plan(&sim);
    let before = switch_plan(&cloud, &plan, RECOVERY).await;
    assert_eq!((before.evaluation.as_deref(), before.executions.len()), (Some("passed"), 0));
    assert_eq!(
        (before.approach.as_str(), &before.actions[..]),
        ("activePassive", &["activate".to_owned()][..])
    );
    sim.set_region_dark(HOME, true);
    let start = Change::StartRegionSwitch {
        region: region(RECOVERY),
        plan_arn: before.plan_arn.clone(),
        target: region(RECOVERY),
        action: SwitchAction::Activate,
        graceful: false,
    };
    sim.add_fault(Fault {
        operation: Some("StartPlanExecution".into()),
        times: Some(1),
        ..Fault::new(FaultKind::LoseAnswer)
    });
    let lost = cloud.perform(&shop(), &acting("execute-arc", None), &start).await.unwrap_err();
    assert!(lost.outcome_unknown, "{lost:?}");
    let running = switch_plan(&cloud, &plan, RECOVERY).await;
    let [execution] = &running.executions[..] else { panic!("{running:?}") };
    assert_eq!((execution.state.as_str(), execution.step.as_deref()), ("inProgress", Some("scale")));
    assert_eq!((execution.region.as_str(), execution.mode.as_str()), (RECOVERY, "ungraceful"));
    let second = cloud.perform(&shop(), &acting("execute-arc", None), &start).await.unwrap_err();
    assert_eq!((second.kind, second.outcome_unknown), (ErrorKind::Conflict, false), "{second}");
    sim.advance(Duration::from_secs(10));
    assert!(switch_plan(&cloud, &plan, RECOVERY).await.executions[0].is_completed());
    assert!(control(&cloud, RECOVERY).await.unwrap().on, "the plan has set the controls");
    let dark = look(&cloud, &reading(), &plan).await.remove(&region(HOME)).unwrap();
    assert_eq!(dark.unwrap_err().kind, ErrorKind::Unreachable);
}

#[tokio::test]
async fn records_of_every_routing_kind_are_read_whole() {
    let (sim, cloud) = world().await;
    sim.tamper(|world| {
        for (code, bias) in [(HOME, 10), (RECOVERY, -10)] {
            let base = |name: &str| RecordSet {
                name: format!("{name}.example.com."),
                kind: "A".into(),
                set_identifier: Some(code.into()),
                ttl_s: Some(60),
                values: vec!["192.0.2.1".into()],
                ..RecordSet::default()
            };
            let proximity = Proximity { region: Some(code.into()), bias: Some(bias), ..Proximity::default() };
            world.zones[0].records.push(RecordSet { proximity: Some(proximity), ..base("near") });
            world.zones[0].records.push(RecordSet { multi_value: Some(true), ..base("many") });
        }
        world.zones[0].records.sort_by(|a, b| a.order().cmp(&b.order()));
    });
    for (name, policy) in [("near", "geoproximity"), ("many", "multivalue")] {
        let records = resource(
            name,
            ResourceSpec::Route53Records(Route53Records {
                hosted_zone_id: ZONE.into(),
                record: format!("{name}.example.com"),
                record_type: "A".into(),
                set_identifiers: BTreeMap::new(),
            }),
        );
        let Facts::DnsRecord { record: Some(record), .. } =
            look(&cloud, &reading(), &records).await.remove(&region(HOME)).unwrap().unwrap()
        else {
            panic!("a record was expected")
        };
        assert_eq!(serde_json::to_value(&record.routing).unwrap()["policy"], policy);
    }
}
