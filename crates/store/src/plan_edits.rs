//! What people have changed about applications' plans: one row for each way that has edits. An edit in place writes it with
//! its version (a trigger), the declarative file without one; the versions follow.

use crate::Result;
use crate::change::Change;
use crate::connections::Connection;
use crate::store::Store;
use crate::wire::{from_json, word};
use holdfast_domain::own_step::OwnWork;
use holdfast_domain::plan_edit::{Edit, Editing};
use holdfast_domain::{Name, OwnPlan};
use holdfast_failover::plan::sheet::PlanKey;
use serde_json::{Value, json};

async fn of_way(connection: &mut Connection, application: &Name, key: &PlanKey) -> Result<Vec<Edit>> {
    let edits: Option<Value> = sqlx::query_scalar(
        "SELECT edits FROM plan_edits
         WHERE application = $1 AND intent = $2 AND from_region = $3 AND to_region = $4",
    )
    .bind(application.as_str())
    .bind(word(&key.intent))
    .bind(key.from.as_str())
    .bind(key.to.as_str())
    .fetch_optional(connection)
    .await?;
    edits.map_or_else(|| Ok(Vec::new()), |edits| from_json(|| format!("edits of {application}"), edits))
}

/// The groups whose members an edit lets say that something is done.
pub(crate) fn groups_of(plans: &[OwnPlan]) -> impl Iterator<Item = String> {
    plans.iter().flat_map(|plan| &plan.edits).flat_map(|way| &way.edits).filter_map(|edit| match &edit.edit {
        Editing::Insert { work: OwnWork::WaitForPerson { group: Some(group), .. }, .. } => {
            Some(group.to_string())
        }
        _ => None,
    })
}

impl Store {
    /// The edits over the plan of one way.
    ///
    /// # Errors
    /// When the database does not answer, or something stored cannot be read.
    pub async fn plan_edits(&self, application: &Name, key: &PlanKey) -> Result<Vec<Edit>> {
        of_way(&mut self.pool.acquire().await?, application, key).await
    }
}

impl Change {
    /// As they stand under this change's locks.
    ///
    /// # Errors
    /// When the database does not answer, or something stored cannot be read.
    pub async fn plan_edits(&mut self, application: &Name, key: &PlanKey) -> Result<Vec<Edit>> {
        of_way(self.connection(), application, key).await
    }

    /// These become exactly what they say.
    pub(crate) async fn put_plan_edits(&mut self, plans: &[OwnPlan]) -> Result<()> {
        let rows: Vec<Value> = plans
            .iter()
            .flat_map(|plan| plan.edits.iter().map(move |way| (plan, way)))
            .map(|(plan, way)| {
                json!({
                    "application": plan.application, "intent": way.intent, "from_region": way.from,
                    "to_region": way.to, "edits": way.edits,
                })
            })
            .collect();
        let rows = json!(rows);
        for sql in [
            "DELETE FROM plan_edits e WHERE NOT EXISTS (
                 SELECT FROM jsonb_to_recordset($1)
                     AS p(application text, intent text, from_region text, to_region text)
                 WHERE p.application = e.application AND p.intent = e.intent AND p.from_region = e.from_region
                   AND p.to_region = e.to_region)",
            "INSERT INTO plan_edits (application, intent, from_region, to_region, edits)
             SELECT application, intent, from_region, to_region, edits FROM jsonb_to_recordset($1)
                 AS p(application text, intent text, from_region text, to_region text, edits jsonb)
             ON CONFLICT (application, intent, from_region, to_region) DO UPDATE SET edits = excluded.edits
             WHERE plan_edits.edits <> excluded.edits",
        ] {
            sqlx::query(sql).bind(&rows).execute(self.connection()).await?;
        }
        Ok(())
    }
}
