//! The control page (first slice: being built).

use crate::state::Shared;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use http::header;
use std::sync::Arc;

pub(super) async fn show(State(shared): State<Arc<Shared>>) -> Html<String> {
    Html(shared.with(|state, now| state.world.view(now).to_string()))
}

pub(super) async fn css() -> Response {
    ([(header::CONTENT_TYPE, "text/css")], "").into_response()
}

pub(super) async fn form() -> Redirect {
    Redirect::to("/")
}
