//! The steps that switch traffic, against what may be seen.

use super::*;
use crate::testing::switches::{
    both, check, control, distribution, execution, health_check, object, origin, picture, region_switch, see,
    stoppable, switch_plan, switched, tickets,
};
use holdfast_domain::facts::{DistributionOrigin, HealthCheck, RoutingControl, SwitchObject};

fn switch_at(a: Facts, b: Facts) -> Scene {
    from(tickets(), Mode::Emergency).see("switch", A, a).see("switch", B, b)
}

#[test]
fn controls_are_set_from_what_stood_to_what_is_planned() {
    let id = "switch-switch";
    let cases = [
        ("act", switched(A, true), switched(B, false)),
        ("act", switched(A, true), switched(B, true)),
        ("reached", switched(A, false), switched(B, true)),
        ("drift", route(A, 0), switched(B, false)),
        (
            "drift",
            Facts::RoutingControl(RoutingControl { control_arn: "another".into(), ..control(A, true) }),
            switched(B, false),
        ),
    ];
    for (expected, a, b) in cases {
        let scene = switch_at(a.clone(), b.clone());
        assert_eq!(scene.check(id), expected, "{a:?} {b:?}");
        assert_eq!(scene.verify(id), if expected == "act" { "wait" } else { expected });
    }
    assert_eq!(from(tickets(), Mode::Emergency).lose("switch", A).check(id), "unseen");
}

#[test]
fn controls_are_never_all_switched_off() {
    let mut scene = from(tickets(), Mode::Planned);
    let step = scene.plan.steps.iter_mut().find(|s| s.id == step_id("switch-switch")).unwrap();
    let Work::Call { change: Change::SetRoutingControls { controls, .. } } = &mut step.work else {
        unreachable!()
    };
    controls.remove(&region(B));
    assert_eq!(scene.check("switch-switch"), "stuck");
}

fn cdn(change: impl Fn(&mut DistributionOrigin), order: &[&str]) -> Scene {
    let at = |code: &str, order: &[&str]| origin(code, order);
    let planned = picture(
        vec![distribution("cdn")],
        observed(&[
            ("cdn", A, Facts::DistributionOrigin(at(A, &[A, B]))),
            ("cdn", B, Facts::DistributionOrigin(at(B, &[A, B]))),
        ]),
    );
    let mut scene = from(planned, Mode::Planned);
    for code in [A, B] {
        let mut origin = at(code, order);
        change(&mut origin);
        scene = scene.see("cdn", code, Facts::DistributionOrigin(origin));
    }
    scene
}

#[test]
fn origins_are_swapped_under_the_planned_version_and_followed_until_deployed() {
    let id = "swap-cdn";
    assert_eq!(cdn(|_| {}, &[A, B]).check(id), "act");
    assert_eq!(cdn(|o| o.etag = "ETWO".into(), &[A, B]).check(id), "drift");
    assert_eq!(cdn(|o| o.etag = "ETWO".into(), &[B, A]).check(id), "reached");
    assert_eq!(cdn(|o| o.status = "InProgress".into(), &[B, A]).check(id), "wait");
    assert_eq!(cdn(|_| {}, &[A, "elsewhere"]).check(id), "drift");
    assert_eq!(cdn(|_| {}, &[A, B]).lose("cdn", A).check(id), "act", "one sight will do");
    assert_eq!(cdn(|_| {}, &[A, B]).lose("cdn", A).lose("cdn", B).check(id), "unseen");
}

#[test]
fn a_health_check_is_set_under_the_planned_version() {
    let id = "hold-out-guard";
    let at = |now: HealthCheck| {
        let planned = picture(vec![health_check("guard")], both("guard", &Facts::HealthCheck(check())));
        let scene = from(planned, Mode::Planned);
        let facts = Facts::HealthCheck(now);
        scene.see("guard", A, facts.clone()).see("guard", B, facts)
    };
    assert_eq!(at(check()).check(id), "act");
    assert_eq!(at(HealthCheck { version: 4, ..check() }).check(id), "drift");
    assert_eq!(
        at(HealthCheck { inverted: true, disabled: true, version: 4, ..check() }).check(id),
        "reached"
    );
    assert_eq!(at(HealthCheck { id: "another".into(), ..check() }).check(id), "drift");
    assert_eq!(at(check()).lose("guard", A).check(id), "act");
}

#[test]
fn an_object_is_put_on_what_was_planned_and_taken_away_under_its_version() {
    let put = |now: SwitchObject| from(stoppable(), Mode::Planned).see("stop", B, Facts::SwitchObject(now));
    let id = format!("hold-out-stop-{B}");
    assert_eq!(put(object(false)).check(&id), "act");
    assert_eq!(put(object(true)).check(&id), "reached");
    assert_eq!(put(object(true)).verify(&id), "reached");
    let other = SwitchObject { etag: Some("other".into()), ..object(false) };
    assert_eq!(put(other).check(&id), "drift", "something else lies there by now");
    assert_eq!(put(SwitchObject { key: "elsewhere".into(), ..object(false) }).check(&id), "drift");
    assert_eq!(put(object(false)).lose("stop", B).check(&id), "unseen");
    assert_eq!(put(object(false)).lose("guard", A).lose("guard", B).check(&id), "act");
}

#[test]
fn serving_is_told_by_the_object_that_the_records_follow_also_when_route_53_cannot_be_read() {
    for (holds, expected) in [(true, "reached"), (false, "wait")] {
        let scene = from(stoppable(), Mode::Emergency).see("stop", B, Facts::SwitchObject(object(holds)));
        assert_eq!(scene.check("confirm-serving"), expected);
        let blind = scene.lose("front-door", A).lose("front-door", B).lose("guard", A).lose("guard", B);
        assert_eq!(blind.check("confirm-serving"), expected);
        assert_eq!(blind.lose("stop", B).check("confirm-serving"), "unseen");
    }
}

fn arc(executions: Vec<holdfast_domain::facts::SwitchExecution>) -> Scene {
    let planned = |executions| Facts::RegionSwitch(region_switch(executions));
    let old = || execution("old", B, "completed");
    let mut before = picture(vec![switch_plan("arc")], both("arc", &planned(vec![old()])));
    see(&mut before, "arc", A, planned(vec![old()]));
    let now = executions.into_iter().chain([old()]).collect();
    from(before, Mode::Planned).see("arc", B, planned(now))
}

#[test]
fn an_execution_is_started_once_and_followed_to_its_end() {
    let id = "execute-arc";
    assert_eq!(arc(vec![]).check(id), "act", "an execution of another day is none of this step's");
    for (state, expected) in [
        ("pending", "wait"),
        ("inProgress", "wait"),
        ("pendingManualApproval", "wait"),
        ("completed", "reached"),
        ("completedWithExceptions", "reached"),
        ("completedMonitoringApplicationHealth", "reached"),
        ("pausedByFailedStep", "stuck"),
        ("pausedByOperator", "stuck"),
        ("canceled", "stuck"),
        ("failed", "stuck"),
        ("planExecutionTimedOut", "stuck"),
    ] {
        let scene = arc(vec![execution("new", B, state)]);
        assert_eq!((scene.check(id), scene.verify(id)), (expected, expected), "{state}");
    }
    assert_eq!(arc(vec![execution("new", A, "inProgress")]).check(id), "wait", "another comes first");
    assert_eq!(arc(vec![execution("new", A, "canceled")]).check(id), "act");
    assert_eq!(arc(vec![]).lose("arc", A).check(id), "act", "the Region left is not asked");
    assert_eq!(arc(vec![]).lose("arc", B).check(id), "unseen");
}

#[test]
fn serving_is_confirmed_by_the_controls_and_by_the_records_that_follow_them() {
    let moved = |a, b| {
        from(tickets(), Mode::Planned)
            .see("switch", A, switched(A, a))
            .see("switch", B, switched(B, b))
            .see("orders", A, aurora_facts("orders", A, false))
            .see("orders", B, aurora_facts("orders", B, true))
    };
    assert_eq!(moved(true, false).check("confirm-serving"), "wait");
    assert_eq!(moved(true, true).check("confirm-serving"), "wait");
    assert_eq!(moved(false, true).check("confirm-serving"), "reached");
}

#[test]
fn records_that_cannot_be_read_are_taken_as_the_plan_had_them_where_they_follow_a_control_that_is_seen() {
    let blind = |a, b| {
        from(tickets(), Mode::Emergency)
            .see("switch", A, switched(A, a))
            .see("switch", B, switched(B, b))
            .see("orders", B, aurora_facts("orders", B, true))
            .lose("orders", A)
            .lose("front-door", A)
            .lose("front-door", B)
    };
    assert_eq!(blind(false, true).check("confirm-serving"), "reached");
    assert_eq!(blind(true, false).check("confirm-serving"), "wait");
    assert_eq!(blind(false, true).lose("switch", B).check("confirm-serving"), "unseen");
}

#[test]
fn no_data_waits_in_an_emergency_for_a_switch_that_cannot_be_seen() {
    let mut seen = tickets();
    seen.application.resources.extend([health_check("guard"), switch_plan("arc")]);
    seen.observations.extend(both("guard", &Facts::HealthCheck(check())));
    seen.observations.extend(both("arc", &Facts::RegionSwitch(region_switch(vec![]))));
    for (mode, expected) in [(Mode::Emergency, "reached"), (Mode::Planned, "unseen")] {
        for resource in ["front-door", "switch", "guard", "arc"] {
            let scene = from(seen.clone(), mode).lose(resource, A).lose(resource, B);
            assert_eq!(scene.check("observe-again"), expected, "{resource} {mode:?}");
        }
    }
}
