//! Where steps of one's own stand in generated plans, and what leaves them out.

use super::*;
use crate::change::Change;
use crate::testing::world::{account, lag_alarm, resource};
use holdfast_domain::own_step::{InEmergency, Occasion, OwnWork, Place, Side, Until, Where};
use holdfast_domain::resource::{Probe, ProbePlace};
use holdfast_domain::{OwnStep, Seconds};

fn own(of: &str, place: Place) -> OwnStep {
    OwnStep {
        name: name(of),
        place,
        moves: vec![Occasion::Failover, Occasion::Failback],
        in_emergency: InEmergency::CarriedOut,
        timeout: None,
        fences: Vec::new(),
        work: OwnWork::WaitForTime { until: Until::For(Seconds(60)) },
    }
}

fn with(own: Vec<OwnStep>) -> Picture {
    Picture { own, ..shop() }
}

fn after(plan: &Plan, id: &str) -> Vec<String> {
    let step = plan.steps.iter().find(|s| s.id.as_str() == id).unwrap_or_else(|| panic!("{id} is not there"));
    step.after.iter().map(ToString::to_string).collect()
}

#[test]
fn a_step_stands_between_what_comes_before_its_place_and_what_comes_after() {
    let cases = [
        (Place::Before(Phase::MoveTraffic), vec!["switch-orders"], vec!["route-front-door", "route-assets"]),
        (Place::After(Phase::MoveTraffic), vec!["route-front-door", "route-assets"], vec!["confirm-serving"]),
        (Place::Before(Phase::SwitchStores), vec!["record-lag"], vec!["switch-orders"]),
        (Place::After(Phase::Observe), vec!["observe-again"], vec!["scale-web-eu-central-1"]),
        (Place::After(Phase::ConfirmProtected), vec!["confirm-protected"], vec![]),
        (Place::BeforeStep("switch-orders".into()), vec!["record-lag"], vec!["switch-orders"]),
        (Place::AfterStep("switch-orders".into()), vec!["switch-orders"], vec!["route-front-door"]),
        // Where nothing is to be done in the phase, its neighbours count.
        (Place::Before(Phase::Build), vec!["observe-again"], vec!["scale-web-eu-central-1"]),
        (Place::After(Phase::StartEventSources), vec!["confirm-serving"], vec!["confirm-protected"]),
        // Nothing comes before the first look.
        (Place::BeforeStep("observe-again".into()), vec!["observe-again"], vec!["scale-web-eu-central-1"]),
    ];
    for (place, waits_for, waited_for_by) in cases {
        let plan = planned(&with(vec![own("mine", place.clone())]), &failover(Mode::Planned));
        let own_after = after(&plan, "own-mine");
        assert!(waits_for.iter().all(|id| own_after.iter().any(|a| a == id)), "{place:?}: {own_after:?}");
        for id in waited_for_by {
            assert!(after(&plan, id).contains(&"own-mine".to_owned()), "{place:?}: {id}");
        }
    }
}

#[test]
fn steps_of_one_place_follow_each_other_as_they_were_written() {
    for place in [Place::Before(Phase::MoveTraffic), Place::After(Phase::MoveTraffic)] {
        let both = vec![own("first", place.clone()), own("second", place.clone())];
        let plan = planned(&with(both), &failover(Mode::Planned));
        assert!(after(&plan, "own-second").contains(&"own-first".to_owned()), "{place:?}");
    }
}

#[test]
fn the_generated_steps_keep_their_order_and_their_number() {
    let ids = |plan: &Plan| plan.steps.iter().map(|s| s.id.to_string()).collect::<Vec<_>>();
    let plain = ids(&planned(&shop(), &failover(Mode::Planned)));
    for phase in Phase::ALL {
        let picture = with(vec![own("mine", Place::After(*phase))]);
        let mut mixed = ids(&planned(&picture, &failover(Mode::Planned)));
        mixed.retain(|id| id != "own-mine");
        assert_eq!(mixed, plain, "{phase:?}");
    }
}

#[test]
fn a_step_is_there_for_its_moves_only_and_an_emergency_may_leave_it_out() {
    let has = |picture: &Picture, movement: &Movement| {
        planned(picture, movement).steps.iter().any(|s| s.id.as_str() == "own-mine")
    };
    let only = |moves: &[Occasion], in_emergency| {
        vec![OwnStep {
            moves: moves.to_vec(),
            in_emergency,
            ..own("mine", Place::Before(Phase::MoveTraffic))
        }]
    };
    let failover_only = with(only(&[Occasion::Failover], InEmergency::LeftOut));
    assert!(has(&failover_only, &failover(Mode::Planned)));
    assert!(!has(&failover_only, &failover(Mode::Emergency)));
    let notes = planned(&failover_only, &failover(Mode::Emergency)).notes;
    assert!(notes.iter().any(|n| n.contains("`mine` is left out of an emergency")), "{notes:?}");
    let back = Picture { own: only(&[Occasion::Failover], InEmergency::CarriedOut), ..moved_shop() };
    assert!(!has(&back, &home()));
}

#[test]
fn a_place_beside_a_step_that_the_plan_has_not_is_refused_and_an_emergency_goes_on_without() {
    let picture = with(vec![own("mine", Place::AfterStep("switch-carts".into()))]);
    assert_eq!(code(&picture, &failover(Mode::Planned)), "not_ready");
    let plan = planned(&picture, &failover(Mode::Emergency));
    assert!(plan.notes.iter().any(|n| n.contains("switch-carts")), "{:?}", plan.notes);
}

#[test]
fn what_a_step_does_is_fixed_in_the_plan_with_the_role_that_it_needs() {
    let invoke = OwnWork::LambdaInvoke {
        account: name("tools"),
        region: Where::Side(Side::Target),
        function: "warm".into(),
        payload: None,
    };
    let picture = with(vec![OwnStep { work: invoke, ..own("mine", Place::Before(Phase::MoveTraffic)) }]);
    assert_eq!(code(&picture, &failover(Mode::Planned)), "account_missing");
    let tools = Account { name: name("tools"), ..account() };
    let picture = Picture { accounts: vec![account(), tools], ..picture };
    let plan = planned(&picture, &failover(Mode::Planned));
    assert!(plan.roles.contains_key(&name("tools")));
    let step = plan.steps.iter().find(|s| s.id.as_str() == "own-mine").unwrap();
    assert_eq!((step.kind(), step.plane.as_str()), ("invoke_lambda", "lambda@eu-central-1"));
}

#[test]
fn any_change_of_a_step_changes_what_an_approval_covers() {
    let manner = crate::digest::Manner { overrides: &[], dry_run: false, commit_within_seconds: None };
    let digest = |own: Vec<OwnStep>| {
        let movement = failover(Mode::Planned);
        let plan = planned(&with(own), &movement);
        let policy = crate::testing::policy(&[("sre", 1)]);
        crate::digest::request_digest(&name("shop"), &movement, &plan, None, &policy, manner).unwrap()
    };
    let hook = |url: &str| {
        vec![OwnStep {
            work: OwnWork::Webhook { url: url.into() },
            ..own("mine", Place::Before(Phase::MoveTraffic))
        }]
    };
    let first = digest(hook("https://a.example.com/"));
    assert_eq!(first, digest(hook("https://a.example.com/")));
    assert_ne!(first, digest(hook("https://b.example.com/")));
    assert_ne!(
        first,
        digest(vec![OwnStep {
            place: Place::After(Phase::MoveTraffic),
            ..hook("https://a.example.com/").remove(0)
        }])
    );
}

#[test]
fn confirming_waits_for_the_probe_of_the_target_and_a_signal_must_be_there() {
    let place = || ProbePlace { url: "https://shop.example.com/health".into(), expect: None, timeout: None };
    let mut picture = shop();
    let probe = Probe { per_region: [(region(B), place())].into() };
    picture.application.resources.push(resource("healthy", ResourceSpec::Probe(probe)));
    let plan = planned(&picture, &failover(Mode::Planned));
    let confirm = plan.steps.iter().find(|s| s.id.as_str() == "confirm-serving").unwrap();
    assert!(matches!(&confirm.work, Work::ConfirmServing { probes, .. } if *probes == [name("healthy")]));
    assert!(confirm.looks_at(&plan)[&name("healthy")].contains(&region(B)));
    let wait = |side| {
        let work = OwnWork::WaitForSignal { signal: name("healthy"), region: Where::Side(side) };
        vec![OwnStep { work, ..own("mine", Place::Before(Phase::MoveTraffic)) }]
    };
    picture.own = wait(Side::Target);
    let plan = planned(&picture, &failover(Mode::Planned));
    let step = plan.steps.iter().find(|s| s.id.as_str() == "own-mine").unwrap();
    assert!(step.looks_at(&plan)[&name("healthy")].contains(&region(B)));
    picture.own = wait(Side::Source);
    assert_eq!(code(&picture, &failover(Mode::Planned)), "not_ready");
}

#[test]
fn the_role_of_a_signal_in_another_account_is_in_the_plan() {
    let mut alarm = lag_alarm("orders-seen", &[B]);
    alarm.account = name("monitoring");
    let work = OwnWork::WaitForSignal { signal: alarm.name.clone(), region: Where::Side(Side::Target) };
    let mut picture = with(Vec::new());
    picture.application.resources.push(alarm);
    assert!(!planned(&picture, &failover(Mode::Planned)).roles.contains_key(&name("monitoring")));
    picture.own = vec![OwnStep { work, ..own("mine", Place::Before(Phase::MoveTraffic)) }];
    assert_eq!(code(&picture, &failover(Mode::Planned)), "account_missing");
    picture.accounts.push(Account { name: name("monitoring"), ..account() });
    let plan = planned(&picture, &failover(Mode::Planned));
    assert!(plan.roles.contains_key(&name("monitoring")));
    assert!(plan.facts.iter().all(|fact| fact.resource.as_str() != "orders-seen"));
}

/// Shop, with a step that runs the plan of an application at home in [`A`] that recovers in `recovers`.
fn with_identity(strategy: Strategy, recovers: &str) -> Picture {
    let mut identity = application(strategy, &[A, recovers], Vec::new());
    identity.name = name("identity");
    let work = OwnWork::RunPlan { application: name("identity") };
    let mut picture = with(vec![OwnStep { work, ..own("sign-in", Place::After(Phase::Observe)) }]);
    let serving = Serving { regions: vec![region(A)], certain: true, ..Default::default() };
    picture.others = vec![(identity, serving)];
    picture
}

#[test]
fn another_applications_plan_is_asked_to_make_the_same_move_and_says_so_in_the_plan() {
    for mode in [Mode::Planned, Mode::Emergency] {
        let plan = planned(&with_identity(Strategy::WarmStandby, B), &failover(mode));
        let step = plan.steps.iter().find(|s| s.id.as_str() == "own-sign-in").unwrap();
        let change = Change::RunPlan { application: name("identity"), movement: failover(mode) };
        assert_eq!((step.kind(), step.change()), ("run_plan", Some(&change)));
        assert_eq!(step.title, "Run the failover plan of identity to eu-central-1");
        assert_eq!(step.value_now, "identity is served from us-east-1");
        assert!(after(&plan, "scale-web-eu-central-1").contains(&"own-sign-in".to_owned()));
        assert!(step.looks_at(&plan).is_empty(), "what it looks at is no resource of shop");
    }
}

#[test]
fn an_application_that_cannot_make_the_move_is_refused_with_its_regions_and_an_emergency_goes_on_without() {
    let picture = with_identity(Strategy::WarmStandby, "eu-west-1");
    let refusal = plan(&picture, &failover(Mode::Planned)).unwrap_err();
    assert_eq!(refusal.code, "not_ready");
    assert!(refusal.sentence.contains("identity does not run in eu-central-1"), "{}", refusal.sentence);
    assert!(refusal.way_out.contains("recovery Regions of identity"), "{}", refusal.way_out);
    let emergency = planned(&picture, &failover(Mode::Emergency));
    assert!(emergency.steps.iter().all(|s| s.id.as_str() != "own-sign-in"));
    assert!(emergency.notes.iter().any(|n| n.contains("identity does not run in")), "{:?}", emergency.notes);
    let gone = Picture { others: Vec::new(), ..picture };
    let refusal = plan(&gone, &failover(Mode::Planned)).unwrap_err();
    assert!(refusal.sentence.contains("There is no application `identity`"), "{}", refusal.sentence);
}

#[test]
fn a_failback_asks_only_an_application_whose_home_it_goes_to() {
    let at_home_elsewhere = |strategy| {
        let mut picture = with_identity(strategy, B);
        for (identity, _) in &mut picture.others {
            identity.home_region = region(B);
            identity.recovery_regions = vec![region(A)];
        }
        Picture { own: picture.own, others: picture.others, ..moved_shop() }
    };
    let refusal = plan(&at_home_elsewhere(Strategy::WarmStandby), &home()).unwrap_err();
    assert!(refusal.sentence.contains("goes to its home Region, eu-central-1"), "{}", refusal.sentence);
    assert!(plan(&at_home_elsewhere(Strategy::ActiveActive), &home()).is_ok());
}
