//! Forgetting what has had its time: sessions, kept answers, failed sign-ins, the history of lag, the leases
//! of workers long gone, who was told of what. Never the journal, never the audit log.

use crate::Result;
use crate::store::Store;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pruned {
    pub sessions: u64,
    pub idempotency_keys: u64,
    pub login_attempts: u64,
    pub passkey_challenges: u64,
    pub provider_sign_outs: u64,
    pub lag_points: u64,
    pub workers: u64,
    pub notices: u64,
}

impl Store {
    /// Safe to call from any replica at any time.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn prune(&self, lag_history_hours: u32) -> Result<Pruned> {
        let delete = async |sql: &'static str| -> Result<u64> {
            Ok(sqlx::query(sql).execute(&self.pool).await?.rows_affected())
        };
        let lag_points =
            sqlx::query("DELETE FROM lag_history WHERE at < clock_timestamp() - make_interval(hours => $1)")
                .bind(i32::try_from(lag_history_hours).unwrap_or(i32::MAX))
                .execute(&self.pool)
                .await?
                .rows_affected();
        Ok(Pruned {
            lag_points,
            sessions: delete("DELETE FROM sessions WHERE least(expires_at, ends_at) < clock_timestamp()")
                .await?,
            idempotency_keys: delete(
                "DELETE FROM idempotency_keys WHERE created_at < clock_timestamp() - interval '24 hours'",
            )
            .await?,
            login_attempts: delete(
                "DELETE FROM login_attempts WHERE at < clock_timestamp() - interval '1 day'",
            )
            .await?,
            passkey_challenges: delete("DELETE FROM passkey_challenges WHERE expires_at < clock_timestamp()")
                .await?,
            provider_sign_outs: delete("DELETE FROM provider_sign_outs WHERE good_until < clock_timestamp()")
                .await?,
            workers: delete(
                "DELETE FROM workers w WHERE w.expires_at < clock_timestamp() - interval '1 day'
                   AND NOT EXISTS (SELECT FROM runs r WHERE r.owner_worker = w.id AND r.ended_at IS NULL)",
            )
            .await?,
            // Longer than a year, so that a yearly audit finds it; of break-glass for good; never while something waits to be told, or of a
            // run that goes on. Their deliveries go with them.
            notices: delete(
                "DELETE FROM notices WHERE id IN (
                     SELECT n.id FROM notices n LEFT JOIN runs r ON r.id = n.run
                     WHERE n.due_at IS NULL AND n.at < clock_timestamp() - interval '400 days' AND n.kind <> 'break_glass'
                       AND (n.run IS NULL OR r.ended_at IS NOT NULL)
                       AND NOT EXISTS (SELECT FROM deliveries d WHERE d.notice = n.id AND d.state = 'waiting')
                     LIMIT 10000)",
            )
            .await?,
        })
    }
}
