//! Golden plans as text, refusals as a table; `safety` holds the properties over generated pictures, `failback`
//! what comes back and how, `hold_out` what is left of a failover that is done, `escalation` what a planned move may become, `edits` what people change about them, `own` where steps of one's own stand, `compute` all that does work, `stores` what is
//! restored and promoted.

mod compute;
mod drill;
mod edits;
mod escalation;
mod failback;
mod hold_out;
mod own;
mod planes;
mod safety;
mod several;
mod stores;
mod switches;

use super::*;
use crate::testing::world::{
    A, B, C, access_point, application, aurora, aurora_facts, dns, ecs, feed, key, known, member, moved_shop,
    observed, plain_record, record, service, shop, unknown, weighted,
};
use crate::testing::{failover, movement, name, region};
use holdfast_domain::facts::Routing;
use std::fmt::Write as _;

/// A plan as an operator would read it.
fn text(plan: &Plan) -> String {
    let mut text = String::new();
    for step in &plan.steps {
        let after: Vec<_> = step.after.iter().map(StepId::as_str).collect();
        let _ = write!(text, "{}  [after {}]\n  {}", step.id, after.join(" "), step.title);
        if step.irreversible {
            text.push_str("  (cannot be taken back)");
        }
        if let Some(change) = step.change() {
            let _ = write!(text, "\n  {} by {} through {}", step.kind(), change.action(), step.plane);
            let _ = write!(text, "\n  {} -> {}", step.value_now, step.value_to_be);
        }
        text.push('\n');
    }
    for note in &plan.notes {
        let _ = writeln!(text, "note: {note}");
    }
    text
}

fn planned(picture: &Picture, movement: &Movement) -> Plan {
    let plan = plan(picture, movement).unwrap();
    // What every plan keeps: ids once, nothing before what it needs, one change at most, a role for each account.
    for (at, step) in plan.steps.iter().enumerate() {
        assert!(plan.steps[..at].iter().all(|s| s.id != step.id), "{} twice", step.id);
        assert!(step.after.iter().all(|a| plan.steps[..at].iter().any(|s| &s.id == a)), "{}", step.id);
        assert_eq!(at == 0, step.after.is_empty(), "{} must come after the first look", step.id);
    }
    assert_eq!(plan.steps[0].id.as_str(), "observe-again");
    plan
}

fn home() -> Movement {
    movement(Intent::Failback, Mode::Planned, B, A)
}

fn code(picture: &Picture, movement: &Movement) -> String {
    let refusal = plan(picture, movement).unwrap_err();
    assert!(refusal.sentence.ends_with('.') && refusal.way_out.ends_with('.'), "{refusal:?}");
    refusal.code
}

#[test]
fn a_planned_failover_of_a_warm_standby() {
    insta::assert_snapshot!(text(&planned(&shop(), &failover(Mode::Planned))));
}

#[test]
fn an_emergency_failover_of_a_warm_standby_whose_region_is_dark() {
    let mut picture = shop();
    for kind in ["orders", "web"] {
        let last = picture.observations[&key(kind, A)].known().cloned();
        picture.observations.insert(key(kind, A), unknown(last));
    }
    insta::assert_snapshot!(text(&planned(&picture, &failover(Mode::Emergency))));
}

#[test]
fn a_failback_of_a_warm_standby_to_what_stood_before() {
    insta::assert_snapshot!(text(&planned(&moved_shop(), &home())));
}

#[test]
fn an_evacuation_of_an_active_active_region() {
    insta::assert_snapshot!(text(&planned(&feed(), &failover(Mode::Planned))));
}

#[test]
fn an_active_active_region_comes_back() {
    let before = feed();
    let mut picture = feed();
    picture.before =
        before.observations.iter().map(|(k, s)| (k.clone(), s.known().unwrap().clone())).collect();
    picture.observations.insert(key("front-door", A), known(Facts::record(None)));
    picture.observations.insert(key("edge", A), known(crate::testing::world::group(A, 0, 0)));
    for code in [A, B, C] {
        picture.observations.insert(key("posts", code), known(aurora_facts("posts", code, code == B)));
    }
    picture.observations.insert(key("timeline", B), known(service(8)));
    insta::assert_snapshot!(text(&planned(&picture, &home())));
}

#[test]
fn an_emergency_failback_lowers_nothing_where_it_leaves() {
    let plan = planned(&moved_shop(), &movement(Intent::Failback, Mode::Emergency, B, A));
    assert!(plan.steps.iter().all(|s| !s.id.as_str().starts_with("lower-")));
    assert!(plan.notes.iter().any(|n| n.contains("not lowered to the 2 tasks")), "{:?}", plan.notes);
}

#[test]
fn failing_back_over_and_over_changes_nothing_more() {
    let mut picture = shop();
    picture.before = moved_shop().before;
    let plan = planned(&picture, &home());
    assert!(plan.steps.iter().all(|s| s.change().is_none()), "{}", text(&plan));
}

#[test]
fn a_failback_without_what_stood_before_is_the_reverse_by_defaults() {
    let picture = Picture { before: BTreeMap::new(), ..moved_shop() };
    let plan = planned(&picture, &home());
    let values: Vec<_> = plan.steps.iter().map(|s| s.value_to_be.as_str()).collect();
    assert!(values.contains(&"eu-central-1 weight 0, us-east-1 weight 100"), "{values:?}");
    assert!(values.contains(&"eu-central-1 0, us-east-1 100"), "{values:?}");
    assert!(plan.steps.iter().all(|s| !s.id.as_str().starts_with("lower-")));
}

#[test]
fn the_lag_limit_is_the_objective_when_planned_and_none_in_an_emergency() {
    for (mode, expected) in [(Mode::Planned, Some(30_000.0)), (Mode::Emergency, None)] {
        let plan = planned(&shop(), &failover(mode));
        let limit = plan.steps.iter().find_map(|s| match &s.work {
            Work::RecordLag { limit_ms, .. } => Some(*limit_ms),
            _ => None,
        });
        assert_eq!(limit, Some(expected));
        let lag = plan.measurements.iter().find(|m| m.what == "lag").unwrap();
        assert_eq!((lag.value, lag.limit), (Some(850.0), expected));
    }
}

/// All that a step comes after, directly or not.
fn comes_after<'a>(plan: &'a Plan, id: &str) -> Vec<&'a str> {
    let step = plan.step(&crate::testing::step_id(id)).unwrap();
    let mut found = Vec::new();
    for before in &step.after {
        found.push(before.as_str());
        found.extend(comes_after(plan, before.as_str()));
    }
    found
}

#[test]
fn lag_is_recorded_at_the_cut_when_all_that_can_be_raised_before_it_is() {
    for mode in [Mode::Planned, Mode::Emergency] {
        for (picture, movement, switch, scale) in [
            (shop(), failover(mode), "switch-orders", "scale-web-eu-central-1"),
            (feed(), failover(mode), "switch-posts", "scale-timeline-ap-southeast-1"),
        ] {
            let plan = planned(&picture, &movement);
            let switch = plan.step(&crate::testing::step_id(switch)).unwrap();
            assert_eq!(switch.after, [crate::testing::step_id("record-lag")]);
            let before = comes_after(&plan, "record-lag");
            assert!(before.contains(&"observe-again") && before.contains(&scale), "{before:?}");
        }
    }
}

#[test]
fn no_data_waits_for_traffic_in_an_emergency() {
    let emergency = movement(Intent::Failback, Mode::Emergency, B, A);
    for (picture, movement) in
        [(shop(), failover(Mode::Emergency)), (feed(), failover(Mode::Emergency)), (moved_shop(), emergency)]
    {
        let plan = planned(&picture, &movement);
        let switch = plan.steps.iter().find(|s| s.irreversible).unwrap();
        let before = comes_after(&plan, switch.id.as_str());
        let traffic = |id: &&str| ["route-", "open-", "close-"].iter().any(|word| id.starts_with(word));
        assert!(!before.iter().any(traffic), "{before:?}");
    }
}

#[test]
fn a_plan_rests_on_discrete_facts_and_not_on_lag_or_counts() {
    let facts = planned(&shop(), &failover(Mode::Planned)).facts;
    let mut picture = shop();
    let mut lagging = member("orders", B, false);
    lagging.lag = None;
    picture.observations.insert(key("orders", B), known(Facts::AuroraMember(lagging)));
    picture.observations.insert(key("web", A), known(service(11)));
    assert_eq!(planned(&picture, &failover(Mode::Planned)).facts, facts);
    picture.observations.insert(key("front-door", A), known(weighted(A, 99)));
    assert_ne!(planned(&picture, &failover(Mode::Planned)).facts, facts);
}

#[test]
fn what_the_digest_covers_voids_it_and_measurements_do_not() {
    let request = crate::testing::sealed(crate::run::Request {
        plan: planned(&shop(), &failover(Mode::Planned)),
        ..crate::testing::request()
    });
    let touch = |change: &dyn Fn(&mut crate::run::Request)| {
        let mut touched = request.clone();
        change(&mut touched);
        touched.digest_now().unwrap() == request.digest
    };
    assert!(touch(&|r| r.plan.measurements.clear()));
    assert!(touch(&|r| r.plan.notes.clear()));
    assert!(touch(&|r| r.plan.steps[2].value_now = "3 tasks".into()));
    assert!(!touch(&|r| r.plan.steps[2].timeout_seconds += 1));
    assert!(!touch(&|r| r.plan.steps[2].after.clear()));
    assert!(!touch(&|r| r.plan.facts[0].value.push('x')));
    assert!(!touch(&|r| r.plan.roles.clear()));
    assert!(!touch(&|r| r.policy.rules.clear()));
    assert!(!touch(&|r| r.overrides.push("residency".into())));
    assert!(!touch(&|r| r.dry_run = true));
    assert!(!touch(&|r| r.movement.mode = Mode::Emergency));
    assert!(!touch(&|r| r.application = name("other")));
}

/// The replacement texts of the one DNS step.
fn dns_step(routings: [Facts; 2], mode: Mode) -> Vec<String> {
    let [a, b] = routings;
    let picture = Picture {
        application: application(Strategy::WarmStandby, &[A, B], vec![dns("front-door")]),
        observations: observed(&[("front-door", A, a), ("front-door", B, b)]),
        ..shop()
    };
    let plan = planned(&picture, &failover(mode));
    plan.steps
        .iter()
        .filter_map(Step::change)
        .flat_map(|change| match change {
            crate::change::Change::ReplaceRecords { replace, .. } => replace.clone(),
            _ => Vec::new(),
        })
        .map(|r| format!("{} => {}", record_text(r.old.as_ref()), record_text(r.new.as_ref())))
        .collect()
}

fn dns_fact(code: &str, routing: Routing) -> Facts {
    Facts::record(Some(record(code, routing)))
}

#[test]
fn each_routing_policy_moves_in_its_own_way() {
    let place = |continent: &str| Routing::Geolocation {
        continent: Some(continent.into()),
        country: None,
        subdivision: None,
    };
    let cases = [
        ("weighted", [weighted(A, 70), weighted(B, 0)]),
        ("weighted, both open", [weighted(A, 30), weighted(B, 60)]),
        ("weighted, both zero", [weighted(A, 0), weighted(B, 0)]),
        ("weighted, moved already", [weighted(A, 0), weighted(B, 5)]),
        (
            "failover",
            [
                dns_fact(A, Routing::Failover { primary: true }),
                dns_fact(B, Routing::Failover { primary: false }),
            ],
        ),
        (
            "latency",
            [
                dns_fact(A, Routing::Latency { region: A.into() }),
                dns_fact(B, Routing::Latency { region: B.into() }),
            ],
        ),
        (
            "geolocation",
            [
                Facts::record(Some(plain_record(A, place("NA"), "192.0.2.1"))),
                Facts::record(Some(plain_record(B, place("EU"), "192.0.2.2"))),
            ],
        ),
    ];
    let mut golden = String::new();
    for (case, routings) in cases {
        let _ = writeln!(golden, "{case}:\n  {}", dns_step(routings, Mode::Planned).join("\n  "));
    }
    insta::assert_snapshot!(golden);
}

#[test]
fn what_cannot_be_routed_is_refused_when_planned_and_noted_in_an_emergency() {
    let picture = |a: Facts, b: Facts| Picture {
        application: application(Strategy::WarmStandby, &[A, B], vec![dns("front-door")]),
        observations: observed(&[("front-door", A, a), ("front-door", B, b)]),
        ..shop()
    };
    let none = Facts::record(None);
    for p in [
        picture(weighted(A, 100), none.clone()),
        picture(dns_fact(A, Routing::Latency { region: A.into() }), none.clone()),
        picture(dns_fact(A, Routing::Simple), none),
    ] {
        assert_eq!(code(&p, &failover(Mode::Planned)), "not_ready");
        let plan = planned(&p, &failover(Mode::Emergency));
        assert!(plan.steps.iter().all(|s| s.change().is_none()));
        assert!(plan.notes.iter().any(|n| n.contains("The plan leaves it as it is.")), "{:?}", plan.notes);
    }
}

#[test]
fn a_move_that_cannot_be_is_refused_with_its_reason() {
    let with = |change: &dyn Fn(&mut Picture)| {
        let mut picture = shop();
        change(&mut picture);
        picture
    };
    let go = failover(Mode::Planned);
    assert_eq!(code(&shop(), &movement(Intent::Failover, Mode::Planned, A, C)), "unknown_region");
    assert_eq!(code(&shop(), &movement(Intent::Failover, Mode::Planned, A, A)), "same_region");
    assert_eq!(code(&shop(), &movement(Intent::Failback, Mode::Planned, A, B)), "not_home");
    assert_eq!(code(&shop(), &movement(Intent::Drill, Mode::Emergency, A, B)), "guard_refused");
    assert_eq!(code(&with(&|p| p.accounts.clear()), &go), "account_missing");
    let resync = with(&|p| {
        let mut copy = member("orders", B, false);
        copy.synchronization = Some("pending-resync".into());
        p.observations.insert(key("orders", B), known(Facts::AuroraMember(copy)));
    });
    assert_eq!(code(&resync, &go), "not_ready");
    assert!(plan(&resync, &failover(Mode::Emergency)).is_ok());
}

#[test]
fn a_planned_failback_waits_until_home_is_connected_again() {
    for state in [Some("pending-resync".to_owned()), None] {
        let mut picture = moved_shop();
        let mut copy = member("orders", A, false);
        copy.synchronization = state;
        picture.observations.insert(key("orders", A), known(Facts::AuroraMember(copy)));
        assert_eq!(code(&picture, &home()), "not_ready_to_fail_back");
    }
}

#[test]
fn a_plan_says_which_of_its_pictures_are_too_old() {
    for at in [A, B] {
        let mut picture = shop();
        let last = picture.observations[&key("web", at)].known().cloned();
        picture.observations.insert(key("web", at), unknown(last));
        let plan = planned(&picture, &failover(Mode::Emergency));
        assert!(plan.notes.iter().any(|n| n.contains("last seen")), "{:?}", plan.notes);
    }
}

#[test]
fn traffic_never_moves_to_a_region_without_the_data() {
    let mut picture = shop();
    picture.observations.insert(key("orders", B), unknown(None));
    assert_eq!(code(&picture, &failover(Mode::Emergency)), "not_ready");
}

#[test]
fn capacity_is_as_declared_else_as_the_region_being_left_has_it() {
    for (declared, left, expected) in [(Some(4), 9, 4), (None, 9, 9)] {
        let mut picture = shop();
        picture.application.resources = vec![aurora("orders"), ecs("web", &[(A, None), (B, declared)])];
        picture.observations.insert(key("web", A), known(service(left)));
        let plan = planned(&picture, &failover(Mode::Planned));
        let scale = plan.steps.iter().find(|s| s.id.as_str() == "scale-web-eu-central-1").unwrap();
        assert_eq!(scale.value_to_be, format!("{expected} tasks"));
    }
}

#[test]
fn a_region_that_stays_in_service_keeps_its_routes() {
    let mut picture = feed();
    picture.application.resources = vec![access_point("assets")];
    for (code, dial) in [(A, 100), (B, 0), (C, 100)] {
        picture.observations.insert(key("assets", code), known(crate::testing::world::route(code, dial)));
    }
    let plan = planned(&picture, &failover(Mode::Planned));
    let routes = plan.steps.iter().find_map(|s| match s.change() {
        Some(crate::change::Change::SetAccessPointRoutes { routes, via, .. }) => {
            assert_eq!(via.last(), Some(&region(A)), "the Region being left is asked last");
            Some(routes.iter().map(|(r, t)| (r.to_string(), t.traffic_dial_percent)).collect::<Vec<_>>())
        }
        _ => None,
    });
    assert_eq!(routes.unwrap(), [(B.to_owned(), 100), (A.to_owned(), 0)]);
}
