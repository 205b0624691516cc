//! Answers kept for repeated requests, written in the transaction of the effect itself: a repeat finds
//! either both or neither.

use crate::change::Change;
use crate::{Error, Result};
use serde_json::Value;
use sqlx::Row as _;

#[derive(Debug, Clone, PartialEq)]
pub enum Idempotent {
    /// The first of its kind: make the effect, then [`Change::finish_idempotent`].
    Fresh,
    /// Made already; this was the answer.
    Replay { status: u16, response: Value },
    /// The key was used for another request.
    Reused,
}

impl Change {
    /// A repeat that arrives while the first is being made waits for it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin_idempotent(
        &mut self,
        principal: &str,
        key: &str,
        route: &str,
        body_hash: &[u8; 32],
    ) -> Result<Idempotent> {
        let fresh = sqlx::query(
            "INSERT INTO idempotency_keys AS k (principal, key, route, body_hash) VALUES ($1, $2, $3, $4)
             ON CONFLICT (principal, key) DO UPDATE
             SET route = excluded.route, body_hash = excluded.body_hash, status = NULL, response = NULL,
                 created_at = excluded.created_at
             WHERE k.created_at < clock_timestamp() - interval '24 hours'",
        )
        .bind(principal)
        .bind(key)
        .bind(route)
        .bind(body_hash.as_slice())
        .execute(self.connection())
        .await?;
        if fresh.rows_affected() == 1 {
            return Ok(Idempotent::Fresh);
        }
        let kept = sqlx::query(
            "SELECT route = $3 AND body_hash = $4 AS same, status, response FROM idempotency_keys
             WHERE principal = $1 AND key = $2",
        )
        .bind(principal)
        .bind(key)
        .bind(route)
        .bind(body_hash.as_slice())
        .fetch_one(self.connection())
        .await?;
        if !kept.try_get::<bool, _>("same")? {
            return Ok(Idempotent::Reused);
        }
        let status: Option<i16> = kept.try_get("status")?;
        let response: Option<Value> = kept.try_get("response")?;
        match (status.and_then(|s| u16::try_from(s).ok()), response) {
            (Some(status), Some(response)) => Ok(Idempotent::Replay { status, response }),
            _ => Err(Error::Corrupt(format!("the answer kept for idempotency key `{key}` is missing"))),
        }
    }

    /// Keeps the answer for repeats.
    ///
    /// # Errors
    /// `NotFound` when the key was not begun.
    pub async fn finish_idempotent(
        &mut self,
        principal: &str,
        key: &str,
        status: u16,
        response: &Value,
    ) -> Result<()> {
        let status = i16::try_from(status).map_err(|_| Error::Invalid(format!("status {status}")))?;
        let kept = sqlx::query(
            "UPDATE idempotency_keys SET status = $3, response = $4 WHERE principal = $1 AND key = $2",
        )
        .bind(principal)
        .bind(key)
        .bind(status)
        .bind(response)
        .execute(self.connection())
        .await?;
        if kept.rows_affected() == 1 { Ok(()) } else { Err(Error::NotFound("idempotency key")) }
    }
}
