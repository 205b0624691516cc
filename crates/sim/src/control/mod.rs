//! The simulator's own interface beside AWS's: `/_sim/…` for judges and scripts, and a page at `/` for
//! people. Changes are taken from the page itself or from programs, never from another site's page.

mod forms;
mod health;
mod page;
mod sections;
mod stores;
mod switches;
mod tables;

use crate::faults::Fault;
use crate::state::{Shared, State as SimState, real_ms};
use crate::wire;
use crate::world::clock::Moment;
use axum::body::Body;
use axum::extract::{ConnectInfo, Path, Query, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, delete, get, patch, post};
use axum::{Json, Router};
use http::{HeaderMap, Method, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Everything the simulator serves on its one port.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let control = Router::new()
        .route("/_sim/ledger", get(ledger))
        .route("/_sim/faults", get(faults).merge(post(add_fault)).merge(delete(clear_faults)))
        .route("/_sim/regions/{code}", patch(region))
        .route("/_sim/links/{a}/{b}", patch(link))
        .route("/_sim/clock", post(clock))
        .route("/_sim/world", get(world))
        .route("/_sim/health/{region}/{cluster}/{service}", get(health::ask))
        .route("/_sim/page.css", get(page::css))
        .route("/_sim/form", post(forms::submit))
        .route(
            "/_sim/{*rest}",
            any(|| async { problem(StatusCode::NOT_FOUND, "no such part of the simulator") }),
        )
        .layer(middleware::from_fn(same_origin));
    Router::new().merge(control).route("/", get(page::show).fallback(aws)).fallback(aws).with_state(shared)
}

async fn aws(State(shared): State<Arc<Shared>>, peer: ConnectInfo<wire::Peer>, request: Request) -> Response {
    wire::handle(shared, peer, request).await
}

fn problem(status: StatusCode, detail: impl Into<String>) -> Response {
    (status, Json(json!({"status": status.as_u16(), "detail": detail.into()}))).into_response()
}

/// Lets changes pass that come from this origin, or from a program that is no browser.
async fn same_origin(request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD);
    if safe || is_same_origin(request.headers()) {
        return next.run(request).await;
    }
    problem(StatusCode::FORBIDDEN, "changes are taken from the simulator's own page only")
}

fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|v| v.to_str().unwrap_or("unreadable"));
    match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) if site != "same-origin" && site != "none" => false,
        (_, Some(origin)) => {
            let host = text("host").unwrap_or_default();
            origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")) == Some(host)
        }
        (_, None) => true,
    }
}

#[derive(Debug, Deserialize)]
struct LedgerQuery {
    /// Only calls after this number.
    #[serde(default)]
    since: u64,
    /// Only changing calls, or only looks.
    changing: Option<bool>,
}

async fn ledger(State(shared): State<Arc<Shared>>, Query(query): Query<LedgerQuery>) -> Response {
    let entries: Vec<_> = shared.with(|state, _| {
        let wanted = |e: &&Arc<crate::ledger::Entry>| {
            e.seq > query.since && query.changing.is_none_or(|changing| e.changing == changing)
        };
        state.ledger.entries().filter(wanted).cloned().collect()
    });
    let mut lines = Vec::new();
    for entry in entries {
        if serde_json::to_writer(&mut lines, entry.as_ref()).is_ok() {
            lines.push(b'\n');
        }
    }
    ([(header::CONTENT_TYPE, "application/jsonl")], Body::from(lines)).into_response()
}

async fn faults(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(shared.with(|state, _| json!(state.faults.list())))
}

/// A JSON body whatever its content type: scripts with curl forget it.
fn parse<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, Box<Response>> {
    serde_json::from_slice(body).map_err(|error| {
        Box::new(problem(StatusCode::UNPROCESSABLE_ENTITY, format!("the body is not as expected: {error}")))
    })
}

async fn add_fault(State(shared): State<Arc<Shared>>, body: bytes::Bytes) -> Response {
    let fault: Fault = match parse(&body) {
        Ok(fault) => fault,
        Err(response) => return *response,
    };
    if let Some(complaint) = fault.complaint() {
        return problem(StatusCode::UNPROCESSABLE_ENTITY, complaint);
    }
    shared.with(|state, _| {
        state.faults.add(fault.clone());
        state.save();
    });
    (StatusCode::CREATED, Json(fault)).into_response()
}

async fn clear_faults(State(shared): State<Arc<Shared>>) -> StatusCode {
    shared.with(|state, _| {
        state.faults.clear();
        state.save();
    });
    StatusCode::NO_CONTENT
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RegionPatch {
    dark: Option<bool>,
    control_plane_dark: Option<bool>,
    capacity_short: Option<bool>,
}

async fn region(State(shared): State<Arc<Shared>>, Path(code): Path<String>, body: bytes::Bytes) -> Response {
    let change: RegionPatch = match parse(&body) {
        Ok(change) => change,
        Err(response) => return *response,
    };
    let after = shared.with(|state, now| {
        let known = state.world.set_region(&code, change.dark, change.control_plane_dark, now);
        if let Some(short) = change.capacity_short {
            state.world.set_capacity_short(&code, short, now.virtual_ms);
        }
        state.save();
        state.world.regions.get(&code).copied().filter(|_| known)
    });
    match after {
        Some(region) => Json(region).into_response(),
        None => problem(StatusCode::NOT_FOUND, format!("the world has no Region {code}")),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LinkPatch {
    cut: Option<bool>,
    /// `null` takes an override back; absent leaves it.
    #[serde(default, deserialize_with = "present")]
    lag_ms: Option<Option<f64>>,
}

fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<f64>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// A day: more would be a typing mistake.
const MAX_LAG_MS: f64 = 86_400_000.0;

async fn link(
    State(shared): State<Arc<Shared>>,
    Path((a, b)): Path<(String, String)>,
    body: bytes::Bytes,
) -> Response {
    let change: LinkPatch = match parse(&body) {
        Ok(change) => change,
        Err(response) => return *response,
    };
    if change.lag_ms.flatten().is_some_and(|lag| !(0.0..=MAX_LAG_MS).contains(&lag)) {
        return problem(StatusCode::UNPROCESSABLE_ENTITY, "lag_ms must lie between 0 and 86400000");
    }
    let after = shared.with(|state, now| {
        let known = state.world.set_link(&a, &b, change.cut, change.lag_ms, now);
        state.save();
        known.then(|| {
            state.world.links.get(&crate::world::regions::link_key(&a, &b)).copied().unwrap_or_default()
        })
    });
    match after {
        Some(link) => Json(link).into_response(),
        None => problem(StatusCode::NOT_FOUND, format!("the world has no link between {a} and {b}")),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockChange {
    speed: Option<f64>,
    advance_s: Option<f64>,
}

/// A year: beyond it, times no longer print.
const MAX_ADVANCE_S: f64 = 366.0 * 86_400.0;

async fn clock(State(shared): State<Arc<Shared>>, body: bytes::Bytes) -> Response {
    let change: ClockChange = match parse(&body) {
        Ok(change) => change,
        Err(response) => return *response,
    };
    match shared.with(|state, _| change_clock(state, change.speed, change.advance_s)) {
        Ok(after) => Json(after).into_response(),
        Err(why) => problem(StatusCode::UNPROCESSABLE_ENTITY, why),
    }
}

fn change_clock(state: &mut SimState, speed: Option<f64>, advance_s: Option<f64>) -> Result<Value, String> {
    if speed.is_some_and(|s| !(0.0..=crate::MAX_SPEED).contains(&s)) {
        return Err(format!("speed must lie between 0 and {}", crate::MAX_SPEED));
    }
    if advance_s.is_some_and(|s| !(0.0..=MAX_ADVANCE_S).contains(&s)) {
        return Err(format!("advance_s must lie between 0 and {MAX_ADVANCE_S}"));
    }
    if let Some(speed) = speed {
        state.world.clock.set_speed(real_ms(), speed);
    }
    if let Some(seconds) = advance_s {
        state.world.clock.advance((seconds * 1_000.0) as i64);
    }
    let now = state.world.clock.at(real_ms());
    state.world.settle(now);
    state.save();
    Ok(clock_view(state, now))
}

fn clock_view(state: &SimState, now: Moment) -> Value {
    json!({
        "speed": state.world.clock.speed(),
        "ahead_s": (now.virtual_ms - now.real_ms) as f64 / 1_000.0,
    })
}

async fn world(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(shared.with(|state, now| {
        let mut view = state.world.view(now);
        if let Some(fields) = view.as_object_mut() {
            fields.insert("faults".to_owned(), json!(state.faults.list()));
            fields.insert("ledger_seq".to_owned(), json!(state.ledger.last_seq()));
        }
        view
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn with(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs =
            pairs.iter().map(|(k, v)| (http::HeaderName::from_static(k), HeaderValue::from_static(v)));
        pairs.collect()
    }

    #[test]
    fn another_sites_page_changes_nothing() {
        let host = ("host", "127.0.0.1:4600");
        assert!(is_same_origin(&with(&[host])));
        assert!(is_same_origin(&with(&[host, ("origin", "http://127.0.0.1:4600")])));
        assert!(is_same_origin(&with(&[host, ("sec-fetch-site", "none")])));
        assert!(!is_same_origin(&with(&[host, ("origin", "http://evil.example")])));
        assert!(!is_same_origin(&with(&[host, ("origin", "null")])));
        assert!(!is_same_origin(&with(&[host, ("sec-fetch-site", "cross-site")])));
    }
}
