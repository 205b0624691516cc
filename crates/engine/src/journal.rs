//! One run's journal in the hands of whoever carries it out: every event is checked by the pure core and written under the
//! worker's epoch, into the database ([`database`]) or, where there is none, into a file (`offline.rs`). What was only seen is held and written together with what comes next, at the latest before the next call
//! leaves: what is lost of it with the worker, the next one sees again (decision 35).

pub mod database;

use async_trait::async_trait;
use futures::future::BoxFuture;
use holdfast_domain::RunId;
use holdfast_failover::run::{Command, Entry, Event, Next, Run};
use jiff::Timestamp;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, Notify};
use tokio::time::Instant;

/// Why a worker must let go of a run.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    #[error("another worker owns the run now, or the lease has run out")]
    Fenced,
    #[error("the journal refuses it: {0}")]
    Illegal(holdfast_failover::Refusal),
    /// A standby without the last commits was promoted: what was believed is no longer written.
    #[error("the journal is shorter than it was, or another: the database has lost entries")]
    Rewound,
    #[error("the journal cannot be read: {0}")]
    Corrupt(String),
    /// Of a file: whether it is on the disk is not known, and nothing more is done.
    #[error("the journal's file cannot be written: {0}")]
    Unwritten(String),
    #[error("its application is not in the inventory any more")]
    NoApplication,
    #[error("its application cannot be read: {0}")]
    Unreadable(holdfast_store::UnreadableApplication),
    #[error("a defect: {0}")]
    Crashed(String),
    #[error(transparent)]
    Store(holdfast_store::Error),
}

impl Lost {
    /// Whether a person spoke first, and what was to be written is no longer so. Of a plan that was changed behind
    /// everybody's back nothing is.
    pub fn is_too_late(&self) -> bool {
        matches!(self, Self::Illegal(refusal) if refusal.code != "stale_plan")
    }
}

impl From<holdfast_store::Error> for Lost {
    fn from(error: holdfast_store::Error) -> Self {
        match error {
            holdfast_store::Error::Fenced { .. } => Self::Fenced,
            holdfast_store::Error::Corrupt(what) => Self::Corrupt(what),
            holdfast_store::Error::UnreadableApplication(one) => Self::Unreadable(one),
            other => Self::Store(other),
        }
    }
}

/// Where the entries of a run's journal are kept.
#[async_trait]
pub trait Book: Send + Sync + std::fmt::Debug {
    /// Those after this one, in order.
    ///
    /// # Errors
    /// When they cannot be read.
    async fn entries(&self, run: RunId, after_seq: i64) -> Result<Vec<Entry>, Lost>;

    /// Writes what follows on `written`, all or none, so that it is kept whatever happens next; answers with the entries as
    /// they are kept. `ahead` is the run after them. `None`: somebody else wrote first.
    ///
    /// # Errors
    /// [`Lost`]: nothing was written, or nobody can tell.
    async fn append(&self, written: &Run, new: &[Entry], ahead: &Run) -> Result<Option<Vec<Entry>>, Lost>;
}

#[derive(Debug)]
pub struct Journal {
    book: Arc<dyn Book>,
    epoch: i64,
    known: Mutex<Known>,
    hold_at_most: Duration,
    /// Told when something begins to be held.
    holding: Notify,
}

#[derive(Debug)]
struct Known {
    /// As it is written, and when its last entry was. Shared with whoever looks at it: a run with all that its steps have seen
    /// is long.
    written: Arc<Run>,
    written_at: Timestamp,
    /// Decided, and not written yet.
    held: Vec<Entry>,
    /// When it is written at the latest.
    due: Option<Instant>,
    /// `written` with `held` taken in: what is decided from.
    run: Arc<Run>,
}

impl Known {
    /// What these commands make of the run, without a change to it.
    fn decide(&self, commands: &[Command], now: Timestamp) -> Result<(Vec<Entry>, Arc<Run>), Lost> {
        let (mut new, mut ahead) = (Vec::new(), self.run.clone());
        for command in commands {
            for event in ahead.handle(command.clone(), now).map_err(Lost::Illegal)? {
                let entry = Entry { seq: ahead.seq + 1, at: now, event };
                Arc::make_mut(&mut ahead).apply(&entry).map_err(|e| Lost::Corrupt(e.to_string()))?;
                new.push(entry);
            }
        }
        Ok((new, ahead))
    }

    fn take_in(&mut self, entries: &[Entry]) -> Result<(), Lost> {
        for entry in entries {
            Arc::make_mut(&mut self.written).apply(entry).map_err(|e| Lost::Corrupt(e.to_string()))?;
            self.written_at = entry.at;
        }
        Ok(())
    }

    /// All that was held is among what has been written.
    fn all_written(&mut self, entries: &[Entry]) -> Result<(), Lost> {
        self.take_in(entries)?;
        self.held.clear();
        self.due = None;
        self.run = self.written.clone();
        Ok(())
    }

    /// What others have written comes first. Of what is held, that stays which is still so after it.
    fn overtaken_by(&mut self, news: &[Entry]) -> Result<(), Lost> {
        self.take_in(news)?;
        self.run = self.written.clone();
        for mut entry in std::mem::take(&mut self.held) {
            entry.seq = self.run.seq + 1;
            match Arc::make_mut(&mut self.run).apply(&entry) {
                Ok(()) => self.held.push(entry),
                Err(why) => tracing::debug!(run = %self.run.id, %why, "what was held is no longer so"),
            }
        }
        if self.held.is_empty() {
            self.due = None;
        }
        Ok(())
    }
}

impl Journal {
    /// Replays the run from its first entry.
    ///
    /// # Errors
    /// [`Lost::Corrupt`] when the entries do not tell a run.
    pub async fn open(
        book: Arc<dyn Book>,
        epoch: i64,
        id: RunId,
        hold_at_most: Duration,
    ) -> Result<Self, Lost> {
        let entries = book.entries(id, 0).await?;
        let run = Arc::new(Run::replay(id, &entries).map_err(|e| Lost::Corrupt(e.to_string()))?);
        let written_at = entries.last().map_or(run.requested_at, |last| last.at);
        let known = Known { written: run.clone(), written_at, held: Vec::new(), due: None, run };
        Ok(Self { book, epoch, known: Mutex::new(known), hold_at_most, holding: Notify::new() })
    }

    pub fn epoch(&self) -> i64 {
        self.epoch
    }
    /// With what is held.
    pub async fn run(&self) -> Arc<Run> {
        self.known.lock().await.run.clone()
    }

    /// Takes in what people, or a former worker, have written since.
    ///
    /// # Errors
    /// When the database does not answer or an entry does not fit.
    pub async fn refresh(&self) -> Result<(), Lost> {
        let mut known = self.known.lock().await;
        self.read_on(&mut known).await.map(drop)
    }

    /// Answers whether there was anything new. The last entry is read once more: a standby that was promoted without it may
    /// hold another in its place.
    async fn read_on(&self, known: &mut Known) -> Result<bool, Lost> {
        let (id, seq, written_at) = (known.written.id, known.written.seq, known.written_at);
        let entries = self.book.entries(id, seq - 1).await?;
        let Some((last, news)) = entries.split_first() else { return Err(Lost::Rewound) };
        if (last.seq, last.at) != (seq, written_at) {
            return Err(Lost::Rewound);
        }
        if !news.is_empty() {
            known.overtaken_by(news)?;
        }
        Ok(!news.is_empty())
    }

    /// Writes these events in one transaction with all that is held, all or none.
    ///
    /// # Errors
    /// [`Lost`]: nothing was written.
    pub async fn record(&self, events: Vec<Event>, now: Timestamp) -> Result<(), Lost> {
        self.carry_out(events.into_iter().map(Command::Record).collect(), now).await.map(drop)
    }

    /// Decides these events now, and lets them be written with what comes next. For what can be seen again: if this
    /// worker dies before, it is as if it had died a moment earlier.
    ///
    /// # Errors
    /// [`Lost`]: nothing is held.
    pub async fn hold(&self, events: Vec<Event>, now: Timestamp) -> Result<(), Lost> {
        let mut known = self.known.lock().await;
        let commands: Vec<Command> = events.into_iter().map(Command::Record).collect();
        let (new, run) = known.decide(&commands, now)?;
        known.held.extend(new);
        known.run = run;
        known.due.get_or_insert_with(|| Instant::now() + self.hold_at_most);
        self.holding.notify_one();
        Ok(())
    }

    /// Writes what is held; answers whether there was anything.
    ///
    /// # Errors
    /// [`Lost`]: nothing was written.
    pub async fn write_held(&self, now: Timestamp) -> Result<bool, Lost> {
        self.carry_out(Vec::new(), now).await
    }

    /// Until something has been held for long enough.
    pub async fn held_too_long(&self) {
        loop {
            let due = self.known.lock().await.due;
            match due {
                Some(due) if due <= Instant::now() => return,
                Some(due) => tokio::time::sleep_until(due).await,
                None => self.holding.notified().await,
            }
        }
    }

    /// However long the work takes, nothing is held for too long meanwhile.
    ///
    /// # Errors
    /// [`Lost`]: what is held could not be written.
    pub async fn while_at<T>(
        &self,
        work: impl Future<Output = T>,
        now: impl Fn() -> Timestamp,
    ) -> Result<T, Lost> {
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return Ok(done),
                () = self.held_too_long() => drop(self.write_held(now()).await?),
            }
        }
    }

    /// Ends the run: nothing is left to do.
    ///
    /// # Errors
    /// [`Lost`]: nothing was written.
    pub async fn conclude(&self, now: Timestamp) -> Result<(), Lost> {
        self.carry_out(vec![Command::Conclude], now).await.map(drop)
    }

    /// What a person says, where no server hears it.
    ///
    /// # Errors
    /// [`Lost::Illegal`] with the refusal; or nothing was written.
    pub async fn said(&self, command: Command, now: Timestamp) -> Result<(), Lost> {
        self.carry_out(vec![command], now).await.map(drop)
    }

    /// Begins the commit window, or ends it.
    ///
    /// # Errors
    /// [`Lost`]: nothing was written.
    pub async fn settle_commit(&self, next: &Next, now: Timestamp) -> Result<(), Lost> {
        let command = match next {
            Next::AwaitCommit => Command::AwaitCommit,
            Next::RollBack => Command::RollBack,
            _ => return Ok(()),
        };
        self.carry_out(vec![command], now).await.map(drop)
    }

    /// Answers whether anything was written. On the heap: it is awaited in so many places of a step that it would fill the
    /// step's stack with room for each.
    fn carry_out(&self, commands: Vec<Command>, now: Timestamp) -> BoxFuture<'_, Result<bool, Lost>> {
        Box::pin(self.carry_out_now(commands, now))
    }

    async fn carry_out_now(&self, commands: Vec<Command>, now: Timestamp) -> Result<bool, Lost> {
        let mut known = self.known.lock().await;
        let mut in_vain = false;
        loop {
            let (new, ahead) = known.decide(&commands, now)?;
            let all: Vec<Entry> = known.held.iter().chain(&new).cloned().collect();
            // What it was about no longer is: nobody is asked about a step that was replaced.
            if all.is_empty() {
                return Ok(false);
            }
            match self.book.append(&known.written, &all, &ahead).await? {
                Some(entries) => return known.all_written(&entries).map(|()| true),
                // A person wrote in between: take it in and ask the pure core again. A lease that ended and was renewed looks the
                // same, once.
                None if self.read_on(&mut known).await? => in_vain = false,
                None if in_vain => {
                    let why = "the run is said to end at another entry than its journal does";
                    return Err(Lost::Corrupt(why.to_owned()));
                }
                None => in_vain = true,
            }
        }
    }
}
