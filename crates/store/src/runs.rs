//! Runs as lists show them, and the beginning of one. How a run goes on is in the journal's file, who
//! drives it in the claims' file.

mod lists;

pub use lists::RunFilter;

use crate::change::Change;
use crate::crashes::SetAside;
use crate::journal;
use crate::store::Store;
use crate::wire::{Time, from_word, maybe_time, to_json, word};
use crate::{Error, Result};
use holdfast_domain::{BreakGlassId, EvacuationId, Name, PersonId, RegionCode, RunId, Seconds, StepId};
use holdfast_failover::compliance::Measured;
use holdfast_failover::run::{Entry, Event, Request, RunState, Who};
use holdfast_failover::{Digest, Drill, Intent, Movement};
use jiff::Timestamp;
use serde_json::Value;
use sqlx::{Postgres, QueryBuilder};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What lists need, without replaying the journal, which is the truth.
#[derive(Debug, Clone, PartialEq)]
pub struct RunHead {
    pub id: RunId,
    pub application: Name,
    pub state: RunState,
    pub digest: Digest,
    pub movement: Movement,
    pub dry_run: bool,
    /// What it rehearses.
    pub drill: Option<Drill>,
    /// The evacuation that it is a part of.
    pub evacuation: Option<EvacuationId>,
    /// Under which break-glass it was started without approvals.
    pub break_glass: Option<BreakGlassId>,
    /// The SHA-256 of the journal that it came in, where it was carried out without a server.
    pub offline_journal: Option<String>,
    /// Whether that evacuation was approved and begun: its parts wait for their turn alone.
    pub lot_started: bool,
    pub requested_by: Who,
    pub reason: String,
    pub requested_at: Timestamp,
    pub expires_at: Timestamp,
    /// Number of the journal's last entry.
    pub seq: i64,
    /// The worker that drives it, and its epoch.
    pub owner: Option<(String, i64)>,
    pub ended_at: Option<Timestamp>,
    /// Since when nobody drives it, because workers crashed on it.
    pub set_aside: Option<SetAside>,
    /// Who has read how it ended, and when.
    pub acknowledged: Option<(String, Timestamp)>,
    /// As the last writer left it.
    pub summary: Value,
    /// Of ended runs that measured something.
    pub measured: Option<Measured>,
}

#[derive(Debug)]
pub struct NewRun<'a> {
    pub id: RunId,
    pub request: &'a Request,
    /// After `events`.
    pub state: RunState,
    /// The first entries of the journal; `Requested` is the first of all.
    pub events: &'a [Event],
    pub summary: Value,
}

#[derive(sqlx::FromRow)]
struct RunRow {
    id: Uuid,
    application: String,
    state: String,
    digest: String,
    intent: String,
    mode: String,
    from_region: String,
    to_region: String,
    dry_run: bool,
    drill: Option<String>,
    drill_lasts_seconds: Option<i64>,
    drill_of: Option<Uuid>,
    evacuation: Option<Uuid>,
    break_glass: Option<Uuid>,
    offline_journal: Option<String>,
    lot_started: bool,
    requested_by: Uuid,
    requested_email: String,
    reason: String,
    requested_at: Time,
    expires_at: Time,
    seq: i64,
    owner_worker: Option<String>,
    epoch: Option<i64>,
    ended_at: Option<Time>,
    set_aside_at: Option<Time>,
    crash: Option<String>,
    acknowledged_by: Option<String>,
    acknowledged_at: Option<Time>,
    /// Documents as texts: one that cannot be read as one must not take with it what it was read together with.
    summary: String,
    rto: Option<String>,
    stores: Option<String>,
}

pub(crate) const SELECT: &str = "SELECT r.id, r.application::text, r.state, r.digest, r.intent, r.mode, r.from_region::text, \
     r.to_region::text, r.dry_run, r.drill, r.drill_lasts_seconds, r.drill_of, r.evacuation, r.break_glass, r.offline_journal, \
     EXISTS (SELECT FROM evacuation_events e WHERE e.evacuation = r.evacuation AND e.kind = 'started') AS lot_started, \
     r.requested_by, r.requested_email, r.reason, r.requested_at, r.expires_at, r.seq, \
     r.owner_worker, r.epoch, r.ended_at, r.set_aside_at, r.crash, r.acknowledged_by, r.acknowledged_at, \
     r.summary::text, m.rto::text, m.stores::text \
     FROM runs r LEFT JOIN measured m ON m.run = r.id WHERE true";

impl RunRow {
    fn into_head(self) -> Result<RunHead> {
        let id = RunId(self.id);
        let corrupt = |e: holdfast_domain::Invalid| Error::Corrupt(format!("run {id}: {e}"));
        let set_aside = match self.ended_at {
            None => self.set_aside_at.zip(self.crash).map(|(at, why)| SetAside { at: at.into(), why }),
            Some(_) => None,
        };
        let lasts = self.drill_lasts_seconds.and_then(|s| u32::try_from(s).ok()).map(Seconds);
        let drill = match self.drill.as_deref() {
            None => None,
            Some("isolated") => Some(Drill::Isolated),
            Some("there") => lasts.map(|lasts| Drill::There { lasts }),
            Some("back") => self.drill_of.map(|of| Drill::Back { of: RunId(of) }),
            Some(other) => return Err(Error::Corrupt(format!("run {id}: `{other}` is no drill"))),
        };
        Ok(RunHead {
            id,
            application: Name::parse(&self.application).map_err(corrupt)?,
            state: from_word("run state", &self.state)?,
            digest: Digest(self.digest),
            movement: Movement {
                intent: from_word("intent", &self.intent)?,
                mode: from_word("mode", &self.mode)?,
                from: RegionCode::parse(&self.from_region).map_err(corrupt)?,
                to: RegionCode::parse(&self.to_region).map_err(corrupt)?,
            },
            dry_run: self.dry_run,
            drill,
            evacuation: self.evacuation.map(EvacuationId),
            break_glass: self.break_glass.map(BreakGlassId),
            offline_journal: self.offline_journal,
            lot_started: self.lot_started,
            requested_by: Who { id: PersonId(self.requested_by), email: self.requested_email },
            reason: self.reason,
            requested_at: self.requested_at.into(),
            expires_at: self.expires_at.into(),
            seq: self.seq,
            owner: self.owner_worker.zip(self.epoch),
            ended_at: maybe_time(self.ended_at),
            set_aside,
            acknowledged: self.acknowledged_by.zip(maybe_time(self.acknowledged_at)),
            summary: serde_json::from_str(&self.summary).unwrap_or_default(),
            measured: self.rto.zip(self.stores).and_then(|(rto, stores)| measured(id, &rto, &stores)),
        })
    }
}

/// What cannot be read is as good as not measured: one run's row must not take every list with it.
fn measured(id: RunId, rto: &str, stores: &str) -> Option<Measured> {
    let read = || -> serde_json::Result<Measured> {
        Ok(Measured { rto: serde_json::from_str(rto)?, stores: serde_json::from_str(stores)? })
    };
    read().inspect_err(|error| tracing::warn!(run = %id, %error, "counts as not measured")).ok()
}

impl Change {
    /// Once a run is over: somebody has read how it ended. Said again by another, the first stands.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn acknowledge_run(&mut self, run: RunId, by: &str) -> Result<Option<Timestamp>> {
        let at: Option<Time> = sqlx::query_scalar(
            "UPDATE runs SET acknowledged_by = $2, acknowledged_at = clock_timestamp()
             WHERE id = $1 AND ended_at IS NOT NULL AND acknowledged_at IS NULL RETURNING acknowledged_at",
        )
        .bind(run.0)
        .bind(by)
        .fetch_optional(self.connection())
        .await?;
        Ok(maybe_time(at))
    }

    /// Answers with the journal's first entries. The request's and its expiry's times are the database's.
    ///
    /// # Errors
    /// `ActiveRun` when another run holds the application, `ResourceHeld` when one holds something that this one may change.
    pub async fn insert_run(&mut self, new: &NewRun<'_>) -> Result<Vec<Entry>> {
        let request = new.request;
        let (drill, lasts, of) = match request.plan.drill {
            None => (None, None, None),
            Some(Drill::Isolated) => (Some("isolated"), None, None),
            Some(Drill::There { lasts }) => (Some("there"), Some(i64::from(lasts.get())), None),
            Some(Drill::Back { of }) => (Some("back"), None, Some(of.0)),
        };
        for _ in 0..3 {
            let made: Option<Uuid> = sqlx::query_scalar(
                "INSERT INTO runs (id, application, state, digest, intent, mode, from_region, to_region, dry_run, requested_by,
                                   requested_email, reason, requested_at, expires_at, seq, summary, ended_at, evacuation,
                                   drill, drill_lasts_seconds, drill_of)
                 SELECT $1, name, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, statement_timestamp(),
                        statement_timestamp() + make_interval(secs => $13), $14, $15,
                        CASE WHEN $16 THEN statement_timestamp() END, $17, $18, $19, $20
                 FROM applications WHERE name = $2 AND archived_at IS NULL
                 ON CONFLICT (application) WHERE ended_at IS NULL AND NOT dry_run DO NOTHING
                 RETURNING id",
            )
            .bind(new.id.0)
            .bind(request.application.as_str())
            .bind(word(&new.state))
            .bind(&request.digest.0)
            .bind(word(&request.movement.intent))
            .bind(word(&request.movement.mode))
            .bind(request.movement.from.as_str())
            .bind(request.movement.to.as_str())
            .bind(request.dry_run)
            .bind(request.by.id.0)
            .bind(&request.by.email)
            .bind(&request.reason)
            .bind(f64::from(request.policy.expires_after_seconds))
            .bind(i64::try_from(new.events.len()).unwrap_or(i64::MAX))
            .bind(&new.summary)
            .bind(new.state.is_over())
            .bind(request.evacuation.map(|id| id.0))
            .bind(drill)
            .bind(lasts)
            .bind(of)
            .fetch_optional(self.connection())
            .await?;
            if made.is_some() {
                self.hold(new.id, request).await?;
                return journal::insert_first(self.connection(), new.id, new.events).await;
            }
            let holder: Option<Option<Uuid>> = sqlx::query_scalar(
                "SELECT r.id FROM applications a
                 LEFT JOIN runs r ON r.application = a.name AND r.ended_at IS NULL AND NOT r.dry_run
                 WHERE a.name = $1 AND a.archived_at IS NULL",
            )
            .bind(request.application.as_str())
            .fetch_optional(self.connection())
            .await?;
            match holder {
                None => return Err(Error::NotFound("application")),
                Some(Some(id)) => return Err(Error::ActiveRun { id: RunId(id) }),
                // It ended between the two statements.
                Some(None) => {}
            }
        }
        Err(Error::Conflict("runs_one_live_per_application".into()))
    }

    /// A live run of an application other than these: one that an edit of the inventory would take the ground
    /// from. Dry runs move nothing and hold nothing.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn live_run_of_none(&mut self, of: &[&Name]) -> Result<Option<(Name, RunId)>> {
        let found: Option<(String, Uuid)> = sqlx::query_as(
            "SELECT application::text, id FROM runs
             WHERE ended_at IS NULL AND NOT dry_run AND application <> ALL($1) ORDER BY id LIMIT 1",
        )
        .bind(of.iter().map(ToString::to_string).collect::<Vec<_>>())
        .fetch_optional(self.connection())
        .await?;
        found
            .map(|(name, id)| {
                let name = Name::parse(&name).map_err(|e| Error::Corrupt(format!("run {id}: {e}")))?;
                Ok((name, RunId(id)))
            })
            .transpose()
    }

    /// What an ended run measured; once.
    ///
    /// # Errors
    /// `Conflict("measured_pkey")` when it was recorded already.
    pub async fn record_measured(&mut self, run: RunId, measured: &Measured) -> Result<()> {
        sqlx::query("INSERT INTO measured (run, rto, stores) VALUES ($1, $2, $3)")
            .bind(run.0)
            .bind(to_json(&measured.rto)?)
            .bind(to_json(&measured.stores)?)
            .execute(self.connection())
            .await?;
        Ok(())
    }
}

impl Store {
    /// # Errors
    /// `NotFound`.
    pub async fn run_head(&self, id: RunId) -> Result<RunHead> {
        let mut query = QueryBuilder::<Postgres>::new(SELECT);
        query.push(" AND r.id = ").push_bind(id.0);
        self.heads(query).await?.into_iter().next().ok_or(Error::NotFound("run"))
    }

    /// Who has read how a run ended, and when.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn acknowledgement(&self, run: RunId) -> Result<Option<(String, Timestamp)>> {
        let row: Option<(Option<String>, Option<Time>)> =
            sqlx::query_as("SELECT acknowledged_by, acknowledged_at FROM runs WHERE id = $1")
                .bind(run.0)
                .fetch_optional(&self.pool)
                .await?;
        Ok(row.and_then(|(by, at)| by.zip(maybe_time(at))))
    }

    /// What steps took in the last `k` runs of this application and intent that completed, in seconds: from their
    /// first start to their success.
    ///
    /// # Errors
    /// When the database does not answer, or something stored cannot be read.
    pub async fn steps_took(
        &self,
        application: &Name,
        intent: Intent,
        k: u32,
    ) -> Result<BTreeMap<StepId, Vec<f64>>> {
        let rows: Vec<(String, f64)> = sqlx::query_as(
            "WITH last AS (
                 SELECT id FROM runs
                 WHERE application = $1 AND intent = $2 AND NOT dry_run
                   AND state IN ('completed', 'completed_with_exceptions')
                 ORDER BY id DESC LIMIT $3),
             taken AS (
                 SELECT e.run, e.step, min(e.at) FILTER (WHERE e.kind = 'step_started') AS began,
                        max(e.at) FILTER (WHERE e.kind = 'step_succeeded') AS ended
                 FROM run_events e JOIN last ON last.id = e.run
                 WHERE e.kind IN ('step_started', 'step_succeeded') AND e.step IS NOT NULL
                 GROUP BY e.run, e.step)
             SELECT step, extract(epoch FROM ended - began)::float8 FROM taken
             WHERE began IS NOT NULL AND ended >= began ORDER BY run, step",
        )
        .bind(application.as_str())
        .bind(word(&intent))
        .bind(i64::from(k))
        .fetch_all(&self.pool)
        .await?;
        let mut took: BTreeMap<StepId, Vec<f64>> = BTreeMap::new();
        for (step, seconds) in rows {
            // An old run's entry that cannot be read must not take the pages of those under way with it.
            let Ok(step) = StepId::parse(&step) else { continue };
            took.entry(step).or_default().push(seconds);
        }
        Ok(took)
    }

    pub(crate) async fn heads(&self, mut query: QueryBuilder<Postgres>) -> Result<Vec<RunHead>> {
        let rows: Vec<RunRow> = query.build_query_as().fetch_all(&self.pool).await?;
        rows.into_iter().map(RunRow::into_head).collect()
    }
}
