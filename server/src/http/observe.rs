//! One line of log per request, and the id that ties it to the answer. Neither queries nor headers nor bodies are
//! logged: they may hold names and secrets.

use super::problem::Refused;
use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::{IntoResponse, Response},
};
use holdfast_api::Problem;
use std::time::{Duration, Instant};
use tracing::Instrument;
use uuid::Uuid;

pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// No handler may take longer before its answer begins; streams have begun by then.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// The id of the request, as an extension of it: what is written down about it has the id too.
#[derive(Debug, Clone, Copy)]
pub struct RequestId(pub Uuid);

pub async fn request(mut request: Request, next: Next) -> Response {
    let id = Uuid::now_v7();
    request.extensions_mut().insert(RequestId(id));
    let id = id.to_string();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let span = tracing::info_span!("request", id);
    async move {
        let began = Instant::now();
        let mut response = match tokio::time::timeout(ANSWER_WITHIN, next.run(request)).await {
            Ok(response) => response,
            Err(_) => Refused(Problem::new(
                504,
                "too_slow",
                "Too slow",
                format!("No answer was ready within {} s.", ANSWER_WITHIN.as_secs()),
                "Look whether the change was made before you send it again; an idempotency key makes that harmless.",
            ))
            .into_response(),
        };
        let status = response.status().as_u16();
        let milliseconds = began.elapsed().as_millis();
        tracing::info!(%method, path, status, milliseconds, "answered");
        if let Ok(value) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        response
    }
    .instrument(span)
    .await
}
