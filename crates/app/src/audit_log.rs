//! The audit log as something that can be proved, and the rule that without it nothing starts. Signing is the
//! workers'; here is what they signed.

use crate::App;
use crate::audit::view;
use crate::authority::{Action, may};
use crate::problems::of_store;
use async_trait::async_trait;
use holdfast_api::audit_log::{
    AuditKeyView, AuditLogView, AuditLogs, AuditProofView, CheckpointView, ConsistencyView, InclusionView,
    LogHead, LogLines, LogPlace, PlaceView,
};
use holdfast_api::{Answer, Problem};
use holdfast_audit::bundle::Line;
use holdfast_audit::merkle::{Parts, assemble, consistency, inclusion};
use holdfast_audit::note::VerifyingKey;
use holdfast_domain::Actor;
use holdfast_failover::Refusal;
use holdfast_store::{AuditFilter, Exported, StoredCheckpoint};

/// Entries that one query of an export reads.
const CHUNK: u32 = 2_000;

#[async_trait]
impl AuditLogs for App {
    async fn audit_log(&self, actor: &Actor) -> Answer<AuditLogView> {
        may(actor, Action::ReadAudit)?;
        self.log_view().await
    }

    async fn audit_keys(&self, actor: &Actor) -> Answer<Vec<AuditKeyView>> {
        may(actor, Action::ReadAudit)?;
        let keys = self.store.log_keys().await.map_err(of_store)?;
        Ok(keys
            .into_iter()
            .map(|k| AuditKeyView { public_key: k.public_key, from_size: k.from_size, handover: k.handover })
            .collect())
    }

    async fn audit_proof(&self, actor: &Actor, id: i64) -> Answer<AuditProofView> {
        may(actor, Action::ReadWholeLog)?;
        let logged = match self.store.log_entry(id).await {
            Err(holdfast_store::Error::NotFound(_)) => {
                return Err(Problem::not_found("audit entry", &id.to_string()));
            }
            other => other.map_err(of_store)?,
        };
        let question = AuditFilter { before: id.checked_add(1), limit: 1, ..AuditFilter::default() };
        let found = self.store.audit_entries(&question).await.map_err(of_store)?.into_iter().next();
        let record = found
            .filter(|record| record.id == id)
            .ok_or_else(|| Problem::not_found("audit entry", &id.to_string()))?;
        let newest = self.store.newest_checkpoint().await.map_err(of_store)?;
        let proof = match (&logged.leaf, newest) {
            (Some((index, leaf)), Some(newest)) if *index < newest.size => {
                let parts = inclusion(*index, newest.size).unwrap_or_default();
                Some(InclusionView {
                    index: *index,
                    leaf: hex::encode(leaf),
                    hashes: self.hashes(&parts).await?,
                    checkpoint: checkpoint_view(newest),
                })
            }
            _ => None,
        };
        let logged = serde_json::to_value(&logged.entry).map_err(unwritable)?;
        Ok(AuditProofView { entry: view(record), logged, proof })
    }

    async fn audit_consistency(&self, actor: &Actor, from: u64, to: Option<u64>) -> Answer<ConsistencyView> {
        may(actor, Action::ReadAudit)?;
        let newest = self.store.newest_checkpoint().await.map_err(of_store)?.map_or(0, |newest| newest.size);
        let to = to.unwrap_or(newest);
        if to > newest {
            let message = format!("the log has {newest} entries");
            return Err(Problem::bad_field(
                "to",
                message,
                "Leave it out to prove up to the newest checkpoint.",
            ));
        }
        let parts = consistency(from, to).ok_or_else(|| {
            Problem::bad_field("from", "is more than `to`", "Give the smaller size as `from`.")
        })?;
        Ok(ConsistencyView { from, to, hashes: self.hashes(&parts).await? })
    }

    async fn audit_log_head(&self, actor: &Actor) -> Answer<LogHead> {
        may(actor, Action::ReadWholeLog)?;
        let keys = self.store.log_keys().await.map_err(of_store)?;
        let name = keys.first().and_then(|key| VerifyingKey::parse(&key.public_key).ok());
        Ok(LogHead {
            origin: name.map_or_else(|| "unsigned".to_owned(), |key| key.name().to_owned()),
            size: self.store.newest_checkpoint().await.map_err(of_store)?.map_or(0, |newest| newest.size),
            handovers: keys.into_iter().filter_map(|key| key.handover).collect(),
        })
    }

    async fn audit_log_lines(&self, actor: &Actor, size: u64, from: LogPlace) -> Answer<LogLines> {
        may(actor, Action::ReadWholeLog)?;
        match from {
            LogPlace::Log(index) => {
                let parts = self.store.exported(index, size, CHUNK).await.map_err(of_store)?;
                let last = parts.iter().rev().find_map(|part| match part {
                    Exported::Entry(entry) => entry.leaf.as_ref().map(|(index, _)| *index),
                    Exported::Checkpoint(_) => None,
                });
                let entries = parts.iter().filter(|part| matches!(part, Exported::Entry(_))).count() as u64;
                let lines =
                    parts.into_iter().map(|part| written(&part.into_line())).collect::<Answer<Vec<_>>>()?;
                let next = last.map_or(LogPlace::Pending(0), |last| LogPlace::Log(last + 1));
                Ok(LogLines { lines, entries, next })
            }
            LogPlace::Pending(after) => {
                let entries = self.store.pending(after, size, CHUNK).await.map_err(of_store)?;
                let next = entries.last().map_or(LogPlace::End, |last| LogPlace::Pending(last.entry.id));
                let lines = entries
                    .into_iter()
                    .map(|entry| written(&entry.into_pending_line()))
                    .collect::<Answer<Vec<_>>>()?;
                Ok(LogLines { entries: lines.len() as u64, lines, next })
            }
            LogPlace::End => Ok(LogLines { lines: Vec::new(), entries: 0, next: LogPlace::End }),
        }
    }
}

impl App {
    pub(crate) async fn log_view(&self) -> Answer<AuditLogView> {
        let state = self.store.log_state().await.map_err(of_store)?;
        let kept = state.kept();
        Ok(AuditLogView {
            seconds_since_written: kept.since.map(|at| state.now.duration_since(at).as_secs_f64()),
            blocks_starts: kept.refusal(state.now).map(|refusal| refusal.sentence),
            pending: state.pending,
            places: state
                .places
                .into_iter()
                .map(|p| PlaceView { name: p.name, size: p.size, written_at: p.written_at, error: p.error })
                .collect(),
            checkpoint: state.checkpoint.map(checkpoint_view),
            at: state.now,
        })
    }

    /// Why nothing new may start as far as the audit log goes.
    pub(crate) async fn audit_not_kept(&self) -> Answer<Option<Refusal>> {
        let state = self.store.log_state().await.map_err(of_store)?;
        Ok(state.refusal())
    }

    async fn hashes(&self, parts: &Parts) -> Answer<Vec<String>> {
        let flat: Vec<_> = parts.iter().flatten().copied().collect();
        let mut hashes = self.store.log_nodes(&flat).await.map_err(of_store)?.into_iter();
        let grouped: Vec<Vec<_>> =
            parts.iter().map(|nodes| hashes.by_ref().take(nodes.len()).collect()).collect();
        let proof = assemble(&grouped).unwrap_or_default();
        Ok(proof.iter().map(hex::encode).collect())
    }
}

fn checkpoint_view(stored: StoredCheckpoint) -> CheckpointView {
    CheckpointView { size: stored.size, root: hex::encode(stored.root), at: stored.at, note: stored.note }
}

fn written(line: &Line<'_>) -> Answer<String> {
    serde_json::to_string(line).map_err(unwritable)
}

fn unwritable(error: serde_json::Error) -> Problem {
    tracing::error!(%error, "an audit entry cannot be written as JSON");
    Problem::new(
        500,
        "internal",
        "Something is wrong inside",
        "An audit entry cannot be written as JSON.",
        "Look at the server's log.",
    )
}
