//! Claims runs and drives each: asks the pure core what is next, does it, journals it.

use crate::EngineSettings;
use crate::asks::Asks;
use crate::at_work::AtWork;
use crate::collector::look_at_application;
use crate::crash;
use crate::gaps::Memory;
use crate::hands::{Hands, Held};
use crate::journal::database::Database;
use crate::journal::{Journal, Lost};
use crate::lease::Lease;
use crate::look::Ground;
use crate::step::{Looked, Replica, StepDrive, drive};
use holdfast_cloud::{Access, Acting, Cloud, Direction};
use holdfast_domain::{RunId, StepId};
use holdfast_failover::run::{Event, Next, Run, RunState};
use holdfast_store::{AccountProbe, AccountRole, Fence, Store, Wakeup, Wakeups};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

/// Also without any notification the database is asked this often: notifications may be lost.
const POLL: Duration = Duration::from_secs(1);
/// While runs go on every entry of theirs is news; it is asked no more often than this what there is to claim.
const BETWEEN_CLAIMS: Duration = Duration::from_millis(5);
/// Behind the end of a lease, so that it has ended when the database is asked.
const BEHIND: Duration = Duration::from_millis(10);

#[derive(Debug, Clone)]
pub struct Executor {
    pub store: Store,
    pub cloud: Arc<dyn Cloud>,
    pub asks: Arc<dyn Asks>,
    pub lease: Lease,
    pub settings: EngineSettings,
    pub stop: CancellationToken,
    pub tasks: TaskTracker,
    pub at_work: AtWork,
    /// The runs in hand.
    pub drives: TaskTracker,
    pub memory: Memory,
}

impl Executor {
    /// Until told to stop; then waits for the runs in hand to reach a journalled point and gives the lease back.
    pub async fn run(self) {
        let hands = Hands::default();
        let mut wakeups = self.store.wakeups();
        while !self.stop.is_cancelled() {
            let pause = self.claim(&hands).await;
            let not_before = Instant::now() + BETWEEN_CLAIMS;
            tokio::select! {
                () = self.stop.cancelled() => break,
                () = tokio::time::sleep(pause) => {}
                () = news(&mut wakeups, &hands) => {}
                () = hands.let_go() => {}
            }
            tokio::time::sleep_until(not_before).await;
        }
        self.drives.close();
        self.drives.wait().await;
        self.lease.give_back().await;
    }

    /// Answers with how long until there may be more to claim, without any notification.
    async fn claim(&self, hands: &Hands) -> Duration {
        let fence = self.lease.fence();
        let free = self.settings.runs_at_once.saturating_sub(hands.count());
        if free == 0 || self.stop.is_cancelled() || !self.lease.holds(fence.epoch) {
            return POLL;
        }
        match self.store.claim(&fence, u32::try_from(free).unwrap_or(u32::MAX)).await {
            Ok(claims) => self.begin(hands, &fence, claims.into_iter().map(|claim| claim.run)),
            Err(error) => {
                tracing::warn!(%error, "runs could not be claimed");
                return POLL;
            }
        }
        match self.store.watch(&fence).await {
            Ok(watch) => {
                // Held, and at rest when last driven: those about which somebody has spoken since.
                self.begin(hands, &fence, watch.mine);
                // The runs of a worker that has died are free with its lease, not a poll later.
                watch.next_lease_ends_in.map_or(POLL, |ends_in| (ends_in + BEHIND).min(POLL))
            }
            Err(error) => {
                tracing::warn!(%error, "who drives what could not be asked");
                POLL
            }
        }
    }

    /// Those of these runs that are not in hand yet, and do not rest.
    fn begin(&self, hands: &Hands, fence: &Fence, runs: impl IntoIterator<Item = RunId>) {
        for held in runs.into_iter().filter_map(|run| hands.take(run)) {
            let (executor, fence) = (self.clone(), fence.clone());
            let drive = async move {
                let drive = executor.drive(&held, fence.clone());
                match executor.at_work.on(held.run(), crash::caught(drive)).await {
                    Ok(()) => {}
                    Err(lost) if lost.is_a_crash() => executor.crashed(&held, &fence, &lost).await,
                    Err(lost) => {
                        tracing::warn!(run = %held.run(), %lost, "let go of a run");
                        // Of one that is another's now, or is held under an older lease, nothing here has failed.
                        if !matches!(lost, Lost::Fenced) {
                            held.rest_after_failing(1);
                        }
                    }
                }
            };
            self.tasks.spawn(self.drives.track_future(drive));
        }
    }

    fn last_look(&self, id: RunId, ground: &Arc<Ground>) -> AbortOnDropHandle<Result<(), Lost>> {
        let (executor, ground) = (self.clone(), ground.clone());
        AbortOnDropHandle::new(tokio::spawn(async move {
            let look = async {
                let seen_by = (&executor.store, &executor.cloud, executor.lease.clock());
                look_at_application(seen_by, &ground, executor.settings.looks_per_account).await;
                Ok(())
            };
            executor.at_work.on(id, crash::caught(look)).await
        }))
    }

    /// Counted where every replica's crashes are; until the last one this worker tries again, after a pause.
    async fn crashed(&self, held: &Held, fence: &Fence, lost: &Lost) {
        let by = (fence.worker.as_str(), Some(fence));
        let count = match crash::count(&self.store, by, held.run(), &lost.to_string()).await {
            Ok(crash) => crash.map_or(1, |crash| crash.count),
            Err(error) => {
                tracing::error!(run = %held.run(), %lost, %error, "a crash could not be counted");
                1
            }
        };
        held.rest_after_failing(count);
    }

    /// Goes on until the run has ended, waits for a person, is lost, or the process stops. What is said of the run is heard from
    /// before its journal is read, so that nothing in between is missed.
    async fn drive(&self, held: &Held, fence: Fence) -> Result<(), Lost> {
        let (id, lease, stop) = (held.run(), &self.lease, &self.stop);
        let memory = self.memory.clone();
        let book = Arc::new(Database { store: self.store.clone(), fence: fence.clone(), memory });
        let journal = Arc::new(Journal::open(book, fence.epoch, id, self.settings.hold_at_most).await?);
        let run = journal.run().await;
        if rests(&run, &run.next(lease.clock().now())) {
            held.rest();
            return Ok(());
        }
        let (application, accounts) =
            tokio::join!(self.store.application(&run.request.application), self.store.accounts());
        let application = match application {
            Err(holdfast_store::Error::NotFound(_)) => return Err(Lost::NoApplication),
            found => found?,
        };
        let accounts = accounts?;
        let ground = Arc::new(Ground { application, accounts });
        if run.owner != Some((fence.worker.clone(), fence.epoch)) {
            let taken = vec![Event::TakenOver { worker: fence.worker.clone(), epoch: fence.epoch }];
            let taken = match &run.owner {
                Some(_) => journal.record(taken, lease.clock().now()).await,
                // From nobody: that it is in hand is said with the first thing done.
                None => journal.hold(taken, lease.clock().now()).await,
            };
            match taken {
                Err(lost) if lost.is_too_late() => return Ok(()),
                taken => taken?,
            }
        }
        // What the plan was made from outlives the process that saw it.
        for before in &run.request.plan.before {
            self.cloud.recall(&before.facts);
        }
        self.tasks.spawn(ask_roles(self.clone(), ground.clone(), run));
        let replica = Replica {
            store: self.store.clone(),
            lease: lease.clone(),
            fence: fence.clone(),
            asks: self.asks.clone(),
            looks_at_once: self.settings.looks_per_account,
        };
        let parts = StepDrive {
            journal: journal.clone(),
            cloud: self.cloud.clone(),
            clock: lease.clock().clone(),
            ground: ground.clone(),
            replica: Some(replica),
            poll_interval: self.settings.poll_interval,
            stop: stop.clone(),
        };
        let mut driving: JoinSet<(StepId, Result<Looked, Lost>)> = JoinSet::new();
        let mut in_drive: HashSet<StepId> = HashSet::new();
        let mut last_look = LastLook::NotBegun;
        let mut lost: Option<Lost> = None;
        // Whether others may have written: what this worker writes itself is refused when they have, and read then.
        let mut news = false;
        loop {
            if driving.is_empty()
                && let Some(lost) = lost.take()
            {
                // What the other steps came to need not be lost with it.
                if let Err(error) = journal.write_held(lease.clock().now()).await {
                    tracing::debug!(run = %id, %error, "what was held could not be written");
                }
                return Err(lost);
            }
            // A call that is out is waited for, whatever the journal says meanwhile.
            let fresh = lost.is_none() && std::mem::take(&mut news);
            if fresh && let Err(error) = journal.refresh().await {
                lost = Some(error);
                continue;
            }
            if lost.is_none() {
                let run = journal.run().await;
                let next = run.next(lease.clock().now());
                // Nothing is laid aside, or ended, on what others may have changed.
                if driving.is_empty() && !fresh && !matches!(next, Next::Drive { .. }) {
                    news = true;
                    continue;
                }
                // Where no step goes on, and the run does not end, nothing comes that it could be written with.
                let pauses = driving.is_empty() && !matches!(next, Next::Drive { .. } | Next::Conclude);
                if pauses && journal.write_held(lease.clock().now()).await? {
                    continue;
                }
                match next {
                    Next::Ended => return Ok(()),
                    Next::Conclude if driving.is_empty() => {
                        let look = match std::mem::take(&mut last_look) {
                            LastLook::Begun(look) => look,
                            LastLook::NotBegun | LastLook::TooEarly => self.last_look(id, &ground),
                        };
                        let looked = journal.while_at(look, || lease.clock().now()).await?;
                        looked.map_err(|e| Lost::Crashed(format!("the last look ended badly: {e}")))??;
                        match journal.conclude(lease.clock().now()).await {
                            // A person spoke during the look: what is next is asked anew.
                            Err(lost) if lost.is_too_late() => {}
                            concluded => concluded?,
                        }
                        continue;
                    }
                    next @ (Next::AwaitCommit | Next::RollBack) if driving.is_empty() => {
                        match journal.settle_commit(&next, lease.clock().now()).await {
                            // A person spoke meanwhile.
                            Err(lost) if lost.is_too_late() => {}
                            settled => settled?,
                        }
                        continue;
                    }
                    next if driving.is_empty() && rests(&run, &next) => {
                        held.rest();
                        return Ok(());
                    }
                    Next::Drive { steps } if !stop.is_cancelled() => {
                        last_look = match last_look {
                            _ if !run.only_looks_are_left() => LastLook::NotBegun,
                            LastLook::NotBegun => LastLook::Begun(self.last_look(id, &ground)),
                            begun => begun,
                        };
                        for step in
                            steps.into_iter().filter(|step| in_drive.insert(step.clone())).collect::<Vec<_>>()
                        {
                            let (parts, at_work) = (parts.clone(), self.at_work.clone());
                            driving.spawn(async move {
                                let outcome = at_work.on(id, crash::caught(drive(parts, step.clone()))).await;
                                (step, outcome)
                            });
                        }
                    }
                    // Asked again soon.
                    Next::Conclude
                    | Next::AwaitCommit
                    | Next::RollBack
                    | Next::Until { .. }
                    | Next::Wait { .. }
                    | Next::Drive { .. } => {}
                }
            }
            if stop.is_cancelled() && driving.is_empty() {
                journal.write_held(lease.clock().now()).await?;
                return Ok(());
            }
            tokio::select! {
                Some(done) = driving.join_next() => {
                    let (step, outcome) =
                        done.map_err(|e| Lost::Crashed(format!("a step's task ended badly: {e}")))?;
                    in_drive.remove(&step);
                    match outcome {
                        Ok(Looked::AtOnce) => {}
                        Ok(Looked::Again) => last_look = last_look.too_early(),
                        // A person spoke while the step was looking.
                        Err(lost) if lost.is_too_late() => {
                            tracing::debug!(run = %id, %step, %lost, "a step's news came too late");
                            news = true;
                            last_look = last_look.too_early();
                            tokio::time::sleep(self.settings.poll_interval).await;
                        }
                        // The others' calls are under way: their answers are waited for before the run is let go.
                        Err(other) => lost = Some(other),
                    }
                }
                () = journal.held_too_long(), if lost.is_none() => {
                    lost = journal.write_held(lease.clock().now()).await.err();
                }
                () = held.is_spoken_of() => news = true,
                () = tokio::time::sleep(POLL) => news = true,
                () = stop.cancelled(), if !stop.is_cancelled() => {}
            }
        }
    }
}

/// The look at everything with which a run ends. "Completed" is said of a world that everybody can see: what the collector last
/// kept is older than the run's own changes. It is begun beside the last steps where these only look, and counts where each of
/// them was done by what it found at once: nothing has changed since.
#[derive(Debug, Default)]
enum LastLook {
    #[default]
    NotBegun,
    Begun(AbortOnDropHandle<Result<(), Lost>>),
    /// A step waited for something after it: it is looked again.
    TooEarly,
}

impl LastLook {
    fn too_early(self) -> Self {
        match self {
            Self::NotBegun => Self::NotBegun,
            Self::Begun(_) | Self::TooEarly => Self::TooEarly,
        }
    }
}

/// What comes of assuming the act role of each account that the run will use, for the accounts page: beside the run,
/// which does not wait for it.
async fn ask_roles(executor: Executor, ground: Arc<Ground>, run: Arc<Run>) {
    let Ok(step) = StepId::parse("ask-role") else { return };
    for account in ground.accounts.iter().filter(|a| run.plan().roles.contains_key(&a.name)) {
        let access = Access::Act(Acting {
            run: run.id,
            step: step.clone(),
            source_identity: run.on_behalf_of().id.to_string(),
            epoch: executor.lease.epoch(),
            retries: 0,
            direction: Direction::Do,
            timeout: Duration::ZERO,
            change: None,
        });
        let answer = executor.cloud.probe(account, &access).await.map(|i| i.arn).map_err(|e| e.to_string());
        let at = executor.lease.clock().now();
        let probe = AccountProbe { account: account.id.clone(), role: AccountRole::Act, at, answer };
        if let Err(error) = executor.store.record_account_probe(&probe).await {
            tracing::warn!(account = %account.name, %error, "the act role's answer could not be kept");
        }
    }
}

/// Whether it is laid aside until somebody says something, or for a while: one that waits up to a day for a commit must not
/// keep a hand from others.
fn rests(run: &Run, next: &Next) -> bool {
    match next {
        Next::Ended | Next::Wait { .. } => true,
        Next::Until { .. } => run.state == RunState::AwaitingCommit,
        _ => false,
    }
}

/// Until something is said about any run that is not in hand; whoever has one in hand hears of that.
async fn news(wakeups: &mut Wakeups, hands: &Hands) {
    loop {
        match wakeups.next().await {
            Wakeup::Run(run) if hands.wake(run) => return,
            Wakeup::LookAgain => return hands.wake_all(),
            _ => {}
        }
    }
}
