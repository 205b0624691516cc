//! What comes in: bodies, queries and path segments, read strictly and refused by name.

use super::problem::{Refused, unknown_path};
use axum::{
    extract::{FromRequest, FromRequestParts, Path, Query, Request},
    http::{HeaderMap, header, request::Parts},
    response::IntoResponse,
};
use bytes::{Bytes, BytesMut};
use holdfast_api::{FieldProblem, Problem};
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;
use std::str::FromStr;

/// The largest body of a request that is not an inventory file.
pub const BODY_LIMIT_BYTES: usize = 256 * 1024;
/// The largest inventory file.
pub const INVENTORY_LIMIT_BYTES: usize = 4 * 1024 * 1024;
/// What is too large is read on and dropped up to here: most clients hear an answer only when they have sent all.
const DRAINED_BYTES: usize = 32 * 1024 * 1024;

/// The body as it came, within the route's limit.
#[derive(Debug)]
pub struct Raw(pub Bytes);

/// A JSON body that must be there.
#[derive(Debug)]
pub struct JsonBody<T>(pub T);

/// A JSON body that may be absent, with or without a content type.
#[derive(Debug)]
pub struct MaybeJson<T>(pub T);

/// The query, unknown parameters refused where `T` denies them.
#[derive(Debug)]
pub struct Params<T>(pub T);

/// One path segment as the identifier that it should be; what cannot be one is not found.
#[derive(Debug)]
pub struct Segment<T>(pub T);

/// How much a route's body may hold, as a request extension; without one it is [`BODY_LIMIT_BYTES`].
#[derive(Debug, Clone, Copy)]
pub struct Limit(pub usize);

impl<S: Send + Sync> FromRequest<S> for Raw {
    type Rejection = Refused;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Refused> {
        let Limit(limit) = request.extensions().get().copied().unwrap_or(Limit(BODY_LIMIT_BYTES));
        let mut body = request.into_body();
        let (mut kept, mut seen) = (BytesMut::new(), 0_usize);
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { return Err(unreadable().into()) };
            let Ok(data) = frame.into_data() else { continue };
            seen = seen.saturating_add(data.len());
            if seen <= limit {
                kept.extend_from_slice(&data);
            } else if seen > DRAINED_BYTES {
                break;
            }
        }
        if seen > limit { Err(too_large().into()) } else { Ok(Self(kept.freeze())) }
    }
}

fn unreadable() -> Problem {
    Problem::new(
        400,
        "unreadable_body",
        "Unreadable body",
        "The body could not be read to its end.",
        "Send the request again.",
    )
}

fn too_large() -> Problem {
    Problem::new(
        413,
        "too_large",
        "Too large",
        format!(
            "The body is too large: an inventory file, or a journal that is handed in, may have {} MiB, any other body {} kB.",
            INVENTORY_LIMIT_BYTES / (1024 * 1024),
            BODY_LIMIT_BYTES / 1024
        ),
        "Send less: split an inventory by section and apply the parts one after the other.",
    )
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refused> {
        let headers = request.headers().clone();
        let Raw(bytes) = Raw::from_request(request, state).await?;
        if bytes.is_empty() {
            return Err(Problem::new(
                400,
                "body_missing",
                "Body missing",
                "This request needs a JSON body.",
                "GET /api/v1/openapi.json says what it has to hold.",
            )
            .into());
        }
        expect_json(&headers)?;
        parse(&bytes).map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for MaybeJson<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refused> {
        let headers = request.headers().clone();
        let Raw(bytes) = Raw::from_request(request, state).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        expect_json(&headers)?;
        parse(&bytes).map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refused> {
        match Query::<T>::try_from_uri(&parts.uri) {
            Ok(Query(params)) => Ok(Self(params)),
            Err(rejection) => {
                let message = rejection.body_text();
                let message =
                    message.strip_prefix("Failed to deserialize query string: ").unwrap_or(&message);
                let (path, message) = parameter(message);
                Err(bad_input(400, "invalid_query", None, &path, message).into())
            }
        }
    }
}

impl<S: Send + Sync, T: FromStr> FromRequestParts<S> for Segment<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let path = parts.uri.path().to_owned();
        let Path(text) =
            Path::<String>::from_request_parts(parts, state).await.map_err(|_| unknown_path(&path))?;
        segment(&text).map(Self)
    }
}

/// Two segments, such as a run and its step.
#[derive(Debug)]
pub struct Segments<A, B>(pub A, pub B);

impl<S: Send + Sync, A: FromStr, B: FromStr> FromRequestParts<S> for Segments<A, B> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let path = parts.uri.path().to_owned();
        let Path((first, second)) = Path::<(String, String)>::from_request_parts(parts, state)
            .await
            .map_err(|_| unknown_path(&path))?;
        Ok(Self(segment(&first)?, segment(&second)?))
    }
}

fn segment<T: FromStr>(text: &str) -> Result<T, Refused> {
    let shown: String = text.chars().take(80).collect();
    text.parse().map_err(|_| Problem::not_found("entry with the id", &shown).into())
}

/// JSON is what an absent content type means.
fn expect_json(headers: &HeaderMap) -> Result<(), Refused> {
    match media_type(headers) {
        None => Ok(()),
        Some(kind) if kind == "application/json" || kind.ends_with("+json") => Ok(()),
        Some(kind) => Err(unsupported_media_type(&kind, "application/json").into()),
    }
}

#[must_use]
pub fn unsupported_media_type(got: &str, wanted: &str) -> Problem {
    Problem::new(
        415,
        "unsupported_media_type",
        "Unsupported content type",
        format!("The content type {got} is not read here."),
        format!("Send `Content-Type: {wanted}`."),
    )
}

/// The content type without its parameters, in lower case. Only the first header counts.
#[must_use]
pub fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().unwrap_or("unreadable");
    Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()).filter(|v| !v.is_empty())
}

/// Whether `Accept` rates one of `wanted` above each of `other`; where it tells no difference, it does not.
#[must_use]
pub fn prefers(headers: &HeaderMap, wanted: &[&str], other: &[&str]) -> bool {
    let items = accepted(headers);
    match (rating(&items, wanted), rating(&items, other)) {
        (Some(wanted), Some(other)) => wanted > other,
        (wanted, _) => wanted.is_some(),
    }
}

/// The media ranges of `Accept` with their qualities in thousandths, in the order given.
fn accepted(headers: &HeaderMap) -> Vec<(String, u16)> {
    let lines = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    lines
        .flat_map(|line| line.split(','))
        .map(|item| {
            let mut parts = item.split(';').map(|part| part.trim().to_ascii_lowercase());
            let range = parts.next().unwrap_or_default();
            let quality = parts.find_map(|part| part.strip_prefix("q=").map(str::to_owned));
            (range, quality.map_or(1000, |quality| thousandths(&quality)))
        })
        .collect()
}

/// `0.25` as 250; what is no quality excludes nothing and prefers nothing.
fn thousandths(quality: &str) -> u16 {
    let (whole, part) = quality.split_once('.').unwrap_or((quality, ""));
    match (whole, format!("{part:0<3}").get(..3).and_then(|part| part.parse().ok())) {
        ("0", Some(thousandths)) => thousandths,
        _ => 1000,
    }
}

/// How much one of these media types is wanted: its quality, then how exactly it was named, then how early.
/// None: not at all.
fn rating(items: &[(String, u16)], kinds: &[&str]) -> Option<(u16, u8, std::cmp::Reverse<usize>)> {
    let of_kind = |kind: &&str| {
        let family = kind.split_once('/').map_or_else(String::new, |(family, _)| format!("{family}/*"));
        [*kind, family.as_str(), "*/*"].into_iter().zip([2, 1, 0]).find_map(|(range, exactness)| {
            let place = items.iter().position(|(given, _)| given == range)?;
            let exactly = if exactness == 0 { usize::MAX } else { place };
            items.get(place).map(|(_, quality)| (*quality, exactness, std::cmp::Reverse(exactly)))
        })
    };
    kinds.iter().filter_map(of_kind).filter(|(quality, ..)| *quality > 0).max()
}

/// # Errors
/// Names the field, the line and the column.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refused> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value: T = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        let (line, column) = (inner.line(), inner.column());
        let message = inner.to_string();
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(text, _)| text);
        if inner.is_data() {
            let path = match (path.as_str(), quoted(message)) {
                ("." | "", Some(field)) => field,
                ("." | "", None) => "body".to_owned(),
                _ => path,
            };
            bad_input(422, "invalid", Some((line, column)), &path, message)
        } else {
            bad_input(400, "malformed_json", Some((line, column)), "body", &format!("not JSON: {message}"))
        }
    })?;
    reader.end().map_err(|error| {
        bad_input(
            400,
            "malformed_json",
            Some((error.line(), error.column())),
            "body",
            "something follows the JSON value",
        )
    })?;
    Ok(value)
}

/// Which query parameter is meant, and what is said of it. A value that cannot be read is told as `name: why`, with
/// the values that could be between backticks.
fn parameter(message: &str) -> (String, &str) {
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    match message.split_once(": ") {
        Some((name, why)) if is_name(name) && !why.contains("field `") => (name.to_owned(), why),
        _ => (quoted(message).unwrap_or_else(|| "query".to_owned()), message),
    }
}

/// What serde puts between backticks first: the field that is missing or unknown.
fn quoted(message: &str) -> Option<String> {
    message.split('`').nth(1).filter(|field| !field.is_empty()).map(str::to_owned)
}

fn bad_input(status: u16, code: &str, at: Option<(usize, usize)>, path: &str, message: &str) -> Problem {
    let way_out = "GET /api/v1/openapi.json says what it has to look like.".to_owned();
    let mut problem =
        Problem::new(status, code, "Not accepted", format!("{path}: {message}"), way_out.clone());
    let number = |n: usize| u32::try_from(n).ok().filter(|&n| n > 0);
    problem.fields.push(FieldProblem {
        line: at.and_then(|(line, _)| number(line)),
        column: at.and_then(|(_, column)| number(column)),
        path: path.to_owned(),
        message: message.to_owned(),
        way_out,
    });
    problem
}

/// For extractors that answer with a page rather than a problem.
impl From<Refused> for axum::response::Response {
    fn from(refused: Refused) -> Self {
        refused.into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[serde(rename = "inner")]
        _inner: Inner,
    }
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[serde(rename = "count")]
        _count: u8,
    }

    fn refusal(text: &str) -> Problem {
        parse::<Sample>(text.as_bytes())
            .err()
            .map(|r| r.0)
            .unwrap_or_else(|| Problem::not_found("refusal of", text))
    }

    #[test]
    fn what_is_not_accepted_is_named_with_its_place() {
        let wrong_type = refusal("{\"inner\": {\n \"count\": \"many\"}}");
        assert_eq!((wrong_type.status, wrong_type.fields[0].path.as_str()), (422, "inner.count"));
        assert_eq!(wrong_type.fields[0].line, Some(2));
        let unknown = refusal("{\"iner\": 1}");
        assert_eq!((unknown.status, unknown.fields[0].path.as_str()), (422, "iner"));
        assert_eq!(refusal("{\"inner\"").code, "malformed_json");
        assert_eq!(refusal("{\"inner\": {\"count\": 1}} trailing").code, "malformed_json");
    }

    #[test]
    fn quality_then_exactness_then_order_decide_what_is_sent() {
        for (accept, yaml) in [
            ("application/json;q=0.1, application/yaml", true),
            ("text/html, application/yaml;q=0.9, application/json", false),
            ("application/json, application/yaml", false),
            ("application/yaml, application/json", true),
            ("application/yaml;q=0.5, application/json;q=0.50", true),
            ("application/yaml;q=0", false),
            ("application/json;q=0, */*", true),
            ("application/yaml, */*", true),
            ("application/*", false),
            ("*/*", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, header::HeaderValue::from_static(accept))]);
            assert_eq!(prefers(&headers, &["application/yaml"], &["application/json"]), yaml, "{accept}");
        }
    }

    #[test]
    fn a_parameter_is_named_whether_its_name_or_its_value_is_wrong() {
        let of = |message| parameter(message).0;
        assert_eq!(of("live: provided string was not `true` or `false`"), "live");
        assert_eq!(of("stat: unknown field `stat`, expected `state`"), "stat");
        assert_eq!(of("missing field `id`"), "id");
    }
}
