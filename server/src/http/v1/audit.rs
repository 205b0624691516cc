//! `/audit`: every change and every refusal, and what it takes to prove that the log is whole.

use super::{
    super::{
        body::{Params, Segment},
        principal::Principal,
        problem::Reply,
    },
    List, filters,
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
    audit::{AuditCallView, AuditEntryView, AuditFilter, CallFilter},
    audit_log::{AuditKeyView, AuditLogView, AuditProofView, ConsistencyView, LogHead, LogPlace},
};
use holdfast_domain::Actor;
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;

/// Entries that one query of a filtered export reads.
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

/// An export has all that fits: no pages.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Chosen {
    /// E-mail of a person, or `holdfast`.
    actor: Option<String>,
    /// Such as `run.request`.
    action: Option<String>,
    /// Such as `application:shop`.
    subject: Option<String>,
    /// `done` or `refused`.
    outcome: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Sizes {
    /// Entries of the smaller log.
    #[serde(default)]
    from: u64,
    /// Of the larger one; that of the newest checkpoint when absent.
    to: Option<u64>,
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
    filters::one_of("outcome", filter.outcome.as_deref(), &AuditFilter::OUTCOMES)?;
    Ok(Json(state.plane.audit(&actor, &filter.into()).await?))
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Calls {
    /// In whose name, by e-mail.
    person: Option<String>,
    /// A run's id.
    run: Option<String>,
    /// An entry in which a person set a run going: what was called on that word, until the next one.
    click: Option<i64>,
    cursor: Option<String>,
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// What was called in AWS, in whose name, with AWS's own request ids. Newest first.
#[utoipa::path(get, path = "/audit/calls", tag = "evidence", params(Calls),
    responses((status = 200, body = Page<AuditCallView>)))]
pub async fn get_calls(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Params(Calls { person, run, click, cursor, limit }): Params<Calls>,
) -> Reply<Json<Page<AuditCallView>>> {
    super::runs::check_limit(limit)?;
    let filter = CallFilter { person, run, click, cursor, limit };
    Ok(Json(state.plane.audit_calls(&actor, &filter).await?))
}

/// An entry with the proof that it is in the signed log (RFC 9162, 2.1.3).
#[utoipa::path(get, path = "/audit/{id}", tag = "evidence", params(("id" = i64, Path)),
    responses((status = 200, body = AuditProofView)))]
pub async fn get_entry(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Segment(id): Segment<i64>,
) -> Reply<Json<AuditProofView>> {
    Ok(Json(state.plane.audit_proof(&actor, id).await?))
}

/// The newest signed checkpoint, where it is kept, and whether the log stands in the way of new runs.
#[utoipa::path(get, path = "/audit/checkpoint", tag = "evidence", responses((status = 200, body = AuditLogView)))]
pub async fn get_checkpoint(
    State(state): State<AppState>,
    Principal(actor): Principal,
) -> Reply<Json<AuditLogView>> {
    Ok(Json(state.plane.audit_log(&actor).await?))
}

/// The public keys that sign and signed, each but the first with the word of the one before it.
#[utoipa::path(get, path = "/audit/keys", tag = "evidence", responses((status = 200, body = List<AuditKeyView>)))]
pub async fn get_keys(
    State(state): State<AppState>,
    Principal(actor): Principal,
) -> Reply<Json<List<AuditKeyView>>> {
    Ok(Json(List { items: state.plane.audit_keys(&actor).await? }))
}

/// That a log which was signed before is the beginning of a later one (RFC 9162, 2.1.4).
#[utoipa::path(get, path = "/audit/consistency", tag = "evidence", params(Sizes),
    responses((status = 200, body = ConsistencyView)))]
pub async fn get_consistency(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Params(sizes): Params<Sizes>,
) -> Reply<Json<ConsistencyView>> {
    Ok(Json(state.plane.audit_consistency(&actor, sizes.from, sizes.to).await?))
}

/// The whole log as JSON lines, in its order, with its checkpoints: what `holdfast audit verify` takes. With a filter,
/// the entries that fit it as `/audit` has them, newest first, which prove nothing. A line `{"problem": …}` at the end
/// says that it broke off.
#[utoipa::path(get, path = "/audit/export", tag = "evidence", params(Chosen),
    responses((status = 200, description = "JSON lines", content_type = "application/x-ndjson", body = String)))]
pub async fn get_audit_export(
    State(state): State<AppState>,
    Principal(actor): Principal,
    Params(chosen): Params<Chosen>,
) -> Reply<Response> {
    filters::one_of("outcome", chosen.outcome.as_deref(), &AuditFilter::OUTCOMES)?;
    let Chosen { actor: by, action, subject, outcome } = chosen;
    let filter = AuditFilter { actor: by, action, subject, outcome, cursor: None, limit: None };
    if filter == AuditFilter::default() { log(state, actor).await } else { some(state, actor, filter).await }
}

/// Where the export of the log is.
enum At {
    Place(LogPlace),
    /// The end's line is sent.
    Over,
}

async fn log(state: AppState, actor: Actor) -> Reply<Response> {
    // What stands first is asked for before the status is sent, so that a refusal is one.
    let LogHead { origin, size, handovers } = state.plane.audit_log_head(&actor).await?;
    let mut head = vec![json!({ "holdfast_audit_log": holdfast_audit::bundle::FORMAT, "origin": origin })];
    head.extend(handovers.into_iter().map(|note| json!({ "handover": note })));
    // From outside of the database: its own checkpoints could have been taken back together with the entries.
    for place in &state.site.checkpoints {
        match place.newest().await {
            Ok(Some(note)) => head.push(json!({ "witness": note })),
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, place = place.name(), "an export goes without this witness"),
        }
    }
    let head: String = head.iter().map(|line| format!("{line}\n")).collect();
    let begin = (At::Place(LogPlace::Log(0)), 0_u64);
    let rest = stream::unfold(begin, move |(at, sent)| {
        let (state, actor) = (state.clone(), actor.clone());
        async move {
            let At::Place(place) = at else { return None };
            if place == LogPlace::End {
                return Some((format!("{}\n", json!({ "end": sent })), (At::Over, sent)));
            }
            match state.plane.audit_log_lines(&actor, size, place).await {
                Ok(part) => {
                    let text = part.lines.iter().map(|line| format!("{line}\n")).collect();
                    Some((text, (At::Place(part.next), sent + part.entries)))
                }
                Err(problem) => Some((format!("{}\n", json!({ "problem": problem })), (At::Over, sent))),
            }
        }
    });
    Ok(lines_of(head, rest))
}

async fn some(state: AppState, actor: Actor, mut filter: AuditFilter) -> Reply<Response> {
    filter.limit = Some(EXPORT_CHUNK);
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
    Ok(lines_of(head, tail))
}

fn lines_of(head: String, tail: impl stream::Stream<Item = String> + Send + 'static) -> Response {
    use stream::StreamExt as _;
    // Compression asks once more after the end, and what has ended may not be asked again.
    let text = stream::once(async move { head }).chain(tail).fuse().map(Ok::<_, std::convert::Infallible>);
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"holdfast-audit.jsonl\""),
    ];
    (headers, Body::from_stream(text)).into_response()
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
