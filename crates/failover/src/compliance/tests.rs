use super::*;
use crate::approval::Review;
use crate::run::{Command, Entry, Event, Run};
use crate::testing::{NOW, after, name, request, sealed, step_id, who};
use holdfast_domain::{RunId, Seconds};

fn lag(store: &str, milliseconds: Option<f64>) -> StoreLag {
    StoreLag { store: name(store), milliseconds, metric: None, measured_at: None, reason: None }
}

/// Requested at 0 s, approved at 60 s, moved at 200 s, seen serving at 260 s.
fn run(change: impl FnOnce(&mut crate::run::Request), skip_confirm: bool) -> Run {
    let mut asked = request();
    asked.policy = crate::testing::policy(&[("sre", 1)]);
    change(&mut asked);
    let asked = sealed(asked);
    let digest = asked.digest.clone();
    let id = RunId(uuid::Uuid::from_u128(1));
    let events = Run::request(id, asked, NOW);
    let entries: Vec<Entry> =
        events.into_iter().zip(1..).map(|(event, seq)| Entry { seq, at: NOW, event }).collect();
    let mut run = Run::replay(id, &entries).unwrap();
    let mut tell = |seconds, command| {
        for event in run.handle(command, after(seconds)).unwrap() {
            run.apply(&Entry { seq: run.seq + 1, at: after(seconds), event }).unwrap();
        }
    };
    let approver = who(2);
    let review = Review {
        person: approver.id,
        email: approver.email,
        groups: vec![name("sre")],
        at: NOW,
        comment: None,
        others: vec![],
    };
    tell(60, Command::Approve { review, digest });
    for (step, at) in [
        ("observe-again", 61),
        ("record-lag", 62),
        ("scale-web", 150),
        ("switch-orders", 200),
        ("confirm-serving", 260),
    ] {
        let id = step_id(step);
        if step == "confirm-serving" && skip_confirm {
            tell(at, Command::SkipStep { by: who(2), step: id, reason: "seen by hand".into() });
            continue;
        }
        let started = Event::StepStarted {
            step: id.clone(),
            attempt: 1,
            epoch: 1,
            before: Vec::new(),
            change: None,
            answer_due: after(at),
        };
        tell(at - 1, Command::Record(started));
        if step == "record-lag" {
            let stores = vec![lag("orders", Some(850.0))];
            tell(at - 1, Command::Record(Event::LagMeasured { step: id.clone(), stores }));
        }
        tell(at, Command::Record(Event::StepSucceeded { step: id, note: String::new(), after: Vec::new() }));
    }
    tell(261, Command::Conclude);
    run
}

#[test]
fn the_rto_is_split_at_request_approval_move_and_serving() {
    let rto = measured(&run(|r| r.impact_began_at = Some(after(-300)), false)).rto;
    let expected = RtoSplit {
        detect_and_decide_seconds: Some(300.0),
        detect_seconds: None,
        decide_seconds: None,
        approve_seconds: Some(60.0),
        execute_seconds: Some(140.0),
        verify_seconds: Some(60.0),
        total_seconds: Some(560.0),
        from_impact: true,
    };
    assert_eq!(rto, expected);
}

#[test]
fn detecting_and_deciding_are_told_apart_where_somebody_says_when_it_was_detected() {
    let split = |began: Option<i64>, detected: Option<i64>| {
        let rto = measured(&run(
            |r| {
                r.impact_began_at = began.map(after);
                r.detected_at = detected.map(after);
            },
            false,
        ))
        .rto;
        (rto.detect_seconds, rto.decide_seconds)
    };
    assert_eq!(split(Some(-300), Some(-90)), (Some(210.0), Some(90.0)));
    // Nothing tells when it began, or when it was detected.
    assert_eq!(split(None, Some(-90)), (None, Some(90.0)));
    assert_eq!(split(Some(-300), None), (None, None));
    // Before it began, or after it was acted on, nobody detected it.
    assert_eq!(split(Some(-300), Some(-301)), (None, None));
    assert_eq!(split(Some(-300), Some(1)), (None, None));
}

#[test]
fn without_a_believable_impact_the_clock_starts_at_the_request_and_says_so() {
    for impact in [None, Some(after(10))] {
        let rto = measured(&run(|r| r.impact_began_at = impact, false)).rto;
        assert_eq!(
            (rto.from_impact, rto.total_seconds, rto.detect_and_decide_seconds),
            (false, Some(260.0), None)
        );
    }
}

#[test]
fn what_nobody_saw_serving_has_no_rto() {
    let rto = measured(&run(|_| {}, true)).rto;
    assert_eq!((rto.total_seconds, rto.verify_seconds, rto.execute_seconds), (None, None, None));
}

#[test]
fn a_dry_run_measures_nothing() {
    let measured = measured(&run(|r| r.dry_run = true, false));
    assert_eq!(measured, Measured { rto: RtoSplit::default(), stores: Vec::new() });
}

#[test]
fn the_lag_at_the_cut_is_kept_and_a_store_without_one_is_listed() {
    assert_eq!(measured(&run(|_| {}, false)).worst_lag_ms(), Some(850.0));
    let two = measured(&run(
        |r| {
            for step in &mut r.plan.steps {
                if let Work::RecordLag { stores, .. } = &mut step.work {
                    stores.push(name("carts"));
                }
            }
        },
        false,
    ));
    assert_eq!(two.stores.len(), 2);
    assert!(two.stores[1].reason.is_some());
    assert_eq!(two.worst_lag_ms(), None);
}

#[test]
fn compliance_rests_on_the_worst_of_the_last_runs_and_unknown_is_never_met() {
    let objectives = Objectives { rto: Seconds(900), rpo: Seconds(30) };
    let one = |total, lags: &[Option<f64>]| Measured {
        rto: RtoSplit { total_seconds: total, ..RtoSplit::default() },
        stores: lags.iter().map(|l| lag("orders", *l)).collect(),
    };
    let good = || one(Some(900.0), &[Some(30_000.0)]);
    use Standing::{Met, Missed, Unknown};
    let cases = [
        (vec![], (Unknown, Unknown)),
        (vec![good()], (Met, Met)),
        (vec![good(), one(Some(901.0), &[Some(30_001.0)])], (Missed, Missed)),
        (vec![good(), one(None, &[None])], (Unknown, Unknown)),
        (vec![good(), one(Some(1.0), &[])], (Met, Unknown)),
        (vec![one(Some(1.0), &[Some(1.0), None])], (Met, Unknown)),
        (vec![one(None, &[None]), one(Some(901.0), &[Some(30_001.0)])], (Missed, Missed)),
        (vec![one(Some(f64::NAN), &[Some(f64::NAN)])], (Unknown, Unknown)),
    ];
    for (last, expected) in cases {
        assert_eq!(standing(&objectives, &last), expected, "{last:?}");
    }
}

#[test]
fn what_a_run_has_not_come_to_yet_is_not_missing_and_once_it_is_over_it_is() {
    let asked = sealed(request());
    let id = RunId(uuid::Uuid::from_u128(1));
    let entries: Vec<Entry> = Run::request(id, asked, NOW)
        .into_iter()
        .zip(1..)
        .map(|(event, seq)| Entry { seq, at: NOW, event })
        .collect();
    let mut run = Run::replay(id, &entries).unwrap();
    assert!(measured(&run).stores.is_empty());
    let cancel = Command::Cancel { by: who(1), reason: "not needed".into() };
    for event in run.handle(cancel, after(5)).unwrap() {
        run.apply(&Entry { seq: run.seq + 1, at: after(5), event }).unwrap();
    }
    let lag = &measured(&run).stores[0];
    assert!(lag.milliseconds.is_none() && lag.reason.is_some());
}

#[test]
fn nothing_is_called_met_while_a_break_glass_review_is_due_and_a_miss_stays_a_miss() {
    use Standing::{Met, Missed, Unknown};
    for (measured, claimed) in [(Met, Unknown), (Unknown, Unknown), (Missed, Missed)] {
        assert_eq!(measured.while_review_is_due(), claimed);
    }
    for (rto, rpo, both) in [
        (Met, Met, Met),
        (Met, Unknown, Unknown),
        (Unknown, Met, Unknown),
        (Missed, Met, Missed),
        (Unknown, Missed, Missed),
    ] {
        assert_eq!(Standing::of_both(rto, rpo), both);
    }
}

#[test]
fn all_is_green_only_where_everything_is_met_and_reviewed_and_there_is_something() {
    use Standing::{Met, Missed, Unknown};
    assert!(green(&[Met, Met], 0));
    for (of_both, due) in [(&[][..], 0), (&[Met, Met], 1), (&[Met, Unknown], 0), (&[Missed, Met], 0)] {
        assert!(!green(of_both, due), "{of_both:?} {due}");
    }
}
