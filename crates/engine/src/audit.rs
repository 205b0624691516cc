//! The one that gives audit entries their places in the log and signs checkpoints over them. Any number of workers may
//! run it; the database lets one at a time. It holds back its signature when the database's log is not the beginning
//! of what was signed before: a log that was rewound or rewritten gets no new checkpoint, and without one no run starts.

pub(crate) mod keys;
mod places;

pub use keys::{Opened, new_key};
pub use places::{FilePlace, Place};

use holdfast_audit::keys::Handover;
use holdfast_audit::merkle::{Hash, Node};
use holdfast_audit::{Checkpoint, Frontier, SigningKey};
use holdfast_store::log::{Addition, HeldLog};
use holdfast_store::{Store, StoredKey};
use jiff::{SignedDuration, Timestamp};
use keys::Keys;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Where the keys are, and where checkpoints go.
#[derive(Debug, Clone)]
pub struct AuditSettings {
    pub key_file: PathBuf,
    /// Make a key where there is none: for local mode.
    pub make_key: bool,
    /// What is wrapped in the file.
    pub opened: Opened,
    pub places: Vec<Arc<dyn Place>>,
}

impl AuditSettings {
    /// Key and checkpoints in this worker's own folder.
    #[must_use]
    pub fn within(data: &std::path::Path) -> Self {
        let folder = data.join("audit");
        let place = FilePlace::new(folder.join("checkpoints"));
        Self {
            key_file: folder.join("key"),
            make_key: true,
            opened: Opened::default(),
            places: vec![Arc::new(place)],
        }
    }

    /// Whether there is a key to sign with, looked at before anything relies on it.
    ///
    /// # Errors
    /// In words, with the way out.
    pub fn check_key(&self) -> Result<(), String> {
        Keys::read(&self.key_file, self.make_key, &self.opened).map(drop)
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Store(#[from] holdfast_store::Error),
    #[error("the audit key: {0}")]
    Key(String),
    #[error("audit entry {id}: {what}")]
    Entry { id: i64, what: String },
    /// What is in the database is not what was signed.
    #[error("{0}")]
    NotTheSameLog(String),
}

const EVERY: Duration = Duration::from_secs(1);
/// Without a new entry a checkpoint says that the log stands: half of the minute that is promised.
const IDLE: SignedDuration = SignedDuration::from_secs(30);
/// With new entries: often enough that little is without one, seldom enough that the places stay small.
const PUBLISH: SignedDuration = SignedDuration::from_secs(5);
const BATCH: u32 = 5_000;
/// Rounds between two looks at the whole log for entries that were committed very late.
const THOROUGH_EVERY: u32 = 600;

#[derive(Debug)]
pub struct Sequencer {
    store: Store,
    settings: AuditSettings,
    published_at: Option<Timestamp>,
    rounds: u32,
}

/// What a round came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Round {
    /// Another sequencer has the log.
    Elsewhere,
    /// Entries that were given their places; `more`: there may be others.
    Placed { entries: usize, more: bool },
}

/// The newest checkpoint after a round.
struct Signed {
    note: String,
    size: u64,
    /// The round's time, by the database's clock.
    at: Timestamp,
    places: Vec<Compared>,
    round: Round,
}

/// A place, and why it is not to be written to.
type Compared = (Arc<dyn Place>, Result<(), String>);

pub async fn run(store: Store, settings: AuditSettings, stop: CancellationToken) {
    let mut sequencer = Sequencer::new(store, settings);
    let mut said = String::new();
    while !stop.is_cancelled() {
        let more = match sequencer.round().await {
            Ok(round) => {
                said.clear();
                matches!(round, Round::Placed { more: true, .. })
            }
            Err(error) => {
                // Once for each reason: this is asked every second.
                let words = error.to_string();
                if words != said {
                    tracing::error!(%error, "the audit log gets no checkpoint");
                    said = words;
                }
                false
            }
        };
        if more {
            continue;
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

impl Sequencer {
    #[must_use]
    pub fn new(store: Store, settings: AuditSettings) -> Self {
        Self { store, settings, published_at: None, rounds: 0 }
    }

    /// Places what has no place yet, signs, and takes the checkpoint to the places outside of the database.
    ///
    /// # Errors
    /// When nothing was signed; why is told at each place too.
    pub async fn round(&mut self) -> Result<Round, Error> {
        let outcome = self.place_and_sign().await;
        if let Err(error) = &outcome {
            let words = error.to_string();
            for place in &self.settings.places {
                // The database may be what is at fault; then its own log tells.
                self.store.record_place(&place.name(), Err(&words)).await.ok();
            }
        }
        outcome
    }

    async fn place_and_sign(&mut self) -> Result<Round, Error> {
        let keys = Keys::read(&self.settings.key_file, self.settings.make_key, &self.settings.opened)
            .map_err(Error::Key)?;
        let Some(mut log) = self.store.hold_log().await? else { return Ok(Round::Elsewhere) };
        let signed = match self.sign(&mut log, &keys).await {
            Ok(signed) => signed,
            Err(error) => {
                // The round failed for that reason, whatever becomes of this.
                log.let_go().await.ok();
                return Err(error);
            }
        };
        log.commit().await?;
        if self.publish_is_due(signed.at) {
            self.publish(&signed).await;
        }
        Ok(signed.round)
    }

    /// The newest checkpoint, over everything that can have a place now.
    async fn sign(&mut self, log: &mut HeldLog, keys: &Keys) -> Result<Signed, Error> {
        let at = log.now().await?;
        let newest = log.newest().await?;
        let size = newest.as_ref().map_or(0, |(checkpoint, _)| checkpoint.size);
        let key = self.signing_key(log, keys, size).await?;
        let places = self.compare(log, keys, size).await?;
        let thorough = self.rounds.is_multiple_of(THOROUGH_EVERY);
        // Counted first: where a thorough round takes too long, quick ones follow it all the same.
        self.rounds = self.rounds.wrapping_add(1);
        let entries = log.unplaced(BATCH, thorough).await?;
        let mut frontier = match newest {
            Some((checkpoint, _)) if entries.is_empty() && at.duration_since(checkpoint.at) < IDLE => {
                let round = Round::Placed { entries: 0, more: false };
                return Ok(Signed { note: checkpoint.note, size, at, places, round });
            }
            Some((_, frontier)) => frontier,
            None => Frontier::default(),
        };
        let (leaves, nodes) = append(&mut frontier, &entries)?;
        let checkpoint = Checkpoint {
            origin: key.public().name().to_owned(),
            size: frontier.size(),
            root: frontier.root(),
            at: at.to_string(),
        };
        let note = key.sign(&checkpoint.text());
        log.add(&Addition { leaves: &leaves, nodes: &nodes, frontier: &frontier, note: &note, at }).await?;
        let round = Round::Placed { entries: leaves.len(), more: entries.len() == BATCH as usize };
        Ok(Signed { note, size: checkpoint.size, at, places, round })
    }

    /// The key that signs now. One that is new is vouched for by the one before it, which the file still holds.
    async fn signing_key<'a>(
        &self,
        log: &mut HeldLog,
        keys: &'a Keys,
        size: u64,
    ) -> Result<&'a SigningKey, Error> {
        let (key, public) = (keys.signing(), keys.signing().public());
        let known = self.store.log_keys().await?;
        let Some(last) = known.last() else {
            log.add_key(&StoredKey { public_key: public.to_string(), from_size: 0, handover: None }).await?;
            return Ok(key);
        };
        if last.public_key == public.to_string() {
            return Ok(key);
        }
        let before = keys.all().find(|key| key.public().to_string() == last.public_key).ok_or_else(|| {
            Error::Key(format!(
                "{} holds another key than the one that signs this log, and not that one to vouch for it. Give this \
                 worker the log's own key file",
                self.settings.key_file.display()
            ))
        })?;
        let handover = Handover { origin: public.name().to_owned(), size, to: public.clone() };
        let handover = Some(handover.note(before));
        log.add_key(&StoredKey { public_key: public.to_string(), from_size: size, handover }).await?;
        tracing::warn!(key = %public, size, "another key signs the audit log from here on");
        Ok(key)
    }

    /// What was signed before, and kept where the database's superuser is not, must be the beginning of this log. A
    /// place that lost what it held, or does not show it, is not written to: the next checkpoint would hide the loss.
    async fn compare(&self, log: &mut HeldLog, keys: &Keys, size: u64) -> Result<Vec<Compared>, Error> {
        let ring = keys.ring(&self.store.log_keys().await?);
        let mut compared = Vec::with_capacity(self.settings.places.len());
        for place in &self.settings.places {
            let held = held(log, place.as_ref()).await?;
            compared.push((Arc::clone(place), held.as_ref().map(|_| ()).map_err(Clone::clone)));
            let Ok(Some(note)) = held else { continue };
            let kept = ring
                .as_ref()
                .ok_or_else(|| Error::Key("the log's keys do not vouch for each other".into()))?
                .checkpoint(&note)
                .map_err(|e| Error::NotTheSameLog(format!("the checkpoint in {}: {e}", place.name())))?;
            if kept.size > size {
                return Err(Error::NotTheSameLog(format!(
                    "the audit log was rewound: {} holds a checkpoint over {} entries, and the database has signed {size}. \
                     Was an old backup restored?",
                    place.name(),
                    kept.size
                )));
            }
            let root = log.root_at(kept.size).await?;
            if root.as_deref() != Some(kept.root.as_slice()) {
                return Err(Error::NotTheSameLog(format!(
                    "the audit log was rewritten: its first {} entries are not those of the checkpoint in {}",
                    kept.size,
                    place.name()
                )));
            }
        }
        Ok(compared)
    }

    fn publish_is_due(&self, now: Timestamp) -> bool {
        self.published_at.is_none_or(|at| now.duration_since(at) >= PUBLISH)
    }

    /// To every place; one that fails does not keep the others from it.
    async fn publish(&mut self, signed: &Signed) {
        for (place, compared) in &signed.places {
            let written = match compared {
                Ok(()) => place.write(&signed.note).await,
                Err(why) => Err(why.clone()),
            };
            let told = match &written {
                Ok(()) => Ok((signed.size, signed.note.as_str())),
                Err(error) => Err(error.as_str()),
            };
            if let Err(error) = self.store.record_place(&place.name(), told).await {
                tracing::warn!(%error, place = place.name(), "what came of a checkpoint could not be kept");
            }
            match written {
                Ok(()) => self.published_at = Some(signed.at),
                Err(error) => {
                    tracing::error!(%error, place = place.name(), "a checkpoint could not be written")
                }
            }
        }
    }
}

/// The newest checkpoint that a place holds; or why it cannot be trusted with another.
async fn held(log: &mut HeldLog, place: &dyn Place) -> Result<Result<Option<String>, String>, Error> {
    let note = match place.newest().await {
        Ok(note) => note,
        Err(error) => return Ok(Err(format!("what it holds cannot be read: {error}"))),
    };
    Ok(match log.kept_at(&place.name()).await? {
        Some(size) if note.is_none() => Err(format!(
            "{} held a checkpoint over {size} entries and holds none now. Put it back; if it is lost, write down why and \
             name another place",
            place.name()
        )),
        _ => Ok(note),
    })
}

type Leaves = Vec<(i64, Hash)>;

/// The entries' leaves, appended, and the subtrees that they complete.
fn append(
    frontier: &mut Frontier,
    entries: &[holdfast_store::LogEntry],
) -> Result<(Leaves, Vec<(Node, Hash)>), Error> {
    let mut leaves = Vec::with_capacity(entries.len());
    let mut nodes = Vec::new();
    for logged in entries {
        let entry = &logged.entry;
        let hash = entry.leaf_hash().map_err(|e| Error::Entry { id: entry.id, what: e.0 })?;
        frontier.append(hash, |node, hash| nodes.push((node, hash)));
        leaves.push((entry.id, hash));
    }
    Ok((leaves, nodes))
}
