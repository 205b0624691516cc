//! The adapters against the simulator, over the wire: what is seen, what is done, and what is said when AWS is
//! slow, dark, silent or says no.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test is a panic")]

mod common;
#[path = "simulator/compute.rs"]
mod compute;
mod outside_view;
#[path = "simulator/supporting.rs"]
mod supporting;

use common::*;
use holdfast_aws::{AwsCloud, AwsSettings, ControlCredentials};
use holdfast_cloud::{Access, Cloud, Error, ErrorKind, Settled};
use holdfast_domain::facts::{AcceleratorEndpoint, AuroraMember};
use holdfast_domain::resource::{EcsPlace, EcsService, GlobalAccelerator};
use holdfast_domain::{Account, Facts, Name, RegionCode, Resource, ResourceKind, ResourceSpec};
use holdfast_failover::Change;
use holdfast_failover::change::AccessPointRouteTarget;
use holdfast_sim::faults::{Fault, FaultKind};
use holdfast_sim::ledger::{Effect, Entry};
use holdfast_sim::{Sim, SimConfig};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

const SHOP: &str = "222222222222";
const ZONE: &str = "Z0123456789ABC";
const ACCELERATOR: &str =
    "arn:aws:globalaccelerator::222222222222:accelerator/5f8a1c3e-27b4-4d90-b6e2-9a1c0d7e4f68";
const ACCESS_POINT: &str = "arn:aws:s3::222222222222:accesspoint/m2shopa55ets.mrap";

async fn world() -> (Sim, AwsCloud) {
    let sim =
        holdfast_sim::start(SimConfig { listen: "127.0.0.1:0".parse().unwrap(), data: None, speed: 1.0 })
            .await
            .unwrap();
    let cloud = AwsCloud::new(settings(&sim));
    (sim, cloud)
}

/// The usual deadlines, shortened so that silence is told within the test's patience.
fn settings(sim: &Sim) -> AwsSettings {
    AwsSettings {
        endpoint_url: Some(sim.url()),
        control_credentials: ControlCredentials::Static {
            access_key_id: "AKIDCONTROL".into(),
            secret_access_key: "control".into(),
            session_token: None,
        },
        operation_timeout: Duration::from_secs(3),
        attempt_timeout: Duration::from_secs(1),
        change_timeout: Duration::from_secs(2),
        session_timeout: Duration::from_secs(2),
        patience: Duration::from_millis(200),
        outside: outside(sim.addr),
        ..AwsSettings::new(vec![region("eu-central-1"), region("us-west-2"), region("us-east-1")])
    }
}

fn shop() -> Account {
    account(SHOP, "demo-shop-prod")
}

fn both() -> [RegionCode; 2] {
    [region("us-east-1"), region("eu-central-1")]
}

fn web() -> Resource {
    let place = || EcsPlace { cluster: "shop".into(), service: "web".into(), desired_in_recovery: None };
    let per_region = both().into_iter().map(|region| (region, place())).collect();
    Resource {
        name: Name::parse("web").unwrap(),
        account: Name::parse("shop-prod").unwrap(),
        spec: ResourceSpec::EcsService(EcsService { per_region }),
    }
}

fn edge() -> Resource {
    Resource {
        name: Name::parse("edge").unwrap(),
        account: Name::parse("shop-prod").unwrap(),
        spec: ResourceSpec::GlobalAccelerator(GlobalAccelerator { accelerator_arn: ACCELERATOR.into() }),
    }
}

async fn look(cloud: &AwsCloud, resource: &Resource) -> BTreeMap<RegionCode, Result<Facts, Error>> {
    cloud.observe(&shop(), &reading(), resource, &both()).await
}

async fn seen(cloud: &AwsCloud, resource: &Resource, code: &str) -> Facts {
    look(cloud, resource).await.remove(&region(code)).unwrap().unwrap()
}

async fn member(cloud: &AwsCloud, code: &str) -> AuroraMember {
    match seen(cloud, &aurora("orders"), code).await {
        Facts::AuroraMember(member) => member,
        other => panic!("a member was expected, not {other:?}"),
    }
}

fn changes(sim: &Sim) -> Vec<Arc<Entry>> {
    sim.ledger().into_iter().filter(|entry| entry.effect == Effect::Changed).collect()
}

fn scale_up() -> Change {
    Change::SetEcsDesiredCount {
        region: region("eu-central-1"),
        cluster: "shop".into(),
        service: "web".into(),
        desired: 6,
    }
}

async fn switch_over(cloud: &AwsCloud) -> Change {
    Change::SwitchAuroraOver {
        region: region("us-east-1"),
        global_cluster: "orders".into(),
        target_cluster_arn: member(cloud, "eu-central-1").await.cluster_arn,
    }
}

#[tokio::test]
async fn what_the_shop_is_made_of_is_seen_in_both_regions() {
    let (_sim, cloud) = world().await;
    for resource in
        [records(ZONE, "shop.example.com"), aurora("orders"), access_point(ACCESS_POINT), web(), edge()]
    {
        for (region, facts) in look(&cloud, &resource).await {
            assert!(facts.is_ok(), "{} in {region}: {facts:?}", resource.name);
        }
    }
    let home = member(&cloud, "us-east-1").await;
    let recovery = member(&cloud, "eu-central-1").await;
    assert!(home.writer && home.lag.is_none());
    assert!(!recovery.writer && recovery.lag.is_some(), "{recovery:?}");
    assert!(recovery.instances.is_some_and(|count| count > 0) && !recovery.instance_classes.is_empty());
    assert_eq!(recovery.cluster_status.as_deref(), Some("available"));
}

#[tokio::test]
async fn looking_goes_under_the_read_role_and_its_narrowed_session() {
    let (sim, cloud) = world().await;
    look(&cloud, &web()).await;
    let entry = sim.ledger().into_iter().find(|entry| entry.operation == "DescribeServices").unwrap();
    assert_eq!(entry.session_name.as_deref(), Some("holdfast-read"));
    assert_eq!(entry.source_identity, None);
    let all = ResourceKind::ALL.iter().copied().collect();
    assert_eq!(entry.session_policy, holdfast_aws::policy::looking(&all));
}

#[tokio::test]
async fn a_change_carries_run_person_step_and_a_policy_of_its_own() {
    let (sim, cloud) = world().await;
    let acting = acting("raise-web", None);
    let answer = cloud.perform(&shop(), &acting, &scale_up()).await.unwrap();
    assert_eq!((answer.action.as_str(), answer.region.as_str()), ("ecs:UpdateService", "eu-central-1"));
    let [entry] = &changes(&sim)[..] else { panic!("one change was expected") };
    assert_eq!(answer.request_id.as_deref(), Some(entry.request_id.as_str()));
    assert_eq!(entry.session_name, Some(acting.run.to_string()));
    assert_eq!(entry.source_identity.as_deref(), Some("operator@example.com"));
    assert_eq!(entry.session_policy, holdfast_aws::policy::changing(&shop(), &scale_up()).ok());
    let mark = "holdfast-step/raise-web holdfast-direction/do holdfast-epoch/7";
    assert!(entry.user_agent.ends_with(mark), "{}", entry.user_agent);
    let assumed = sim.ledger().into_iter().find(|entry| entry.operation == "AssumeRole").unwrap();
    assert!(assumed.user_agent.ends_with(mark), "{}", assumed.user_agent);
}

#[tokio::test]
async fn the_check_and_the_change_of_one_step_share_a_session_and_two_steps_do_not() {
    let (sim, cloud) = world().await;
    let first = acting("raise-web", Some(scale_up()));
    cloud.observe(&shop(), &Access::Act(first.clone()), &web(), &both()).await;
    cloud.perform(&shop(), &first, &scale_up()).await.unwrap();
    let assumed = || sim.ledger().iter().filter(|entry| entry.operation == "AssumeRole").count();
    assert_eq!(assumed(), 1);
    let second = holdfast_cloud::Acting { step: "raise-web-again".parse().unwrap(), ..first };
    cloud.perform(&shop(), &second, &scale_up()).await.unwrap();
    assert_eq!(assumed(), 2);
}

#[tokio::test]
async fn weights_move_by_compare_and_set_and_a_second_time_is_a_conflict() {
    let (_sim, cloud) = world().await;
    let front_door = records(ZONE, "shop.example.com");
    let [home, recovery] = both();
    let old = |facts: &Facts| record_of(facts);
    let (from, to) = (
        old(&seen(&cloud, &front_door, "us-east-1").await),
        old(&seen(&cloud, &front_door, "eu-central-1").await),
    );
    assert!(weight_of(&from) > 0 && weight_of(&to) == 0);
    let change = Change::ReplaceRecords {
        hosted_zone_id: ZONE.into(),
        replace: vec![reweigh(&home, &from, 0), reweigh(&recovery, &to, 100)],
    };
    let answer = cloud.perform(&shop(), &acting("move-traffic", None), &change).await.unwrap();
    let tracking = answer.tracking.unwrap();
    assert!(!tracking.contains('/'), "{tracking}");
    assert_eq!(weight_of(&old(&seen(&cloud, &front_door, "us-east-1").await)), 0);
    assert_eq!(weight_of(&old(&seen(&cloud, &front_door, "eu-central-1").await)), 100);

    let again = cloud.perform(&shop(), &acting("move-traffic", None), &change).await.unwrap_err();
    assert_eq!((again.kind, again.outcome_unknown), (ErrorKind::Conflict, false), "{again}");
    assert!(again.request_id.is_some());

    let access = act("move-traffic", &change);
    assert_eq!(
        cloud.settled(&shop(), &access, &change, &tracking).await.unwrap(),
        Settled::NotYet("PENDING".into())
    );
    let (sim, cloud) = (&_sim, &cloud);
    sim.advance(Duration::from_secs(10));
    assert_eq!(cloud.settled(&shop(), &access, &change, &tracking).await.unwrap(), Settled::Yes);
    let forgotten = cloud.settled(&shop(), &access, &change, "C0000000000000").await.unwrap();
    assert!(matches!(forgotten, Settled::NotKnown(_)), "{forgotten:?}");
}

#[tokio::test]
async fn a_database_switched_over_has_its_writer_in_the_other_region() {
    let (sim, cloud) = world().await;
    let change = switch_over(&cloud).await;
    cloud.perform(&shop(), &acting("switch-orders", None), &change).await.unwrap();
    sim.advance(Duration::from_secs(600));
    assert!(member(&cloud, "eu-central-1").await.writer);
    assert!(!member(&cloud, "us-east-1").await.writer);
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_nothing_is_sent_twice() {
    let (sim, cloud) = world().await;
    let change = switch_over(&cloud).await;
    sim.add_fault(Fault {
        operation: Some("SwitchoverGlobalCluster".into()),
        ..Fault::new(FaultKind::LoseAnswer)
    });
    let error = cloud.perform(&shop(), &acting("switch-orders", None), &change).await.unwrap_err();
    assert!(error.outcome_unknown, "{error:?}");
    assert_eq!(error.kind, ErrorKind::Unreachable);
    assert_eq!(sim.ledger().iter().filter(|entry| entry.operation == "SwitchoverGlobalCluster").count(), 1);
}

#[tokio::test]
async fn a_change_that_hangs_is_given_up_at_its_deadline_as_unknown() {
    let (sim, cloud) = world().await;
    sim.add_fault(Fault { operation: Some("UpdateService".into()), ..Fault::new(FaultKind::Hang) });
    let began = Instant::now();
    let error = cloud.perform(&shop(), &acting("raise-web", None), &scale_up()).await.unwrap_err();
    assert!(error.outcome_unknown && error.kind == ErrorKind::Unreachable, "{error:?}");
    assert!(began.elapsed() < cloud.call_deadline(), "{:?}", began.elapsed());
}

#[tokio::test]
async fn what_aws_refuses_did_not_happen_and_what_broke_inside_aws_may_have() {
    let (sim, cloud) = world().await;
    for (kind, expected, unknown) in [
        (FaultKind::Throttle, ErrorKind::Throttled, false),
        (FaultKind::Deny, ErrorKind::Denied, false),
        (FaultKind::Error, ErrorKind::ServiceError, true),
    ] {
        sim.clear_faults();
        sim.add_fault(Fault { operation: Some("UpdateService".into()), ..Fault::new(kind) });
        let error = cloud.perform(&shop(), &acting("raise-web", None), &scale_up()).await.unwrap_err();
        assert_eq!((error.kind, error.outcome_unknown), (expected, unknown), "{error:?}");
        assert_eq!((error.account.as_str(), error.region.as_str()), (SHOP, "eu-central-1"));
        assert_eq!(error.operation, "ecs:UpdateService");
        assert!(error.request_id.is_some());
    }
    assert_eq!(sim.ledger().iter().filter(|entry| entry.operation == "UpdateService").count(), 3);
}

#[tokio::test]
async fn nothing_was_sent_where_nobody_listens() {
    let (sim, _) = world().await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut settings = settings(&sim);
    settings.service_endpoints.insert("ECS".into(), format!("http://{closed}"));
    let cloud = AwsCloud::new(settings);
    let error = cloud.perform(&shop(), &acting("raise-web", None), &scale_up()).await.unwrap_err();
    assert_eq!((error.kind, error.outcome_unknown), (ErrorKind::Unreachable, false), "{error:?}");
}

#[tokio::test]
async fn a_dark_region_is_unreachable_and_the_other_stays_known() {
    let (sim, cloud) = world().await;
    sim.set_region_dark("us-east-1", true);
    let began = Instant::now();
    let services = look(&cloud, &web()).await;
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    assert!(services[&region("eu-central-1")].is_ok(), "{services:?}");
    let dark = services[&region("us-east-1")].as_ref().unwrap_err();
    assert_eq!((dark.kind, dark.region.as_str()), (ErrorKind::Unreachable, "us-east-1"));

    let members = look(&cloud, &aurora("orders")).await;
    let Ok(Facts::AuroraMember(home)) = &members[&region("us-east-1")] else { panic!("{members:?}") };
    assert_eq!((home.cluster_status.as_deref(), home.instances), (None, None));
    let Ok(Facts::AuroraMember(recovery)) = &members[&region("eu-central-1")] else { panic!("{members:?}") };
    assert!(recovery.cluster_status.is_some());
}

#[tokio::test]
async fn sessions_come_from_another_region_when_the_first_is_dark() {
    let (sim, cloud) = world().await;
    sim.set_region_dark("eu-central-1", true);
    let services = look(&cloud, &web()).await;
    assert!(services[&region("us-east-1")].is_ok(), "{services:?}");
    let lent = sim
        .ledger()
        .into_iter()
        .filter(|entry| entry.operation == "AssumeRole" && entry.effect == Effect::None);
    assert!(lent.into_iter().any(|entry| entry.region == "us-west-2"));
}

#[tokio::test]
async fn a_wrong_external_id_is_denied_with_what_to_look_at_and_asked_once() {
    let (sim, cloud) = world().await;
    let wrong = account(SHOP, "somebody-else");
    let error = cloud.probe(&wrong, &reading()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    for word in ["somebody-else", "role/holdfast-read", "external id"] {
        assert!(error.message.contains(word), "{}", error.message);
    }
    for _ in 0..5 {
        let looked = cloud.observe(&wrong, &reading(), &web(), &both()).await;
        assert!(
            looked.values().all(|facts| facts.as_ref().is_err_and(|error| error.kind == ErrorKind::Denied))
        );
    }
    assert_eq!(sim.ledger().iter().filter(|entry| entry.operation == "AssumeRole").count(), 1);
}

#[tokio::test]
async fn a_probe_says_who_we_are_in_each_role() {
    let (_sim, cloud) = world().await;
    let read = cloud.probe(&shop(), &reading()).await.unwrap();
    assert_eq!(read.account, SHOP);
    assert!(read.arn.contains("assumed-role/holdfast-read/holdfast-read"), "{}", read.arn);
    let acting = acting("probe", None);
    let act = cloud.probe(&shop(), &Access::Act(acting.clone())).await.unwrap();
    assert!(act.arn.ends_with(&format!("assumed-role/holdfast-act/{}", acting.run)), "{}", act.arn);
}

#[tokio::test]
async fn a_crowd_of_looks_makes_one_session() {
    let (sim, cloud) = world().await;
    let resource = web();
    futures::future::join_all((0..20).map(|_| look(&cloud, &resource))).await;
    assert_eq!(sim.ledger().iter().filter(|entry| entry.operation == "AssumeRole").count(), 1);
}

fn routes(via: &[&str]) -> Change {
    let target = |dial| AccessPointRouteTarget { bucket: String::new(), traffic_dial_percent: dial };
    Change::SetAccessPointRoutes {
        mrap_arn: ACCESS_POINT.into(),
        routes: BTreeMap::from([(region("us-east-1"), target(0)), (region("eu-central-1"), target(100))]),
        via: via.iter().map(|code| region(code)).collect(),
    }
}

/// The routes to set, with the buckets that are there.
async fn routes_via(cloud: &AwsCloud, via: &[&str]) -> Change {
    let mut change = routes(via);
    if let Change::SetAccessPointRoutes { routes, .. } = &mut change {
        for (region, target) in routes {
            let Facts::AccessPointRoute { bucket, .. } =
                seen(cloud, &access_point(ACCESS_POINT), region.as_str()).await
            else {
                panic!("a route was expected")
            };
            target.bucket = bucket;
        }
    }
    change
}

#[tokio::test]
async fn access_point_routes_go_through_the_next_region_after_an_error_of_awss_own() {
    let (sim, cloud) = world().await;
    let change = routes_via(&cloud, &["us-west-2", "eu-west-1"]).await;
    sim.add_fault(Fault {
        operation: Some("SubmitMultiRegionAccessPointRoutes".into()),
        region: Some("us-west-2".into()),
        ..Fault::new(FaultKind::Error)
    });
    let answer = cloud.perform(&shop(), &acting("route-assets", None), &change).await.unwrap();
    assert_eq!(answer.region, "eu-west-1");
    assert_eq!(changes(&sim).len(), 1);
}

#[tokio::test]
async fn access_point_routes_are_not_sent_again_after_a_lost_answer() {
    let (sim, cloud) = world().await;
    let change = routes_via(&cloud, &["us-west-2", "eu-west-1"]).await;
    sim.add_fault(Fault {
        operation: Some("SubmitMultiRegionAccessPointRoutes".into()),
        ..Fault::new(FaultKind::LoseAnswer)
    });
    let error = cloud.perform(&shop(), &acting("route-assets", None), &change).await.unwrap_err();
    assert!(error.outcome_unknown, "{error:?}");
    assert_eq!(changes(&sim).len(), 1);
}

#[tokio::test]
async fn an_accelerator_group_is_dialled_without_losing_its_endpoints() {
    let (_sim, cloud) = world().await;
    let Facts::AcceleratorGroup(group) = seen(&cloud, &edge(), "eu-central-1").await else {
        panic!("a group was expected")
    };
    assert_eq!(group.traffic_dial_percent, 0);
    let change = Change::SetAcceleratorGroup {
        endpoint_group_region: region("eu-central-1"),
        endpoint_group_arn: group.endpoint_group_arn.clone(),
        traffic_dial_percent: 100,
        endpoints: group.endpoints.clone(),
    };
    let answer = cloud.perform(&shop(), &acting("dial-edge", None), &change).await.unwrap();
    assert_eq!(answer.region, "us-west-2");
    let Facts::AcceleratorGroup(after) = seen(&cloud, &edge(), "eu-central-1").await else {
        panic!("a group was expected")
    };
    assert_eq!(after.traffic_dial_percent, 100);
    let kept = |endpoints: &[AcceleratorEndpoint]| {
        endpoints.iter().map(|one| (one.id.clone(), one.weight)).collect::<Vec<_>>()
    };
    assert_eq!(kept(&after.endpoints), kept(&group.endpoints));
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let (_sim, cloud) = world().await;
    for facts in look(&cloud, &aurora("nobody")).await.into_values() {
        assert_eq!(facts.unwrap_err().kind, ErrorKind::NotFound);
    }
    let elsewhere = cloud
        .observe(&shop(), &reading(), &aurora("orders"), &[region("us-east-1"), region("ap-southeast-1")])
        .await;
    assert!(elsewhere[&region("us-east-1")].is_ok());
    assert_eq!(elsewhere[&region("ap-southeast-1")].as_ref().unwrap_err().kind, ErrorKind::NotFound);
}
