//! R4 and R14. Replicas that are gone for good leave no run behind, and replicas that all start at once over runs in flight take
//! no more connections than they are given and let every run go on.

use crate::crashes::ALL;
use crate::house::{id, until};
use crate::wire::WireHouse;
use crate::zombies::Replica;
use futures::future::join_all;
use holdfast_api::runs::{RunView, Runs};
use holdfast_domain::RunId;
use holdfast_failover::RunState;
use holdfast_failover::run::Event;
use holdfast_store::LEASE_SECONDS;
use jiff::Timestamp;
use std::time::{Duration, Instant};

/// Connections of one replica: `Process::start`'s two pools, the lease's, and the one that listens.
const CONNECTIONS: i64 = 1 + 6 + 1 + 1;

/// Who drives a run, as its journal says.
async fn owner(house: &WireHouse, run: &RunView) -> Option<(String, i64)> {
    let journal = house.app.run_journal(&house.operator, id(run)).await.unwrap();
    journal.into_iter().rev().find_map(|entry| match entry.event {
        Event::TakenOver { worker, epoch } => Some((worker, epoch)),
        _ => None,
    })
}

async fn is_over(house: &WireHouse, run: &RunView) -> bool {
    house.app.run(&house.operator, id(run)).await.unwrap().summary.state.is_over()
}

/// All applications of the demonstration on the move, slowly enough to be in the middle for a while.
async fn in_flight(replicas: usize) -> (WireHouse, Vec<Replica>, Vec<RunView>) {
    let mut house = WireHouse::at_speed(4.0).await;
    house.stop_engine().await;
    let runs = join_all(ALL.iter().map(|one| house.started_as(one.movement, one.mode))).await;
    let replicas = (0..replicas).map(|_| Replica::start(&house)).collect();
    until("a change", || async { house.calls().iter().any(|call| call.changing).then_some(()) }).await;
    (house, replicas, runs)
}

async fn all_end_well(house: &WireHouse, runs: &[RunView]) {
    for run in runs {
        assert_eq!(house.over(run).await.summary.state, RunState::Completed, "{}", run.summary.application);
    }
    assert_eq!(house.done_twice(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_runs_of_replicas_that_are_gone_for_good_are_driven_by_the_one_that_is_left() {
    let (house, mut replicas, runs) = in_flight(3).await;
    let left = replicas.remove(0);
    replicas.into_iter().for_each(Replica::dies);
    let gone = Instant::now();
    for run in &runs {
        until("the replica that is left to drive it", || async {
            let driven = owner(&house, run).await.is_some_and(|(worker, _)| left.is(&worker));
            (driven || is_over(&house, run).await).then_some(())
        })
        .await;
    }
    eprintln!("{} runs in one hand after {:.2?}", runs.len(), gone.elapsed());
    assert!(gone.elapsed() < Duration::from_secs(5), "{:.2?}", gone.elapsed());
    all_end_well(&house, &runs).await;
    house.stop().await;
}

/// What a worker holds that has not ended, and when its lease was last renewed.
async fn left_by(house: &WireHouse, worker: &str) -> (Vec<RunId>, Timestamp) {
    let mut database = house.database().await;
    let held: Vec<uuid::Uuid> =
        sqlx::query_scalar("SELECT id FROM runs WHERE owner_worker = $1 AND ended_at IS NULL ORDER BY id")
            .bind(worker)
            .fetch_all(&mut database)
            .await
            .unwrap();
    let renewed_ms: i64 = sqlx::query_scalar(
        "SELECT (extract(epoch FROM expires_at - make_interval(secs => $2)) * 1000)::int8 FROM workers WHERE id = $1",
    )
    .bind(worker)
    .bind(f64::from(LEASE_SECONDS))
    .fetch_one(&mut database)
    .await
    .unwrap();
    (held.into_iter().map(RunId).collect(), Timestamp::from_millisecond(renewed_ms).unwrap())
}

/// The replica that has the most in hand is killed. How many seconds after its last renewal, by the database's clock alone, another
/// wrote that it has taken over; of each run that it had.
async fn taken_over(house: &WireHouse, replicas: &mut Vec<Replica>) -> Vec<f64> {
    let dead: String = until("a replica with something in hand", || async {
        sqlx::query_scalar(
            "SELECT owner_worker FROM runs WHERE ended_at IS NULL AND owner_worker IS NOT NULL
             GROUP BY 1 ORDER BY count(*) DESC LIMIT 1",
        )
        .fetch_optional(&mut house.database().await)
        .await
        .unwrap()
    })
    .await;
    let killed = replicas.iter().position(|replica| replica.is(&dead)).unwrap();
    replicas.remove(killed).dies();
    let (held, renewed_at) = left_by(house, &dead).await;
    assert!(!held.is_empty(), "the one that was killed had nothing in hand");
    let mut took: Vec<f64> = Vec::new();
    for run in &held {
        let at = until("another replica to take over", || async {
            let journal = house.app.run_journal(&house.operator, *run).await.unwrap();
            let taken = journal.iter().rev().find_map(|entry| match &entry.event {
                Event::TakenOver { worker, .. } => Some((worker.clone(), entry.at)),
                _ => None,
            });
            taken.filter(|(worker, _)| *worker != dead).map(|(_, at)| at)
        })
        .await;
        took.push(at.duration_since(renewed_at).as_secs_f64());
    }
    took.sort_by(f64::total_cmp);
    assert!(took[0] >= f64::from(LEASE_SECONDS), "before the lease was over: {took:.2?}");
    took
}

#[tokio::test(flavor = "multi_thread")]
async fn every_run_of_a_killed_replica_is_another_ones_within_five_seconds_of_its_last_sign_of_life() {
    let (house, mut replicas, runs) = in_flight(3).await;
    let took = taken_over(&house, &mut replicas).await;
    eprintln!("{} runs taken over {took:.2?} s after the last renewal", took.len());
    assert!(took.iter().all(|seconds| *seconds <= 5.0), "{took:.2?}");
    all_end_well(&house, &runs).await;
    drop(replicas);
    house.stop().await;
}

/// Of how long something took.
pub fn p99(took: &[f64]) -> f64 {
    let mut took = took.to_vec();
    took.sort_by(f64::total_cmp);
    took[(took.len() * 99).div_ceil(100).max(1) - 1]
}

/// Nothing else runs beside it: `scripts/chaos.d/15-resumes`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "of the long fault runs: make chaos"]
async fn nearly_every_run_of_replicas_that_are_killed_one_after_the_other_is_another_ones_half_a_second_after_its_lease()
 {
    let (mut took, mut rounds) = (Vec::new(), 0);
    while took.len() < 300 {
        rounds += 1;
        let (house, mut replicas, runs) = in_flight(3).await;
        took.extend(taken_over(&house, &mut replicas).await);
        all_end_well(&house, &runs).await;
        drop(replicas);
        house.stop().await;
        assert!(rounds < 100, "{} runs were taken over in {rounds} rounds", took.len());
    }
    let most = p99(&took);
    eprintln!("p99 of {} runs taken over: {most:.3} s after the last sign of life", took.len());
    assert!(most <= f64::from(LEASE_SECONDS) + 0.5, "{most:.3} s");
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_all_start_at_once_over_runs_in_flight_keep_to_their_connections_and_go_on_with_all() {
    let (house, replicas, runs) = in_flight(3).await;
    replicas.into_iter().for_each(Replica::dies);
    let mut known = Vec::new();
    for run in &runs {
        known.push(house.app.run(&house.operator, id(run)).await.unwrap().seq);
    }
    let before = house.connections().await;
    let replicas: Vec<Replica> = (0..3).map(|_| Replica::start(&house)).collect();
    let began = Instant::now();
    for (run, seq) in runs.iter().zip(known) {
        until("the run to go on", || async {
            let now = house.app.run(&house.operator, id(run)).await.unwrap();
            (now.seq > seq || now.summary.state.is_over()).then_some(())
        })
        .await;
        let held = house.connections().await - before;
        assert!(held <= CONNECTIONS * 3, "{held} connections");
    }
    eprintln!("{} runs went on within {:.2?}", runs.len(), began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(30), "{:.2?}", began.elapsed());
    all_end_well(&house, &runs).await;
    drop(replicas);
    house.stop().await;
}
