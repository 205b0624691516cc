//! `/audit`: every change and every refusal.

use super::{
    super::{body::Params, principal::Principal, problem::Reply},
    filters,
};
use crate::state::AppState;
use axum::{
    Json,
    body::Body,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use futures::stream;
use holdfast_api::{
    Page, Problem,
    audit::{AuditEntryView, AuditFilter},
};
use serde::Deserialize;
use utoipa::IntoParams;

/// Entries that one query of the export reads.
const EXPORT_CHUNK: u32 = 200;

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// E-mail of a person, or `holdfast`.
    actor: Option<String>,
    /// Such as `run.request`.
    action: Option<String>,
    /// Such as `application:shop`.
    subject: Option<String>,
    /// `done` or `refused`.
    outcome: Option<String>,
    cursor: Option<String>,
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

impl From<Filter> for AuditFilter {
    fn from(filter: Filter) -> Self {
        let Filter { actor, action, subject, outcome, cursor, limit } = filter;
        Self { actor, action, subject, outcome, cursor, limit }
    }
}

/// Newest first.
#[utoipa::path(get, path = "/audit", tag = "evidence", params(Filter),
    responses((status = 200, body = Page<AuditEntryView>)))]
pub async fn get_audit(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Params(filter): Params<Filter>,
) -> Reply<Json<Page<AuditEntryView>>> {
    super::runs::check_limit(filter.limit)?;
    filters::one_of("outcome", filter.outcome.as_deref(), &filters::OUTCOMES)?;
    Ok(Json(state.plane.audit(&actor, &filter.into()).await?))
}

/// The whole log as JSON lines, newest first. A line `{"problem": …}` at the end says that it broke off.
#[utoipa::path(get, path = "/audit/export", tag = "evidence", params(Filter),
    responses((status = 200, description = "JSON lines", content_type = "application/x-ndjson", body = String)))]
pub async fn get_audit_export(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Params(filter): Params<Filter>,
) -> Reply<Response> {
    filters::one_of("outcome", filter.outcome.as_deref(), &filters::OUTCOMES)?;
    let mut filter: AuditFilter = filter.into();
    filter.limit = Some(EXPORT_CHUNK);
    // The first page before the status is sent, so that a refusal is one.
    let first = state.plane.audit(&actor, &filter).await?;
    let mut more = filter.clone();
    more.cursor = first.next.clone();
    let head = lines(&first);
    let tail = stream::unfold(first.next.is_some().then_some(more), move |more| {
        let (state, actor) = (state.clone(), actor.clone());
        async move {
            let mut filter = more?;
            match state.plane.audit(&actor, &filter).await {
                Ok(page) => {
                    let text = lines(&page);
                    filter.cursor = page.next;
                    let next = filter.cursor.is_some().then_some(filter);
                    Some((text, next))
                }
                Err(problem) => Some((broken_off(&problem), None)),
            }
        }
    });
    let text = futures::StreamExt::chain(stream::iter([head]), tail);
    let body = Body::from_stream(futures::StreamExt::map(text, Ok::<_, std::convert::Infallible>));
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"holdfast-audit.jsonl\""),
    ];
    Ok((headers, body).into_response())
}

fn lines(page: &Page<AuditEntryView>) -> String {
    let mut text = String::new();
    for entry in &page.items {
        if let Ok(line) = serde_json::to_string(entry) {
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}

fn broken_off(problem: &Problem) -> String {
    format!("{}\n", serde_json::json!({ "problem": problem }))
}
