//! Evacuations: the journal of each lot, and how its runs stand. The runs are written as all runs are.

use crate::change::Change;
use crate::connections::Connection;
use crate::journal::Advance;
use crate::runs::RunHead;
use crate::store::Store;
use crate::wire::{Time, from_json, to_json};
use crate::{Error, Result};
use holdfast_domain::EvacuationId;
use holdfast_failover::Evacuation;
use holdfast_failover::evacuation::{Decided, Entry, Event, Request};
use holdfast_failover::run::Run;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Newest first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EvacuationFilter {
    /// Only those that have not ended.
    pub live: bool,
    /// Older than this one: the cursor.
    pub before: Option<EvacuationId>,
    pub limit: u32,
}

#[derive(sqlx::FromRow)]
struct EntryRow {
    evacuation: Uuid,
    seq: i64,
    at: Time,
    body: Value,
}

impl EntryRow {
    fn into_entry(self) -> Result<Entry> {
        let (id, seq) = (EvacuationId(self.evacuation), self.seq);
        let event = from_json(|| format!("entry {seq} of evacuation {id}"), self.body)?;
        Ok(Entry { seq, at: self.at.into(), event })
    }
}

async fn write(connection: &mut Connection, id: EvacuationId, before: i64, events: &[Event]) -> Result<()> {
    let kinds: Vec<&str> = events.iter().map(Event::kind).collect();
    let bodies = events.iter().map(to_json).collect::<Result<Vec<Value>>>()?;
    sqlx::query(
        "INSERT INTO evacuation_events (evacuation, seq, at, kind, body)
         SELECT $1, $2 + e.n, statement_timestamp(), e.kind, e.body
         FROM unnest($3::text[], $4::jsonb[]) WITH ORDINALITY AS e(kind, body, n)",
    )
    .bind(id.0)
    .bind(before)
    .bind(kinds)
    .bind(bodies)
    .execute(connection)
    .await?;
    Ok(())
}

impl Change {
    /// Before its runs, which name it. Its times are the database's.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn insert_evacuation(
        &mut self,
        id: EvacuationId,
        request: &Request,
        events: &[Event],
    ) -> Result<()> {
        sqlx::query(
            "INSERT INTO evacuations (id, region, digest, requested_at, expires_at, seq)
             VALUES ($1, $2, $3, statement_timestamp(), statement_timestamp() + make_interval(secs => $4), $5)",
        )
        .bind(id.0)
        .bind(request.region.as_str())
        .bind(&request.digest.0)
        .bind(f64::from(request.expires_after_seconds))
        .bind(i64::try_from(events.len()).unwrap_or(i64::MAX))
        .execute(self.connection())
        .await?;
        write(self.connection(), id, 0, events).await?;
        self.notify(&format!("evacuation:{id}")).await
    }

    /// What was decided of a lot and of its runs, against their journals as they were read.
    ///
    /// # Errors
    /// `EvacuationMoved` or `RunMoved` when somebody wrote first: load them again and decide again, in a new change.
    pub async fn decide_evacuation(
        &mut self,
        evacuation: &Evacuation,
        runs: &[Run],
        decided: &Decided,
        now: Timestamp,
    ) -> Result<()> {
        let mut after = evacuation.clone();
        for event in &decided.events {
            let entry = Entry { seq: after.seq + 1, at: now, event: event.clone() };
            after.apply(&entry).map_err(|e| Error::Invalid(e.to_string()))?;
        }
        let over = after.ended_at.is_some();
        self.advance_evacuation(evacuation.id, evacuation.seq, &decided.events, over).await?;
        for (id, events) in &decided.of_runs {
            let run = runs.iter().find(|run| run.id == *id).ok_or(Error::NotFound("run"))?;
            let after = run.after(events, now).map_err(|refusal| Error::Invalid(refusal.to_string()))?;
            let summary = Some(to_json(&after.summary())?);
            let advance = Advance { run: *id, expected_seq: run.seq, events, state: after.state, summary };
            self.append(&advance).await?;
        }
        Ok(())
    }

    async fn advance_evacuation(
        &mut self,
        id: EvacuationId,
        expected_seq: i64,
        events: &[Event],
        over: bool,
    ) -> Result<()> {
        let moved = sqlx::query(
            "UPDATE evacuations SET seq = seq + $3, ended_at = CASE WHEN $4 THEN statement_timestamp() END
             WHERE id = $1 AND seq = $2 AND ended_at IS NULL",
        )
        .bind(id.0)
        .bind(expected_seq)
        .bind(i64::try_from(events.len()).unwrap_or(i64::MAX))
        .bind(over)
        .execute(self.connection())
        .await?;
        if moved.rows_affected() == 0 {
            return Err(Error::EvacuationMoved { id });
        }
        write(self.connection(), id, expected_seq, events).await?;
        self.notify(&format!("evacuation:{id}")).await
    }
}

impl Store {
    /// Its journal, in order; empty where there is no such evacuation.
    ///
    /// # Errors
    /// When the database does not answer; `Corrupt` when an entry cannot be read.
    pub async fn evacuation_entries(&self, id: EvacuationId) -> Result<Vec<Entry>> {
        self.entries_of_evacuations(&[id.0]).await?.remove(&id).unwrap_or_else(|| Ok(Vec::new()))
    }

    /// The journals of those that the filter names, newest first: `Corrupt` of one concerns that one alone.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn evacuations(
        &self,
        filter: &EvacuationFilter,
    ) -> Result<Vec<(EvacuationId, Result<Vec<Entry>>)>> {
        let ids: Vec<Uuid> = sqlx::query_scalar(
            "SELECT id FROM evacuations
             WHERE (NOT $1 OR ended_at IS NULL) AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3",
        )
        .bind(filter.live)
        .bind(filter.before.map(|id| id.0))
        .bind(i64::from(filter.limit))
        .fetch_all(&self.pool)
        .await?;
        let mut entries = self.entries_of_evacuations(&ids).await?;
        Ok(ids
            .into_iter()
            .map(EvacuationId)
            .map(|id| (id, entries.remove(&id).unwrap_or_else(|| Ok(Vec::new()))))
            .collect())
    }

    async fn entries_of_evacuations(
        &self,
        ids: &[Uuid],
    ) -> Result<BTreeMap<EvacuationId, Result<Vec<Entry>>>> {
        let rows: Vec<EntryRow> = sqlx::query_as(
            "SELECT evacuation, seq, at, body FROM evacuation_events WHERE evacuation = ANY($1)
             ORDER BY evacuation, seq",
        )
        .bind(ids)
        .fetch_all(&self.pool)
        .await?;
        let mut of_each: BTreeMap<EvacuationId, Result<Vec<Entry>>> = BTreeMap::new();
        for row in rows {
            let of_one = of_each.entry(EvacuationId(row.evacuation)).or_insert_with(|| Ok(Vec::new()));
            if let Ok(entries) = of_one {
                match row.into_entry() {
                    Ok(entry) => entries.push(entry),
                    Err(unreadable) => *of_one = Err(unreadable),
                }
            }
        }
        Ok(of_each)
    }

    /// How the runs of these evacuations stand.
    ///
    /// # Errors
    /// When the database does not answer, or something stored cannot be read.
    pub async fn parts_of(&self, ids: &[EvacuationId]) -> Result<BTreeMap<EvacuationId, Vec<RunHead>>> {
        let mut parts: BTreeMap<EvacuationId, Vec<RunHead>> = BTreeMap::new();
        if ids.is_empty() {
            return Ok(parts);
        }
        for head in self.heads_of_evacuations(ids).await? {
            if let Some(id) = head.evacuation {
                parts.entry(id).or_default().push(head);
            }
        }
        Ok(parts)
    }
}
