//! Giving entries their places. One sequencer at a time does: it holds a lock for the length of its transaction, and in
//! that transaction it reads where the log stands, so that whoever comes late, or wakes up late, goes on from there or
//! does nothing.
//!
//! Which entries have no place yet is found by what is not among the leaves, never by `id > last`: numbers are given
//! before the commit, so an entry with a smaller number may appear later.

use super::entries::{COLUMNS, LogEntry, log_entry};
use super::{QUICK, StoredCheckpoint, StoredKey, checkpoint, size, stored};
use crate::connections::Connection;
use crate::store::Store;
use crate::wire::{Time, time};
use crate::{Error, Result};
use holdfast_audit::Frontier;
use holdfast_audit::merkle::{Hash, KEPT_LEVEL_STEP, Node};
use jiff::Timestamp;
use sqlx::Row as _;
use std::fmt;

/// Any number that nobody else locks.
const LOCK: i64 = 0x686f_6c64_7365_7175;

/// The log held for sequencing, until it is committed or let go. When it is only dropped, the lock goes some time later.
#[must_use = "the log stays held until this is committed or let go"]
pub struct HeldLog {
    transaction: Connection,
}

impl fmt::Debug for HeldLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeldLog").finish_non_exhaustive()
    }
}

/// What a round of the sequencer adds.
#[derive(Debug)]
pub struct Addition<'a> {
    /// Each entry's number with its leaf, in the order of the log.
    pub leaves: &'a [(i64, Hash)],
    /// Full subtrees that the leaves complete.
    pub nodes: &'a [(Node, Hash)],
    pub frontier: &'a Frontier,
    pub note: &'a str,
    pub at: Timestamp,
}

impl HeldLog {
    fn connection(&mut self) -> &mut Connection {
        &mut self.transaction
    }

    /// # Errors
    /// When the database does not answer.
    pub async fn now(&mut self) -> Result<Timestamp> {
        let now: Time = sqlx::query_scalar("SELECT clock_timestamp()").fetch_one(self.connection()).await?;
        Ok(now.into())
    }

    /// The newest checkpoint and what appending goes on from.
    ///
    /// # Errors
    /// `Corrupt` when its parts do not fit each other.
    pub async fn newest(&mut self) -> Result<Option<(StoredCheckpoint, Frontier)>> {
        let row =
            sqlx::query("SELECT size, root, peaks, note, at FROM audit_checkpoints ORDER BY id DESC LIMIT 1")
                .fetch_optional(self.connection())
                .await?;
        let Some(row) = row else { return Ok(None) };
        let checkpoint = checkpoint(&row)?;
        let peaks: Vec<u8> = row.try_get("peaks")?;
        let hashes: Vec<Hash> = peaks.chunks(32).filter_map(|peak| peak.try_into().ok()).collect();
        let frontier = Frontier::of(checkpoint.size, hashes)
            .filter(|frontier| {
                peaks.len().is_multiple_of(32) && frontier.root().as_slice() == checkpoint.root
            })
            .ok_or_else(|| Error::Corrupt("the newest checkpoint does not fit its own tree".into()))?;
        Ok(Some((checkpoint, frontier)))
    }

    /// Over how many entries the last checkpoint was that a place was given; `None`: it was given none yet.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn kept_at(&mut self, place: &str) -> Result<Option<u64>> {
        let kept: Option<Option<i64>> = sqlx::query_scalar("SELECT size FROM audit_places WHERE name = $1")
            .bind(place)
            .fetch_optional(self.connection())
            .await?;
        kept.flatten().map(size).transpose()
    }

    /// The root that the database has for a log of this size.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn root_at(&mut self, of: u64) -> Result<Option<Vec<u8>>> {
        Ok(sqlx::query_scalar("SELECT root FROM audit_checkpoints WHERE size = $1 ORDER BY id LIMIT 1")
            .bind(stored(of)?)
            .fetch_optional(self.connection())
            .await?)
    }

    /// Entries without a place, the smallest numbers first. `thorough`: all of them; otherwise those near the newest.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn unplaced(&mut self, limit: u32, thorough: bool) -> Result<Vec<LogEntry>> {
        let from: i64 = if thorough {
            0
        } else {
            sqlx::query_scalar("SELECT coalesce(max(entry), 0) FROM audit_leaves")
                .fetch_one(self.connection())
                .await?
        };
        let sql = format!(
            "SELECT {COLUMNS}, NULL::bigint AS leaf_index, NULL::bytea AS hash
             FROM audit_entries e
             WHERE e.id > $1 AND NOT EXISTS (SELECT FROM audit_leaves l WHERE l.entry = e.id)
             ORDER BY e.id LIMIT $2"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(from.saturating_sub(QUICK))
            .bind(i64::from(limit))
            .fetch_all(self.connection())
            .await?;
        rows.iter().map(log_entry).collect()
    }

    /// Gives the leaves their places and keeps the signed checkpoint over them.
    ///
    /// # Errors
    /// `Conflict` when a leaf has a place already.
    pub async fn add(&mut self, addition: &Addition<'_>) -> Result<()> {
        let frontier = addition.frontier;
        let first = stored(frontier.size())? - i64::try_from(addition.leaves.len()).unwrap_or(i64::MAX);
        if !addition.leaves.is_empty() {
            sqlx::query(
                "INSERT INTO audit_leaves (leaf_index, entry, hash)
                 SELECT $1 + n - 1, entry, hash FROM unnest($2::bigint[], $3::bytea[]) WITH ORDINALITY AS l(entry, hash, n)",
            )
            .bind(first)
            .bind(addition.leaves.iter().map(|(entry, _)| *entry).collect::<Vec<_>>())
            .bind(addition.leaves.iter().map(|(_, hash)| hash.to_vec()).collect::<Vec<_>>())
            .execute(self.connection())
            .await?;
        }
        let kept: Vec<_> =
            addition.nodes.iter().filter(|(node, _)| node.level.is_multiple_of(KEPT_LEVEL_STEP)).collect();
        if !kept.is_empty() {
            sqlx::query(
                "INSERT INTO audit_nodes (level, node_index, hash)
                 SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bytea[])",
            )
            .bind(kept.iter().map(|(node, _)| i16::from(node.level)).collect::<Vec<_>>())
            .bind(kept.iter().map(|(node, _)| stored(node.index)).collect::<Result<Vec<_>>>()?)
            .bind(kept.iter().map(|(_, hash)| hash.to_vec()).collect::<Vec<_>>())
            .execute(self.connection())
            .await?;
        }
        sqlx::query(
            "INSERT INTO audit_checkpoints (size, root, peaks, note, at) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(stored(frontier.size())?)
        .bind(frontier.root().to_vec())
        .bind(frontier.peaks().concat())
        .bind(addition.note)
        .bind(time(addition.at))
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// A key that signs from here on; one that is known changes nothing.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn add_key(&mut self, key: &StoredKey) -> Result<()> {
        sqlx::query(
            "INSERT INTO audit_keys (public_key, from_size, handover) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        )
        .bind(&key.public_key)
        .bind(stored(key.from_size)?)
        .bind(&key.handover)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// # Errors
    /// When the database does not answer.
    pub async fn commit(self) -> Result<()> {
        self.transaction.commit().await?;
        Ok(())
    }

    /// Takes back whatever this did; the next sequencer can have the log when this returns.
    ///
    /// # Errors
    /// When the database does not answer; then it lets go itself once it misses the connection.
    pub async fn let_go(self) -> Result<()> {
        self.transaction.rollback().await?;
        Ok(())
    }
}

impl Store {
    /// Takes the log for sequencing. `None`: another sequencer holds it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn hold_log(&self) -> Result<Option<HeldLog>> {
        let mut transaction = self.pool.begin().await?;
        let held: bool = sqlx::query_scalar("SELECT pg_try_advisory_xact_lock($1)")
            .bind(LOCK)
            .fetch_one(&mut transaction)
            .await?;
        Ok(held.then_some(HeldLog { transaction }))
    }
}
