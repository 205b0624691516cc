//! From planned to emergency within the run.

use super::*;
use crate::Intent;
use crate::Mode;
use crate::approval::tally;
use crate::compliance::{StoreLag, measured};
use crate::plan::{EmergencyVariant, escalated_id};
use crate::step::Work;
use crate::testing::{fail, small_variant};

fn escalate(story: &mut Story) -> Result<(), Refusal> {
    story.tell(Command::Escalate {
        by: who(2),
        reason: "us-east-1 is dark".into(),
        confirm: " shop ".into(),
        overrides: Vec::new(),
    })
}

fn state(story: &Story, step: &str) -> StepState {
    story.run.steps[&step_id(step)].state
}

/// A run of a plan, and of a variant, whose `scale-web` is this work.
fn with_work(work: &Work) -> Story {
    let mut request = Request { policy: policy(&[]), ..request() };
    let Some(EmergencyVariant::Ready { steps, .. }) = &mut request.emergency else { panic!("a variant") };
    for step in request.plan.steps.iter_mut().chain(steps) {
        if step.id.as_str().ends_with("scale-web") {
            step.work = work.clone();
        }
    }
    let mut story = Story::of(sealed(request));
    story.look("observe-again");
    story
}

fn lag(milliseconds: Option<f64>) -> StoreLag {
    StoreLag { store: name("thing"), milliseconds, metric: None, measured_at: None, reason: None }
}

#[test]
fn after_an_escalation_the_variant_is_carried_out_and_nothing_of_the_plan_any_more() {
    let mut story = Story::started();
    story.look("observe-again");
    story.start("record-lag", None).unwrap();
    story.park("record-lag");
    escalate(&mut story).unwrap();
    assert_eq!(story.run.state, RunState::Running, "nobody is asked about what was replaced");
    assert_eq!(story.run.movement().mode, Mode::Emergency);
    assert_eq!(state(&story, "observe-again"), StepState::Succeeded);
    for replaced in ["record-lag", "scale-web", "switch-orders", "confirm-serving"] {
        assert_eq!(state(&story, replaced), StepState::Skipped);
        let why = &story.run.steps[&step_id(replaced)].skipped_by.as_ref().unwrap().1;
        assert!(why.contains("replaced by the escalation") && why.contains("us-east-1 is dark"), "{why}");
    }
    assert_eq!(story.next(), Next::Drive { steps: vec![step_id("emergency-observe-again")] });
    assert_eq!(code(story.start("scale-web", Some(scale(6)))), "wrong_state");
    for step in ["observe-again", "record-lag", "scale-web"] {
        story.look(&format!("emergency-{step}"));
    }
    assert_eq!(code(story.start("emergency-switch-orders", Some(switch()))), "not_in_plan");
    story.start("emergency-switch-orders", Some(fail())).unwrap();
    story.record(Event::CallAnswered { step: step_id("emergency-switch-orders"), answer: answer() }).unwrap();
    story.succeed("emergency-switch-orders").unwrap();
    story.look("emergency-confirm-serving");
    assert_eq!(story.next(), Next::Conclude);
    story.tell(Command::Conclude).unwrap();
    assert_eq!(story.run.state, RunState::Completed, "what was replaced is no exception");
    assert_eq!(story.run.summary().steps_done, 5);
    assert_eq!(Run::replay(story.run.id, &story.entries).unwrap(), story.run);
}

#[test]
fn nothing_is_done_while_a_call_of_what_was_replaced_may_take_effect() {
    let mut story = Story::at_the_switch();
    escalate(&mut story).unwrap();
    assert_eq!(state(&story, "switch-orders"), StepState::Running, "its answer is still awaited");
    assert!(
        matches!(story.next(), Next::Until { at, why } if at == after(30) && why.contains("switch-orders"))
    );
    assert!(story.run.summary().now.contains("nothing is done before"));
    assert_eq!(code(story.start("emergency-observe-again", None)), "wrong_state");
    story.tell(Command::Pause { by: who(2), reason: None }).unwrap();
    let cancel = || Command::Cancel { by: who(2), reason: "by hand".into() };
    assert_eq!(code(story.tell(cancel())), "wrong_state", "the call may be at work");
    story.at = after(30);
    let mut cancelled = Story { run: story.run.clone(), entries: story.entries.clone(), at: story.at };
    cancelled.tell(cancel()).unwrap();
    story.tell(Command::Resume { by: who(2) }).unwrap();
    assert_eq!(story.next(), Next::Drive { steps: vec![step_id("emergency-observe-again")] });
    story.start("emergency-observe-again", None).unwrap();
    assert_eq!(state(&story, "switch-orders"), StepState::Skipped);
    assert_eq!(story.run.awaited_answer(NOW), None);
}

#[test]
fn an_answer_that_comes_after_the_escalation_is_kept_and_ends_the_wait() {
    let mut story = Story::at_the_switch();
    escalate(&mut story).unwrap();
    story.record(Event::CallAnswered { step: step_id("switch-orders"), answer: answer() }).unwrap();
    assert_eq!(state(&story, "switch-orders"), StepState::Skipped);
    assert_eq!(story.run.steps[&step_id("switch-orders")].answers.len(), 1);
    assert_eq!(story.next(), Next::Drive { steps: vec![step_id("emergency-observe-again")] });
}

#[test]
fn a_refusal_that_comes_after_the_escalation_ends_the_wait_and_asks_nobody() {
    let mut story = Story::at_the_switch();
    escalate(&mut story).unwrap();
    let id = step_id("switch-orders");
    story
        .record(Event::CallRefused {
            step: id.clone(),
            reason: "denied".into(),
            retry: false,
            not_executed: false,
        })
        .unwrap();
    let entries = story.entries.len();
    story.park("switch-orders");
    assert_eq!(story.entries.len(), entries, "a step that was replaced asks nobody");
    assert_eq!((state(&story, "switch-orders"), story.run.state), (StepState::Skipped, RunState::Running));
}

#[test]
fn a_lost_answer_that_a_person_was_asked_about_is_waited_out_too() {
    let mut story = Story::at_the_switch();
    let id = step_id("switch-orders");
    story.record(Event::CallUnknown { step: id, reason: "time-out".into() }).unwrap();
    story.park("switch-orders");
    escalate(&mut story).unwrap();
    assert_eq!((state(&story, "switch-orders"), story.run.state), (StepState::Unknown, RunState::Running));
    assert!(matches!(story.next(), Next::Until { .. }));
    // Looked up meanwhile, and seen to be there.
    story.succeed("switch-orders").unwrap();
    assert_eq!(story.next(), Next::Drive { steps: vec![step_id("emergency-observe-again")] });
}

#[test]
fn a_paused_run_goes_on_when_it_is_escalated() {
    let mut story = Story::started();
    story.tell(Command::Pause { by: who(2), reason: None }).unwrap();
    escalate(&mut story).unwrap();
    assert_eq!((story.run.state, story.run.paused_by.is_none()), (RunState::Running, true));
}

#[test]
fn it_is_typed_has_a_reason_and_happens_once() {
    let mut story = Story::started();
    let asked = |reason: &str, confirm: &str| Command::Escalate {
        by: who(2),
        reason: reason.into(),
        confirm: confirm.into(),
        overrides: Vec::new(),
    };
    assert_eq!(code(story.tell(asked("dark", "shap"))), "confirmation_needed");
    assert_eq!(code(story.tell(asked(" ", "shop"))), "reason_needed");
    story.tell(asked("dark", "shop")).unwrap();
    assert_eq!(code(story.tell(asked("dark", "shop"))), "wrong_state");
    assert_eq!(*story.run.on_behalf_of(), who(2));
}

#[test]
fn what_holds_no_variant_says_so_and_why() {
    let started = |request: Request| Story::of(sealed(Request { policy: policy(&[]), ..request }));
    let emergency = Request {
        movement: Movement { mode: Mode::Emergency, ..request().movement },
        emergency: None,
        ..request()
    };
    assert_eq!(code(escalate(&mut started(emergency))), "wrong_state");
    assert_eq!(code(escalate(&mut started(Request { dry_run: true, ..request() }))), "dry_run");
    assert_eq!(
        code(escalate(&mut started(Request { emergency: None, ..request() }))),
        "no_emergency_variant"
    );
    let none = EmergencyVariant::None { reason: "Nothing could be moved.".into() };
    let refusal = escalate(&mut started(Request { emergency: Some(none), ..request() })).unwrap_err();
    assert_eq!(refusal.code, "no_emergency_variant");
    assert!(refusal.sentence.contains("Nothing could be moved."), "{refusal}");
}

#[test]
fn the_digest_covers_the_variant_and_a_request_without_one_has_the_digest_it_always_had() {
    let digest = |emergency: Option<EmergencyVariant>| sealed(Request { emergency, ..request() }).digest;
    let mut other = small_variant();
    let EmergencyVariant::Ready { steps, .. } = &mut other else { panic!("a variant") };
    steps[2].timeout_seconds += 1;
    let none = EmergencyVariant::None { reason: "one".into() };
    let reworded = EmergencyVariant::None { reason: "other".into() };
    let all = [digest(None), digest(Some(small_variant())), digest(Some(other)), digest(Some(none))];
    assert!((1..all.len()).all(|i| !all[..i].contains(&all[i])), "{all:?}");
    assert_eq!(digest(Some(reworded)), all[3], "a sentence is not what is approved");
    let stored = serde_json::to_value(Request { emergency: None, ..request() }).unwrap();
    assert!(stored.get("emergency").is_none());
    assert!(serde_json::from_value::<Request>(stored).unwrap().emergency.is_none(), "old journals are read");
    let mut story = Story::started();
    Arc::make_mut(&mut story.run.request).emergency =
        Some(EmergencyVariant::None { reason: "taken out".into() });
    assert_eq!(code(story.start("observe-again", None)), "stale_plan");
}

#[test]
fn a_journal_whose_variant_repeats_an_id_of_the_plan_is_corrupt() {
    let mut request = request();
    let Some(EmergencyVariant::Ready { steps, .. }) = &mut request.emergency else { panic!("a variant") };
    steps[0].id = step_id("observe-again");
    let event = Event::Requested { request: Box::new(request) };
    let corrupt = Run::replay(RunId::fresh(), &[Entry { seq: 1, at: NOW, event }]).unwrap_err();
    assert!(corrupt.reason.contains("twice") || corrupt.reason.contains("before it"), "{corrupt}");
}

fn call() -> Work {
    Work::Call {
        change: Change::CallWebhook {
            step: name("tell"),
            url: "https://example.com".into(),
            application: name("shop"),
            movement: crate::testing::movement(Intent::Failover, Mode::Planned, "us-east-1", "eu-central-1"),
        },
    }
}

#[test]
fn what_nothing_shows_is_not_done_again_and_what_may_have_been_done_is_for_a_person() {
    let change = || with_work(&call()).run.step(&step_id("scale-web")).unwrap().change().cloned();
    let id = || step_id("scale-web");
    let mut done = with_work(&call());
    done.start("scale-web", change()).unwrap();
    done.record(Event::CallAnswered { step: id(), answer: answer() }).unwrap();
    done.succeed("scale-web").unwrap();
    escalate(&mut done).unwrap();
    assert_eq!(state(&done, "emergency-scale-web"), StepState::Succeeded);

    let mut lost = with_work(&call());
    lost.start("scale-web", change()).unwrap();
    lost.record(Event::CallUnknown { step: id(), reason: "time-out".into() }).unwrap();
    escalate(&mut lost).unwrap();
    assert_eq!(
        (state(&lost, "emergency-scale-web"), lost.run.state),
        (StepState::NeedsPerson, RunState::NeedsPerson)
    );
    lost.skip("emergency-scale-web", "the receiver has it").unwrap();

    let mut never = with_work(&call());
    escalate(&mut never).unwrap();
    assert_eq!(state(&never, "emergency-scale-web"), StepState::Pending);
}

#[test]
fn the_loss_is_that_of_the_emergency_unless_the_planned_part_had_moved_the_store() {
    let to_the_switch = || {
        let mut story = Story::started();
        story.look("observe-again");
        story.start("record-lag", None).unwrap();
        let (step, stores) = (step_id("record-lag"), vec![lag(Some(40.0))]);
        story.record(Event::LagMeasured { step, stores }).unwrap();
        story.succeed("record-lag").unwrap();
        story.look("scale-web");
        story.start("switch-orders", Some(switch())).unwrap();
        story.record(Event::CallAnswered { step: step_id("switch-orders"), answer: answer() }).unwrap();
        story
    };
    let emergency = |story: &mut Story, milliseconds| {
        escalate(story).unwrap();
        story.look("emergency-observe-again");
        story.start("emergency-record-lag", None).unwrap();
        let (step, stores) = (step_id("emergency-record-lag"), vec![lag(milliseconds)]);
        story.record(Event::LagMeasured { step, stores }).unwrap();
        measured(&story.run).stores[0].milliseconds
    };
    assert_eq!(emergency(&mut to_the_switch(), Some(9_000.0)), Some(9_000.0));
    assert_eq!(emergency(&mut to_the_switch(), None), None, "what is not known is not what was known before");
    let mut moved = to_the_switch();
    moved.succeed("switch-orders").unwrap();
    assert_eq!(emergency(&mut moved, None), Some(40.0));
}

#[test]
fn the_recovery_time_ends_when_the_emergency_is_seen_serving() {
    let mut story = Story::started();
    story.look("observe-again");
    story.at = after(100);
    escalate(&mut story).unwrap();
    for step in ["observe-again", "record-lag", "scale-web", "switch-orders"] {
        story.look(&format!("emergency-{step}"));
    }
    assert_eq!(measured(&story.run).rto.total_seconds, None);
    story.at = after(160);
    story.look("emergency-confirm-serving");
    let rto = measured(&story.run).rto;
    assert_eq!(
        (rto.total_seconds, rto.execute_seconds, rto.verify_seconds),
        (Some(160.0), Some(100.0), Some(60.0))
    );
}

#[test]
fn what_the_run_has_changed_itself_is_named_by_the_escalation() {
    let mut story = Story::started();
    story.look("observe-again");
    escalate(&mut story).unwrap();
    assert!(story.run.plan().changed_before.is_empty());
    let mut story = Story::at_the_switch();
    story.record(Event::CallAnswered { step: step_id("switch-orders"), answer: answer() }).unwrap();
    escalate(&mut story).unwrap();
    assert_eq!(story.run.plan().changed_before.iter().map(Name::as_str).collect::<Vec<_>>(), ["thing"]);
    assert!(tally(&story.run.request.policy, &story.run.reviews).met);
    assert!(escalated_id(&step_id(&"x".repeat(95))).is_err(), "an id that would be too long");
}
