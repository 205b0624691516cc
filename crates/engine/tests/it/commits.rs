//! R6 and R7. Commits of the journal whose answer is lost, and a database that falls silent, is cut off, and comes back,
//! or does not come back over the connections that there are. The
//! judge is the simulator's ledger, beside that of runs that nobody disturbed.

use crate::crashes::{ALL, Effects, effects};
use crate::house::{id, until};
use crate::proxy::Proxy;
use crate::wire::{Move, WireHouse};
use futures::future::join_all;
use holdfast_api::runs::Runs;
use holdfast_failover::{Mode, RunState};
use jiff::Timestamp;
use std::time::{Duration, Instant};

/// All applications at once, and what AWS saw of each; with the answer of each so many-th commit lost.
async fn moved(lose_each: u32) -> (Vec<Effects>, usize) {
    let mut house = WireHouse::at_speed(60.0).await;
    house.stop_engine().await;
    let (worker, proxy) = house.process_through_proxy().await;
    proxy.lose_answers(lose_each);
    let engine = worker.start(|cloud| cloud).await;
    let runs = join_all(ALL.iter().map(|one| house.started_as(one.movement, one.mode))).await;
    let mut seen = Vec::new();
    for run in &runs {
        let over = house.over(run).await;
        assert_eq!(over.summary.state, RunState::Completed, "{}", run.summary.application);
        seen.push(effects(&house, run));
    }
    assert_eq!(house.done_twice(), [""; 0]);
    proxy.lose_answers(0);
    engine.shutdown().await;
    house.stop().await;
    (seen, proxy.answers_lost())
}

async fn among_lost_commits(rounds: usize, lose_each: u32, at_least: usize) {
    let (calm, _) = moved(0).await;
    let mut lost = 0;
    for _ in 0..rounds {
        let (seen, swallowed) = moved(lose_each).await;
        lost += swallowed;
        for ((one, calm), seen) in ALL.iter().zip(&calm).zip(seen) {
            assert_eq!(&seen, calm, "{}", one.movement.application);
        }
    }
    eprintln!("{lost} answers of commits lost");
    assert!(lost >= at_least, "{lost} lost answers prove nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_whose_commit_was_not_heard_of_is_neither_lost_nor_done_twice_nor_called_failed() {
    among_lost_commits(1, 4, 40).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "of the long fault runs: make chaos"]
async fn nor_is_one_among_a_thousand() {
    among_lost_commits(13, 3, 1_000).await;
}

/// As long as a lease lasts at most once its last renewal was answered, and a moment for a call that had just been let go.
const LEASE: Duration = Duration::from_millis(3_200);

async fn without_its_database(how: impl Fn(&Proxy, bool), silence: Duration) {
    let mut house = WireHouse::at_speed(2.0).await;
    house.stop_engine().await;
    let (worker, proxy) = house.process_through_proxy().await;
    let engine = worker.start(|cloud| cloud).await;
    let run = house.started_as(Move::of("shop"), Mode::Planned).await;
    until("the first changing call", || async {
        house.calls().iter().any(|call| call.changing).then_some(())
    })
    .await;
    how(&proxy, true);
    let (began, cut_at) = (Instant::now(), Timestamp::now());
    tokio::time::sleep(silence).await;
    let healed_at = Timestamp::now();
    let entries = house.app.run_journal(&house.operator, id(&run)).await.unwrap().len();
    how(&proxy, false);
    let healed = Instant::now();
    until("the run to go on", || async {
        let now = house.app.run_journal(&house.operator, id(&run)).await.unwrap().len();
        (now > entries).then_some(())
    })
    .await;
    eprintln!("{:.2?} without its database; went on {:.2?} after", healed - began, healed.elapsed());
    assert!(healed.elapsed() < Duration::from_secs(5));
    assert_eq!(house.over(&run).await.summary.state, RunState::Completed);
    assert_eq!(house.done_twice(), [""; 0]);
    let meanwhile: Vec<f64> = house
        .calls()
        .iter()
        .filter(|call| call.changing)
        .filter_map(|call| call.at.parse::<Timestamp>().ok())
        .filter(|at| *at < healed_at)
        .map(|at| at.duration_since(cut_at).as_secs_f64())
        .filter(|after| *after > LEASE.as_secs_f64())
        .collect();
    assert_eq!(meanwhile, [0.0; 0], "no changing call once the lease cannot be renewed");
    engine.shutdown().await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_does_not_hear_from_its_database_changes_nothing_and_goes_on_when_it_does() {
    without_its_database(|proxy, silent| proxy.silence(silent), Duration::from_secs(6)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn so_does_one_whose_connections_are_cut_and_cannot_be_made_anew() {
    let nowhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let there = std::sync::Mutex::new(None);
    let cut = |proxy: &Proxy, gone: bool| {
        if gone {
            *there.lock().unwrap() = Some(proxy.lead_to(nowhere));
            proxy.cut();
        } else {
            let back = there.lock().unwrap().take().unwrap();
            proxy.lead_to(back);
        }
    };
    without_its_database(cut, Duration::from_secs(6)).await;
}

/// The kernel would notice a quarter of an hour later, or never.
#[tokio::test(flavor = "multi_thread")]
async fn one_whose_connections_vanish_without_a_word_goes_on_over_new_ones_within_ten_seconds() {
    let mut house = WireHouse::at_speed(2.0).await;
    house.stop_engine().await;
    let (worker, proxy) = house.process_through_proxy().await;
    let engine = worker.start(|cloud| cloud).await;
    let run = house.started_as(Move::of("shop"), Mode::Planned).await;
    until("the first changing call", || async {
        house.calls().iter().any(|call| call.changing).then_some(())
    })
    .await;
    proxy.vanish();
    let vanished = Instant::now();
    let entries = house.app.run_journal(&house.operator, id(&run)).await.unwrap().len();
    until("the run to go on", || async {
        let now = house.app.run_journal(&house.operator, id(&run)).await.unwrap().len();
        (now > entries).then_some(())
    })
    .await;
    eprintln!("went on {:.2?} after its connections had vanished", vanished.elapsed());
    assert!(vanished.elapsed() < Duration::from_secs(10), "{:.2?}", vanished.elapsed());
    assert_eq!(house.over(&run).await.summary.state, RunState::Completed);
    assert_eq!(house.done_twice(), [""; 0]);
    engine.shutdown().await;
    house.stop().await;
}
