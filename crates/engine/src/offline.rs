//! A run carried out where no server is: the same run machine and the same steps as ever, over a journal in a file. Nothing
//! is called before its intent is on the disk; whoever starts it again looks before anything is done. What comes of a race
//! with a server is what comes of any other change from outside: each step checks, acts and verifies, so that what is done
//! already is found done.

mod file;

pub use file::JournalFile;

use crate::crash;
use crate::journal::{Book, Journal, Lost};
use crate::look::Ground;
use crate::step::{Looked, StepDrive, drive};
use holdfast_clock::DatabaseClock;
use holdfast_cloud::Cloud;
use holdfast_domain::{Account, Application, RunId, StepId};
use holdfast_failover::run::{Command, Event, Next, Run};
use jiff::Timestamp;
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

const POLL: Duration = Duration::from_millis(500);
/// What was seen waits so long at most for what it is written with.
const HOLD_AT_MOST: Duration = Duration::from_millis(500);

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Fault(#[from] holdfast_offline::Fault),
    #[error("{0}")]
    Refused(holdfast_failover::Refusal),
    #[error("{path}: {source}. Name a file in a folder that you may write to, on a disk with room.")]
    File { path: PathBuf, source: std::io::Error },
    #[error("{path} is there already. Go on with it by `--journal`, or name another file for another run.")]
    ThereAlready { path: PathBuf },
    #[error("another process writes {path}. Let it end, or stop it, and start this one again.")]
    InUse { path: PathBuf },
    #[error("{0}. Start it again with the same journal: it goes on where that ends.")]
    Stopped(String),
}

impl From<Lost> for Error {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::Illegal(refusal) => Self::Refused(refusal),
            other => Self::Stopped(other.to_string()),
        }
    }
}

/// A run in hand.
#[derive(Debug)]
pub struct Carrier {
    journal: Arc<Journal>,
    parts: StepDrive,
}

impl Carrier {
    /// Takes the run of this file in hand.
    ///
    /// # Errors
    /// When the file tells no run, or cannot be written.
    pub async fn take(
        file: Arc<JournalFile>,
        run: RunId,
        cloud: Arc<dyn Cloud>,
        (application, accounts): (Application, Vec<Account>),
        stop: CancellationToken,
    ) -> Result<Self, Error> {
        let entries = file.entries(run, 0).await?;
        let before = Run::replay(run, &entries).map_err(|error| Error::Stopped(error.to_string()))?;
        // A clock that was set back in between must not make anything look younger than what was written before it.
        let last = entries.last().map_or(Timestamp::MIN, |entry| entry.at);
        let clock = DatabaseClock::at(holdfast_clock::now().max(last));
        let epoch = before.owner.as_ref().map_or(1, |(_, epoch)| epoch + 1);
        let journal = Arc::new(Journal::open(file, epoch, run, HOLD_AT_MOST).await?);
        for seen in &before.request.plan.before {
            cloud.recall(&seen.facts);
        }
        let parts = StepDrive {
            journal: journal.clone(),
            cloud,
            clock,
            ground: Arc::new(Ground { application, accounts }),
            replica: None,
            poll_interval: POLL,
            stop,
        };
        if !before.state.is_over() {
            let taken = Event::TakenOver { worker: "offline".to_owned(), epoch };
            journal.record(vec![taken], parts.clock.now()).await?;
        }
        Ok(Self { journal, parts })
    }

    /// What the operator says of it.
    ///
    /// # Errors
    /// The run machine's refusal.
    pub async fn say(&self, command: Command) -> Result<(), Error> {
        Ok(self.journal.said(command, self.parts.clock.now()).await?)
    }

    pub async fn run(&self) -> Run {
        Arc::unwrap_or_clone(self.journal.run().await)
    }

    /// Goes on until it has ended or needs a person, or is told to stop.
    ///
    /// # Errors
    /// When the journal cannot be written: then nothing more is called.
    pub async fn carry_on(&self) -> Result<Next, Error> {
        let (journal, clock, stop) = (&self.journal, &self.parts.clock, &self.parts.stop);
        let mut driving: JoinSet<(StepId, Result<Looked, Lost>)> = JoinSet::new();
        let mut in_drive: HashSet<StepId> = HashSet::new();
        let mut lost: Option<Lost> = None;
        loop {
            // A call that is out is waited for, whatever became of the journal.
            if driving.is_empty()
                && let Some(lost) = lost.take()
            {
                // What was seen until then is written all the same, where it can be.
                if let Err(also) = journal.write_held(clock.now()).await {
                    tracing::warn!(%also, "what was seen last is not in the journal");
                }
                return Err(lost.into());
            }
            if lost.is_none() && !stop.is_cancelled() {
                let next = journal.run().await.next(clock.now());
                match next {
                    Next::Drive { steps } => {
                        let new = steps.into_iter().filter(|step| in_drive.insert(step.clone()));
                        for step in new.collect::<Vec<_>>() {
                            let parts = self.parts.clone();
                            driving.spawn(async move {
                                let outcome = crash::caught(drive(parts, step.clone())).await;
                                (step, outcome)
                            });
                        }
                    }
                    Next::Until { .. } => {}
                    _ if !driving.is_empty() => {}
                    Next::Conclude => {
                        journal.conclude(clock.now()).await?;
                        continue;
                    }
                    next @ (Next::AwaitCommit | Next::RollBack) => {
                        journal.settle_commit(&next, clock.now()).await?;
                        continue;
                    }
                    next @ (Next::Wait { .. } | Next::Ended) => {
                        journal.write_held(clock.now()).await?;
                        return Ok(next);
                    }
                }
            }
            if stop.is_cancelled() && driving.is_empty() {
                journal.write_held(clock.now()).await?;
                return Ok(journal.run().await.next(clock.now()));
            }
            tokio::select! {
                Some(done) = driving.join_next() => {
                    let (step, outcome) =
                        done.map_err(|error| Error::Stopped(format!("a defect: {error}")))?;
                    in_drive.remove(&step);
                    match outcome {
                        Ok(_) => {}
                        // Another branch came first: what is next is asked anew.
                        Err(late) if late.is_too_late() => tracing::debug!(%step, %late, "news that came too late"),
                        Err(other) => lost = Some(other),
                    }
                }
                () = journal.held_too_long(), if lost.is_none() => {
                    lost = journal.write_held(clock.now()).await.err();
                }
                () = tokio::time::sleep(POLL) => {}
                () = stop.cancelled(), if !stop.is_cancelled() => {}
            }
        }
    }
}
