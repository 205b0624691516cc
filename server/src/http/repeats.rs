//! `Idempotency-Key` on every POST of the REST API: the same key with the same request answers what the first one
//! answered, and makes no second effect. The effect and the key are committed together behind the control plane; here
//! the answer is kept and given again.
//!
//! Some paths see to it themselves: the answer of a run or of an evacuation is kept in the transaction that makes it, and signing in is
//! no effect that could be repeated, since each session has a secret of its own.

use super::{
    body::{BODY_LIMIT_BYTES, Raw},
    principal::{self, Known},
    problem::Reply,
};
use crate::state::AppState;
use axum::{
    body::Body,
    extract::{FromRequest as _, OriginalUri, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use holdfast_api::{
    Problem,
    repeats::{Earlier, KeptAnswer},
};
use holdfast_domain::{Actor, RequestKey};
use std::time::Duration;

pub const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const OWN_WAY: [&str; 6] = [
    "/api/v1/runs",
    "/api/v1/evacuations",
    "/api/v1/session",
    "/api/v1/session/proof",
    "/api/v1/session/proof/challenge",
    "/api/v1/session/passkeys/challenge",
];

/// How long a repeat waits for the answer of the sending that came before it.
const WAITS: u32 = 100;
const WAIT: Duration = Duration::from_millis(50);

/// What to keep of an answer in its place, as an extension of the response: a secret is shown once.
#[derive(Debug, Clone)]
pub struct KeepInstead(pub String);

/// 1 to 200 visible ASCII characters.
///
/// # Errors
/// 400 when it is missing or something else.
pub fn key(headers: &HeaderMap) -> Reply<String> {
    let refuse = |detail: &str| {
        Problem::new(
            400,
            "idempotency_key_missing",
            "Idempotency-Key missing",
            detail,
            "Send a header `Idempotency-Key` with a fresh random value; send the same one again when you repeat the request.",
        )
    };
    let value = headers.get(KEY).ok_or_else(|| {
        refuse("This request needs the header Idempotency-Key, so that sending it twice cannot make two effects.")
    })?;
    let text = value.to_str().unwrap_or_default();
    if text.is_empty() || text.len() > 200 || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(refuse("Idempotency-Key has to be 1 to 200 visible ASCII characters.").into());
    }
    Ok(text.to_owned())
}

pub async fn once(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let uri =
        request.extensions().get::<OriginalUri>().map_or_else(|| request.uri().clone(), |uri| uri.0.clone());
    if request.method() != Method::POST || !request.headers().contains_key(KEY) {
        return next.run(request).await;
    }
    let key = match key(request.headers()) {
        Ok(key) => key,
        Err(refused) => return refused.into_response(),
    };
    if OWN_WAY.contains(&uri.path()) {
        return next.run(request).await;
    }
    match repeated(&state, request, &uri.to_string(), key, next).await {
        Ok(response) => response,
        Err(refused) => refused.into_response(),
    }
}

async fn repeated(
    state: &AppState,
    request: Request,
    path: &str,
    key: String,
    next: Next,
) -> Reply<Response> {
    let (mut parts, body) = request.into_parts();
    // A stranger is refused by the path itself.
    let Some(mut actor) = principal::find(&mut parts, state).await? else {
        return Ok(next.run(Request::from_parts(parts, body)).await);
    };
    let Raw(bytes) = Raw::from_request(Request::from_parts(parts.clone(), body), state).await?;
    let body_hash = state.plane.known_by(&key, &bytes);
    actor.sent =
        Some(RequestKey { key, route: format!("POST {path}"), body_hash, sending: uuid::Uuid::new_v4() });
    if let Some(answer) = earlier(state, &actor).await? {
        return Ok(again(answer));
    }
    parts.extensions.insert(Known(actor.clone()));
    let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
    match response.status() {
        status if status.is_success() => keep(state, &actor, response).await,
        // What stood in the way may be the other sending of this very request.
        StatusCode::CONFLICT | StatusCode::SERVICE_UNAVAILABLE => {
            Ok(earlier(state, &actor).await?.map_or(response, again))
        }
        _ => Ok(response),
    }
}

/// The answer of the same request sent before, waited for while it is being made.
async fn earlier(state: &AppState, actor: &Actor) -> Reply<Option<KeptAnswer>> {
    for _ in 0..WAITS {
        match state.plane.earlier_answer(actor).await? {
            Earlier::Nothing => return Ok(None),
            Earlier::Answered(answer) => return Ok(Some(answer)),
            Earlier::UnderWay => tokio::time::sleep(WAIT).await,
        }
    }
    let mut problem = Problem::new(
        409,
        "answer_not_kept",
        "Done already",
        "This request took effect before, and its answer was not kept: the server ended before it could be.",
        "Look at what the request was to change; do not send it again under another key.",
    );
    problem.retry_after_seconds = Some(5);
    Err(problem.into())
}

/// Answers of changes are short; one that is not would be a defect, and goes out unkept.
async fn keep(state: &AppState, actor: &Actor, response: Response) -> Reply<Response> {
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, BODY_LIMIT_BYTES * 4).await else {
        return Err(Problem::new(
            500,
            "defect",
            "Defect",
            "The change was made, and its answer could not be kept.",
            "Read what was changed; report this with the x-request-id of the answer.",
        )
        .into());
    };
    let instead = parts.extensions.remove::<KeepInstead>();
    let text = |name: &HeaderName| parts.headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let answer = KeptAnswer {
        status: parts.status.as_u16(),
        content_type: text(&header::CONTENT_TYPE),
        location: text(&header::LOCATION),
        etag: text(&header::ETAG),
        body: instead.map_or_else(|| String::from_utf8_lossy(&bytes).into_owned(), |kept| kept.0),
    };
    // The change is made: that its answer cannot be kept is no reason to call it failed.
    if let Err(problem) = state.plane.keep_answer(actor, &answer).await {
        tracing::warn!(detail = problem.detail, "the answer of a change could not be kept for repeats");
    }
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

fn again(answer: KeptAnswer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = (status, answer.body).into_response();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    let kept = [
        (header::CONTENT_TYPE, answer.content_type),
        (header::LOCATION, answer.location),
        (header::ETAG, answer.etag),
    ];
    for (name, value) in kept {
        if let Some(value) = value.and_then(|text| HeaderValue::from_str(&text).ok()) {
            headers.insert(name, value);
        }
    }
    headers.insert(HeaderName::from_static("idempotent-replayed"), HeaderValue::from_static("true"));
    response
}
