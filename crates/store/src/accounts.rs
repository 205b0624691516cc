//! The last answer of assuming each account's roles, with what they demand and without it.

use crate::store::Store;
use crate::wire::{Time, from_word, time, word};
use crate::{Error, Result};
use holdfast_domain::{AccountId, Name};
use holdfast_failover::guard::OpenRole;
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

/// Whether a role could be assumed without its external id, when last asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountTrust {
    pub account: AccountId,
    pub role: AccountRole,
    pub at: Timestamp,
    /// `false`: it could be assumed without.
    pub demands_external_id: bool,
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

    /// As with probes: nothing about an account that is gone, and nothing older over newer.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn record_account_trust(&self, found: &AccountTrust) -> Result<()> {
        sqlx::query(
            "INSERT INTO account_trust (account, role, since, at, demands_external_id)
             SELECT id, $2, $3, $3, $4 FROM accounts WHERE id = $1
             ON CONFLICT (account, role) DO UPDATE
             SET at = excluded.at, demands_external_id = excluded.demands_external_id,
                 since = CASE WHEN account_trust.demands_external_id = excluded.demands_external_id
                              THEN account_trust.since ELSE excluded.at END
             WHERE account_trust.at <= excluded.at",
        )
        .bind(found.account.as_str())
        .bind(word(&found.role))
        .bind(time(found.at))
        .bind(found.demands_external_id)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// # Errors
    /// When the database does not answer, or something stored cannot be read.
    pub async fn account_trust(&self) -> Result<Vec<AccountTrust>> {
        let rows: Vec<(String, String, Time, bool)> = sqlx::query_as(
            "SELECT account, role, at, demands_external_id FROM account_trust ORDER BY account, role DESC",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|(account, role, at, demands_external_id)| {
                Ok(AccountTrust {
                    account: AccountId::parse(&account)
                        .map_err(|e| Error::Corrupt(format!("trust of account {account}: {}", e.0)))?,
                    role: from_word("account role", &role)?,
                    at: at.into(),
                    demands_external_id,
                })
            })
            .collect()
    }

    /// The roles that an application's run would use and that can be assumed without their external id.
    pub(crate) async fn open_roles(&self, application: &Name) -> Result<Vec<OpenRole>> {
        let rows: Vec<(String, Time)> = sqlx::query_as(
            "SELECT CASE t.role WHEN 'act' THEN a.act_role_arn ELSE a.read_role_arn END, t.since
             FROM account_trust t JOIN accounts a ON a.id = t.account
             WHERE NOT t.demands_external_id
               AND (EXISTS (SELECT FROM resources r WHERE r.application = $1 AND r.account = a.name)
                    OR EXISTS (SELECT FROM own_plans p, jsonb_array_elements(p.steps) step
                               WHERE p.application = $1 AND step ->> 'account' = a.name::text))
             ORDER BY a.name, t.role",
        )
        .bind(application.as_str())
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|(arn, since)| OpenRole { arn, since: since.into() }).collect())
    }
}
