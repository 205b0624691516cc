//! Counting failed sign-ins, in Postgres, so that the count survives restarts and is one for all replicas.
//! An attempt is counted before the password is looked at and taken back when it was right: guesses sent
//! side by side are counted all the same.

use crate::change::Change;
use crate::store::Store;
use crate::{AuditEntry, Result};

/// Within `window_seconds`. The tightest is per pair, so that others cannot lock a person out of the
/// addresses that the person uses; `per_email` is against guessing from many addresses, and does not hold where
/// the person has signed in from within the last 30 days, as the audit log has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginLimits {
    pub window_seconds: u32,
    pub per_email_and_address: i64,
    pub per_email: i64,
    pub per_address: i64,
}

impl Default for LoginLimits {
    fn default() -> Self {
        Self { window_seconds: 900, per_email_and_address: 5, per_email: 50, per_address: 100 }
    }
}

impl LoginLimits {
    /// For the codes of a second factor. Whoever tries them has the password or a session already, so that a person's codes
    /// may be held shut against every address together.
    #[must_use]
    pub fn of_codes() -> Self {
        Self { per_email: 10, ..Self::default() }
    }

    /// For challenges to keys. One that is not answered is somebody who changed their mind more often than somebody who guesses:
    /// the answer is what is counted closely.
    #[must_use]
    pub fn of_challenges() -> Self {
        Self { per_email_and_address: 20, per_email: 60, ..Self::default() }
    }
}

/// Entries of lock-outs from one place within the window: past these, the place is known for what it does.
const LOCK_OUTS_TOLD: i64 = 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginGate {
    /// Check the password; then [`Change::login_succeeded`] if it was right.
    Open,
    /// Too many failures; the oldest of them is forgotten then.
    Closed { retry_after_seconds: u32 },
}

impl Store {
    /// # Errors
    /// When the database does not answer.
    pub async fn begin_login(&self, email: &str, address: &str, limits: LoginLimits) -> Result<LoginGate> {
        let mut transaction = self.pool.begin().await?;
        let email = email.to_ascii_lowercase();
        // Attempts on one address or account count one after the other.
        for subject in [format!("email {email}"), format!("address {address}")] {
            sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
                .bind(subject)
                .execute(&mut transaction)
                .await?;
        }
        let wait: Option<f64> = sqlx::query_scalar(
            "WITH recent AS (
                 SELECT email, address, at FROM login_attempts
                 WHERE (email = $1 OR address = $2) AND at > clock_timestamp() - make_interval(secs => $3)),
             counted AS (
                 SELECT count(*) FILTER (WHERE email = $1 AND address = $2) AS pair,
                        count(*) FILTER (WHERE email = $1) AS email,
                        count(*) FILTER (WHERE address = $2) AS address,
                        min(at) AS oldest
                 FROM recent)
             SELECT greatest(1, extract(epoch FROM oldest - clock_timestamp()) + $3)::float8 FROM counted
             WHERE pair >= $4 OR address >= $6 OR (email >= $5 AND NOT EXISTS (
                 SELECT FROM audit_entries
                 WHERE subject_kind = 'person' AND subject = $1 AND action = 'session.sign_in' AND outcome = 'done'
                   AND detail ->> 'from' = $2 AND at > clock_timestamp() - interval '30 days'))",
        )
        .bind(&email)
        .bind(address)
        .bind(f64::from(limits.window_seconds))
        .bind(limits.per_email_and_address)
        .bind(limits.per_email)
        .bind(limits.per_address)
        .fetch_optional(&mut transaction)
        .await?;
        if let Some(seconds) = wait {
            // At least 1 and at most the window.
            let retry_after_seconds =
                seconds.ceil().clamp(1.0, f64::from(limits.window_seconds.max(1))) as u32;
            return Ok(LoginGate::Closed { retry_after_seconds });
        }
        sqlx::query("INSERT INTO login_attempts (email, address) VALUES ($1, $2)")
            .bind(&email)
            .bind(address)
            .execute(&mut transaction)
            .await?;
        transaction.commit().await?;
        Ok(LoginGate::Open)
    }

    /// The entry of a sign-in that was refused because too many went before it: one per window for an account and whoever
    /// tries it, and no more than [`LOCK_OUTS_TOLD`] of whoever makes up one address after the other. Guessing cannot fill the log.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn login_locked(&self, entry: AuditEntry, limits: LoginLimits) -> Result<()> {
        let told: bool = sqlx::query_scalar(
            "SELECT coalesce(bool_or(subject = $2), false) OR count(*) >= $6 FROM audit_entries
             WHERE subject_kind = $1 AND action = $3 AND outcome = 'refused' AND actor = $4
               AND at > clock_timestamp() - make_interval(secs => $5)",
        )
        .bind(&entry.subject_kind)
        .bind(&entry.subject)
        .bind(&entry.action)
        .bind(entry.actor.name())
        .bind(f64::from(limits.window_seconds))
        .bind(LOCK_OUTS_TOLD)
        .fetch_one(&self.pool)
        .await?;
        if !told {
            self.refuse(entry).await?;
        }
        Ok(())
    }
}

impl Change {
    /// Forgets the failures of this person from this address, the attempt that succeeded among them.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn login_succeeded(&mut self, email: &str, address: &str) -> Result<()> {
        sqlx::query("DELETE FROM login_attempts WHERE email = $1 AND address = $2")
            .bind(email.to_ascii_lowercase())
            .bind(address)
            .execute(self.connection())
            .await?;
        Ok(())
    }
}
