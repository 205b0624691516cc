//! Journals that went back: what is there of what workers remember, and what they found lost.

use crate::change::Change;
use crate::store::Store;
use crate::wire::{Time, maybe_time, time};
use crate::{Error, Result};
use holdfast_domain::{Name, RunId};
use holdfast_failover::gap::Gap;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

/// An entry that somebody asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct There {
    pub run: RunId,
    /// When it was written; `None`: it is not there.
    pub at: Option<Timestamp>,
    /// The run ended so long ago that nothing of it is to be expected any more.
    pub settled: bool,
}

/// A gap, and who noticed it when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noticed {
    pub gap: Gap,
    pub worker: String,
    pub at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct Row {
    run: Uuid,
    application: String,
    kept: i64,
    known: i64,
    known_at: Time,
    worker: String,
    noticed_at: Time,
}

impl Row {
    fn into_noticed(self) -> Result<Noticed> {
        let application = Name::parse(&self.application)
            .map_err(|e| Error::Corrupt(format!("a gap in the journal of run {}: {e}", self.run)))?;
        Ok(Noticed {
            gap: Gap {
                run: RunId(self.run),
                application,
                kept: self.kept,
                known: self.known,
                known_at: self.known_at.into(),
            },
            worker: self.worker,
            at: self.noticed_at.into(),
        })
    }
}

impl Change {
    /// False: it was noticed before.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn record_gap(&mut self, gap: &Gap, worker: &str) -> Result<bool> {
        let recorded = sqlx::query(
            "INSERT INTO journal_gaps (run, application, kept, known, known_at, worker) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT ON CONSTRAINT journal_gaps_noticed_once DO NOTHING",
        )
        .bind(gap.run.0)
        .bind(gap.application.as_str())
        .bind(gap.kept)
        .bind(gap.known)
        .bind(time(gap.known_at))
        .bind(worker)
        .execute(self.connection())
        .await?
        .rows_affected()
            == 1;
        if recorded {
            self.notify(&format!("run:{}", gap.run)).await?;
        }
        Ok(recorded)
    }
}

impl Store {
    /// Of each run the entry of this number.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn entries_there(&self, asked: &[(RunId, i64)]) -> Result<Vec<There>> {
        let (runs, numbers): (Vec<Uuid>, Vec<i64>) = asked.iter().map(|(run, seq)| (run.0, *seq)).unzip();
        let rows: Vec<(Uuid, Option<Time>, bool)> = sqlx::query_as(
            "SELECT k.run, e.at, coalesce(r.ended_at < clock_timestamp() - interval '1 minute', false)
             FROM unnest($1::uuid[], $2::bigint[]) AS k(run, seq)
             LEFT JOIN run_events e ON e.run = k.run AND e.seq = k.seq
             LEFT JOIN runs r ON r.id = k.run",
        )
        .bind(runs)
        .bind(numbers)
        .fetch_all(&self.pool)
        .await?;
        let there = |(run, at, settled)| There { run: RunId(run), at: maybe_time(at), settled };
        Ok(rows.into_iter().map(there).collect())
    }

    /// When each entry of a run's journal was written, in their order.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn entry_times(&self, run: RunId) -> Result<Vec<Timestamp>> {
        let times: Vec<Time> = sqlx::query_scalar("SELECT at FROM run_events WHERE run = $1 ORDER BY seq")
            .bind(run.0)
            .fetch_all(&self.pool)
            .await?;
        Ok(times.into_iter().map(Into::into).collect())
    }

    /// # Errors
    /// `NotFound`; when the database does not answer.
    pub async fn journal_gap(&self, id: Uuid) -> Result<Noticed> {
        let row: Option<Row> = sqlx::query_as("SELECT * FROM journal_gaps WHERE id = $1")
            .bind(id)
            .fetch_optional(&self.pool)
            .await?;
        row.ok_or(Error::NotFound("gap in a journal"))?.into_noticed()
    }

    /// What was lost of a run's journal, the newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn gaps_of(&self, run: RunId) -> Result<Vec<Noticed>> {
        let rows: Vec<Row> =
            sqlx::query_as("SELECT * FROM journal_gaps WHERE run = $1 ORDER BY noticed_at DESC, id LIMIT 20")
                .bind(run.0)
                .fetch_all(&self.pool)
                .await?;
        rows.into_iter().map(Row::into_noticed).collect()
    }

    /// What was noticed within this time, the newest first, at most 200. `within`: only of these applications.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn gaps(&self, lately: SignedDuration, within: Option<&[Name]>) -> Result<Vec<Noticed>> {
        let names = within.map(|names| names.iter().map(Name::as_str).collect::<Vec<_>>());
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT * FROM journal_gaps
             WHERE noticed_at > clock_timestamp() - make_interval(secs => $1) AND ($2::text[] IS NULL OR application = ANY($2))
             ORDER BY noticed_at DESC, id LIMIT 200",
        )
        .bind(lately.as_secs_f64())
        .bind(names)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(Row::into_noticed).collect()
    }
}
