//! An isolated drill that is aborted takes away what it made, as it would have by itself.

use super::undo::abort;
use super::*;
use crate::plan::plan;
use crate::step::Verdict;
use crate::testing::stores::{archive, db_arn, job, vault_facts};
use crate::testing::world::{A, B, key, known};
use crate::testing::{movement, region};
use crate::{Intent, Mode};
use holdfast_domain::Facts;
use holdfast_domain::facts::RestoreJob;

const RESTORE: &str = "restore-backups-1";
const DELETE: &str = "delete-backups-1";
const UNDO: &str = "undo-restore-backups-1";

fn change_of(run: &Run, step: &str) -> Change {
    run.step(&step_id(step)).unwrap().change().unwrap().clone()
}

fn begun() -> Story {
    let movement = movement(Intent::Drill, Mode::Planned, A, B);
    let plan = plan(&archive(), &movement).unwrap();
    let drill = Request {
        application: name("archive"),
        movement,
        plan,
        emergency: None,
        policy: policy(&[]),
        ..request()
    };
    let mut story = Story::of(sealed(drill));
    story.look("observe-again");
    story
}

/// AWS has accepted the restore.
fn restoring() -> Story {
    let mut story = begun();
    let change = change_of(&story.run, RESTORE);
    story.start(RESTORE, Some(change)).unwrap();
    story.record(Event::CallAnswered { step: step_id(RESTORE), answer: answer() }).unwrap();
    story
}

/// What the undo says of these jobs.
fn verdict(run: &Run, jobs: Vec<RestoreJob>) -> Verdict {
    let mut seen = archive().observations;
    seen.insert(key("backups", B), known(Facts::BackupVault(vault_facts(5, jobs))));
    run.step(&step_id(UNDO)).unwrap().check(&seen, run.plan(), run.movement(), NOW)
}

/// A job that has made the database of this drill.
fn done(run: &Run, stands: Option<&str>) -> RestoreJob {
    let Change::DeleteRestored { database, .. } = change_of(run, DELETE) else { panic!("no deletion") };
    let stands = stands.map(str::to_owned);
    RestoreJob { created_resource_arn: Some(db_arn(B, &database)), stands, ..job("1", "COMPLETED") }
}

#[test]
fn an_aborted_drill_deletes_what_it_restored_by_the_call_that_was_approved_and_nothing_need_be_typed() {
    let mut story = restoring();
    assert_eq!(story.run.taken_back().stays, []);
    story.tell(abort("")).unwrap();
    let deletion = change_of(&story.run, DELETE);
    assert_eq!(change_of(&story.run, UNDO), deletion);
    let undo = story.run.step(&step_id(UNDO)).unwrap();
    assert_eq!((undo.regions.as_slice(), undo.value_to_be.as_str()), (&[region(B)][..], "gone"));
    assert!(matches!(verdict(&story.run, vec![job("1", "RUNNING")]), Verdict::Wait { .. }));
    assert_eq!(
        verdict(&story.run, vec![done(&story.run, Some("available"))]),
        Verdict::Act(deletion.clone())
    );
    assert!(matches!(verdict(&story.run, vec![done(&story.run, None)]), Verdict::Reached { .. }));

    story.start(UNDO, Some(deletion)).unwrap();
    story.record(Event::CallAnswered { step: step_id(UNDO), answer: answer() }).unwrap();
    story.succeed(UNDO).unwrap();
    story.tell(Command::Conclude).unwrap();
    assert_eq!(story.run.state, RunState::RolledBack);
    assert_eq!(story.run.ending.as_deref(), Some("Taken back: what stood before stands again."));
}

#[test]
fn a_restore_that_aws_has_accepted_and_does_not_list_yet_is_not_taken_for_none() {
    let mut story = restoring();
    story.tell(abort("")).unwrap();
    assert!(matches!(verdict(&story.run, vec![]), Verdict::WaitOr { .. }), "its database is still to come");
    assert!(matches!(verdict(&story.run, vec![job("1", "FAILED")]), Verdict::Reached { .. }));
}

#[test]
fn a_drill_that_has_restored_nothing_or_deleted_it_already_has_nothing_to_delete() {
    let mut story = begun();
    story.tell(abort("")).unwrap();
    assert_eq!(story.run.step(&step_id(UNDO)), None);

    let mut story = restoring();
    story.succeed(RESTORE).unwrap();
    let left = story.run.request.plan.steps.clone();
    let before = left.iter().map(|step| step.id.as_str()).take_while(|id| *id != DELETE);
    for step in before.filter(|id| ![RESTORE, "observe-again"].contains(id)) {
        story.look(step);
    }
    let deletion = change_of(&story.run, DELETE);
    story.start(DELETE, Some(deletion)).unwrap();
    story.record(Event::CallAnswered { step: step_id(DELETE), answer: answer() }).unwrap();
    story.succeed(DELETE).unwrap();
    let back = story.run.taken_back();
    assert!(back.steps.iter().all(|step| step.id != step_id(UNDO)), "{:?}", back.steps);
    assert_eq!(back.stays, []);
}

#[test]
fn a_copy_is_left_standing_by_nobodys_cancel_and_only_by_who_skips_its_deletion() {
    let cancel = || Command::Cancel { by: who(2), reason: "enough".into() };
    let mut story = restoring();
    story.succeed(RESTORE).unwrap();
    assert_eq!(code(story.tell(cancel())), "wrong_state");
    story.tell(abort("")).unwrap();
    assert_eq!(code(story.tell(cancel())), "wrong_state", "the abort has not deleted it yet");
    story.skip(UNDO, "it was deleted by hand").unwrap();
    story.tell(Command::Conclude).unwrap();
    assert_eq!(story.run.state, RunState::RolledBack);
}
