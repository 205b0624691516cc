//! Calls to AWS as the log has them: each entry of a worker that made one says which, for which step, in whose name and with
//! which request id.

use super::{AuditRecord, AuditRow, COLUMNS};
use crate::Result;
use crate::store::Store;
use crate::wire::texts;
use holdfast_domain::{Name, RunId, StepId};
use holdfast_failover::change::Change;
use holdfast_failover::run::{Event, Run};
use serde_json::{Value, json};
use sqlx::{Postgres, QueryBuilder, Row as _};

/// What came of calls to AWS, each with what finds it there: `calls` in the detail of the entry that tells of these events.
#[must_use]
pub fn calls_of(run: &Run, events: &[Event]) -> Vec<Value> {
    let planned =
        |step: &StepId| run.step(step).and_then(holdfast_failover::Step::change).map(Change::action);
    let call = |event: &Event| {
        Some(match event {
            Event::CallAnswered { step, answer } => json!({
                "step": step, "outcome": "answered", "action": answer.action, "region": answer.region,
                "request_id": answer.request_id,
            }),
            Event::CallUnknown { step, reason } => {
                json!({ "step": step, "outcome": "unknown", "action": planned(step), "reason": reason })
            }
            Event::CallRefused { step, reason, .. } => {
                json!({ "step": step, "outcome": "refused", "action": planned(step), "reason": reason })
            }
            _ => return None,
        })
    };
    events.iter().filter_map(call).collect()
}

/// Newest first. The person and the run have an index each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallFilter {
    /// The address of whoever they were made for.
    pub on_behalf_of: Option<String>,
    pub run: Option<RunId>,
    /// Only of runs of these applications; `None`: of any.
    pub within: Option<Vec<Name>>,
    /// Between these entries, without them.
    pub after: Option<i64>,
    pub before: Option<i64>,
    pub limit: u32,
}

/// What a person said about a run, as the log has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Click {
    pub action: String,
    /// As it stands in the log.
    pub run: String,
    /// The entry with which somebody else, or the same person, set the run going anew.
    pub until: Option<i64>,
}

impl Store {
    /// Entries of workers that tell of calls.
    ///
    /// # Errors
    /// When the database does not answer, or an entry cannot be read.
    pub async fn audited_calls(&self, filter: &CallFilter) -> Result<Vec<AuditRecord>> {
        let mut query = QueryBuilder::<Postgres>::new("SELECT id, at, NULL::bigint AS leaf_index, ");
        query.push(COLUMNS).push(" FROM audit_entries WHERE detail ? 'calls'");
        if let Some(person) = &filter.on_behalf_of {
            query.push(" AND detail ->> 'on_behalf_of' = ").push_bind(person);
        }
        if let Some(run) = &filter.run {
            query.push(" AND subject_kind = 'run' AND subject = ").push_bind(run.to_string());
        }
        if let Some(within) = &filter.within {
            query.push(" AND application = ANY(").push_bind(texts(within)).push(")");
        }
        if let Some(after) = filter.after {
            query.push(" AND id > ").push_bind(after);
        }
        if let Some(before) = filter.before {
            query.push(" AND id < ").push_bind(before);
        }
        query.push(" ORDER BY id DESC LIMIT ").push_bind(i64::from(filter.limit));
        let rows: Vec<AuditRow> = query.build_query_as().fetch_all(&self.pool).await?;
        rows.into_iter().map(AuditRow::into_record).collect()
    }

    /// The entry of this number, where it is what a person said about a run; and how long it was the last word, of those that
    /// set a run going.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn click(&self, entry: i64, sets_going: &[&str]) -> Result<Option<Click>> {
        let row = sqlx::query(
            "SELECT e.action, e.subject, (SELECT min(n.id) FROM audit_entries n
                 WHERE n.subject_kind = 'run' AND n.subject = e.subject AND n.id > e.id AND n.actor_kind = 'person'
                   AND n.outcome = 'done' AND n.action = ANY($2)) AS until
             FROM audit_entries e
             WHERE e.id = $1 AND e.subject_kind = 'run' AND e.actor_kind = 'person' AND e.outcome = 'done'",
        )
        .bind(entry)
        .bind(sets_going)
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| {
            Ok(Click {
                action: row.try_get("action")?,
                run: row.try_get("subject")?,
                until: row.try_get("until")?,
            })
        })
        .transpose()
    }
}
