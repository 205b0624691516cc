//! Entity tags over what can be edited, so that two people who edit at once do not undo each other unseen.
//! Live status beside it has no part in the tag: it changes with every sweep.

use super::problem::Refused;
use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use holdfast_api::Problem;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// A strong tag: SHA-256 of the bytes.
#[must_use]
pub fn of_bytes(bytes: &[u8]) -> String {
    format!("\"{}\"", hex::encode(Sha256::digest(bytes)))
}

/// # Errors
/// When the value cannot be written as JSON, which is a defect.
pub fn of<T: Serialize>(value: &T) -> Result<String, Refused> {
    let bytes = serde_json::to_vec(value).map_err(|error| {
        Problem::new(500, "defect", "Defect", error.to_string(), "Report this with the server's log.")
    })?;
    Ok(of_bytes(&bytes))
}

#[must_use]
pub fn header(tag: &str) -> HeaderMap {
    HeaderValue::from_str(tag)
        .map_or_else(|_| HeaderMap::new(), |value| HeaderMap::from_iter([(header::ETAG, value)]))
}

/// Whether `If-Match` is there and has to be checked.
#[must_use]
pub fn is_conditional(headers: &HeaderMap) -> bool {
    headers.contains_key(header::IF_MATCH)
}

/// Compares `If-Match`, if there is one, with what is stored now; `None`: nothing is.
///
/// # Errors
/// 412 when it is another version.
pub fn check(headers: &HeaderMap, stored: Option<&str>) -> Result<(), Refused> {
    check_any(headers, stored.as_slice())
}

/// As [`check`], where what is stored has a tag in each of its formats.
///
/// # Errors
/// As [`check`].
pub fn check_any<Tag: AsRef<str>>(headers: &HeaderMap, stored: &[Tag]) -> Result<(), Refused> {
    let mut wanted =
        headers.get_all(header::IF_MATCH).iter().filter_map(|value| value.to_str().ok()).peekable();
    if wanted.peek().is_none() {
        return Ok(());
    }
    let matches = wanted
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .any(|tag| stored.iter().any(|stored| tag == "*" || tag == stored.as_ref()));
    if matches {
        return Ok(());
    }
    Err(Problem::new(
        412,
        "changed_meanwhile",
        "Changed meanwhile",
        "What is stored is not the version that If-Match names.",
        "GET it again, make the change on that, and send it with the new ETag.",
    )
    .into())
}

/// Leaves the body out where `If-None-Match` says that the reader has it.
pub async fn answer_not_modified(request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let held: Vec<HeaderValue> = request.headers().get_all(header::IF_NONE_MATCH).iter().cloned().collect();
    let response = next.run(request).await;
    let tag = response.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok());
    let has_it = tag.is_some_and(|tag| {
        let named = held.iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
        // The weak comparison that RFC 9110 asks for here.
        named.map(|name| name.trim().trim_start_matches("W/")).any(|name| name == "*" || name == tag)
    });
    if !reads || !has_it || response.status() != StatusCode::OK {
        return response;
    }
    let kept = [header::ETAG, header::VARY, header::CACHE_CONTROL];
    let headers: HeaderMap = kept
        .into_iter()
        .filter_map(|name| response.headers().get(&name).cloned().map(|value| (name, value)))
        .collect();
    (StatusCode::NOT_MODIFIED, headers).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_of_another_version_is_refused() {
        let tag = of_bytes(b"one");
        let headers = HeaderMap::from_iter([(header::IF_MATCH, HeaderValue::from_static("\"other\""))]);
        assert!(check(&headers, Some(&tag)).is_err());
        assert!(check(&HeaderMap::new(), Some(&tag)).is_ok());
        let any = HeaderMap::from_iter([(header::IF_MATCH, HeaderValue::from_static("*"))]);
        assert!(check(&any, Some(&tag)).is_ok());
        assert!(check(&any, None).is_err(), "a star asks for something to be there");
    }
}
