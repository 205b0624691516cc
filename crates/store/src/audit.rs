//! The audit log: who did what, or was refused it. Entries are inserted, never changed.

mod calls;

pub use calls::{CallFilter, Click, calls_of};

use crate::connections::Connection;
use crate::idempotency::{self, Mark};
use crate::store::Store;
use crate::wire::{Time, texts, time};
use crate::{Error, Result};
use holdfast_domain::{Name, PersonId};
use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditActor {
    Person {
        id: PersonId,
        email: String,
        token: Option<Uuid>,
    },
    /// A part of Holdfast: `worker`, `trigger.NAME`, `command-line`.
    System {
        name: String,
    },
    /// Not signed in; what they called themselves, if anything.
    Nobody {
        name: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditOutcome {
    Done,
    Refused,
}

#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// A stored name, `noun.verb`: `runs.request`.
    pub action: String,
    pub actor: AuditActor,
    pub subject_kind: String,
    pub subject: String,
    pub application: Option<Name>,
    /// `Some`: refused, with the refusal's code. `None`: done.
    pub refusal_code: Option<String>,
    pub reason: Option<String>,
    pub detail: Value,
    pub request_id: Option<String>,
    /// The key under which the request was sent that this is about: committed with the entry, and no part of it.
    pub mark: Option<Mark>,
}

impl AuditEntry {
    pub fn done(action: &str, actor: AuditActor, subject_kind: &str, subject: impl ToString) -> Self {
        Self {
            action: action.to_owned(),
            actor,
            subject_kind: subject_kind.to_owned(),
            subject: subject.to_string(),
            application: None,
            refusal_code: None,
            reason: None,
            detail: json!({}),
            request_id: None,
            mark: None,
        }
    }

    pub fn refused(
        action: &str,
        actor: AuditActor,
        subject_kind: &str,
        subject: impl ToString,
        code: &str,
    ) -> Self {
        Self { refusal_code: Some(code.to_owned()), ..Self::done(action, actor, subject_kind, subject) }
    }

    #[must_use]
    pub fn of_application(mut self, application: &Name) -> Self {
        self.application = Some(application.clone());
        self
    }
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }
    #[must_use]
    pub fn with(mut self, detail: Value) -> Self {
        self.detail = detail;
        self
    }
    #[must_use]
    pub fn in_request(mut self, request: Option<Uuid>) -> Self {
        self.request_id = request.map(|id| id.to_string());
        self
    }
    #[must_use]
    pub fn marked(mut self, mark: Option<Mark>) -> Self {
        self.mark = mark;
        self
    }
}

/// An entry as it stands in the log.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditRecord {
    pub id: i64,
    pub at: Timestamp,
    pub outcome: AuditOutcome,
    pub entry: AuditEntry,
    /// Its place in the Merkle log; `None` until the sequencer has given it one.
    pub leaf_index: Option<i64>,
}

/// Newest first. Each field has its index; of combinations, `application` with `action` has one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    pub application: Option<Name>,
    pub action: Option<String>,
    /// E-mail address, or the name of a part of the system.
    pub actor: Option<String>,
    /// Kind and id.
    pub subject: Option<(String, String)>,
    pub outcome: Option<AuditOutcome>,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// Only what is about these applications, or was written of this person's own doing; `None`: everything.
    pub within: Option<(Vec<Name>, PersonId)>,
    /// Entries with a smaller number than this: the cursor.
    pub before: Option<i64>,
    pub limit: u32,
}

impl AuditActor {
    fn kind(&self) -> &'static str {
        match self {
            Self::Person { .. } => "person",
            Self::System { .. } => "system",
            Self::Nobody { .. } => "nobody",
        }
    }

    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Person { email, .. } => email,
            Self::System { name } | Self::Nobody { name } => name,
        }
    }

    fn ids(&self) -> (Option<Uuid>, Option<Uuid>) {
        match self {
            Self::Person { id, token, .. } => (Some(id.0), *token),
            Self::System { .. } | Self::Nobody { .. } => (None, None),
        }
    }
}

/// In the order of the columns that [`bind`] binds.
pub(crate) const COLUMNS: &str = "action, actor_kind, actor, person, token, subject_kind, subject, application, outcome, \
     code, reason, detail, request_id";

pub(crate) type Query<'q> = sqlx::query::Query<'q, Postgres, sqlx::postgres::PgArguments>;

/// Thirteen parameters.
pub(crate) fn bind<'q>(query: Query<'q>, entry: &AuditEntry) -> Query<'q> {
    let (person, token) = entry.actor.ids();
    query
        .bind(entry.action.clone())
        .bind(entry.actor.kind())
        .bind(entry.actor.name().to_owned())
        .bind(person)
        .bind(token)
        .bind(entry.subject_kind.clone())
        .bind(entry.subject.clone())
        .bind(entry.application.as_ref().map(ToString::to_string))
        .bind(if entry.refusal_code.is_some() { "refused" } else { "done" })
        .bind(entry.refusal_code.clone())
        .bind(entry.reason.clone())
        .bind(entry.detail.clone())
        .bind(entry.request_id.clone())
}

pub(crate) async fn insert(connection: &mut Connection, entry: &AuditEntry) -> Result<i64> {
    if let Some(mark) = &entry.mark {
        idempotency::mark(&mut *connection, mark).await?;
    }
    let query = sqlx::query(
        "INSERT INTO audit_entries (action, actor_kind, actor, person, token, subject_kind, subject, application, outcome,
                code, reason, detail, request_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         RETURNING id",
    );
    let row = bind(query, entry).fetch_one(connection).await?;
    Ok(sqlx::Row::try_get(&row, "id")?)
}

#[derive(sqlx::FromRow)]
struct AuditRow {
    id: i64,
    at: Time,
    action: String,
    actor_kind: String,
    actor: String,
    person: Option<Uuid>,
    token: Option<Uuid>,
    subject_kind: String,
    subject: String,
    application: Option<String>,
    outcome: String,
    code: Option<String>,
    reason: Option<String>,
    detail: Value,
    request_id: Option<String>,
    leaf_index: Option<i64>,
}

impl AuditRow {
    fn into_record(self) -> Result<AuditRecord> {
        let corrupt = |what: &str| Error::Corrupt(format!("audit entry {}: {what}", self.id));
        let actor = match (self.actor_kind.as_str(), self.person) {
            ("person", Some(id)) => {
                AuditActor::Person { id: PersonId(id), email: self.actor, token: self.token }
            }
            ("system", _) => AuditActor::System { name: self.actor },
            ("nobody", _) => AuditActor::Nobody { name: self.actor },
            _ => return Err(corrupt("its actor is neither person nor system")),
        };
        let application =
            self.application.as_deref().map(Name::parse).transpose().map_err(|e| corrupt(&e.0))?;
        Ok(AuditRecord {
            id: self.id,
            at: self.at.into(),
            outcome: if self.outcome == "refused" { AuditOutcome::Refused } else { AuditOutcome::Done },
            entry: AuditEntry {
                action: self.action,
                actor,
                subject_kind: self.subject_kind,
                subject: self.subject,
                application,
                refusal_code: self.code,
                reason: self.reason,
                detail: self.detail,
                request_id: self.request_id,
                mark: None,
            },
            leaf_index: self.leaf_index,
        })
    }
}

/// Numbers are given before times, and both before the commit, so neighbours may be out of order by as
/// many entries as were being written at once.
const OUT_OF_ORDER: i64 = 1_000;

impl Store {
    /// An entry with nothing to commit beside it: a refusal, a sign-in, a download.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn audit(&self, entry: AuditEntry) -> Result<i64> {
        if entry.mark.is_none() {
            return insert(&mut self.pool.acquire().await?, &entry).await;
        }
        self.begin().await?.commit(entry).await
    }

    /// The entry of a refusal.
    ///
    /// # Errors
    /// When the entry has no refusal code, or the database does not answer.
    pub async fn refuse(&self, entry: AuditEntry) -> Result<i64> {
        if entry.refusal_code.is_none() {
            return Err(Error::Invalid("a refusal's audit entry has a code".into()));
        }
        self.audit(entry).await
    }

    /// # Errors
    /// When the database does not answer, or an entry cannot be read.
    pub async fn audit_entries(&self, filter: &AuditFilter) -> Result<Vec<AuditRecord>> {
        let mut query = QueryBuilder::<Postgres>::new(
            "SELECT id, at, (SELECT l.leaf_index FROM audit_leaves l WHERE l.entry = audit_entries.id) AS leaf_index, ",
        );
        query.push(COLUMNS).push(" FROM audit_entries WHERE true");
        if let Some(application) = &filter.application {
            query.push(" AND application = ").push_bind(application.as_str());
        }
        if let Some((applications, person)) = &filter.within {
            query.push(" AND (application = ANY(").push_bind(texts(applications));
            query.push(") OR person = ").push_bind(person.0).push(")");
        }
        if let Some(action) = &filter.action {
            query.push(" AND action = ").push_bind(action);
        }
        if let Some(actor) = &filter.actor {
            query.push(" AND actor = ").push_bind(actor);
        }
        if let Some((kind, id)) = &filter.subject {
            query.push(" AND subject_kind = ").push_bind(kind).push(" AND subject = ").push_bind(id);
        }
        match filter.outcome {
            Some(AuditOutcome::Refused) => query.push(" AND outcome = 'refused'"),
            Some(AuditOutcome::Done) => query.push(" AND outcome = 'done'"),
            None => &mut query,
        };
        // A time is turned into a number first: the scan then runs down the numbers and ends there.
        if let Some(since) = filter.since {
            query.push(" AND at >= ").push_bind(time(since));
            query.push(
                " AND id >= (SELECT coalesce(min(id), 0) FROM (SELECT id FROM audit_entries WHERE at >= ",
            );
            query
                .push_bind(time(since))
                .push(" ORDER BY at, id LIMIT 1) AS first) - ")
                .push_bind(OUT_OF_ORDER);
        }
        if let Some(until) = filter.until {
            query.push(" AND at < ").push_bind(time(until));
            query.push(
                " AND id <= (SELECT coalesce(max(id), 0) FROM (SELECT id FROM audit_entries WHERE at < ",
            );
            query
                .push_bind(time(until))
                .push(" ORDER BY at DESC, id DESC LIMIT 1) AS last) + ")
                .push_bind(OUT_OF_ORDER);
        }
        if let Some(before) = filter.before {
            query.push(" AND id < ").push_bind(before);
        }
        query.push(" ORDER BY id DESC LIMIT ").push_bind(i64::from(filter.limit));
        let rows: Vec<AuditRow> = query.build_query_as().fetch_all(&self.pool).await?;
        rows.into_iter().map(AuditRow::into_record).collect()
    }
}
