//! How the audit log stands: is it whole, as far as the server can say, and is it kept where nobody can take it back?

use crate::components::tone::{Tone, badge};
use crate::components::{parts, time};
use crate::format;
use holdfast_api::audit_log::{AuditLogView, PlaceView};
use leptos::prelude::*;

/// Above this age of the newest written checkpoint something is late; the promise is a minute.
const LATE_SECONDS: f64 = 90.0;

#[must_use]
pub fn card(log: &AuditLogView) -> AnyView {
    let blocked = log.blocks_starts.clone().map(|why| {
        let words = view! { <p>{parts::prose(&why)}</p> };
        view! { <div role="alert">{parts::callout(Tone::Bad, "No run can start", words.into_any())}</div> }
    });
    let export =
        view! { <a href="/api/v1/audit/export" download="holdfast-audit.jsonl">"Export the log"</a> };
    let body = view! {
        {blocked}
        <table class="plain pairs">
            <tbody>
                <tr><th scope="row">"Signed"</th><td>{signed(log)}</td></tr>
                <tr><th scope="row">"Kept outside of the database"</th><td>{places(log)}</td></tr>
                <tr><th scope="row">"Verify"</th><td>
                    <code>"holdfast audit verify FILE --public-key KEY"</code>
                    <div class="muted">"The public key is the auditor's own copy; "<a href="/api/v1/audit/keys">"the keys"</a>" are here to compare."</div>
                </td></tr>
            </tbody>
        </table>
    };
    parts::card("log", "The log", export.into_any(), body.into_any())
}

fn signed(log: &AuditLogView) -> AnyView {
    let Some(checkpoint) = &log.checkpoint else {
        return badge(Tone::Unknown, "nothing was signed yet");
    };
    let pending = if log.pending >= 1_000 { "1,000 or more".to_owned() } else { log.pending.to_string() };
    view! {
        {format::count(usize::try_from(checkpoint.size).unwrap_or(usize::MAX), "entry", "entries")}", "{time::ago(checkpoint.at)}
        <div class="muted">{format!("{pending} younger; root ")}<code class="long">{checkpoint.root.clone()}</code></div>
    }
    .into_any()
}

fn places(log: &AuditLogView) -> AnyView {
    if log.places.is_empty() {
        return badge(Tone::Unknown, "nowhere yet");
    }
    let late = log.seconds_since_written.is_none_or(|seconds| seconds > LATE_SECONDS);
    let items = log.places.iter().map(|p| view! { <li>{place(p, late)}</li> }).collect_view();
    view! { <ul class="bare">{items}</ul> }.into_any()
}

fn place(place: &PlaceView, late: bool) -> AnyView {
    let (tone, word) = match (&place.error, place.written_at) {
        (Some(_), _) => (Tone::Bad, "failed"),
        (None, None) => (Tone::Unknown, "not written yet"),
        (None, Some(_)) if late => (Tone::Watch, "late"),
        (None, Some(_)) => (Tone::Good, "written"),
    };
    let error = place.error.clone().map(|why| view! { <div>{why}</div> });
    view! { {badge(tone, word)}" "{time::ago_or(place.written_at, "never")}", "<code class="long">{place.name.clone()}</code>{error} }.into_any()
}
