//! Everything that does work, against the simulator: seen, failed over by its own plan and back, with answers lost, with
//! the Region being left dark, with no capacity to be had.

use crate::route53_records::named_record;
use crate::words::{account, act, acting, reading, region};
use holdfast_aws::{AwsCloud, AwsSettings, ControlCredentials};
use holdfast_cloud::{Access, Cloud, ErrorKind, Settled};
use holdfast_domain::facts::Beside;
use holdfast_domain::resource::{
    AutoScalingGroup, AutoScalingPlace, EcrRepository, EcsPlace, EcsService, EksNodeGroup, LambdaFunction,
    LambdaPlace, NodeGroupPlace,
};
use holdfast_domain::{
    Account, Application, Facts, Name, Objectives, ObservationMap, RegionCode, Resource, ResourceSpec,
    Seconds, Sight, Strategy,
};
use holdfast_failover::movement::{Intent, Mode, Movement};
use holdfast_failover::plan::{Picture, plan};
use holdfast_failover::{Change, Plan, Step, Verdict};
use holdfast_sim::faults::{Fault, FaultKind};
use holdfast_sim::ledger::Effect;
use holdfast_sim::world::World;
use holdfast_sim::world::build::Routing;
use holdfast_sim::world::groups::Behind;
use holdfast_sim::{Sim, SimConfig, start_with};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

const ACCOUNT: &str = "222222222222";
const HOME: &str = "us-east-1";
const AWAY: &str = "eu-central-1";
const ZONE: &str = "Z0123456789ABC";
const HOME_QUEUE: &str = "aaaaaaaa-0000-4000-8000-000000000001";
const AWAY_QUEUE: &str = "bbbbbbbb-0000-4000-8000-000000000001";

fn fulfilment() -> World {
    let service = || Behind::Service { cluster: "shop".into(), service: "api".into() };
    World::empty()
        .account(ACCOUNT, "shop-prod", "demo-shop-prod")
        .zone_named(ACCOUNT, ZONE, "shop.example.com")
        .front_door(ZONE, "shop.example.com", Routing::Weighted, &[HOME, AWAY])
        .service(ACCOUNT, HOME, "shop", "api", 6)
        .target_group(ACCOUNT, HOME, "api", service())
        .service(ACCOUNT, AWAY, "shop", "api", 2)
        .scaling(2, 4)
        .target_group(ACCOUNT, AWAY, "api", service())
        .group(ACCOUNT, HOME, "workers", 5, 10)
        .target_group(ACCOUNT, HOME, "workers", Behind::Group("workers".into()))
        .group(ACCOUNT, AWAY, "workers", 1, 3)
        .schedule("evening")
        .target_group(ACCOUNT, AWAY, "workers", Behind::Group("workers".into()))
        .node_group(ACCOUNT, HOME, ("shop", "general"), 3, 6)
        .node_group(ACCOUNT, AWAY, ("shop", "general"), 1, 2)
        .function(ACCOUNT, HOME, "order-events", Some(50))
        .mapping(HOME_QUEUE, "orders", true)
        .to_alias("live")
        .provisioned("live", 10)
        .function(ACCOUNT, AWAY, "order-events", Some(5))
        .mapping(AWAY_QUEUE, "orders", false)
        .provisioned("live", 1)
        .repository(ACCOUNT, HOME, "shop/api", &["1.11.0", "1.12.0"])
        .replicate_images(ACCOUNT, HOME, &[AWAY])
        .repository(ACCOUNT, AWAY, "shop/api", &["1.11.0", "1.12.0"])
}

/// A world that stands still until it is told to go on.
async fn world() -> (Sim, AwsCloud) {
    let config = SimConfig { listen: "127.0.0.1:0".parse().unwrap(), data: None, speed: 0.0 };
    let sim = start_with(config, fulfilment()).await.unwrap();
    let cloud = AwsCloud::new(AwsSettings {
        endpoint_url: Some(sim.url()),
        control_credentials: ControlCredentials::Static {
            access_key_id: "AKIDCONTROL".into(),
            secret_access_key: "control".into(),
            session_token: None,
        },
        operation_timeout: Duration::from_secs(3),
        attempt_timeout: Duration::from_secs(1),
        patience: Duration::from_millis(200),
        ..AwsSettings::new(vec![region(AWAY), region("us-west-2"), region(HOME)])
    });
    (sim, cloud)
}

fn shop() -> Account {
    account(ACCOUNT, "demo-shop-prod")
}

fn both() -> [RegionCode; 2] {
    [region(HOME), region(AWAY)]
}

fn named(name: &str, spec: ResourceSpec) -> Resource {
    Resource { name: Name::parse(name).unwrap(), account: Name::parse("shop-prod").unwrap(), spec }
}

fn per_region<T>(make: impl Fn(&str, bool) -> T) -> BTreeMap<RegionCode, T> {
    [(HOME, true), (AWAY, false)].into_iter().map(|(code, home)| (region(code), make(code, home))).collect()
}

fn application(sim: &Sim) -> Application {
    let target_group = |code: &str| {
        sim.look(|w| {
            w.target_groups.iter().find(|t| t.region == code && t.name == "workers").map(|t| t.arn())
        })
    };
    let api = per_region(|_, home| EcsPlace {
        cluster: "shop".into(),
        service: "api".into(),
        desired_in_recovery: (!home).then_some(6),
    });
    let workers = per_region(|code, home| AutoScalingPlace {
        group: "workers".into(),
        target_group_arn: target_group(code),
        desired_in_recovery: (!home).then_some(5),
    });
    let nodes = per_region(|_, home| NodeGroupPlace {
        cluster: "shop".into(),
        node_group: "general".into(),
        desired_in_recovery: (!home).then_some(3),
    });
    let events = per_region(|_, home| LambdaPlace {
        concurrency: Some(50),
        event_source_mappings: vec![if home { HOME_QUEUE } else { AWAY_QUEUE }.into()],
    });
    Application {
        name: Name::parse("fulfilment").unwrap(),
        owner: Name::parse("logistics").unwrap(),
        tier: 2,
        environment: None,
        strategy: Strategy::WarmStandby,
        home_region: region(HOME),
        recovery_regions: vec![region(AWAY)],
        objectives: Objectives { rto: Seconds(900), rpo: Seconds(60) },
        data_residency: Vec::new(),
        load_split: holdfast_domain::LoadSplit::Even,
        approval_policy: Name::parse("one-approver").unwrap(),
        depends_on: Vec::new(),
        resources: vec![
            named_record(ZONE, "shop.example.com"),
            named("api", ResourceSpec::EcsService(EcsService { per_region: api })),
            named("workers", ResourceSpec::AutoScalingGroup(AutoScalingGroup { per_region: workers })),
            named("nodes", ResourceSpec::EksNodeGroup(EksNodeGroup { per_region: nodes })),
            named(
                "events",
                ResourceSpec::LambdaFunction(LambdaFunction {
                    function: "order-events".into(),
                    per_region: events,
                }),
            ),
            named("images", ResourceSpec::EcrRepository(EcrRepository { repository: "shop/api".into() })),
        ],
        waivers: Vec::new(),
    }
}

async fn look(
    cloud: &AwsCloud,
    access: &Access,
    resource: &Resource,
    regions: &[RegionCode],
) -> ObservationMap {
    let looked = cloud.observe(&shop(), access, resource, regions).await.into_iter();
    looked
        .map(|(region, result)| {
            let sight = match result {
                Ok(facts) => Sight::Known { at: Timestamp::now(), facts },
                Err(error) => {
                    Sight::Unknown { reason: error.to_string(), absent: false, since: None, last: None }
                }
            };
            ((resource.name.clone(), region), sight)
        })
        .collect()
}

async fn picture(sim: &Sim, cloud: &AwsCloud) -> Picture {
    let application = application(sim);
    let mut observations = ObservationMap::new();
    for resource in &application.resources {
        observations.extend(look(cloud, &reading(), resource, &both()).await);
    }
    Picture {
        application,
        accounts: vec![shop()],
        observations,
        before: BTreeMap::new(),
        split_before: None,
        own: Vec::new(),
        edits: Vec::new(),
        others: Vec::new(),
        now: Timestamp::now(),
    }
}

async fn facts(sim: &Sim, cloud: &AwsCloud, name: &str, code: &str) -> Facts {
    let picture = picture(sim, cloud).await;
    let sight = &picture.observations[&(Name::parse(name).unwrap(), region(code))];
    sight.known().unwrap_or_else(|| panic!("{sight:?}")).clone()
}

fn movement(intent: Intent, mode: Mode, from: &str, to: &str) -> Movement {
    Movement { intent, mode, from: region(from), to: region(to) }
}

/// What a step sees under its own session.
async fn see(cloud: &AwsCloud, picture: &Picture, plan: &Plan, step: &Step) -> ObservationMap {
    let access = Access::Act(acting(step.id.as_str(), step.change().cloned()));
    let mut seen = ObservationMap::new();
    for (name, regions) in step.looks_at(plan) {
        let regions: Vec<RegionCode> = regions.into_iter().collect();
        seen.extend(look(cloud, &access, picture.application.resource(&name).unwrap(), &regions).await);
    }
    seen
}

/// Carries a plan out in its order, as the engine would with one hand.
async fn carry_out(sim: &Sim, cloud: &AwsCloud, picture: &Picture, movement: &Movement) -> Plan {
    let plan = plan(picture, movement).unwrap_or_else(|refusal| panic!("{refusal:?}"));
    for step in &plan.steps {
        let mut called = None;
        for turn in 0.. {
            assert!(turn < 100, "{} does not end", step.id);
            let seen = see(cloud, picture, &plan, step).await;
            let verdict = step.check(&seen, &plan, movement, Timestamp::now());
            match (verdict, &called) {
                (Verdict::Reached { .. }, _) => break,
                (Verdict::Act(change), None) => {
                    let answer = cloud.perform(&shop(), &acting(step.id.as_str(), None), &change).await;
                    called = Some(answer.unwrap_or_else(|error| panic!("{}: {error}", step.id)));
                }
                (Verdict::Wait { .. }, _) => sim.advance(Duration::from_secs(1)),
                (other, _) => panic!("{}: {other:?}", step.id),
            }
        }
        if let (Some(change), Some(tracking)) = (step.change(), called.and_then(|answer| answer.tracking)) {
            sim.advance(Duration::from_secs(10));
            let settled = cloud.settled(&shop(), &act(step.id.as_str(), change), change, &tracking).await;
            assert_eq!(settled.unwrap(), Settled::Yes, "{}", step.id);
        }
    }
    plan
}

fn changing_steps(plan: &Plan) -> Vec<&Step> {
    plan.steps.iter().filter(|s| s.change().is_some()).collect()
}

fn changed(sim: &Sim) -> usize {
    sim.ledger().iter().filter(|e| e.effect == Effect::Changed).count()
}

/// Sizes, floors, processes, reservations and event sources, as they stand.
fn standing(sim: &Sim) -> serde_json::Value {
    sim.look(|w| {
        let groups: Vec<_> = w.groups.iter().map(|g| (&g.region, &g.name, g.size, &g.suspended)).collect();
        let services: Vec<_> = w.services.iter().map(|s| (&s.region, s.desired, s.scaling)).collect();
        let functions: Vec<_> = w
            .functions
            .iter()
            .map(|f| {
                let on: Vec<_> = f.mappings.iter().map(|m| m.enabled).collect();
                let warm: Vec<_> = f.provisioned.iter().map(|p| p.requested).collect();
                (&f.region, f.reserved, on, warm)
            })
            .collect();
        serde_json::json!([groups, services, functions])
    })
}

#[tokio::test]
async fn every_kind_that_does_work_fails_over_and_back_to_what_stood_before() {
    let (sim, cloud) = world().await;
    let before = picture(&sim, &cloud).await;
    let stood = standing(&sim);
    let there = movement(Intent::Failover, Mode::Planned, HOME, AWAY);
    let over = carry_out(&sim, &cloud, &before, &there).await;
    let kinds: Vec<&str> = changing_steps(&over).iter().map(|s| s.kind()).collect();
    for kind in [
        "switch_event_source",
        "set_ecs_scaling_bounds",
        "scale_ecs_service",
        "suspend_scaling_processes",
        "scale_auto_scaling_group",
        "scale_eks_node_group",
        "set_lambda_concurrency",
        "set_lambda_provisioned_concurrency",
    ] {
        assert!(kinds.contains(&kind), "{kind} is not among {kinds:?}");
    }
    assert_eq!(changed(&sim), changing_steps(&over).len());
    let Facts::AutoScalingGroup(group) = facts(&sim, &cloud, "workers", AWAY).await else { panic!() };
    assert_eq!((group.min, group.max, group.desired, group.in_service), (5, 5, 5, 5));
    assert_eq!(group.suspended, ["ScheduledActions"]);
    assert_eq!(group.targets.map(|t| t.healthy), Some(5));
    let Facts::EksNodeGroup(nodes) = facts(&sim, &cloud, "nodes", AWAY).await else { panic!() };
    assert_eq!((nodes.desired, nodes.in_service, nodes.status.as_str()), (3, Some(3), "ACTIVE"));

    let moved = picture(&sim, &cloud).await;
    let known = before.observations.iter().filter_map(|(k, s)| Some((k.clone(), s.known()?.clone())));
    let moved = Picture { before: known.collect(), ..moved };
    let back = movement(Intent::Failback, Mode::Planned, AWAY, HOME);
    let home = carry_out(&sim, &cloud, &moved, &back).await;
    assert_eq!(standing(&sim), stood);
    assert_eq!(changed(&sim), changing_steps(&over).len() + changing_steps(&home).len());
}

#[tokio::test]
async fn a_lost_answer_of_each_call_is_looked_up_and_found_done() {
    let (sim, cloud) = world().await;
    let before = picture(&sim, &cloud).await;
    let there = movement(Intent::Failover, Mode::Planned, HOME, AWAY);
    let plan = plan(&before, &there).unwrap();
    for step in changing_steps(&plan).into_iter().filter(|s| s.kind() != "replace_records") {
        let change = step.change().unwrap();
        let (_, operation) = change.action().split_once(':').unwrap();
        let operation = Some(operation.to_owned());
        sim.add_fault(Fault { operation, times: Some(1), ..Fault::new(FaultKind::LoseAnswer) });
        let error = cloud.perform(&shop(), &acting(step.id.as_str(), None), change).await.unwrap_err();
        assert!(error.outcome_unknown && error.kind == ErrorKind::Unreachable, "{}: {error:?}", step.id);
        let seen = see(&cloud, &before, &plan, step).await;
        let now = step.check(&seen, &plan, &there, Timestamp::now());
        assert!(!matches!(now, Verdict::Act(_)), "{} would be repeated: {now:?}", step.id);
        sim.advance(Duration::from_secs(60));
        let seen = see(&cloud, &before, &plan, step).await;
        let then = step.check(&seen, &plan, &there, Timestamp::now());
        assert!(matches!(then, Verdict::Reached { .. }), "{}: {then:?}", step.id);
    }
}

#[tokio::test]
async fn an_emergency_asks_nothing_of_a_region_that_is_dark() {
    let (sim, cloud) = world().await;
    let last = picture(&sim, &cloud).await;
    sim.set_region_dark(HOME, true);
    let mut dark = picture(&sim, &cloud).await;
    for (key, sight) in &mut dark.observations {
        if let Sight::Unknown { last: seen, .. } = sight {
            *seen = last.observations[key].last_seen().map(|(at, facts)| (at, facts.clone()));
        }
    }
    let there = movement(Intent::Failover, Mode::Emergency, HOME, AWAY);
    let plan = plan(&dark, &there).unwrap();
    assert!(plan.steps.iter().all(|s| !s.id.as_str().starts_with("stop-")));
    assert!(
        plan.notes.iter().any(|n| n.contains("are not stopped: us-east-1 could not be seen")),
        "{:?}",
        plan.notes
    );
    let compute = changing_steps(&plan).into_iter().filter(|s| s.kind() != "replace_records");
    assert!(compute.clone().count() >= 7);
    for step in compute {
        let planes = [format!("@{HOME}"), "@us-west-2".into()];
        assert!(planes.iter().all(|p| !step.plane.ends_with(p)), "{} needs {}", step.id, step.plane);
        cloud.perform(&shop(), &acting(step.id.as_str(), None), step.change().unwrap()).await.unwrap();
        sim.advance(Duration::from_secs(60));
        let seen = see(&cloud, &dark, &plan, step).await;
        let verdict = step.verify(&seen, &plan, &there, Timestamp::now());
        assert!(matches!(verdict, Verdict::Reached { .. }), "{}: {verdict:?}", step.id);
    }
}

#[tokio::test]
async fn where_there_is_no_capacity_the_step_waits_and_says_what_aws_says() {
    let (sim, cloud) = world().await;
    let before = picture(&sim, &cloud).await;
    let there = movement(Intent::Failover, Mode::Planned, HOME, AWAY);
    let plan = plan(&before, &there).unwrap();
    sim.set_capacity_short(AWAY, true);
    for (id, words) in [
        ("scale-workers-eu-central-1", "do not have sufficient m6i.large capacity"),
        ("scale-nodes-eu-central-1", "not enough capacity"),
        ("scale-api-eu-central-1", "2 of 6 tasks run"),
    ] {
        let step = plan.step(&id.parse().unwrap()).unwrap();
        cloud.perform(&shop(), &acting(id, None), step.change().unwrap()).await.unwrap();
        sim.advance(Duration::from_secs(600));
        let seen = see(&cloud, &before, &plan, step).await;
        let Verdict::Wait { note } = step.verify(&seen, &plan, &there, Timestamp::now()) else {
            panic!("{id} does not wait");
        };
        assert!(note.contains(words), "{id}: {note}");
    }
}

#[tokio::test]
async fn what_stands_beside_and_is_denied_spoils_nothing_else_and_is_told() {
    let (sim, cloud) = world().await;
    for operation in
        ["DescribeTargetHealth", "DescribeScalableTargets", "DescribeScheduledActions", "DescribeRegistry"]
    {
        sim.add_fault(Fault { operation: Some(operation.into()), ..Fault::new(FaultKind::Deny) });
    }
    let picture = picture(&sim, &cloud).await;
    let unread = |name: &str| -> Vec<Beside> {
        let facts = picture.observations[&(Name::parse(name).unwrap(), region(AWAY))].known().unwrap();
        facts.unread().iter().map(|u| u.what).collect()
    };
    assert_eq!(unread("api"), [Beside::ScalingBounds, Beside::TargetHealth]);
    assert_eq!(unread("workers"), [Beside::ScheduledActions, Beside::TargetHealth]);
    assert_eq!(unread("images"), [Beside::ReplicationRules]);
    assert!(unread("nodes").is_empty());
}

#[tokio::test]
async fn the_images_of_both_regions_and_what_runs_are_seen() {
    let (sim, cloud) = world().await;
    let Facts::EcrRepository(home) = facts(&sim, &cloud, "images", HOME).await else { panic!() };
    assert_eq!((home.replicates_to, home.left_out), (vec![AWAY.to_owned()], 0));
    assert_eq!(home.images[0].tags, ["1.12.0"], "newest first");
    assert_eq!(home.newest_copies, [(AWAY.to_owned(), "COMPLETE".to_owned())]);
    let Facts::EcsService(api) = facts(&sim, &cloud, "api", HOME).await else { panic!() };
    assert_eq!(api.images, [format!("{ACCOUNT}.dkr.ecr.{HOME}.amazonaws.com/shop/api:1.12.0")]);
    // A revision never changes, so looking again does not ask for it again.
    let asked = || sim.ledger().iter().filter(|e| e.operation == "DescribeTaskDefinition").count();
    let before = asked();
    facts(&sim, &cloud, "api", HOME).await;
    assert_eq!((before, asked()), (2, 2));
}

#[tokio::test]
async fn a_node_group_that_is_being_changed_is_a_conflict_and_a_forgotten_update_is_not_known() {
    let (sim, cloud) = world().await;
    let size = |n| holdfast_failover::change::GroupSize { min: 1, max: 4, desired: n };
    let change = |n| Change::SetEksNodeGroupSize {
        region: region(AWAY),
        cluster: "shop".into(),
        node_group: "general".into(),
        size: size(n),
    };
    let answer = cloud.perform(&shop(), &acting("scale-nodes", None), &change(2)).await.unwrap();
    let refused = cloud.perform(&shop(), &acting("scale-other", None), &change(3)).await.unwrap_err();
    assert_eq!((refused.kind, refused.outcome_unknown), (ErrorKind::Conflict, false), "{refused}");
    let settled = |tracking: String| {
        let cloud = &cloud;
        async move {
            let change = change(2);
            cloud.settled(&shop(), &act("scale-nodes", &change), &change, &tracking).await.unwrap()
        }
    };
    let tracking = answer.tracking.unwrap();
    assert_eq!(settled(tracking.clone()).await, Settled::NotYet("InProgress".into()));
    sim.advance(Duration::from_secs(10));
    assert_eq!(settled(tracking).await, Settled::Yes);
    assert!(matches!(settled("nobody".into()).await, Settled::NotKnown(_)));
}
