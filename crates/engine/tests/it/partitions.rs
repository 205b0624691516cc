//! R7. A worker that is cut off from its database again and again, for a moment and for minutes, with its connections open, closed and
//! gone: while it is cut off it changes nothing, and it goes on within seconds of every end. The judge is the simulator's ledger.

use crate::crashes::ALL;
use crate::house::{id, until};
use crate::proxy::Proxy;
use crate::wire::WireHouse;
use holdfast_api::runs::{RunView, Runs};
use holdfast_failover::RunState;
use jiff::Timestamp;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// As long as a lease lasts at most once its last renewal was answered, and a moment for a call that had just been let go.
const LEASE: Duration = Duration::from_millis(3_200);
/// From the end of a partition until the journal goes on.
const GOES_ON_WITHIN: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Copy)]
enum How {
    /// Nothing passes, and nobody is told.
    Silent,
    /// Connections end, and no new one can be made.
    Cut,
    /// The connections that there were are gone without a word, and others cannot be made either.
    Gone,
}

struct Partition<'a> {
    proxy: &'a Proxy,
    how: How,
    /// Where the database is, while the way leads nowhere.
    there: Option<SocketAddr>,
}

impl<'a> Partition<'a> {
    fn begins(proxy: &'a Proxy, how: How) -> Self {
        let nowhere = || std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let there = match how {
            How::Silent => {
                proxy.silence(true);
                None
            }
            How::Cut => {
                let there = proxy.lead_to(nowhere());
                proxy.cut();
                Some(there)
            }
            How::Gone => {
                let there = proxy.lead_to(nowhere());
                proxy.vanish();
                Some(there)
            }
        };
        Self { proxy, how, there }
    }

    fn ends(self) {
        if let Some(there) = self.there {
            self.proxy.lead_to(there);
        }
        if matches!(self.how, How::Silent) {
            self.proxy.silence(false);
        }
    }
}

async fn entries(house: &WireHouse, run: &RunView) -> usize {
    house.app.run_journal(&house.operator, id(run)).await.unwrap().len()
}

async fn is_over(house: &WireHouse, run: &RunView) -> bool {
    house.app.run(&house.operator, id(run)).await.unwrap().summary.state.is_over()
}

/// How long until something was written again after each partition.
async fn cut_off_for(lengths: &[Duration]) -> Vec<Duration> {
    let mut went_on = Vec::new();
    // A world's applications are moved once.
    for lengths in lengths.chunks(ALL.len()) {
        let mut house = WireHouse::at_speed(4.0).await;
        house.stop_engine().await;
        let (worker, proxy) = house.process_through_proxy().await;
        let engine = worker.start(|cloud| cloud).await;
        let mut runs: Vec<RunView> = Vec::new();
        let mut apart: Vec<(Timestamp, Timestamp)> = Vec::new();
        for (number, length) in lengths.iter().enumerate() {
            let how = [How::Silent, How::Cut, How::Gone][number % 3];
            let one = &ALL[number];
            let run = house.started_as(one.movement, one.mode).await;
            until("the run to be in hand", || async { (entries(&house, &run).await > 4).then_some(()) })
                .await;
            let partition = Partition::begins(&proxy, how);
            let began = Timestamp::now();
            tokio::time::sleep(*length).await;
            let before = entries(&house, &run).await;
            apart.push((began, Timestamp::now()));
            partition.ends();
            let healed = Instant::now();
            until("the run to go on", || async {
                (entries(&house, &run).await > before || is_over(&house, &run).await).then_some(())
            })
            .await;
            went_on.push(healed.elapsed());
            runs.push(run);
        }
        for run in &runs {
            assert_eq!(
                house.over(run).await.summary.state,
                RunState::Completed,
                "{}",
                run.summary.application
            );
        }
        assert_eq!(house.done_twice(), [""; 0]);
        for call in house.calls().iter().filter(|call| call.changing) {
            let at: Timestamp = call.at.parse().unwrap();
            let late = apart.iter().find(|(began, ended)| {
                at < *ended && at.duration_since(*began).as_secs_f64() > LEASE.as_secs_f64()
            });
            assert!(late.is_none(), "{} at {at}, cut off since {late:?}", call.operation);
        }
        engine.shutdown().await;
        house.stop().await;
    }
    went_on
}

fn judge(mut went_on: Vec<Duration>, within: Duration) {
    went_on.sort();
    let p99 = went_on[(went_on.len() * 99 / 100).min(went_on.len() - 1)];
    eprintln!("{} partitions; went on within {p99:.2?} (p99)", went_on.len());
    assert!(p99 <= within, "{went_on:.2?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_cut_off_five_times_changes_nothing_meanwhile_and_goes_on_each_time() {
    // Beside other tests, of five the slowest.
    let went_on = cut_off_for(&[300, 700, 1_000, 3_600, 500].map(Duration::from_millis)).await;
    judge(went_on, 2 * GOES_ON_WITHIN);
}

/// From a second to two minutes, most of them short.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "of the long fault runs: make chaos"]
async fn nor_does_one_that_is_cut_off_a_hundred_times_for_up_to_two_minutes() {
    let lengths: Vec<Duration> = (0..100)
        .map(|number| Duration::from_secs_f64(120_f64.powf(f64::from(number * 37 % 100) / 99.0)))
        .collect();
    judge(cut_off_for(&lengths).await, GOES_ON_WITHIN);
}
