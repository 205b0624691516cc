//! Reading the audit log. Writing it is part of every other use case.

use crate::App;
use crate::authority::{Action, may};
use crate::problems::of_store;
use async_trait::async_trait;
use holdfast_api::audit::{AuditCallView, AuditEntryView, AuditFilter, Audits, CallFilter};
use holdfast_api::{Answer, Page, Problem};
use holdfast_domain::{Actor, Name};
use holdfast_store::{
    AuditActor, AuditEntry, AuditFilter as Question, AuditOutcome, AuditRecord, Mark, RefusalLimits,
};

#[async_trait]
impl Audits for App {
    async fn audit(&self, actor: &Actor, filter: &AuditFilter) -> Answer<Page<AuditEntryView>> {
        may(actor, Action::ReadAudit)?;
        let limit = filter.limit.unwrap_or(50).clamp(1, 500);
        let before = cursor(filter.cursor.as_deref())?;
        let within = self.seen(actor).await?.names().map(|names| (names, actor.person));
        let question = Question {
            actor: filter.actor.clone().filter(|t| !t.is_empty()),
            action: filter.action.clone().filter(|t| !t.is_empty()),
            subject: filter.subject.as_deref().filter(|t| !t.is_empty()).map(subject).transpose()?,
            outcome: filter.outcome.as_deref().filter(|t| !t.is_empty()).map(outcome).transpose()?,
            within,
            before,
            limit,
            ..Question::default()
        };
        let rows = self.store.audit_entries(&question).await.map_err(of_store)?;
        let next = (rows.len() == limit as usize).then(|| rows.last().map(|r| r.id.to_string())).flatten();
        let items = rows.into_iter().map(view).collect();
        Ok(Page { items, next })
    }

    async fn audit_calls(&self, actor: &Actor, filter: &CallFilter) -> Answer<Page<AuditCallView>> {
        may(actor, Action::ReadAudit)?;
        self.calls(filter, &self.seen(actor).await?).await
    }

    async fn turned_away(&self, actor: &Actor, request: &str, problem: &Problem) -> Answer<()> {
        // Not the sentence: it may quote what was sent, and that may be a secret in the wrong place.
        let fields: Vec<String> = problem.fields.iter().map(|field| cut(&field.path)).take(20).collect();
        let entry =
            AuditEntry::refused("request.send", author(actor), "request", cut(request), &problem.code)
                .in_request(actor.request)
                .with(serde_json::json!({ "fields": fields }));
        self.store.refuse_within(entry, RefusalLimits::OF_CHANGES).await.map_err(of_store)
    }
}

/// The number that a page ended with.
pub(crate) fn cursor(text: Option<&str>) -> Answer<Option<i64>> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| {
        Problem::bad_field("cursor", "is not one that an answer gave", "Leave it out to start at the newest.")
    })
}

/// What others wrote, no longer than tells it apart.
fn cut(text: &str) -> String {
    text.chars().take(254).collect()
}

pub(crate) fn view(record: AuditRecord) -> AuditEntryView {
    AuditEntryView {
        id: record.id,
        at: record.at,
        action: record.entry.action,
        actor: match record.entry.actor {
            AuditActor::Person { email, token: None, .. } => email,
            AuditActor::Person { email, token: Some(token), .. } => format!("token {token} of {email}"),
            AuditActor::System { name } => name,
            AuditActor::Nobody { name } => format!("not signed in: {name}"),
        },
        subject: format!("{}:{}", record.entry.subject_kind, record.entry.subject),
        outcome: match record.outcome {
            AuditOutcome::Done => "done",
            AuditOutcome::Refused => "refused",
        }
        .to_owned(),
        code: record.entry.refusal_code,
        reason: record.entry.reason,
        detail: record.entry.detail,
    }
}

fn outcome(text: &str) -> Answer<AuditOutcome> {
    match text {
        "done" => Ok(AuditOutcome::Done),
        "refused" => Ok(AuditOutcome::Refused),
        _ => Err(Problem::bad_field("outcome", "is no outcome", "Write `done` or `refused`.")),
    }
}

/// `run:0192…` or `application:shop`.
fn subject(text: &str) -> Answer<(String, String)> {
    text.split_once(':').map(|(kind, id)| (kind.to_owned(), id.to_owned())).ok_or_else(|| {
        Problem::bad_field(
            "subject",
            "has no kind",
            "Write it as kind:name, such as `application:shop` or `run:ID`.",
        )
    })
}

/// Who an entry is about. The machine's own administrator is no person.
pub(crate) fn author(actor: &Actor) -> AuditActor {
    if actor.person.0.is_nil() {
        return AuditActor::System { name: actor.email.clone() };
    }
    AuditActor::Person { id: actor.person, email: actor.email.clone(), token: actor.token }
}

/// The entry of a change that was made. `subject` is `kind:name`.
pub(crate) fn done(actor: &Actor, action: &str, subject: &str) -> AuditEntry {
    let (kind, id) = subject.split_once(':').unwrap_or((subject, ""));
    found_under_its_application(AuditEntry::done(action, author(actor), kind, id))
        .in_request(actor.request)
        .marked(Mark::of(actor))
}

pub(crate) fn refused(actor: &Actor, action: &str, subject: &str, problem: &Problem) -> AuditEntry {
    let (kind, id) = subject.split_once(':').unwrap_or((subject, ""));
    let entry = AuditEntry::refused(action, author(actor), kind, cut(id), &problem.code);
    found_under_its_application(entry).in_request(actor.request).because(problem.detail.clone())
}

fn found_under_its_application(entry: AuditEntry) -> AuditEntry {
    match Name::parse(&entry.subject) {
        Ok(application) if entry.subject_kind == "application" => entry.of_application(&application),
        _ => entry,
    }
}
