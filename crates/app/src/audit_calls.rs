//! What was called in AWS, on whose word: read from the audit log, so that each answer can be proved.

use crate::App;
use crate::audit::cursor;
use crate::authority::Seen;
use crate::problems::of_store;
use holdfast_api::audit::{AuditCallView, CallFilter, SETS_GOING};
use holdfast_api::{Answer, Page, Problem};
use holdfast_domain::RunId;
use holdfast_store::{AuditRecord, CallFilter as Question};
use serde_json::Value;

impl App {
    /// Those of applications that may be seen.
    pub(crate) async fn calls(&self, filter: &CallFilter, seen: &Seen) -> Answer<Page<AuditCallView>> {
        let limit = filter.limit.unwrap_or(50).clamp(1, 500);
        let given = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        let mut question = Question {
            on_behalf_of: given(&filter.person).map(|email| email.trim().to_lowercase()),
            run: given(&filter.run).map(|id| run(&id)).transpose()?,
            within: seen.names(),
            before: cursor(filter.cursor.as_deref())?,
            limit,
            ..Question::default()
        };
        if let Some(click) = filter.click {
            let Some(since) = self.store.click(click, &SETS_GOING).await.map_err(of_store)? else {
                return Err(no_click());
            };
            if !self.sees_run(seen, run(&since.run)?).await? {
                return Err(no_click());
            }
            // Whatever a pause or a denial is followed by does not come of it.
            if !SETS_GOING.contains(&since.action.as_str()) {
                return Ok(Page { items: Vec::new(), next: None });
            }
            let of = run(&since.run)?;
            if question.run.is_some_and(|asked| asked != of) {
                return Ok(Page { items: Vec::new(), next: None });
            }
            question.run = Some(of);
            question.after = Some(click);
            question.before = question.before.into_iter().chain(since.until).min();
        }
        let records = self.store.audited_calls(&question).await.map_err(of_store)?;
        let next = (records.len() == limit as usize).then(|| records.last().map(|r| r.id.to_string()));
        Ok(Page { items: records.iter().flat_map(views).collect(), next: next.flatten() })
    }
}

impl App {
    async fn sees_run(&self, seen: &Seen, id: RunId) -> Answer<bool> {
        match (seen, self.store.run_head(id).await) {
            (Seen::All(_), _) => Ok(true),
            (_, Err(holdfast_store::Error::NotFound(_))) => Ok(false),
            (_, found) => Ok(seen.sees(&found.map_err(of_store)?.application)),
        }
    }
}

fn run(id: &str) -> Answer<RunId> {
    id.trim().parse().map_err(|_| Problem::bad_field("run", "is no run's id", "Take it from the run's page."))
}

fn no_click() -> Problem {
    Problem::bad_field(
        "click",
        "is no entry in which a person said something about a run",
        "Take the number of such an entry, as `run.approve` by a person.",
    )
}

/// The calls that an entry tells of, the last one first.
fn views(record: &AuditRecord) -> Vec<AuditCallView> {
    let detail = &record.entry.detail;
    let calls = detail["calls"].as_array().map(Vec::as_slice).unwrap_or_default();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let view = |call: &Value| AuditCallView {
        entry: record.id,
        at: record.at,
        run: record.entry.subject.clone(),
        application: record.entry.application.as_ref().map(ToString::to_string),
        step: text(&call["step"]),
        person: text(&detail["on_behalf_of"]).unwrap_or_default(),
        action: text(&call["action"]),
        region: text(&call["region"]),
        request_id: text(&call["request_id"]),
        // A word that nobody wrote is not taken for an answer.
        outcome: text(&call["outcome"]).unwrap_or_else(|| "unknown".to_owned()),
        reason: text(&call["reason"]),
    };
    calls.iter().rev().map(view).collect()
}
