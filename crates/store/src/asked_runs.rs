//! Which run a step of another run has asked for: one for each asking, whoever asks again.

use crate::change::Change;
use crate::connections::Connection;
use crate::journal::Fence;
use crate::runs::{RunHead, SELECT};
use crate::store::Store;
use crate::{Error, Result};
use holdfast_domain::{RunId, StepId};
use holdfast_failover::step::run_plan::AskedBy;
use sqlx::{Postgres, QueryBuilder};
use std::collections::BTreeMap;
use uuid::Uuid;

async fn run_of(connection: &mut Connection, asked_by: &AskedBy) -> Result<Option<RunId>> {
    let run: Option<Uuid> = sqlx::query_scalar(
        "SELECT run FROM runs_asked_by_steps WHERE parent = $1 AND step = $2 AND retries = $3",
    )
    .bind(asked_by.run.0)
    .bind(asked_by.step.as_str())
    .bind(i64::from(asked_by.retries))
    .fetch_optional(connection)
    .await?;
    Ok(run.map(RunId))
}

impl Store {
    /// The run that this asking has made.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn run_asked_by(&self, asked_by: &AskedBy) -> Result<Option<RunId>> {
        run_of(&mut self.pool.acquire().await?, asked_by).await
    }

    /// Of each step of a run the last run that it has asked for.
    ///
    /// # Errors
    /// When the database does not answer, or something stored cannot be read.
    pub async fn runs_asked_by(&self, parent: RunId) -> Result<BTreeMap<StepId, RunHead>> {
        let asked: Vec<(Uuid, String)> = sqlx::query_as(
            "SELECT DISTINCT ON (step) run, step FROM runs_asked_by_steps WHERE parent = $1
             ORDER BY step, retries DESC",
        )
        .bind(parent.0)
        .fetch_all(&self.pool)
        .await?;
        if asked.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut query = QueryBuilder::<Postgres>::new(SELECT);
        query.push(" AND r.id = ANY(").push_bind(asked.iter().map(|(run, _)| *run).collect::<Vec<_>>());
        query.push(")");
        let heads = self.heads(query).await?;
        asked
            .into_iter()
            .filter_map(|(run, step)| Some((step, heads.iter().find(|head| head.id.0 == run)?.clone())))
            .map(|(step, head)| {
                let step = StepId::parse(&step).map_err(|e| Error::Corrupt(format!("a step's id: {e}")))?;
                Ok((step, head))
            })
            .collect()
    }
}

impl Change {
    /// # Errors
    /// When the database does not answer.
    pub async fn run_asked_by(&mut self, asked_by: &AskedBy) -> Result<Option<RunId>> {
        run_of(self.connection(), asked_by).await
    }

    /// Keeps that the step has asked for this run, while the worker that asks still drives the step's run. The row of
    /// that run is held until the change ends: nobody takes it over, and nobody cancels it, in between.
    ///
    /// # Errors
    /// `Fenced` when the step's run is over or not this worker's any more; `Conflict("runs_asked_by_steps_once")` when the
    /// step has asked already.
    pub async fn insert_asked_run(&mut self, run: RunId, asked_by: &AskedBy, fence: &Fence) -> Result<()> {
        let made = sqlx::query(
            "WITH parent AS (
                 SELECT p.id FROM runs p
                 WHERE p.id = $2 AND p.ended_at IS NULL AND p.owner_worker = $5 AND p.epoch = $6
                   AND EXISTS (SELECT FROM workers w
                               WHERE w.id = $5 AND w.epoch = $6 AND w.expires_at > clock_timestamp())
                 FOR SHARE OF p)
             INSERT INTO runs_asked_by_steps (run, parent, step, retries)
             SELECT $1, parent.id, $3, $4 FROM parent",
        )
        .bind(run.0)
        .bind(asked_by.run.0)
        .bind(asked_by.step.as_str())
        .bind(i64::from(asked_by.retries))
        .bind(&fence.worker)
        .bind(fence.epoch)
        .execute(self.connection())
        .await?;
        if made.rows_affected() == 0 { Err(Error::Fenced { run: asked_by.run }) } else { Ok(()) }
    }
}
