//! Steps that the approved plan itself goes on without: whose condition does not hold, and which failed.

use super::*;
use crate::step::How;
use crate::step::how::{Condition, IfItFails};
use crate::testing::region;

fn with(how: How) -> Story {
    let mut request = request();
    request.plan.steps.iter_mut().find(|s| s.id == step_id("scale-web")).unwrap().how = how;
    let mut story = Story::of(sealed(request));
    story.approve(2, "sre").unwrap();
    story.approve(3, "business-owners").unwrap();
    story.look("observe-again");
    story
}

fn goes_on() -> How {
    How { if_it_fails: IfItFails::GoOn, ..How::default() }
}

fn conditional() -> How {
    let condition =
        Condition::Signal { resource: name("healthy"), region: region("eu-central-1"), well: true };
    How { only_if: Some(condition), ..How::default() }
}

fn left_out(failed: bool) -> Event {
    Event::StepLeftOut { step: step_id("scale-web"), reason: "not so".into(), failed }
}

fn finish(story: &mut Story) {
    for step in ["record-lag", "switch-orders", "confirm-serving"] {
        story.look(step);
    }
    story.tell(Command::Conclude).unwrap();
}

#[test]
fn a_step_that_fails_is_gone_on_without_where_the_plan_says_so_and_the_run_ends_with_the_exception() {
    let mut story = with(goes_on());
    story.start("scale-web", None).unwrap();
    story.park("scale-web");
    let progress = &story.run.steps[&step_id("scale-web")];
    assert_eq!((progress.state, story.run.state), (StepState::Skipped, RunState::Running));
    assert_eq!(story.entries.last().unwrap().event.kind(), "step_left_out");
    finish(&mut story);
    assert_eq!(story.run.state, RunState::CompletedWithExceptions);
}

#[test]
fn without_such_a_word_of_the_plan_a_person_is_asked_as_ever() {
    let mut story = with(How::default());
    story.start("scale-web", None).unwrap();
    story.park("scale-web");
    assert_eq!(story.run.state, RunState::NeedsPerson);
    assert_eq!(code(story.record(left_out(true))), "not_in_plan");
    assert_eq!(code(story.record(left_out(false))), "not_in_plan");
}

#[test]
fn a_step_whose_condition_does_not_hold_is_left_out_before_it_starts_and_is_no_exception() {
    let mut story = with(conditional());
    story.record(left_out(false)).unwrap();
    finish(&mut story);
    assert_eq!(story.run.state, RunState::Completed);
    // The journal says so too.
    let again = Run::replay(story.run.id, &story.entries).unwrap();
    assert_eq!(again, story.run);
}

#[test]
fn nothing_is_left_out_while_its_call_may_still_take_effect() {
    let mut story = with(goes_on());
    story.start("scale-web", Some(scale(6))).unwrap();
    let reason = "no answer".to_owned();
    story.record(Event::CallUnknown { step: step_id("scale-web"), reason }).unwrap();
    story.park("scale-web");
    assert_eq!(story.run.state, RunState::NeedsPerson, "a person looks");
    let mut accepted = with(goes_on());
    accepted.start("scale-web", Some(scale(6))).unwrap();
    accepted.record(Event::CallAnswered { step: step_id("scale-web"), answer: answer() }).unwrap();
    accepted.park("scale-web");
    assert_eq!(accepted.run.state, RunState::NeedsPerson);
}

#[test]
fn a_refused_call_is_made_as_often_as_the_plan_says_and_else_as_long_as_it_may_pass() {
    let step = |tries| {
        let how = How { tries, ..How::default() };
        let mut step = request().plan.steps[2].clone();
        step.how = how;
        step
    };
    assert!(step(None).is_tried_again(true, 50) && !step(None).is_tried_again(false, 1));
    assert!(step(Some(3)).is_tried_again(false, 2) && !step(Some(3)).is_tried_again(true, 3));
}
