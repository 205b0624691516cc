//! The workers: carry out runs, look at the world, let requests expire. They move what the pure core decides
//! and hold no rule of their own.

mod asks;
mod at_work;
pub mod audit;
pub mod bundles;
mod clocks;
mod collector;
mod crash;
mod drills;
mod evacuations;
mod executor;
mod expiry;
mod gaps;
mod hands;
mod journal;
mod lease;
mod look;
pub mod offline;
mod plans;
mod step;
mod survey;
mod webhook;
mod worker_id;

pub use asks::Asks;

use holdfast_cloud::Cloud;
use holdfast_store::Store;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How the workers behave; the defaults are for production.
#[derive(Debug, Clone)]
pub struct EngineSettings {
    /// Where this worker keeps its id, under an exclusive lock: a restart there succeeds its predecessor at once.
    pub data: PathBuf,
    /// From the start of one sweep of an account to the start of the next.
    pub sweep_interval: Duration,
    /// Looks begun at once per account; their calls queue further on, and those that AWS takes together are joined.
    pub looks_per_account: usize,
    /// Runs driven at once by this worker.
    pub runs_at_once: usize,
    /// How long a step that waits for AWS pauses between its looks: less before the first ones, more before later ones.
    pub poll_interval: Duration,
    /// How far behind a run's worker its journal may be, at most: so long what was seen waits to be written with what comes
    /// next, which is as long as the next look takes.
    pub hold_at_most: Duration,
    /// How often this machine's clock and AWS's are compared with the database's.
    pub clocks_every: Duration,
    /// The audit log's keys, and where its checkpoints go.
    pub audit: audit::AuditSettings,
    /// Where bundles for where no server is go.
    pub bundles: bundles::BundleSettings,
}

impl EngineSettings {
    #[must_use]
    pub fn new(data: PathBuf) -> Self {
        Self {
            audit: audit::AuditSettings::within(&data),
            bundles: bundles::BundleSettings::within(&data),
            data,
            sweep_interval: Duration::from_secs(30),
            looks_per_account: 256,
            runs_at_once: 64,
            poll_interval: Duration::from_millis(500),
            hold_at_most: Duration::from_millis(500),
            clocks_every: Duration::from_secs(20),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Store(#[from] holdfast_store::Error),
    #[error(
        "the worker's id in {path}: {source}. Give each worker a --data folder of its own that it can write to."
    )]
    WorkerId { path: PathBuf, source: std::io::Error },
    #[error("{path}: {source}. Let this worker read and write in its --data folder.")]
    AtWork { path: PathBuf, source: std::io::Error },
    #[error("another worker holds {path}. Give this one a --data folder of its own, or stop the other.")]
    WorkerIdTaken { path: PathBuf },
}

/// The running workers of one process.
#[derive(Debug)]
pub struct Engine {
    stop: CancellationToken,
    tasks: TaskTracker,
    /// Held for its lock.
    _id: worker_id::WorkerId,
}

impl Engine {
    /// Takes the worker's lease and starts its loops. Steps look and call through `cloud`, and ask for runs of other
    /// applications through `asks`.
    ///
    /// # Errors
    /// When the data folder's id cannot be had or the database does not answer.
    pub async fn start(
        store: Store,
        cloud: Arc<dyn Cloud>,
        asks: Arc<dyn Asks>,
        settings: EngineSettings,
    ) -> Result<Self, Error> {
        let id = worker_id::WorkerId::hold(&settings.data)?;
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        // Page views must not be able to take the last connection from a failover.
        let store = store.for_engine();
        let lease = lease::Lease::take(store.for_lease(), id.as_str().to_owned()).await?;
        let clock = lease.clock().clone();
        let at_work = after_a_death(&store, id.as_str(), &settings.data).await?;
        let memory = gaps::Memory::default();
        let executor = executor::Executor {
            store: store.clone(),
            cloud: cloud.clone(),
            asks: asks.clone(),
            lease: lease.clone(),
            settings: settings.clone(),
            stop: stop.clone(),
            tasks: tasks.clone(),
            at_work,
            drives: TaskTracker::new(),
            memory: memory.clone(),
        };
        // The lease is kept until the executor has given it back: what is under way at a stop still needs it.
        let lease_over = CancellationToken::new();
        tasks.spawn(lease.keep(lease_over.clone()));
        tasks.spawn(async move {
            executor.run().await;
            lease_over.cancel();
        });
        tasks.spawn(gaps::run(store.clone(), memory, id.as_str().to_owned(), stop.clone()));
        tasks.spawn(audit::run(store.clone(), settings.audit.clone(), stop.clone()));
        let exporter = bundles::Exporter::new(
            store.clone(),
            asks.clone(),
            settings.audit.clone(),
            settings.bundles.clone(),
        );
        tasks.spawn(bundles::run(exporter, stop.clone()));
        tasks.spawn(clocks::run(
            store.clone(),
            cloud.clone(),
            id.as_str().to_owned(),
            settings.clocks_every,
            stop.clone(),
        ));
        tasks.spawn(collector::run(
            store.clone(),
            cloud,
            clock,
            id.as_str().to_owned(),
            settings,
            stop.clone(),
        ));
        tasks.spawn(plans::run(asks.clone(), stop.clone()));
        tasks.spawn(evacuations::run(store.clone(), stop.clone()));
        tasks.spawn(drills::run(store.clone(), asks, stop.clone()));
        tasks.spawn(expiry::run(store, stop.clone()));
        Ok(Self { stop, tasks, _id: id })
    }

    /// Stops starting anything, waits for what is under way to reach a journalled point, gives the lease back.
    pub async fn shutdown(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// What the process before this one in the folder died of is counted before any of it is tried again.
async fn after_a_death(
    store: &Store,
    worker: &str,
    data: &std::path::Path,
) -> Result<at_work::AtWork, Error> {
    let wrong = |source| Error::AtWork { path: data.to_owned(), source };
    let (at_work, died_of) = at_work::AtWork::open(data).map_err(wrong)?;
    for run in died_of {
        if let Err(error) = crash::count(store, (worker, None), run, crash::DIED).await {
            tracing::error!(%run, %error, "that the server died of a run could not be counted");
        }
    }
    at_work.clear().map_err(wrong)?;
    Ok(at_work)
}
