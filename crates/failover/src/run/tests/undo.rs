//! Aborting, by the run's own rules: what comes in, what goes out, what is refused and what must be typed. Against a world:
//! `undo_in_a_world`.

use super::*;
use crate::testing::fail;
use crate::testing::world::B;

pub(super) fn abort(confirm: &str) -> Command {
    Command::Abort { by: who(2), reason: "it makes things worse".into(), confirm: confirm.into() }
}

/// Two tasks of what was to be six stood when the step was about to act.
fn stood() -> Vec<Before> {
    let facts = crate::testing::world::service(2);
    let region = crate::testing::region(B);
    vec![Before { resource: name("thing"), region, facts }]
}

fn scaled() -> Story {
    let mut story = Story::started();
    story.look("observe-again");
    story.start("scale-web", Some(scale(6))).unwrap();
    story
}

fn act(story: &mut Story, step: &str, change: Change, before: Vec<Before>) {
    let id = step_id(step);
    let attempt = story.run.steps[&id].attempt + 1;
    let answer_due = story.at.checked_add(jiff::SignedDuration::from_secs(30)).unwrap();
    let change = Some(change);
    let started = Event::StepStarted { step: id.clone(), attempt, epoch: 1, before, change, answer_due };
    story.record(started).unwrap();
    story.record(Event::CallAnswered { step: id, answer: answer() }).unwrap();
}

fn scaled_and_answered() -> Story {
    let mut story = Story::started();
    story.look("observe-again");
    act(&mut story, "scale-web", scale(6), stood());
    story
}

#[test]
fn what_was_done_is_taken_back_to_what_stood_when_its_step_was_about_to_act() {
    let mut story = scaled_and_answered();
    story.succeed("scale-web").unwrap();
    story.tell(abort("")).unwrap();
    assert_eq!(story.run.state, RunState::Undoing);
    assert_eq!(story.next(), Next::Drive { steps: vec![step_id("undo-scale-web")] });
    let undo = story.run.step(&step_id("undo-scale-web")).unwrap();
    assert_eq!(undo.change(), Some(&scale(2)));
    story.start("undo-scale-web", Some(scale(2))).unwrap();
    story.succeed("undo-scale-web").unwrap();
    assert_eq!(story.run.steps[&step_id("scale-web")].state, StepState::Undone);
    story.tell(Command::Conclude).unwrap();
    assert_eq!(story.run.state, RunState::RolledBack);
    assert_eq!(story.run.ending.as_deref(), Some("Taken back: what stood before stands again."));
}

#[test]
fn nothing_but_what_stood_is_put_back_and_nothing_of_the_plan_is_begun_any_more() {
    let mut story = scaled_and_answered();
    story.tell(abort("")).unwrap();
    assert_eq!(code(story.start("undo-scale-web", Some(scale(3)))), "not_in_plan");
    assert_eq!(code(story.start("record-lag", None)), "wrong_state");
    assert_eq!(story.run.steps[&step_id("record-lag")].state, StepState::Skipped);
}

#[test]
fn a_call_of_unknown_outcome_is_waited_out_before_anything_is_taken_back() {
    let mut story = scaled();
    story.record(Event::CallUnknown { step: step_id("scale-web"), reason: "lost".into() }).unwrap();
    story.tell(abort("shop")).unwrap();
    assert!(matches!(story.next(), Next::Until { at, .. } if at == after(30)), "{:?}", story.next());
    story.at = after(30);
    assert!(!matches!(story.next(), Next::Until { .. }));
}

#[test]
fn what_is_refused_after_the_abort_is_taken_back_all_the_same_by_a_look() {
    let mut story = Story::started();
    story.look("observe-again");
    let started = Event::StepStarted {
        step: step_id("scale-web"),
        attempt: 1,
        epoch: 1,
        before: stood(),
        change: Some(scale(6)),
        answer_due: after(30),
    };
    story.record(started).unwrap();
    story.tell(abort("")).unwrap();
    let refused = Event::CallRefused {
        step: step_id("scale-web"),
        reason: "no".into(),
        retry: true,
        not_executed: false,
    };
    story.record(refused).unwrap();
    assert_eq!(story.next(), Next::Drive { steps: vec![step_id("undo-scale-web")] });
}

#[test]
fn what_cannot_be_taken_back_is_named_and_confirmed_by_typing() {
    let mut story = Story::started();
    for step in ["observe-again", "record-lag"] {
        story.look(step);
    }
    act(&mut story, "scale-web", scale(6), stood());
    story.succeed("scale-web").unwrap();
    story
        .tell(Command::Escalate {
            by: who(2),
            reason: "dark".into(),
            confirm: "shop".into(),
            overrides: Vec::new(),
        })
        .unwrap();
    for step in ["emergency-observe-again", "emergency-record-lag", "emergency-scale-web"] {
        story.look(step);
    }
    act(&mut story, "emergency-switch-orders", fail(), Vec::new());
    let refusal = story.tell(abort("")).unwrap_err();
    assert_eq!(refusal.code, "confirmation_needed");
    assert!(refusal.sentence.contains("`emergency-switch-orders`"), "{}", refusal.sentence);
    story.tell(abort("shop")).unwrap();
    let undoing = story.run.undoing.as_ref().unwrap();
    let stays: Vec<&str> = undoing.stays.iter().map(|stays| stays.step.as_str()).collect();
    let steps: Vec<&str> = undoing.plan.steps.iter().map(|step| step.id.as_str()).collect();
    assert_eq!((stays, steps), (vec!["emergency-switch-orders"], vec!["undo-scale-web"]));
    assert_eq!(story.run.on_behalf_of(), &who(2));
}

#[test]
fn an_undo_that_needs_a_person_is_retried_or_left_out_with_a_reason() {
    let mut story = scaled_and_answered();
    story.tell(abort("")).unwrap();
    let id = step_id("undo-scale-web");
    story.start("undo-scale-web", Some(scale(2))).unwrap();
    story.record(Event::CallAnswered { step: id.clone(), answer: answer() }).unwrap();
    story.park("undo-scale-web");
    assert_eq!(story.run.state, RunState::NeedsPerson);
    story.tell(Command::RetryStep { by: who(2), step: id.clone() }).unwrap();
    assert_eq!(story.run.state, RunState::Undoing);
    story.skip("undo-scale-web", "it is wanted").unwrap();
    assert_eq!(story.run.steps[&step_id("scale-web")].state, StepState::Skipped);
    story.tell(Command::Conclude).unwrap();
    assert_eq!(story.run.ending.as_deref(), Some("Taken back, without undo-scale-web."));
}

#[test]
fn a_pause_holds_an_undo_and_a_resumption_goes_on_with_it() {
    let mut story = scaled_and_answered();
    story.tell(abort("")).unwrap();
    story.tell(Command::Pause { by: who(2), reason: None }).unwrap();
    assert_eq!(code(story.start("undo-scale-web", Some(scale(2)))), "wrong_state");
    story.tell(Command::Resume { by: who(2) }).unwrap();
    assert_eq!(story.run.state, RunState::Undoing);
    story.start("undo-scale-web", Some(scale(2))).unwrap();
}

#[test]
fn an_abort_before_anything_was_done_ends_at_once() {
    let mut story = Story::started();
    story.look("observe-again");
    story.tell(abort("")).unwrap();
    assert_eq!(story.next(), Next::Conclude);
    story.tell(Command::Conclude).unwrap();
    assert_eq!(story.run.state, RunState::RolledBack);
}

#[test]
fn a_request_that_froze_no_undo_is_left_as_it_is_and_says_so() {
    let mut request = request();
    request.plan.steps.iter_mut().for_each(|step| step.undo = None);
    request.emergency = None;
    let mut story = Story::of(sealed(Request { policy: policy(&[]), ..request }));
    story.look("observe-again");
    act(&mut story, "scale-web", scale(6), stood());
    assert_eq!(code(story.tell(abort(""))), "confirmation_needed");
    story.tell(abort("shop")).unwrap();
    assert!(story.run.undoing.as_ref().unwrap().plan.steps.is_empty());
}

#[test]
fn the_digest_covers_each_steps_undo_and_not_of_requests_that_hold_none() {
    let with = request();
    let mut without = request();
    without.plan.steps.iter_mut().for_each(|step| step.undo = None);
    assert_ne!(with.digest, without.digest_now().unwrap());
    let bytes = serde_json::to_string(&without.plan.steps).unwrap();
    assert!(!bytes.contains("undo"), "an older request is the same bytes as ever");
}
