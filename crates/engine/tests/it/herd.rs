//! R4 and R14. Replicas that are gone for good leave no run behind, and replicas that all start at once over runs in flight take
//! no more connections than they are given and let every run go on.

use crate::crashes::ALL;
use crate::house::{id, until};
use crate::wire::WireHouse;
use crate::zombies::Replica;
use futures::future::join_all;
use holdfast_api::runs::{RunView, Runs};
use holdfast_failover::RunState;
use holdfast_failover::run::Event;
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
    drop(replicas);
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

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_all_start_at_once_over_runs_in_flight_keep_to_their_connections_and_go_on_with_all() {
    let (house, replicas, runs) = in_flight(3).await;
    drop(replicas);
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
