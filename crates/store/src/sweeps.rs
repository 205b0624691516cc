//! Whose turn it is to look at everything, and when that was last done; and what should be looked at now.

use crate::change::Change;
use crate::store::Store;
use crate::wire::{Time, from_word, maybe_time};
use crate::{Error, Result};
use holdfast_domain::{Name, ResourceKind};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sweep {
    pub worker: Option<String>,
    pub started_at: Option<Timestamp>,
    /// Of the last sweep that ended; earlier than `started_at` while one runs.
    pub finished_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct SweepRow {
    worker: Option<String>,
    started_at: Option<Time>,
    finished_at: Option<Time>,
}

impl Store {
    /// Takes the turn when the last sweep began at least `interval_seconds` ago. Of many replicas one gets it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin_sweep(&self, worker: &str, interval_seconds: f64) -> Result<bool> {
        let taken = sqlx::query(
            "UPDATE sweeps SET worker = $1, started_at = clock_timestamp()
             WHERE started_at IS NULL OR started_at <= clock_timestamp() - make_interval(secs => $2)",
        )
        .bind(worker)
        .bind(interval_seconds)
        .execute(&self.pool)
        .await?;
        Ok(taken.rows_affected() == 1)
    }

    /// What the inventory has in each account, by the account's name: all that a look into it may be about.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn kinds_by_account(&self) -> Result<BTreeMap<Name, BTreeSet<ResourceKind>>> {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "SELECT DISTINCT r.account::text, r.kind
             FROM resources r JOIN applications a ON a.name = r.application WHERE a.archived_at IS NULL",
        )
        .fetch_all(&self.pool)
        .await?;
        let mut kinds: BTreeMap<Name, BTreeSet<ResourceKind>> = BTreeMap::new();
        for (account, kind) in rows {
            let account = Name::parse(&account).map_err(|e| Error::Corrupt(e.0))?;
            // Of a kind that a newer version knows nothing is looked at here, and its application is set aside.
            kinds.entry(account).or_default().extend(from_word::<ResourceKind>("kind", &kind).ok());
        }
        Ok(kinds)
    }

    /// # Errors
    /// When the database does not answer.
    pub async fn finish_sweep(&self, worker: &str) -> Result<()> {
        sqlx::query("UPDATE sweeps SET finished_at = clock_timestamp() WHERE worker = $1")
            .bind(worker)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// # Errors
    /// When the database does not answer.
    pub async fn last_sweep(&self) -> Result<Sweep> {
        let row: SweepRow = sqlx::query_as("SELECT worker, started_at, finished_at FROM sweeps")
            .fetch_one(&self.pool)
            .await?;
        Ok(Sweep {
            worker: row.worker,
            started_at: maybe_time(row.started_at),
            finished_at: maybe_time(row.finished_at),
        })
    }

    /// What was asked for, each taken by one worker.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn take_refresh_requests(&self) -> Result<Vec<Name>> {
        let names: Vec<String> = sqlx::query_scalar(
            "DELETE FROM refresh_requests WHERE application IN (
                 SELECT application FROM refresh_requests ORDER BY requested_at FOR UPDATE SKIP LOCKED LIMIT 100)
             RETURNING application::text",
        )
        .fetch_all(&self.pool)
        .await?;
        names.iter().map(|n| Name::parse(n).map_err(|e| Error::Corrupt(e.0))).collect()
    }
}

impl Change {
    /// Asks the workers to look at an application now; asking twice asks once.
    ///
    /// # Errors
    /// `NotFound` when there is no such application.
    pub async fn request_refresh(&mut self, application: &Name) -> Result<()> {
        let asked = sqlx::query(
            "WITH asked AS (
                 INSERT INTO refresh_requests (application)
                 SELECT name FROM applications WHERE name = $1 AND archived_at IS NULL
                 ON CONFLICT (application) DO UPDATE SET requested_at = refresh_requests.requested_at
                 RETURNING application)
             SELECT pg_notify('holdfast', 'refresh') FROM asked",
        )
        .bind(application.as_str())
        .fetch_optional(self.connection())
        .await?;
        asked.map(|_| ()).ok_or(Error::NotFound("application"))
    }
}
