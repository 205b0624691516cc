//! One word for every run of a lot that waits for its commit: what is done, what is not and why, and that it is what the word
//! would be of each run alone.

use crate::evacuations::{ask, asked, decide, id, run_of};
use crate::house::{House, refused, test_entry};
use holdfast_api::Answer;
use holdfast_api::evacuations::{
    CommitOutcome, CommittedEvacuation, EvacuationView, Evacuations, RequestEvacuation,
};
use holdfast_api::runs::{Decision, RunVerb, Runs};
use holdfast_domain::{Actor, Scope};
use holdfast_failover::run::{Command, Event, Next, Run};
use holdfast_failover::{Evacuation, Mode, RunState};
use holdfast_store::{Advance, AuditFilter, AuditRecord};
use jiff::{SignedDuration, Timestamp};

const COMMENT: &str = "looks well";

/// Approved, with ten minutes for each commit, and the turn of both parts has come.
async fn under_way() -> (House, EvacuationView) {
    let house = House::of_two_that_are_routed().await;
    let request = RequestEvacuation { commit_within_seconds: Some(600), ..asked(Mode::Planned) };
    let view = ask(&house, request).await.unwrap();
    let view = decide(&house, &house.approver, &view, Decision::Approve).await.unwrap();
    assert_eq!(refused(commit(&house, &view).await).code, "wrong_state", "no turn has come");
    let lot = Evacuation::replay(id(&view), &house.store.evacuation_entries(id(&view)).await.unwrap());
    let lot = lot.unwrap();
    let runs = [read(&house, &view, "front").await, read(&house, &view, "rear").await];
    let turn = lot.turn(&runs.clone().map(|run| (run, None)));
    let mut change = house.store.begin().await.unwrap();
    let now = change.now().await.unwrap();
    change.decide_evacuation(&lot, &runs, &turn, now).await.unwrap();
    change.commit(test_entry()).await.unwrap();
    (house, view)
}

async fn read(house: &House, view: &EvacuationView, application: &str) -> Run {
    let run = run_of(view, application);
    Run::replay(run, &house.store.entries(run, 0).await.unwrap()).unwrap()
}

/// Everything up to the word was seen to be done then, and the word is waited for.
fn up_to_the_word(run: &Run, at: Timestamp) -> Vec<Event> {
    let (mut run, mut all) = (run.clone(), Vec::new());
    loop {
        let events: Vec<Event> = match run.next(at) {
            Next::AwaitCommit => {
                all.extend(run.handle(Command::AwaitCommit, at).unwrap());
                return all;
            }
            Next::Drive { steps } => steps.into_iter().flat_map(|step| done(step, at)).collect(),
            other => panic!("{other:?}"),
        };
        run = run.after(&events, at).unwrap();
        all.extend(events);
    }
}

fn done(step: holdfast_domain::StepId, at: Timestamp) -> [Event; 2] {
    let started = Event::StepStarted {
        step: step.clone(),
        attempt: 1,
        epoch: 1,
        before: Vec::new(),
        change: None,
        answer_due: at,
    };
    [started, Event::StepSucceeded { step, note: String::new(), after: Vec::new() }]
}

async fn write(house: &House, run: &Run, events: &[Event], state: RunState) {
    let advance = Advance { run: run.id, expected_seq: run.seq, events, state, summary: None };
    let mut change = house.store.begin().await.unwrap();
    change.append(&advance).await.unwrap();
    change.commit(test_entry()).await.unwrap();
}

/// Its traffic was seen where it is moved to, so long ago.
async fn moved(house: &House, view: &EvacuationView, application: &str, seconds_ago: i64) {
    let run = read(house, view, application).await;
    let at = house.store.now().await.unwrap() - SignedDuration::from_secs(seconds_ago);
    write(house, &run, &up_to_the_word(&run, at), RunState::AwaitingCommit).await;
}

async fn commit(house: &House, view: &EvacuationView) -> Answer<CommittedEvacuation> {
    commit_as(house, &house.operator, view).await
}

async fn commit_as(house: &House, who: &Actor, view: &EvacuationView) -> Answer<CommittedEvacuation> {
    house.app.commit_evacuation(who, id(view), Some(COMMENT.into())).await
}

/// Of `front` and of `rear`, with the code of a refusal.
fn came(committed: &CommittedEvacuation) -> [(CommitOutcome, Option<&str>); 2] {
    ["front", "rear"].map(|application| {
        let part = committed.parts.iter().find(|part| part.application == application).unwrap();
        (part.outcome, part.refused.as_ref().map(|refusal| refusal.code.as_str()))
    })
}

async fn audited(house: &House, kind: &str, subject: String, action: &str) -> Vec<AuditRecord> {
    let of = AuditFilter {
        subject: Some((kind.into(), subject)),
        action: Some(action.into()),
        limit: 20,
        ..AuditFilter::default()
    };
    house.store.audit_entries(&of).await.unwrap()
}

fn offered(view: &EvacuationView) -> bool {
    view.verbs.iter().any(|verb| verb.verb == "commit" && verb.refused.is_none())
}

use CommitOutcome::{Committed, CommittedBefore, Refused};

#[tokio::test]
async fn one_word_commits_each_run_that_waits_as_its_own_word_does_and_said_again_changes_nothing() {
    let (house, view) = under_way().await;
    assert!(!offered(&house.app.evacuation(&house.operator, id(&view)).await.unwrap()));
    moved(&house, &view, "front", 0).await;
    assert!(offered(&house.app.evacuation(&house.operator, id(&view)).await.unwrap()));
    let first = commit(&house, &view).await.unwrap();
    assert_eq!(came(&first), [(Committed, None), (Refused, Some("wrong_state"))], "{:?}", first.parts);
    assert_eq!(first.parts[0].by.as_deref(), Some("operator@example.com"));
    assert!(!offered(&first.evacuation));

    moved(&house, &view, "rear", 0).await;
    let alone = RunVerb::Commit { comment: Some(COMMENT.into()) };
    house.app.drive_run(&house.operator, run_of(&view, "rear"), alone).await.unwrap();
    let [with_the_lot, alone] = [read(&house, &view, "front").await, read(&house, &view, "rear").await];
    assert_eq!(with_the_lot.commit, alone.commit);
    assert_eq!(with_the_lot.state, alone.state);
    let last = async |application| {
        house.store.entries(run_of(&view, application), 0).await.unwrap().pop().unwrap().event
    };
    let said = Event::Committed {
        by: holdfast_failover::run::Who { id: house.operator.person, email: "operator@example.com".into() },
        comment: Some(COMMENT.into()),
    };
    assert_eq!((last("front").await, last("rear").await), (said.clone(), said));
    for application in ["front", "rear"] {
        let entries = audited(&house, "run", run_of(&view, application).to_string(), "run.commit").await;
        assert_eq!(entries.len(), 1, "{application}: {entries:?}");
        let of = entries[0].entry.application.as_ref().map(holdfast_domain::Name::as_str);
        assert_eq!(of, Some(application));
    }

    for _ in 0..2 {
        let again = commit(&house, &view).await.unwrap();
        assert_eq!(came(&again), [(CommittedBefore, None), (CommittedBefore, None)]);
    }
    let of_lot = audited(&house, "evacuation", view.summary.id.clone(), "evacuation.commit").await;
    let done: Vec<_> = of_lot.iter().filter(|record| record.entry.refusal_code.is_none()).collect();
    assert_eq!(done.len(), 1, "what changes nothing is no entry: {of_lot:?}");
    assert_eq!(done[0].entry.detail["runs"][0], run_of(&view, "front").to_string());
    let shown = house.app.evacuation(&house.operator, id(&view)).await.unwrap();
    let told: Vec<&str> =
        shown.events.iter().filter(|e| e.kind == "committed").map(|e| e.words.as_str()).collect();
    assert_eq!(told, ["committed one run: looks well"]);
}

#[tokio::test]
async fn it_is_the_word_of_a_person_who_may_commit_each_of_them() {
    let (house, view) = under_way().await;
    moved(&house, &view, "front", 0).await;
    assert_eq!(refused(commit_as(&house, &house.approver, &view).await).code, "forbidden");
    let token = Actor { token_scopes: Some(Scope::ALL.to_vec()), ..house.operator.clone() };
    assert_eq!(refused(commit_as(&house, &token, &view).await).code, "person_needed");
    let seen = house.app.evacuation(&house.approver, id(&view)).await.unwrap();
    assert!(!offered(&seen), "{:?}", seen.verbs);
    assert_eq!(read(&house, &view, "front").await.state, RunState::AwaitingCommit);
}

#[tokio::test]
async fn a_run_whose_window_is_over_is_not_committed_with_the_others_and_is_written_down() {
    let (house, view) = under_way().await;
    moved(&house, &view, "front", 700).await;
    let all = refused(commit(&house, &view).await);
    assert_eq!(all.code, "expired");
    assert!(all.detail.contains("front: "), "{}", all.detail);
    moved(&house, &view, "rear", 0).await;
    let committed = commit(&house, &view).await.unwrap();
    assert_eq!(came(&committed), [(Refused, Some("expired")), (Committed, None)]);
    let entries = audited(&house, "run", run_of(&view, "front").to_string(), "run.commit").await;
    let codes: Vec<_> = entries.iter().map(|record| record.entry.refusal_code.as_deref()).collect();
    assert_eq!(codes, [Some("expired")], "as its own word would be");
}

#[tokio::test]
async fn a_run_that_cannot_be_read_keeps_none_of_the_others_from_being_committed() {
    let (house, view) = under_way().await;
    for application in ["front", "rear"] {
        moved(&house, &view, application, 0).await;
    }
    // It is said to have done what it has done already.
    let spoilt = read(&house, &view, "front").await;
    let step = spoilt.plan().steps[0].id.clone();
    let again = Event::StepSucceeded { step, note: "seen".into(), after: Vec::new() };
    write(&house, &spoilt, &[again], RunState::AwaitingCommit).await;
    let committed = commit(&house, &view).await.unwrap();
    assert_eq!(came(&committed), [(Refused, Some("journal_corrupt")), (Committed, None)]);
}
