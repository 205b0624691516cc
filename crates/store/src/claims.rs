//! Which worker drives which run.

use crate::Result;
use crate::journal::Fence;
use crate::store::Store;
use holdfast_domain::RunId;
use std::time::Duration;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub run: RunId,
    /// The worker and epoch that held it before; `None` when nobody did.
    pub before: Option<(String, i64)>,
}

/// Who drives what, as a worker looks at it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Watch {
    /// The runs that this worker holds under this epoch and that have not ended.
    pub mine: Vec<RunId>,
    /// How long until the first lease of another worker that holds runs ends, unless it is renewed.
    pub next_lease_ends_in: Option<Duration>,
}

#[derive(sqlx::FromRow)]
struct ClaimRow {
    id: Uuid,
    was_worker: Option<String>,
    was_epoch: Option<i64>,
}

impl Store {
    /// Takes up to `limit` runs that have begun, are not set aside, and that nobody holds: never claimed, given back, or of
    /// a worker whose lease ended or whose epoch is over. Nothing when this worker's own lease has ended.
    /// Rows that another worker is claiming are skipped. One that it has claimed since this statement began is asked for
    /// its owner anew when it is locked: a subquery is evaluated again then, and what a join found would be kept.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn claim(&self, fence: &Fence, limit: u32) -> Result<Vec<Claim>> {
        let rows: Vec<ClaimRow> = sqlx::query_as(
            "WITH free AS (
                 SELECT r.id, r.owner_worker AS was_worker, r.epoch AS was_epoch
                 FROM runs r
                 WHERE r.ended_at IS NULL AND r.state <> 'awaiting_approval' AND r.set_aside_at IS NULL
                   AND (SELECT count(*) FROM workers w WHERE w.id = r.owner_worker AND w.epoch = r.epoch
                                                         AND w.expires_at > clock_timestamp()) = 0
                   AND EXISTS (SELECT FROM workers me
                               WHERE me.id = $1 AND me.epoch = $2 AND me.expires_at > clock_timestamp())
                 ORDER BY r.id
                 FOR UPDATE OF r SKIP LOCKED
                 LIMIT $3)
             UPDATE runs SET owner_worker = $1, epoch = $2 FROM free WHERE runs.id = free.id
             RETURNING runs.id, free.was_worker, free.was_epoch",
        )
        .bind(&fence.worker)
        .bind(fence.epoch)
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|r| Claim { run: RunId(r.id), before: r.was_worker.zip(r.was_epoch) })
            .collect())
    }

    /// One question for both: it is asked each second. A lease that has just ended still counts, for whoever looked for free
    /// runs a moment before it did.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn watch(&self, fence: &Fence) -> Result<Watch> {
        let rows: Vec<(Option<Uuid>, Option<f64>)> = sqlx::query_as(
            "SELECT id, NULL::float8 AS ends_in FROM runs
             WHERE owner_worker = $1 AND epoch = $2 AND ended_at IS NULL AND set_aside_at IS NULL
             UNION ALL
             SELECT NULL, extract(epoch FROM min(w.expires_at) - clock_timestamp())::float8 FROM workers w
             WHERE w.id <> $1 AND w.expires_at > clock_timestamp() - interval '1 second' AND EXISTS (
                 SELECT FROM runs r WHERE r.owner_worker = w.id AND r.epoch = w.epoch AND r.ended_at IS NULL
                                      AND r.set_aside_at IS NULL)
             ORDER BY id",
        )
        .bind(&fence.worker)
        .bind(fence.epoch)
        .fetch_all(&self.pool)
        .await?;
        let ends_in = rows.iter().find_map(|(_, ends_in)| *ends_in);
        Ok(Watch {
            mine: rows.into_iter().filter_map(|(id, _)| id.map(RunId)).collect(),
            next_lease_ends_in: ends_in.map(|s| Duration::try_from_secs_f64(s).unwrap_or_default()),
        })
    }
}
