//! What signing the audit log costs those who write to it: entries a second by eight clients, without and with a
//! sequencer beside them, in turns. The database keeps nothing safe (no fsync), so this is the price in work and not
//! in waiting; the ratio is what to look at, and a median below the goal is a failure.
#![allow(clippy::unwrap_used, clippy::panic)] // A benchmark that cannot go on has failed.

use holdfast_engine::audit::{AuditSettings, Sequencer};
use holdfast_store::{AuditActor, AuditEntry, Pools, Store};
use holdfast_testkit::test_database;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

const CLIENTS: usize = 8;
const ROUNDS: usize = 5;
/// Of what is appended without a sequencer.
const GOAL: f64 = 0.8;
const EACH: Duration = Duration::from_secs(5);

async fn entries_a_second(store: &Store) -> f64 {
    let (stop, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (store, stop, count) = (store.clone(), stop.clone(), count.clone());
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let by = AuditActor::System { name: format!("worker-{client}") };
                    let detail =
                        serde_json::json!({ "events": ["step_succeeded"], "steps": ["switch-orders"] });
                    store
                        .audit(AuditEntry::done("run.step_succeeded", by, "run", "x").with(detail))
                        .await
                        .unwrap();
                    count.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let began = Instant::now();
    tokio::time::sleep(EACH).await;
    let rate = count.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64();
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    rate
}

#[tokio::main]
async fn main() {
    let database = test_database().await;
    let store = Store::connect(&database.app_url, Pools { web: 8, engine: 4 }).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut sequencer = Sequencer::new(store.for_engine(), AuditSettings::within(folder.path()));
    let mut ratios = Vec::new();
    for round in 1..=ROUNDS {
        let alone = entries_a_second(&store).await;
        let stop = tokio_util::sync::CancellationToken::new();
        let signing = tokio::spawn(holdfast_engine::audit::run(
            store.for_engine(),
            AuditSettings::within(folder.path()),
            stop.clone(),
        ));
        let signed = entries_a_second(&store).await;
        stop.cancel();
        signing.await.unwrap();
        // What is left is not the next round's to sign.
        while sequencer.round().await.unwrap()
            != (holdfast_engine::audit::Round::Placed { entries: 0, more: false })
        {}
        println!(
            "round {round}: {alone:.0} entries a second alone, {signed:.0} with a sequencer: {:.2}",
            signed / alone
        );
        ratios.push(signed / alone);
    }
    ratios.sort_by(f64::total_cmp);
    let median = ratios[ROUNDS / 2];
    println!(
        "appends beside a sequencer over appends alone, {CLIENTS} clients: median {median:.2} ({:.2} to {:.2}) of {ROUNDS} rounds; goal at least {GOAL}: {}",
        ratios[0],
        ratios[ROUNDS - 1],
        if median >= GOAL { "met" } else { "MISSED" }
    );
    store.close().await;
    assert!(median >= GOAL, "a goal was missed");
}
