//! The journal in Postgres: entries, state, fence and audit entry in one transaction, under the worker's epoch.

use super::{Book, Lost};
use crate::gaps::Memory;
use async_trait::async_trait;
use holdfast_domain::RunId;
use holdfast_failover::compliance::measured;
use holdfast_failover::run::{Entry, Event, Run};
use holdfast_store::{Advance, AuditActor, AuditEntry, Fence, Store, calls_of};
use serde_json::json;

#[derive(Debug)]
pub struct Database {
    pub store: Store,
    pub fence: Fence,
    pub memory: Memory,
}

#[async_trait]
impl Book for Database {
    async fn entries(&self, run: RunId, after_seq: i64) -> Result<Vec<Entry>, Lost> {
        let entries = self.store.entries(run, after_seq).await?;
        self.memory.take_in(run, &entries);
        Ok(entries)
    }

    async fn append(&self, written: &Run, new: &[Entry], ahead: &Run) -> Result<Option<Vec<Entry>>, Lost> {
        let events: Vec<Event> = new.iter().map(|entry| entry.event.clone()).collect();
        match self.write(written, &events, ahead).await {
            Ok(entries) => {
                self.memory.take_in(written.id, &entries);
                Ok(Some(entries))
            }
            Err(holdfast_store::Error::RunMoved { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl Database {
    /// One transaction: entries, state, fence, audit, and with the last entry what the run has measured.
    async fn write(
        &self,
        run: &Run,
        events: &[Event],
        ahead: &Run,
    ) -> Result<Vec<Entry>, holdfast_store::Error> {
        let advance = Advance {
            run: run.id,
            expected_seq: run.seq,
            events,
            state: ahead.state,
            summary: serde_json::to_value(ahead.summary()).ok(),
        };
        let audit = self.audit(run, events);
        if !ahead.state.is_over() {
            return self.store.append_as(&self.fence, &advance, &audit).await;
        }
        let mut change = self.store.begin().await?;
        let entries = change.append_as(&self.fence, &advance).await?;
        if !run.request.dry_run {
            change.record_measured(run.id, &measured(ahead)).await?;
        }
        change.commit(audit).await?;
        Ok(entries)
    }

    /// Who is behind the run and what its worker did: which calls with which request ids.
    fn audit(&self, run: &Run, events: &[Event]) -> AuditEntry {
        let kinds: Vec<&str> = events.iter().map(Event::kind).collect();
        let calls = calls_of(run, events);
        let worker = AuditActor::System { name: self.fence.worker.clone() };
        let mut detail = json!({
            "on_behalf_of": run.on_behalf_of().email,
            "epoch": self.fence.epoch,
            "events": kinds,
            "steps": events.iter().filter_map(Event::step).collect::<Vec<_>>(),
        });
        if !calls.is_empty() {
            detail["calls"] = calls.into();
        }
        AuditEntry::done(&format!("run.{}", kinds.last().unwrap_or(&"nothing")), worker, "run", run.id)
            .of_application(&run.request.application)
            .with(detail)
    }
}
