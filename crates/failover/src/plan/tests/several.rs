//! Several records to one Region, and an accelerator with several listeners: all of them move.

use super::*;
use crate::change::{Change, RecordReplacement};
use crate::testing::world::{group, plain_record};
use holdfast_domain::facts::{AcceleratorGroup, DnsRecord};

fn named(code: &str, set: &str, routing: Routing) -> DnsRecord {
    DnsRecord {
        set_identifier: Some(set.into()),
        ..plain_record(code, routing, &format!("{code}.example.com"))
    }
}

fn by_weight(code: &str, colour: &str, weight: i64) -> DnsRecord {
    named(code, &format!("{code}/{colour}"), Routing::Weighted { weight })
}

fn by_place(code: &str, country: &str) -> DnsRecord {
    let routing = Routing::Geolocation { continent: None, country: Some(country.into()), subdivision: None };
    named(code, &format!("{code}/{country}"), routing)
}

fn front_door(a: Vec<DnsRecord>, b: Vec<DnsRecord>) -> Picture {
    Picture {
        application: application(Strategy::WarmStandby, &[A, B], vec![dns("front-door")]),
        observations: observed(&[("front-door", A, Facts::records(a)), ("front-door", B, Facts::records(b))]),
        ..shop()
    }
}

fn replaced(picture: &Picture, movement: &Movement) -> Vec<RecordReplacement> {
    let plan = planned(picture, movement);
    let step =
        plan.step(&crate::testing::step_id("route-front-door")).unwrap_or_else(|| panic!("{}", text(&plan)));
    let Some(Change::ReplaceRecords { replace, .. }) = step.change() else { unreachable!() };
    replace.clone()
}

/// `SET weight`, of what stands afterwards.
fn weights(replace: &[RecordReplacement]) -> Vec<String> {
    let one = |r: &RecordReplacement| match r.new.as_ref().map(|n| (&n.set_identifier, &n.routing)) {
        Some((Some(set), Routing::Weighted { weight })) => format!("{set} {weight}"),
        other => panic!("{other:?}"),
    };
    replace.iter().map(one).collect()
}

#[test]
fn every_weight_of_a_region_goes_and_each_record_of_the_target_takes_its_counterparts() {
    let picture = front_door(
        vec![by_weight(A, "blue", 90), by_weight(A, "green", 10)],
        vec![by_weight(B, "blue", 0), by_weight(B, "green", 0)],
    );
    let replace = replaced(&picture, &failover(Mode::Planned));
    let expected = ["eu-central-1/blue 90", "eu-central-1/green 10", "us-east-1/blue 0", "us-east-1/green 0"];
    assert_eq!(weights(&replace), expected);
    let step = planned(&picture, &failover(Mode::Planned));
    let step = step.step(&crate::testing::step_id("route-front-door")).unwrap();
    assert!(step.value_now.contains("us-east-1 (us-east-1/blue) weight 90"), "{}", step.value_now);
}

#[test]
fn a_colour_that_rests_goes_on_resting_and_records_without_a_counterpart_take_the_greatest_weight() {
    let resting = front_door(
        vec![by_weight(A, "blue", 100), by_weight(A, "green", 0)],
        vec![by_weight(B, "blue", 0), by_weight(B, "green", 0)],
    );
    let replace = replaced(&resting, &failover(Mode::Planned));
    assert_eq!(weights(&replace), ["eu-central-1/blue 100", "us-east-1/blue 0"]);
    let unlike = front_door(
        vec![by_weight(A, "one", 30), by_weight(A, "two", 70)],
        vec![by_weight(B, "x", 0), by_weight(B, "y", 0), by_weight(B, "z", 0)],
    );
    let replace = replaced(&unlike, &failover(Mode::Emergency));
    let raised: Vec<_> = weights(&replace).into_iter().filter(|w| w.ends_with(" 70")).collect();
    assert_eq!(raised.len(), 3, "{:?}", weights(&replace));
}

#[test]
fn every_place_of_a_region_is_sent_to_the_target_and_back() {
    let (us, ca, de) = (by_place(A, "US"), by_place(A, "CA"), by_place(B, "DE"));
    let picture = front_door(vec![us.clone(), ca.clone()], vec![de.clone()]);
    let replace = replaced(&picture, &failover(Mode::Planned));
    assert_eq!(replace.len(), 2, "{replace:?}");
    for r in &replace {
        let (old, new) = (r.old.as_ref().unwrap(), r.new.as_ref().unwrap());
        assert_eq!((&new.set_identifier, &new.routing), (&old.set_identifier, &old.routing));
        assert_eq!(new.values, de.values);
    }
    let sent: Vec<DnsRecord> = replace.iter().filter_map(|r| r.new.clone()).collect();
    let mut moved = front_door(sent, vec![de.clone()]);
    moved.before = [
        (key("front-door", A), Facts::records(vec![us.clone(), ca.clone()])),
        (key("front-door", B), Facts::records(vec![de])),
    ]
    .into_iter()
    .collect();
    let back = replaced(&moved, &movement(Intent::Failback, Mode::Planned, B, A));
    let stands: Vec<_> = back.iter().filter_map(|r| r.new.as_ref()).collect();
    assert!(back.len() == 2 && stands.contains(&&us) && stands.contains(&&ca), "{back:?}");
}

#[test]
fn every_latency_record_of_a_region_is_taken_out_and_all_come_back_whole() {
    let near = |code: &str, set: &str| named(code, &format!("{code}/{set}"), Routing::Multivalue);
    let at_home = vec![near(A, "1"), near(A, "2")];
    let there = vec![near(B, "1")];
    let replace = replaced(&front_door(at_home.clone(), there.clone()), &failover(Mode::Planned));
    assert!(replace.len() == 2 && replace.iter().all(|r| r.new.is_none()), "{replace:?}");
    let mut moved = front_door(Vec::new(), there.clone());
    moved.before = [
        (key("front-door", A), Facts::records(at_home.clone())),
        (key("front-door", B), Facts::records(there)),
    ]
    .into_iter()
    .collect();
    moved.application.strategy = Strategy::ActiveActive;
    let back = replaced(&moved, &movement(Intent::Failback, Mode::Planned, B, A));
    let new: Vec<_> = back.iter().filter_map(|r| r.new.clone()).collect();
    assert_eq!(new, at_home);
}

#[test]
fn where_the_targets_records_lead_apart_no_place_is_sent_to_one_of_them() {
    let mut second = by_place(B, "AT");
    second.values = vec!["elsewhere.example.com".into()];
    let picture = front_door(vec![by_place(A, "US")], vec![by_place(B, "DE"), second]);
    assert_eq!(code(&picture, &failover(Mode::Planned)), "not_ready");
}

#[test]
fn what_stands_of_several_is_told_by_every_fact() {
    let both = |weight| {
        front_door(
            vec![by_weight(A, "blue", 90), by_weight(A, "green", weight)],
            vec![by_weight(B, "blue", 0)],
        )
    };
    let facts = |picture: &Picture| planned(picture, &failover(Mode::Planned)).facts;
    assert_ne!(facts(&both(10)), facts(&both(11)), "the second of two records is a fact too");
}

/// Both listeners in one Region, with one dial and weight.
fn listeners(code: &str, dial: u8, weight: i32) -> Facts {
    let one = |listener: &str| {
        let Facts::AcceleratorGroup(one) = group(code, dial, weight) else { unreachable!() };
        let arn = format!(
            "arn:aws:globalaccelerator::222222222222:accelerator/edge/listener/{listener}/endpoint-group/{code}"
        );
        AcceleratorGroup { endpoint_group_arn: arn, ..one }
    };
    Facts::AcceleratorGroup(AcceleratorGroup { others: vec![one("bbb")], ..one("aaa") })
}

fn edge_of(a: Facts, b: Facts) -> Picture {
    Picture {
        application: application(Strategy::WarmStandby, &[A, B], vec![crate::testing::world::edge("edge")]),
        observations: observed(&[("edge", A, a), ("edge", B, b)]),
        ..shop()
    }
}

#[test]
fn each_listener_is_opened_and_closed_by_a_step_of_its_own() {
    let picture = edge_of(listeners(A, 100, 128), listeners(B, 0, 0));
    let plan = planned(&picture, &failover(Mode::Planned));
    let ids: Vec<_> = plan.steps.iter().filter(|s| s.change().is_some()).map(|s| s.id.as_str()).collect();
    let expected = [
        "open-edge-eu-central-1-aaa",
        "open-edge-eu-central-1-bbb",
        "close-edge-us-east-1-aaa",
        "close-edge-us-east-1-bbb",
    ];
    assert_eq!(ids, expected);
    for step in plan.steps.iter().filter(|s| s.id.as_str().starts_with("close")) {
        let before = comes_after(&plan, step.id.as_str());
        assert!(expected[..2].iter().all(|open| before.contains(open)), "{}", text(&plan));
    }
    // One listener that is open in the other Region is no reason to close another.
    let Facts::AcceleratorGroup(mut half) = listeners(B, 100, 128) else { unreachable!() };
    half.others[0].traffic_dial_percent = 0;
    let seen = observed(&[("edge", A, listeners(A, 100, 128)), ("edge", B, Facts::AcceleratorGroup(half))]);
    let check = |id: &str| {
        let step = plan.step(&crate::testing::step_id(id)).unwrap();
        step.check(&seen, &plan, &failover(Mode::Planned), crate::testing::NOW)
    };
    assert!(matches!(check("close-edge-us-east-1-aaa"), crate::Verdict::Act(_)));
    assert!(matches!(check("close-edge-us-east-1-bbb"), crate::Verdict::Stuck { .. }));
}

#[test]
fn a_listener_that_leads_to_the_old_region_alone_stops_a_planned_move_and_is_left_by_an_emergency() {
    let Facts::AcceleratorGroup(first) = listeners(B, 0, 0) else { unreachable!() };
    let target = Facts::AcceleratorGroup(AcceleratorGroup { others: Vec::new(), ..first });
    let picture = edge_of(listeners(A, 100, 128), target);
    assert_eq!(code(&picture, &failover(Mode::Planned)), "not_ready");
    let plan = planned(&picture, &failover(Mode::Emergency));
    assert!(plan.notes.iter().any(|n| n.contains("listener/bbb")), "{:?}", plan.notes);
    let moved: Vec<_> = plan.steps.iter().filter(|s| s.change().is_some()).map(|s| s.id.as_str()).collect();
    assert_eq!(moved, ["open-edge-eu-central-1-aaa", "close-edge-us-east-1-aaa"]);
}
