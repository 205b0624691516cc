//! What applications stood under before somebody changed who must approve.

use crate::change::Change;
use crate::connections::Connection;
use crate::store::Store;
use crate::wire::{Time, from_json};
use crate::{Error, Result};
use holdfast_domain::{ApprovalPolicy, Name, PersonId, Seconds};
use holdfast_failover::approval::{ASKED_TOO_FOR, Left, RulesLeft};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

#[derive(sqlx::FromRow)]
struct Row {
    application: String,
    policy: String,
    rules: Value,
    expires_after_seconds: i64,
    changed_by: Option<Uuid>,
    changed_by_email: String,
    holds: Vec<String>,
    changed_at: Time,
    until: Time,
}

impl Row {
    fn into_left(self) -> Result<Left> {
        let of = format!("what {} stood under", self.application);
        let name = |text: &str| Name::parse(text).map_err(|e| Error::Corrupt(format!("{of}: {e}")));
        let seconds = u32::try_from(self.expires_after_seconds)
            .map_err(|_| Error::Corrupt(format!("{of}: {} seconds", self.expires_after_seconds)))?;
        Ok(Left {
            rules: RulesLeft {
                application: name(&self.application)?,
                policy: ApprovalPolicy {
                    name: name(&self.policy)?,
                    rules: from_json(|| format!("{of}: its rules"), self.rules)?,
                    expires_after: Seconds(seconds),
                },
                holds: self.holds,
            },
            by: self.changed_by.map(PersonId),
            email: self.changed_by_email,
            at: self.changed_at.into(),
            until: self.until.into(),
        })
    }
}

async fn rules_left(
    connection: &mut Connection,
    applications: &[&Name],
    identities: &[String],
) -> Result<Vec<Left>> {
    let names: Vec<&str> = applications.iter().map(|name| name.as_str()).collect();
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT application::text, policy::text, rules, expires_after_seconds, changed_by, changed_by_email, holds,
                changed_at, changed_at + make_interval(secs => $3) AS until
         FROM approval_rules_left WHERE application = ANY($1) OR holds && $2 ORDER BY changed_at, application",
    )
    .bind(names)
    .bind(identities)
    .bind(ASKED_TOO_FOR.as_secs_f64())
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Row::into_left).collect()
}

impl Store {
    /// What these applications, and whatever held any of this in AWS, ever stood under and do no more, the first change first.
    ///
    /// # Errors
    /// When the database does not answer, or something stored cannot be read.
    pub async fn rules_left(&self, applications: &[&Name], identities: &[String]) -> Result<Vec<Left>> {
        rules_left(&mut self.pool.acquire().await?, applications, identities).await
    }
}

impl Change {
    /// As [`Store::rules_left`].
    ///
    /// # Errors
    /// When the database does not answer, or something stored cannot be read.
    pub async fn rules_left(&mut self, applications: &[&Name], identities: &[String]) -> Result<Vec<Left>> {
        rules_left(self.connection(), applications, identities).await
    }

    /// Under which policies these names stand, or stood when they were archived: of the rows alone, also where something else of
    /// them cannot be read.
    ///
    /// # Errors
    /// When the database does not answer, or a name cannot be read.
    pub async fn policies_of_names(&mut self, names: &[&str]) -> Result<BTreeMap<Name, Name>> {
        let rows: Vec<(String, String)> =
            sqlx::query_as("SELECT name::text, approval_policy::text FROM applications WHERE name = ANY($1)")
                .bind(names)
                .fetch_all(self.connection())
                .await?;
        let name = |text: &str| {
            Name::parse(text).map_err(|e| Error::Corrupt(format!("an application's policy: {e}")))
        };
        rows.iter().map(|(of, policy)| Ok((name(of)?, name(policy)?))).collect()
    }

    /// `by`: `None` where it is whoever administers the machine.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn keep_rules_left(
        &mut self,
        left: &[RulesLeft],
        by: Option<PersonId>,
        email: &str,
    ) -> Result<()> {
        let rows: Vec<Value> = left
            .iter()
            .map(|RulesLeft { application, policy, holds }| {
                json!({
                    "application": application, "policy": policy.name, "rules": policy.rules,
                    "expires_after_seconds": policy.expires_after.get(), "holds": holds,
                })
            })
            .collect();
        sqlx::query(
            "INSERT INTO approval_rules_left
                 (application, policy, rules, expires_after_seconds, holds, changed_by, changed_by_email)
             SELECT application, policy, rules, expires_after_seconds, holds, $2, $3 FROM jsonb_to_recordset($1)
                  AS r(application text, policy text, rules jsonb, expires_after_seconds bigint, holds text[])",
        )
        .bind(Value::Array(rows))
        .bind(by.map(|by| by.0))
        .bind(email)
        .execute(self.connection())
        .await?;
        Ok(())
    }
}
