//! What accounts tell about themselves: what their roles may do, and who else is in their organization.

use crate::accounts::AccountRole;
use crate::store::Store;
use crate::wire::{Time, from_word, time, to_json, word};
use crate::{Error, Result};
use holdfast_domain::{AccountId, Missing};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

/// The last answer about one role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolePermissions {
    pub account: AccountId,
    pub role: AccountRole,
    pub at: Timestamp,
    /// The actions that it needs and may not do; or why that could not be asked.
    pub missing: std::result::Result<Vec<Missing>, String>,
}

/// An account of an organization, as one of the registered accounts tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationAccount {
    pub id: AccountId,
    pub name: String,
    /// `ACTIVE`, `SUSPENDED` or `PENDING_CLOSURE`.
    pub status: String,
    pub told_by: AccountId,
    pub seen_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct PermissionsRow {
    account: String,
    role: String,
    at: Time,
    missing: Option<Vec<String>>,
    needed_by: Option<Value>,
    reason: Option<String>,
}

#[derive(sqlx::FromRow)]
struct MemberRow {
    id: String,
    name: String,
    status: String,
    told_by: String,
    seen_at: Time,
}

/// What another version wrote and this one does not know may concern anybody.
fn with_needs(actions: Vec<String>, needed_by: Option<Value>) -> Vec<Missing> {
    let mut needs: BTreeMap<String, Value> =
        needed_by.and_then(|needs| serde_json::from_value(needs).ok()).unwrap_or_default();
    let mut needed_by = |action: &str| {
        needs.remove(action).and_then(|needs| serde_json::from_value(needs).ok()).unwrap_or_default()
    };
    actions.into_iter().map(|action| Missing { needed_by: needed_by(&action), action }).collect()
}

fn account_id(text: &str) -> Result<AccountId> {
    AccountId::parse(text).map_err(|e| Error::Corrupt(e.0))
}

impl Store {
    /// Takes the turn when the account was last asked at least `interval_seconds` ago. Of many replicas one gets it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin_survey(&self, account: &AccountId, interval_seconds: f64) -> Result<bool> {
        let taken = sqlx::query(
            "INSERT INTO account_surveys AS s (account) SELECT id FROM accounts WHERE id = $1
             ON CONFLICT (account) DO UPDATE SET begun_at = clock_timestamp()
             WHERE s.begun_at <= clock_timestamp() - make_interval(secs => $2)",
        )
        .bind(account.as_str())
        .bind(interval_seconds)
        .execute(&self.pool)
        .await?;
        Ok(taken.rows_affected() == 1)
    }

    /// # Errors
    /// When the database does not answer.
    pub async fn record_role_permissions(&self, told: &RolePermissions) -> Result<()> {
        let missing = told.missing.as_ref().ok();
        let actions: Option<Vec<&str>> = missing.map(|all| all.iter().map(|m| m.action.as_str()).collect());
        let needed_by: Option<Value> = missing
            .map(|all| to_json(&all.iter().map(|m| (&m.action, &m.needed_by)).collect::<BTreeMap<_, _>>()))
            .transpose()?;
        sqlx::query(
            "INSERT INTO role_permissions (account, role, at, missing, reason, needed_by)
             SELECT id, $2, $3, $4, $5, $6 FROM accounts WHERE id = $1
             ON CONFLICT (account, role) DO UPDATE
             SET at = excluded.at, missing = excluded.missing, reason = excluded.reason, needed_by = excluded.needed_by
             WHERE role_permissions.at <= excluded.at",
        )
        .bind(told.account.as_str())
        .bind(word(&told.role))
        .bind(time(told.at))
        .bind(actions)
        .bind(told.missing.as_ref().err())
        .bind(needed_by)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// # Errors
    /// When the database does not answer, or something stored cannot be read.
    pub async fn role_permissions(&self) -> Result<Vec<RolePermissions>> {
        let rows: Vec<PermissionsRow> = sqlx::query_as(
            "SELECT account, role, at, missing, needed_by, reason FROM role_permissions ORDER BY account, role DESC",
        )
        .fetch_all(&self.pool)
        .await?;
        let told = rows.into_iter().map(|row| {
            Ok(RolePermissions {
                account: account_id(&row.account)?,
                role: from_word("account role", &row.role)?,
                at: row.at.into(),
                missing: match (row.missing, row.reason) {
                    (Some(actions), _) => Ok(with_needs(actions, row.needed_by)),
                    (None, reason) => Err(reason.unwrap_or_default()),
                },
            })
        });
        told.collect()
    }

    /// What nobody will ask a role for is not asked about, and an answer from before says nothing any more.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn forget_role_permissions(&self, account: &AccountId, role: AccountRole) -> Result<()> {
        sqlx::query("DELETE FROM role_permissions WHERE account = $1 AND role = $2")
            .bind(account.as_str())
            .bind(word(&role))
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Everything that one account tells of its organization, in place of what it told before.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn record_organization(&self, told_by: &AccountId, all: &[OrganizationAccount]) -> Result<()> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query("DELETE FROM organization_accounts WHERE told_by = $1")
            .bind(told_by.as_str())
            .execute(&mut transaction)
            .await?;
        for account in all {
            sqlx::query(
                "INSERT INTO organization_accounts (id, told_by, name, status, seen_at)
                 SELECT $1, id, $3, $4, $5 FROM accounts WHERE id = $2",
            )
            .bind(account.id.as_str())
            .bind(told_by.as_str())
            .bind(&account.name)
            .bind(&account.status)
            .bind(time(account.seen_at))
            .execute(&mut transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// The accounts of organizations that are not registered (any more), each once, by name.
    ///
    /// # Errors
    /// When the database does not answer, or something stored cannot be read.
    pub async fn unregistered_accounts(&self) -> Result<Vec<OrganizationAccount>> {
        let rows: Vec<MemberRow> = sqlx::query_as(
            "SELECT DISTINCT ON (o.name, o.id) o.id, o.name, o.status, o.told_by, o.seen_at
             FROM organization_accounts o JOIN accounts t ON t.id = o.told_by AND t.archived_at IS NULL
             WHERE NOT EXISTS (SELECT FROM accounts a WHERE a.id = o.id AND a.archived_at IS NULL)
             ORDER BY o.name, o.id, o.seen_at DESC",
        )
        .fetch_all(&self.pool)
        .await?;
        let told = rows.into_iter().map(|row| {
            Ok(OrganizationAccount {
                id: account_id(&row.id)?,
                name: row.name,
                status: row.status,
                told_by: account_id(&row.told_by)?,
                seen_at: row.seen_at.into(),
            })
        });
        told.collect()
    }
}
