//! What the collector saw, per (application, resource, Region), and the recent history of lag.

use crate::store::Store;
use crate::wire::{Time, maybe_time, time, to_json};
use crate::{Error, Result};
use holdfast_domain::{Facts, Name, NotSeen, Observed, RegionCode};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

/// One look at one resource in one Region: what was seen, or why nothing was.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    pub application: Name,
    pub resource: Name,
    pub region: RegionCode,
    pub at: Timestamp,
    pub outcome: Result<Facts, NotSeen>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct LagPoint {
    pub resource: Name,
    pub region: RegionCode,
    pub at: Timestamp,
    pub milliseconds: f64,
}

#[derive(sqlx::FromRow)]
struct ObservationRow {
    application: String,
    resource: String,
    region: String,
    seen_at: Option<Time>,
    /// As text: a document that cannot be read as one must not take with it what it was read together with.
    facts: Option<String>,
    failed_at: Option<Time>,
    reason: Option<String>,
    absent: bool,
}

#[derive(sqlx::FromRow)]
struct LagRow {
    resource: String,
    region: String,
    at: Time,
    milliseconds: f64,
}

fn name(text: &str) -> Result<Name> {
    Name::parse(text).map_err(|e| Error::Corrupt(e.0))
}

fn region(text: &str) -> Result<RegionCode> {
    RegionCode::parse(text).map_err(|e| Error::Corrupt(e.0))
}

impl ObservationRow {
    fn observed(self) -> Observed {
        let absent = self.absent;
        let why = self.reason.map(|reason| NotSeen { reason, absent });
        let failed = maybe_time(self.failed_at).zip(why);
        match maybe_time(self.seen_at).zip(self.facts) {
            None => Observed { seen: None, failed },
            Some((at, facts)) => match serde_json::from_str(&facts) {
                Ok(facts) => Observed { seen: Some((at, facts)), failed },
                // Written by another version: not to be believed, and no reason to hide all the rest.
                Err(e) => Observed {
                    seen: None,
                    failed: Some((at, format!("what was seen cannot be read back: {e}").into())),
                },
            },
        }
    }
}

impl Store {
    /// All in one statement. A success clears the failure before it; a failure keeps what was last seen;
    /// an older look never replaces a newer; looks at what the inventory no longer has are dropped.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn record_observations(&self, looks: &[Look]) -> Result<()> {
        if looks.is_empty() {
            return Ok(());
        }
        let facts: Vec<Option<Value>> =
            looks.iter().map(|l| l.outcome.as_ref().ok().map(to_json).transpose()).collect::<Result<_>>()?;
        sqlx::query(
            "WITH looked AS (
                 SELECT DISTINCT ON (application, resource, region) *
                 FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::jsonb[], $6::text[], $7::bool[])
                     AS l(application, resource, region, at, facts, reason, absent)
                 ORDER BY application, resource, region, at DESC),
             stored AS (
                 INSERT INTO observations AS o
                     (application, resource, region, seen_at, facts, failed_at, reason, absent_at)
                 SELECT r.application, r.name, l.region,
                        CASE WHEN l.facts IS NOT NULL THEN l.at END, l.facts,
                        CASE WHEN l.facts IS NULL THEN l.at END, l.reason,
                        CASE WHEN l.absent THEN l.at END
                 FROM looked l JOIN resources r ON r.application = l.application AND r.name = l.resource
                 ON CONFLICT (application, resource, region) DO UPDATE
                 SET seen_at = coalesce(excluded.seen_at, o.seen_at), facts = coalesce(excluded.facts, o.facts),
                     failed_at = excluded.failed_at, reason = excluded.reason,
                     absent_at = excluded.absent_at
                 WHERE greatest(o.seen_at, o.failed_at) <= coalesce(excluded.seen_at, excluded.failed_at)
                 RETURNING application)
             SELECT pg_notify('holdfast', 'observations:' || application) FROM (SELECT DISTINCT application FROM stored) AS s",
        )
        .bind(looks.iter().map(|l| l.application.to_string()).collect::<Vec<_>>())
        .bind(looks.iter().map(|l| l.resource.to_string()).collect::<Vec<_>>())
        .bind(looks.iter().map(|l| l.region.to_string()).collect::<Vec<_>>())
        .bind(looks.iter().map(|l| time(l.at)).collect::<Vec<_>>())
        .bind(facts)
        .bind(looks.iter().map(|l| Some(l.outcome.as_ref().err()?.reason.clone())).collect::<Vec<_>>())
        .bind(looks.iter().map(|l| l.outcome.as_ref().is_err_and(|why| why.absent)).collect::<Vec<_>>())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// # Errors
    /// When the database does not answer.
    pub async fn observations(&self, application: &Name) -> Result<BTreeMap<(Name, RegionCode), Observed>> {
        let mut all = self.observations_of(Some(application)).await?;
        Ok(all.remove(application).unwrap_or_default())
    }

    /// Of every application that is not archived.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn all_observations(&self) -> Result<BTreeMap<Name, BTreeMap<(Name, RegionCode), Observed>>> {
        self.observations_of(None).await
    }

    async fn observations_of(
        &self,
        application: Option<&Name>,
    ) -> Result<BTreeMap<Name, BTreeMap<(Name, RegionCode), Observed>>> {
        let rows: Vec<ObservationRow> = sqlx::query_as(
            "SELECT o.application::text, o.resource::text, o.region::text, o.seen_at, o.facts::text, o.failed_at, o.reason,
                    coalesce(o.absent_at = o.failed_at, false) AS absent
             FROM observations o JOIN applications a ON a.name = o.application
             WHERE a.archived_at IS NULL AND ($1::text IS NULL OR o.application = $1)",
        )
        .bind(application.map(Name::as_str))
        .fetch_all(&self.pool)
        .await?;
        let mut all: BTreeMap<Name, BTreeMap<_, _>> = BTreeMap::new();
        for row in rows {
            // Of a Region that this version does not know nothing is asked; what is seen of all others is.
            let Ok(region) = region(&row.region) else { continue };
            let key = (name(&row.resource)?, region);
            all.entry(name(&row.application)?).or_default().insert(key, row.observed());
        }
        Ok(all)
    }

    /// Adds to the history that sparklines draw, of any applications in one statement. What is not a number of
    /// milliseconds is left out.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn record_lag(&self, points: &[(Name, LagPoint)]) -> Result<()> {
        let points: Vec<&(Name, LagPoint)> =
            points.iter().filter(|(_, p)| p.milliseconds.is_finite() && p.milliseconds >= 0.0).collect();
        if points.is_empty() {
            return Ok(());
        }
        sqlx::query(
            "INSERT INTO lag_history (application, resource, region, at, milliseconds)
             SELECT r.application, r.name, p.region, p.at, p.milliseconds
             FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::float8[])
                 AS p(application, resource, region, at, milliseconds)
             JOIN resources r ON r.application = p.application AND r.name = p.resource
             ON CONFLICT DO NOTHING",
        )
        .bind(points.iter().map(|(application, _)| application.to_string()).collect::<Vec<_>>())
        .bind(points.iter().map(|(_, p)| p.resource.to_string()).collect::<Vec<_>>())
        .bind(points.iter().map(|(_, p)| p.region.to_string()).collect::<Vec<_>>())
        .bind(points.iter().map(|(_, p)| time(p.at)).collect::<Vec<_>>())
        .bind(points.iter().map(|(_, p)| p.milliseconds).collect::<Vec<_>>())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn lag_series(&self, application: &Name, since: Timestamp) -> Result<Vec<LagPoint>> {
        let rows: Vec<LagRow> = sqlx::query_as(
            "SELECT resource::text, region::text, at, milliseconds FROM lag_history
             WHERE application = $1 AND at >= $2 ORDER BY at, resource, region",
        )
        .bind(application.as_str())
        .bind(time(since))
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|r| {
                Ok(LagPoint {
                    resource: name(&r.resource)?,
                    region: region(&r.region)?,
                    at: r.at.into(),
                    milliseconds: r.milliseconds,
                })
            })
            .collect()
    }
}
