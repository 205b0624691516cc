//! The audit log's tree in the database. One sequencer at a time gives entries their places: it holds a lock for the
//! length of its transaction, and in that transaction it reads where the log stands, so that whoever comes late, or
//! wakes up late, goes on from there or does nothing.
//!
//! Which entries have no place yet is found by what is not among the leaves, never by `id > last`: numbers are given
//! before the commit, so an entry with a smaller number may appear later.

use crate::store::Store;
use crate::wire::{Time, maybe_time, time};
use crate::{Error, Result};
use holdfast_audit::bundle::Line;
use holdfast_audit::merkle::{Hash, KEPT_LEVEL_STEP, Node, node_hash};
use holdfast_audit::{Entry, Frontier};
use jiff::Timestamp;
use sqlx::{PgConnection, Postgres, Row as _, Transaction};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// Any number that nobody else locks.
const LOCK: i64 = 0x686f_6c64_7365_7175;

/// So far back from the newest leaf's entry a quick look goes. Whatever was committed later than that many entries
/// after it got its number is found by the thorough look.
const QUICK: i64 = 20_000;

/// An entry as leaves and exports take it: texts as the database gives them.
#[derive(Debug, Clone)]
pub struct LogEntry {
    pub id: i64,
    at: String,
    action: String,
    actor_kind: String,
    actor: String,
    person: Option<String>,
    token: Option<String>,
    subject_kind: String,
    subject: String,
    application: Option<String>,
    outcome: String,
    code: Option<String>,
    reason: Option<String>,
    detail: String,
    request_id: Option<String>,
    salt: String,
    /// Its place and its leaf, where it has one.
    pub leaf: Option<(u64, Vec<u8>)>,
}

impl LogEntry {
    #[must_use]
    pub fn entry(&self) -> Entry<'_> {
        fn words(text: &Option<String>) -> Option<Cow<'_, str>> {
            text.as_deref().map(Cow::Borrowed)
        }
        Entry {
            id: self.id,
            at: self.at.as_str().into(),
            action: self.action.as_str().into(),
            actor_kind: self.actor_kind.as_str().into(),
            actor: self.actor.as_str().into(),
            person: words(&self.person),
            token: words(&self.token),
            subject_kind: self.subject_kind.as_str().into(),
            subject: self.subject.as_str().into(),
            application: words(&self.application),
            outcome: self.outcome.as_str().into(),
            code: words(&self.code),
            reason: words(&self.reason),
            detail: self.detail.as_str().into(),
            request_id: words(&self.request_id),
            salt: self.salt.as_str().into(),
        }
    }
}

impl LogEntry {
    /// As an export has it while it has no place in the log.
    #[must_use]
    pub fn pending_line(&self) -> Line<'_> {
        Line { pending: Some(self.entry()), ..Line::default() }
    }
}

const COLUMNS: &str = "e.id, to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS at, e.action, e.actor_kind, \
     e.actor, e.person::text AS person, e.token::text AS token, e.subject_kind, e.subject, e.application, e.outcome, e.code, \
     e.reason, e.detail::text AS detail, e.request_id, encode(e.salt, 'hex') AS salt";

fn log_entry(row: &sqlx::postgres::PgRow) -> Result<LogEntry> {
    let index: Option<i64> = row.try_get("leaf_index")?;
    let hash: Option<Vec<u8>> = row.try_get("hash")?;
    Ok(LogEntry {
        id: row.try_get("id")?,
        at: row.try_get("at")?,
        action: row.try_get("action")?,
        actor_kind: row.try_get("actor_kind")?,
        actor: row.try_get("actor")?,
        person: row.try_get("person")?,
        token: row.try_get("token")?,
        subject_kind: row.try_get("subject_kind")?,
        subject: row.try_get("subject")?,
        application: row.try_get("application")?,
        outcome: row.try_get("outcome")?,
        code: row.try_get("code")?,
        reason: row.try_get("reason")?,
        detail: row.try_get("detail")?,
        request_id: row.try_get("request_id")?,
        salt: row.try_get("salt")?,
        leaf: index.and_then(|i| u64::try_from(i).ok()).zip(hash),
    })
}

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

/// The log held for sequencing, until it is committed or let go. When it is only dropped, the lock goes some time later.
#[must_use = "the log stays held until this is committed or let go"]
pub struct HeldLog {
    transaction: Transaction<'static, Postgres>,
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

fn size(stored: i64) -> Result<u64> {
    u64::try_from(stored).map_err(|_| Error::Corrupt(format!("an audit log of {stored} entries")))
}

fn stored(size: u64) -> Result<i64> {
    i64::try_from(size).map_err(|_| Error::Invalid(format!("an audit log of {size} entries")))
}

impl HeldLog {
    fn connection(&mut self) -> &mut PgConnection {
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

fn checkpoint(row: &sqlx::postgres::PgRow) -> Result<StoredCheckpoint> {
    let at: Time = row.try_get("at")?;
    Ok(StoredCheckpoint {
        size: size(row.try_get("size")?)?,
        root: row.try_get("root")?,
        note: row.try_get("note")?,
        at: at.into(),
    })
}

/// A part of the log as it is exported.
#[derive(Debug, Clone)]
pub enum Exported {
    Entry(Box<LogEntry>),
    /// After the last entry that it covers.
    Checkpoint(String),
}

impl Exported {
    #[must_use]
    pub fn line(&self) -> Line<'_> {
        match self {
            Self::Entry(entry) => {
                let (index, leaf) =
                    entry.leaf.as_ref().map(|(i, leaf)| (*i, hex::encode(leaf).into())).unzip();
                Line { index, leaf, entry: Some(entry.entry()), ..Line::default() }
            }
            Self::Checkpoint(note) => Line { checkpoint: Some(note.into()), ..Line::default() },
        }
    }
}

/// Entries from a place on, up to the end, with the checkpoint after each that one was signed over. Read over any
/// connection: the application's, or an auditor's own. What was taken out of the database is not there, and whoever
/// verifies finds the gap.
///
/// # Errors
/// When the database does not answer.
pub async fn exported(
    connection: &mut PgConnection,
    from: u64,
    end: u64,
    limit: u32,
) -> Result<Vec<Exported>> {
    let sql = format!(
        "SELECT l.leaf_index, l.hash, {COLUMNS},
                (SELECT c.note FROM audit_checkpoints c WHERE c.size = l.leaf_index + 1 ORDER BY c.id DESC LIMIT 1) AS note
         FROM audit_leaves l JOIN audit_entries e ON e.id = l.entry
         WHERE l.leaf_index >= $1 AND l.leaf_index < $2 ORDER BY l.leaf_index LIMIT $3"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(stored(from)?)
        .bind(stored(end)?)
        .bind(i64::from(limit))
        .fetch_all(connection)
        .await?;
    let mut parts = Vec::with_capacity(rows.len());
    for row in &rows {
        parts.push(Exported::Entry(Box::new(log_entry(row)?)));
        if let Some(note) = row.try_get("note")? {
            parts.push(Exported::Checkpoint(note));
        }
    }
    Ok(parts)
}

/// Entries with a larger number than `after` that have no place before `end`: younger than its checkpoint.
///
/// # Errors
/// When the database does not answer.
pub async fn pending(
    connection: &mut PgConnection,
    after: i64,
    end: u64,
    limit: u32,
) -> Result<Vec<LogEntry>> {
    let sql = format!(
        "SELECT NULL::bigint AS leaf_index, NULL::bytea AS hash, {COLUMNS} FROM audit_entries e
         WHERE e.id > $1 AND NOT EXISTS (SELECT FROM audit_leaves l WHERE l.entry = e.id AND l.leaf_index < $2)
         ORDER BY e.id LIMIT $3"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(after)
        .bind(stored(end)?)
        .bind(i64::from(limit))
        .fetch_all(connection)
        .await?;
    rows.iter().map(log_entry).collect()
}

/// A subtree's root from those of the kept level below it.
fn root_of(mut hashes: Vec<Hash>) -> Option<Hash> {
    while hashes.len() > 1 {
        hashes = hashes
            .chunks(2)
            .map(|pair| match pair {
                [left, right] => Some(node_hash(left, right)),
                _ => None,
            })
            .collect::<Option<_>>()?;
    }
    hashes.pop()
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
            .fetch_one(&mut *transaction)
            .await?;
        Ok(held.then_some(HeldLog { transaction }))
    }

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

    /// As [`exported`], over a connection of its own.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn exported(&self, from: u64, end: u64, limit: u32) -> Result<Vec<Exported>> {
        exported(&mut *self.pool.acquire().await?, from, end, limit).await
    }

    /// As [`pending`], over a connection of its own.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn pending(&self, after: i64, end: u64, limit: u32) -> Result<Vec<LogEntry>> {
        pending(&mut *self.pool.acquire().await?, after, end, limit).await
    }

    /// One entry with its place in the log.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn log_entry(&self, id: i64) -> Result<LogEntry> {
        let sql = format!(
            "SELECT l.leaf_index, l.hash, {COLUMNS} FROM audit_entries e LEFT JOIN audit_leaves l ON l.entry = e.id
             WHERE e.id = $1"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).fetch_optional(&self.pool).await?;
        row.as_ref().map(log_entry).transpose()?.ok_or(Error::NotFound("audit entry"))
    }

    /// The roots of full subtrees, in the order asked for.
    ///
    /// # Errors
    /// `Corrupt` when a hash of one is missing.
    pub async fn log_nodes(&self, nodes: &[Node]) -> Result<Vec<Hash>> {
        let (mut levels, mut firsts, mut lasts) = (Vec::new(), Vec::new(), Vec::new());
        for node in nodes {
            let above = node.level % KEPT_LEVEL_STEP;
            levels.push(i16::from(node.level - above));
            firsts.push(stored(node.index << above)?);
            lasts.push(stored(((node.index + 1) << above) - 1)?);
        }
        let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(
            "SELECT r.n, x.hash
             FROM unnest($1::smallint[], $2::bigint[], $3::bigint[]) WITH ORDINALITY AS r(level, first, last, n),
             LATERAL (
                 SELECT leaf_index AS i, hash FROM audit_leaves
                 WHERE r.level = 0 AND leaf_index BETWEEN r.first AND r.last
                 UNION ALL
                 SELECT node_index, hash FROM audit_nodes
                 WHERE r.level > 0 AND level = r.level AND node_index BETWEEN r.first AND r.last) AS x
             ORDER BY r.n, x.i",
        )
        .bind(levels)
        .bind(&firsts)
        .bind(&lasts)
        .fetch_all(&self.pool)
        .await?;
        let mut below: BTreeMap<i64, Vec<Hash>> = BTreeMap::new();
        for (n, hash) in rows {
            let hash = hash.try_into().map_err(|_| Error::Corrupt("a hash of the audit log".into()))?;
            below.entry(n).or_default().push(hash);
        }
        (1_i64..)
            .zip(firsts.iter().zip(&lasts))
            .map(|(n, (first, last))| {
                let hashes = below.remove(&n).unwrap_or_default();
                let whole = i64::try_from(hashes.len()).is_ok_and(|count| count == last - first + 1);
                let root = if whole { root_of(hashes) } else { None };
                root.ok_or_else(|| Error::Corrupt("a part of the audit log's tree is missing".into()))
            })
            .collect()
    }
}
