//! Entity tags over what can be edited, so that two people who edit at once do not undo each other unseen.
//! Live status beside it has no part in the tag: it changes with every sweep.

use super::problem::Refused;
use axum::http::{HeaderMap, HeaderValue, header};
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
    let mut wanted =
        headers.get_all(header::IF_MATCH).iter().filter_map(|value| value.to_str().ok()).peekable();
    if wanted.peek().is_none() {
        return Ok(());
    }
    let matches = wanted
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .any(|tag| stored.is_some_and(|stored| tag == "*" || tag == stored));
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
