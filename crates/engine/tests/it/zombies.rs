//! R3. Three replicas, and the one that drives a run is stopped for longer than its lease, again and again: another takes
//! over, and what wakes up does nothing more with what it had in hand. The judge is the simulator's ledger.

use crate::crashes::effects;
use crate::house::{id, until};
use crate::wire::{Move, Place, WireHouse};
use holdfast_api::runs::{RunView, Runs};
use holdfast_failover::run::Event;
use holdfast_failover::{Mode, RunState};
use holdfast_testkit::Injected;
use jiff::Timestamp;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// One replica, a process of its own; it ends with the test.
pub struct Replica {
    child: Child,
    folder: tempfile::TempDir,
}

impl Replica {
    pub fn start(house: &WireHouse) -> Self {
        Self::with(house, &[], 64)
    }

    /// With these in its environment, and so many runs in its hands at most.
    pub fn with(house: &WireHouse, environment: &[(String, String)], runs_at_once: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let child = process(house, folder.path(), environment, runs_at_once);
        Self { child, folder }
    }

    pub fn is(&self, worker: &str) -> bool {
        self.worker().is_some_and(|name| name == worker)
    }

    /// What it calls itself, once it has a name.
    pub fn worker(&self) -> Option<String> {
        let name = std::fs::read_to_string(self.folder.path().join("worker-id")).ok()?;
        Some(name.trim().to_owned())
    }

    /// Killed in the middle of its work, for good.
    pub fn dies(mut self) {
        self.is_killed();
    }

    /// Killed in the middle of its work, and started again as the same worker: when.
    pub fn dies_and_comes_back(&mut self, house: &WireHouse) -> Timestamp {
        self.is_killed();
        let started_at = Timestamp::now();
        self.child = process(house, self.folder.path(), &[], 64);
        started_at
    }

    fn is_killed(&mut self) {
        assert!(self.child.try_wait().unwrap().is_none(), "it had ended by itself");
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        Injected::KilledProcess.count(1);
    }

    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        Injected::StoppedProcess.count(usize::from(signal == "-STOP"));
    }
}

fn process(house: &WireHouse, folder: &Path, environment: &[(String, String)], runs_at_once: usize) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["zombies::a_replica", "--exact", "--ignored", "--nocapture"])
        .env("HOLDFAST_A_REPLICA", house.place(folder).in_words())
        .env("HOLDFAST_RUNS_AT_ONCE", runs_at_once.to_string())
        .envs(environment.iter().cloned())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "no test: a process that the tests of this file start"]
async fn a_replica() {
    let Ok(words) = std::env::var("HOLDFAST_A_REPLICA") else { return };
    let runs = std::env::var("HOLDFAST_RUNS_AT_ONCE").unwrap().parse().unwrap();
    let _engine = Place::of_words(&words).process().with_runs_at_once(runs).start(|cloud| cloud).await;
    std::future::pending::<()>().await;
}

/// Who took it over when, in order.
async fn owners(house: &WireHouse, run: &RunView) -> Vec<(String, i64, Timestamp)> {
    let journal = house.app.run_journal(&house.operator, id(run)).await.unwrap();
    let taken = journal.into_iter().filter_map(|entry| match entry.event {
        Event::TakenOver { worker, epoch } => Some((worker, epoch, entry.at)),
        _ => None,
    });
    taken.collect()
}

async fn is_over(house: &WireHouse, run: &RunView) -> bool {
    house.app.run(&house.operator, id(run)).await.unwrap().summary.state.is_over()
}

async fn among_zombies(stops: usize) {
    let calm = {
        let house = WireHouse::at_speed(2.0).await;
        let run = house.started_as(Move::of("shop"), Mode::Planned).await;
        house.over(&run).await;
        let calm = effects(&house, &run);
        house.stop().await;
        calm
    };
    let mut house = WireHouse::at_speed(2.0).await;
    house.stop_engine().await;
    let replicas: Vec<Replica> = (0..3).map(|_| Replica::start(&house)).collect();
    let run = house.started_as(Move::of("shop"), Mode::Planned).await;
    let mut zombies: Vec<(i64, Timestamp)> = Vec::new();
    let mut took = Vec::new();
    for stop in 0..stops {
        let (owner, epoch) = until("an owner that is awake", || async {
            if is_over(&house, &run).await {
                return Some((String::new(), 0));
            }
            let (owner, epoch, _) = owners(&house, &run).await.pop()?;
            zombies.iter().all(|(stale, _)| *stale != epoch).then_some((owner, epoch))
        })
        .await;
        let Some(replica) = replicas.iter().find(|replica| replica.is(&owner)) else { break };
        // Not always at the same point of its work.
        tokio::time::sleep(Duration::from_millis(150 * stop as u64)).await;
        replica.signal("-STOP");
        let stopped_at = Timestamp::now();
        let successor = until("another to take over, or the end", || async {
            let (_, newest, at) = owners(&house, &run).await.pop()?;
            if newest != epoch { Some(Some(at)) } else { is_over(&house, &run).await.then_some(None) }
        })
        .await;
        replica.signal("-CONT");
        zombies.push((epoch, Timestamp::now()));
        let Some(at) = successor else { break };
        took.push(at.duration_since(stopped_at).as_secs_f64());
    }
    let over = house.over(&run).await;
    assert_eq!(over.summary.state, RunState::Completed);
    assert_eq!(effects(&house, &run), calm);
    assert_eq!(house.done_twice(), [""; 0]);
    for (epoch, woken_at) in &zombies {
        let late: Vec<_> = house
            .calls()
            .into_iter()
            .filter(|entry| entry.changing && entry.user_agent.contains(&format!("holdfast-epoch/{epoch}")))
            .map(|entry| entry.at.parse::<Timestamp>().unwrap().duration_since(*woken_at).as_secs_f64())
            .filter(|after_waking| *after_waking >= 0.0)
            .collect();
        // One that had passed its last check when the process was stopped, and that others wait for, may still leave.
        assert!(
            late.len() <= 1 && late.iter().all(|s| *s < 0.5),
            "epoch {epoch} woke at {woken_at}: {late:?}"
        );
    }
    assert!(!took.is_empty(), "nobody was stopped in time");
    eprintln!("{} stops; taken over within {took:.2?} s", zombies.len());
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_wakes_after_its_lease_makes_no_further_call() {
    among_zombies(2).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "of the long fault runs: make chaos"]
async fn replicas_that_wake_again_and_again_make_none_either() {
    among_zombies(8).await;
}
