//! Which calls a step may make, how often, and how long it has for them.

use super::*;
use crate::change::StoreEndpoint;
use crate::step::Work;
use crate::testing::region;

#[test]
fn only_the_call_of_the_plan_is_made() {
    let mut story = Story::started();
    story.look("observe-again");
    assert_eq!(code(story.start("scale-web", Some(scale(600)))), "not_in_plan");
    story.start("scale-web", Some(scale(6))).unwrap();
}

fn pointed(endpoint: Option<&str>, on_version: Option<&str>, parameter: &str) -> Change {
    Change::SetParameterEndpoint {
        region: region("eu-central-1"),
        parameter: parameter.into(),
        key: None,
        to: StoreEndpoint {
            store: name("orders"),
            endpoint: endpoint.map(Into::into),
            on_version: on_version.map(Into::into),
        },
    }
}

/// A run that may set an endpoint next, as this plan has it.
fn pointing(planned: Change) -> Story {
    let mut asked = Request { policy: policy(&[]), ..request() };
    asked.plan.steps.retain(|step| ["observe-again", "scale-web"].contains(&step.id.as_str()));
    asked.plan.steps[1].work = Work::Call { change: planned };
    let mut story = Story::of(sealed(asked));
    story.look("observe-again");
    story
}

#[test]
fn a_call_fills_in_what_the_plan_leaves_open_and_nothing_else() {
    let now = |endpoint, parameter| Some(pointed(Some(endpoint), Some("3"), parameter));
    let rule = || pointing(pointed(None, None, "/shop/database"));
    rule().start("scale-web", now("writer.example.com", "/shop/database")).unwrap();
    assert_eq!(code(rule().start("scale-web", now("writer.example.com", "/shop/other"))), "not_in_plan");
    let fixed = || pointing(pointed(Some("reader.example.com"), None, "/shop/database"));
    fixed().start("scale-web", now("reader.example.com", "/shop/database")).unwrap();
    assert_eq!(code(fixed().start("scale-web", now("writer.example.com", "/shop/database"))), "not_in_plan");
}

#[test]
fn a_step_is_overdue_after_its_timeout_and_a_retry_starts_its_clock_anew() {
    let mut story = Story::at_the_switch();
    let id = step_id("switch-orders");
    let overdue = |story: &Story, at| story.run.steps[&id].is_overdue(story.run.step(&id).unwrap(), at);
    assert!(!overdue(&story, after(600)));
    assert!(overdue(&story, after(601)));
    story.at = after(700);
    story.record(Event::CallUnknown { step: id.clone(), reason: "time-out".into() }).unwrap();
    story.park("switch-orders");
    story.tell(Command::RetryStep { by: who(2), step: id.clone() }).unwrap();
    story.start("switch-orders", None).unwrap();
    assert!(!overdue(&story, after(701)));
}

#[test]
fn a_retry_begins_anew_only_what_stood_when_it_was_pressed() {
    let mut story = Story::at_the_switch();
    let id = step_id("switch-orders");
    story.park("switch-orders");
    story.tell(Command::RetryStep { by: who(2), step: id.clone() }).unwrap();
    assert_eq!(story.run.steps[&id].retries_of_what_stood(), 1);
    story.start("switch-orders", None).unwrap();
    assert_eq!(story.run.steps[&id].retries_of_what_stood(), 0);
    story.park("switch-orders");
    story.tell(Command::RetryStep { by: who(2), step: id.clone() }).unwrap();
    assert_eq!(story.run.steps[&id].retries_of_what_stood(), 2);
}

#[test]
fn a_pause_takes_none_of_the_time_of_a_call_that_was_to_be_tried_again() {
    let mut story = Story::at_the_switch();
    let id = step_id("switch-orders");
    let refused =
        Event::CallRefused { step: id.clone(), reason: "throttled".into(), retry: true, not_executed: true };
    story.record(refused).unwrap();
    story.tell(Command::Pause { by: who(2), reason: None }).unwrap();
    story.at = after(5_000);
    story.tell(Command::Resume { by: who(2) }).unwrap();
    story.start("switch-orders", Some(switch())).unwrap();
    assert!(!story.run.steps[&id].is_overdue(story.run.step(&id).unwrap(), after(5_600)));
}

/// Scale-web after its call was refused, or did not run.
fn turned_away(not_executed: bool) -> Story {
    let mut story = Story::started();
    story.look("observe-again");
    story.start("scale-web", Some(scale(6))).unwrap();
    let refused =
        Event::CallRefused { step: step_id("scale-web"), reason: "no".into(), retry: true, not_executed };
    story.record(refused).unwrap();
    story
}

fn unseen(story: &Story, call: &Change, looked_at: i64, now: i64) -> bool {
    may_repeat_unseen(&story.run.steps[&step_id("scale-web")], call, after(looked_at), after(now))
}

#[test]
fn a_call_that_did_not_run_is_made_again_without_a_look_for_as_long_as_the_last_one_is_believed() {
    let story = turned_away(true);
    for (looked_at, now, may) in [(0, 0, true), (0, 5, true), (0, 6, false), (1, 0, false)] {
        assert_eq!(unseen(&story, &scale(6), looked_at, now), may, "looked at {looked_at}, {now} now");
    }
    assert!(!unseen(&story, &switch(), 0, 1), "a second one would be a second deed");
    assert!(!unseen(&turned_away(false), &scale(6), 0, 1), "a refusal may say that the world is another");
}

#[test]
fn nor_is_one_made_without_a_look_that_is_out_already_or_that_a_pause_lies_before() {
    let mut again = turned_away(true);
    again.start("scale-web", Some(scale(6))).unwrap();
    assert!(!unseen(&again, &scale(6), 0, 1));
    let mut paused = turned_away(true);
    paused.tell(Command::Pause { by: who(2), reason: None }).unwrap();
    paused.tell(Command::Resume { by: who(2) }).unwrap();
    assert!(!unseen(&paused, &scale(6), 0, 1));
}

#[test]
fn a_refusal_that_an_older_version_wrote_says_nothing_of_having_run() {
    let old = serde_json::json!({ "kind": "call_refused", "step": "scale-web", "reason": "throttled", "retry": true });
    let read: Event = serde_json::from_value(old.clone()).unwrap();
    assert!(matches!(&read, Event::CallRefused { not_executed: false, .. }));
    assert_eq!(serde_json::to_value(&read).unwrap(), old);
}

/// A run whose next step has asked another application for a run.
fn asking() -> Story {
    let change = run_plan();
    let mut story = pointing(change.clone());
    story.start("scale-web", Some(change)).unwrap();
    story
}

fn run_plan() -> Change {
    Change::RunPlan {
        application: name("identity"),
        movement: crate::testing::failover(crate::Mode::Planned),
    }
}

#[test]
fn a_run_that_was_asked_for_is_found_after_its_answer_was_lost_and_other_calls_are_only_looked_up() {
    let lose = |story: &mut Story, id: &str| {
        story.record(Event::CallUnknown { step: step_id(id), reason: "killed".into() }).unwrap();
        story.record(Event::CallAnswered { step: step_id(id), answer: answer() })
    };
    let mut story = asking();
    lose(&mut story, "scale-web").unwrap();
    let progress = &story.run.steps[&step_id("scale-web")];
    assert_eq!((progress.state, progress.answers.len()), (StepState::Waiting, 1));
    assert_eq!(code(lose(&mut Story::at_the_switch(), "switch-orders")), "wrong_state");
}

#[test]
fn a_run_that_waits_for_another_applications_run_may_be_cancelled_and_its_step_skipped() {
    let cancel = || Command::Cancel { by: who(2), reason: "not today".into() };
    let mut story = asking();
    assert_eq!(code(story.tell(cancel())), "wrong_state", "the request may be on its way");
    assert_eq!(code(story.skip("scale-web", "moved by hand")), "wrong_state");
    story.record(Event::CallAnswered { step: step_id("scale-web"), answer: answer() }).unwrap();
    let mut skipped = Story { run: story.run.clone(), entries: story.entries.clone(), at: story.at };
    skipped.skip("scale-web", "moved by hand").unwrap();
    story.tell(cancel()).unwrap();
    assert_eq!(story.run.state, RunState::Cancelled);
}
