//! Claims runs and drives each: asks the pure core what is next, does it, journals it.

use crate::EngineSettings;
use crate::journal::{Journal, Lost};
use crate::lease::Lease;
use crate::look::Ground;
use crate::step::{StepDrive, drive};
use holdfast_cloud::Cloud;
use holdfast_domain::{RunId, StepId};
use holdfast_failover::run::{Event, Next};
use holdfast_store::{Fence, Store, Wakeup, Wakeups};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Also without any notification the database is asked this often: notifications may be lost.
const POLL: Duration = Duration::from_secs(1);

/// The runs in this worker's hands, so that one is never driven twice side by side.
type InHand = Arc<Mutex<HashSet<RunId>>>;

pub async fn run(
    store: Store,
    cloud: Arc<dyn Cloud>,
    lease: Lease,
    settings: EngineSettings,
    stop: CancellationToken,
    tasks: TaskTracker,
) {
    let in_hand: InHand = InHand::default();
    let mut wakeups = store.wakeups();
    let mut poll = tokio::time::interval(POLL);
    poll.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !stop.is_cancelled() {
        claim(&store, &cloud, &lease, &settings, &stop, &tasks, &in_hand).await;
        tokio::select! {
            () = stop.cancelled() => break,
            _ = poll.tick() => {}
            () = run_news(&mut wakeups) => {}
        }
    }
    while !in_hand.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    lease.give_back().await;
}

async fn run_news(wakeups: &mut Wakeups) {
    while !matches!(wakeups.next().await, Wakeup::Run(_) | Wakeup::LookAgain) {}
}

async fn claim(
    store: &Store,
    cloud: &Arc<dyn Cloud>,
    lease: &Lease,
    settings: &EngineSettings,
    stop: &CancellationToken,
    tasks: &TaskTracker,
    in_hand: &InHand,
) {
    let fence = lease.fence();
    let free =
        settings.runs_at_once.saturating_sub(in_hand.lock().unwrap_or_else(PoisonError::into_inner).len());
    if free == 0 || stop.is_cancelled() || !lease.holds(fence.epoch).await {
        return;
    }
    let mut runs: Vec<RunId> = match store.claim(&fence, u32::try_from(free).unwrap_or(u32::MAX)).await {
        Ok(claims) => claims.into_iter().map(|c| c.run).collect(),
        Err(error) => {
            tracing::warn!(%error, "runs could not be claimed");
            return;
        }
    };
    // Held, but waiting for a person when last driven: look whether they have spoken.
    match store.held_runs(&fence).await {
        Ok(held) => runs.extend(held),
        Err(error) => tracing::warn!(%error, "this worker's runs could not be listed"),
    }
    for run in runs {
        if !in_hand.lock().unwrap_or_else(PoisonError::into_inner).insert(run) {
            continue;
        }
        let fence = fence.clone();
        let (store, cloud, lease, settings, stop, in_hand) =
            (store.clone(), cloud.clone(), lease.clone(), settings.clone(), stop.clone(), in_hand.clone());
        tasks.spawn(async move {
            let outcome = drive_run(&store, &cloud, &lease, fence, &settings, &stop, run).await;
            if let Err(lost) = outcome {
                tracing::warn!(%run, %lost, "let go of a run");
            }
            in_hand.lock().unwrap_or_else(PoisonError::into_inner).remove(&run);
        });
    }
}

/// Goes on until the run has ended, waits for a person, is lost, or the process stops.
async fn drive_run(
    store: &Store,
    cloud: &Arc<dyn Cloud>,
    lease: &Lease,
    fence: Fence,
    settings: &EngineSettings,
    stop: &CancellationToken,
    id: RunId,
) -> Result<(), Lost> {
    let journal = Arc::new(Journal::open(store.clone(), fence.clone(), id).await?);
    let run = journal.run().await;
    let application = store.application(&run.request.application).await?;
    let accounts = store.accounts().await?;
    let ground = Arc::new(Ground { application, accounts });
    if matches!(run.next(lease.clock().now()), Next::Ended | Next::Wait { .. }) {
        return Ok(());
    }
    if run.owner != Some((fence.worker.clone(), fence.epoch)) {
        let taken = Event::TakenOver { worker: fence.worker, epoch: fence.epoch };
        journal.record(vec![taken], lease.clock().now()).await?;
    }
    let mut wakeups = store.wakeups();
    let mut driving: JoinSet<(StepId, Result<(), Lost>)> = JoinSet::new();
    let mut in_drive: HashSet<StepId> = HashSet::new();
    loop {
        journal.refresh().await?;
        match journal.run().await.next(lease.clock().now()) {
            Next::Ended => return Ok(()),
            Next::Conclude if driving.is_empty() => journal.conclude(lease.clock().now()).await?,
            Next::Wait { .. } if driving.is_empty() => return Ok(()),
            Next::Conclude | Next::Wait { .. } => {}
            Next::Drive { steps } => {
                if !stop.is_cancelled() {
                    for step in steps {
                        if in_drive.insert(step.clone()) {
                            let parts = StepDrive {
                                journal: journal.clone(),
                                cloud: cloud.clone(),
                                lease: lease.clone(),
                                ground: ground.clone(),
                                poll_interval: settings.poll_interval,
                                stop: stop.clone(),
                            };
                            driving.spawn(async move {
                                let outcome = drive(parts, step.clone()).await;
                                (step, outcome)
                            });
                        }
                    }
                }
            }
        }
        if stop.is_cancelled() && driving.is_empty() {
            return Ok(());
        }
        tokio::select! {
            Some(done) = driving.join_next() => {
                let (step, outcome) = done.map_err(|e| Lost::Corrupt(format!("a step's task ended badly: {e}")))?;
                in_drive.remove(&step);
                outcome?;
            }
            () = run_news(&mut wakeups) => {}
            () = tokio::time::sleep(POLL) => {}
            () = stop.cancelled(), if !stop.is_cancelled() => {}
        }
    }
}
