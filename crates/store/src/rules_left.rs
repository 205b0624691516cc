//! What applications stood under before somebody changed who must approve.

use crate::change::Change;
use crate::store::Store;
use crate::wire::{Time, from_json};
use crate::{Error, Result};
use holdfast_domain::{ApprovalPolicy, Name, PersonId, Seconds};
use holdfast_failover::approval::{ASKED_TOO_FOR, Left, RulesLeft};
use serde_json::{Value, json};
use uuid::Uuid;

#[derive(sqlx::FromRow)]
struct Row {
    application: String,
    policy: String,
    rules: Value,
    expires_after_seconds: i64,
    changed_by: Option<Uuid>,
    changed_by_email: String,
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
            },
            by: self.changed_by.map(PersonId),
            email: self.changed_by_email,
            until: self.until.into(),
        })
    }
}

impl Store {
    /// What these applications stood under until lately, the last change first.
    ///
    /// # Errors
    /// When the database does not answer, or something stored cannot be read.
    pub async fn rules_left(&self, applications: &[&Name]) -> Result<Vec<Left>> {
        let names: Vec<&str> = applications.iter().map(|name| name.as_str()).collect();
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT application::text, policy::text, rules, expires_after_seconds, changed_by, changed_by_email,
                    changed_at + make_interval(secs => $2) AS until
             FROM approval_rules_left
             WHERE application = ANY($1) AND changed_at > clock_timestamp() - make_interval(secs => $2)
             ORDER BY changed_at DESC, application",
        )
        .bind(names)
        .bind(ASKED_TOO_FOR.as_secs_f64())
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(Row::into_left).collect()
    }
}

impl Change {
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
            .map(|RulesLeft { application, policy }| {
                json!({
                    "application": application, "policy": policy.name, "rules": policy.rules,
                    "expires_after_seconds": policy.expires_after.get(),
                })
            })
            .collect();
        sqlx::query(
            "INSERT INTO approval_rules_left
                 (application, policy, rules, expires_after_seconds, changed_by, changed_by_email)
             SELECT application, policy, rules, expires_after_seconds, $2, $3 FROM jsonb_to_recordset($1)
                  AS r(application text, policy text, rules jsonb, expires_after_seconds bigint)",
        )
        .bind(Value::Array(rows))
        .bind(by.map(|by| by.0))
        .bind(email)
        .execute(self.connection())
        .await?;
        Ok(())
    }
}
