//! Runs while AWS throttles, breaks, hangs and swallows answers.

use crate::crashes::ALL;
use crate::wire::WireHouse;
use futures::future::join_all;
use holdfast_failover::{Intent, Mode, RunState};
use holdfast_sim::faults::{Fault, FaultKind};

fn now_and_then(kind: FaultKind, probability: f64) -> Fault {
    Fault { probability: Some(probability), ..Fault::new(kind) }
}

async fn moved(faults: &[Fault]) -> (WireHouse, usize) {
    let house = WireHouse::new().await;
    faults.iter().for_each(|fault| house.sim.add_fault(fault.clone()));
    let run = house.started("shop", Intent::Failover, Mode::Planned).await;
    let run = house.over(&run).await;
    assert_eq!(run.summary.state, RunState::Completed);
    assert_eq!(
        house.serving("shop").await.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["eu-central-1"]
    );
    let calls = house.calls().len();
    (house, calls)
}

const FAULTS: [(FaultKind, f64); 4] = [
    (FaultKind::Throttle, 0.3),
    (FaultKind::Error, 0.2),
    (FaultKind::Hang, 0.02),
    (FaultKind::LoseAnswer, 0.1),
];

/// Chance moves one run by a tenth and more; the bounds are on the mean.
const RUNS: usize = 3;

/// How many calls the runs took together.
async fn calls_among(faults: &[Fault]) -> usize {
    let runs = (0..RUNS).map(|_| async move {
        let (house, calls) = moved(faults).await;
        assert_eq!(house.done_twice(), [""; 0]);
        house.sim.clear_faults();
        house.stop().await;
        calls
    });
    join_all(runs).await.into_iter().sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_completes_among_faults_with_few_calls_more_and_nothing_done_twice() {
    let calm = calls_among(&[]).await;
    for (kind, probability) in FAULTS {
        let rough = calls_among(&[now_and_then(kind, probability)]).await;
        assert!(10 * rough <= 16 * calm, "{kind:?}: {rough} calls, {calm} without faults");
    }
}

/// All applications of the demonstration at once, and with them every kind of call that they make: how many calls that took.
async fn all_moved(fault: Option<(FaultKind, f64)>) -> usize {
    let house = WireHouse::at_speed(60.0).await;
    if let Some((kind, probability)) = fault {
        house.sim.add_fault(now_and_then(kind, probability));
    }
    let runs = join_all(ALL.iter().map(|one| house.started_as(one.movement, one.mode))).await;
    for run in &runs {
        let over = house.over(run).await;
        assert_eq!(over.summary.state, RunState::Completed, "{} among {fault:?}", run.summary.application);
    }
    assert_eq!(house.done_twice(), [""; 0], "{fault:?}");
    let calls = house.calls().len();
    house.sim.clear_faults();
    house.stop().await;
    calls
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_step_completes_among_throttles_errors_and_silence_with_few_calls_more() {
    let faults = FAULTS.into_iter().filter(|(kind, _)| *kind != FaultKind::LoseAnswer);
    let (calm, rough) = tokio::join!(
        all_moved(None),
        join_all(faults.map(|fault| async move { (fault, all_moved(Some(fault)).await) }))
    );
    for ((kind, _), rough) in rough {
        assert!(10 * rough <= 16 * calm, "{kind:?}: {rough} calls, {calm} without faults");
    }
}

/// Half of all calls fail then, so that each one that is needed takes two attempts in the mean.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_completes_among_all_faults_at_once_and_nothing_is_done_twice() {
    let calm = calls_among(&[]).await;
    let rough = calls_among(&FAULTS.map(|(kind, probability)| now_and_then(kind, probability))).await;
    assert!(2 * rough <= 5 * calm, "{rough} calls among faults, {calm} without");
}
