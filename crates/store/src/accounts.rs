//! The last answer of assuming each account's roles.

use crate::store::Store;
use crate::wire::{Time, from_word, time, word};
use crate::{Error, Result};
use holdfast_domain::AccountId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountRole {
    Read,
    Act,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountProbe {
    pub account: AccountId,
    pub role: AccountRole,
    pub at: Timestamp,
    /// The identity that AWS says the assumed role is, or why it could not be assumed.
    pub answer: Result<String, String>,
}

#[derive(sqlx::FromRow)]
struct ProbeRow {
    account: String,
    role: String,
    at: Time,
    identity_arn: Option<String>,
    reason: Option<String>,
}

impl ProbeRow {
    fn into_probe(self) -> Result<AccountProbe> {
        let corrupt = |e: String| Error::Corrupt(format!("probe of account {}: {e}", self.account));
        Ok(AccountProbe {
            account: AccountId::parse(&self.account).map_err(|e| corrupt(e.0))?,
            role: from_word("account role", &self.role)?,
            at: self.at.into(),
            answer: match (self.identity_arn, self.reason) {
                (Some(identity), None) => Ok(identity),
                (None, Some(reason)) => Err(reason),
                _ => return Err(corrupt("neither an identity nor a reason".into())),
            },
        })
    }
}

impl Store {
    /// An answer about an account that is gone is dropped; an older one never replaces a newer.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn record_account_probe(&self, probe: &AccountProbe) -> Result<()> {
        sqlx::query(
            "INSERT INTO account_probes (account, role, at, identity_arn, reason)
             SELECT id, $2, $3, $4, $5 FROM accounts WHERE id = $1
             ON CONFLICT (account, role) DO UPDATE
             SET at = excluded.at, identity_arn = excluded.identity_arn, reason = excluded.reason
             WHERE account_probes.at <= excluded.at",
        )
        .bind(probe.account.as_str())
        .bind(word(&probe.role))
        .bind(time(probe.at))
        .bind(probe.answer.as_ref().ok())
        .bind(probe.answer.as_ref().err())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// # Errors
    /// When the database does not answer, or something stored cannot be read.
    pub async fn account_probes(&self) -> Result<Vec<AccountProbe>> {
        let rows: Vec<ProbeRow> = sqlx::query_as(
            "SELECT account, role, at, identity_arn, reason FROM account_probes ORDER BY account, role DESC",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(ProbeRow::into_probe).collect()
    }
}
