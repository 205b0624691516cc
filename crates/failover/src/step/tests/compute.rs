//! Steps of compute: sizes, floors, processes, concurrency, event sources.

use super::*;
use crate::testing::compute::{
    AWAY_QUEUE, HOME_QUEUE, a_function, a_group, a_node_group, api, fulfilment, healthy, moved_fulfilment,
    warm,
};
use holdfast_domain::facts::{
    AutoScalingGroupFacts, Beside, EksNodeGroupFacts, LambdaFunctionFacts, TargetHealth, Unread,
};

fn planned() -> Scene {
    from(fulfilment(), Mode::Planned)
}

fn group(change: impl FnOnce(&mut AutoScalingGroupFacts)) -> Facts {
    let mut facts = AutoScalingGroupFacts { min: 10, max: 10, ..a_group(10) };
    change(&mut facts);
    Facts::AutoScalingGroup(facts)
}

fn node_group(change: impl FnOnce(&mut EksNodeGroupFacts)) -> Facts {
    let mut facts = EksNodeGroupFacts { min: 3, ..a_node_group(3) };
    change(&mut facts);
    Facts::EksNodeGroup(facts)
}

fn function(change: impl FnOnce(&mut LambdaFunctionFacts)) -> Facts {
    let mut facts = a_function(Some(50), AWAY_QUEUE, "Disabled");
    facts.provisioned = vec![warm(10)];
    change(&mut facts);
    Facts::LambdaFunction(facts)
}

fn table(id: &str, resource: &str, cases: Vec<(Facts, &str, &str)>) {
    for (facts, check, verify) in cases {
        let scene = planned().see(resource, B, facts.clone());
        assert_eq!((scene.check(id), scene.verify(id)), (check, verify), "{id}: {facts:?}");
    }
    assert_eq!(planned().lose(resource, B).check(id), "unseen");
    assert_eq!(planned().see(resource, B, route(B, 0)).check(id), "drift");
}

#[test]
fn a_group_is_there_when_its_instances_are_in_service_and_healthy() {
    let unasked = |g: &mut AutoScalingGroupFacts| {
        g.targets = None;
        g.unread = vec![Unread { what: Beside::TargetHealth, reason: "denied".into() }];
    };
    let sick = |g: &mut AutoScalingGroupFacts| {
        g.targets = Some(TargetHealth { healthy: 9, unhealthy: 1, other: 0, reason: Some("503".into()) });
    };
    table(
        "scale-workers-eu-central-1",
        "workers",
        vec![
            (group(|g| g.desired = 2), "act", "wait"),
            (group(|g| g.min = 1), "act", "wait"),
            (group(|g| g.max = 9), "act", "wait"),
            (group(|g| g.in_service = 4), "wait", "wait"),
            (group(|g| g.targets = healthy(4)), "wait", "wait"),
            (group(sick), "wait", "wait"),
            (group(unasked), "unseen", "unseen"),
            (group(|_| {}), "reached", "reached"),
            // An autoscaler that wants more keeps it, whatever the floor.
            (AutoScalingGroupFacts { max: 20, ..a_group(14) }.into_facts(), "reached", "reached"),
        ],
    );
}

trait IntoFacts {
    fn into_facts(self) -> Facts;
}

impl IntoFacts for AutoScalingGroupFacts {
    fn into_facts(self) -> Facts {
        Facts::AutoScalingGroup(self)
    }
}

#[test]
fn a_wait_for_instances_says_why_they_do_not_come() {
    let short = group(|g| {
        g.in_service = 2;
        g.launch_failure = Some("We currently do not have sufficient capacity".into());
    });
    let scene = planned().see("workers", B, short);
    let step = scene.step("scale-workers-eu-central-1");
    let Verdict::Wait { note } = step.check(&scene.seen, &scene.plan, &scene.movement, NOW) else {
        panic!("it waits");
    };
    assert!(note.contains("2 of 10 instances run") && note.contains("sufficient capacity"), "{note}");
}

#[test]
fn an_emergency_does_not_wait_for_health_that_cannot_be_asked() {
    let unasked = group(|g| {
        g.targets = None;
        g.unread = vec![Unread { what: Beside::TargetHealth, reason: "no answer".into() }];
    });
    let scene = from(fulfilment(), Mode::Emergency).see("workers", B, unasked);
    assert_eq!(scene.check("scale-workers-eu-central-1"), "reached");
}

#[test]
fn a_node_group_is_not_called_while_another_change_of_it_is_under_way() {
    table(
        "scale-nodes-eu-central-1",
        "nodes",
        vec![
            (node_group(|g| g.desired = 1), "act", "wait"),
            (node_group(|g| (g.desired, g.status) = (1, "UPDATING".into())), "wait", "wait"),
            (node_group(|g| g.status = "UPDATING".into()), "wait", "wait"),
            (node_group(|g| g.in_service = Some(2)), "wait", "wait"),
            (node_group(|g| g.status = "DEGRADED".into()), "reached", "reached"),
            (node_group(|g| g.status = "DELETING".into()), "stuck", "stuck"),
            (node_group(|_| {}), "reached", "reached"),
        ],
    );
}

#[test]
fn a_floor_is_set_to_the_letter_and_never_made_where_none_is() {
    table(
        "raise-floor-api-eu-central-1",
        "api",
        vec![
            (api(B, 2, 2, 4), "act", "wait"),
            (api(B, 2, 6, 6), "reached", "reached"),
            (api(B, 2, 3, 4), "drift", "drift"),
            (service(2), "drift", "drift"),
        ],
    );
}

#[test]
fn processes_are_suspended_and_resumed_by_name_and_no_others() {
    let resting = |names: &[&str]| group(|g| g.suspended = names.iter().map(|n| (*n).to_owned()).collect());
    table(
        "resume-workers-eu-central-1",
        "workers",
        vec![
            (resting(&["Launch", "AZRebalance"]), "act", "wait"),
            (resting(&["AZRebalance"]), "reached", "reached"),
        ],
    );
    table(
        "suspend-workers-eu-central-1",
        "workers",
        vec![(resting(&["Launch"]), "act", "wait"), (resting(&["ScheduledActions"]), "reached", "reached")],
    );
}

#[test]
fn concurrency_is_set_to_the_letter() {
    table(
        "reserve-events-eu-central-1",
        "events",
        vec![
            (function(|f| f.reserved = Some(5)), "act", "wait"),
            (function(|f| f.reserved = Some(50)), "reached", "reached"),
            (function(|f| f.reserved = None), "drift", "drift"),
            (function(|f| f.reserved = Some(7)), "drift", "drift"),
        ],
    );
    table(
        "warm-1-events-eu-central-1",
        "events",
        vec![
            (function(|f| f.provisioned = vec![warm(1)]), "act", "wait"),
            (function(|f| f.provisioned[0].status = "IN_PROGRESS".into()), "wait", "wait"),
            (function(|f| f.provisioned[0].status = "FAILED".into()), "stuck", "stuck"),
            (function(|f| f.provisioned.clear()), "drift", "drift"),
            (function(|_| {}), "reached", "reached"),
        ],
    );
}

#[test]
fn an_event_source_is_switched_only_when_it_rests() {
    let state = |word: &str| function(|f| f.mappings[0].state = word.into());
    table(
        "start-events-1-eu-central-1",
        "events",
        vec![
            (state("Disabled"), "act", "wait"),
            (state("Enabling"), "wait", "wait"),
            (state("Disabling"), "wait", "wait"),
            (state("Enabled"), "reached", "reached"),
            (state("Deleting"), "stuck", "stuck"),
            (function(|f| f.mappings.clear()), "drift", "drift"),
        ],
    );
    for (word, expected) in [("Enabled", "act"), ("Disabling", "wait"), ("Disabled", "reached")] {
        let facts = Facts::LambdaFunction(a_function(Some(50), HOME_QUEUE, word));
        assert_eq!(planned().see("events", A, facts).check("stop-events-1-us-east-1"), expected, "{word}");
    }
}

#[test]
fn lowering_stands_at_what_stood_before_or_below_it() {
    let picture = moved_fulfilment();
    let movement = crate::testing::movement(crate::Intent::Failback, Mode::Planned, B, A);
    let plan = plan(&picture, &movement).unwrap();
    let check = |id: &str, resource: &str, facts: Facts| {
        let seen = observed(&[(resource, B, facts)]);
        word(&plan.step(&step_id(id)).unwrap().check(&seen, &plan, &movement, NOW))
    };
    let lower = "lower-workers-eu-central-1";
    assert_eq!(check(lower, "workers", group(|_| {})), "act");
    assert_eq!(check(lower, "workers", Facts::AutoScalingGroup(a_group(2))), "reached");
    assert_eq!(check(lower, "workers", Facts::AutoScalingGroup(a_group(1))), "reached");
    let lower = "lower-events-eu-central-1";
    assert_eq!(check(lower, "events", function(|_| {})), "act");
    assert_eq!(check(lower, "events", function(|f| f.reserved = Some(5))), "reached");
}

#[test]
fn a_ceiling_alone_is_lowered_too() {
    let ceiling = |max| Facts::AutoScalingGroup(AutoScalingGroupFacts { max, ..a_group(2) });
    let mut picture = moved_fulfilment();
    picture.observations.insert(key("workers", B), known(ceiling(10)));
    let movement = crate::testing::movement(crate::Intent::Failback, Mode::Planned, B, A);
    let plan = plan(&picture, &movement).unwrap();
    let step = plan.step(&step_id("lower-workers-eu-central-1")).unwrap();
    for (max, expected) in [(10, "act"), (8, "reached")] {
        let seen = observed(&[("workers", B, ceiling(max))]);
        assert_eq!(word(&step.check(&seen, &plan, &movement, NOW)), expected, "{max}");
    }
}
