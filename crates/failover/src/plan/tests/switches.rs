//! Plans that move traffic by a switch: routing controls, origin groups, Region switch plans, health checks.

use super::*;
use crate::change::{Change, SwitchAction};
use crate::testing::step_id;
use crate::testing::switches::{
    at_least_one, both, check, control, control_arn, controls, distribution, execution, health_check,
    inverted_check, object, origin, picture, region_switch, remembered, role, see, stoppable, switch_plan,
    switched, tickets,
};
use holdfast_domain::facts::{HealthCheck, SafetyRule, SafetyRuleKind, SwitchObject, Watched};

fn only(plan: &Plan, id: &str) -> Change {
    let step = plan.step(&step_id(id)).unwrap_or_else(|| panic!("{id} is not in {}", text(plan)));
    step.change().unwrap().clone()
}

fn calls(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().filter(|s| s.change().is_some()).map(|s| s.id.as_str()).collect()
}

/// Whether each control of the one call is to be on, by Region.
fn states(plan: &Plan) -> Vec<(String, bool)> {
    let Change::SetRoutingControls { controls, endpoints, .. } = only(plan, "switch-switch") else {
        panic!("routing controls were expected")
    };
    assert_eq!(endpoints.len(), 5, "the endpoints go with the approved call");
    controls.into_iter().map(|(region, target)| (region.to_string(), target.on)).collect()
}

#[test]
fn an_emergency_by_routing_controls_needs_no_control_plane_of_one_region_nor_the_region_left() {
    let mut picture = tickets();
    for resource in ["orders", "web"] {
        let last = picture.observations[&key(resource, A)].known().cloned();
        picture.observations.insert(key(resource, A), unknown(last));
    }
    let plan = planned(&picture, &failover(Mode::Emergency));
    assert_eq!(states(&plan), [(B.into(), true), (A.into(), false)]);
    let planes: Vec<&str> =
        plan.steps.iter().filter(|s| s.change().is_some()).map(|s| s.plane.as_str()).collect();
    assert!(planes.contains(&"arc-cluster@any-of-five"), "{planes:?}");
    for plane in planes {
        assert!(!plane.ends_with("@us-east-1") && !plane.ends_with("@us-west-2"), "{plane}");
    }
    assert!(plan.steps.iter().all(|s| s.resource != Some(name("front-door"))), "{}", text(&plan));
    assert!(plan.notes.iter().any(|n| n.contains("front-door follow routing controls")), "{:?}", plan.notes);
    assert!(!plan.notes.iter().any(|n| n.contains("control plane in one Region")), "{:?}", plan.notes);
}

#[test]
fn records_that_do_not_follow_the_controls_get_their_own_step() {
    let mut picture = tickets();
    for (code, on) in [(A, true), (B, false)] {
        let mut alone = control(code, on);
        alone.health_checks.clear();
        see(&mut picture, "switch", code, Facts::RoutingControl(alone));
    }
    let plan = planned(&picture, &failover(Mode::Planned));
    assert!(calls(&plan).contains(&"route-front-door") && calls(&plan).contains(&"switch-switch"));
}

#[test]
fn a_failback_switches_the_controls_back_to_how_they_stood() {
    let mut moved = remembered(&tickets());
    see(&mut moved, "switch", A, switched(A, false));
    see(&mut moved, "switch", B, switched(B, true));
    see(&mut moved, "orders", A, aurora_facts("orders", A, false));
    see(&mut moved, "orders", B, aurora_facts("orders", B, true));
    let plan = planned(&moved, &home());
    assert_eq!(states(&plan), [(B.into(), false), (A.into(), true)]);
    assert!(plan.steps.iter().all(|s| s.resource != Some(name("front-door"))));
}

#[test]
fn an_evacuation_switches_the_region_off_and_leaves_the_others() {
    let on = |code| switched(code, true);
    let mut picture = picture(
        vec![controls("switch", &[A, B, C])],
        observed(&[("switch", A, on(A)), ("switch", B, on(B)), ("switch", C, on(C))]),
    );
    picture.application =
        application(Strategy::ActiveActive, &[A, B, C], vec![controls("switch", &[A, B, C])]);
    assert_eq!(states(&planned(&picture, &failover(Mode::Emergency))), [(A.into(), false)]);
}

#[test]
fn a_safety_rule_that_would_refuse_stops_a_planned_move_and_is_told_in_an_emergency() {
    let gate = SafetyRule {
        name: "gate".into(),
        kind: SafetyRuleKind::Gating { gates: vec![control_arn(B)], targets: vec![control_arn(A)] },
        inverted: true,
        ..at_least_one(&[A, B])
    };
    let mut picture = tickets();
    let mut gated = control(A, true);
    gated.safety_rules.push(gate);
    see(&mut picture, "switch", A, Facts::RoutingControl(gated));
    assert_eq!(code(&picture, &failover(Mode::Planned)), "not_ready");
    let plan = planned(&picture, &failover(Mode::Emergency));
    assert!(calls(&plan).contains(&"switch-switch"));
    assert!(plan.notes.iter().any(|n| n.contains("gate") && n.contains("overrides no safety rule")));
}

#[test]
fn a_target_without_a_control_is_refused_and_in_an_emergency_left_out() {
    let mut picture = tickets();
    picture.application.resources[1] = controls("switch", &[A]);
    picture.observations.remove(&key("switch", B));
    assert_eq!(code(&picture, &failover(Mode::Planned)), "not_ready");
    assert!(!calls(&planned(&picture, &failover(Mode::Emergency))).contains(&"switch-switch"));
}

fn website(order: &[&str]) -> Picture {
    let at = |code: &str| Facts::DistributionOrigin(origin(code, order));
    picture(vec![distribution("cdn")], observed(&[("cdn", A, at(A)), ("cdn", B, at(B))]))
}

#[test]
fn origins_are_swapped_under_their_version_and_come_back_in_a_failback() {
    let plan = planned(&website(&[A, B]), &failover(Mode::Planned));
    let Change::SetPrimaryOrigins { etag, primaries, .. } = only(&plan, "swap-cdn") else {
        panic!("a swap was expected")
    };
    assert_eq!((etag.as_str(), primaries["regions"].as_str()), ("EONE", "origin-eu-central-1"));
    let step = plan.step(&step_id("swap-cdn")).unwrap();
    assert_eq!(step.value_to_be, "regions: origin-eu-central-1 first");
    let emergency = planned(&website(&[A, B]), &failover(Mode::Emergency));
    assert!(emergency.notes.iter().any(|n| n.contains("cloudfront@us-east-1")), "{:?}", emergency.notes);

    let mut moved = website(&[B, A]);
    moved.before = remembered(&website(&[A, B])).before;
    let back = planned(&moved, &home());
    let Change::SetPrimaryOrigins { primaries, .. } = only(&back, "swap-cdn") else { panic!("a swap") };
    assert_eq!(primaries["regions"], "origin-us-east-1");
    assert!(
        calls(&planned(&website(&[B, A]), &failover(Mode::Planned))).is_empty(),
        "it leads there already"
    );
}

#[test]
fn a_distribution_without_an_origin_there_is_not_ready() {
    let mut picture = website(&[A, B]);
    let mut absent = origin(B, &[A, B]);
    absent.origins.clear();
    see(&mut picture, "cdn", B, Facts::DistributionOrigin(absent));
    assert_eq!(code(&picture, &failover(Mode::Planned)), "not_ready");
    assert!(calls(&planned(&picture, &failover(Mode::Emergency))).is_empty());
}

fn planned_by_arc() -> Picture {
    let plan = Facts::RegionSwitch(region_switch(vec![execution("old", B, "completed")]));
    picture(vec![switch_plan("arc")], both("arc", &plan))
}

#[test]
fn a_region_switch_plan_is_started_in_the_region_that_it_activates() {
    for (mode, how) in [(Mode::Planned, true), (Mode::Emergency, false)] {
        let plan = planned(&planned_by_arc(), &failover(mode));
        let Change::StartRegionSwitch { region, target, action, graceful, .. } = only(&plan, "execute-arc")
        else {
            panic!("a start was expected")
        };
        assert_eq!((region.as_str(), target.as_str(), action), (B, B, SwitchAction::Activate));
        assert_eq!(graceful, how);
    }
    let back = planned(&planned_by_arc(), &home());
    let Change::StartRegionSwitch { region, target, .. } = only(&back, "execute-arc") else {
        panic!("a start")
    };
    assert_eq!((region.as_str(), target.as_str()), (A, A));
}

#[test]
fn an_active_active_plan_takes_the_region_out_through_another() {
    let mut plan = region_switch(vec![]);
    plan.approach = "activeActive".into();
    plan.actions = vec!["activate".into(), "deactivate".into()];
    let mut picture = picture(vec![switch_plan("arc")], both("arc", &Facts::RegionSwitch(plan)));
    picture.application.strategy = Strategy::ActiveActive;
    let change = only(&planned(&picture, &failover(Mode::Planned)), "execute-arc");
    let Change::StartRegionSwitch { region, target, action, .. } = change else { panic!("a start") };
    assert_eq!((region.as_str(), target.as_str(), action), (B, A, SwitchAction::Deactivate));
}

#[test]
fn a_plan_of_arcs_without_the_workflow_is_not_ready() {
    let mut plan = region_switch(vec![]);
    plan.actions.clear();
    let picture = picture(vec![switch_plan("arc")], both("arc", &Facts::RegionSwitch(plan)));
    assert_eq!(code(&picture, &failover(Mode::Planned)), "not_ready");
}

/// A check whose records are none of this application's: the zone is somebody else's.
fn guarded(check: &HealthCheck) -> Picture {
    picture(vec![health_check("guard")], both("guard", &Facts::HealthCheck(check.clone())))
}

fn held() -> HealthCheck {
    HealthCheck { inverted: true, disabled: true, version: 4, ..check() }
}

#[test]
fn a_check_is_held_out_whatever_its_endpoint_does_and_let_in_by_a_failback() {
    let plan = planned(&guarded(&check()), &failover(Mode::Emergency));
    let Change::SetHealthCheck { version, inverted, disabled, .. } = only(&plan, "hold-out-guard") else {
        panic!("a health check was expected")
    };
    assert_eq!((version, inverted, disabled), (3, true, true));
    assert!(plan.notes.iter().any(|n| n.contains("route53@us-east-1")), "{:?}", plan.notes);

    let mut moved = guarded(&held());
    moved.before = remembered(&guarded(&check())).before;
    for picture in [moved, guarded(&held())] {
        let back = planned(&picture, &home());
        let Change::SetHealthCheck { version, inverted, disabled, .. } = only(&back, "let-in-guard") else {
            panic!("a health check was expected")
        };
        assert_eq!((version, inverted, disabled), (4, false, false));
    }
}

#[test]
fn a_check_is_left_alone_where_the_records_or_controls_are_moved() {
    let mut by_controls = tickets();
    by_controls.application.resources.push(health_check("guard"));
    by_controls.observations.extend(both("guard", &Facts::HealthCheck(check())));
    assert!(!calls(&planned(&by_controls, &failover(Mode::Planned))).contains(&"hold-out-guard"));
    let mut by_records = guarded(&check());
    by_records.application.resources.push(dns("front-door"));
    see(&mut by_records, "front-door", A, role(A, true));
    see(&mut by_records, "front-door", B, role(B, false));
    let plan = planned(&by_records, &failover(Mode::Planned));
    assert_eq!(calls(&plan), ["route-front-door"]);
}

#[test]
fn a_check_that_guards_nobody_knows_what_is_left_alone_and_said() {
    let alarm =
        Watched::Alarm { region: B.into(), name: "standby".into(), insufficient_data: "Unhealthy".into() };
    let plan = planned(&guarded(&HealthCheck { watches: alarm, ..check() }), &failover(Mode::Planned));
    assert!(calls(&plan).is_empty());
    assert!(plan.notes.iter().any(|n| n.contains("Which Region guard guards cannot be told")));
}

#[test]
fn an_object_holds_a_region_out_without_route_53s_control_plane_and_a_failback_takes_it_away() {
    for mode in [Mode::Planned, Mode::Emergency] {
        let plan = planned(&stoppable(), &failover(mode));
        assert_eq!(calls(&plan), [format!("hold-out-stop-{B}")], "{}", text(&plan));
        let Change::SetSwitchObject { region, holds, on_etag, .. } = only(&plan, calls(&plan)[0]) else {
            panic!("an object was expected")
        };
        assert_eq!((region.as_str(), holds, on_etag), (B, true, None));
        assert_eq!(plan.step(&step_id(calls(&plan)[0])).unwrap().plane, format!("s3@{B}"));
        assert!(plan.notes.iter().any(|n| n.contains("front-door follow objects in S3")), "{:?}", plan.notes);
    }
    let mut moved = stoppable();
    moved.before = remembered(&stoppable()).before;
    see(&mut moved, "stop", B, Facts::SwitchObject(object(true)));
    for before in [moved.before.clone(), Default::default()] {
        let back = planned(&Picture { before, ..moved.clone() }, &home());
        let Change::SetSwitchObject { holds, on_etag, .. } = only(&back, &format!("let-in-stop-{B}")) else {
            panic!("an object was expected")
        };
        assert_eq!((holds, on_etag.as_deref()), (false, Some("one")));
    }
}

#[test]
fn a_held_out_check_over_an_object_is_let_in_and_stays_inverted() {
    let mut picture = stoppable();
    let held = HealthCheck { disabled: true, ..inverted_check() };
    picture.observations.extend(both("guard", &Facts::HealthCheck(held)));
    let Change::SetHealthCheck { inverted, disabled, .. } = only(&planned(&picture, &home()), "let-in-guard")
    else {
        panic!("a health check was expected")
    };
    assert_eq!((inverted, disabled), (true, false));
}

#[test]
fn an_object_that_cannot_hold_its_region_out_is_no_switch() {
    let mut straight = stoppable();
    let check = Facts::HealthCheck(HealthCheck { inverted: false, ..inverted_check() });
    straight.observations.extend(both("guard", &check));
    assert_eq!(code(&straight, &failover(Mode::Planned)), "not_ready");
    // An emergency does what it can: the records are edited.
    let plan = planned(&straight, &failover(Mode::Emergency));
    assert_eq!(calls(&plan), ["route-front-door"]);

    let mut inside = stoppable();
    inside.observations.remove(&key("stop", B));
    see(&mut inside, "stop", A, Facts::SwitchObject(object(false)));
    let ResourceSpec::S3SwitchObject(spec) = &mut inside.application.resources[2].spec else {
        unreachable!()
    };
    let place = spec.per_region.pop_first().unwrap().1;
    spec.per_region.insert(region(A), place);
    assert_eq!(code(&inside, &failover(Mode::Planned)), "not_ready");
    assert_eq!(calls(&planned(&inside, &failover(Mode::Emergency))), ["route-front-door"]);
}

#[test]
fn the_target_is_let_in_before_the_region_that_is_left_is_held_out() {
    let mut picture = stoppable();
    let ResourceSpec::S3SwitchObject(spec) = &mut picture.application.resources[2].spec else {
        unreachable!()
    };
    let mut other = spec.per_region[&region(B)].clone();
    (other.holds_out, other.health_check_id) = (region(B), format!("check-{B}"));
    spec.per_region.insert(region(A), other);
    let other = SwitchObject { holds_out: region(B), health_check_id: format!("check-{B}"), ..object(true) };
    see(&mut picture, "stop", A, Facts::SwitchObject(other));
    let plan = planned(&picture, &failover(Mode::Planned));
    let (lets_in, holds_out) = (step_id(&format!("let-in-stop-{A}")), step_id(&format!("hold-out-stop-{B}")));
    assert!(plan.step(&holds_out).unwrap().after.contains(&lets_in), "{}", text(&plan));
}

#[test]
fn multivalue_and_geoproximity_records_leave_the_set_and_come_back_whole() {
    let near = |code: &str| Routing::Geoproximity {
        region: Some(code.into()),
        local_zone_group: None,
        coordinates: None,
        bias: Some(-10),
    };
    let routings: [fn(&str) -> Routing; 2] = [
        |_| Routing::Multivalue,
        |code| Routing::Geoproximity {
            region: Some(code.into()),
            local_zone_group: None,
            coordinates: None,
            bias: Some(-10),
        },
    ];
    for routing in routings {
        let at = |code: &str| Facts::record(Some(record(code, routing(code))));
        let mut picture =
            picture(vec![dns("front-door")], observed(&[("front-door", A, at(A)), ("front-door", B, at(B))]));
        let Change::ReplaceRecords { replace, .. } =
            only(&planned(&picture, &failover(Mode::Planned)), "route-front-door")
        else {
            panic!("records were expected")
        };
        assert_eq!(replace.len(), 1);
        assert_eq!((replace[0].region.as_str(), &replace[0].new), (A, &None));
        picture.before = remembered(&picture).before;
        see(&mut picture, "front-door", A, Facts::record(None));
        let Change::ReplaceRecords { replace, .. } = only(&planned(&picture, &home()), "route-front-door")
        else {
            panic!("records were expected")
        };
        assert_eq!(replace[0].new, Some(record(A, routing(A))));
    }
    assert_eq!(crate::serving::policy(&near(A)), "geoproximity");
}

#[test]
fn records_by_client_address_are_read_and_not_moved() {
    let at = |code: &str| {
        let routing = Routing::Cidr { collection_id: "c".into(), location: code.into() };
        Facts::record(Some(record(code, routing)))
    };
    let picture =
        picture(vec![dns("front-door")], observed(&[("front-door", A, at(A)), ("front-door", B, at(B))]));
    assert_eq!(code(&picture, &failover(Mode::Planned)), "not_ready");
}
