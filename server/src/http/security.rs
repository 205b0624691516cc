//! Response headers that hold for everything. Pages bring their own content security policy with its nonce; what
//! has none is not a page and gets the strictest.

use super::session;
use crate::state::AppState;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};

const ALWAYS: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), microphone=(), geolocation=(), payment=(), usb=(), publickey-credentials-create=(self), publickey-credentials-get=(self)",
    ),
];
/// Two years, and with the names below its own.
const BY_HTTPS_ALONE: &str = "max-age=63072000; includeSubDomains";
const NO_PAGE: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

pub async fn headers(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(NO_PAGE));
    }
    // Answers depend on who asks; only files named by their content say otherwise.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if state.site.production {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(BY_HTTPS_ALONE));
    }
    mend_removal(headers);
    response
}

/// The session layer takes its cookie back without Secure, which browsers ignore for a `__Host-` name.
fn mend_removal(headers: &mut HeaderMap) {
    let empty = format!("{}=;", session::COOKIE);
    let mut cookies: Vec<HeaderValue> = headers.get_all(header::SET_COOKIE).iter().cloned().collect();
    if !cookies.iter().any(|cookie| cookie.as_bytes().starts_with(empty.as_bytes())) {
        return;
    }
    let removal = format!("{empty} Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax");
    headers.remove(header::SET_COOKIE);
    for cookie in &mut cookies {
        if cookie.as_bytes().starts_with(empty.as_bytes())
            && let Ok(whole) = HeaderValue::from_str(&removal)
        {
            *cookie = whole;
        }
        headers.append(header::SET_COOKIE, cookie.clone());
    }
}
