//! An audit log of two entries.

use super::{Fake, RUN};
use async_trait::async_trait;
use holdfast_api::{Answer, Page, Problem, audit::*, audit_log::*};
use holdfast_domain::Actor;
use jiff::Timestamp;
use serde_json::json;

#[async_trait]
impl Audits for Fake {
    async fn audit(&self, _: &Actor, filter: &AuditFilter) -> Answer<Page<AuditEntryView>> {
        let entry = |id| AuditEntryView {
            id,
            at: Timestamp::UNIX_EPOCH,
            action: "run.request".into(),
            actor: "operator@example.com".into(),
            subject: format!("run:{RUN}"),
            outcome: "done".into(),
            code: None,
            reason: None,
            detail: json!({}),
        };
        Ok(match filter.cursor.as_deref() {
            None => Page { items: vec![entry(2)], next: Some("2".into()) },
            Some(_) => Page { items: vec![entry(1)], next: None },
        })
    }
    async fn audit_calls(&self, _: &Actor, filter: &CallFilter) -> Answer<Page<AuditCallView>> {
        let call = AuditCallView {
            entry: 7,
            at: Timestamp::UNIX_EPOCH,
            run: RUN.into(),
            application: Some("shop".into()),
            step: Some("raise-web".into()),
            person: filter.person.clone().unwrap_or_else(|| "operator@example.com".into()),
            action: Some("ecs:UpdateService".into()),
            region: Some("eu-central-1".into()),
            request_id: Some("4f1c".into()),
            outcome: "answered".into(),
            reason: None,
        };
        Ok(Page { items: vec![call], next: None })
    }
    async fn turned_away(&self, actor: &Actor, request: &str, problem: &Problem) -> Answer<()> {
        self.turned_away.lock().unwrap().push(format!("{}: {request}: {}", actor.email, problem.code));
        Ok(())
    }
}

fn checkpoint() -> CheckpointView {
    CheckpointView {
        size: 2,
        root: "00".repeat(32),
        at: Timestamp::UNIX_EPOCH,
        note: "holdfast-audit\n2\nAAAA\n\n\u{2014} holdfast-audit AAAA\n".into(),
    }
}

#[async_trait]
impl AuditLogs for Fake {
    async fn audit_log(&self, _: &Actor) -> Answer<AuditLogView> {
        Ok(AuditLogView {
            checkpoint: Some(checkpoint()),
            pending: 1,
            places: vec![],
            seconds_since_written: Some(12.5),
            blocks_starts: None,
            at: Timestamp::UNIX_EPOCH,
        })
    }
    async fn audit_keys(&self, _: &Actor) -> Answer<Vec<AuditKeyView>> {
        Ok(vec![])
    }
    async fn audit_proof(&self, actor: &Actor, id: i64) -> Answer<AuditProofView> {
        let page = self.audit(actor, &AuditFilter::default()).await?;
        let entry = page.items.into_iter().find(|entry| entry.id == id);
        let entry = entry.ok_or_else(|| Problem::not_found("audit entry", &id.to_string()))?;
        Ok(AuditProofView { entry, logged: json!({}), proof: None })
    }
    async fn audit_consistency(&self, _: &Actor, from: u64, to: Option<u64>) -> Answer<ConsistencyView> {
        Ok(ConsistencyView { from, to: to.unwrap_or(2), hashes: vec![] })
    }
    async fn audit_log_head(&self, _: &Actor) -> Answer<LogHead> {
        Ok(LogHead { origin: "holdfast-audit".into(), size: 2, handovers: vec![] })
    }
    async fn audit_log_lines(&self, _: &Actor, _: u64, from: LogPlace) -> Answer<LogLines> {
        let lines = |text: &str, next| LogLines { lines: vec![text.into()], entries: 1, next };
        Ok(match from {
            LogPlace::Log(0) => lines("{\"index\":0}", LogPlace::Log(1)),
            LogPlace::Log(1) => lines("{\"index\":1}", LogPlace::Log(2)),
            LogPlace::Log(_) => LogLines { lines: vec![], entries: 0, next: LogPlace::Pending(0) },
            LogPlace::Pending(0) => lines("{\"pending\":{}}", LogPlace::Pending(3)),
            LogPlace::Pending(_) | LogPlace::End => {
                LogLines { lines: vec![], entries: 0, next: LogPlace::End }
            }
        })
    }
}
