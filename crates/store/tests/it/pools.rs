//! R16. Connections are shared out: what pages take and what waits for a lock is not taken from the workers.

use crate::{entry, furnished, name, start_run};
use holdfast_store::{AuditFilter, Error, Pools, Store};
use std::time::{Duration, Instant};

/// What a worker asks of the database between two calls.
const SOON: Duration = Duration::from_secs(1);

#[tokio::test]
async fn pages_that_hold_every_connection_of_theirs_leave_the_workers_all_of_theirs() {
    let (database, furnished) = furnished().await;
    let run = start_run(&furnished, "shop", false).await.unwrap();
    let store = Store::connect(&database.app_url, Pools { web: 2, engine: 2 }).await.unwrap();
    let held = (store.begin().await.unwrap(), store.begin().await.unwrap());
    let asked = Instant::now();
    let epoch = store.for_lease().worker_start("worker").await.unwrap();
    let fence = holdfast_store::Fence { worker: "worker".into(), epoch };
    assert_eq!(store.for_engine().claim(&fence, 10).await.unwrap()[0].run, run);
    assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
    assert!(
        matches!(store.now().await, Err(Error::Unavailable(_))),
        "a page is told so instead of waiting for ever"
    );
    drop(held);
}

#[tokio::test]
async fn steps_that_hold_every_connection_of_the_engine_leave_the_lease_its_own() {
    let (database, _furnished) = furnished().await;
    let store = Store::connect(&database.app_url, Pools { web: 1, engine: 1 }).await.unwrap();
    let epoch = store.for_lease().worker_start("worker").await.unwrap();
    let held = store.for_engine().begin().await.unwrap();
    let asked = Instant::now();
    assert!(store.for_lease().worker_renew("worker", epoch).await.unwrap());
    assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
    drop(held);
}

#[tokio::test]
async fn a_lock_on_one_run_holds_no_other_runs_worker_up() {
    let (database, store) = furnished().await;
    let (shop, billing) =
        (start_run(&store, "shop", false).await.unwrap(), start_run(&store, "billing", false).await.unwrap());
    let mut owner = database.owner().await;
    sqlx::raw_sql("BEGIN").execute(&mut owner).await.unwrap();
    sqlx::query("SELECT FROM runs WHERE id = $1 FOR UPDATE").bind(shop.0).execute(&mut owner).await.unwrap();
    let epoch = store.for_lease().worker_start("worker").await.unwrap();
    let fence = holdfast_store::Fence { worker: "worker".into(), epoch };
    let asked = Instant::now();
    let claimed = store.for_engine().claim(&fence, 10).await.unwrap();
    assert_eq!(claimed.iter().map(|claim| claim.run).collect::<Vec<_>>(), [billing]);
    assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
    assert_eq!(store.active_run(&name("shop")).await.unwrap().unwrap().id, shop, "it can still be read");
}

/// Who gives up waiting for the answer to a BEGIN must not leave its transaction to the next one, whose writes would hang on it.
#[tokio::test]
async fn a_beginning_that_was_given_up_leaves_no_transaction_behind_it() {
    let (database, observer) = furnished().await;
    let store = Store::connect(&database.app_url, Pools { web: 1, engine: 1 }).await.unwrap();
    for micros in (0..40).map(|n| n * 50) {
        store.now().await.unwrap();
        tokio::time::timeout(Duration::from_micros(micros), store.begin()).await.ok();
        let written = store.audit(entry("a.write")).await.unwrap();
        let seen = observer.audit_entries(&AuditFilter { limit: 1, ..AuditFilter::default() }).await.unwrap();
        assert_eq!(seen[0].id, written, "given up after {micros} µs");
    }
}
