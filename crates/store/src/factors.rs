//! Second factors: the sealed secret of an authenticator app, and hashes of the codes to recover with (keys: `passkeys.rs`). That
//! a code works once is the database's to say: whoever updates the row first has used it.

use crate::Result;
use crate::change::Change;
use crate::store::Store;
use crate::wire::{Time, maybe_time};
use holdfast_domain::PersonId;
use jiff::Timestamp;

/// What the codes of a person's authenticator app are checked against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TotpFactor {
    pub sealed_secret: Vec<u8>,
    /// `None`: its secret was shown and no code has confirmed it yet.
    pub confirmed_at: Option<Timestamp>,
}

/// A secret that was shown and not confirmed by a code is forgotten after this long.
const CONFIRMED_WITHIN_SECONDS: f64 = 900.0;

impl Store {
    /// `None` also where one was begun and not confirmed in time.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn totp_factor(&self, person: PersonId) -> Result<Option<TotpFactor>> {
        let row: Option<(Vec<u8>, Option<Time>)> = sqlx::query_as(
            "SELECT sealed_secret, confirmed_at FROM totp_factors
             WHERE person = $1 AND (confirmed_at IS NOT NULL OR begun_at > clock_timestamp() - make_interval(secs => $2))",
        )
        .bind(person.0)
        .bind(CONFIRMED_WITHIN_SECONDS)
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|(sealed_secret, at)| TotpFactor { sealed_secret, confirmed_at: maybe_time(at) }))
    }

    /// # Errors
    /// When the database does not answer.
    pub async fn recovery_codes_left(&self, person: PersonId) -> Result<u32> {
        let left: i64 =
            sqlx::query_scalar("SELECT count(*) FROM recovery_codes WHERE person = $1 AND used_at IS NULL")
                .bind(person.0)
                .fetch_one(&self.pool)
                .await?;
        Ok(u32::try_from(left).unwrap_or(u32::MAX))
    }
}

impl Change {
    /// Takes the place of one that was begun and not confirmed. False where one is confirmed: that is removed first.
    ///
    /// # Errors
    /// When there is no such person.
    pub async fn begin_totp(&mut self, person: PersonId, sealed_secret: &[u8]) -> Result<bool> {
        let begun = sqlx::query(
            "INSERT INTO totp_factors AS t (person, sealed_secret) VALUES ($1, $2)
             ON CONFLICT (person) DO UPDATE SET sealed_secret = excluded.sealed_secret, begun_at = clock_timestamp()
             WHERE t.confirmed_at IS NULL",
        )
        .bind(person.0)
        .bind(sealed_secret)
        .execute(self.connection())
        .await?;
        Ok(begun.rows_affected() == 1)
    }

    /// The code of that step confirms the secret, and is used with it. False where there is nothing (any more) to confirm.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn confirm_totp(&mut self, person: PersonId, sealed_secret: &[u8], step: i64) -> Result<bool> {
        let confirmed = sqlx::query(
            "UPDATE totp_factors SET confirmed_at = clock_timestamp(), last_step = $3
             WHERE person = $1 AND sealed_secret = $2 AND confirmed_at IS NULL
               AND begun_at > clock_timestamp() - make_interval(secs => $4)",
        )
        .bind(person.0)
        .bind(sealed_secret)
        .bind(step)
        .bind(CONFIRMED_WITHIN_SECONDS)
        .execute(self.connection())
        .await?;
        Ok(confirmed.rows_affected() == 1)
    }

    /// False where the code of that step, or of a later one, was used before.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn use_totp_step(&mut self, person: PersonId, step: i64) -> Result<bool> {
        let used = sqlx::query(
            "UPDATE totp_factors SET last_step = $2
             WHERE person = $1 AND confirmed_at IS NOT NULL AND last_step < $2",
        )
        .bind(person.0)
        .bind(step)
        .execute(self.connection())
        .await?;
        Ok(used.rows_affected() == 1)
    }

    /// False where it is none of the person's, or was used before.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn use_recovery_code(&mut self, person: PersonId, code_hash: &[u8; 32]) -> Result<bool> {
        let used = sqlx::query(
            "UPDATE recovery_codes SET used_at = clock_timestamp()
             WHERE person = $1 AND code_hash = $2 AND used_at IS NULL
               AND (EXISTS (SELECT FROM totp_factors t WHERE t.person = $1 AND t.confirmed_at IS NOT NULL)
                    OR EXISTS (SELECT FROM passkeys k WHERE k.person = $1))",
        )
        .bind(person.0)
        .bind(code_hash.as_slice())
        .execute(self.connection())
        .await?;
        Ok(used.rows_affected() == 1)
    }

    /// The earlier ones recover nothing any more.
    ///
    /// # Errors
    /// When there is no such person.
    pub async fn replace_recovery_codes(&mut self, person: PersonId, hashes: &[[u8; 32]]) -> Result<()> {
        sqlx::query("DELETE FROM recovery_codes WHERE person = $1")
            .bind(person.0)
            .execute(self.connection())
            .await?;
        let hashes: Vec<Vec<u8>> = hashes.iter().map(|hash| hash.to_vec()).collect();
        sqlx::query("INSERT INTO recovery_codes (person, code_hash) SELECT $1::uuid, unnest($2::bytea[])")
            .bind(person.0)
            .bind(hashes)
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// The authenticator app; with the last second factor go the codes to recover with. False where there was none.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn remove_totp(&mut self, person: PersonId) -> Result<bool> {
        let removed = sqlx::query("DELETE FROM totp_factors WHERE person = $1")
            .bind(person.0)
            .execute(self.connection())
            .await?;
        self.remove_idle_recovery_codes(person).await?;
        Ok(removed.rows_affected() == 1)
    }

    /// The authenticator app, the keys and the codes to recover with. False where there was nothing.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn remove_factors(&mut self, person: PersonId) -> Result<bool> {
        let keys = sqlx::query("DELETE FROM passkeys WHERE person = $1")
            .bind(person.0)
            .execute(self.connection())
            .await?;
        Ok(self.remove_totp(person).await? || keys.rows_affected() > 0)
    }

    /// Codes that stand for no factor any more recover nothing.
    pub(crate) async fn remove_idle_recovery_codes(&mut self, person: PersonId) -> Result<()> {
        sqlx::query(
            "DELETE FROM recovery_codes WHERE person = $1
             AND NOT EXISTS (SELECT FROM totp_factors WHERE person = $1 AND confirmed_at IS NOT NULL)
             AND NOT EXISTS (SELECT FROM passkeys WHERE person = $1)",
        )
        .bind(person.0)
        .execute(self.connection())
        .await?;
        Ok(())
    }
}
