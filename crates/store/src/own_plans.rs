//! Steps of one's own in applications' plans, and the secrets that their webhooks are signed with.

use crate::change::Change;
use crate::store::Store;
use crate::wire::from_json;
use crate::{Error, Result};
use holdfast_domain::own_step::OwnWork;
use holdfast_domain::{Name, OwnPlan, OwnStep};
use serde_json::{Value, json};
use sqlx::PgConnection;

#[derive(sqlx::FromRow)]
struct PlanRow {
    application: String,
    steps: Value,
}

/// In the order of the applications' names.
pub(crate) async fn own_plans(connection: &mut PgConnection, only: Option<&Name>) -> Result<Vec<OwnPlan>> {
    let rows: Vec<PlanRow> = sqlx::query_as(
        "SELECT p.application::text, p.steps FROM own_plans p JOIN applications a ON a.name = p.application
         WHERE a.archived_at IS NULL AND ($1::text IS NULL OR p.application = $1) ORDER BY p.application",
    )
    .bind(only.map(Name::as_str))
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let of = format!("own steps of {}", row.application);
            let application =
                Name::parse(&row.application).map_err(|e| Error::Corrupt(format!("{of}: {e}")))?;
            Ok(OwnPlan { application, steps: from_json(|| of, row.steps)? })
        })
        .collect()
}

impl Store {
    /// The steps of one's own of one application; none is the usual.
    ///
    /// # Errors
    /// When the database does not answer, or something stored cannot be read.
    pub async fn own_steps(&self, application: &Name) -> Result<Vec<OwnStep>> {
        let plans = own_plans(&mut *self.pool.acquire().await?, Some(application)).await?;
        Ok(plans.into_iter().flat_map(|p| p.steps).collect())
    }

    /// Of every application that has any.
    ///
    /// # Errors
    /// When the database does not answer, or something stored cannot be read.
    pub async fn own_plans(&self) -> Result<Vec<OwnPlan>> {
        own_plans(&mut *self.pool.acquire().await?, None).await
    }

    /// What a webhook is signed with. For signing only: no answer of Holdfast carries it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn webhook_secret(&self, application: &Name, step: &Name) -> Result<Option<String>> {
        Ok(sqlx::query_scalar("SELECT secret FROM webhook_secrets WHERE application = $1 AND step = $2")
            .bind(application.as_str())
            .bind(step.as_str())
            .fetch_optional(&self.pool)
            .await?)
    }
}

impl Change {
    /// These become exactly what they say; every webhook gets a secret that nobody has seen yet.
    pub(crate) async fn put_own_plans(&mut self, plans: &[OwnPlan]) -> Result<()> {
        let (mut groups, mut webhooks) = (Vec::new(), Vec::new());
        for plan in plans {
            for step in &plan.steps {
                match &step.work {
                    OwnWork::WaitForPerson { group: Some(group), .. } => groups.push(group.to_string()),
                    OwnWork::Webhook { .. } => {
                        webhooks.push(json!({"application": plan.application, "step": step.name}));
                    }
                    _ => {}
                }
            }
        }
        self.make_missing_groups(groups).await?;
        let (plans, webhooks) = (json!(plans), json!(webhooks));
        for (sql, rows) in [
            (
                "DELETE FROM own_plans WHERE application NOT IN
                 (SELECT p.application FROM jsonb_to_recordset($1) AS p(application text))",
                &plans,
            ),
            (
                "INSERT INTO own_plans (application, steps)
                 SELECT application, steps FROM jsonb_to_recordset($1) AS p(application text, steps jsonb)
                 ON CONFLICT (application) DO UPDATE SET steps = excluded.steps WHERE own_plans.steps <> excluded.steps",
                &plans,
            ),
            (
                "DELETE FROM webhook_secrets WHERE (application, step) NOT IN
                 (SELECT w.application, w.step FROM jsonb_to_recordset($1) AS w(application text, step text))",
                &webhooks,
            ),
            // 244 random bits, by the database's own generator.
            (
                "INSERT INTO webhook_secrets (application, step, secret)
                 SELECT w.application, w.step, 'whsec_' || encode(sha256(convert_to(
                        gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')), 'base64')
                 FROM jsonb_to_recordset($1) AS w(application text, step text)
                 ON CONFLICT (application, step) DO NOTHING",
                &webhooks,
            ),
        ] {
            sqlx::query(sql).bind(rows).execute(self.connection()).await?;
        }
        Ok(())
    }

    /// Takes the place of the one before, which signs nothing from here on.
    ///
    /// # Errors
    /// `NotFound` when the application has no such webhook.
    pub async fn replace_webhook_secret(
        &mut self,
        application: &Name,
        step: &Name,
        secret: &str,
    ) -> Result<()> {
        let replaced = sqlx::query(
            "UPDATE webhook_secrets SET secret = $3, made_at = clock_timestamp() WHERE application = $1 AND step = $2",
        )
        .bind(application.as_str())
        .bind(step.as_str())
        .bind(secret)
        .execute(self.connection())
        .await?;
        if replaced.rows_affected() == 0 { Err(Error::NotFound("webhook")) } else { Ok(()) }
    }
}
