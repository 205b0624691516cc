//! What readiness finds of the switches of traffic, each lack with its gravity.

use super::*;
use crate::testing::switches::{
    both, check, control, controls, distribution, execution, guarded_by, health_check, inverted_check,
    object, origin, picture, region_switch, role, see, stoppable, switch_plan, switched, tickets,
};
use holdfast_domain::ResourceSpec;
use holdfast_domain::facts::{
    Checkers, DistributionOrigin, HealthCheck, RegionSwitch, RoutingControl, SwitchObject, Watched,
};
use holdfast_domain::resource::SwitchObjectPlace;

fn guard(change: impl FnOnce(&mut HealthCheck)) -> Picture {
    let mut check = check();
    change(&mut check);
    picture(vec![health_check("guard")], both("guard", &Facts::HealthCheck(check)))
}

fn switch(change: impl Fn(&mut RoutingControl)) -> Picture {
    let mut picture = tickets();
    for (code, on) in [(A, true), (B, false)] {
        let mut control = control(code, on);
        change(&mut control);
        see(&mut picture, "switch", code, Facts::RoutingControl(control));
    }
    picture
}

fn cdn(change: impl Fn(&mut DistributionOrigin)) -> Picture {
    let mut picture = picture(vec![distribution("cdn")], Default::default());
    for code in [A, B] {
        let mut origin = origin(code, &[A, B]);
        change(&mut origin);
        see(&mut picture, "cdn", code, Facts::DistributionOrigin(origin));
    }
    picture
}

fn arc(change: impl Fn(&mut RegionSwitch)) -> Picture {
    let mut plan = region_switch(vec![]);
    change(&mut plan);
    picture(vec![switch_plan("arc")], both("arc", &Facts::RegionSwitch(plan)))
}

#[test]
fn switches_in_order_have_notes_only() {
    for picture in [tickets(), guard(|_| {}), cdn(|_| {}), arc(|_| {})] {
        assert_eq!(grave(&picture), []);
    }
    let planes = |picture: &Picture| found(picture).iter().any(|f| f.code == "single_region_plane");
    assert!(!planes(&tickets()), "records that follow controls need no control plane");
    assert!(planes(&cdn(|_| {})));
}

#[test]
fn each_lack_of_a_switch_is_found_with_its_gravity() {
    use Severity::{Blocker, Unknown, Warning};
    let alarm = |insufficient: &str| Watched::Alarm {
        region: B.into(),
        name: "standby".into(),
        insufficient_data: insufficient.into(),
    };
    let watched = Watched::Endpoint { address: format!("{B}.shop.example.com"), path: None };
    let mut elsewhere = guard(|c| c.watches = watched);
    elsewhere.application.resources.push(dns("front-door"));
    see(&mut elsewhere, "front-door", A, guarded_by(&format!("check-{A}"), A));
    see(&mut elsewhere, "front-door", B, guarded_by("another", B));
    let mut one_region = tickets();
    one_region.application.resources[1] = controls("switch", &[A]);
    one_region.observations.remove(&key("switch", B));
    let mut both_on = tickets();
    see(&mut both_on, "switch", B, switched(B, true));
    let cases: Vec<(Picture, &str, Severity)> = vec![
        (guard(|c| c.disabled = true), "health_check_disabled", Warning),
        (guard(|c| c.inverted = true), "health_check_inverted", Warning),
        (guard(|c| (c.inverted, c.disabled) = (true, true)), "health_check_held_out", Warning),
        (guard(|c| c.checkers = Some(Checkers { healthy: 0, all: 16 })), "health_check_unhealthy", Warning),
        (guard(|c| c.checkers = None), "health_not_told", Unknown),
        (guard(|c| c.watches = alarm("Healthy")), "no_data_is_healthy", Warning),
        (
            guard(|c| c.watches = Watched::Calculated { children: vec!["x".into()], threshold: 0 }),
            "always_healthy",
            Warning,
        ),
        (elsewhere, "watches_other_region", Warning),
        (one_region, "no_control_for_region", Blocker),
        (both_on, "several_controls_on", Warning),
        (switch(|c| c.health_checks.clear()), "nothing_follows_control", Warning),
        (switch(|c| c.safety_rules.clear()), "no_safety_rule", Warning),
        (switch(|c| c.safety_rules[0].threshold = 2), "safety_rule_in_the_way", Blocker),
        (
            switch(|c| {
                c.endpoints.pop_first();
            }),
            "cluster_endpoints_missing",
            Warning,
        ),
        (cdn(|o| o.groups.clear()), "no_origin_group", Blocker),
        (cdn(|o| o.origins.clear()), "no_origin_in_region", Blocker),
        (cdn(|o| o.enabled = false), "distribution_disabled", Blocker),
        (arc(|p| p.evaluation = Some("actionRequired".into())), "plan_evaluation_failed", Blocker),
        (arc(|p| p.evaluation = None), "plan_not_evaluated", Unknown),
        (arc(|p| p.evaluated_at = Some(after(-86_400))), "plan_evaluation_old", Unknown),
        (arc(|p| p.actions.clear()), "plan_without_workflow", Blocker),
        (arc(|p| p.executions = vec![execution("e", B, "inProgress")]), "plan_execution_open", Warning),
    ];
    for (picture, code, severity) in cases {
        assert!(grave(&picture).contains(&(code.to_owned(), severity)), "{code}: {:?}", grave(&picture));
        let finding = found(&picture).into_iter().find(|f| f.code == code).unwrap();
        assert!(finding.sentence.ends_with('.') && finding.way_out.ends_with('.'), "{finding:?}");
    }
}

#[test]
fn an_object_that_would_not_hold_its_region_out_is_found_before_it_is_needed() {
    use Severity::{Blocker, Warning};
    assert_eq!(grave(&stoppable()), []);
    let codes: Vec<String> = found(&stoppable()).into_iter().map(|f| f.code).collect();
    assert!(!codes.contains(&"single_region_plane".to_owned()), "{codes:?}");

    let guard = |change: &dyn Fn(&mut HealthCheck)| {
        let mut check = inverted_check();
        change(&mut check);
        let mut picture = stoppable();
        picture.observations.extend(both("guard", &Facts::HealthCheck(check)));
        picture
    };
    let place = |change: &dyn Fn(&mut SwitchObjectPlace)| {
        let mut picture = stoppable();
        let ResourceSpec::S3SwitchObject(spec) = &mut picture.application.resources[2].spec else {
            unreachable!()
        };
        spec.per_region.values_mut().for_each(change);
        picture
    };
    let asks =
        |address: &str, path: &str| Watched::Endpoint { address: address.into(), path: Some(path.into()) };
    let mut there = stoppable();
    see(&mut there, "stop", B, Facts::SwitchObject(object(true)));
    let mut alone = stoppable();
    alone.application.resources.remove(1);
    alone.observations.retain(|(of, _), _| of.as_str() != "guard");
    let mut unfollowed = stoppable();
    unfollowed.application.resources.remove(0);
    let mut crossed = stoppable();
    let other = SwitchObject { holds_out: region(B), ..object(false) };
    see(&mut crossed, "stop", B, Facts::SwitchObject(other));
    let cases: Vec<(Picture, &str, Severity)> = vec![
        (guard(&|c| c.inverted = false), "switch_not_inverted", Blocker),
        (guard(&|c| c.watches = asks("shop.example.com", "/health")), "watches_something_else", Blocker),
        (
            guard(&|c| c.watches = asks("other.s3.eu-central-1.amazonaws.com", "/shop/STOP")),
            "watches_something_else",
            Blocker,
        ),
        (place(&|p| p.holds_out = region(B)), "lies_in_the_region_it_holds_out", Blocker),
        (there, "holds_a_region_out", Warning),
        (alone, "health_check_not_entered", Warning),
        (unfollowed, "nothing_follows_switch", Warning),
        (crossed, "holds_out_another_region", Blocker),
    ];
    for (picture, code, severity) in cases {
        assert!(grave(&picture).contains(&(code.to_owned(), severity)), "{code}: {:?}", grave(&picture));
        let finding = found(&picture).into_iter().find(|f| f.code == code).unwrap();
        assert!(finding.sentence.ends_with('.') && finding.way_out.ends_with('.'), "{finding:?}");
    }
    let by_path = guard(&|c| c.watches = asks("s3.eu-central-1.amazonaws.com", "/switches/shop/STOP"));
    assert_eq!(grave(&by_path), [], "a bucket may stand first in the path");
}

#[test]
fn a_primary_that_no_longer_writes_returns_traffic_onto_stale_data() {
    let mut picture =
        picture(vec![dns("front-door"), crate::testing::world::aurora("orders")], Default::default());
    see(&mut picture, "front-door", A, role(A, true));
    see(&mut picture, "front-door", B, role(B, false));
    see(&mut picture, "orders", A, aurora_facts("orders", A, false));
    see(&mut picture, "orders", B, aurora_facts("orders", B, true));
    let codes = grave(&picture);
    assert!(codes.contains(&("returns_onto_stale_data".into(), Severity::Warning)), "{codes:?}");
}

#[test]
fn a_ttl_of_the_objective_or_longer_blocks() {
    let hour = || {
        let mut record = plain_record(A, Routing::Weighted { weight: 1 }, "192.0.2.1");
        record.ttl_seconds = Some(3_600);
        Some(record)
    };
    let picture = records(hour(), hour());
    assert!(grave(&picture).contains(&("ttl_too_long".into(), Severity::Blocker)), "{:?}", grave(&picture));
}

#[test]
fn an_open_standby_takes_whoever_is_nearest() {
    let mut picture = shop();
    picture.observations.insert(key("edge", B), known(group(B, 100, 128)));
    let codes = grave(&picture);
    assert!(codes.contains(&("open_where_nothing_is_written".into(), Severity::Warning)), "{codes:?}");
    picture.observations.insert(key("edge", B), known(group(B, 0, 128)));
    assert!(found(&picture).iter().any(|f| f.code == "dial_is_no_wall" && f.severity == Severity::Note));
}
