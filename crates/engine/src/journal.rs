//! One run's journal in the hands of its worker: every event is checked by the pure core, written under the
//! worker's epoch, and only then believed.

use holdfast_domain::RunId;
use holdfast_failover::run::{Command, Event, Run};
use holdfast_store::Store;
use jiff::Timestamp;
use tokio::sync::{Mutex, watch};

/// Why a worker must let go of a run.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    #[error("another worker owns the run now, or the lease has run out")]
    Fenced,
    #[error("the journal refuses it: {0}")]
    Illegal(holdfast_failover::Refusal),
    #[error("the journal cannot be read: {0}")]
    Corrupt(String),
    #[error(transparent)]
    Store(holdfast_store::Error),
}

impl From<holdfast_store::Error> for Lost {
    fn from(error: holdfast_store::Error) -> Self {
        match error {
            holdfast_store::Error::Fenced => Self::Fenced,
            other => Self::Store(other),
        }
    }
}

#[derive(Debug)]
pub struct Journal {
    store: Store,
    worker: String,
    epoch: i64,
    run: Mutex<Run>,
    /// The newest sequence number, for whoever waits for the run to move.
    moved: watch::Sender<i64>,
}

impl Journal {
    /// Replays the run from its first entry.
    ///
    /// # Errors
    /// [`Lost::Corrupt`] when the entries do not tell a run.
    pub async fn open(store: Store, worker: &str, epoch: i64, id: RunId) -> Result<Self, Lost> {
        let entries = store.entries(id, 0).await?;
        let run = Run::replay(id, &entries).map_err(|e| Lost::Corrupt(e.to_string()))?;
        let moved = watch::Sender::new(run.seq);
        Ok(Self { store, worker: worker.to_owned(), epoch, run: Mutex::new(run), moved })
    }

    pub fn epoch(&self) -> i64 {
        self.epoch
    }
    pub async fn run(&self) -> Run {
        self.run.lock().await.clone()
    }
    pub fn watch(&self) -> watch::Receiver<i64> {
        self.moved.subscribe()
    }

    /// Takes in what people, or a former worker, have written since.
    ///
    /// # Errors
    /// When the database does not answer or an entry does not fit.
    pub async fn refresh(&self) -> Result<(), Lost> {
        let mut run = self.run.lock().await;
        self.take_in(&mut run).await
    }

    async fn take_in(&self, run: &mut Run) -> Result<(), Lost> {
        for entry in self.store.entries(run.id, run.seq).await? {
            run.apply(&entry);
        }
        self.moved.send_replace(run.seq);
        Ok(())
    }

    /// Writes these events in one transaction, all or none.
    ///
    /// # Errors
    /// [`Lost`]: nothing was written.
    pub async fn record(&self, events: Vec<Event>, now: Timestamp) -> Result<(), Lost> {
        self.carry_out(events.into_iter().map(Command::Record).collect(), now).await
    }

    /// Ends the run: nothing is left to do.
    ///
    /// # Errors
    /// [`Lost`]: nothing was written.
    pub async fn conclude(&self, now: Timestamp) -> Result<(), Lost> {
        self.carry_out(vec![Command::Conclude], now).await
    }

    async fn carry_out(&self, commands: Vec<Command>, now: Timestamp) -> Result<(), Lost> {
        let mut run = self.run.lock().await;
        loop {
            let mut events = Vec::new();
            let mut ahead = run.clone();
            for command in &commands {
                for event in ahead.handle(command.clone(), now).map_err(Lost::Illegal)? {
                    ahead.seq += 1;
                    let entry = holdfast_failover::run::Entry { seq: ahead.seq, at: now, event };
                    ahead.apply(&entry);
                    events.push(entry.event);
                }
            }
            match self.store.append_as(&self.worker, self.epoch, run.id, run.seq, &events, &ahead).await {
                Ok(entries) => {
                    for entry in &entries {
                        run.apply(entry);
                    }
                    self.moved.send_replace(run.seq);
                    return Ok(());
                }
                // A person wrote in between: take it in and ask the pure core again.
                Err(holdfast_store::Error::Conflict(_)) => self.take_in(&mut run).await?,
                Err(error) => return Err(error.into()),
            }
        }
    }
}
