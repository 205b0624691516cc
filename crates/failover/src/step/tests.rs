//! Each kind of step against what may be seen, as tables.

mod compute;
mod stores;
mod supporting;
mod switches;

use super::*;
use crate::movement::{Mode, Movement};
use crate::plan::{Picture, Plan, plan};
use crate::testing::world::{
    A, B, aurora_facts, group, key, known, member, observed, record, route, service, shop, unknown, weighted,
};
use crate::testing::{NOW, after, failover, name, region, step_id};
use holdfast_domain::facts::{AcceleratorGroup, Lag, Routing};
use holdfast_domain::{Facts, ObservationMap};

/// A plan for the shop, and the world as it was planned with.
struct Scene {
    plan: Plan,
    movement: Movement,
    seen: ObservationMap,
}

fn scene(mode: Mode) -> Scene {
    from(shop(), mode)
}

fn from(picture: Picture, mode: Mode) -> Scene {
    let movement = failover(mode);
    Scene { plan: plan(&picture, &movement).unwrap(), movement, seen: picture.observations }
}

impl Scene {
    fn see(mut self, resource: &str, code: &str, facts: Facts) -> Self {
        self.seen.insert(key(resource, code), known(facts));
        self
    }

    fn lose(mut self, resource: &str, code: &str) -> Self {
        self.seen.insert(key(resource, code), unknown(None));
        self
    }

    fn step(&self, id: &str) -> &Step {
        self.plan.step(&step_id(id)).unwrap_or_else(|| panic!("{id} is not in the plan"))
    }

    fn check(&self, id: &str) -> &'static str {
        word(&self.step(id).check(&self.seen, &self.plan, &self.movement, NOW))
    }

    fn verify(&self, id: &str) -> &'static str {
        word(&self.step(id).verify(&self.seen, &self.plan, &self.movement, NOW))
    }
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Reached { .. } => "reached",
        Verdict::Act(_) => "act",
        Verdict::Wait { .. } | Verdict::WaitOr { .. } => "wait",
        Verdict::Drift { .. } => "drift",
        Verdict::Unseen { .. } => "unseen",
        Verdict::Stuck { .. } => "stuck",
    }
}

fn ecs(change: impl FnOnce(&mut holdfast_domain::facts::EcsServiceFacts)) -> Facts {
    let Facts::EcsService(mut facts) = service(6) else { unreachable!() };
    change(&mut facts);
    Facts::EcsService(facts)
}

fn orders(code: &str, writer: bool, change: impl FnOnce(&mut holdfast_domain::facts::AuroraMember)) -> Facts {
    let mut facts = member("orders", code, writer);
    change(&mut facts);
    Facts::AuroraMember(facts)
}

#[test]
fn scaling_acts_below_its_target_and_waits_until_the_tasks_run() {
    let id = "scale-web-eu-central-1";
    let cases = [
        (service(2), "act", "wait"),
        (service(6), "reached", "reached"),
        (service(9), "reached", "reached"),
        (ecs(|s| s.running = 4), "wait", "wait"),
        (ecs(|s| s.rollout = Some("IN_PROGRESS".into())), "wait", "wait"),
        (ecs(|s| s.rollout = Some("FAILED".into())), "stuck", "stuck"),
        (ecs(|s| s.status = "DRAINING".into()), "stuck", "stuck"),
        (route(B, 0), "drift", "drift"),
    ];
    for (facts, check, verify) in cases {
        let scene = scene(Mode::Planned).see("web", B, facts.clone());
        assert_eq!((scene.check(id), scene.verify(id)), (check, verify), "{facts:?}");
    }
    assert_eq!(scene(Mode::Planned).lose("web", B).check(id), "unseen");
}

#[test]
fn lowering_is_reached_at_its_target_and_never_raises() {
    let picture = crate::testing::world::moved_shop();
    let movement = crate::testing::movement(crate::Intent::Failback, Mode::Planned, B, A);
    let plan = plan(&picture, &movement).unwrap();
    let step = plan.step(&step_id("lower-web-eu-central-1")).unwrap();
    for (tasks, expected) in [(6, "act"), (3, "act"), (2, "reached"), (1, "reached")] {
        let seen = observed(&[("web", B, service(tasks))]);
        assert_eq!(word(&step.check(&seen, &plan, &movement, NOW)), expected, "{tasks}");
    }
}

#[test]
fn a_switchover_acts_only_while_everything_is_as_it_was() {
    let moving =
        |m: &mut holdfast_domain::facts::AuroraMember| m.failover_status = Some("switching-over".into());
    let cases: Vec<(&str, Facts, Facts)> = vec![
        ("act", orders(A, true, |_| {}), orders(B, false, |_| {})),
        ("wait", orders(A, true, moving), orders(B, false, moving)),
        ("reached", orders(A, false, |_| {}), orders(B, true, |_| {})),
        ("wait", orders(A, false, |_| {}), orders(B, true, |m| m.global_status = "switching-over".into())),
        ("wait", orders(A, false, |_| {}), orders(B, true, |m| m.cluster_status = Some("modifying".into()))),
        (
            "wait",
            orders(A, true, |_| {}),
            orders(B, false, |m| m.synchronization = Some("pending-resync".into())),
        ),
        ("unseen", orders(A, true, |_| {}), orders(B, false, |m| m.synchronization = None)),
        ("wait", orders(A, true, |_| {}), orders(B, false, |m| m.global_status = "modifying".into())),
        ("drift", orders(A, true, |_| {}), orders(B, false, |m| m.cluster_arn = "another".into())),
        ("wait", orders(A, true, |_| {}), orders(B, true, |_| {})),
        ("drift", orders(A, true, |_| {}), service(1)),
    ];
    for (expected, a, b) in cases {
        let scene = scene(Mode::Planned).see("orders", A, a.clone()).see("orders", B, b.clone());
        assert_eq!(scene.check("switch-orders"), expected, "{a:?} {b:?}");
        let verified = if expected == "act" { "wait" } else { expected };
        assert_eq!(scene.verify("switch-orders"), verified);
    }
    assert_eq!(scene(Mode::Planned).lose("orders", A).check("switch-orders"), "unseen");
    assert_eq!(scene(Mode::Planned).lose("orders", B).check("switch-orders"), "unseen");
}

#[test]
fn a_writer_in_a_third_region_is_drift() {
    use crate::testing::world::{C, feed};
    for mode in [Mode::Planned, Mode::Emergency] {
        let scene = from(feed(), mode).see("posts", A, aurora_facts("posts", A, false)).see(
            "posts",
            C,
            aurora_facts("posts", C, true),
        );
        assert_eq!(scene.check("switch-posts"), "drift");
    }
}

#[test]
fn an_emergency_needs_the_target_and_nothing_of_the_region_left() {
    let id = "switch-orders";
    let dark = || scene(Mode::Emergency).lose("orders", A);
    assert_eq!(dark().check(id), "act");
    assert_eq!(dark().see("orders", B, orders(B, true, |_| {})).check(id), "reached");
    let failing = orders(B, false, |m| m.failover_status = Some("failing-over".into()));
    assert_eq!(dark().see("orders", B, failing).check(id), "wait");
    assert_eq!(dark().lose("orders", B).check(id), "unseen");
    assert_eq!(scene(Mode::Emergency).check(id), "act");
}

#[test]
fn records_are_replaced_only_when_they_are_the_ones_that_were_approved() {
    let id = "route-front-door";
    let cases = [("act", 100, 0), ("reached", 0, 100), ("drift", 100, 100), ("drift", 99, 0)];
    for (expected, a, b) in cases {
        let scene =
            scene(Mode::Planned).see("front-door", A, weighted(A, a)).see("front-door", B, weighted(B, b));
        assert_eq!(scene.check(id), expected, "{a} {b}");
    }
    let mut edited = record(A, Routing::Weighted { weight: 100 });
    edited.health_check_id = None;
    let scene_edited = scene(Mode::Planned).see("front-door", A, Facts::record(Some(edited)));
    assert_eq!(scene_edited.check(id), "drift");
    assert_eq!(scene(Mode::Emergency).lose("front-door", A).check(id), "unseen");
}

#[test]
fn routes_move_from_what_stood_to_what_is_planned() {
    let id = "route-assets";
    let at = |a, b| scene(Mode::Planned).see("assets", A, route(A, a)).see("assets", B, route(B, b));
    assert_eq!(at(100, 0).check(id), "act");
    assert_eq!(at(100, 100).check(id), "act");
    assert_eq!(at(0, 100).check(id), "reached");
    let other = Facts::AccessPointRoute { bucket: "another".into(), traffic_dial_percent: 0 };
    assert_eq!(scene(Mode::Planned).see("assets", B, other).check(id), "drift");
}

#[test]
fn an_accelerator_is_opened_closed_and_never_closed_altogether() {
    let (open, close) = ("open-edge-eu-central-1", "close-edge-us-east-1");
    let scene_at = |b: Facts| scene(Mode::Planned).see("edge", B, b);
    assert_eq!(scene_at(group(B, 0, 0)).check(open), "act");
    assert_eq!(scene_at(group(B, 100, 128)).check(open), "reached");
    assert_eq!(scene_at(group(B, 50, 128)).check(open), "drift");
    let Facts::AcceleratorGroup(deploying) = group(B, 100, 128) else { unreachable!() };
    let deploying = AcceleratorGroup { accelerator_status: "IN_PROGRESS".into(), ..deploying };
    assert_eq!(scene_at(Facts::AcceleratorGroup(deploying.clone())).check(open), "wait");
    let more = AcceleratorGroup {
        endpoints: [
            deploying.endpoints.clone(),
            deploying
                .endpoints
                .iter()
                .cloned()
                .map(|mut e| {
                    e.id = "another".into();
                    e
                })
                .collect(),
        ]
        .concat(),
        ..deploying
    };
    assert_eq!(scene_at(Facts::AcceleratorGroup(more)).check(open), "drift");
    assert_eq!(scene_at(group(B, 100, 128)).check(close), "act");
    assert_eq!(scene_at(group(B, 0, 0)).check(close), "stuck");
    assert_eq!(scene(Mode::Planned).lose("edge", B).check(close), "unseen");
}

#[test]
fn looking_again_finds_every_changed_fact() {
    let id = "observe-again";
    assert_eq!(scene(Mode::Planned).check(id), "reached");
    let changed = [
        ("front-door", A, weighted(A, 99)),
        ("assets", B, route(B, 100)),
        ("edge", B, group(B, 100, 128)),
        ("orders", B, orders(B, true, |_| {})),
        ("web", B, ecs(|s| s.status = "INACTIVE".into())),
        ("web", B, route(B, 0)),
    ];
    for (resource, code, facts) in changed {
        for mode in [Mode::Planned, Mode::Emergency] {
            assert_eq!(
                scene(mode).see(resource, code, facts.clone()).check(id),
                "drift",
                "{resource} {code}"
            );
        }
    }
    let measured =
        scene(Mode::Planned).see("web", B, service(3)).see("orders", B, orders(B, false, |m| m.lag = None));
    assert_eq!(measured.check(id), "reached", "measurements are no facts");
}

#[test]
fn an_emergency_tolerates_that_the_region_being_left_is_dark() {
    for (mode, code, expected) in [
        (Mode::Emergency, A, "reached"),
        (Mode::Emergency, B, "unseen"),
        (Mode::Planned, A, "unseen"),
        (Mode::Planned, B, "unseen"),
    ] {
        assert_eq!(scene(mode).lose("orders", code).check("observe-again"), expected, "{mode:?} {code}");
    }
}

#[test]
fn an_emergency_tolerates_that_what_leads_traffic_cannot_be_seen_anywhere() {
    let blind = |mode| {
        ["front-door", "assets", "edge"]
            .into_iter()
            .flat_map(|resource| [A, B].map(|code| (resource, code)))
            .fold(scene(mode), |scene, (resource, code)| scene.lose(resource, code))
    };
    let dark = blind(Mode::Emergency).lose("orders", A).lose("web", A);
    assert_eq!(dark.check("observe-again"), "reached");
    assert_eq!(dark.check("switch-orders"), "act", "the data does not wait for what leads traffic");
    for step in ["route-front-door", "route-assets", "open-edge-eu-central-1", "close-edge-us-east-1"] {
        assert_eq!(dark.check(step), "unseen", "{step} is never done blindly");
    }
    let Verdict::Reached { note } =
        dark.step("observe-again").check(&dark.seen, &dark.plan, &dark.movement, NOW)
    else {
        unreachable!()
    };
    assert!(note.contains("front-door in eu-central-1 could not be seen"), "{note}");
    assert_eq!(blind(Mode::Planned).check("observe-again"), "unseen");
    // What can be seen must still agree, and the target's data and capacity must be seen.
    let seen = blind(Mode::Emergency).see("front-door", B, weighted(B, 50));
    assert_eq!(seen.check("observe-again"), "drift");
    assert_eq!(blind(Mode::Emergency).lose("orders", B).check("observe-again"), "unseen");
    assert_eq!(blind(Mode::Emergency).lose("web", B).check("observe-again"), "unseen");
}

#[test]
fn a_planned_move_whose_lag_stays_unknown_is_told_of_the_emergency() {
    let scene = scene(Mode::Planned).see("orders", B, orders(B, false, |m| m.lag = None));
    let step = scene.step("record-lag");
    let verdict = step.check(&scene.seen, &scene.plan, &scene.movement, NOW);
    let Verdict::WaitOr { way_out, .. } = verdict else { panic!("{verdict:?}") };
    assert!(way_out.contains("escalate the run to an emergency"), "{way_out}");
}

#[test]
fn lag_is_held_to_the_objective_when_planned_and_only_recorded_in_an_emergency() {
    let lagging = |ms: f64, at| {
        orders(B, false, |m| {
            m.lag =
                Some(Lag { milliseconds: ms, measured_at: at, metric: "AuroraGlobalDBProgressLag".into() });
        })
    };
    let cases = [
        (lagging(850.0, NOW), "reached", Some(850.0)),
        (lagging(30_000.0, NOW), "reached", Some(30_000.0)),
        (lagging(30_001.0, NOW), "stuck", Some(30_001.0)),
        (lagging(1.0, after(-301)), "wait", None),
        (lagging(-1.0, NOW), "wait", None),
        (lagging(f64::NAN, NOW), "wait", None),
        (orders(B, false, |m| m.lag = None), "wait", None),
    ];
    for (facts, planned, measured) in cases {
        let scene_planned = scene(Mode::Planned).see("orders", B, facts.clone());
        assert_eq!(scene_planned.check("record-lag"), planned, "{facts:?}");
        let lag = lags(&[name("orders")], &region(B), &scene_planned.seen, NOW).remove(0);
        assert_eq!(lag.milliseconds, measured);
        assert_eq!(lag.reason.is_none(), measured.is_some(), "what is not known has a reason");
        assert_eq!(scene(Mode::Emergency).see("orders", B, facts).check("record-lag"), "reached");
    }
}

#[test]
fn serving_is_confirmed_when_all_traffic_leads_there_and_nowhere_else() {
    let id = "confirm-serving";
    let moved = |mode| {
        scene(mode)
            .see("front-door", A, weighted(A, 0))
            .see("front-door", B, weighted(B, 100))
            .see("assets", A, route(A, 0))
            .see("assets", B, route(B, 100))
            .see("edge", A, group(A, 0, 0))
            .see("edge", B, group(B, 100, 128))
    };
    assert_eq!(scene(Mode::Planned).check(id), "wait");
    assert_eq!(moved(Mode::Planned).check(id), "reached");
    assert_eq!(moved(Mode::Planned).see("assets", A, route(A, 100)).check(id), "wait");
    assert_eq!(moved(Mode::Emergency).lose("orders", A).lose("web", A).check(id), "reached");
    assert_eq!(moved(Mode::Emergency).lose("edge", B).check(id), "unseen");
}

#[test]
fn protection_needs_a_connected_copy_elsewhere() {
    let id = "confirm-protected";
    let moved =
        |copy: Facts| scene(Mode::Planned).see("orders", A, copy).see("orders", B, orders(B, true, |_| {}));
    assert_eq!(moved(orders(A, false, |_| {})).check(id), "reached");
    assert_eq!(
        moved(orders(A, false, |m| m.synchronization = Some("pending-resync".into()))).check(id),
        "wait"
    );
    assert_eq!(moved(orders(A, false, |_| {})).lose("orders", A).check(id), "wait");
    assert_eq!(scene(Mode::Planned).check(id), "wait");
}

#[test]
fn a_step_reads_what_it_judges_by() {
    let scene = scene(Mode::Planned);
    for step in &scene.plan.steps {
        let looks = step.looks_at(&scene.plan);
        let narrowed: ObservationMap = scene
            .seen
            .iter()
            .filter(|((resource, region), _)| looks.get(resource).is_some_and(|r| r.contains(region)))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        let all = step.check(&scene.seen, &scene.plan, &scene.movement, NOW);
        assert_eq!(step.check(&narrowed, &scene.plan, &scene.movement, NOW), all, "{}", step.id);
    }
}

#[test]
fn verifying_never_acts() {
    for mode in [Mode::Planned, Mode::Emergency] {
        let scene = scene(mode);
        for step in &scene.plan.steps {
            let verdict = step.verify(&scene.seen, &scene.plan, &scene.movement, NOW);
            assert!(!matches!(verdict, Verdict::Act(_)), "{}", step.id);
        }
    }
}
