//! How the clocks of workers stand beside the database's, and since when two are too far apart.

use crate::Result;
use crate::change::Change;
use crate::store::Store;
use crate::wire::Time;
use holdfast_failover::clock::Comparison;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

/// A time at which two clocks were too far apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockAlarm {
    pub worker: String,
    pub says: String,
    pub way_out: String,
    pub since: Timestamp,
}

fn milliseconds(of: SignedDuration) -> i64 {
    i64::try_from(of.as_millis()).unwrap_or(if of.is_negative() { i64::MIN } else { i64::MAX })
}

/// A worker, when it compared, since when it lives, and by how much its own clock and AWS's were ahead, in milliseconds.
type CompareRow = (String, Option<Time>, Time, Option<i64>, Option<i64>);

impl Store {
    /// Keeps the newest comparison; answers with the way out of the alarm of the worker's clocks that goes on.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn record_clocks(&self, found: &Comparison) -> Result<Option<String>> {
        Ok(sqlx::query_scalar(
            "WITH kept AS (
                 INSERT INTO worker_clocks (worker, own_ahead_ms, aws_ahead_ms) VALUES ($1, $2, $3)
                 ON CONFLICT (worker) DO UPDATE SET compared_at = clock_timestamp(), own_ahead_ms = excluded.own_ahead_ms,
                     aws_ahead_ms = excluded.aws_ahead_ms)
             SELECT way_out FROM clock_alarms WHERE worker = $1 AND ended_at IS NULL",
        )
        .bind(&found.worker)
        .bind(found.own_ahead.map(milliseconds))
        .bind(found.aws_ahead.map(milliseconds))
        .fetch_optional(&self.pool)
        .await?)
    }

    /// What the workers that live last found, by name.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn clocks(&self) -> Result<Vec<Comparison>> {
        let rows: Vec<CompareRow> = sqlx::query_as(
            "SELECT w.id, c.compared_at, w.started_at, c.own_ahead_ms, c.aws_ahead_ms
             FROM workers w LEFT JOIN worker_clocks c ON c.worker = w.id
             WHERE w.expires_at > clock_timestamp() ORDER BY w.id",
        )
        .fetch_all(&self.pool)
        .await?;
        let comparison = |(worker, at, started_at, own, aws): CompareRow| {
            Comparison {
                worker,
                // Of one that has not compared yet nothing is known, from its start on.
                at: at.unwrap_or(started_at).into(),
                own_ahead: own.map(SignedDuration::from_millis),
                aws_ahead: aws.map(SignedDuration::from_millis),
            }
        };
        Ok(rows.into_iter().map(comparison).collect())
    }

    /// # Errors
    /// `NotFound`; when the database does not answer.
    pub async fn clock_alarm(&self, id: Uuid) -> Result<ClockAlarm> {
        let row: Option<(String, String, String, Time)> =
            sqlx::query_as("SELECT worker, says, way_out, since FROM clock_alarms WHERE id = $1")
                .bind(id)
                .fetch_optional(&self.pool)
                .await?;
        let (worker, says, way_out, since) = row.ok_or(crate::Error::NotFound("clock alarm"))?;
        Ok(ClockAlarm { worker, says, way_out, since: since.into() })
    }
}

impl Change {
    /// Two clocks are too far apart: people are told with it. False: of this worker's that was known.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin_clock_alarm(&mut self, worker: &str, says: &str, way_out: &str) -> Result<bool> {
        let begun = sqlx::query(
            "INSERT INTO clock_alarms (worker, says, way_out) VALUES ($1, $2, $3)
             ON CONFLICT (worker) WHERE ended_at IS NULL DO NOTHING",
        )
        .bind(worker)
        .bind(says)
        .bind(way_out)
        .execute(self.connection())
        .await?;
        Ok(begun.rows_affected() == 1)
    }

    /// They are together again. False: there was no alarm.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn end_clock_alarm(&mut self, worker: &str) -> Result<bool> {
        let ended = sqlx::query(
            "UPDATE clock_alarms SET ended_at = clock_timestamp() WHERE worker = $1 AND ended_at IS NULL",
        )
        .bind(worker)
        .execute(self.connection())
        .await?;
        Ok(ended.rows_affected() == 1)
    }
}
