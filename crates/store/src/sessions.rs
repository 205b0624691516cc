//! Browser sessions. The cookie's value is never stored, only its hash; both ends of a session's life are
//! by the database's clock.

use crate::store::Store;
use crate::wire::{Time, time};
use crate::{Error, Result};
use holdfast_domain::PersonId;
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    pub person: Option<PersonId>,
    pub data: Value,
    pub created_at: Timestamp,
    /// Without use; moves with [`Store::session_save`] and [`Store::session_touch`].
    pub expires_at: Timestamp,
    /// Whatever the use.
    pub ends_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct SessionRow {
    person: Option<Uuid>,
    data: Value,
    created_at: Time,
    expires_at: Time,
    ends_at: Time,
}

impl Store {
    /// A new session that lives at most `longest_seconds`. False when the id is taken: draw another.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn session_create(
        &self,
        id_hash: &[u8; 32],
        person: Option<PersonId>,
        data: &Value,
        expires_at: Timestamp,
        longest_seconds: u32,
    ) -> Result<bool> {
        let made = sqlx::query(
            "INSERT INTO sessions (id_hash, person, data, expires_at, ends_at)
             VALUES ($1, $2, $3, $4, clock_timestamp() + make_interval(secs => $5))
             ON CONFLICT DO NOTHING",
        )
        .bind(id_hash.as_slice())
        .bind(person.map(|p| p.0))
        .bind(data)
        .bind(time(expires_at))
        .bind(f64::from(longest_seconds))
        .execute(&self.pool)
        .await?;
        Ok(made.rows_affected() == 1)
    }

    /// # Errors
    /// `NotFound` when the session ended meanwhile: it must not come back to life.
    pub async fn session_save(
        &self,
        id_hash: &[u8; 32],
        person: Option<PersonId>,
        data: &Value,
        expires_at: Timestamp,
    ) -> Result<()> {
        let saved = sqlx::query(
            "UPDATE sessions SET person = $2, data = $3, expires_at = $4, last_seen_at = clock_timestamp()
             WHERE id_hash = $1 AND least(expires_at, ends_at) > clock_timestamp()",
        )
        .bind(id_hash.as_slice())
        .bind(person.map(|p| p.0))
        .bind(data)
        .bind(time(expires_at))
        .execute(&self.pool)
        .await?;
        if saved.rows_affected() == 1 { Ok(()) } else { Err(Error::NotFound("session")) }
    }

    /// Notes that the session is used, at most once a minute.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn session_touch(&self, id_hash: &[u8; 32], expires_at: Timestamp) -> Result<()> {
        sqlx::query(
            "UPDATE sessions SET last_seen_at = clock_timestamp(), expires_at = greatest(expires_at, $2)
             WHERE id_hash = $1 AND last_seen_at < clock_timestamp() - interval '1 minute'
               AND least(expires_at, ends_at) > clock_timestamp()",
        )
        .bind(id_hash.as_slice())
        .bind(time(expires_at))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// `None`: unknown, ended, or its person has been disabled.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn session_load(&self, id_hash: &[u8; 32]) -> Result<Option<Session>> {
        let row: Option<SessionRow> = sqlx::query_as(
            "SELECT s.person, s.data, s.created_at, s.expires_at, s.ends_at
             FROM sessions s LEFT JOIN people p ON p.id = s.person
             WHERE s.id_hash = $1 AND least(s.expires_at, s.ends_at) > clock_timestamp() AND p.disabled_at IS NULL",
        )
        .bind(id_hash.as_slice())
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|r| Session {
            person: r.person.map(PersonId),
            data: r.data,
            created_at: r.created_at.into(),
            expires_at: r.expires_at.into(),
            ends_at: r.ends_at.into(),
        }))
    }

    /// # Errors
    /// When the database does not answer.
    pub async fn session_delete(&self, id_hash: &[u8; 32]) -> Result<()> {
        sqlx::query(
            "WITH gone AS (DELETE FROM sessions WHERE id_hash = $1 RETURNING person)
             SELECT pg_notify('holdfast', 'person:' || person) FROM gone WHERE person IS NOT NULL",
        )
        .bind(id_hash.as_slice())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Signs a person out everywhere.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sessions_delete_of(&self, person: PersonId) -> Result<u64> {
        let gone: Option<i64> = sqlx::query_scalar(
            "WITH gone AS (DELETE FROM sessions WHERE person = $1 RETURNING 1),
                  told AS (SELECT pg_notify('holdfast', 'person:' || $1::text))
             SELECT count(*) FROM gone, told",
        )
        .bind(person.0)
        .fetch_optional(&self.pool)
        .await?;
        Ok(gone.and_then(|n| u64::try_from(n).ok()).unwrap_or(0))
    }
}
