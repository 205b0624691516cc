//! What live runs hold beside their applications, and who else an application shares a store with. A row lives from a
//! run's request to its end, which the database itself sees to (`let_go_of_resources`).

use crate::change::Change;
use crate::connections::Connection;
use crate::runs::RunHead;
use crate::store::Store;
use crate::{Error, Result};
use holdfast_domain::{Name, Resource, RunId};
use holdfast_failover::run::Request;
use holdfast_failover::shared::User;
use serde_json::Value;
use uuid::Uuid;

/// A live run that may change a resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Holder {
    pub resource: String,
    pub run: RunHead,
}

/// The first of these that is held by neither this holder nor the run on whose behalf it is asked for, with the run that
/// holds it and that run's application.
async fn held_by_another(
    connection: &mut Connection,
    resources: &[String],
    holder: Uuid,
    on_behalf_of: Option<Uuid>,
) -> Result<Option<(String, RunId, String)>> {
    let row: Option<(String, Uuid, String)> = sqlx::query_as(
        "SELECT h.resource, c.run, r.application::text FROM held_resources h
         JOIN resource_claims c ON c.resource = h.resource JOIN runs r ON r.id = c.run
         WHERE h.resource = ANY($1) AND h.holder <> $2
           AND h.holder NOT IN (SELECT coalesce(p.evacuation, p.id) FROM runs p WHERE p.id = $3)
         ORDER BY h.resource, c.run LIMIT 1",
    )
    .bind(resources)
    .bind(holder)
    .bind(on_behalf_of)
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|(resource, run, application)| (resource, RunId(run), application)))
}

impl Change {
    /// Takes hold of all that the run may change. Whoever asks for one of them at the same moment waits for this
    /// change's end, and then finds it held.
    ///
    /// # Errors
    /// `ResourceHeld` with the first that another run holds.
    pub(crate) async fn hold(&mut self, run: RunId, request: &Request) -> Result<()> {
        if request.dry_run || request.holds.is_empty() {
            return Ok(());
        }
        let holder = request.evacuation.map_or(run.0, |lot| lot.0);
        // A step that waits for another application's run has nothing of it under its hands meanwhile.
        let on_behalf_of = request.asked_by.as_ref().map(|by| by.run.0);
        sqlx::query(
            "INSERT INTO held_resources (resource, holder)
             SELECT resource, $2 FROM unnest($1::text[]) AS resource ORDER BY resource
             ON CONFLICT (resource) DO NOTHING",
        )
        .bind(&request.holds)
        .bind(holder)
        .execute(self.connection())
        .await?;
        if let Some((resource, run, application)) =
            held_by_another(self.connection(), &request.holds, holder, on_behalf_of).await?
        {
            return Err(Error::ResourceHeld { resource, run, application });
        }
        sqlx::query(
            "INSERT INTO resource_claims (run, resource)
             SELECT $2, resource FROM held_resources
             WHERE resource = ANY($1)
               AND (holder = $3 OR holder IN (SELECT coalesce(p.evacuation, p.id) FROM runs p WHERE p.id = $4))",
        )
        .bind(&request.holds)
        .bind(run.0)
        .bind(holder)
        // It goes on holding what it moves where the run that asked for it ends first.
        .bind(on_behalf_of)
        .execute(self.connection())
        .await?;
        Ok(())
    }
}

impl Store {
    /// The live runs that may change one of these, each with the first of them that it holds.
    ///
    /// # Errors
    /// When the database does not answer, or something stored cannot be read.
    pub async fn holders(&self, resources: &[String]) -> Result<Vec<Holder>> {
        let rows: Vec<(Uuid, String)> = sqlx::query_as(
            "SELECT run, min(resource) FROM resource_claims WHERE resource = ANY($1) GROUP BY run ORDER BY run",
        )
        .bind(resources)
        .fetch_all(&self.pool)
        .await?;
        let mut holders = Vec::new();
        for (run, resource) in rows {
            match self.run_head(RunId(run)).await {
                Ok(run) => holders.push(Holder { resource, run }),
                Err(Error::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(holders)
    }

    /// The applications, but for this one, whose inventory has a store of the kind in the account that these fragments
    /// are part of, each with its approval policy.
    ///
    /// # Errors
    /// When the database does not answer, or something stored cannot be read.
    pub async fn users_of_store(
        &self,
        application: &Name,
        store: &Resource,
        fragments: &[Value],
    ) -> Result<Vec<User>> {
        if fragments.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<(String, String)> = sqlx::query_as(
            "SELECT DISTINCT a.name::text, a.approval_policy::text
             FROM unnest($1::jsonb[]) AS part
             JOIN resources r ON r.spec @> part
             JOIN applications a ON a.name = r.application
             WHERE r.kind = $2 AND r.account = $3 AND a.name <> $4 AND a.archived_at IS NULL
             ORDER BY 1",
        )
        .bind(fragments)
        .bind(store.spec.kind().as_str())
        .bind(store.account.as_str())
        .bind(application.as_str())
        .fetch_all(&self.pool)
        .await?;
        let read = |text: &str| Name::parse(text).map_err(|e| Error::Corrupt(format!("`{text}`: {e}")));
        rows.iter()
            .map(|(name, policy)| {
                Ok(User { store: store.name.clone(), application: read(name)?, policy: read(policy)? })
            })
            .collect()
    }
}
