//! Every no and every failure on the wire: RFC 9457 `application/problem+json`, made in this one place.

use axum::{
    Extension, Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use holdfast_api::Problem;
use serde::Serialize;
use utoipa::ToSchema;

/// The code of `/readyz` before it is.
pub const NOT_READY: &str = "not_ready";
pub const CONTENT_TYPE: &str = "application/problem+json";

/// What a handler answers with when it cannot do as asked.
#[derive(Debug)]
pub struct Refused(pub Problem);

/// The no that an answer says in whichever form, as an extension of the response.
#[derive(Debug, Clone)]
pub struct Told(pub Problem);

pub type Reply<T> = Result<T, Refused>;

/// The document that clients get. `type` names the code again, for tools that only know RFC 9457.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemBody {
    /// Such as `urn:holdfast:problem:run_active`.
    pub r#type: String,
    #[serde(flatten)]
    pub problem: Problem,
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Self(problem) = self;
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        // Not being ready yet is no failure, and is asked for every second.
        if status.is_server_error() && problem.code != NOT_READY {
            tracing::error!(code = problem.code, detail = problem.detail, "answered {status}");
        }
        let wait = problem.retry_after_seconds;
        let told = Told(problem.clone());
        let body = ProblemBody { r#type: format!("urn:holdfast:problem:{}", problem.code), problem };
        let mut response = (status, Extension(told), Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"holdfast\""));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        if let Some(seconds) = wait {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

#[must_use]
pub fn not_signed_in() -> Problem {
    Problem::new(
        401,
        "not_signed_in",
        "Not signed in",
        "This needs a signed-in person or an API token.",
        "Sign in at /sign-in or with POST /api/v1/session, or send `Authorization: Bearer hf_…`.",
    )
}

#[must_use]
pub fn unknown_path(path: &str) -> Problem {
    Problem::new(
        404,
        "unknown_path",
        "No such path",
        format!("Nothing is at {path}."),
        "GET /api/v1/openapi.json lists every path.",
    )
}

#[must_use]
pub fn wrong_method(method: &str, path: &str) -> Problem {
    Problem::new(
        405,
        "wrong_method",
        "Wrong method",
        format!("{path} does not take {method}."),
        "The Allow header names the methods that it takes.",
    )
}

#[must_use]
pub fn sessions_unavailable(reason: &str) -> Problem {
    tracing::error!(reason, "the session store does not answer");
    Problem::new(
        503,
        "unavailable",
        "Not available",
        "Sessions cannot be read now: the database does not answer.",
        "Try again in a moment; an admin finds the reason in the server's log.",
    )
}
