//! Entity tags on the wire. What they are tags of is the door's (`holdfast_api::version`); whether an edit was made on
//! what is stored is looked at in the edit's own transaction.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use holdfast_api::IfMatch;

#[must_use]
pub fn header(tag: &str) -> HeaderMap {
    HeaderValue::from_str(tag)
        .map_or_else(|_| HeaderMap::new(), |value| HeaderMap::from_iter([(header::ETAG, value)]))
}

/// Of what was made just now: its tag, and the path where it is.
#[must_use]
pub fn created(tag: &str, place: &str) -> HeaderMap {
    let mut headers = header(tag);
    if let Ok(place) = HeaderValue::from_str(place) {
        headers.insert(header::LOCATION, place);
    }
    headers
}

/// What `If-Match` asks of what is stored.
#[must_use]
pub fn if_match(headers: &HeaderMap) -> IfMatch {
    let lines: Vec<_> = headers.get_all(header::IF_MATCH).iter().collect();
    if lines.is_empty() {
        return IfMatch::Unconditional;
    }
    // A line that cannot be read names no version of ours, and so matches none.
    let tags = lines.iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
    let tags: Vec<String> = tags.map(|tag| tag.trim().to_owned()).collect();
    if tags.iter().any(|tag| tag == "*") { IfMatch::Anything } else { IfMatch::OneOf(tags) }
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
    fn if_match_is_read_over_all_its_lines() {
        let read = |lines: &[&'static str]| {
            let lines = lines.iter().map(|line| (header::IF_MATCH, HeaderValue::from_static(line)));
            let mut headers = HeaderMap::new();
            lines.for_each(|(name, value)| {
                headers.append(name, value);
            });
            if_match(&headers)
        };
        assert_eq!(read(&[]), IfMatch::Unconditional);
        assert_eq!(read(&["*"]), IfMatch::Anything);
        let three = ["\"a\"", "\"b\"", "\"c\""].map(str::to_owned).to_vec();
        assert_eq!(read(&["\"a\", \"b\"", "\"c\""]), IfMatch::OneOf(three));
    }
}
