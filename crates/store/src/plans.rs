//! Plans as they are kept: their versions, which are never changed, and per application what was found of them last and
//! when they are to be looked over again.

use crate::change::Change;
use crate::connections::Connection;
use crate::store::Store;
use crate::wire::{Time, from_json, from_text, from_word, maybe_time, time, to_json, word};
use crate::{Error, Result};
use holdfast_domain::{Name, PersonId, RegionCode};
use holdfast_failover::Digest;
use holdfast_failover::evaluation::Evaluation;
use holdfast_failover::plan::edit::{Edit, Misfit};
use holdfast_failover::plan::sheet::{PlanKey, Sheet};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Why there is a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanCause {
    /// The first that could be made.
    First,
    /// Somebody changed what it is made from.
    Inventory,
    Edited,
    /// Nobody changed anything; what was seen makes other steps.
    Seen,
}

/// A version without what it holds.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanHead {
    pub version: i32,
    pub key: PlanKey,
    pub digest: Digest,
    pub basis: Digest,
    pub cause: PlanCause,
    pub made_by: String,
    pub reason: Option<String>,
    pub made_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq)]
pub struct PlanVersion {
    pub head: PlanHead,
    pub edits: Vec<Edit>,
    pub misfits: Vec<Misfit>,
    pub sheet: Sheet,
}

#[derive(Debug, Clone, PartialEq)]
pub struct NewPlanVersion {
    pub key: PlanKey,
    pub digest: Digest,
    pub basis: Digest,
    pub cause: PlanCause,
    pub made_by: String,
    pub person: Option<PersonId>,
    pub reason: Option<String>,
    pub edits: Vec<Edit>,
    pub misfits: Vec<Misfit>,
    pub sheet: Sheet,
}

/// Who changed the inventory's part in an application's plans, since the last version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    pub by: String,
    pub person: Option<PersonId>,
    pub reason: String,
}

/// How an application's plans are looked after.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PlanCare {
    pub changed: Option<Changed>,
    pub evaluation: Option<(Evaluation, Timestamp)>,
}

#[derive(sqlx::FromRow)]
struct HeadRow {
    version: i32,
    intent: String,
    from_region: String,
    to_region: String,
    digest: String,
    basis: String,
    cause: String,
    made_by: String,
    reason: Option<String>,
    made_at: Time,
}

#[derive(sqlx::FromRow)]
struct VersionRow {
    #[sqlx(flatten)]
    head: HeadRow,
    edits: Value,
    misfits: Value,
    sheet: Value,
}

#[derive(sqlx::FromRow)]
struct AsOfRow {
    number: i64,
    #[sqlx(flatten)]
    head: HeadRow,
}

#[derive(sqlx::FromRow)]
struct CareRow {
    changed: Option<Value>,
    evaluated_at: Option<Time>,
    evaluation: Option<Value>,
}

impl HeadRow {
    fn into_head(self) -> Result<PlanHead> {
        let of = format!("plan version {}", self.version);
        let region = |text: &str| RegionCode::parse(text).map_err(|e| Error::Corrupt(format!("{of}: {e}")));
        Ok(PlanHead {
            version: self.version,
            key: PlanKey {
                intent: from_word("intent", &self.intent)?,
                from: region(&self.from_region)?,
                to: region(&self.to_region)?,
            },
            digest: Digest(self.digest),
            basis: Digest(self.basis),
            cause: from_word("cause of a plan version", &self.cause)?,
            made_by: self.made_by,
            reason: self.reason,
            made_at: self.made_at.into(),
        })
    }
}

impl VersionRow {
    fn into_version(self) -> Result<PlanVersion> {
        let of = format!("plan version {}", self.head.version);
        Ok(PlanVersion {
            edits: from_json(|| format!("{of}: its edits"), self.edits)?,
            misfits: from_json(|| format!("{of}: its misfits"), self.misfits)?,
            sheet: from_json(|| format!("{of}: its steps"), self.sheet)?,
            head: self.head.into_head()?,
        })
    }
}

impl CareRow {
    fn into_care(self) -> Result<PlanCare> {
        let evaluation = self
            .evaluation
            .zip(maybe_time(self.evaluated_at))
            .map(|(value, at)| Ok::<_, Error>((from_json(|| "an evaluation of plans".into(), value)?, at)))
            .transpose()?;
        let changed =
            self.changed.map(|value| from_json(|| "who changed an inventory".into(), value)).transpose()?;
        Ok(PlanCare { changed, evaluation })
    }
}

/// The newest version of each of the application's plans, in the order of the plans.
async fn current(connection: &mut Connection, application: &Name) -> Result<Vec<PlanVersion>> {
    let rows: Vec<VersionRow> = sqlx::query_as(
        "SELECT DISTINCT ON (intent, from_region, to_region)
                version, intent, from_region::text, to_region::text, digest, basis, cause, made_by, reason, made_at,
                edits, misfits, sheet
         FROM plan_versions WHERE application = $1
         ORDER BY intent, from_region, to_region, version DESC",
    )
    .bind(application.as_str())
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(VersionRow::into_version).collect()
}

/// Until everything that a changed inventory names has been seen.
const SOON: SignedDuration = SignedDuration::from_secs(15);

impl Store {
    /// The newest version of each of the application's plans.
    ///
    /// # Errors
    /// When the database does not answer, or something stored cannot be read.
    pub async fn current_plans(&self, application: &Name) -> Result<Vec<PlanVersion>> {
        current(&mut self.pool.acquire().await?, application).await
    }

    /// # Errors
    /// `NotFound` when the application has no such version.
    pub async fn plan_version(&self, application: &Name, version: i32) -> Result<PlanVersion> {
        let row: Option<VersionRow> = sqlx::query_as(
            "SELECT version, intent, from_region::text, to_region::text, digest, basis, cause, made_by, reason, made_at,
                    edits, misfits, sheet
             FROM plan_versions WHERE application = $1 AND version = $2",
        )
        .bind(application.as_str())
        .bind(version)
        .fetch_optional(&self.pool)
        .await?;
        row.ok_or(Error::NotFound("plan version"))?.into_version()
    }

    /// The newest first; with `before`, only older ones.
    ///
    /// # Errors
    /// When the database does not answer, or something stored cannot be read.
    pub async fn plan_heads(
        &self,
        application: &Name,
        before: Option<i32>,
        limit: u32,
    ) -> Result<Vec<PlanHead>> {
        let rows: Vec<HeadRow> = sqlx::query_as(
            "SELECT version, intent, from_region::text, to_region::text, digest, basis, cause, made_by, reason, made_at
             FROM plan_versions WHERE application = $1 AND ($2::integer IS NULL OR version < $2)
             ORDER BY version DESC LIMIT $3",
        )
        .bind(application.as_str())
        .bind(before)
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(HeadRow::into_head).collect()
    }

    /// Of each question the version that was the plan of that way at that time, in the order of the questions.
    ///
    /// # Errors
    /// When the database does not answer, or something stored cannot be read.
    pub async fn plans_as_of(&self, asked: &[(&Name, PlanKey, Timestamp)]) -> Result<Vec<Option<PlanHead>>> {
        let column =
            |of: fn(&(&Name, PlanKey, Timestamp)) -> String| asked.iter().map(of).collect::<Vec<_>>();
        let rows: Vec<AsOfRow> = sqlx::query_as(
            "SELECT q.number, p.version, p.intent, p.from_region::text, p.to_region::text, p.digest, p.basis, p.cause,
                    p.made_by, p.reason, p.made_at
             FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[]) WITH ORDINALITY
                  AS q(application, intent, from_region, to_region, at, number)
             CROSS JOIN LATERAL (
                 SELECT * FROM plan_versions v
                 WHERE v.application = q.application AND v.intent = q.intent AND v.from_region = q.from_region
                   AND v.to_region = q.to_region AND v.made_at <= q.at
                 ORDER BY v.version DESC LIMIT 1) p",
        )
        .bind(column(|(name, ..)| name.to_string()))
        .bind(column(|(_, key, _)| word(&key.intent)))
        .bind(column(|(_, key, _)| key.from.to_string()))
        .bind(column(|(_, key, _)| key.to.to_string()))
        .bind(asked.iter().map(|(.., at)| time(*at)).collect::<Vec<_>>())
        .fetch_all(&self.pool)
        .await?;
        let mut found = vec![None; asked.len()];
        for row in rows {
            let place = usize::try_from(row.number - 1).ok().and_then(|at| found.get_mut(at));
            if let Some(place) = place {
                *place = Some(row.head.into_head()?);
            }
        }
        Ok(found)
    }

    /// # Errors
    /// When the database does not answer, or something stored cannot be read.
    pub async fn plan_care(&self, application: &Name) -> Result<PlanCare> {
        let row: Option<CareRow> =
            sqlx::query_as("SELECT changed, evaluated_at, evaluation FROM plan_care WHERE application = $1")
                .bind(application.as_str())
                .fetch_optional(&self.pool)
                .await?;
        row.map_or_else(|| Ok(PlanCare::default()), CareRow::into_care)
    }

    /// Of every application whose plans were evaluated.
    ///
    /// # Errors
    /// When the database does not answer, or something stored cannot be read.
    pub async fn plan_evaluations(&self) -> Result<BTreeMap<Name, (Evaluation, Timestamp)>> {
        let rows: Vec<(String, Time, String)> = sqlx::query_as(
            "SELECT application::text, evaluated_at, evaluation::text FROM plan_care WHERE evaluated_at IS NOT NULL",
        )
        .fetch_all(&self.pool)
        .await?;
        let read = |application: &str, text: &str| -> Result<(Name, Evaluation)> {
            let name = Name::parse(application).map_err(|e| Error::Corrupt(e.to_string()))?;
            Ok((name, from_text("an evaluation", text)?))
        };
        let mut all = BTreeMap::new();
        for (application, at, text) in rows {
            match read(&application, &text) {
                Ok((name, evaluation)) => drop(all.insert(name, (evaluation, at.into()))),
                Err(error) => tracing::warn!(%application, %error, "counts as not evaluated"),
            }
        }
        Ok(all)
    }

    /// The applications whose plans are to be looked over now, at most so many. Of many replicas each gets others; one
    /// that dies over them leaves them to be taken again after `claim`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn claim_plan_care(&self, limit: u32, claim: SignedDuration) -> Result<Vec<Name>> {
        sqlx::query(
            "INSERT INTO plan_care (application)
             SELECT a.name FROM applications a
             WHERE a.archived_at IS NULL AND NOT EXISTS (SELECT FROM plan_care c WHERE c.application = a.name)
             ON CONFLICT DO NOTHING",
        )
        .execute(&self.pool)
        .await?;
        let names: Vec<String> = sqlx::query_scalar(
            "UPDATE plan_care SET due_at = clock_timestamp() + make_interval(secs => $2)
             WHERE application IN (
                 SELECT c.application FROM plan_care c JOIN applications a ON a.name = c.application
                 WHERE c.due_at <= clock_timestamp() AND a.archived_at IS NULL
                 ORDER BY c.due_at LIMIT $1 FOR UPDATE OF c SKIP LOCKED)
             RETURNING application::text",
        )
        .bind(i64::from(limit))
        .bind(claim.as_secs_f64())
        .fetch_all(&self.pool)
        .await?;
        names.iter().map(|name| Name::parse(name).map_err(|e| Error::Corrupt(e.0))).collect()
    }

    /// What was found, and when to look again: soon, as long as plans of a changed inventory are still to be made.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn keep_evaluation(
        &self,
        application: &Name,
        evaluation: &Evaluation,
        again_in: SignedDuration,
    ) -> Result<()> {
        sqlx::query(
            "INSERT INTO plan_care (application, due_at, evaluated_at, evaluation)
             VALUES ($1, clock_timestamp() + make_interval(secs => $3), clock_timestamp(), $2)
             ON CONFLICT (application) DO UPDATE
             SET due_at = CASE WHEN plan_care.changed IS NULL THEN excluded.due_at
                               ELSE least(excluded.due_at, clock_timestamp() + make_interval(secs => $4)) END,
                 evaluated_at = excluded.evaluated_at, evaluation = excluded.evaluation",
        )
        .bind(application.as_str())
        .bind(to_json(evaluation)?)
        .bind(again_in.as_secs_f64())
        .bind(SOON.as_secs_f64())
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

impl Change {
    /// The newest version of each of the application's plans, held against every other version until this change ends;
    /// and who changed the inventory since.
    ///
    /// # Errors
    /// When the database does not answer, or something stored cannot be read.
    pub async fn current_plans_for_edit(
        &mut self,
        application: &Name,
    ) -> Result<(Vec<PlanVersion>, Option<Changed>)> {
        sqlx::query("INSERT INTO plan_care (application) VALUES ($1) ON CONFLICT DO NOTHING")
            .bind(application.as_str())
            .execute(self.connection())
            .await?;
        let changed: Option<Value> =
            sqlx::query_scalar("SELECT changed FROM plan_care WHERE application = $1 FOR UPDATE")
                .bind(application.as_str())
                .fetch_one(self.connection())
                .await?;
        let changed =
            changed.map(|value| from_json(|| "who changed an inventory".into(), value)).transpose()?;
        Ok((current(self.connection(), application).await?, changed))
    }

    /// Only after [`Change::current_plans_for_edit`], which holds the numbers. Answers with the version's.
    ///
    /// # Errors
    /// `Conflict` when the application is not there.
    pub async fn insert_plan_version(&mut self, application: &Name, new: &NewPlanVersion) -> Result<i32> {
        let version: i32 = sqlx::query_scalar(
            "INSERT INTO plan_versions (application, version, intent, from_region, to_region, digest, basis, cause, made_by,
                                        person, reason, edits, misfits, sheet)
             SELECT $1::text, coalesce(max(version), 0) + 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13
             FROM plan_versions WHERE application = $1::text
             RETURNING version",
        )
        .bind(application.as_str())
        .bind(word(&new.key.intent))
        .bind(new.key.from.as_str())
        .bind(new.key.to.as_str())
        .bind(&new.digest.0)
        .bind(&new.basis.0)
        .bind(word(&new.cause))
        .bind(&new.made_by)
        .bind(new.person.map(|person| person.0))
        .bind(&new.reason)
        .bind(to_json(&new.edits)?)
        .bind(to_json(&new.misfits)?)
        .bind(to_json(&new.sheet)?)
        .fetch_one(self.connection())
        .await?;
        Ok(version)
    }

    /// The versions of what was changed have been made.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn settle_changed_plans(&mut self, application: &Name) -> Result<()> {
        sqlx::query("UPDATE plan_care SET changed = NULL WHERE application = $1 AND changed IS NOT NULL")
            .bind(application.as_str())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Their plans are to be made anew, at once, on this person's account.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn change_plans(&mut self, applications: &[Name], changed: &Changed) -> Result<()> {
        let names: Vec<String> = applications.iter().map(ToString::to_string).collect();
        sqlx::query(
            "INSERT INTO plan_care (application, changed)
             SELECT a.name, $2 FROM applications a WHERE a.name = ANY ($1) AND a.archived_at IS NULL
             ON CONFLICT (application) DO UPDATE SET due_at = clock_timestamp(), changed = excluded.changed",
        )
        .bind(names)
        .bind(to_json(changed)?)
        .execute(self.connection())
        .await?;
        Ok(())
    }
}
