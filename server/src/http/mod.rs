//! Everything that answers over HTTP, put together: pages, REST, live events, files, health.

pub mod assets;
pub mod body;
pub mod client;
pub mod docs;
pub mod etag;
pub mod live;
pub mod observe;
pub mod origin;
pub mod pace;
pub mod pages;
pub mod principal;
pub mod problem;
pub mod provider;
pub mod refusals;
pub mod repeats;
pub mod reports;
pub mod security;
pub mod session;
pub mod session_store;
pub mod sign_in;
pub mod system;
pub mod v1;

use crate::state::AppState;
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::Method,
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use holdfast_api::Problem;
use problem::{Refused, unknown_path, wrong_method};
use std::{any::Any, time::Duration};
use tower_http::{
    catch_panic::CatchPanicLayer, compression::CompressionLayer, csrf::ConfigError,
    timeout::RequestBodyTimeoutLayer,
};
use tower_sessions::SessionStore;

/// A body that stops coming is given up after this long.
const BODY_WITHIN: Duration = Duration::from_secs(20);

/// The whole service: what neither pages nor REST know is not found.
///
/// # Errors
/// When the public address is no origin.
pub fn router<Store: SessionStore + Clone>(state: AppState, sessions: Store) -> Result<Router, ConfigError> {
    let guarded = Router::new()
        .merge(v1::routes(&state))
        .merge(pages::router())
        .route(sign_in::SIGN_IN, post(sign_in::sign_in))
        .route(sign_in::CODE, post(sign_in::code))
        .route(sign_in::CHALLENGE, post(sign_in::challenge))
        .route(sign_in::PASSKEY, post(sign_in::passkey))
        .route(sign_in::PROVE, post(sign_in::prove))
        .route(provider::LEAVE, get(provider::leave))
        .route(provider::CALLBACK, get(provider::come_back))
        .route(provider::LOGOUT, post(provider::signed_out))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/live", get(live::live))
        .route(reports::PATH, post(reports::report))
        .fallback(nothing_here)
        .method_not_allowed_fallback(not_this_method)
        .layer(from_fn_with_state(state.clone(), refusals::write_down))
        .layer(DefaultBodyLimit::max(body::BODY_LIMIT_BYTES))
        .layer(session::layer(sessions))
        .layer(from_fn(origin::demand_with_cookie))
        .layer(origin::layer(&state.site.public_url)?)
        .layer(RequestBodyTimeoutLayer::new(BODY_WITHIN));
    Ok(Router::new()
        .merge(assets::routes())
        .merge(guarded)
        .layer(CatchPanicLayer::custom(defect))
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(state.clone(), client::find))
        .layer(from_fn_with_state(state.clone(), security::headers))
        .layer(from_fn(observe::request))
        .with_state(state))
}

async fn nothing_here(State(state): State<AppState>, request: Request) -> Response {
    if request.uri().path().starts_with("/api/") {
        return Refused(unknown_path(request.uri().path())).into_response();
    }
    pages::missing(&state, request).await
}

async fn not_this_method(method: Method, request: Request) -> Response {
    Refused(wrong_method(method.as_str(), request.uri().path())).into_response()
}

/// One handler's panic is one request's failure. What it said stands in the log ([`crate::panics`]) and nowhere else.
fn defect(_: Box<dyn Any + Send>) -> Response {
    Refused(Problem::new(
        500,
        "defect",
        "Defect",
        "The server failed at this request; others are not touched.",
        "Report this with the x-request-id of the answer.",
    ))
    .into_response()
}
