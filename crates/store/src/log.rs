//! The audit log's tree in the database: what was signed, by which keys, and which places outside of the database have it.

mod entries;
mod nodes;
mod sequencing;

pub use entries::{Exported, LogEntry, exported, pending};
pub use sequencing::{Addition, HeldLog};

use crate::store::Store;
use crate::wire::{Time, maybe_time};
use crate::{Error, Result};
use holdfast_failover::Refusal;
use holdfast_failover::kept::AuditKept;
use jiff::Timestamp;
use sqlx::Row as _;

/// So far back from the newest leaf's entry a quick look goes. Whatever was committed later than that many entries
/// after it got its number is found by the thorough look.
const QUICK: i64 = 20_000;

/// A checkpoint as it stands in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCheckpoint {
    pub size: u64,
    pub root: Vec<u8>,
    pub note: String,
    pub at: Timestamp,
}

/// How far a place outside of the database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub name: String,
    pub size: Option<u64>,
    pub note: Option<String>,
    pub written_at: Option<Timestamp>,
    pub error: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKey {
    pub public_key: String,
    pub from_size: u64,
    pub handover: Option<String>,
}

/// How the log stands, for health.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogState {
    pub now: Timestamp,
    pub checkpoint: Option<StoredCheckpoint>,
    pub places: Vec<Place>,
    /// Entries without a place in the log, counted up to a thousand.
    pub pending: u64,
    /// When the oldest entry was written: without any checkpoint, since when there should be one.
    pub began_at: Option<Timestamp>,
}

impl LogState {
    /// How well it is kept outside of the database.
    #[must_use]
    pub fn kept(&self) -> AuditKept {
        let newest = self.places.iter().filter_map(|place| place.written_at).max();
        AuditKept {
            since: newest.or(self.began_at),
            errors: self.places.iter().filter_map(|place| place.error.clone()).collect(),
        }
    }

    /// Why nothing new may start as far as the audit log goes.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        self.kept().refusal(self.now)
    }
}

fn size(stored: i64) -> Result<u64> {
    u64::try_from(stored).map_err(|_| Error::Corrupt(format!("an audit log of {stored} entries")))
}

fn stored(size: u64) -> Result<i64> {
    i64::try_from(size).map_err(|_| Error::Invalid(format!("an audit log of {size} entries")))
}

fn checkpoint(row: &sqlx::postgres::PgRow) -> Result<StoredCheckpoint> {
    let at: Time = row.try_get("at")?;
    Ok(StoredCheckpoint {
        size: size(row.try_get("size")?)?,
        root: row.try_get("root")?,
        note: row.try_get("note")?,
        at: at.into(),
    })
}

impl Store {
    /// The newest checkpoint; `None`: nothing was signed yet.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn newest_checkpoint(&self) -> Result<Option<StoredCheckpoint>> {
        let row = sqlx::query("SELECT size, root, note, at FROM audit_checkpoints ORDER BY id DESC LIMIT 1")
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(checkpoint).transpose()
    }

    /// # Errors
    /// When the database does not answer.
    pub async fn log_keys(&self) -> Result<Vec<StoredKey>> {
        let rows =
            sqlx::query("SELECT public_key, from_size, handover FROM audit_keys ORDER BY from_size, at")
                .fetch_all(&self.pool)
                .await?;
        rows.iter()
            .map(|row| {
                Ok(StoredKey {
                    public_key: row.try_get("public_key")?,
                    from_size: size(row.try_get("from_size")?)?,
                    handover: row.try_get("handover")?,
                })
            })
            .collect()
    }

    /// # Errors
    /// When the database does not answer.
    pub async fn log_state(&self) -> Result<LogState> {
        let checkpoint = self.newest_checkpoint().await?;
        let places =
            sqlx::query("SELECT name, size, note, written_at, error FROM audit_places ORDER BY name")
                .fetch_all(&self.pool)
                .await?;
        let row = sqlx::query(
            "SELECT clock_timestamp() AS now, (SELECT at FROM audit_entries ORDER BY id LIMIT 1) AS began_at,
                    (SELECT count(*) FROM (
                        SELECT FROM audit_entries e
                        WHERE e.id > (SELECT coalesce(max(entry), 0) FROM audit_leaves) - $1
                          AND NOT EXISTS (SELECT FROM audit_leaves l WHERE l.entry = e.id) LIMIT 1000) AS few) AS pending",
        )
        .bind(QUICK)
        .fetch_one(&self.pool)
        .await?;
        let now: Time = row.try_get("now")?;
        Ok(LogState {
            now: now.into(),
            checkpoint,
            places: places
                .iter()
                .map(|row| {
                    let known: Option<i64> = row.try_get("size")?;
                    Ok(Place {
                        name: row.try_get("name")?,
                        size: known.map(size).transpose()?,
                        note: row.try_get("note")?,
                        written_at: maybe_time(row.try_get("written_at")?),
                        error: row.try_get("error")?,
                    })
                })
                .collect::<Result<_>>()?,
            pending: size(row.try_get("pending")?)?,
            began_at: maybe_time(row.try_get("began_at")?),
        })
    }

    /// That a place has the checkpoint of a note now, or why it has not.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn record_place(
        &self,
        name: &str,
        written: std::result::Result<(u64, &str), &str>,
    ) -> Result<()> {
        let (at, note, error) = match written {
            Ok((at, note)) => (Some(stored(at)?), Some(note), None),
            Err(error) => (None, None, Some(error)),
        };
        sqlx::query(
            "INSERT INTO audit_places AS p (name, size, note, written_at, error)
             VALUES ($1, $2, $3, CASE WHEN $4::text IS NULL THEN clock_timestamp() END, $4)
             ON CONFLICT (name) DO UPDATE
             SET size = coalesce(excluded.size, p.size), note = coalesce(excluded.note, p.note),
                 written_at = coalesce(excluded.written_at, p.written_at), error = excluded.error,
                 tried_at = clock_timestamp()",
        )
        .bind(name)
        .bind(at)
        .bind(note)
        .bind(error)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
