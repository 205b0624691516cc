//! Steps of one's own in applications' plans, and with them what people have changed about those plans.

use crate::change::Change;
use crate::connections::Connection;
use crate::inventory::{UnreadableApplication, UnreadablePart};
use crate::plan_edits::groups_of;
use crate::store::Store;
use crate::wire::from_text;
use crate::{Error, Result};
use holdfast_domain::own_step::OwnWork;
use holdfast_domain::{Name, OwnPlan, OwnStep, PlanEdits};
use serde_json::json;

#[derive(sqlx::FromRow)]
pub(crate) struct PlanRow {
    application: String,
    /// Documents as texts: one that cannot be read as one must not take with it what it was read together with.
    steps: String,
    edits: String,
}

impl PlanRow {
    pub(crate) fn read(self) -> std::result::Result<OwnPlan, UnreadableApplication> {
        let name = self.application.clone();
        self.into_plan().map_err(|error| UnreadableApplication::new(&name, UnreadablePart::OwnPlan, error))
    }

    fn into_plan(self) -> Result<OwnPlan> {
        let application = Name::parse(&self.application)
            .map_err(|e| Error::Corrupt(format!("column application of own_plans: {e}")))?;
        let mut edits: Vec<PlanEdits> = from_text("a column of plan_edits", &self.edits)?;
        edits.sort_by(|a, b| a.way().cmp(&b.way()));
        Ok(OwnPlan { application, steps: from_text("column steps of own_plans", &self.steps)?, edits })
    }
}

/// In the order of the applications' names.
pub(crate) async fn own_plan_rows(connection: &mut Connection, only: Option<&Name>) -> Result<Vec<PlanRow>> {
    Ok(sqlx::query_as(
        "SELECT a.name::text AS application, coalesce(p.steps, '[]')::text AS steps,
                coalesce((SELECT jsonb_agg(jsonb_build_object('intent', e.intent, 'from', e.from_region,
                                                              'to', e.to_region, 'edits', e.edits))
                          FROM plan_edits e WHERE e.application = a.name), '[]')::text AS edits
         FROM applications a LEFT JOIN own_plans p ON p.application = a.name
         WHERE a.archived_at IS NULL AND ($1::text IS NULL OR a.name = $1)
           AND (p.application IS NOT NULL OR EXISTS (SELECT FROM plan_edits e WHERE e.application = a.name))
         ORDER BY a.name",
    )
    .bind(only.map(Name::as_str))
    .fetch_all(connection)
    .await?)
}

impl Store {
    /// The steps of one's own of one application; none is the usual.
    ///
    /// # Errors
    /// When the database does not answer; `UnreadableApplication` with the column.
    pub async fn own_steps(&self, application: &Name) -> Result<Vec<OwnStep>> {
        let rows = own_plan_rows(&mut self.pool.acquire().await?, Some(application)).await?;
        let plans: std::result::Result<Vec<OwnPlan>, _> = rows.into_iter().map(PlanRow::read).collect();
        Ok(plans.map_err(Error::UnreadableApplication)?.into_iter().flat_map(|plan| plan.steps).collect())
    }

    /// Of every application that has any; whose cannot be read is not among [`Store::applications`] either.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn own_plans(&self) -> Result<Vec<OwnPlan>> {
        let rows = own_plan_rows(&mut self.pool.acquire().await?, None).await?;
        Ok(rows.into_iter().filter_map(|row| row.read().ok()).collect())
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
                        webhooks.push((&plan.application, &step.name));
                    }
                    _ => {}
                }
            }
        }
        groups.extend(groups_of(plans));
        self.make_missing_groups(groups).await?;
        self.put_plan_edits(plans).await?;
        let plans = json!(plans.iter().filter(|plan| !plan.steps.is_empty()).collect::<Vec<_>>());
        for sql in [
            "DELETE FROM own_plans WHERE application NOT IN
             (SELECT p.application FROM jsonb_to_recordset($1) AS p(application text))",
            "INSERT INTO own_plans (application, steps)
             SELECT application, steps FROM jsonb_to_recordset($1) AS p(application text, steps jsonb)
             ON CONFLICT (application) DO UPDATE SET steps = excluded.steps WHERE own_plans.steps <> excluded.steps",
        ] {
            sqlx::query(sql).bind(&plans).execute(self.connection()).await?;
        }
        self.keep_webhook_secrets(&webhooks).await
    }
}
