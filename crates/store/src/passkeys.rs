//! Keys (WebAuthn) as second factors, and the challenges that wait for their answers. That a challenge is answered once and that
//! a key's count goes on is the database's to say: whoever takes the row first has it.

use crate::Result;
use crate::change::Change;
use crate::store::Store;
use crate::wire::{Time, maybe_time, word};
use holdfast_domain::PersonId;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq)]
pub struct Passkey {
    pub id: Uuid,
    pub name: String,
    /// What answers are checked against, as the library that checks them writes it.
    pub credential: Value,
    pub backed_up: bool,
    pub added_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

/// What a key has said of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyState {
    pub credential: Value,
    pub counter: u32,
    pub backed_up: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct NewPasskey {
    pub id: Uuid,
    pub person: PersonId,
    pub name: String,
    pub credential_id: Vec<u8>,
    pub state: KeyState,
}

/// What a challenge's answer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChallengePurpose {
    Register,
    SignIn,
    Prove,
}

/// Whose key is asked for what, and by which session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked<'a> {
    pub session: &'a str,
    pub purpose: ChallengePurpose,
    pub person: PersonId,
}

#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Challenge {
    /// What the proof is for.
    pub act: Option<Value>,
    /// The challenge, and what its answer is held against.
    pub state: Value,
}

/// What an answer is waited for; browsers are told the same.
pub const CHALLENGE_SECONDS: u32 = 300;

#[derive(sqlx::FromRow)]
struct PasskeyRow {
    id: Uuid,
    name: String,
    credential: Value,
    backed_up: bool,
    added_at: Time,
    last_used_at: Option<Time>,
}

impl From<PasskeyRow> for Passkey {
    fn from(row: PasskeyRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            credential: row.credential,
            backed_up: row.backed_up,
            added_at: row.added_at.into(),
            last_used_at: maybe_time(row.last_used_at),
        }
    }
}

impl Store {
    /// The oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn passkeys(&self, person: PersonId) -> Result<Vec<Passkey>> {
        let rows: Vec<PasskeyRow> = sqlx::query_as(
            "SELECT id, name, credential, backed_up, added_at, last_used_at FROM passkeys
             WHERE person = $1 ORDER BY added_at, id",
        )
        .bind(person.0)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// # Errors
    /// When the database does not answer.
    pub async fn has_passkeys(&self, person: PersonId) -> Result<bool> {
        Ok(sqlx::query_scalar("SELECT EXISTS (SELECT FROM passkeys WHERE person = $1)")
            .bind(person.0)
            .fetch_one(&self.pool)
            .await?)
    }

    /// Keeps a challenge for [`CHALLENGE_SECONDS`], in place of an earlier one of the same session and purpose.
    ///
    /// # Errors
    /// When there is no such person.
    pub async fn keep_challenge(&self, asked: Asked<'_>, challenge: &Challenge) -> Result<()> {
        sqlx::query(
            "INSERT INTO passkey_challenges (session, purpose, person, act, state, expires_at)
             VALUES ($1, $2, $3, $4, $5, clock_timestamp() + make_interval(secs => $6))
             ON CONFLICT (session, purpose) DO UPDATE
             SET person = excluded.person, act = excluded.act, state = excluded.state, expires_at = excluded.expires_at",
        )
        .bind(asked.session)
        .bind(word(&asked.purpose))
        .bind(asked.person.0)
        .bind(&challenge.act)
        .bind(&challenge.state)
        .bind(f64::from(CHALLENGE_SECONDS))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Takes the challenge away, whatever comes of its answer. `None`: none waits there (any more), for that person.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn take_challenge(&self, asked: Asked<'_>) -> Result<Option<Challenge>> {
        Ok(sqlx::query_as(
            "DELETE FROM passkey_challenges
             WHERE session = $1 AND purpose = $2 AND person = $3 AND expires_at > clock_timestamp()
             RETURNING act, state",
        )
        .bind(asked.session)
        .bind(word(&asked.purpose))
        .bind(asked.person.0)
        .fetch_optional(&self.pool)
        .await?)
    }
}

impl Change {
    /// False where the key is somebody's already.
    ///
    /// # Errors
    /// When there is no such person.
    pub async fn add_passkey(&mut self, new: &NewPasskey) -> Result<bool> {
        let added = sqlx::query(
            "INSERT INTO passkeys (id, person, name, credential_id, credential, counter, backed_up)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT ON CONSTRAINT passkeys_credential_key DO NOTHING",
        )
        .bind(new.id)
        .bind(new.person.0)
        .bind(&new.name)
        .bind(&new.credential_id)
        .bind(&new.state.credential)
        .bind(i64::from(new.state.counter))
        .bind(new.state.backed_up)
        .execute(self.connection())
        .await?;
        Ok(added.rows_affected() == 1)
    }

    /// False where the person has no such key.
    ///
    /// # Errors
    /// When the name is too long.
    pub async fn rename_passkey(&mut self, person: PersonId, id: Uuid, name: &str) -> Result<bool> {
        let renamed = sqlx::query("UPDATE passkeys SET name = $3 WHERE person = $1 AND id = $2")
            .bind(person.0)
            .bind(id)
            .bind(name)
            .execute(self.connection())
            .await?;
        Ok(renamed.rows_affected() == 1)
    }

    /// The key has answered. False where the person has it no more, or where another answer with that count came first; keys
    /// that do not count say 0 each time.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn use_passkey(&mut self, person: PersonId, id: Uuid, said: &KeyState) -> Result<bool> {
        let used = sqlx::query(
            "UPDATE passkeys SET credential = $3, counter = $4, backed_up = $5, last_used_at = clock_timestamp()
             WHERE person = $1 AND id = $2 AND ($4 > counter OR ($4 = 0 AND counter = 0))",
        )
        .bind(person.0)
        .bind(id)
        .bind(&said.credential)
        .bind(i64::from(said.counter))
        .bind(said.backed_up)
        .execute(self.connection())
        .await?;
        Ok(used.rows_affected() == 1)
    }

    /// What it was called; `None` where the person has no such key. With the last second factor go the codes to recover with.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn remove_passkey(&mut self, person: PersonId, id: Uuid) -> Result<Option<String>> {
        let name: Option<String> =
            sqlx::query_scalar("DELETE FROM passkeys WHERE person = $1 AND id = $2 RETURNING name")
                .bind(person.0)
                .bind(id)
                .fetch_optional(self.connection())
                .await?;
        if name.is_some() {
            self.remove_idle_recovery_codes(person).await?;
        }
        Ok(name)
    }
}
