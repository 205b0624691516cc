//! Live drills: which are to be brought back, by which run, and what stood in the way of asking for it.

use crate::Result;
use crate::change::Change;
use crate::connections::Connection;
use crate::runs::{RunHead, SELECT};
use crate::store::Store;
use crate::wire::Time;
use holdfast_domain::RunId;
use jiff::Timestamp;
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

async fn back_of(connection: &mut Connection, there: RunId) -> Result<Option<RunId>> {
    let id: Option<Uuid> =
        sqlx::query_scalar("SELECT id FROM runs WHERE drill_of = $1 AND state <> 'expired'")
            .bind(there.0)
            .fetch_optional(connection)
            .await?;
    Ok(id.map(RunId))
}

impl Change {
    /// The way back of this drill that was asked for.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn way_back(&mut self, there: RunId) -> Result<Option<RunId>> {
        back_of(self.connection(), there).await
    }
}

impl Store {
    /// The way back of this drill; one that nobody approved in time is none.
    ///
    /// # Errors
    /// When the database does not answer, or something stored cannot be read.
    pub async fn way_back(&self, there: RunId) -> Result<Option<RunHead>> {
        let mut query = QueryBuilder::<Postgres>::new(SELECT);
        query.push(" AND r.state <> 'expired' AND r.drill_of = ").push_bind(there.0);
        Ok(self.heads(query).await?.into_iter().next())
    }

    /// Live drills whose time there is over, by the database's clock, and that nothing has brought back: no way back was
    /// asked for, and no later run has moved the application. One that was refused is tried again after a while.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn drills_to_end(&self) -> Result<Vec<RunId>> {
        let ids: Vec<Uuid> = sqlx::query_scalar(
            "SELECT r.id FROM runs r
             WHERE r.drill = 'there' AND NOT r.dry_run AND r.state IN ('completed', 'completed_with_exceptions')
               AND r.ended_at + make_interval(secs => r.drill_lasts_seconds) <= clock_timestamp()
               AND (r.drill_refused_at IS NULL OR r.drill_refused_at < clock_timestamp() - interval '30 s')
               AND NOT EXISTS (
                   SELECT FROM runs b WHERE b.application = r.application AND b.id > r.id AND NOT b.dry_run
                     AND (b.drill_of = r.id AND b.state <> 'expired' OR b.drill IS DISTINCT FROM 'isolated'
                          AND b.summary @> '{\"began\": true}' AND NOT b.summary @> '{\"restored\": true}'))
             ORDER BY r.id LIMIT 100",
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(ids.into_iter().map(RunId).collect())
    }

    /// Keeps why the way back could not be asked for. Whether that is news.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn note_drill_refused(&self, there: RunId, why: &str) -> Result<bool> {
        let before: Option<Option<String>> = sqlx::query_scalar(
            "WITH old AS (SELECT id, drill_refused FROM runs WHERE id = $1 FOR UPDATE)
             UPDATE runs r SET drill_refused = $2, drill_refused_at = clock_timestamp() FROM old WHERE r.id = old.id
             RETURNING old.drill_refused",
        )
        .bind(there.0)
        .bind(why)
        .fetch_optional(&self.pool)
        .await?;
        Ok(before.is_some_and(|before| before.as_deref() != Some(why)))
    }

    /// Why the way back could not be asked for, and when that was last tried.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn drill_refused(&self, there: RunId) -> Result<Option<(String, Timestamp)>> {
        let row: Option<(Option<String>, Option<Time>)> =
            sqlx::query_as("SELECT drill_refused, drill_refused_at FROM runs WHERE id = $1")
                .bind(there.0)
                .fetch_optional(&self.pool)
                .await?;
        Ok(row.and_then(|(why, at)| Some((why?, at?.into()))))
    }
}
