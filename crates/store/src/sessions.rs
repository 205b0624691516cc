//! Browser sessions. The cookie's value is never stored, only its hash; both ends of a session's life are
//! by the database's clock.

use crate::change::Change;
use crate::store::Store;
use crate::wire::{Time, time};
use crate::{Error, Result};
use holdfast_domain::PersonId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// Whose a session is, and what they are shown of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionOwner {
    pub person: PersonId,
    /// The end of its life counts from here, also under another id. `None`: the password was right and a code is waited for;
    /// nobody is signed in, and it ends with the person's sessions all the same.
    pub signed_in_at: Option<Timestamp>,
    pub address: String,
    pub agent: String,
    /// `None`: signed in here.
    pub begun_by: Option<BegunBy>,
}

/// The identity provider at whose word a session began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BegunBy {
    pub issuer: String,
    /// What it calls the session, where it says so.
    pub session: Option<String>,
}

/// One of a person's sessions. `id` is no secret: the beginning of its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedSession {
    pub id: String,
    pub signed_in_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub address: Option<String>,
    pub agent: Option<String>,
}

/// Enough of the hash to name one session of a person.
const ID_DIGITS: i32 = 32;

/// The `id` of the session with that hash, as [`OwnedSession`] has it.
#[must_use]
pub fn session_id(id_hash: &[u8; 32]) -> String {
    let mut id = hex::encode(id_hash);
    id.truncate(ID_DIGITS as usize);
    id
}

fn cut(text: &str, characters: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(characters).collect()
}

fn begun_by(owner: Option<&SessionOwner>) -> Option<&BegunBy> {
    owner?.begun_by.as_ref()
}

#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    pub person: Option<PersonId>,
    pub data: Value,
    pub created_at: Timestamp,
    /// Without use; moves with [`Store::session_save`].
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
        owner: Option<&SessionOwner>,
        data: &Value,
        expires_at: Timestamp,
        longest_seconds: u32,
    ) -> Result<bool> {
        let made = sqlx::query(
            "INSERT INTO sessions (id_hash, person, data, expires_at, ends_at, signed_in_at, address, agent, issuer, provider_session)
             VALUES ($1, $2, $3, $4, least($6, clock_timestamp()) + make_interval(secs => $5), $6, $7, $8, $9, $10)
             ON CONFLICT DO NOTHING",
        )
        .bind(id_hash.as_slice())
        .bind(owner.map(|o| o.person.0))
        .bind(data)
        .bind(time(expires_at))
        .bind(f64::from(longest_seconds))
        .bind(owner.and_then(|o| o.signed_in_at).map(time))
        .bind(owner.map(|o| cut(&o.address, 100)))
        .bind(owner.map(|o| cut(&o.agent, 300)))
        .bind(begun_by(owner).map(|by| &by.issuer))
        .bind(begun_by(owner).and_then(|by| by.session.as_ref()))
        .execute(&self.pool)
        .await?;
        Ok(made.rows_affected() == 1)
    }

    /// # Errors
    /// `NotFound` when the session ended meanwhile: it must not come back to life.
    pub async fn session_save(
        &self,
        id_hash: &[u8; 32],
        owner: Option<&SessionOwner>,
        data: &Value,
        expires_at: Timestamp,
    ) -> Result<()> {
        let saved = sqlx::query(
            "UPDATE sessions SET person = $2, data = $3, expires_at = $4, last_seen_at = clock_timestamp(),
                    signed_in_at = $5, address = $6, agent = $7, issuer = $8, provider_session = $9
             WHERE id_hash = $1 AND least(expires_at, ends_at) > clock_timestamp()",
        )
        .bind(id_hash.as_slice())
        .bind(owner.map(|o| o.person.0))
        .bind(data)
        .bind(time(expires_at))
        .bind(owner.and_then(|o| o.signed_in_at).map(time))
        .bind(owner.map(|o| cut(&o.address, 100)))
        .bind(owner.map(|o| cut(&o.agent, 300)))
        .bind(begun_by(owner).map(|by| &by.issuer))
        .bind(begun_by(owner).and_then(|by| by.session.as_ref()))
        .execute(&self.pool)
        .await?;
        if saved.rows_affected() == 1 { Ok(()) } else { Err(Error::NotFound("session")) }
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

    /// Those that have not ended, the newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sessions_of(&self, person: PersonId) -> Result<Vec<OwnedSession>> {
        type Row = (String, Time, Time, Option<String>, Option<String>);
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT left(encode(id_hash, 'hex'), $2), signed_in_at, last_seen_at, address, agent
             FROM sessions WHERE person = $1 AND signed_in_at IS NOT NULL AND least(expires_at, ends_at) > clock_timestamp()
             ORDER BY 2 DESC, 1",
        )
        .bind(person.0)
        .bind(ID_DIGITS)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|(id, signed_in_at, last_seen_at, address, agent)| OwnedSession {
                id,
                signed_in_at: signed_in_at.into(),
                last_seen_at: last_seen_at.into(),
                address,
                agent,
            })
            .collect())
    }
}

impl Change {
    /// False where the person has no such session.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn end_session(&mut self, person: PersonId, id: &str) -> Result<bool> {
        let ended =
            sqlx::query("DELETE FROM sessions WHERE person = $1 AND left(encode(id_hash, 'hex'), $3) = $2")
                .bind(person.0)
                .bind(id)
                .bind(ID_DIGITS)
                .execute(self.connection())
                .await?;
        self.notify(&format!("person:{person}")).await?;
        Ok(ended.rows_affected() > 0)
    }

    /// Everybody's, and those of whoever is on their way in. Open pages hear of it when the change commits: a hint that names nobody
    /// has every one of them look.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn end_everybodys_sessions(&mut self) -> Result<u64> {
        let ended = sqlx::query("DELETE FROM sessions").execute(self.connection()).await?;
        self.notify("sessions").await?;
        Ok(ended.rows_affected())
    }

    /// Every session of the person, `but` that one. Open pages hear of it when the change commits.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn end_sessions(&mut self, person: PersonId, but: Option<&str>) -> Result<u64> {
        let ended = sqlx::query(
            "DELETE FROM sessions WHERE person = $1 AND ($2::text IS NULL OR left(encode(id_hash, 'hex'), $3) <> $2)",
        )
        .bind(person.0)
        .bind(but)
        .bind(ID_DIGITS)
        .execute(self.connection())
        .await?;
        self.notify(&format!("person:{person}")).await?;
        Ok(ended.rows_affected())
    }
}
