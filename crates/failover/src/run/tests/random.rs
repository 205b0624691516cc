//! Random sequences of commands and events, sensible and not: what is accepted must keep every promise.

use super::*;
use crate::plan::escalated_id;
use crate::testing::small_plan;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn a_step() -> impl Strategy<Value = StepId> {
    let planned = small_plan().steps.into_iter().map(|s| s.id);
    let escalated = planned.clone().map(|id| escalated_id(&id).unwrap());
    let forward: Vec<StepId> = planned.chain(escalated).collect();
    let undo = forward.iter().map(|id| step_id(&format!("undo-{id}")));
    let ids: Vec<StepId> = forward.iter().cloned().chain(undo).collect();
    proptest::sample::select(ids)
}

fn groups() -> impl Strategy<Value = Vec<Name>> {
    proptest::sample::subsequence(vec![name("sre"), name("business-owners"), name("others")], 0..=3)
}

/// One thing that may be tried; the attempt and call of a start are filled in from the run.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant, reason = "one at a time")]
enum Try {
    Tell(Command),
    Start {
        step: StepId,
        attempt_off_by: u32,
        call: bool,
        epoch: i64,
    },
    Pass {
        seconds: i64,
    },
    /// What a worker would do next with one of the steps it is given.
    Forward {
        which: u8,
        fate: u8,
    },
}

fn a_try() -> impl Strategy<Value = Try> {
    let digest = request().digest;
    let review = (1_u128..6, groups(), proptest::bool::weighted(0.95)).prop_map(move |(n, groups, right)| {
        let who = who(n);
        let digest = if right { digest.clone() } else { Digest("1".repeat(64)) };
        Command::Approve {
            review: Review {
                person: who.id,
                email: who.email,
                groups,
                at: NOW,
                comment: None,
                others: vec![],
            },
            digest,
        }
    });
    let tell = prop_oneof![
        4 => review,
        1 => (1_u128..6).prop_map(|n| Command::Withdraw { by: who(n) }),
        1 => Just(Command::Pause { by: who(2), reason: None }),
        2 => Just(Command::Resume { by: who(2) }),
        1 => Just(Command::Escalate {
            by: who(2),
            reason: "the Region is dark".into(),
            confirm: "shop".into(),
            overrides: Vec::new(),
        }),
        1 => a_step().prop_map(|step| Command::EscalateStep {
            by: who(2),
            step,
            reason: "it is refused".into(),
            confirm: "shop".into(),
            overrides: Vec::new(),
        }),
        1 => Just(Command::Abort { by: who(2), reason: "worse".into(), confirm: "shop".into() }),
        3 => a_step().prop_map(|step| Command::RetryStep { by: who(2), step }),
        1 => a_step().prop_map(|step| Command::SkipStep { by: who(2), step, reason: "by hand".into() }),
        1 => a_step().prop_map(|step| Command::ConfirmStep {
            by: who(3),
            groups: Vec::new(),
            step,
            comment: None
        }),
        2 => Just(Command::Commit { by: who(2), comment: None }),
        1 => Just(Command::AwaitCommit),
        1 => Just(Command::RollBack),
        2 => Just(Command::Conclude),
        4 => a_step().prop_map(|step| Command::Record(Event::CallAnswered { step, answer: answer() })),
        3 => a_step().prop_map(|step| Command::Record(Event::CallUnknown { step, reason: "lost".into() })),
        2 => (a_step(), any::<bool>()).prop_map(|(step, retry)| {
            Command::Record(Event::CallRefused { step, reason: "no".into(), retry, not_executed: retry })
        }),
        1 => a_step().prop_map(|step| Command::Record(Event::StepProgress { step, note: "news".into() })),
        9 => a_step().prop_map(|step| {
            Command::Record(Event::StepSucceeded { step, note: String::new(), after: Vec::new() })
        }),
        2 => a_step().prop_map(|step| {
            Command::Record(Event::StepParked { step, reason: "drift".into(), way_out: "look".into() })
        }),
        1 => (0_i64..4).prop_map(|epoch| Command::Record(Event::TakenOver { worker: "w".into(), epoch })),
        1 => a_step().prop_map(|step| Command::Record(Event::LagMeasured { step, stores: Vec::new() })),
        1 => Just(Command::Record(Event::Started)),
    ];
    let ending = prop_oneof![
        Just(Command::Cancel { by: who(2), reason: "enough".into() }),
        Just(Command::Expire),
        Just(Command::Record(Event::Failed { reason: "broken".into() })),
        (1_u128..6, groups()).prop_map(|(n, groups)| Command::Deny {
            by: who(n),
            groups,
            digest: request().digest,
            comment: None,
        }),
    ];
    prop_oneof![
        20 => tell.prop_map(Try::Tell),
        1 => ending.prop_map(Try::Tell),
        30 => (any::<u8>(), any::<u8>()).prop_map(|(which, fate)| Try::Forward { which, fate }),
        1 => Just(Try::Pass { seconds: 8000 }),
        10 => (a_step(), prop_oneof![9 => Just(1_u32), 1 => 0_u32..3], any::<bool>(), 0_i64..6).prop_map(
            |(step, attempt_off_by, call, epoch)| Try::Start { step, attempt_off_by, call, epoch }
        ),
        4 => (0_i64..60).prop_map(|seconds| Try::Pass { seconds }),
    ]
}

/// Also begins sensibly most of the time, so that runs get somewhere; some wait for a commit at their end.
fn tries() -> impl Strategy<Value = (Story, Vec<Try>)> {
    let begun =
        (proptest::bool::weighted(0.8), proptest::bool::weighted(0.4)).prop_map(|(approved, held)| {
            let commit_within_seconds = held.then_some(60);
            let mut story = Story::of(sealed(Request { commit_within_seconds, ..request() }));
            if approved {
                story.approve(2, "sre").unwrap();
                story.approve(3, "business-owners").unwrap();
            }
            story
        });
    (begun, proptest::collection::vec(a_try(), 0..120))
}

fn carry_out(story: &mut Story, one: Try) {
    match one {
        Try::Pass { seconds } => {
            story.at = story.at.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap();
        }
        Try::Tell(command) => refused_helpfully(story.tell(command)),
        Try::Forward { which, fate } => forward(story, which, fate),
        Try::Start { step, attempt_off_by, call, epoch } => {
            let planned = story.run.step(&step).and_then(crate::Step::change);
            let change = planned.cloned().filter(|_| call);
            let attempt = story.run.steps.get(&step).map_or(0, |p| p.attempt) + attempt_off_by;
            let answer_due = story.at.checked_add(jiff::SignedDuration::from_secs(30)).unwrap();
            let started = Event::StepStarted { step, attempt, epoch, before: stood(), change, answer_due };
            refused_helpfully(story.tell(Command::Record(started)));
        }
    }
}

/// What a step of the small plan sees before it acts.
fn stood() -> Vec<Before> {
    let of =
        |code: &str, facts| Before { resource: name("thing"), region: crate::testing::region(code), facts };
    vec![of("eu-central-1", crate::testing::world::service(2))]
}

/// The engine's own next move: it is never refused for the order it is in, only by the clock or a lost answer.
fn forward(story: &mut Story, which: u8, fate: u8) {
    let steps = match story.next() {
        Next::Drive { steps } => steps,
        Next::Conclude => return story.tell(Command::Conclude).unwrap(),
        Next::AwaitCommit => return story.tell(Command::AwaitCommit).unwrap(),
        Next::RollBack => return story.tell(Command::RollBack).unwrap(),
        Next::Until { .. } | Next::Wait { .. } | Next::Ended => return,
    };
    let id = steps[usize::from(which) % steps.len()].clone();
    let progress = &story.run.steps[&id];
    let event = match (progress.state, &progress.call) {
        (StepState::Pending, _) => {
            let change = story.run.step(&id).unwrap().change().cloned();
            let one = Try::Start { step: id, attempt_off_by: 1, call: change.is_some(), epoch: 9 };
            return carry_out(story, one);
        }
        (StepState::Running, Some(CallState::Intended { .. })) => match fate % 8 {
            0 => Event::CallUnknown { step: id, reason: "lost".into() },
            1 => Event::CallRefused { step: id, reason: "throttled".into(), retry: true, not_executed: true },
            _ => Event::CallAnswered { step: id, answer: answer() },
        },
        _ => Event::StepSucceeded { step: id, note: String::new(), after: Vec::new() },
    };
    story.tell(Command::Record(event)).unwrap();
}

fn refused_helpfully(result: Result<(), Refusal>) {
    if let Err(refusal) = result {
        assert!(
            !refusal.code.is_empty() && refusal.sentence.ends_with('.') && !refusal.way_out.is_empty(),
            "{refusal:?}"
        );
    }
}

fn promises(story: &Story) {
    let run = &story.run;
    assert_eq!(&Run::replay(run.id, &story.entries).unwrap(), run, "replay and apply agree");
    let mut attempts = BTreeSet::new();
    let mut done: BTreeSet<&StepId> = BTreeSet::new();
    let mut out: BTreeMap<&StepId, Timestamp> = BTreeMap::new();
    let (mut started, mut escalated, mut aborted, mut awaited_commit) = (false, false, false, false);
    let mut alone: BTreeSet<&StepId> = BTreeSet::new();
    for entry in &story.entries {
        match &entry.event {
            Event::Approved { review, .. } => {
                assert_ne!(review.person, run.request.by.id, "the requester never counts")
            }
            Event::Started => started = true,
            Event::Escalated { .. } => escalated = true,
            Event::StepEscalated { step, .. } => {
                alone.insert(step);
                done.insert(step);
            }
            Event::Aborted { .. } | Event::CommitWindowEnded { .. } => aborted = true,
            Event::CommitAwaited { .. } => awaited_commit = true,
            Event::Committed { .. } => {
                assert!(awaited_commit, "nobody commits what does not wait for it");
                awaited_commit = false;
            }
            Event::StepStarted { step, attempt, change, answer_due, .. } => {
                assert!(started, "nothing starts before the approval");
                let of_plan = run.request.plan.step(step).is_some();
                let of_undo = run.undoing.as_ref().is_some_and(|undoing| undoing.plan.step(step).is_some());
                assert_eq!(of_undo, aborted, "{step}: what undoes after the abort, and nothing else");
                let in_its_place = alone.iter().any(|id| escalated_id(id).unwrap() == *step);
                if !in_its_place {
                    assert_eq!(of_plan, !escalated && !aborted, "{step}: the plan first, then its variant");
                }
                let awaited = out.iter().find(|(id, due)| alone.contains(*id) && entry.at < **due);
                assert_eq!(awaited, None, "{step} while a call may take effect that was replaced alone");
                if escalated || aborted {
                    let replaced = |id: &StepId| {
                        let undoes = run.undoing.as_ref().is_some_and(|u| u.plan.step(id).is_some());
                        !undoes && (aborted || run.request.plan.step(id).is_some())
                    };
                    let awaited = out.iter().find(|(id, due)| replaced(id) && entry.at < **due);
                    assert_eq!(awaited, None, "{step} while a replaced call might take effect");
                }
                assert!(attempts.insert((step, attempt)), "{step} attempt {attempt} twice");
                for before in &run.step(step).unwrap().after {
                    assert!(done.contains(before), "{step} before {before}");
                }
                if change.is_some() {
                    if let Some(due) = out.get(step)
                        && matches!(change, Some(Change::SwitchAuroraOver { .. }))
                    {
                        assert!(entry.at >= *due, "a one-shot call while an answer may come");
                    }
                    out.insert(step, *answer_due);
                }
            }
            Event::CallAnswered { step, .. } | Event::CallRefused { step, .. } => {
                out.remove(step);
            }
            Event::StepSucceeded { step, .. }
            | Event::StepSkipped { step, .. }
            | Event::StepLeftOut { step, .. }
            | Event::StepConfirmed { step, .. } => {
                done.insert(step);
                out.remove(step);
            }
            _ => {}
        }
    }
    let parked = run.steps.values().any(|p| p.state == StepState::NeedsPerson);
    match run.state {
        RunState::Running => assert!(!parked),
        RunState::NeedsPerson => assert!(parked),
        RunState::Completed | RunState::CompletedWithExceptions => assert!(run.all_done()),
        RunState::Undoing => assert!(!parked && run.undoing.is_some()),
        RunState::RolledBack => assert!(run.all_done() && run.undoing.is_some()),
        RunState::AwaitingCommit => assert!(run.commit.until.is_some()),
        _ => {}
    }
    if run.open().is_none() {
        let mut replaced = run.steps_in_order().filter(|step| run.is_replaced(&step.id));
        assert!(replaced.all(|s| run.steps[&s.id].state.is_done()), "none is left open");
    }
    assert_eq!(run.ended_at.is_some(), run.state.is_over());
    assert_eq!(run.next(story.at) == Next::Ended, run.state.is_over());
    if started {
        assert!(run.tally().met, "no start without met policy");
    } else {
        assert!(run.steps.values().all(|p| p.state == StepState::Pending));
    }
    if let Next::Drive { steps } = run.next(story.at) {
        for id in steps {
            let progress = &run.steps[&id];
            assert!(progress.state.in_flight() || run.ready(run.step(&id).unwrap()));
        }
    }
}

proptest! {
    #[test]
    fn no_sequence_of_commands_and_events_breaks_a_promise((begun, tries) in tries()) {
        let mut story = begun;
        for one in tries {
            carry_out(&mut story, one);
        }
        promises(&story);
    }

    #[test]
    fn every_prefix_of_a_journal_replays((begun, tries) in tries()) {
        let mut story = begun;
        for one in tries {
            carry_out(&mut story, one);
        }
        let mut run = Run::replay(story.run.id, &story.entries[..1]).unwrap();
        for (end, entry) in story.entries.iter().enumerate().skip(1) {
            run.apply(entry).unwrap();
            prop_assert_eq!(&Run::replay(run.id, &story.entries[..=end]).unwrap(), &run);
        }
    }

    #[test]
    fn a_run_that_is_over_takes_nothing_more((begun, tries) in tries(), more in proptest::collection::vec(a_try(), 1..20)) {
        let mut story = begun;
        for one in tries {
            carry_out(&mut story, one);
        }
        if story.run.state.is_over() {
            let entries = story.entries.len();
            for one in more {
                carry_out(&mut story, one);
            }
            prop_assert_eq!(story.entries.len(), entries);
        }
    }
}

/// Promises kept by runs that never get anywhere are cheap: every state must be reached.
#[test]
fn the_random_sequences_reach_every_state() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut reached: BTreeMap<&str, u32> = BTreeMap::new();
    let mut escalated = 0;
    for _ in 0..3000 {
        let (begun, tries) = tries().new_tree(&mut runner).unwrap().current();
        let mut story = begun;
        for one in tries {
            carry_out(&mut story, one);
            *reached.entry(story.run.state.as_str()).or_default() += 1;
        }
        escalated += u32::from(story.run.escalated.is_some());
    }
    assert!(escalated >= 100, "{escalated} escalated runs are too few");
    for state in RunState::ALL {
        assert!(
            reached.get(state.as_str()).is_some_and(|n| *n >= 100),
            "{state:?} is too rare in {reached:#?}"
        );
    }
}
