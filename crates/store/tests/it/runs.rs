//! One live run per application, a journal without gaps, and what lists show.

use crate::{anybody, entry, furnished, name, start_run};
use holdfast_domain::RunId;
use holdfast_failover::compliance::{Measured, RtoSplit, StoreLag};
use holdfast_failover::run::{Event, RunState};
use holdfast_store::{Advance, Error, NewRun, RunFilter, Store};
use holdfast_testkit::request;
use serde_json::json;

fn advance(run: RunId, expected_seq: i64, events: &[Event], state: RunState) -> Advance<'_> {
    Advance { run, expected_seq, events, state, summary: None }
}

async fn go_on(store: &Store, run: RunId, seq: i64, events: &[Event], state: RunState) -> Result<(), Error> {
    let mut change = store.begin().await?;
    change.append(&advance(run, seq, events, state)).await?;
    change.commit(entry("runs.go_on")).await.map(|_| ())
}

fn completed() -> [Event; 1] {
    [Event::Completed { exceptions: vec![] }]
}

#[tokio::test]
async fn of_many_requests_at_once_one_becomes_the_run_and_the_others_are_told_which() {
    let (_database, store) = furnished().await;
    let outcomes = futures::future::join_all((0..8).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { start_run(&store, "shop", false).await })
    }))
    .await;
    let mut winners = vec![];
    let mut named = vec![];
    for outcome in outcomes {
        match outcome.unwrap() {
            Ok(id) => winners.push(id),
            Err(Error::ActiveRun { id }) => named.push(id),
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(named, [winners[0]; 7]);
    assert_eq!(store.active_run(&name("shop")).await.unwrap().unwrap().id, winners[0]);
    start_run(&store, "billing", false).await.expect("another application is free");
}

#[tokio::test]
async fn a_refused_request_leaves_its_change_good_for_the_audit_entry() {
    let (_database, store) = furnished().await;
    let live = start_run(&store, "shop", false).await.unwrap();
    let request = request("shop", anybody());
    let events = [Event::Requested { request: Box::new(request.clone()) }];
    let new = NewRun {
        id: RunId::fresh(),
        request: &request,
        state: RunState::AwaitingApproval,
        events: &events,
        summary: json!({}),
    };
    let mut change = store.begin().await.unwrap();
    let refused = change.insert_run(&new).await.unwrap_err();
    assert!(matches!(refused, Error::ActiveRun { id } if id == live), "{refused}");
    change.commit(entry("runs.request")).await.unwrap();
}

#[tokio::test]
async fn a_dry_run_holds_nothing_and_is_not_held_up() {
    let (_database, store) = furnished().await;
    start_run(&store, "shop", true).await.unwrap();
    start_run(&store, "shop", false).await.unwrap();
    start_run(&store, "shop", true).await.unwrap();
    let filter = RunFilter { application: Some(name("shop")), limit: 10, ..RunFilter::default() };
    assert_eq!(store.runs(&filter).await.unwrap().len(), 1);
    assert_eq!(store.runs(&RunFilter { dry_runs: true, ..filter }).await.unwrap().len(), 3);
}

#[tokio::test]
async fn an_ended_run_frees_its_application_and_takes_no_more_entries() {
    let (_database, store) = furnished().await;
    let first = start_run(&store, "shop", false).await.unwrap();
    go_on(&store, first, 2, &completed(), RunState::Completed).await.unwrap();
    assert!(store.run_head(first).await.unwrap().ended_at.is_some());
    start_run(&store, "shop", false).await.unwrap();
    let refused = go_on(&store, first, 3, &[Event::Expired], RunState::Expired).await.unwrap_err();
    assert!(matches!(refused, Error::RunMoved { .. }), "{refused}");
}

#[tokio::test]
async fn the_journal_is_read_back_as_it_was_written_with_times_of_the_database() {
    let (_database, store) = furnished().await;
    let before = store.now().await.unwrap();
    let run = start_run(&store, "shop", false).await.unwrap();
    let events = [
        Event::Paused { by: anybody(), reason: Some("wait for the night shift".into()) },
        Event::Resumed { by: anybody() },
    ];
    go_on(&store, run, 2, &events, RunState::Running).await.unwrap();
    let entries = store.entries(run, 0).await.unwrap();
    assert_eq!(entries.iter().map(|e| e.seq).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(entries[2..].iter().map(|e| e.event.clone()).collect::<Vec<_>>(), events);
    assert!(entries.windows(2).all(|pair| pair[0].at <= pair[1].at) && entries[0].at > before);
    assert_eq!(store.entries(run, 3).await.unwrap().len(), 1);
    let head = store.run_head(run).await.unwrap();
    assert_eq!((head.seq, head.state), (4, RunState::Running));
    assert_eq!(head.requested_at, entries[0].at);
    assert_eq!(head.expires_at.duration_since(head.requested_at).as_secs(), 7_200);
}

#[tokio::test]
async fn the_columns_beside_an_entry_say_who_which_step_and_why() {
    let (database, store) = furnished().await;
    let run = start_run(&store, "shop", false).await.unwrap();
    let step = "front-door".parse().unwrap();
    let events = [Event::StepSkipped { step, by: anybody(), reason: "done by hand".into() }];
    go_on(&store, run, 2, &events, RunState::Running).await.unwrap();
    type Row = (String, Option<String>, Option<String>, Option<String>);
    let rows: Vec<Row> = sqlx::query_as("SELECT kind, person, step, reason FROM run_events ORDER BY seq")
        .fetch_all(&mut database.owner().await)
        .await
        .unwrap();
    let row = |kind: &str, person: Option<&str>, step: Option<&str>, reason: Option<&str>| {
        (kind.to_owned(), person.map(str::to_owned), step.map(str::to_owned), reason.map(str::to_owned))
    };
    let operator = Some("operator@example.com");
    assert_eq!(
        rows,
        [
            row("requested", operator, None, Some("elevated errors")),
            row("started", None, None, None),
            row("step_skipped", operator, Some("front-door"), Some("done by hand")),
        ]
    );
}

#[tokio::test]
async fn of_two_decisions_from_the_same_journal_one_is_written() {
    let (_database, store) = furnished().await;
    let run = start_run(&store, "shop", false).await.unwrap();
    let outcomes = futures::future::join_all((0..6).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            go_on(&store, run, 2, &[Event::Paused { by: anybody(), reason: None }], RunState::Paused).await
        })
    }))
    .await;
    let (written, moved): (Vec<_>, Vec<_>) =
        outcomes.into_iter().map(|o| o.unwrap()).partition(Result::is_ok);
    assert_eq!((written.len(), moved.len()), (1, 5));
    for outcome in moved {
        let error = outcome.unwrap_err();
        assert!(matches!(error, Error::RunMoved { expected: 2, found: 3, .. }), "{error}");
    }
    assert_eq!(store.entries(run, 0).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_change_that_is_not_committed_leaves_no_entry() {
    let (_database, store) = furnished().await;
    let run = start_run(&store, "shop", false).await.unwrap();
    let mut change = store.begin().await.unwrap();
    change.append(&advance(run, 2, &completed(), RunState::Completed)).await.unwrap();
    drop(change);
    assert_eq!(store.entries(run, 0).await.unwrap().len(), 2);
    assert_eq!(store.run_head(run).await.unwrap().state, RunState::Running);
}

#[tokio::test]
async fn requests_expire_by_the_databases_clock() {
    let (database, store) = furnished().await;
    let mut ids = vec![];
    for (application, expires_after_seconds) in [("shop", 1), ("billing", 7_200)] {
        let mut request = request(application, anybody());
        request.policy.expires_after_seconds = expires_after_seconds;
        let events = [Event::Requested { request: Box::new(request.clone()) }];
        let state = RunState::AwaitingApproval;
        let new =
            NewRun { id: RunId::fresh(), request: &request, state, events: &events, summary: json!({}) };
        let mut change = store.begin().await.unwrap();
        change.insert_run(&new).await.unwrap();
        change.commit(entry("runs.request")).await.unwrap();
        ids.push(new.id);
    }
    sqlx::query("UPDATE runs SET requested_at = requested_at - interval '1 hour', expires_at = expires_at - interval '1 hour'")
        .execute(&mut database.owner().await)
        .await
        .unwrap();
    assert_eq!(store.expired_requests().await.unwrap(), [ids[0]]);
}

#[tokio::test]
async fn lists_are_newest_first_and_go_on_after_the_cursor() {
    let (_database, store) = furnished().await;
    let mut ids = vec![];
    for _ in 0..5 {
        let id = start_run(&store, "shop", false).await.unwrap();
        go_on(&store, id, 2, &completed(), RunState::Completed).await.unwrap();
        ids.push(id);
    }
    let live = start_run(&store, "billing", false).await.unwrap();
    ids.reverse();
    let filter = RunFilter { application: Some(name("shop")), limit: 2, ..RunFilter::default() };
    let page = store.runs(&filter).await.unwrap();
    assert_eq!(page.iter().map(|r| r.id).collect::<Vec<_>>(), ids[..2]);
    let page = store.runs(&RunFilter { before: Some(page[1].id), ..filter }).await.unwrap();
    assert_eq!(page.iter().map(|r| r.id).collect::<Vec<_>>(), ids[2..4]);
    let all = store.runs(&RunFilter { live: Some(true), limit: 9, ..RunFilter::default() }).await.unwrap();
    assert_eq!(all.iter().map(|r| r.id).collect::<Vec<_>>(), [live]);
    let states = vec![RunState::Completed, RunState::Failed];
    assert_eq!(store.runs(&RunFilter { states, limit: 9, ..RunFilter::default() }).await.unwrap().len(), 5);
    assert_eq!(store.last_ended_runs(&name("shop"), 3).await.unwrap().len(), 3);
    assert_eq!(store.last_ended_runs_of_all(2, true).await.unwrap().len(), 2);
}

#[tokio::test]
async fn requests_that_never_began_do_not_hide_the_runs_that_did() {
    let (_database, store) = furnished().await;
    let ran = start_run(&store, "shop", false).await.unwrap();
    go_on(&store, ran, 2, &completed(), RunState::Completed).await.unwrap();
    for _ in 0..6 {
        let request = request("shop", anybody());
        let events = [Event::Requested { request: Box::new(request.clone()) }];
        let (id, state) = (holdfast_testkit::run_id(), RunState::Denied);
        let new =
            NewRun { id, request: &request, state, events: &events, summary: json!({ "began": false }) };
        let mut change = store.begin().await.unwrap();
        change.insert_run(&new).await.unwrap();
        change.commit(entry("runs.request")).await.unwrap();
    }
    let last = store.last_ended_runs(&name("shop"), 3).await.unwrap();
    assert_eq!(last.iter().map(|r| r.id).collect::<Vec<_>>(), [ran]);
    let of_all = store.last_ended_runs_of_all(1, true).await.unwrap();
    assert_eq!(of_all.iter().map(|r| r.id).collect::<Vec<_>>(), [ran]);
}

#[tokio::test]
async fn what_a_run_measured_is_recorded_once_and_shown_with_it() {
    let (_database, store) = furnished().await;
    let run = start_run(&store, "shop", false).await.unwrap();
    let measured = Measured {
        rto: RtoSplit { execute_seconds: Some(12.25), total_seconds: None, ..RtoSplit::default() },
        stores: vec![StoreLag {
            store: name("orders"),
            milliseconds: Some(80.1),
            metric: Some("AuroraGlobalDBReplicationLag".into()),
            measured_at: None,
            reason: None,
        }],
    };
    let mut change = store.begin().await.unwrap();
    change.record_measured(run, &measured).await.unwrap();
    change.append(&advance(run, 2, &completed(), RunState::Completed)).await.unwrap();
    change.commit(entry("runs.complete")).await.unwrap();
    assert_eq!(store.run_head(run).await.unwrap().measured, Some(measured.clone()));
    let mut change = store.begin().await.unwrap();
    let twice = change.record_measured(run, &measured).await.unwrap_err();
    assert!(twice.is_conflict("measured_pkey"), "{twice}");
}

#[tokio::test]
async fn one_entry_that_cannot_be_read_concerns_its_own_run_alone() {
    let (database, store) = furnished().await;
    let (bad, good) =
        (start_run(&store, "shop", false).await.unwrap(), start_run(&store, "billing", false).await.unwrap());
    sqlx::query("INSERT INTO run_events (run, seq, kind, body) VALUES ($1, 3, 'unheard_of', '{\"kind\": \"unheard_of\"}')")
        .bind(bad.0)
        .execute(&mut database.owner().await)
        .await
        .unwrap();
    assert!(matches!(store.entries(bad, 0).await, Err(Error::Corrupt(_))));
    assert_eq!(store.entries(good, 0).await.unwrap().len(), 2);
    assert_eq!(store.runs(&RunFilter { limit: 9, ..RunFilter::default() }).await.unwrap().len(), 2);
}
