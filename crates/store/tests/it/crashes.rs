//! Crashes over a run are counted whoever has them, and the third sets the run aside.

use crate::{entry, furnished, start_run};
use holdfast_domain::RunId;
use holdfast_failover::run::{Event, RunState};
use holdfast_store::{Advance, Crash, Error, Fence, RunFilter, Store};

async fn crash(store: &Store, run: RunId, why: &str) -> Option<Crash> {
    crash_of(store, run, None, why).await
}

async fn crash_of(store: &Store, run: RunId, fence: Option<&Fence>, why: &str) -> Option<Crash> {
    let mut change = store.begin().await.unwrap();
    let crash = change.record_crash(run, fence, why).await.unwrap();
    change.commit(entry("run.crash")).await.unwrap();
    crash
}

async fn write(store: &Store, fence: &Fence, run: RunId, seq: i64, event: Event) -> Result<(), Error> {
    let events = [event];
    let advance =
        Advance { run, expected_seq: seq, events: &events, state: RunState::Running, summary: None };
    store.append_as(fence, &advance, &entry("run.go_on")).await.map(|_| ())
}

#[tokio::test]
async fn the_third_crash_takes_a_run_from_its_worker_until_it_is_taken_up_again() {
    let (_database, store) = furnished().await;
    let fence = Fence { worker: "a".into(), epoch: store.worker_start("a").await.unwrap() };
    let run = start_run(&store, "shop", false).await.unwrap();
    let other = start_run(&store, "billing", false).await.unwrap();
    store.claim(&fence, 10).await.unwrap();
    let step = holdfast_domain::StepId::parse("observe-again").unwrap();
    for n in 1..=2 {
        assert_eq!(crash(&store, run, "it fell").await.unwrap().count, n);
    }
    // What a run writes before it crashes again counts for nothing, a step that is done for all.
    let progress = Event::StepProgress { step: step.clone(), note: "looks".into() };
    write(&store, &fence, run, 2, progress).await.unwrap();
    let done = Event::StepSucceeded { step, note: "seen".into(), after: vec![] };
    write(&store, &fence, run, 3, done).await.unwrap();
    for set_aside in [false, false, true] {
        assert_eq!(crash(&store, run, "it fell").await.unwrap().set_aside, set_aside);
    }
    assert_eq!(crash(&store, run, "late news").await, None);
    let taken = Event::TakenOver { worker: "a".into(), epoch: fence.epoch };
    assert!(matches!(write(&store, &fence, run, 4, taken).await, Err(Error::Fenced { .. })));
    assert_eq!(store.watch(&fence).await.unwrap().mine, [other]);
    assert!(store.claim(&fence, 10).await.unwrap().is_empty());
    assert_eq!(store.set_aside(run).await.unwrap().unwrap().why, "it fell");
    let listed = RunFilter { set_aside: true, limit: 10, ..RunFilter::default() };
    assert_eq!(store.runs(&listed).await.unwrap().iter().map(|r| r.id).collect::<Vec<_>>(), [run]);
    let mut change = store.begin().await.unwrap();
    assert!(change.take_up_again(run).await.unwrap());
    assert!(!change.take_up_again(other).await.unwrap());
    change.commit(entry("run.try_again")).await.unwrap();
    assert_eq!(store.claim(&fence, 10).await.unwrap().len(), 1);
    assert_eq!(crash(&store, run, "again").await.unwrap().count, 1);
}

#[tokio::test]
async fn a_worker_that_crashes_on_a_run_that_it_lost_takes_it_from_nobody() {
    let (database, store) = furnished().await;
    let a = Fence { worker: "a".into(), epoch: store.worker_start("a").await.unwrap() };
    let run = start_run(&store, "shop", false).await.unwrap();
    store.claim(&a, 10).await.unwrap();
    assert_eq!(crash_of(&store, run, Some(&a), "it fell").await.unwrap().count, 1);
    sqlx::query("UPDATE workers SET expires_at = clock_timestamp() - interval '1 second' WHERE id = 'a'")
        .execute(&mut database.owner().await)
        .await
        .unwrap();
    assert_eq!(crash_of(&store, run, Some(&a), "its lease is over").await, None);
    let b = Fence { worker: "b".into(), epoch: store.worker_start("b").await.unwrap() };
    assert_eq!(store.claim(&b, 10).await.unwrap().len(), 1);
    store.worker_start("a").await.unwrap();
    for _ in 0..3 {
        assert_eq!(crash_of(&store, run, Some(&a), "it fell late").await, None);
    }
    assert_eq!(store.watch(&b).await.unwrap().mine, [run]);
    assert_eq!(store.set_aside(run).await.unwrap(), None);
    // Of what a whole process died, the next one in its folder tells, whoever has the run meanwhile.
    assert_eq!(crash_of(&store, run, None, "it died").await.unwrap().count, 2);
}

#[tokio::test]
async fn a_measurement_that_cannot_be_read_takes_no_list_with_it() {
    let (database, store) = furnished().await;
    let run = start_run(&store, "shop", false).await.unwrap();
    start_run(&store, "billing", false).await.unwrap();
    sqlx::query("INSERT INTO measured (run, rto, stores) VALUES ($1, '[[1]]', '7')")
        .bind(run.0)
        .execute(&mut database.owner().await)
        .await
        .unwrap();
    let all = store.runs(&RunFilter { limit: 10, ..RunFilter::default() }).await.unwrap();
    assert_eq!(all.len(), 2);
    assert!(all.iter().all(|head| head.measured.is_none()));
}
