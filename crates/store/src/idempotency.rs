//! Answers kept for repeated requests. The key is marked in the transaction of the effect itself, so that a repeat
//! finds either both or neither. A run's answer is written there too; of other requests the answer follows when it
//! is known, and a repeat that comes in between is told to wait.

use crate::change::Change;
use crate::connections::Connection;
use crate::store::Store;
use crate::{Error, Result};
use holdfast_domain::{Actor, RequestKey};
use serde_json::Value;
use sqlx::Row as _;

/// Whose request it is, with the key under which it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub principal: String,
    pub key: RequestKey,
}

impl Mark {
    /// `None`: the request was sent without a key.
    #[must_use]
    pub fn of(actor: &Actor) -> Option<Self> {
        let key = actor.sent.clone()?;
        Some(Self { principal: format!("person:{}", actor.person), key })
    }
}

/// What is known of a request that may have been sent before.
#[derive(Debug, Clone, PartialEq)]
pub enum Kept {
    Nothing,
    Answer(Value),
    /// Its effect is made and its answer is not kept yet.
    Unanswered,
    /// The key stands for another request.
    Reused,
}

/// Marks the key as used by this sending; a second mark of the same sending changes nothing.
pub(crate) async fn mark(connection: &mut Connection, mark: &Mark) -> Result<()> {
    let Mark { principal, key } = mark;
    let marked = sqlx::query(
        "INSERT INTO idempotency_keys AS k (principal, key, route, body_hash, sending) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (principal, key) DO UPDATE
         SET route = excluded.route, body_hash = excluded.body_hash, sending = excluded.sending, status = NULL,
             response = NULL, created_at = excluded.created_at
         WHERE k.sending = excluded.sending OR k.created_at < clock_timestamp() - interval '24 hours'",
    )
    .bind(principal)
    .bind(&key.key)
    .bind(&key.route)
    .bind(key.body_hash.as_slice())
    .bind(key.sending)
    .execute(connection)
    .await?;
    if marked.rows_affected() == 1 { Ok(()) } else { Err(Error::Conflict("idempotency_keys_pkey".into())) }
}

impl Store {
    /// # Errors
    /// When the database does not answer.
    pub async fn kept_answer(&self, mark: &Mark) -> Result<Kept> {
        let row = sqlx::query(
            "SELECT route = $3 AND body_hash = $4 AS same, response FROM idempotency_keys
             WHERE principal = $1 AND key = $2 AND created_at >= clock_timestamp() - interval '24 hours'",
        )
        .bind(&mark.principal)
        .bind(&mark.key.key)
        .bind(&mark.key.route)
        .bind(mark.key.body_hash.as_slice())
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(Kept::Nothing) };
        if !row.try_get::<bool, _>("same")? {
            return Ok(Kept::Reused);
        }
        Ok(row.try_get::<Option<Value>, _>("response")?.map_or(Kept::Unanswered, Kept::Answer))
    }

    /// Keeps the answer of this sending for repeats, also where it changed nothing and so marked nothing.
    /// Another sending's answer stays.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn keep_answer(&self, mark: &Mark, status: u16, response: &Value) -> Result<()> {
        let status = i16::try_from(status).map_err(|_| Error::Invalid(format!("status {status}")))?;
        sqlx::query(
            "INSERT INTO idempotency_keys AS k (principal, key, route, body_hash, sending, status, response)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (principal, key) DO UPDATE SET status = excluded.status, response = excluded.response
             WHERE k.sending = excluded.sending",
        )
        .bind(&mark.principal)
        .bind(&mark.key.key)
        .bind(&mark.key.route)
        .bind(mark.key.body_hash.as_slice())
        .bind(mark.key.sending)
        .bind(status)
        .bind(response)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

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
