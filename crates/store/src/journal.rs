//! The journal of a run: entries are appended at an expected place, by people's commands and by the worker
//! that holds the run. One statement writes entries, state, fence and notification together.

use crate::audit::{self, AuditEntry};
use crate::change::Change;
use crate::connections::Connection;
use crate::store::Store;
use crate::wire::{Time, from_json, time, to_json, word};
use crate::{Error, Result};
use holdfast_domain::RunId;
use holdfast_failover::run::{Entry, Event, RunState};
use serde_json::Value;
use sqlx::Row as _;

/// Which worker writes, under which epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    pub worker: String,
    pub epoch: i64,
}

/// How a run goes on: from an expected place, by events, to a state.
#[derive(Debug)]
pub struct Advance<'a> {
    pub run: RunId,
    /// The number of the last entry that the decision knew of.
    pub expected_seq: i64,
    pub events: &'a [Event],
    /// After `events`.
    pub state: RunState,
    /// For lists; `None` leaves it as it is.
    pub summary: Option<Value>,
}

/// The columns beside the body, read off the body itself, so that a new event cannot be forgotten here.
struct Columns {
    kinds: Vec<String>,
    people: Vec<Option<String>>,
    steps: Vec<Option<String>>,
    reasons: Vec<Option<String>>,
    bodies: Vec<Value>,
}

fn text(value: &Value, paths: &[&str]) -> Option<String> {
    paths.iter().find_map(|path| value.pointer(path).and_then(Value::as_str).map(str::to_owned))
}

impl Columns {
    fn of(events: &[Event]) -> Result<Self> {
        let mut columns =
            Self { kinds: vec![], people: vec![], steps: vec![], reasons: vec![], bodies: vec![] };
        for event in events {
            let body = to_json(event)?;
            let kind =
                text(&body, &["/kind"]).ok_or_else(|| Error::Invalid("an event without a kind".into()))?;
            columns.kinds.push(kind);
            columns.people.push(text(&body, &["/by/email", "/review/email", "/request/by/email"]));
            columns.steps.push(text(&body, &["/step"]));
            columns.reasons.push(text(&body, &["/reason", "/comment", "/review/comment", "/request/reason"]));
            columns.bodies.push(body);
        }
        Ok(columns)
    }
}

fn entries(rows: &[sqlx::postgres::PgRow], events: &[Event]) -> Result<Vec<Entry>> {
    rows.iter()
        .zip(events)
        .map(|(row, event)| {
            let at: Time = row.try_get("at")?;
            Ok(Entry { seq: row.try_get("seq")?, at: at.into(), event: event.clone() })
        })
        .collect()
}

pub(crate) async fn insert_first(
    connection: &mut Connection,
    run: RunId,
    events: &[Event],
) -> Result<Vec<Entry>> {
    let columns = Columns::of(events)?;
    let rows = sqlx::query(
        "WITH written AS (
             INSERT INTO run_events (run, seq, at, kind, person, step, reason, body)
             SELECT r.id, e.n, r.requested_at, e.kind, e.person, e.step, e.reason, e.body
             FROM runs r, unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::jsonb[]) WITH ORDINALITY
                  AS e(kind, person, step, reason, body, n)
             WHERE r.id = $1
             RETURNING seq, at),
         told AS (SELECT pg_notify('holdfast', 'run:' || $1::text))
         SELECT seq, at FROM written, told ORDER BY seq",
    )
    .bind(run.0)
    .bind(columns.kinds)
    .bind(columns.people)
    .bind(columns.steps)
    .bind(columns.reasons)
    .bind(columns.bodies)
    .fetch_all(connection)
    .await?;
    entries(&rows, events)
}

/// What was written elsewhere, with its own times.
pub(crate) async fn insert_as_it_was(
    connection: &mut Connection,
    run: RunId,
    entries: &[Entry],
) -> Result<()> {
    let events: Vec<Event> = entries.iter().map(|entry| entry.event.clone()).collect();
    let columns = Columns::of(&events)?;
    sqlx::query(
        "INSERT INTO run_events (run, seq, at, kind, person, step, reason, body)
         SELECT $1, e.* FROM unnest($2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::jsonb[]) AS e",
    )
    .bind(run.0)
    .bind(entries.iter().map(|entry| entry.seq).collect::<Vec<_>>())
    .bind(entries.iter().map(|entry| time(entry.at)).collect::<Vec<_>>())
    .bind(columns.kinds)
    .bind(columns.people)
    .bind(columns.steps)
    .bind(columns.reasons)
    .bind(columns.bodies)
    .execute(&mut *connection)
    .await?;
    sqlx::query("SELECT pg_notify('holdfast', 'run:' || $1::text)").bind(run.0).execute(connection).await?;
    Ok(())
}

/// `$1` run, `$2` expected seq, `$3`–`$7` the columns, `$8` state, `$9` over, `$10` summary, `$11` worker and
/// `$12` epoch (null: a person's change, under no fence), `$13` whether an audit entry goes with it, `$14`–`$26`
/// that entry.
const APPEND: &str = "\
WITH moved AS (
    UPDATE runs r
    SET seq = r.seq + cardinality($3::text[]), state = $8,
        ended_at = CASE WHEN $9 THEN coalesce(r.ended_at, statement_timestamp()) END,
        summary = coalesce($10, r.summary),
        crashes = CASE WHEN 'step_succeeded' = ANY($3::text[]) THEN 0 ELSE r.crashes END
    WHERE r.id = $1 AND r.seq = $2 AND r.ended_at IS NULL
      AND ($11::text IS NULL OR (
          r.owner_worker = $11 AND r.epoch = $12 AND EXISTS (
              SELECT FROM workers w WHERE w.id = $11 AND w.epoch = $12 AND w.expires_at > clock_timestamp())))
    RETURNING r.id),
written AS (
    INSERT INTO run_events (run, seq, at, kind, person, step, reason, body)
    SELECT moved.id, $2 + e.n, statement_timestamp(), e.kind, e.person, e.step, e.reason, e.body
    FROM moved, unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[]) WITH ORDINALITY
         AS e(kind, person, step, reason, body, n)
    RETURNING seq, at),
audited AS (
    INSERT INTO audit_entries (action, actor_kind, actor, person, token, subject_kind, subject, application, outcome,
                               code, reason, detail, request_id)
    SELECT $14::text, $15::text, $16::text, $17::uuid, $18::uuid, $19::text, $20::text, $21::text, $22::text, $23::text,
           $24::text, $25::jsonb, $26::text
    FROM moved WHERE $13),
told AS (SELECT pg_notify('holdfast', 'run:' || $1::text) FROM moved)
SELECT seq, at FROM written, told ORDER BY seq";

async fn append(
    connection: &mut Connection,
    fence: Option<&Fence>,
    advance: &Advance<'_>,
    audit: Option<&AuditEntry>,
) -> Result<Vec<Entry>> {
    if advance.events.is_empty() {
        return Err(Error::Invalid("a run goes on by at least one event".into()));
    }
    let columns = Columns::of(advance.events)?;
    let query = sqlx::query(APPEND)
        .bind(advance.run.0)
        .bind(advance.expected_seq)
        .bind(columns.kinds)
        .bind(columns.people)
        .bind(columns.steps)
        .bind(columns.reasons)
        .bind(columns.bodies)
        .bind(word(&advance.state))
        .bind(advance.state.is_over())
        .bind(advance.summary.clone())
        .bind(fence.map(|f| f.worker.clone()))
        .bind(fence.map(|f| f.epoch))
        .bind(audit.is_some());
    let query = match audit {
        Some(entry) => audit::bind(query, entry),
        None => (0..13).fold(query, |query, _| query.bind(None::<String>)),
    };
    let rows = query.fetch_all(&mut *connection).await?;
    if rows.is_empty() {
        return Err(why_not(connection, fence, advance).await?);
    }
    entries(&rows, advance.events)
}

/// Which of the statement's conditions did not hold.
async fn why_not(connection: &mut Connection, fence: Option<&Fence>, advance: &Advance<'_>) -> Result<Error> {
    let row = sqlx::query(
        "SELECT r.seq, r.owner_worker IS NOT DISTINCT FROM $2 AND r.epoch IS NOT DISTINCT FROM $3 AND EXISTS (
                    SELECT FROM workers w WHERE w.id = $2 AND w.epoch = $3 AND w.expires_at > clock_timestamp()) AS held
         FROM runs r WHERE r.id = $1",
    )
    .bind(advance.run.0)
    .bind(fence.map(|f| f.worker.as_str()))
    .bind(fence.map(|f| f.epoch))
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(Error::NotFound("run")) };
    let (found, held): (i64, bool) = (row.try_get("seq")?, row.try_get("held")?);
    if fence.is_some() && !held {
        return Ok(Error::Fenced { run: advance.run });
    }
    Ok(Error::RunMoved { run: advance.run, expected: advance.expected_seq, found })
}

impl Change {
    /// A person's command, decided against the journal up to `expected_seq`.
    ///
    /// # Errors
    /// `RunMoved` when somebody wrote first: load the run again and decide again, in a new change.
    pub async fn append(&mut self, advance: &Advance<'_>) -> Result<Vec<Entry>> {
        append(self.connection(), None, advance, None).await
    }

    /// A worker's entries with more beside them in one transaction.
    ///
    /// # Errors
    /// `Fenced` when the run is not this worker's any more; `RunMoved` when somebody wrote first.
    pub async fn append_as(&mut self, fence: &Fence, advance: &Advance<'_>) -> Result<Vec<Entry>> {
        append(self.connection(), Some(fence), advance, None).await
    }
}

impl Store {
    /// A worker's step in one statement and one commit: entries, state, fence, audit entry, notification.
    ///
    /// # Errors
    /// `Fenced` when the run is not this worker's any more; `RunMoved` when somebody wrote first.
    pub async fn append_as(
        &self,
        fence: &Fence,
        advance: &Advance<'_>,
        audit: &AuditEntry,
    ) -> Result<Vec<Entry>> {
        append(&mut self.pool.acquire().await?, Some(fence), advance, Some(audit)).await
    }

    /// The journal after an entry (0: from the beginning), in order.
    ///
    /// # Errors
    /// When the database does not answer; `Corrupt` when an entry cannot be read, which concerns this run alone.
    pub async fn entries(&self, run: RunId, after_seq: i64) -> Result<Vec<Entry>> {
        let rows =
            sqlx::query("SELECT seq, at, body FROM run_events WHERE run = $1 AND seq > $2 ORDER BY seq")
                .bind(run.0)
                .bind(after_seq)
                .fetch_all(&self.pool)
                .await?;
        rows.iter()
            .map(|row| {
                let (seq, at, body): (i64, Time, Value) =
                    (row.try_get("seq")?, row.try_get("at")?, row.try_get("body")?);
                let event = from_json(|| format!("entry {seq} of run {run}"), body)?;
                Ok(Entry { seq, at: at.into(), event })
            })
            .collect()
    }
}
