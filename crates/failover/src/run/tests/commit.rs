//! The commit window: what waits, until when, and what becomes of it without a word.

use super::*;
use crate::movement::Mode;
use crate::plan::plan;
use crate::run::may_hold;
use crate::testing::failover;
use crate::testing::stores::{archive, ledger};
use crate::testing::world::shop;

/// Ten minutes for a commit, of a run that goes on with a step after traffic was confirmed.
fn windowed() -> Request {
    let mut request = request();
    let mut after = request.plan.steps[0].clone();
    after.id = step_id("look-again");
    after.after = vec![step_id("confirm-serving")];
    request.plan.steps.push(after);
    request.commit_within_seconds = Some(600);
    sealed(request)
}

fn moved(request: Request) -> Story {
    let mut story = Story::of(request);
    story.approve(2, "sre").unwrap();
    story.approve(3, "business-owners").unwrap();
    for step in ["observe-again", "record-lag", "scale-web", "switch-orders", "confirm-serving"] {
        story.look(step);
    }
    story
}

fn awaiting() -> Story {
    let mut story = moved(windowed());
    assert_eq!(story.next(), Next::AwaitCommit);
    story.tell(Command::AwaitCommit).unwrap();
    story
}

fn commit() -> Command {
    Command::Commit { by: who(2), comment: Some("looks well".into()) }
}

#[test]
fn a_run_waits_for_a_commit_once_traffic_is_confirmed_and_goes_on_after_it() {
    let mut story = awaiting();
    assert_eq!(story.run.state, RunState::AwaitingCommit);
    assert!(matches!(story.next(), Next::Until { at, .. } if at == after(600)));
    assert_eq!(code(story.start("look-again", None)), "wrong_state", "what comes after it waits");
    story.tell(commit()).unwrap();
    assert_eq!(
        (story.run.state, story.next()),
        (RunState::Running, Next::Drive { steps: vec![step_id("look-again")] })
    );
    assert_eq!(code(story.tell(commit())), "wrong_state", "once is enough");
    story.look("look-again");
    story.tell(Command::Conclude).unwrap();
    assert_eq!(story.run.state, RunState::Completed);
}

#[test]
fn without_a_commit_in_time_what_was_done_is_taken_back_and_a_late_word_changes_nothing() {
    let mut story = awaiting();
    assert_eq!(code(story.tell(Command::RollBack)), "wrong_state", "not before the window has ended");
    story.at = after(600);
    assert_eq!(story.next(), Next::RollBack);
    assert_eq!(code(story.tell(commit())), "expired");
    story.tell(Command::RollBack).unwrap();
    assert_eq!(story.run.state, RunState::Undoing);
    assert_eq!(story.run.undoing.as_ref().unwrap().by, None);
    assert_eq!(story.run.on_behalf_of(), &who(1), "in the name of whoever asked for it so");
    story.tell(Command::Conclude).unwrap();
    assert_eq!(story.run.state, RunState::RolledBack);
    let replayed = Run::replay(story.run.id, &story.entries).unwrap();
    assert_eq!(replayed, story.run);
}

#[test]
fn a_run_that_was_not_asked_to_waits_for_nobody() {
    let mut story = moved(request());
    assert_eq!(story.next(), Next::Conclude);
    assert_eq!(code(story.tell(commit())), "wrong_state");
    story.tell(Command::AwaitCommit).unwrap();
    assert_eq!(story.run.state, RunState::Running);
}

#[test]
fn an_abort_does_not_wait_for_the_window_and_an_emergency_is_not_held_for_a_commit() {
    let mut story = awaiting();
    story.tell(Command::Abort { by: who(2), reason: "worse".into(), confirm: String::new() }).unwrap();
    assert_eq!(story.run.state, RunState::Undoing);
    let mut story = Story::of(windowed());
    story.approve(2, "sre").unwrap();
    story.approve(3, "business-owners").unwrap();
    story.look("observe-again");
    let (reason, confirm) = ("dark".to_owned(), "shop".to_owned());
    story.tell(Command::Escalate { by: who(2), reason, confirm, overrides: Vec::new() }).unwrap();
    assert_eq!(code(story.tell(commit())), "wrong_state");
    let ids: Vec<StepId> = story.run.plan().steps.iter().map(|step| step.id.clone()).collect();
    ids.iter().for_each(|id| story.look(id.as_str()));
    assert_eq!(story.next(), Next::Conclude);
}

#[test]
fn the_digest_covers_the_window() {
    let with = windowed();
    let without = Request { commit_within_seconds: None, ..with.clone() };
    assert_ne!(with.digest, without.digest_now().unwrap());
}

#[test]
fn a_window_is_refused_where_something_is_done_before_it_that_nothing_takes_back() {
    let planned = |picture, mode| plan(&picture, &failover(mode)).unwrap();
    assert_eq!(may_hold(&planned(shop(), Mode::Planned)), Ok(()));
    let refusal = may_hold(&planned(shop(), Mode::Emergency)).unwrap_err();
    assert!(refusal.sentence.contains("`switch-orders`"), "{}", refusal.sentence);
    let refusal = may_hold(&planned(ledger(), Mode::Planned)).unwrap_err();
    assert!(refusal.sentence.contains("`promote-books`"), "{}", refusal.sentence);
    assert!(!refusal.sentence.contains("rebuild-books"), "what comes after the commit is no matter");
    let refusal = may_hold(&planned(archive(), Mode::Planned)).unwrap_err();
    assert!(refusal.sentence.contains("`restore-backups-1`"), "{}", refusal.sentence);
}
