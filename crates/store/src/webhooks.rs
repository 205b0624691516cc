//! What webhooks are signed with. A key of a symmetric scheme must be read again, so it is stored sealed; rows of before that
//! was so stand in clear until a server that has a key starts.

use crate::audit::{AuditActor, AuditEntry};
use crate::change::Change;
use crate::sealing::{Sealing, Unreadable};
use crate::store::Store;
use crate::{Error, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use holdfast_domain::Name;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::json;

#[derive(sqlx::FromRow)]
struct InClear {
    application: String,
    step: String,
    secret: String,
}

/// What it is and whose, so that nobody can put one into another's place.
fn sealed_as(application: &str, step: &str) -> String {
    format!("webhook secret of {application} {step}")
}

/// `whsec_` and 256 random bits, as the Standard Webhooks scheme writes a signing key.
fn new_secret() -> Result<String> {
    let mut key = [0_u8; 32];
    SystemRandom::new()
        .fill(&mut key)
        .map_err(|_| Error::Invalid("the system gives no randomness".to_owned()))?;
    Ok(format!("whsec_{}", STANDARD.encode(key)))
}

fn sealed(sealing: Option<&Sealing>, application: &str, step: &str, secret: &str) -> Result<Vec<u8>> {
    let sealing = sealing.ok_or(Error::NoSecretsKey)?;
    sealing.seal(&sealed_as(application, step), secret.as_bytes()).map_err(Error::Invalid)
}

impl Store {
    /// For signing only: no answer of Holdfast carries it. `None`: there is no such webhook.
    ///
    /// # Errors
    /// When the database does not answer; within: when this server cannot read what is sealed.
    pub async fn webhook_secret(
        &self,
        application: &Name,
        step: &Name,
    ) -> Result<Option<Result<String, Unreadable>>> {
        let row: Option<(Option<String>, Option<Vec<u8>>)> = sqlx::query_as(
            "SELECT secret, sealed_secret FROM webhook_secrets WHERE application = $1 AND step = $2",
        )
        .bind(application.as_str())
        .bind(step.as_str())
        .fetch_optional(&self.pool)
        .await?;
        let of = sealed_as(application.as_str(), step.as_str());
        Ok(row.map(|row| match row {
            (Some(in_clear), _) => Ok(in_clear),
            (None, None) => Err(Unreadable::Changed),
            (None, Some(sealed)) => {
                let sealing = self.sealing.as_ref().ok_or(Unreadable::OtherKey)?;
                String::from_utf8(sealing.open(&of, &sealed)?).map_err(|_| Unreadable::Changed)
            }
        }))
    }

    /// Seals what stands in clear; the number of secrets that it sealed. Without a key it leaves them as they are: a webhook
    /// that worked before an upgrade works after it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn seal_webhook_secrets(&self) -> Result<usize> {
        if self.sealing.is_none() {
            return Ok(0);
        }
        let mut change = self.begin().await?;
        let rows: Vec<InClear> = sqlx::query_as(
            "SELECT application::text, step::text, secret FROM webhook_secrets WHERE secret IS NOT NULL
             ORDER BY application, step FOR UPDATE",
        )
        .fetch_all(change.connection())
        .await?;
        if rows.is_empty() {
            return Ok(0);
        }
        for row in &rows {
            let sealed = sealed(self.sealing.as_ref(), &row.application, &row.step, &row.secret)?;
            sqlx::query(
                "UPDATE webhook_secrets SET secret = NULL, sealed_secret = $3 WHERE application = $1 AND step = $2",
            )
            .bind(&row.application)
            .bind(&row.step)
            .bind(sealed)
            .execute(change.connection())
            .await?;
        }
        let server = AuditActor::System { name: "server".to_owned() };
        let entry = AuditEntry::done("webhook.seal_secrets", server, "system", "webhooks");
        change.commit(entry.with(json!({ "secrets": rows.len() }))).await?;
        Ok(rows.len())
    }
}

impl Change {
    /// There are these webhooks and no others; each that has no secret yet gets one that nobody has seen.
    ///
    /// # Errors
    /// `NoSecretsKey` where one would have to be made and cannot be sealed.
    pub(crate) async fn keep_webhook_secrets(&mut self, webhooks: &[(&Name, &Name)]) -> Result<()> {
        let of = |(application, step): &(&Name, &Name)| json!({"application": application, "step": step});
        let all: Vec<_> = webhooks.iter().map(of).collect();
        sqlx::query(
            "DELETE FROM webhook_secrets WHERE (application, step) NOT IN
             (SELECT w.application, w.step FROM jsonb_to_recordset($1) AS w(application text, step text))",
        )
        .bind(json!(all))
        .execute(self.connection())
        .await?;
        let without: Vec<(String, String)> = sqlx::query_as(
            "SELECT w.application, w.step FROM jsonb_to_recordset($1) AS w(application text, step text)
             WHERE NOT EXISTS (SELECT FROM webhook_secrets s WHERE s.application = w.application AND s.step = w.step)",
        )
        .bind(json!(all))
        .fetch_all(self.connection())
        .await?;
        for (application, step) in without {
            let sealed = sealed(self.sealing.as_ref(), &application, &step, &new_secret()?)?;
            sqlx::query(
                "INSERT INTO webhook_secrets (application, step, sealed_secret) VALUES ($1, $2, $3)
                 ON CONFLICT (application, step) DO NOTHING",
            )
            .bind(application)
            .bind(step)
            .bind(sealed)
            .execute(self.connection())
            .await?;
        }
        Ok(())
    }

    /// Takes the place of the one before, which signs nothing from here on.
    ///
    /// # Errors
    /// `NotFound` when the application has no such webhook, `NoSecretsKey` when it cannot be sealed.
    pub async fn replace_webhook_secret(
        &mut self,
        application: &Name,
        step: &Name,
        secret: &str,
    ) -> Result<()> {
        let sealed = sealed(self.sealing.as_ref(), application.as_str(), step.as_str(), secret)?;
        let replaced = sqlx::query(
            "UPDATE webhook_secrets SET secret = NULL, sealed_secret = $3, made_at = clock_timestamp()
             WHERE application = $1 AND step = $2",
        )
        .bind(application.as_str())
        .bind(step.as_str())
        .bind(sealed)
        .execute(self.connection())
        .await?;
        if replaced.rows_affected() == 0 { Err(Error::NotFound("webhook")) } else { Ok(()) }
    }
}
