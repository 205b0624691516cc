//! Which worker drives which run.

use crate::Result;
use crate::journal::Fence;
use crate::store::Store;
use holdfast_domain::RunId;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub run: RunId,
    /// The worker and epoch that held it before; `None` when nobody did.
    pub before: Option<(String, i64)>,
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

    /// The runs that this worker holds under this epoch and that have not ended.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn held_runs(&self, fence: &Fence) -> Result<Vec<RunId>> {
        let ids: Vec<Uuid> = sqlx::query_scalar(
            "SELECT id FROM runs WHERE owner_worker = $1 AND epoch = $2 AND ended_at IS NULL AND set_aside_at IS NULL
             ORDER BY id",
        )
        .bind(&fence.worker)
        .bind(fence.epoch)
        .fetch_all(&self.pool)
        .await?;
        Ok(ids.into_iter().map(RunId).collect())
    }

    /// Gives a run back, if it is still this worker's.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn release(&self, fence: &Fence, run: RunId) -> Result<()> {
        sqlx::query(
            "WITH released AS (
                 UPDATE runs SET owner_worker = NULL, epoch = NULL
                 WHERE id = $1 AND owner_worker = $2 AND epoch = $3 RETURNING id)
             SELECT pg_notify('holdfast', 'run:' || id) FROM released",
        )
        .bind(run.0)
        .bind(&fence.worker)
        .bind(fence.epoch)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
