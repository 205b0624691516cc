//! Every kind that does work: raised, held, its events moved, and all of it taken back.

use super::*;
use crate::change::{Change, GroupSize};
use crate::testing::compute::{
    AWAY_QUEUE, HOME_QUEUE, a_function, a_group, a_node_group, api, events, fulfilment, moved_fulfilment,
};
use crate::testing::step_id;
use crate::testing::world::{absent, stack};
use holdfast_domain::facts::{AutoScalingGroupFacts, Beside, Unread};

fn with(mut picture: Picture, resource: &str, code: &str, facts: Facts) -> Picture {
    picture.observations.insert(key(resource, code), known(facts));
    picture
}

fn ids(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|s| s.id.as_str()).collect()
}

fn notes(plan: &Plan, word: &str) -> bool {
    plan.notes.iter().any(|n| n.contains(word))
}

#[test]
fn a_planned_failover_of_every_kind_that_does_work() {
    insta::assert_snapshot!(text(&planned(&fulfilment(), &failover(Mode::Planned))));
}

#[test]
fn an_emergency_failover_of_every_kind_whose_region_is_dark() {
    let mut picture = fulfilment();
    for resource in ["api", "workers", "nodes", "events", "images"] {
        let last = picture.observations[&key(resource, A)].known().cloned();
        picture.observations.insert(key(resource, A), unknown(last));
    }
    insta::assert_snapshot!(text(&planned(&picture, &failover(Mode::Emergency))));
}

#[test]
fn a_failback_takes_back_every_size_floor_and_event_source() {
    insta::assert_snapshot!(text(&planned(&moved_fulfilment(), &home())));
}

#[test]
fn a_failback_that_was_done_changes_nothing_more() {
    let mut picture = fulfilment();
    picture.before = moved_fulfilment().before;
    let plan = planned(&picture, &home());
    assert!(plan.steps.iter().all(|s| s.change().is_none()), "{}", text(&plan));
}

#[test]
fn nothing_waits_for_a_region_that_an_emergency_leaves() {
    // It answers still, so its event sources are stopped; but beside everything else.
    let plan = planned(&fulfilment(), &failover(Mode::Emergency));
    let stop = step_id("stop-events-1-us-east-1");
    assert!(plan.step(&stop).is_some_and(|s| s.timeout_seconds == 60), "{:?}", ids(&plan));
    assert!(plan.steps.iter().all(|s| !s.after.contains(&stop)), "{}", text(&plan));
    assert!(notes(&plan, "Nothing waits for us-east-1"), "{:?}", plan.notes);
    // Planned, all that moves traffic does.
    let plan = planned(&fulfilment(), &failover(Mode::Planned));
    assert!(comes_after(&plan, "route-front-door").contains(&stop.as_str()));
    assert!(comes_after(&plan, "start-events-1-eu-central-1").contains(&"confirm-serving"));
}

#[test]
fn what_has_its_size_its_floor_and_its_health_already_gets_no_step() {
    let mut picture = with(fulfilment(), "api", B, api(B, 6, 6, 8));
    let held = AutoScalingGroupFacts { min: 10, max: 10, ..a_group(10) };
    picture = with(picture, "workers", B, Facts::AutoScalingGroup(held.clone()));
    let mut full = a_node_group(3);
    full.min = 3;
    picture = with(picture, "nodes", B, Facts::EksNodeGroup(full));
    picture = with(picture, "events", B, Facts::LambdaFunction(a_function(Some(80), AWAY_QUEUE, "Enabled")));
    let plan = planned(&picture, &failover(Mode::Planned));
    assert_eq!(
        ids(&plan),
        ["observe-again", "stop-events-1-us-east-1", "route-front-door", "confirm-serving"]
    );
    // The same with a target that is not healthy: the step that scales waits for it.
    let mut sick = held;
    sick.targets = crate::testing::compute::healthy(9);
    let plan = planned(&with(picture, "workers", B, Facts::AutoScalingGroup(sick)), &failover(Mode::Planned));
    assert!(ids(&plan).contains(&"scale-workers-eu-central-1"));
}

#[test]
fn a_group_that_was_never_seen_is_left_and_said() {
    let mut picture = fulfilment();
    picture.observations.insert(key("nodes", B), unknown(None));
    let plan = planned(&picture, &failover(Mode::Emergency));
    assert!(!ids(&plan).contains(&"scale-nodes-eu-central-1"));
    assert!(notes(&plan, "nodes in eu-central-1 was never seen"), "{:?}", plan.notes);
}

#[test]
fn a_floor_that_could_not_be_asked_is_left_and_said() {
    let Facts::EcsService(mut facts) = service(2) else { unreachable!() };
    facts.unread = vec![Unread { what: Beside::ScalingBounds, reason: "denied".into() }];
    let plan = planned(&with(fulfilment(), "api", B, Facts::EcsService(facts)), &failover(Mode::Planned));
    assert!(!ids(&plan).contains(&"raise-floor-api-eu-central-1"));
    assert!(ids(&plan).contains(&"scale-api-eu-central-1"));
    assert!(notes(&plan, "has a scalable target is not known (denied)"), "{:?}", plan.notes);
}

#[test]
fn an_evacuation_shares_instances_and_executions_by_the_stated_rule() {
    let mut picture = fulfilment();
    let places = [(A, None), (B, None), (C, None)];
    picture.application = application(
        Strategy::ActiveActive,
        &[A, B, C],
        vec![
            dns("front-door"),
            crate::testing::compute::workers(&places),
            events(&[(A, None, &[]), (B, None, &[])]),
        ],
    );
    for code in [A, B, C] {
        let facts = Facts::AutoScalingGroup(a_group(5));
        picture.observations.insert(key("workers", code), known(facts));
        picture.observations.insert(key("front-door", code), known(weighted(code, 50)));
    }
    let plan = planned(&picture, &failover(Mode::Planned));
    for code in [B, C] {
        let step = plan.step(&step_id(&format!("scale-workers-{code}"))).unwrap();
        let Some(Change::SetAutoScalingGroupSize { size, .. }) = step.change() else { panic!("{step:?}") };
        assert_eq!(*size, GroupSize { min: 8, max: 8, desired: 8 });
    }
    assert!(notes(&plan, "the 5 instances of us-east-1 are split evenly over 2 remaining Regions"));
    let Some(Change::SetLambdaConcurrency { reserved, .. }) =
        plan.step(&step_id("reserve-events-eu-central-1")).and_then(|s| s.change())
    else {
        panic!("{:?}", ids(&plan));
    };
    assert_eq!(*reserved, Some(55));
}

#[test]
fn a_function_without_a_reservation_anywhere_needs_none() {
    let mut picture = fulfilment();
    picture.application.resources =
        vec![dns("front-door"), events(&[(A, None, &[HOME_QUEUE]), (B, None, &[AWAY_QUEUE])])];
    picture = with(picture, "events", A, Facts::LambdaFunction(a_function(None, HOME_QUEUE, "Enabled")));
    picture = with(picture, "events", B, Facts::LambdaFunction(a_function(None, AWAY_QUEUE, "Disabled")));
    let plan = planned(&picture, &failover(Mode::Planned));
    assert_eq!(
        ids(&plan),
        [
            "observe-again",
            "stop-events-1-us-east-1",
            "route-front-door",
            "confirm-serving",
            "start-events-1-eu-central-1"
        ]
    );
    assert!(!notes(&plan, "concurrent executions"), "{:?}", plan.notes);
}

#[test]
fn a_mapping_that_is_not_there_is_refused_when_planned_and_said_in_an_emergency() {
    let wrong = || {
        let mut picture = fulfilment();
        let places: [(&str, Option<u32>, &[&str]); 2] =
            [(A, Some(50), &[HOME_QUEUE]), (B, Some(50), &["cccccccc-0000-4000-8000-000000000001"])];
        picture.application.resources = vec![dns("front-door"), events(&places)];
        picture
    };
    assert_eq!(code(&wrong(), &failover(Mode::Planned)), "not_ready");
    let plan = planned(&wrong(), &failover(Mode::Emergency));
    assert!(notes(&plan, "has no event source mapping cccccccc"), "{:?}", plan.notes);
}

#[test]
fn no_plan_rests_on_what_only_readiness_looks_at() {
    let plan = planned(&fulfilment(), &failover(Mode::Planned));
    assert!(plan.facts.iter().all(|f| f.resource.as_str() != "images"));
}

#[test]
fn nothing_rests_on_compute_that_is_gone_and_that_the_plan_makes() {
    let mut picture = shop();
    picture.application.strategy = Strategy::PilotLight;
    picture.application.resources.push(stack("platform"));
    picture.observations.insert(key("platform", B), known(Facts::Stack { stack: None }));
    let rests = |sight| {
        let mut picture = picture.clone();
        picture.observations.insert(key("web", B), sight);
        let plan = planned(&picture, &failover(Mode::Planned));
        assert!(ids(&plan).contains(&"scale-web-eu-central-1"), "{:?}", ids(&plan));
        plan.facts.iter().any(|f| f.resource == name("web") && f.region == region(B))
    };
    assert!(!rests(absent(Some(service(4)))));
    assert!(rests(unknown(Some(service(4)))), "what could not be asked is looked at again");
}
