//! R18. Every plan of the demonstration through the pure core, in an order that a seed decides: a worker that dies between any
//! two of its moves, calls that are lost, whose answer is lost, that land late, and people who say anything at any time. The
//! judge is a ledger of its own beside the journal. `HOLDFAST_SEEDS=1000000` goes on for longer; what once failed is kept in
//! `proptest-regressions`.

mod world;

use crate::crashes::ALL;
use crate::house::id;
use crate::wire::WireHouse;
use holdfast_api::runs::{RunVerb, Runs};
use holdfast_failover::run::{Event, Request};
use holdfast_failover::{Intent, RunState};
use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence, TestRunner};
use std::cell::RefCell;
use std::collections::BTreeMap;
use world::Simulated;

/// What is asked for each application of the demonstration, in each mode in which it can move.
async fn requests() -> Vec<Request> {
    let house = WireHouse::at_speed(60.0).await;
    let mut requests = Vec::new();
    for one in ALL {
        for mode in [Some(one.mode), one.other].into_iter().flatten() {
            let run = house.requested(one.movement, Intent::Failover, mode).await;
            let journal = house.app.run_journal(&house.operator, id(&run)).await.unwrap();
            let asked = journal.into_iter().find_map(|entry| match entry.event {
                Event::Requested { request } => Some(*request),
                _ => None,
            });
            requests.push(asked.unwrap());
            let cancel = RunVerb::Cancel { reason: "it was asked for its plan".into() };
            house.app.drive_run(&house.operator, id(&run), cancel).await.unwrap();
        }
    }
    house.stop().await;
    requests
}

fn seeds() -> u32 {
    std::env::var("HOLDFAST_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(5_000)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_order_of_deaths_losses_and_words_loses_repeats_or_reorders_a_step_of_a_demonstration_plan() {
    let requests = requests().await;
    let mut runner = TestRunner::new(Config {
        cases: seeds(),
        failure_persistence: Some(Box::new(FileFailurePersistence::SourceParallel("proptest-regressions"))),
        source_file: Some(file!()),
        ..Config::default()
    });
    let reached = RefCell::new(BTreeMap::<&str, u32>::new());
    let plans = RefCell::new(BTreeMap::<usize, u32>::new());
    let stories = (0..requests.len(), proptest::collection::vec(any::<u16>(), 0..160));
    runner
        .run(&stories, |(which, tape)| {
            let told = Simulated::of(&requests[which], tape).to_its_end();
            *plans.borrow_mut().entry(which).or_default() += 1;
            for what in told {
                *reached.borrow_mut().entry(what).or_default() += 1;
            }
            Ok(())
        })
        .unwrap_or_else(|failed| panic!("{failed}"));
    let (reached, plans) = (reached.into_inner(), plans.into_inner());
    eprintln!("{} seeds over {} plans; reached: {reached:?}", seeds(), requests.len());
    assert_eq!(plans.len(), requests.len(), "each plan had its turn");
    // Promises kept by runs that never get anywhere are cheap.
    let states = [RunState::Completed, RunState::CompletedWithExceptions, RunState::Cancelled];
    let rare = [
        "escalated",
        "died",
        "called again",
        "called again unseen",
        "answer lost",
        "landed late",
        "waited for a person",
    ];
    for what in states.map(RunState::as_str).into_iter().chain(rare) {
        assert!(reached.get(what).is_some_and(|times| *times >= seeds() / 100), "{what} is too rare");
    }
}
