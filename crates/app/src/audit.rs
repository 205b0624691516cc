//! Reading the audit log. Writing it is part of every other use case.

use crate::App;
use crate::authority::{Action, may};
use crate::problems::of_store;
use async_trait::async_trait;
use holdfast_api::audit::{AuditEntryView, AuditFilter, Audits};
use holdfast_api::{Answer, Page, Problem};
use holdfast_domain::Actor;

#[async_trait]
impl Audits for App {
    async fn audit(&self, actor: &Actor, filter: &AuditFilter) -> Answer<Page<AuditEntryView>> {
        may(actor, Action::ReadAudit)?;
        let limit = filter.limit.unwrap_or(50).clamp(1, 500);
        let before = match filter.cursor.as_deref() {
            None | Some("") => None,
            Some(text) => Some(text.parse::<i64>().map_err(|_| {
                Problem::bad_field("cursor", "is not one that an answer gave", "Leave it out to start at the newest.")
            })?),
        };
        let question = holdfast_store::AuditQuestion {
            actor: filter.actor.clone().filter(|t| !t.is_empty()),
            action: filter.action.clone().filter(|t| !t.is_empty()),
            subject: filter.subject.clone().filter(|t| !t.is_empty()),
            outcome: filter.outcome.clone().filter(|t| !t.is_empty()),
            before,
            limit: i64::from(limit),
        };
        let rows = self.store.audit(&question).await.map_err(of_store)?;
        let next = (rows.len() == limit as usize).then(|| rows.last().map(|r| r.id.to_string())).flatten();
        let items = rows
            .into_iter()
            .map(|r| AuditEntryView {
                id: r.id,
                at: r.at,
                action: r.action,
                actor: r.actor,
                subject: r.subject,
                outcome: r.outcome,
                code: r.code,
                reason: r.reason,
                detail: r.detail,
            })
            .collect();
        Ok(Page { items, next })
    }
}
