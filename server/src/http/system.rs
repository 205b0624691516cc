//! Health, metrics, and where to report a weakness.

use super::{
    principal::Principal,
    problem::{NOT_READY, Refused, Reply},
};
use crate::state::AppState;
use axum::{
    Json,
    extract::State,
    http::{Uri, header},
    response::{IntoResponse, Response},
};
use holdfast_api::{Problem, runs::RunFilter, system::ClockView};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok`.
    pub status: &'static str,
    pub version: &'static str,
}

const HEALTHY: Health = Health { status: "ok", version: env!("CARGO_PKG_VERSION") };

/// The process answers. Neither the database nor AWS has a part in this.
#[utoipa::path(get, path = "/livez", tag = "system", responses((status = 200, body = Health)))]
pub async fn livez() -> Json<Health> {
    Json(HEALTHY)
}

/// Whether it can do its work: database, schema and, in the demonstration, the first sweep.
#[utoipa::path(get, path = "/readyz", tag = "system", responses((status = 200, body = Health),
    (status = 503, description = "Not ready; `detail` says what is missing", body = super::problem::ProblemBody, content_type = "application/problem+json")))]
pub async fn readyz(State(state): State<AppState>) -> Response {
    match state.plane.ready().await {
        Ok(()) => Json(HEALTHY).into_response(),
        Err(reason) => {
            let mut response = Refused(Problem::new(
                503,
                NOT_READY,
                "Not ready",
                reason,
                "Wait a moment and ask again; if it lasts, the server's log says more.",
            ))
            .into_response();
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
            response
        }
    }
}

/// Prometheus text. Gauges of what is known now; what is not known has no sample rather than a zero.
#[utoipa::path(get, path = "/metrics", tag = "system",
    responses((status = 200, description = "Prometheus text", content_type = "text/plain", body = String)))]
pub async fn metrics(State(state): State<AppState>, Principal(actor): Principal) -> Reply<Response> {
    let now = state.plane.now(&actor).await?;
    let live = RunFilter { live: true, limit: Some(500), ..RunFilter::default() };
    let mut runs: BTreeMap<String, usize> = BTreeMap::new();
    for run in state.plane.runs(&actor, &live).await?.items {
        *runs.entry(word(&run.state)).or_default() += 1;
    }
    let set_aside = RunFilter { set_aside: true, limit: Some(200), ..RunFilter::default() };
    let set_aside = state.plane.runs(&actor, &set_aside).await?.items.len();
    let mut states: BTreeMap<String, usize> = BTreeMap::new();
    for application in &now.applications {
        *states.entry(word(&application.recovery_state)).or_default() += 1;
    }
    let mut text = String::new();
    let mut gauge = |name: &str, help: &str, samples: Vec<(String, f64)>| {
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n");
        for (labels, value) in samples {
            let _ = writeln!(text, "{name}{labels} {value}");
        }
    };
    let count = |n: usize| u32::try_from(n).map_or(f64::INFINITY, f64::from);
    let labelled = |label: &str, counts: BTreeMap<String, usize>| {
        counts
            .into_iter()
            .map(|(value, n)| (format!("{{{label}=\"{value}\"}}"), count(n)))
            .collect::<Vec<_>>()
    };
    gauge(
        "holdfast_build_info",
        "The version that runs, always 1.",
        vec![(format!("{{version=\"{}\"}}", env!("CARGO_PKG_VERSION")), 1.0)],
    );
    gauge("holdfast_runs", "Runs that have not ended, by state.", labelled("state", runs));
    gauge(
        "holdfast_runs_set_aside",
        "Runs that nobody drives because workers crashed on them, counted up to 200.",
        vec![(String::new(), count(set_aside))],
    );
    let lost: i64 = state.plane.gaps(&actor).await?.iter().map(|gap| gap.entries).sum();
    gauge(
        "holdfast_journal_entries_lost",
        "Entries of runs' journals that the database has lost, as workers noticed within the last seven days; any is an alarm.",
        vec![(String::new(), lost as f64)],
    );
    let unreadable = state.plane.unreadable_applications(&actor).await?;
    let unreadable: BTreeSet<&str> = unreadable.iter().map(|one| one.application.as_str()).collect();
    gauge(
        "holdfast_applications_unreadable",
        "Applications that are left out everywhere because something of them cannot be read; any is an alarm.",
        vec![(String::new(), count(unreadable.len()))],
    );
    let clocks = state.plane.clocks(&actor).await?;
    let apart = |of: &dyn Fn(&ClockView) -> Option<f64>| {
        let sample = |clock: &ClockView| Some((format!("{{worker=\"{}\"}}", clock.worker), of(clock)?));
        clocks.iter().filter_map(sample).collect::<Vec<_>>()
    };
    gauge(
        "holdfast_clock_ahead_seconds",
        "How far a worker's own clock is ahead of the database's (below zero: behind); absent where it was not compared lately.",
        apart(&|clock| clock.own_ahead_seconds),
    );
    gauge(
        "holdfast_aws_clock_ahead_seconds",
        "The same of AWS's clock, as the worker hears it; absent where it was not heard lately.",
        apart(&|clock| clock.aws_ahead_seconds),
    );
    gauge(
        "holdfast_clocks_apart",
        "Workers that find two clocks more than 5 seconds apart; any is an alarm.",
        vec![(String::new(), count(clocks.iter().filter(|clock| clock.state == "bad").count()))],
    );
    gauge(
        "holdfast_policy_reports",
        "Times that browsers have reported a page that wanted more than its policy lets it, since this server began.",
        vec![(String::new(), state.reports.taken() as f64)],
    );
    let glass = state.plane.break_glass_state(&actor).await?;
    gauge(
        "holdfast_break_glass_open",
        "People who may start runs without approvals now; any is an alarm.",
        vec![(String::new(), count(glass.open.len()))],
    );
    gauge(
        "holdfast_break_glass_reviews_due",
        "Break-glasses that are over and whose review nobody has closed.",
        vec![(String::new(), count(glass.reviews_due.len()))],
    );
    let bundle = state.plane.bundle(&actor).await?;
    gauge(
        "holdfast_bundle_stale",
        "1 where nothing fresh could be carried out without a server: no bundle is fresh, or no place holds one that is; an alarm.",
        vec![(String::new(), f64::from(u8::from(bundle.stale)))],
    );
    gauge(
        "holdfast_bundle_age_seconds",
        "Since the newest bundle was made; absent before the first.",
        bundle.age_seconds.map(|age| (String::new(), age)).into_iter().collect(),
    );
    let of_place = |name: &str| {
        let name = name.replace('\\', "\\\\").replace('"', "\\\"");
        format!("{{place=\"{name}\"}}")
    };
    let copies = bundle.places.iter().filter_map(|place| Some((of_place(&place.name), place.age_seconds?)));
    gauge(
        "holdfast_bundle_copy_age_seconds",
        "Since the bundle was made that a place holds; absent where it holds none.",
        copies.collect(),
    );
    let stale = bundle.places.iter().map(|place| (of_place(&place.name), f64::from(u8::from(place.stale))));
    gauge(
        "holdfast_bundle_copy_stale",
        "1 where a place holds no copy, or one that is not fresh; an alarm.",
        stale.collect(),
    );
    gauge("holdfast_applications", "Applications by recovery state.", labelled("state", states));
    let mut sights = Vec::new();
    for region in &now.regions.regions {
        for (state, n) in [("known", region.known), ("stale", region.stale), ("unknown", region.unknown)] {
            sights.push((format!("{{region=\"{}\",state=\"{state}\"}}", region.code), count(n)));
        }
    }
    gauge("holdfast_observations", "What is seen of resources, by Region.", sights);
    let log = state.plane.audit_log(&actor).await?;
    gauge(
        "holdfast_audit_checkpoint_age_seconds",
        "Since a checkpoint of the audit log was written outside of the database; new runs are refused above 300.",
        log.seconds_since_written.map(|age| (String::new(), age)).into_iter().collect(),
    );
    let covered = log.checkpoint.as_ref().map(|checkpoint| checkpoint.size);
    gauge(
        "holdfast_audit_entries",
        "Entries under the newest checkpoint; absent before the first.",
        covered.map(|size| (String::new(), size as f64)).into_iter().collect(),
    );
    gauge(
        "holdfast_audit_pending_entries",
        "Entries younger than the newest checkpoint, counted up to 1000.",
        vec![(String::new(), log.pending as f64)],
    );
    let age = now.picture_at.map(|at| holdfast_clock::now().duration_since(at).as_secs_f64());
    gauge(
        "holdfast_last_sweep_age_seconds",
        "Since the last sweep ended; absent before the first.",
        age.map(|age| (String::new(), age)).into_iter().collect(),
    );
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}

/// An enumeration's name on the wire.
fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => "unknown".to_owned(),
    }
}

/// RFC 9116.
#[utoipa::path(get, path = "/.well-known/security.txt", tag = "system",
    responses((status = 200, content_type = "text/plain", body = String)))]
pub async fn security_txt(State(state): State<AppState>) -> Response {
    // A year ahead, as the RFC advises at most; it is made anew with every answer.
    let expires = holdfast_clock::now() + jiff::SignedDuration::from_hours(24 * 360);
    let url = &state.site.public_url;
    let host = url.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_default();
    // RFC 2142 keeps this mailbox for the purpose.
    let text = format!(
        "Contact: mailto:security@{host}\nExpires: {}\nPreferred-Languages: en\nCanonical: {url}/.well-known/security.txt\n",
        expires.strftime("%Y-%m-%dT%H:%M:%SZ")
    );
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}
