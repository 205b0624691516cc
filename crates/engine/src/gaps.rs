//! Whether the database still has what this worker has read and written of runs' journals. One that was promoted without the
//! last commits has not, and nobody else can tell: a worker that finds it so lets go of the run and reads it anew ([`Lost::Rewound`]),
//! and here it is written down what is gone. What only a worker knew that has died with the database is told by the audit log alone,
//! whose checkpoints lie elsewhere.
//!
//! [`Lost::Rewound`]: crate::journal::Lost::Rewound

use holdfast_domain::{Name, RunId};
use holdfast_failover::gap::Gap;
use holdfast_failover::run::{Entry, Event};
use holdfast_store::{AuditActor, AuditEntry, Store};
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const EVERY: Duration = Duration::from_secs(2);

/// Of each run in this worker's hands, and of those that were until a while after their end: when its entries were written.
#[derive(Debug, Clone, Default)]
pub struct Memory(Arc<Mutex<HashMap<RunId, Told>>>);

#[derive(Debug)]
struct Told {
    application: Name,
    times: Vec<Timestamp>,
    /// What is there now is another journal: nothing of it is taken for what was told before.
    went_back: bool,
}

impl Memory {
    fn runs(&self) -> MutexGuard<'_, HashMap<RunId, Told>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Entries as the database told them, in their order.
    pub fn take_in(&self, run: RunId, entries: &[Entry]) {
        let mut runs = self.runs();
        if let Some(Entry { seq: 1, event: Event::Requested { request }, .. }) = entries.first() {
            runs.entry(run).or_insert_with(|| Told {
                application: request.application.clone(),
                times: Vec::new(),
                went_back: false,
            });
        }
        let Some(told) = runs.get_mut(&run) else { return };
        for entry in entries {
            let Ok(place) = usize::try_from(entry.seq - 1) else { return };
            told.went_back |= told.times.get(place).is_some_and(|at| *at != entry.at);
            if told.went_back {
                return;
            }
            if place == told.times.len() {
                told.times.push(entry.at);
            }
        }
    }

    /// The last entry of each run.
    fn newest(&self) -> HashMap<RunId, (i64, Timestamp)> {
        let last = |told: &Told| Some((i64::try_from(told.times.len()).ok()?, *told.times.last()?));
        self.runs().iter().filter_map(|(run, told)| Some((*run, last(told)?))).collect()
    }

    /// What is lost where this is there.
    fn gap(&self, run: RunId, there: &[Timestamp]) -> Option<Gap> {
        let runs = self.runs();
        let told = runs.get(&run)?;
        Gap::of(run, &told.application, &told.times, there)
    }

    /// What was lost is written down: from here on this is the journal.
    fn begin_anew(&self, run: RunId, there: Vec<Timestamp>) {
        let mut runs = self.runs();
        if there.is_empty() {
            runs.remove(&run);
        } else if let Some(told) = runs.get_mut(&run) {
            (told.times, told.went_back) = (there, false);
        }
    }

    fn forget(&self, run: RunId) {
        self.runs().remove(&run);
    }
}

pub async fn run(store: Store, memory: Memory, worker: String, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(error) = look_back(&store, &memory, &worker).await {
            tracing::warn!(%error, "whether the journals are still there could not be seen");
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

async fn look_back(store: &Store, memory: &Memory, worker: &str) -> Result<(), holdfast_store::Error> {
    let newest = memory.newest();
    if newest.is_empty() {
        return Ok(());
    }
    let asked: Vec<(RunId, i64)> = newest.iter().map(|(run, (seq, _))| (*run, *seq)).collect();
    for found in store.entries_there(&asked).await? {
        if found.at.is_some() && found.at == newest.get(&found.run).map(|(_, at)| *at) {
            if found.settled {
                memory.forget(found.run);
            }
            continue;
        }
        let there = store.entry_times(found.run).await?;
        if let Some(gap) = memory.gap(found.run, &there) {
            write_down(store, &gap, worker).await?;
        }
        memory.begin_anew(found.run, there);
    }
    Ok(())
}

async fn write_down(store: &Store, gap: &Gap, worker: &str) -> Result<(), holdfast_store::Error> {
    tracing::error!(run = %gap.run, kept = gap.kept, known = gap.known, "the database has lost entries of a run's journal");
    let mut change = store.begin().await?;
    if !change.record_gap(gap, worker).await? {
        return Ok(());
    }
    let worker = AuditActor::System { name: worker.to_owned() };
    let detail = serde_json::json!({ "kept": gap.kept, "known": gap.known, "known_at": gap.known_at });
    let entry = AuditEntry::done("run.rewound", worker, "run", gap.run)
        .of_application(&gap.application)
        .because(gap.says())
        .with(detail);
    change.commit(entry).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use holdfast_domain::PersonId;
    use holdfast_failover::run::Who;
    use jiff::SignedDuration;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
    }

    /// Entries from this number on, written then.
    fn entries(from: i64, times: &[i64]) -> Vec<Entry> {
        let who = Who { id: PersonId::fresh(), email: "operator@example.com".into() };
        let request = Box::new(holdfast_testkit::request("shop", who.clone()));
        (from..)
            .zip(times)
            .map(|(seq, seconds)| {
                let event = match seq {
                    1 => Event::Requested { request: request.clone() },
                    _ => Event::Resumed { by: who.clone() },
                };
                Entry { seq, at: at(*seconds), event }
            })
            .collect()
    }

    #[test]
    fn what_is_written_in_the_place_of_what_was_lost_is_not_taken_for_it() {
        let (memory, run) = (Memory::default(), RunId::fresh());
        memory.take_in(run, &entries(2, &[2]));
        assert!(memory.newest().is_empty(), "of a run that was not read from its beginning nothing is known");
        memory.take_in(run, &entries(1, &[1, 2, 3]));
        memory.take_in(run, &entries(3, &[3, 4]));
        memory.take_in(run, &entries(1, &[1, 2, 3, 4, 5]));
        assert_eq!(memory.newest()[&run], (5, at(5)));
        // The database went back to the second entry, and others follow it.
        memory.take_in(run, &entries(1, &[1, 2, 8]));
        memory.take_in(run, &entries(4, &[9, 10, 11, 12]));
        assert_eq!(memory.newest()[&run], (5, at(5)));
        let there: Vec<Timestamp> = [1, 2, 8, 9, 10, 11, 12].map(at).to_vec();
        let gap = memory.gap(run, &there).unwrap();
        assert_eq!((gap.kept, gap.known, gap.application.as_str()), (2, 5, "shop"));
        memory.begin_anew(run, there.clone());
        assert_eq!(memory.gap(run, &there), None);
        memory.take_in(run, &entries(8, &[13]));
        assert_eq!(memory.newest()[&run], (8, at(13)));
    }
}
