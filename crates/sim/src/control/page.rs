//! The control page: break things, watch the world, read the last calls. Made on the server; plain forms
//! do everything, and there is no script at all.

use super::sections;
use crate::state::Shared;
use axum::extract::{Query, State};
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderName, header};
use serde::Deserialize;
use std::sync::Arc;

/// Nothing from elsewhere, nothing inline. `same-origin` keeps the Origin header of forms readable.
const HEADERS: [(HeaderName, &str); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CACHE_CONTROL, "no-store"),
];

#[derive(Debug, Deserialize)]
pub(super) struct PageQuery {
    /// The page looks again by itself. Off unless asked for: it would tear half-filled forms away.
    #[serde(default)]
    live: bool,
}

pub(super) async fn show(State(shared): State<Arc<Shared>>, Query(query): Query<PageQuery>) -> Response {
    let content = shared.with(|state, now| sections::all(state, now, query.live));
    page(&content, query.live).into_response()
}

/// A whole page around its content.
pub(super) fn page(content: &str, live: bool) -> impl IntoResponse + use<> {
    let refresh = if live { "<meta http-equiv=\"refresh\" content=\"3\">" } else { "" };
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">{refresh}\
         <title>Holdfast simulator</title><link rel=\"icon\" href=\"data:,\">\
         <link rel=\"stylesheet\" href=\"/_sim/page.css\"></head><body>\
         <a class=\"skip\" href=\"#main\">To the content</a>\
         <main class=\"page\" id=\"main\">{content}</main></body></html>"
    );
    (HEADERS, Html(html))
}

pub(super) async fn css() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("page.css")).into_response()
}
