//! Leases, claims and fences: who may drive a run, and who must not any more.

use crate::{entry, furnished, name, start_run};
use holdfast_domain::{RunId, StepId};
use holdfast_failover::run::{Event, RunState};
use holdfast_failover::step::run_plan::AskedBy;
use holdfast_store::{Advance, Claim, Error, Fence, LEASE_SECONDS, Store, Watch};
use holdfast_testkit::TestDatabase;
use std::time::Duration;

async fn worker(store: &Store, id: &str) -> Fence {
    Fence { worker: id.into(), epoch: store.worker_start(id).await.unwrap() }
}

/// Who holds a lease now.
async fn live(database: &TestDatabase) -> Vec<String> {
    sqlx::query_scalar("SELECT id FROM workers WHERE expires_at > clock_timestamp() ORDER BY id")
        .fetch_all(&mut database.owner().await)
        .await
        .unwrap()
}

/// As if the worker had not renewed its lease for longer than the lease is.
async fn let_lease_end(database: &TestDatabase, fence: &Fence) {
    sqlx::query("UPDATE workers SET expires_at = clock_timestamp() - interval '1 second' WHERE id = $1")
        .bind(&fence.worker)
        .execute(&mut database.owner().await)
        .await
        .unwrap();
}

async fn write(store: &Store, fence: &Fence, run: RunId, seq: i64) -> Result<(), Error> {
    let events = [Event::TakenOver { worker: fence.worker.clone(), epoch: fence.epoch }];
    let advance =
        Advance { run, expected_seq: seq, events: &events, state: RunState::Running, summary: None };
    store.append_as(fence, &advance, &entry("runs.take_over")).await.map(|_| ())
}

fn runs_of(claims: &[Claim]) -> Vec<RunId> {
    claims.iter().map(|c| c.run).collect()
}

#[tokio::test]
async fn of_two_workers_that_race_for_a_run_one_gets_it() {
    let (_database, store) = furnished().await;
    let (a, b) = (worker(&store, "a").await, worker(&store, "b").await);
    for round in 0..40 {
        let run = start_run(&store, "shop", false).await.unwrap();
        let (one, other) = tokio::join!(store.claim(&a, 10), store.claim(&b, 10));
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_eq!(one.len() + other.len(), 1, "round {round}");
        let owner = if one.is_empty() { &b } else { &a };
        write(&store, owner, run, 2).await.unwrap();
        let loser = if one.is_empty() { &a } else { &b };
        assert!(matches!(write(&store, loser, run, 3).await, Err(Error::Fenced { .. })));
        let events = [Event::Completed { exceptions: vec![] }];
        let end =
            Advance { run, expected_seq: 3, events: &events, state: RunState::Completed, summary: None };
        store.append_as(owner, &end, &entry("runs.complete")).await.unwrap();
    }
}

#[tokio::test]
async fn a_run_that_awaits_approval_is_nobodys_to_claim() {
    let (database, store) = furnished().await;
    let a = worker(&store, "a").await;
    let run = start_run(&store, "shop", false).await.unwrap();
    sqlx::query("UPDATE runs SET state = 'awaiting_approval' WHERE id = $1")
        .bind(run.0)
        .execute(&mut database.owner().await)
        .await
        .unwrap();
    assert!(store.claim(&a, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_worker_whose_lease_ended_can_neither_write_nor_claim_nor_renew_even_before_it_is_replaced() {
    let (database, store) = furnished().await;
    let a = worker(&store, "a").await;
    let run = start_run(&store, "shop", false).await.unwrap();
    assert_eq!(runs_of(&store.claim(&a, 10).await.unwrap()), [run]);
    assert!(store.worker_renew("a", a.epoch).await.unwrap());
    let_lease_end(&database, &a).await;
    assert!(matches!(write(&store, &a, run, 2).await, Err(Error::Fenced { .. })));
    assert!(!store.worker_renew("a", a.epoch).await.unwrap());
    start_run(&store, "billing", false).await.unwrap();
    assert!(store.claim(&a, 10).await.unwrap().is_empty());
    assert_eq!(store.entries(run, 0).await.unwrap().len(), 2, "nothing was written");
}

#[tokio::test]
async fn another_worker_takes_over_when_the_lease_ends_and_the_first_is_fenced_out_for_good() {
    let (database, store) = furnished().await;
    let (a, b) = (worker(&store, "a").await, worker(&store, "b").await);
    let run = start_run(&store, "shop", false).await.unwrap();
    store.claim(&a, 10).await.unwrap();
    assert!(store.claim(&b, 10).await.unwrap().is_empty(), "the lease holds");
    let_lease_end(&database, &a).await;
    assert_eq!(store.claim(&b, 10).await.unwrap(), [Claim { run, before: Some(("a".into(), a.epoch)) }]);
    write(&store, &b, run, 2).await.unwrap();
    // Even with a lease of its own again, what it lost is lost.
    let again = worker(&store, "a").await;
    assert!(matches!(write(&store, &a, run, 3).await, Err(Error::Fenced { .. })));
    assert!(matches!(write(&store, &again, run, 3).await, Err(Error::Fenced { .. })));
    assert!(store.claim(&again, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_restarted_worker_succeeds_its_dead_predecessor_at_once() {
    let (_database, store) = furnished().await;
    let dead = worker(&store, "a").await;
    let run = start_run(&store, "shop", false).await.unwrap();
    store.claim(&dead, 10).await.unwrap();
    let heir = worker(&store, "a").await;
    assert!(heir.epoch > dead.epoch);
    assert!(matches!(write(&store, &dead, run, 2).await, Err(Error::Fenced { .. })));
    assert!(!store.worker_renew("a", dead.epoch).await.unwrap());
    assert_eq!(runs_of(&store.claim(&heir, 10).await.unwrap()), [run]);
    write(&store, &heir, run, 2).await.unwrap();
    assert_eq!(store.watch(&heir).await.unwrap().mine, [run]);
}

#[tokio::test]
async fn a_worker_is_told_when_the_lease_of_another_that_holds_runs_ends() {
    let (database, store) = furnished().await;
    let (a, b) = (worker(&store, "a").await, worker(&store, "b").await);
    let next = async || store.watch(&b).await.unwrap().next_lease_ends_in;
    assert_eq!(next().await, None, "there is nothing to take over");
    let run = start_run(&store, "shop", false).await.unwrap();
    store.claim(&a, 10).await.unwrap();
    let left = next().await.unwrap();
    assert!(left > Duration::from_secs(1) && left <= Duration::from_secs(LEASE_SECONDS.into()), "{left:?}");
    assert_eq!(store.watch(&a).await.unwrap(), Watch { mine: vec![run], next_lease_ends_in: None });
    sqlx::query("UPDATE workers SET expires_at = clock_timestamp() WHERE id = 'a'")
        .execute(&mut database.owner().await)
        .await
        .unwrap();
    assert_eq!(next().await, Some(Duration::ZERO), "it ended just now");
    assert_eq!(runs_of(&store.claim(&b, 10).await.unwrap()), [run]);
    assert_eq!(next().await, None);
}

#[tokio::test]
async fn a_claim_waits_for_no_writer_and_skips_what_another_is_writing() {
    let (database, store) = furnished().await;
    let (a, b) = (worker(&store, "a").await, worker(&store, "b").await);
    let run = start_run(&store, "shop", false).await.unwrap();
    store.claim(&a, 10).await.unwrap();
    let events = [Event::Started];
    let mut writing = store.begin().await.unwrap();
    let advance = Advance { run, expected_seq: 2, events: &events, state: RunState::Running, summary: None };
    writing.append_as(&a, &advance).await.unwrap();
    let_lease_end(&database, &a).await;
    assert!(store.claim(&b, 10).await.unwrap().is_empty(), "the row is locked");
    writing.commit(entry("runs.go_on")).await.unwrap();
    // What was written in time is there for whoever claims after it.
    assert_eq!(runs_of(&store.claim(&b, 10).await.unwrap()), [run]);
    assert_eq!(store.entries(run, 0).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_worker_that_stops_gives_everything_back_at_once() {
    let (database, store) = furnished().await;
    let (a, b) = (worker(&store, "a").await, worker(&store, "b").await);
    let run = start_run(&store, "shop", false).await.unwrap();
    store.claim(&a, 10).await.unwrap();
    assert_eq!(live(&database).await, ["a", "b"]);
    store.worker_stop("a", a.epoch).await.unwrap();
    assert_eq!(live(&database).await, ["b"]);
    assert_eq!(store.claim(&b, 10).await.unwrap(), [Claim { run, before: None }]);
}

#[tokio::test]
async fn no_two_starts_get_the_same_epoch() {
    let (_database, store) = furnished().await;
    let epochs = futures::future::join_all((0..10).map(|n| {
        let store = store.clone();
        async move { store.worker_start(&format!("w{}", n % 3)).await.unwrap() }
    }))
    .await;
    let mut different = epochs.clone();
    different.sort_unstable();
    different.dedup();
    assert_eq!(different.len(), epochs.len());
}

#[tokio::test]
async fn a_workers_step_its_audit_entry_and_its_state_are_one_commit() {
    let (_database, store) = furnished().await;
    let a = worker(&store, "a").await;
    let run = start_run(&store, "shop", false).await.unwrap();
    store.claim(&a, 10).await.unwrap();
    let count = async || {
        let filter = holdfast_store::AuditFilter { limit: 100, ..Default::default() };
        store
            .audit_entries(&filter)
            .await
            .unwrap()
            .iter()
            .filter(|r| r.entry.action == "runs.take_over")
            .count()
    };
    write(&store, &a, run, 2).await.unwrap();
    assert_eq!(count().await, 1);
    assert!(matches!(write(&store, &a, run, 2).await, Err(Error::RunMoved { expected: 2, found: 3, .. })));
    assert_eq!(count().await, 1, "no entry without its step");
}

#[tokio::test]
async fn a_step_asks_for_one_run_and_only_while_its_worker_drives_its_own() {
    let (database, store) = furnished().await;
    let (a, b) = (worker(&store, "a").await, worker(&store, "b").await);
    let parent = start_run(&store, "shop", false).await.unwrap();
    store.claim(&a, 10).await.unwrap();
    let child = start_run(&store, "billing", false).await.unwrap();
    let other = start_run(&store, "billing", true).await.unwrap();
    let step = StepId::parse("own-billing").unwrap();
    let asking = |retries| AskedBy { run: parent, application: name("shop"), step: step.clone(), retries };
    let ask = async |run: RunId, retries: u32, fence: &Fence| {
        let mut change = store.begin().await.unwrap();
        change.insert_asked_run(run, &asking(retries), fence).await?;
        change.commit(entry("run.request")).await
    };
    assert!(matches!(ask(child, 0, &b).await, Err(Error::Fenced { run }) if run == parent));
    assert_eq!(store.run_asked_by(&asking(0)).await.unwrap(), None);
    ask(child, 0, &a).await.unwrap();
    let again = ask(other, 0, &a).await.unwrap_err();
    assert!(matches!(&again, Error::Conflict(c) if c == "runs_asked_by_steps_once"), "{again}");
    assert_eq!(store.run_asked_by(&asking(0)).await.unwrap(), Some(child));
    // A person's retry asks for another run; the step's last is the one that is shown.
    assert_eq!(store.run_asked_by(&asking(1)).await.unwrap(), None);
    ask(other, 1, &a).await.unwrap();
    let shown = store.runs_asked_by(parent).await.unwrap();
    assert_eq!(
        shown.iter().map(|(step, head)| (step.as_str(), head.id)).collect::<Vec<_>>(),
        [("own-billing", other)]
    );
    let_lease_end(&database, &a).await;
    let late = start_run(&store, "billing", true).await.unwrap();
    assert!(matches!(ask(late, 2, &a).await, Err(Error::Fenced { .. })));
}
