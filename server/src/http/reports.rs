//! What browsers report of pages that wanted more than their policy lets them: counted, and told in the log. Of an address no more is
//! told than its path. Only somebody who is signed in is listened to, as browsers let the session come along to where a page is from.
//!
//! Pages name it by `report-uri` and not by `report-to`: browsers that know both would take the latter, which sends minutes later and
//! does not say where it comes from, as everything that comes with a session must here.

use super::{
    body::{self, Raw},
    principal::Principal,
    problem::Reply,
};
use crate::state::AppState;
use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, de::IgnoredAny};
use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

pub const PATH: &str = "/policy-reports";
/// A broken page reports with each look that anybody has at it. The rest is counted.
const TOLD_AT_MOST: u32 = 30;
const TOLD_WITHIN: Duration = Duration::from_secs(60);
/// More of an address tells nobody more.
const SHOWN_AT_MOST: usize = 300;

/// Since this process began.
#[derive(Debug, Default)]
pub struct Reports {
    taken: AtomicU64,
    told: Mutex<Option<(Instant, u32)>>,
}

impl Reports {
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// Counts one; whether it is told of too.
    fn take(&self, now: Instant) -> bool {
        self.taken.fetch_add(1, Ordering::Relaxed);
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, times) =
            told.filter(|(since, _)| now.duration_since(*since) < TOLD_WITHIN).unwrap_or((now, 0));
        *told = Some((since, times.saturating_add(1)));
        times < TOLD_AT_MOST
    }
}

/// As browsers write it; what they add to it is not read.
#[derive(Debug, Deserialize)]
struct Sent {
    #[serde(rename = "csp-report")]
    report: Report,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Report {
    document_uri: Option<String>,
    blocked_uri: Option<String>,
    effective_directive: Option<String>,
    violated_directive: Option<String>,
    source_file: Option<String>,
    line_number: Option<u64>,
    /// With it only an object is a report: a list would be read as one in which nothing is said.
    #[serde(flatten)]
    _more: BTreeMap<String, IgnoredAny>,
}

/// `POST /policy-reports`.
pub async fn report(
    State(state): State<AppState>,
    Principal(_): Principal,
    Raw(bytes): Raw,
) -> Reply<StatusCode> {
    let Sent { report } = body::parse(&bytes)?;
    if state.reports.take(Instant::now()) {
        let directive = report.effective_directive.or(report.violated_directive);
        tracing::warn!(
            page = shown(report.document_uri),
            blocked = shown(report.blocked_uri),
            directive = shown(directive),
            source = shown(report.source_file),
            line = report.line_number,
            "a browser kept a page from what its policy does not let it"
        );
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Without what follows the path, which may be somebody's business.
fn shown(address: Option<String>) -> Option<String> {
    let address = address?;
    let bare = address.split(['?', '#']).next().unwrap_or_default();
    // What such an address holds is all in it.
    let bare =
        if bare.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:")) { "data:" } else { bare };
    Some(bare.chars().take(SHOWN_AT_MOST).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_are_told_within_a_minute_and_all_are_counted() {
        let (reports, began) = (Reports::default(), Instant::now());
        let told = |after: u64, times: u32| {
            (0..times).filter(|_| reports.take(began + Duration::from_secs(after))).count()
        };
        assert_eq!(told(0, 20), 20);
        assert_eq!(told(59, 20), 10);
        assert_eq!(told(60, 40), 30, "a minute after the first of them");
        assert_eq!(reports.taken(), 80);
    }

    #[test]
    fn of_an_address_only_what_leads_to_its_page_is_shown() {
        for (address, expected) in [
            ("https://h.example.com/runs?reason=secret#secret", "https://h.example.com/runs"),
            ("https://h.example.com/runs#a?b", "https://h.example.com/runs"),
            ("data:text/html,secret", "data:"),
            ("DATA:text/html,secret", "data:"),
            ("inline", "inline"),
            ("", ""),
        ] {
            assert_eq!(shown(Some(address.to_owned())).as_deref(), Some(expected));
        }
        assert_eq!(shown(Some("x".repeat(1_000))).map(|text| text.len()), Some(SHOWN_AT_MOST));
    }
}
