//! One lease per worker. An epoch is given out once; with it every write of the worker is fenced.

use crate::Result;
use crate::store::Store;

/// Without renewal, by the database's clock.
pub const LEASE_SECONDS: u32 = 3;

impl Store {
    /// A new epoch and a fresh lease. A dead predecessor with the same id is succeeded at once: its epoch is
    /// the older one, and what it held may be claimed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn worker_start(&self, id: &str) -> Result<i64> {
        Ok(sqlx::query_scalar(
            "INSERT INTO workers (id, epoch, expires_at)
             VALUES ($1, nextval('worker_epochs'), clock_timestamp() + make_interval(secs => $2))
             ON CONFLICT (id) DO UPDATE
             SET epoch = excluded.epoch, started_at = clock_timestamp(), expires_at = excluded.expires_at
             RETURNING epoch",
        )
        .bind(id)
        .bind(f64::from(LEASE_SECONDS))
        .fetch_one(&self.pool)
        .await?)
    }

    /// False: the lease has ended, or somebody succeeded this worker. It must let go of everything and
    /// start again; a lease is never brought back to life.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn worker_renew(&self, id: &str, epoch: i64) -> Result<bool> {
        let renewed = sqlx::query(
            "UPDATE workers SET expires_at = clock_timestamp() + make_interval(secs => $3)
             WHERE id = $1 AND epoch = $2 AND expires_at > clock_timestamp()",
        )
        .bind(id)
        .bind(epoch)
        .bind(f64::from(LEASE_SECONDS))
        .execute(&self.pool)
        .await?;
        Ok(renewed.rows_affected() == 1)
    }

    /// Gives up the lease and every run at once, so that nobody waits for the lease to end.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn worker_stop(&self, id: &str, epoch: i64) -> Result<()> {
        sqlx::query(
            "WITH ended AS (
                 UPDATE workers SET expires_at = clock_timestamp() WHERE id = $1 AND epoch = $2 RETURNING id),
             released AS (
                 UPDATE runs SET owner_worker = NULL, epoch = NULL
                 WHERE owner_worker = $1 AND epoch = $2 AND ended_at IS NULL AND EXISTS (SELECT FROM ended)
                 RETURNING id)
             SELECT pg_notify('holdfast', 'run:' || id) FROM released",
        )
        .bind(id)
        .bind(epoch)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
