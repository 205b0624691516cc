//! Requests that another site made a browser send. Changes with a session cookie must say where they come from,
//! and it must be from here. Bearer tokens are not sent by browsers on their own and need none of this.

use super::{problem::Refused, session};
use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use holdfast_api::Problem;
use tower_http::csrf::{ConfigError, CsrfLayer, ProtectionError};

/// `tower_http`'s layer (Fetch metadata, then Origin against Host), trusting the public address too, for proxies
/// that change Host.
///
/// # Errors
/// When the public address is no origin.
pub fn layer(
    public_url: &str,
) -> Result<
    CsrfLayer<impl FnMut(ProtectionError) -> Response<Body> + Clone + Send + Sync + 'static>,
    ConfigError,
> {
    let layer = CsrfLayer::new().add_trusted_origin(public_url.trim_end_matches('/'))?;
    Ok(layer.with_rejection_response(|_: ProtectionError| refusal("The request came from another site.")))
}

/// What the layer above lets pass for programs without a browser, it may not pass with a browser's cookie.
pub async fn demand_with_cookie(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if changes {
        let origin = headers.get(header::ORIGIN);
        if origin.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"null")) {
            return refusal("The request came from a page that has no origin.");
        }
        let says_where = origin.is_some() || headers.contains_key("sec-fetch-site");
        if !says_where && !headers.contains_key(header::AUTHORIZATION) && has_session_cookie(headers) {
            return refusal("The request carries a session's cookie but does not say where it comes from.");
        }
    }
    next.run(request).await
}

fn has_session_cookie(headers: &HeaderMap) -> bool {
    let mut cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.any(|line| {
        line.split(';')
            .any(|pair| pair.split_once('=').is_some_and(|(name, _)| name.trim() == session::COOKIE))
    })
}

fn refusal(detail: &str) -> Response {
    Refused(Problem::new(
        403,
        "cross_site",
        "Refused",
        detail,
        "Use Holdfast's own pages. A program that holds a session sends `Origin` with Holdfast's address, or uses an API token.",
    ))
    .into_response()
}
