//! What a step makes of another application's runs and traffic.

use super::*;
use crate::testing::world::{A, B, application};
use crate::testing::{failover, movement, name, region};

const C: &str = "eu-west-1";

fn serves(codes: &[&str]) -> Serving {
    Serving { regions: codes.iter().map(|c| region(c)).collect(), certain: true, ..Serving::default() }
}

fn dark() -> Serving {
    Serving { reasons: vec!["front-door in us-east-1 could not be seen".into()], ..Serving::default() }
}

fn run(state: RunState, movement: Movement) -> OtherRun {
    let now = if state == RunState::AwaitingApproval { "Waits for 1 of sre." } else { "Denied by sre: no" };
    OtherRun {
        id: RunId(uuid::Uuid::from_u128(7)),
        by: "person-1@example.com".into(),
        movement,
        state,
        of_the_same_lot: false,
        rehearses: false,
        now: now.into(),
        set_aside: None,
    }
}

fn other(serving: Serving) -> Other {
    let application = application(Strategy::WarmStandby, &[A, B, C], Vec::new());
    Other { application: Some(application), serving, asked: None, live: None }
}

fn verdict(movement: &Movement, other: &Other) -> Verdict {
    let change = Change::RunPlan { application: name("identity"), movement: movement.clone() };
    run_plan(&change, &name("identity"), movement, other)
}

/// The verdict's kind, and its words.
fn says(verdict: Verdict) -> (&'static str, String) {
    match verdict {
        Verdict::Reached { note } => ("reached", note),
        Verdict::Act(_) => ("act", String::new()),
        Verdict::Wait { note } | Verdict::WaitOr { note, .. } => ("wait", note),
        Verdict::Drift { .. } => ("drift", String::new()),
        Verdict::Unseen { reason } => ("unseen", reason),
        Verdict::Stuck { reason, way_out } => ("stuck", format!("{reason} | {way_out}")),
    }
}

#[test]
fn nothing_is_asked_for_where_the_application_is_seen_to_serve_as_it_should() {
    let to_b = failover(Mode::Planned);
    let cases = [
        (serves(&[A]), "act"),
        (serves(&[B]), "reached"),
        (serves(&[C]), "act"),
        (serves(&[A, B]), "act"),
        (dark(), "unseen"),
    ];
    for (serving, expected) in cases {
        assert_eq!(says(verdict(&to_b, &other(serving.clone()))).0, expected, "{serving:?}");
    }
    // An emergency asks, and the run's own guards weigh what is not seen.
    assert_eq!(says(verdict(&failover(Mode::Emergency), &other(dark()))).0, "act");
}

#[test]
fn an_active_active_application_is_moved_when_the_region_being_left_serves_no_more() {
    let active = Strategy::ActiveActive;
    let out = failover(Mode::Planned);
    assert!(is_moved(active, &serves(&[B, C]), &out));
    assert!(!is_moved(active, &serves(&[A, B]), &out));
    assert!(!is_moved(active, &serves(&[C]), &out), "the target must serve");
    let back = movement(Intent::Failback, Mode::Planned, B, A);
    assert!(is_moved(active, &serves(&[A, B]), &back));
    assert!(!is_moved(Strategy::WarmStandby, &serves(&[A, B]), &back));
    assert!(!is_moved(active, &Serving { certain: false, ..serves(&[B]) }, &out), "half a look is none");
}

#[test]
fn of_several_regions_that_serve_only_the_moves_own_is_left() {
    let out = failover(Mode::Planned);
    assert_eq!(leaves(Strategy::WarmStandby, &serves(&[C]), &out), None);
    for serving in [serves(&[C]), serves(&[A, C]), dark()] {
        assert_eq!(leaves(Strategy::ActiveActive, &serving, &out), Some(&region(A)), "{serving:?}");
    }
    assert_eq!(leaves(Strategy::WarmStandby, &dark(), &out), Some(&region(A)));
}

#[test]
fn a_run_that_goes_the_same_way_is_waited_for_and_one_that_goes_elsewhere_asks_a_person() {
    let to_b = failover(Mode::Planned);
    let live =
        |movement| Other { live: Some(run(RunState::AwaitingApproval, movement)), ..other(serves(&[A])) };
    let (kind, words) = says(verdict(&to_b, &live(failover(Mode::Emergency))));
    assert_eq!(kind, "wait");
    assert!(
        words.contains("which person-1@example.com asked for: awaiting approval, Waits for 1 of sre"),
        "{words}"
    );
    for elsewhere in [
        movement(Intent::Failover, Mode::Planned, A, C),
        movement(Intent::Failback, Mode::Planned, B, A),
        // To the same Region, but home: what stood before is restored, not what a failover makes.
        movement(Intent::Failback, Mode::Planned, A, B),
    ] {
        let (kind, words) = says(verdict(&to_b, &live(elsewhere)));
        assert_eq!(kind, "stuck");
        assert!(words.contains("moves identity elsewhere") && words.contains("cancel it"), "{words}");
    }
    let mut part = live(to_b.clone());
    part.live.as_mut().unwrap().of_the_same_lot = true;
    let (kind, words) = says(verdict(&to_b, &part));
    assert!(kind == "wait" && words.contains("a part of the same evacuation: its turn comes"), "{words}");
    // What is already served from there is still being brought to its end.
    let ending = Other { serving: serves(&[B]), ..live(to_b.clone()) };
    assert_eq!(says(verdict(&to_b, &ending)).0, "wait");
}

#[test]
fn the_step_ends_by_what_is_seen_once_its_run_is_over_and_asks_a_person_when_the_run_came_to_nothing() {
    let to_b = failover(Mode::Planned);
    let asked = |state, serving| Other { asked: Some(run(state, to_b.clone())), ..other(serving) };
    for state in RunState::ALL {
        let expected = match state {
            RunState::Completed | RunState::CompletedWithExceptions => ["reached", "stuck", "unseen"],
            RunState::RolledBack
            | RunState::Cancelled
            | RunState::Denied
            | RunState::Expired
            | RunState::Failed => ["stuck"; 3],
            _ => ["wait"; 3],
        };
        for (serving, expected) in [serves(&[B]), serves(&[A]), dark()].into_iter().zip(expected) {
            let (kind, words) = says(verdict(&to_b, &asked(state, serving.clone())));
            assert_eq!(kind, expected, "{state:?} {serving:?}");
            assert!(words.contains("00000007"), "the run is named: {words}");
            if kind == "stuck" {
                assert!(words.contains("etry") && words.contains("skip the step"), "{words}");
            }
        }
    }
}

#[test]
fn an_application_that_has_gone_from_the_inventory_asks_a_person() {
    let gone = Other { application: None, ..other(Serving::default()) };
    assert_eq!(says(verdict(&failover(Mode::Emergency), &gone)).0, "stuck");
}

#[test]
fn of_a_run_that_nobody_drives_it_is_told_why() {
    let to_b = failover(Mode::Planned);
    let mut stuck = run(RunState::Running, to_b.clone());
    stuck.set_aside = Some("a defect: it fell.".into());
    let (kind, words) = says(verdict(&to_b, &Other { asked: Some(stuck), ..other(dark()) }));
    assert_eq!(kind, "wait");
    assert!(words.ends_with("set aside, a defect: it fell"), "{words}");
}
