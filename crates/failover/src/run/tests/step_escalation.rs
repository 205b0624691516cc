//! One step goes on as an emergency, and the run stays planned.

use super::*;
use crate::Mode;
use crate::testing::fail;

fn escalate(step: &str) -> Command {
    Command::EscalateStep {
        by: who(2),
        step: step_id(step),
        reason: "the switchover is refused".into(),
        confirm: "shop".into(),
        overrides: Vec::new(),
    }
}

/// Everything before it is done, and the switchover asks a person.
fn stuck() -> Story {
    let mut story = Story::started();
    for step in ["observe-again", "record-lag", "scale-web"] {
        story.look(step);
    }
    story.start("switch-orders", None).unwrap();
    story.park("switch-orders");
    story
}

#[test]
fn the_one_step_is_done_as_an_emergency_in_its_place_and_the_others_as_planned() {
    let mut story = stuck();
    let (step, becomes) = story.run.escalatable().next().unwrap();
    assert_eq!((step.id.as_str(), becomes.id.as_str()), ("switch-orders", "emergency-switch-orders"));
    story.tell(escalate("switch-orders")).unwrap();
    assert_eq!(story.run.state, RunState::Running, "nobody is asked about what was replaced");
    assert_eq!(story.run.steps[&step_id("switch-orders")].state, StepState::Skipped);
    assert_eq!(story.next(), Next::Drive { steps: vec![step_id("emergency-switch-orders")] });
    let mode_of = |step: &str| story.run.movement_of(&step_id(step)).mode;
    assert_eq!((story.run.movement().mode, mode_of("confirm-serving")), (Mode::Planned, Mode::Planned));
    assert_eq!(mode_of("emergency-switch-orders"), Mode::Emergency);
    assert_eq!(code(story.start("switch-orders", Some(switch()))), "wrong_state");
    assert_eq!(
        code(story.start("confirm-serving", None)),
        "wrong_state",
        "it comes after what replaced the switch"
    );

    assert_eq!(code(story.start("emergency-switch-orders", Some(switch()))), "not_in_plan");
    story.start("emergency-switch-orders", Some(fail())).unwrap();
    story.record(Event::CallAnswered { step: step_id("emergency-switch-orders"), answer: answer() }).unwrap();
    story.succeed("emergency-switch-orders").unwrap();
    story.look("confirm-serving");
    story.tell(Command::Conclude).unwrap();
    assert_eq!(story.run.state, RunState::Completed, "{:?}", story.run.ending);
    assert!(!story.run.summary().escalated);
    let again = Run::replay(story.run.id, &story.entries).unwrap();
    assert_eq!(again, story.run, "the journal tells all of it");
}

#[test]
fn a_call_of_the_step_that_may_take_effect_is_waited_out() {
    let mut story = Story::at_the_switch();
    story.record(Event::CallUnknown { step: step_id("switch-orders"), reason: "lost".into() }).unwrap();
    story.tell(escalate("switch-orders")).unwrap();
    assert!(matches!(story.next(), Next::Until { at, .. } if at == after(30)), "{:?}", story.next());
    assert_eq!(code(story.start("emergency-switch-orders", Some(fail()))), "wrong_state");
    story.at = after(30);
    story.start("emergency-switch-orders", Some(fail())).unwrap();
}

#[test]
fn only_a_call_that_is_next_and_not_done_may_go_alone_and_the_loss_is_typed() {
    let mut story = stuck();
    let untyped = Command::EscalateStep {
        by: who(2),
        step: step_id("switch-orders"),
        reason: "it is refused".into(),
        confirm: "ship".into(),
        overrides: Vec::new(),
    };
    assert_eq!(code(story.tell(untyped)), "confirmation_needed");
    for (step, expected) in [
        ("no-such-step", "no_such_step"),
        ("scale-web", "wrong_state"),
        ("observe-again", "wrong_state"),
        ("confirm-serving", "wrong_state"),
    ] {
        assert_eq!(code(story.tell(escalate(step))), expected, "{step}");
    }
    story.tell(escalate("switch-orders")).unwrap();
    for step in ["switch-orders", "emergency-switch-orders"] {
        assert_eq!(code(story.tell(escalate(step))), "wrong_state", "{step}");
    }
    let mut looks = Story::started();
    looks.start("observe-again", None).unwrap();
    assert_eq!(code(looks.tell(escalate("observe-again"))), "no_emergency_variant");
    let mut early = Story::of(request());
    assert_eq!(code(early.tell(escalate("observe-again"))), "wrong_state");
}

#[test]
fn the_whole_run_may_be_escalated_after_one_step_of_it_which_is_not_done_again() {
    let mut story = stuck();
    story.tell(escalate("switch-orders")).unwrap();
    story.start("emergency-switch-orders", Some(fail())).unwrap();
    story.record(Event::CallAnswered { step: step_id("emergency-switch-orders"), answer: answer() }).unwrap();
    story.succeed("emergency-switch-orders").unwrap();
    let (reason, confirm) = ("the Region is gone".to_owned(), "shop".to_owned());
    story.tell(Command::Escalate { by: who(2), reason, confirm, overrides: Vec::new() }).unwrap();
    assert_eq!(story.run.movement().mode, Mode::Emergency);
    assert_eq!(story.run.steps[&step_id("emergency-switch-orders")].state, StepState::Succeeded);
    for step in ["emergency-observe-again", "emergency-record-lag", "emergency-scale-web"] {
        story.look(step);
    }
    assert_eq!(story.next(), Next::Drive { steps: vec![step_id("emergency-confirm-serving")] });
}

#[test]
fn an_abort_takes_back_what_came_after_it_first_and_says_that_the_loss_stays() {
    let mut story = stuck();
    story.tell(escalate("switch-orders")).unwrap();
    story.start("emergency-switch-orders", Some(fail())).unwrap();
    story.record(Event::CallAnswered { step: step_id("emergency-switch-orders"), answer: answer() }).unwrap();
    let stays: Vec<_> = story.run.taken_back().stays.into_iter().map(|stays| stays.step).collect();
    assert_eq!(stays, [step_id("emergency-switch-orders")]);
}
