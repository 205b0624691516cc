//! What is known and can be shown: the first page, compliance, the audit log.

use super::Accountable;
use async_trait::async_trait;
use holdfast_api::audit::{AuditCallView, AuditEntryView, AuditFilter, Audits, CallFilter};
use holdfast_api::audit_log::{
    AuditKeyView, AuditLogView, AuditLogs, AuditProofView, ConsistencyView, LogHead, LogLines, LogPlace,
};
use holdfast_api::compliance::{ComplianceView, Compliances};
use holdfast_api::now::{NowView, Nows};
use holdfast_api::system::{ClockView, GapView, UnreadableView};
use holdfast_api::{Answer, Page, Problem};
use holdfast_domain::Actor;

#[async_trait]
impl Nows for Accountable {
    async fn now(&self, actor: &Actor) -> Answer<NowView> {
        self.read(actor, "now", self.0.now(actor)).await
    }

    async fn clocks(&self, actor: &Actor) -> Answer<Vec<ClockView>> {
        self.read(actor, "clocks", self.0.clocks(actor)).await
    }

    async fn gaps(&self, actor: &Actor) -> Answer<Vec<GapView>> {
        self.read(actor, "run", self.0.gaps(actor)).await
    }

    async fn unreadable_applications(&self, actor: &Actor) -> Answer<Vec<UnreadableView>> {
        self.read(actor, "application", self.0.unreadable_applications(actor)).await
    }

    async fn ready(&self) -> Result<(), String> {
        self.0.ready().await
    }
}

#[async_trait]
impl Compliances for Accountable {
    async fn compliance(&self, actor: &Actor) -> Answer<ComplianceView> {
        self.read(actor, "compliance", self.0.compliance(actor)).await
    }

    async fn compliance_csv(&self, actor: &Actor) -> Answer<String> {
        self.read(actor, "compliance", self.0.compliance_csv(actor)).await
    }
}

#[async_trait]
impl Audits for Accountable {
    async fn audit(&self, actor: &Actor, filter: &AuditFilter) -> Answer<Page<AuditEntryView>> {
        self.read(actor, "audit", self.0.audit(actor, filter)).await
    }

    async fn audit_calls(&self, actor: &Actor, filter: &CallFilter) -> Answer<Page<AuditCallView>> {
        self.read(actor, "audit", self.0.audit_calls(actor, filter)).await
    }

    async fn turned_away(&self, actor: &Actor, request: &str, problem: &Problem) -> Answer<()> {
        self.0.turned_away(actor, request, problem).await
    }
}

#[async_trait]
impl AuditLogs for Accountable {
    async fn audit_log(&self, actor: &Actor) -> Answer<AuditLogView> {
        self.read(actor, "audit", self.0.audit_log(actor)).await
    }

    async fn audit_keys(&self, actor: &Actor) -> Answer<Vec<AuditKeyView>> {
        self.read(actor, "audit", self.0.audit_keys(actor)).await
    }

    async fn audit_proof(&self, actor: &Actor, id: i64) -> Answer<AuditProofView> {
        self.read(actor, "audit", self.0.audit_proof(actor, id)).await
    }

    async fn audit_consistency(&self, actor: &Actor, from: u64, to: Option<u64>) -> Answer<ConsistencyView> {
        self.read(actor, "audit", self.0.audit_consistency(actor, from, to)).await
    }

    async fn audit_log_head(&self, actor: &Actor) -> Answer<LogHead> {
        self.read(actor, "audit", self.0.audit_log_head(actor)).await
    }

    async fn audit_log_lines(&self, actor: &Actor, size: u64, from: LogPlace) -> Answer<LogLines> {
        self.read(actor, "audit", self.0.audit_log_lines(actor, size, from)).await
    }
}
