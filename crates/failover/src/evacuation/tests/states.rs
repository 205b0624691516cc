use super::*;
use crate::break_glass::UnderBreakGlass;
use crate::run::Command;
use crate::testing::after;
use holdfast_domain::BreakGlassId;
use std::sync::Arc;

/// An evacuation under way, of waves of so many parts; the runs are numbered from 1.
fn started(sizes: &[usize]) -> Evacuation {
    let mut number = 0;
    let waves = sizes
        .iter()
        .map(|size| {
            let wave = (0..*size).map(|_| {
                number += 1;
                part(&format!("app-{number}"), number)
            });
            wave.collect()
        })
        .collect();
    let requested = Event::Requested { request: Box::new(lot(waves)) };
    let entries: Vec<_> = [requested, Event::Started]
        .into_iter()
        .zip(1..)
        .map(|(event, seq)| Entry { seq, at: NOW, event })
        .collect();
    Evacuation::replay(EvacuationId(uuid::Uuid::from_u128(7)), &entries).unwrap()
}

fn stand(states: &[RunState]) -> Parts {
    states.iter().zip(1..).map(|(state, number)| (run_id(number), *state)).collect()
}

fn go_on(evacuation: &mut Evacuation, parts: &Parts) {
    let decided = evacuation.go_on(parts, &who(2), "it can wait").unwrap();
    for event in decided.events {
        let seq = evacuation.seq + 1;
        evacuation.apply(&Entry { seq, at: NOW, event }).unwrap();
    }
}

fn came(evacuation: &mut Evacuation, numbers: &[u128]) {
    let (seq, runs) = (evacuation.seq + 1, numbers.iter().map(|number| run_id(*number)).collect());
    evacuation.apply(&Entry { seq, at: NOW, event: Event::TurnCame { runs } }).unwrap();
}

use RunState::{
    AwaitingApproval as Waiting, AwaitingCommit, Cancelled, Completed, Failed, NeedsPerson, Paused,
    RolledBack, Running,
};

#[test]
fn no_more_run_at_once_than_the_limit_and_no_wave_before_the_one_before_it() {
    let evacuation = started(&[3, 1]);
    let next = |states: &[RunState]| evacuation.next(&stand(states));
    assert_eq!(next(&[Waiting, Waiting, Waiting, Waiting]), Next::Start { runs: vec![run_id(1), run_id(2)] });
    assert_eq!(next(&[Running, Running, Waiting, Waiting]), Next::Wait { wave: 1 });
    assert_eq!(next(&[Running, Completed, Waiting, Waiting]), Next::Start { runs: vec![run_id(3)] });
    assert_eq!(next(&[Completed, Completed, Paused, Waiting]), Next::Wait { wave: 1 });
    assert_eq!(next(&[Completed, Completed, Completed, Waiting]), Next::Start { runs: vec![run_id(4)] });
    assert_eq!(next(&[Completed; 4]), Next::Complete { exceptions: Vec::new() });
}

#[test]
fn the_next_wave_waits_for_the_commits_of_the_one_before_it() {
    let evacuation = started(&[2, 1]);
    let next = |states: &[RunState]| evacuation.next(&stand(states));
    let own = next(&[AwaitingCommit, Waiting, Waiting]);
    assert_eq!(own, Next::Start { runs: vec![run_id(2)] }, "it holds nobody of its own wave");
    let parts = stand(&[AwaitingCommit, Completed, Waiting]);
    assert_eq!(evacuation.next(&parts), Next::Wait { wave: 1 });
    assert_eq!(evacuation.state(&parts), State::Running);
    assert_eq!(evacuation.now_words(&parts), "Wave 1 of 2 is under way. Waiting for a commit: app-1.");
    assert_eq!(next(&[Completed, Completed, Waiting]), Next::Start { runs: vec![run_id(3)] });
    assert!(matches!(next(&[RolledBack, Completed, Waiting]), Next::Stopped { wave: 1, .. }));
    assert_eq!(next(&[Completed, Completed, AwaitingCommit]), Next::Wait { wave: 2 }, "nor is it over");
}

#[test]
fn a_wave_that_did_not_go_well_holds_the_next_until_a_person_says_go_on() {
    for bad in [Failed, Cancelled, NeedsPerson] {
        let mut evacuation = started(&[2, 1]);
        came(&mut evacuation, &[1, 2]);
        let parts = stand(&[Completed, bad, Waiting]);
        assert!(matches!(evacuation.next(&parts), Next::Stopped { wave: 1, .. }), "{bad:?}");
        assert_eq!(evacuation.state(&parts), State::Stopped);
        assert_eq!(evacuation.go_on(&parts, &who(2), " ").unwrap_err().code, "reason_needed");
        go_on(&mut evacuation, &parts);
        assert_eq!(evacuation.next(&parts), Next::Start { runs: vec![run_id(3)] }, "{bad:?}");
        let mended = stand(&[Completed, Completed, Waiting]);
        assert_eq!(evacuation.go_on(&mended, &who(2), "again").unwrap_err().code, "wrong_state");
    }
    let mut without = started(&[2, 1]);
    without.request.stop_on_failure = false;
    let parts = stand(&[Completed, Failed, Waiting]);
    assert_eq!(without.next(&parts), Next::Start { runs: vec![run_id(3)] }, "it was not told to stop");
}

#[test]
fn a_part_that_a_person_took_out_before_its_turn_holds_no_wave_and_is_told_at_the_end() {
    let mut evacuation = started(&[2, 1]);
    came(&mut evacuation, &[1]);
    let parts = stand(&[Completed, Cancelled, Waiting]);
    assert_eq!(evacuation.next(&parts), Next::Start { runs: vec![run_id(3)] });
    assert_eq!(evacuation.go_on(&parts, &who(2), "it can wait").unwrap_err().code, "wrong_state");
    let exceptions = vec!["app-2: taken out".to_owned()];
    assert_eq!(evacuation.next(&stand(&[Completed, Cancelled, Completed])), Next::Complete { exceptions });
    // One that was refused when its turn came, or was cancelled after it, is another matter.
    came(&mut evacuation, &[2]);
    assert!(matches!(evacuation.next(&parts), Next::Stopped { wave: 1, .. }));
}

#[test]
fn a_run_that_is_set_aside_holds_no_place_and_the_lot_may_go_on_past_it() {
    let mut evacuation = started(&[2, 1]);
    let stuck = as_part(Running, true);
    assert_eq!(as_part(Running, false), Running);
    evacuation.request.concurrency = 1;
    let parts = stand(&[stuck, Waiting, Waiting]);
    assert_eq!(evacuation.next(&parts), Next::Start { runs: vec![run_id(2)] });
    let parts = stand(&[stuck, Completed, Waiting]);
    assert_eq!(evacuation.state(&parts), State::Stopped);
    go_on(&mut evacuation, &parts);
    assert_eq!(evacuation.next(&parts), Next::Start { runs: vec![run_id(3)] });
}

#[test]
fn the_last_wave_holds_nothing_and_what_went_wrong_is_an_exception() {
    let mut evacuation = started(&[1, 1]);
    evacuation.request.left_out.push(LeftOut {
        application: name("ledger"),
        because: Refusal::new("guard_refused", "The copy is behind.", "Wait."),
    });
    assert_eq!(evacuation.next(&stand(&[Completed, NeedsPerson])), Next::Wait { wave: 2 });
    let exceptions = vec!["app-2: failed".to_owned(), "ledger: left out".to_owned()];
    assert_eq!(
        evacuation.next(&stand(&[Completed, Failed])),
        Next::Complete { exceptions: exceptions.clone() }
    );
    let seq = evacuation.seq + 1;
    evacuation.apply(&Entry { seq, at: NOW, event: Event::Completed { exceptions } }).unwrap();
    assert_eq!(evacuation.state(&Parts::new()), State::CompletedWithExceptions);
    assert_eq!(evacuation.ending.unwrap().1, "Not moved as planned: app-2: failed; ledger: left out.");
}

#[test]
fn a_lot_that_went_well_says_no_more_than_was_done() {
    let ending = |direction, dry_run| {
        let mut evacuation = started(&[1]);
        evacuation.request.direction = direction;
        evacuation.request.dry_run = dry_run;
        let event = Event::Completed { exceptions: Vec::new() };
        evacuation.apply(&Entry { seq: 3, at: NOW, event }).unwrap();
        evacuation.ending.unwrap().1
    };
    let (out, home) = (Direction::Out, Direction::Home);
    assert_eq!(ending(out, false), "Every part that was to leave us-east-1 has completed.");
    assert_eq!(ending(home, false), "Every part that was to come home to us-east-1 has completed.");
    assert_eq!(ending(out, true), "Every part was rehearsed; nothing was moved.");
}

#[test]
fn the_digest_changes_with_each_thing_that_an_approval_covers() {
    let stands = lot(vec![vec![part("a", 1)], vec![part("b", 2)]]);
    let left = LeftOut { application: name("c"), because: Refusal::new("x", "y", "z") };
    let changed: Vec<Request> = vec![
        Request { region: region("eu-west-1"), ..stands.clone() },
        Request { mode: Mode::Emergency, ..stands.clone() },
        Request { waves: vec![vec![part("b", 2)], vec![part("a", 1)]], ..stands.clone() },
        Request { waves: vec![vec![part("a", 1), part("b", 2)]], ..stands.clone() },
        Request { waves: vec![vec![part("a", 3)], vec![part("b", 2)]], ..stands.clone() },
        Request { left_out: vec![left], ..stands.clone() },
        Request { concurrency: 3, ..stands.clone() },
        Request { stop_on_failure: false, ..stands.clone() },
        Request { dry_run: true, ..stands.clone() },
    ];
    let mut digests: BTreeSet<Digest> = changed.iter().map(|lot| lot.digest_now().unwrap()).collect();
    assert!(digests.insert(stands.digest_now().unwrap()));
    assert_eq!(digests.len(), changed.len() + 1);
    let told_otherwise = Request { reason: "another".into(), by: who(5), ..stands.clone() };
    assert_eq!(told_otherwise.digest_now().unwrap(), stands.digest);
}

#[test]
fn the_lot_starts_with_the_last_policy_that_is_met_and_each_part_keeps_its_own_tally() {
    let mut story = Story::of(&[sre(), policy(&[("sre", 1), ("business-owners", 1)])]);
    assert_eq!(story.approve(1, &["sre"]).unwrap_err().code, "self_review");
    assert_eq!(story.approve(4, &["payments"]).unwrap_err().code, "not_an_approver");
    story.approve(2, &["sre"]).unwrap();
    assert_eq!(story.approve(2, &["sre"]).unwrap_err().code, "already_reviewed");
    assert!(story.runs[0].tally().met && !story.runs[1].tally().met);
    assert_eq!(story.state(), State::AwaitingApproval, "one part is not enough");
    story.approve(3, &["business-owners"]).unwrap();
    assert_eq!(story.state(), State::Running);
    assert!(story.runs.iter().all(|run| run.state == Waiting), "no part starts before its turn");
    assert_eq!(story.evacuation.next(&story.parts()), Next::Start { runs: vec![run_id(1)] });
    let turn = story.evacuation.turn(&[(story.runs[0].clone(), None)]);
    story.write(turn);
    assert_eq!(story.runs[0].state, Running);
}

#[test]
fn a_part_is_neither_approved_nor_denied_singly_and_may_be_taken_out() {
    let mut story = Story::of(&[sre(), policy(&[])]);
    let run = &story.runs[0];
    let (digest, groups) = (run.request.digest.clone(), vec![name("sre")]);
    let review = Review {
        person: who(2).id,
        email: who(2).email,
        groups: groups.clone(),
        at: NOW,
        comment: None,
        others: vec![],
    };
    for command in [
        Command::Approve { review, digest: digest.clone() },
        Command::Deny { by: who(2), groups, digest, comment: None },
        Command::Withdraw { by: who(2) },
        Command::Expire,
    ] {
        assert_eq!(run.handle(command, after(99_999)).unwrap_err().code, "part_of_an_evacuation");
    }
    assert_eq!(story.runs[1].state, Waiting, "a policy that asks nobody does not start it either");
    let out = run.handle(Command::Cancel { by: who(2), reason: "not this one".into() }, NOW).unwrap();
    story.runs[0] = story.runs[0].after(&out, NOW).unwrap();
    assert_eq!(story.evacuation.next(&story.parts()), Next::Approve);
    story.approve(2, &["payments"]).unwrap();
    // What is left asks nobody: anybody may let it start. What was taken out by a person's word asks for no other.
    assert_eq!(story.state(), State::Running);
    assert_eq!(story.evacuation.next(&story.parts()), Next::Start { runs: vec![run_id(2)] });
}

#[test]
fn a_lot_whose_last_unapproved_part_is_taken_out_starts_with_one_more_yes() {
    let waiting = || {
        let mut story = Story::of(&[sre(), policy(&[("business-owners", 1)])]);
        story.approve(2, &["sre"]).unwrap();
        let out = Command::Cancel { by: who(1), reason: "it may stay".into() };
        let out = story.runs[1].handle(out, NOW).unwrap();
        story.runs[1] = story.runs[1].after(&out, NOW).unwrap();
        story
    };
    let mut story = waiting();
    assert_eq!(story.state(), State::AwaitingApproval, "what is left was not seen by itself");
    assert_eq!(story.approve(1, &["sre"]).unwrap_err().code, "self_review");
    assert_eq!(story.approve(4, &["business-owners"]).unwrap_err().code, "not_an_approver");
    let reviews = story.runs[0].reviews.clone();
    story.approve(2, &["sre"]).unwrap();
    assert_eq!(story.state(), State::Running, "who approved before may say it again");
    assert_eq!((story.evacuation.reviews.len(), &story.runs[0].reviews), (1, &reviews));
    let mut story = waiting();
    story.approve(3, &["sre"]).unwrap();
    assert_eq!(story.state(), State::Running, "and so may another of those asked");
}

#[test]
fn a_denial_an_expiry_and_a_cancellation_end_every_part_that_has_not_begun() {
    let digest = |story: &Story| story.evacuation.request.digest.clone();
    let mut denied = Story::of(&[sre(), sre()]);
    let groups = [name("sre")];
    let no = denied.evacuation.deny(&denied.runs, &who(1), &groups, &digest(&denied), None, NOW);
    assert_eq!(no.unwrap_err().code, "self_review");
    let decided =
        denied.evacuation.deny(&denied.runs, &who(2), &groups, &digest(&denied), None, NOW).unwrap();
    denied.write(decided);
    assert_eq!((denied.state(), denied.runs[1].state), (State::Denied, RunState::Denied));

    let mut late = Story::of(&[sre(), sre()]);
    assert_eq!(late.evacuation.expire(&late.runs, after(7199)).unwrap_err().code, "wrong_state");
    let decided = late.evacuation.expire(&late.runs, after(7200)).unwrap();
    late.write(decided);
    assert_eq!((late.state(), late.runs[0].state), (State::Expired, RunState::Expired));

    let mut cancelled = Story::of(&[sre(), sre()]);
    cancelled.approve(2, &["sre"]).unwrap();
    let turn = cancelled.evacuation.turn(&[(cancelled.runs[0].clone(), None)]);
    cancelled.write(turn);
    let decided = cancelled.evacuation.cancel(&cancelled.runs, &who(1), "the Region is back").unwrap();
    cancelled.write(decided);
    assert_eq!((cancelled.runs[0].state, cancelled.runs[1].state), (Running, Cancelled));
    assert_eq!(cancelled.state(), State::Running, "what is under way goes on");
    let parts = stand(&[Completed, Cancelled]);
    assert_eq!(cancelled.evacuation.next(&parts), Next::End);
    let again = cancelled.evacuation.cancel(&cancelled.runs, &who(1), "again").unwrap_err();
    assert_eq!(again.code, "wrong_state");
}

#[test]
fn a_part_that_is_refused_at_its_turn_is_an_exception_of_its_wave() {
    let mut story = Story::of(&[sre(), sre()]);
    story.approve(2, &["sre"]).unwrap();
    let frozen = Refusal::new("override_needed", "A change freeze holds.", "Wait for its end.");
    let turn = story.evacuation.turn(&[(story.runs[0].clone(), Some(frozen))]);
    story.write(turn);
    let refused = &story.runs[0];
    assert_eq!(refused.state, Cancelled);
    assert!(refused.ending.as_deref().unwrap().contains("A change freeze holds."));
    assert_eq!(story.state(), State::Stopped);
}

#[test]
fn a_part_that_was_changed_after_the_approval_is_refused_at_its_turn_and_the_others_start() {
    let mut story = Story::of(&[sre(), sre()]);
    story.approve(2, &["sre"]).unwrap();
    Arc::make_mut(&mut story.runs[0].request).overrides.push("lag_above_rpo".into());
    let turn = story.evacuation.turn(&[(story.runs[0].clone(), None), (story.runs[1].clone(), None)]);
    story.write(turn);
    assert_eq!((story.runs[0].state, story.runs[1].state), (Cancelled, Running));
    assert!(story.runs[0].ending.as_deref().unwrap().contains("changed after the request"));
}

#[test]
fn an_approval_binds_to_the_lot_and_to_each_run_of_it() {
    let mut story = Story::of(&[sre()]);
    let review = Review {
        person: who(2).id,
        email: who(2).email,
        groups: vec![name("sre")],
        at: NOW,
        comment: None,
        others: vec![],
    };
    let other = Digest("0".repeat(64));
    let refused = story.evacuation.approve(&story.runs, &[], review, &other, NOW).unwrap_err();
    assert_eq!(refused.code, "stale_plan");
    Arc::make_mut(&mut story.runs[0].request).reason = "changed beside the digest".into();
    Arc::make_mut(&mut story.runs[0].request).overrides.push("lag_above_rpo".into());
    assert_eq!(story.approve(2, &["sre"]).unwrap_err().code, "stale_plan", "a run was changed");
}

#[test]
fn the_stored_names_do_not_change() {
    let by = who(1);
    let events = [
        Event::Requested { request: Box::new(lot(vec![vec![part("a", 1)]])) },
        Event::ApprovalWithdrawn { by: by.clone() },
        Event::Denied { by: by.clone(), comment: None },
        Event::Expired,
        Event::Started,
        Event::TurnCame { runs: vec![run_id(1)] },
        Event::WentOn { by: by.clone(), wave: 1, reason: "r".into() },
        Event::Committed { by: by.clone(), comment: None, runs: vec![run_id(1)] },
        Event::Cancelled { by, reason: "r".into() },
        Event::Completed { exceptions: Vec::new() },
        Event::Ended,
    ];
    for event in &events {
        let stored = serde_json::to_value(event).unwrap();
        assert_eq!(stored["kind"], event.kind());
        assert_eq!(&serde_json::from_value::<Event>(stored).unwrap(), event);
    }
    for state in State::ALL {
        assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
    }
    let kinds: Vec<&str> = events.iter().map(Event::kind).collect();
    insta::assert_snapshot!(kinds.join(" "), @"requested approval_withdrawn denied expired started turn_came went_on committed cancelled completed ended");
}

#[test]
fn under_break_glass_a_lot_starts_without_an_approval_and_each_part_that_waits_is_marked() {
    let under = UnderBreakGlass {
        id: BreakGlassId(uuid::Uuid::from_u128(5)),
        by: who(2),
        reason: "nobody answers".into(),
        until: after(3_600),
        offline: None,
    };
    let mut story = Story::of(&[sre(), sre()]);
    let decided = story.evacuation.break_glass(&story.runs, under.clone(), NOW).unwrap();
    assert_eq!(decided.events, [Event::BreakGlass { under: under.clone() }, Event::Started]);
    story.write(decided);
    assert_eq!(story.state(), State::Running);
    for run in &story.runs {
        assert_eq!(run.break_glass.as_deref(), Some(&under));
        assert_eq!(run.state, RunState::AwaitingApproval, "its turn has not come");
        assert!(run.summary().now.contains("its turn"), "{}", run.summary().now);
        assert_eq!(run.after(&[run::Event::Started], NOW).unwrap().state, Running);
        let singly = run.handle(Command::BreakGlass { under: under.clone() }, NOW).unwrap_err();
        assert_eq!(singly.code, "part_of_an_evacuation");
    }
    let again = story.evacuation.break_glass(&story.runs, under, NOW).unwrap_err();
    assert_eq!(again.code, "wrong_state", "it has started");
    assert_eq!(story.evacuation.not_after_its_end(&who(2)).unwrap().code, "break_glass_over");
    assert_eq!(story.evacuation.not_after_its_end(&who(3)), None);
}
