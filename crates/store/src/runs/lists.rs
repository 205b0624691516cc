//! Which runs are looked at together.

use super::{RunHead, SELECT};
use crate::Result;
use crate::store::Store;
use crate::wire::{texts, word};
use holdfast_domain::{EvacuationId, Name, RunId};
use holdfast_failover::Intent;
use holdfast_failover::run::RunState;
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

/// Newest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunFilter {
    pub application: Option<Name>,
    /// Only of these; `None`: of any.
    pub within: Option<Vec<Name>>,
    /// `Some(true)`: not ended.
    pub live: Option<bool>,
    /// Empty: any.
    pub states: Vec<RunState>,
    pub intent: Option<Intent>,
    /// Dry runs too.
    pub dry_runs: bool,
    /// Only those that started: what was denied, expired or cancelled before moved nothing.
    pub began: bool,
    /// Not isolated drills: they move nothing.
    pub moving: bool,
    /// Only those of which nobody has said that they read how it ended.
    pub unacknowledged: bool,
    /// Not those that were taken back whole: it is as if they had not been.
    pub not_restored: bool,
    /// Only those that are no part of an evacuation.
    pub single: bool,
    /// Not the parts of an evacuation that have not begun: that they wait is told of the lot.
    pub told_singly: bool,
    /// Only those that workers crashed on, until somebody has them tried again.
    pub set_aside: bool,
    /// Older than this one: the cursor.
    pub before: Option<RunId>,
    pub limit: u32,
}

impl Store {
    /// # Errors
    /// When the database does not answer, or something stored cannot be read.
    pub async fn runs(&self, filter: &RunFilter) -> Result<Vec<RunHead>> {
        let mut query = QueryBuilder::<Postgres>::new(SELECT);
        if let Some(application) = &filter.application {
            query.push(" AND r.application = ").push_bind(application.as_str());
        }
        if let Some(within) = &filter.within {
            query.push(" AND r.application = ANY(").push_bind(texts(within)).push(")");
        }
        match filter.live {
            Some(true) => {
                query.push(" AND r.ended_at IS NULL");
            }
            Some(false) => {
                query.push(" AND r.ended_at IS NOT NULL");
            }
            None => {}
        }
        if !filter.states.is_empty() {
            let states: Vec<String> = filter.states.iter().map(word).collect();
            query.push(" AND r.state = ANY(").push_bind(states).push(")");
        }
        if let Some(intent) = &filter.intent {
            query.push(" AND r.intent = ").push_bind(word(intent));
        }
        if !filter.dry_runs {
            query.push(" AND NOT r.dry_run");
        }
        if filter.began {
            query.push(" AND r.summary @> '{\"began\": true}'");
        }
        if filter.moving {
            query.push(" AND r.drill IS DISTINCT FROM 'isolated'");
        }
        if filter.single {
            query.push(" AND r.evacuation IS NULL");
        }
        if filter.told_singly {
            query.push(" AND (r.evacuation IS NULL OR r.state <> 'awaiting_approval')");
        }
        if filter.not_restored {
            query.push(" AND NOT r.summary @> '{\"restored\": true}'");
        }
        if filter.unacknowledged {
            query.push(" AND r.acknowledged_at IS NULL");
        }
        if filter.set_aside {
            query.push(" AND r.set_aside_at IS NOT NULL AND r.ended_at IS NULL");
        }
        if let Some(before) = filter.before {
            query.push(" AND r.id < ").push_bind(before.0);
        }
        // Ids are in the order of their making.
        query.push(" ORDER BY r.id DESC LIMIT ").push_bind(i64::from(filter.limit));
        self.heads(query).await
    }

    /// The run that holds the application, if one does.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn active_run(&self, application: &Name) -> Result<Option<RunHead>> {
        let filter = RunFilter {
            application: Some(application.clone()),
            live: Some(true),
            limit: 1,
            ..RunFilter::default()
        };
        Ok(self.runs(&filter).await?.into_iter().next())
    }

    /// The last `k` runs of an application that began and ended, newest first, dry runs and isolated drills aside: what
    /// compliance rests on, and what says where the application was moved to.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn last_ended_runs(&self, application: &Name, k: u32) -> Result<Vec<RunHead>> {
        let filter = RunFilter {
            application: Some(application.clone()),
            live: Some(false),
            began: true,
            moving: true,
            limit: k,
            ..RunFilter::default()
        };
        self.runs(&filter).await
    }

    /// The same of every application at once, newest first within each; those that were taken back whole only where asked.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn last_ended_runs_of_all(&self, k: u32, restored_too: bool) -> Result<Vec<RunHead>> {
        let which = if restored_too {
            "e.drill IS DISTINCT FROM 'isolated'"
        } else {
            "e.drill IS DISTINCT FROM 'isolated' AND NOT e.summary @> '{\"restored\": true}'"
        };
        self.last_of_all(k, which).await
    }

    /// The last `k` isolated drills of every application at once, newest first within each.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn last_isolated_drills_of_all(&self, k: u32) -> Result<Vec<RunHead>> {
        self.last_of_all(k, "e.drill = 'isolated'").await
    }

    async fn last_of_all(&self, k: u32, which: &'static str) -> Result<Vec<RunHead>> {
        let mut query = QueryBuilder::<Postgres>::new(SELECT);
        query.push(
            " AND r.id IN (SELECT last.id FROM applications a CROSS JOIN LATERAL (
                  SELECT e.id FROM runs e WHERE e.application = a.name AND e.ended_at IS NOT NULL AND NOT e.dry_run
                    AND e.summary @> '{\"began\": true}' AND ",
        );
        query
            .push(which)
            .push(" ORDER BY e.id DESC LIMIT ")
            .push_bind(i64::from(k))
            .push(") AS last WHERE a.archived_at IS NULL) ORDER BY r.application, r.id DESC");
        self.heads(query).await
    }

    /// Requests whose time to be approved is over, by the database's clock. A part of an evacuation expires with the lot.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn expired_requests(&self) -> Result<Vec<RunId>> {
        let ids: Vec<Uuid> = sqlx::query_scalar(
            "SELECT id FROM runs
             WHERE state = 'awaiting_approval' AND evacuation IS NULL AND expires_at <= clock_timestamp()
               AND set_aside_at IS NULL
             ORDER BY id LIMIT 100",
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(ids.into_iter().map(RunId).collect())
    }

    pub(crate) async fn heads_of_evacuations(&self, ids: &[EvacuationId]) -> Result<Vec<RunHead>> {
        let mut query = QueryBuilder::<Postgres>::new(SELECT);
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        query.push(" AND r.evacuation = ANY(").push_bind(ids).push(") ORDER BY r.id");
        self.heads(query).await
    }
}
