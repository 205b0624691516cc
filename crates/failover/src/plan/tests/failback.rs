//! What a failback restores, what it leaves as it is today, and where it may go.

use super::*;
use crate::change::Change;
use crate::testing::world::{group, plain_record, route};
use holdfast_domain::facts::DnsRecord;

fn back(mode: Mode) -> Movement {
    movement(Intent::Failback, mode, B, A)
}

/// The front door alone: how it stood before the failover, and how it stands now.
fn front_door(before: [Option<DnsRecord>; 2], now: [Option<DnsRecord>; 2]) -> Picture {
    let [a, b] = before.map(Facts::record);
    let [now_a, now_b] = now.map(Facts::record);
    Picture {
        application: application(Strategy::WarmStandby, &[A, B], vec![dns("front-door")]),
        observations: observed(&[("front-door", A, now_a), ("front-door", B, now_b)]),
        before: [(key("front-door", A), a), (key("front-door", B), b)].into_iter().collect(),
        ..shop()
    }
}

/// What the one DNS step makes of the records, by Region, and its two texts.
fn restored(picture: &Picture) -> (BTreeMap<RegionCode, Option<DnsRecord>>, String, String) {
    let plan = planned(picture, &back(Mode::Planned));
    let step = plan.step(&crate::testing::step_id("route-front-door")).unwrap();
    let Some(Change::ReplaceRecords { replace, .. }) = step.change() else { unreachable!() };
    let records = replace.iter().map(|r| (r.region.clone(), r.new.clone())).collect();
    (records, step.value_now.clone(), step.value_to_be.clone())
}

fn by_weight(code: &str, weight: i64, value: &str) -> Option<DnsRecord> {
    Some(plain_record(code, Routing::Weighted { weight }, value))
}

fn by_place(code: &str, continent: &str, value: &str) -> Option<DnsRecord> {
    let routing =
        Routing::Geolocation { continent: Some(continent.into()), country: None, subdivision: None };
    Some(plain_record(code, routing, value))
}

#[test]
fn weights_go_back_and_targets_stay_as_they_are_today() {
    let mut edited = plain_record(A, Routing::Weighted { weight: 0 }, "192.0.2.9");
    edited.ttl_seconds = Some(30);
    edited.health_check_id = Some("check-new".into());
    let picture = front_door(
        [by_weight(A, 100, "192.0.2.1"), by_weight(B, 0, "192.0.2.2")],
        [Some(edited.clone()), by_weight(B, 100, "192.0.2.8")],
    );
    let (records, now, to_be) = restored(&picture);
    let expected = DnsRecord { routing: Routing::Weighted { weight: 100 }, ..edited };
    assert_eq!(records[&region(A)], Some(expected));
    assert_eq!(records[&region(B)], by_weight(B, 0, "192.0.2.8"));
    assert_eq!(now, "eu-central-1 weight 100, us-east-1 weight 0");
    assert_eq!(to_be, "eu-central-1 weight 0, us-east-1 weight 100");
}

#[test]
fn roles_go_back_and_targets_stay_as_they_are_today() {
    let by_role = |code: &str, primary: bool, value: &str| {
        Some(plain_record(code, Routing::Failover { primary }, value))
    };
    let picture = front_door(
        [by_role(A, true, "192.0.2.1"), by_role(B, false, "192.0.2.2")],
        [by_role(A, false, "192.0.2.9"), by_role(B, true, "192.0.2.8")],
    );
    let (records, ..) = restored(&picture);
    assert_eq!(records[&region(A)], by_role(A, true, "192.0.2.9"));
    assert_eq!(records[&region(B)], by_role(B, false, "192.0.2.8"));
}

#[test]
fn a_record_that_was_taken_out_comes_back_whole_and_its_target_is_shown() {
    let by_latency = |code: &str| Some(record(code, Routing::Latency { region: code.into() }));
    let mut moved = record(B, Routing::Latency { region: B.into() });
    moved.alias.as_mut().unwrap().dns_name = "shop-2.eu-central-1.elb.amazonaws.com".into();
    let picture = front_door([by_latency(A), by_latency(B)], [None, Some(moved)]);
    let (records, now, to_be) = restored(&picture);
    assert_eq!(records.into_iter().collect::<Vec<_>>(), [(region(A), by_latency(A))]);
    assert_eq!(now, "eu-central-1 in, us-east-1 out");
    assert_eq!(to_be, "eu-central-1 in, us-east-1 in to shop-1.us-east-1.elb.amazonaws.com");
}

#[test]
fn a_place_leads_home_again_only_where_it_still_leads_where_the_failover_sent_it() {
    let before = || [by_place(A, "NA", "192.0.2.1"), by_place(B, "EU", "192.0.2.2")];
    let sent = DnsRecord {
        health_check_id: Some(format!("check-{B}")),
        ..plain_record(A, by_place(A, "NA", "").unwrap().routing, "192.0.2.2")
    };
    let (records, now, to_be) = restored(&front_door(before(), [Some(sent), by_place(B, "EU", "192.0.2.2")]));
    assert_eq!(records.into_iter().collect::<Vec<_>>(), [(region(A), by_place(A, "NA", "192.0.2.1"))]);
    assert_eq!(now, format!("eu-central-1 to 192.0.2.2, us-east-1 to 192.0.2.2 health check check-{B}"));
    assert_eq!(to_be, format!("eu-central-1 to 192.0.2.2, us-east-1 to 192.0.2.1 health check check-{A}"));
    // Somebody has given it a new target since: that one stays.
    let picture = front_door(before(), [by_place(A, "NA", "192.0.2.9"), by_place(B, "EU", "192.0.2.2")]);
    let plan = planned(&picture, &back(Mode::Planned));
    assert!(plan.steps.iter().all(|s| s.change().is_none()), "{}", text(&plan));
}

#[test]
fn a_place_that_others_sent_where_another_leads_is_nobody_s_to_restore() {
    let picture = front_door(
        [by_place(A, "NA", "192.0.2.1"), by_place(B, "EU", "192.0.2.2")],
        [by_place(A, "NA", "192.0.2.8"), by_place(B, "EU", "192.0.2.8")],
    );
    assert_eq!(code(&picture, &back(Mode::Planned)), "not_ready");
    let plan = planned(&picture, &back(Mode::Emergency));
    assert!(plan.steps.iter().all(|s| s.change().is_none()), "{}", text(&plan));
    assert!(plan.notes.iter().any(|n| n.contains("cannot be told")), "{:?}", plan.notes);
}

#[test]
fn another_routing_policy_since_the_failover_is_never_mixed_with_the_old_one() {
    let by_latency = |code: &str| Some(record(code, Routing::Latency { region: code.into() }));
    let picture = front_door(
        [by_weight(A, 100, "192.0.2.1"), by_weight(B, 0, "192.0.2.2")],
        [by_latency(A), by_latency(B)],
    );
    let (records, ..) = restored(&picture);
    assert_eq!(records.into_iter().collect::<Vec<_>>(), [(region(B), None)]);
}

#[test]
fn a_record_that_only_the_region_being_left_has_since_goes_out_again() {
    let by_latency = |code: &str| Some(record(code, Routing::Latency { region: code.into() }));
    let picture = front_door([by_latency(A), None], [by_latency(A), by_latency(B)]);
    assert_eq!(restored(&picture).0.into_iter().collect::<Vec<_>>(), [(region(B), None)]);
}

#[test]
fn raising_never_lowers_what_has_more_already() {
    let mut picture = moved_shop();
    picture.observations.insert(key("web", A), known(starting(10, 3)));
    let plan = planned(&picture, &back(Mode::Planned));
    let scale = plan.step(&crate::testing::step_id("scale-web-us-east-1")).unwrap();
    assert_eq!(scale.value_to_be, "10 tasks");
}

fn starting(desired: u32, running: u32) -> Facts {
    let Facts::EcsService(service) = service(desired) else { unreachable!() };
    Facts::EcsService(holdfast_domain::facts::EcsServiceFacts { running, ..service })
}

#[test]
fn home_gets_the_most_of_what_stood_what_is_declared_and_what_serves_now() {
    // (stood at home, declared for home, serves now, expected)
    let cases = [(6, None, 12, 12), (6, Some(9), 7, 9), (10, Some(9), 7, 10), (6, None, 2, 6)];
    for (stood, declared, serves, expected) in cases {
        let mut picture = moved_shop();
        picture.application.resources = vec![aurora("orders"), ecs("web", &[(A, declared), (B, None)])];
        picture.before.insert(key("web", A), service(stood));
        picture.observations.insert(key("web", A), known(service(1)));
        picture.observations.insert(key("web", B), known(service(serves)));
        for mode in [Mode::Planned, Mode::Emergency] {
            let plan = planned(&picture, &back(mode));
            let scale = plan.step(&crate::testing::step_id("scale-web-us-east-1")).unwrap();
            assert_eq!(scale.value_to_be, format!("{expected} tasks"), "{stood} {declared:?} {serves}");
        }
    }
}

/// The feed after the evacuation of `out` to `to`, with what stood before kept.
fn evacuated(out: &str, to: &str) -> Picture {
    let mut picture = feed();
    picture.application.resources.push(access_point("assets"));
    for code in [A, B, C] {
        picture.observations.insert(key("assets", code), known(route(code, 100)));
    }
    picture.before =
        picture.observations.iter().map(|(k, s)| (k.clone(), s.known().unwrap().clone())).collect();
    picture.observations.insert(key("front-door", out), known(Facts::record(None)));
    picture.observations.insert(key("edge", out), known(group(out, 0, 0)));
    picture.observations.insert(key("assets", out), known(route(out, 0)));
    if out == A {
        for code in [A, B, C] {
            picture.observations.insert(key("posts", code), known(aurora_facts("posts", code, code == to)));
        }
    }
    picture
}

#[test]
fn any_evacuated_region_of_an_active_active_application_comes_back_as_it_stood() {
    for mode in [Mode::Planned, Mode::Emergency] {
        let plan = planned(&evacuated(C, B), &movement(Intent::Failback, mode, B, C));
        let changes: Vec<_> =
            plan.steps.iter().filter(|s| s.change().is_some()).map(|s| s.id.as_str()).collect();
        let scaled = format!("scale-timeline-{C}");
        let opened = format!("open-edge-{C}");
        assert_eq!(changes, [scaled.as_str(), "route-front-door", opened.as_str(), "route-assets"]);
        let front_door = plan.step(&crate::testing::step_id("route-front-door")).unwrap();
        assert!(front_door.value_to_be.starts_with("ap-southeast-1 in to shop-1.ap-southeast-1"));
        assert!(plan.steps.iter().all(|s| !s.irreversible), "the writer stays where it is");
    }
}

#[test]
fn a_region_that_serves_needs_no_failback_and_a_standby_is_never_its_aim() {
    let go = |to: &str| movement(Intent::Failback, Mode::Planned, B, to);
    assert_eq!(code(&evacuated(A, B), &go(C)), "already_serving");
    assert_eq!(code(&shop(), &movement(Intent::Failback, Mode::Planned, A, B)), "not_home");
}

#[test]
fn the_writer_goes_to_a_region_that_comes_back_only_if_it_was_there() {
    let mut picture = evacuated(C, B);
    picture.before.clear();
    let plan = planned(&picture, &movement(Intent::Failback, Mode::Emergency, B, C));
    assert!(plan.steps.iter().all(|s| s.id.as_str() != "switch-posts"), "{}", text(&plan));
    let mut picture = evacuated(C, B);
    picture.before.insert(key("posts", C), aurora_facts("posts", C, true));
    picture.before.insert(key("posts", A), aurora_facts("posts", A, false));
    let plan = planned(&picture, &movement(Intent::Failback, Mode::Planned, B, C));
    assert!(plan.steps.iter().any(|s| s.id.as_str() == "switch-posts"), "{}", text(&plan));
}

#[test]
fn a_region_that_comes_back_takes_no_other_out_whatever_stood_before() {
    // When C was evacuated, A was out too; A has come back in the meantime.
    let mut picture = evacuated(C, B);
    picture.before.insert(key("front-door", A), Facts::record(None));
    picture.before.insert(key("edge", A), group(A, 0, 0));
    picture.before.insert(key("assets", A), route(A, 0));
    for from in [A, B] {
        let plan = planned(&picture, &movement(Intent::Failback, Mode::Planned, from, C));
        assert!(plan.steps.iter().all(|s| !s.id.as_str().starts_with("close-")), "{}", text(&plan));
        for step in plan.steps.iter().filter(|s| s.id.as_str().starts_with("route-")) {
            let of_a = |text: &str| text.split(", ").find(|part| part.starts_with(A)).unwrap().to_owned();
            assert_eq!(of_a(&step.value_now), of_a(&step.value_to_be));
        }
    }
}

#[test]
fn an_emergency_failback_accepts_the_loss_when_the_serving_region_is_dark() {
    for state in [Some("pending-resync".to_owned()), None] {
        let mut picture = moved_shop();
        let mut copy = member("orders", A, false);
        copy.synchronization = state;
        picture.observations.insert(key("orders", A), known(Facts::AuroraMember(copy)));
        for resource in ["orders", "web"] {
            let last = picture.observations[&key(resource, B)].known().cloned();
            picture.observations.insert(key(resource, B), unknown(last));
        }
        let plan = planned(&picture, &back(Mode::Emergency));
        let switch = plan.step(&crate::testing::step_id("switch-orders")).unwrap();
        assert!(switch.irreversible && matches!(switch.change(), Some(Change::FailAuroraOver { .. })));
        assert!(plan.notes.iter().any(|n| n.contains("more may be lost")), "{:?}", plan.notes);
    }
}
