//! Entries as leaves, proofs and exports take them.

use super::stored;
use crate::store::Store;
use crate::{Error, Result};
use holdfast_audit::Entry;
use holdfast_audit::bundle::Line;
use sqlx::postgres::PgRow;
use sqlx::{PgExecutor, Row as _};
use std::borrow::Cow;

/// An entry with its place and its leaf, where it has one.
#[derive(Debug, Clone)]
pub struct LogEntry {
    pub entry: Entry<'static>,
    pub leaf: Option<(u64, Vec<u8>)>,
}

impl LogEntry {
    /// As an export has it while it has no place in the log.
    #[must_use]
    pub fn into_pending_line(self) -> Line<'static> {
        Line { pending: Some(self.entry), ..Line::default() }
    }
}

pub(super) const COLUMNS: &str = "e.id, to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS at, e.action, e.actor_kind, \
     e.actor, e.person::text AS person, e.token::text AS token, e.subject_kind, e.subject, e.application, e.outcome, e.code, \
     e.reason, e.detail::text AS detail, e.request_id, encode(e.salt, 'hex') AS salt";

/// Texts as the database gives them.
pub(super) fn log_entry(row: &PgRow) -> Result<LogEntry> {
    let text = |name: &str| Ok::<Cow<'static, str>, sqlx::Error>(row.try_get::<String, _>(name)?.into());
    let maybe = |name: &str| {
        let words: Option<String> = row.try_get(name)?;
        Ok::<Option<Cow<'static, str>>, sqlx::Error>(words.map(Cow::Owned))
    };
    let index: Option<i64> = row.try_get("leaf_index")?;
    let hash: Option<Vec<u8>> = row.try_get("hash")?;
    Ok(LogEntry {
        entry: Entry {
            id: row.try_get("id")?,
            at: text("at")?,
            action: text("action")?,
            actor_kind: text("actor_kind")?,
            actor: text("actor")?,
            person: maybe("person")?,
            token: maybe("token")?,
            subject_kind: text("subject_kind")?,
            subject: text("subject")?,
            application: maybe("application")?,
            outcome: text("outcome")?,
            code: maybe("code")?,
            reason: maybe("reason")?,
            detail: text("detail")?,
            request_id: maybe("request_id")?,
            salt: text("salt")?,
        },
        leaf: index.and_then(|i| u64::try_from(i).ok()).zip(hash),
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
    pub fn into_line(self) -> Line<'static> {
        match self {
            Self::Entry(logged) => {
                let (index, leaf) = logged.leaf.map(|(i, leaf)| (i, hex::encode(leaf).into())).unzip();
                Line { index, leaf, entry: Some(logged.entry), ..Line::default() }
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
    connection: impl PgExecutor<'_>,
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
    connection: impl PgExecutor<'_>,
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

impl Store {
    /// As [`exported`], over a connection of its own.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn exported(&self, from: u64, end: u64, limit: u32) -> Result<Vec<Exported>> {
        exported(&self.pool, from, end, limit).await
    }

    /// As [`pending`], over a connection of its own.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn pending(&self, after: i64, end: u64, limit: u32) -> Result<Vec<LogEntry>> {
        pending(&self.pool, after, end, limit).await
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
}
