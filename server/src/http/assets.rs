//! The files that pages load: style, icons, and the browser's module, all compiled into the binary by `build.rs`.
//! Each is served under a name that holds its content's address, so a browser keeps it for a year; pages learn
//! the name from [`url`] and [`module`]. Nothing here is secret, and nothing is read from disk.

use axum::{
    Router,
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// One file with the forms it is kept in.
#[derive(Debug)]
struct Asset {
    /// As it is called in `frontend/assets`, or `holdfast.js` and `holdfast.wasm`.
    name: &'static str,
    url: &'static str,
    identity: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

/// Where the file called `name` in `frontend/assets` is served: `app.css` at `/assets/app-….css`.
#[must_use]
pub fn url(name: &str) -> Option<&'static str> {
    ASSETS.iter().find(|asset| asset.name == name).map(|asset| asset.url)
}

/// The browser's module without its extension: `holdfast-…`, served as `/assets/holdfast-….js` and `.wasm`. With
/// leptos that is `output_name`, and `site_pkg_dir` is `assets`. None: built without `cargo xtask page`, so pages
/// must not ask for it.
#[must_use]
pub fn module() -> Option<&'static str> {
    MODULE
}

/// `GET /assets/{file}`, for any state.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/assets/{file}", get(serve))
}

async fn serve(Path(file): Path<String>, headers: HeaderMap) -> Response {
    let found = ASSETS.iter().find(|asset| asset.url.strip_prefix("/assets/") == Some(file.as_str()));
    let Some(asset) = found else {
        // Not to be kept: during an upgrade another replica may know the name a moment later.
        return (StatusCode::NOT_FOUND, [(header::CACHE_CONTROL, "no-store")], "No such file.\n")
            .into_response();
    };
    let (encoding, body) = match (asset.brotli, asset.gzip) {
        (Some(body), _) if accepts(&headers, "br") => (Some("br"), body),
        (_, Some(body)) if accepts(&headers, "gzip") => (Some("gzip"), body),
        _ => (None, asset.identity),
    };
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(asset.name)));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

/// Whether `Accept-Encoding` names the coding (or `*`) without a weight of zero. RFC 9110, 12.5.3.
fn accepts(headers: &HeaderMap, coding: &str) -> bool {
    let mut any = false;
    for value in headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok()) {
        for item in value.split(',') {
            let mut parts = item.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            let weight = parts.find_map(|part| part.strip_prefix("q=")).map(str::parse::<f32>);
            let wanted = !matches!(weight, Some(Ok(weight)) if weight <= 0.0);
            if name.eq_ignore_ascii_case(coding) {
                return wanted;
            }
            any |= name == "*" && wanted;
        }
    }
    any
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{body::Body, http::Request};
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    async fn get(path: &str, accept_encoding: &str) -> anyhow::Result<Response> {
        let request =
            Request::get(path).header(header::ACCEPT_ENCODING, accept_encoding).body(Body::empty())?;
        Ok(routes::<()>().oneshot(request).await?)
    }

    fn accepting(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(value))])
    }

    #[test]
    fn a_coding_is_accepted_when_named_or_covered_by_a_star_and_never_at_weight_zero() {
        assert!(accepts(&accepting("gzip, br;q=0.5"), "br"));
        assert!(accepts(&accepting("*"), "br"));
        assert!(!accepts(&accepting("*, br;q=0"), "br"));
        assert!(!accepts(&accepting("gzip"), "br"));
        assert!(!accepts(&HeaderMap::new(), "br"));
    }

    #[tokio::test]
    async fn every_file_is_served_at_its_url_to_be_kept_for_ever() -> anyhow::Result<()> {
        for asset in ASSETS {
            let response = get(asset.url, "identity").await?;
            assert_eq!(response.status(), StatusCode::OK, "{}", asset.url);
            assert_eq!(response.headers()[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
            assert_ne!(
                response.headers()[header::CONTENT_TYPE],
                "application/octet-stream",
                "{}",
                asset.name
            );
            assert!(response.headers().get(header::CONTENT_ENCODING).is_none());
            assert_eq!(response.into_body().collect().await?.to_bytes(), asset.identity);
        }
        Ok(())
    }

    #[tokio::test]
    async fn a_browser_that_reads_brotli_gets_brotli_where_it_is_kept() -> anyhow::Result<()> {
        for asset in ASSETS.iter().filter(|asset| asset.brotli.is_some()) {
            let response = get(asset.url, "gzip, deflate, br, zstd").await?;
            assert_eq!(response.headers()[header::CONTENT_ENCODING], "br");
            assert_eq!(response.headers()[header::VARY], "accept-encoding");
        }
        Ok(())
    }

    #[tokio::test]
    async fn an_unknown_name_is_not_found_and_not_kept() -> anyhow::Result<()> {
        for path in ["/assets/app.css", "/assets/..%2fmain.rs", "/assets/nothing"] {
            let response = get(path, "br").await?;
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
            assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        }
        Ok(())
    }

    #[test]
    fn the_two_files_of_the_module_share_one_name() {
        if let Some(module) = module() {
            assert_eq!(url("holdfast.js"), Some(format!("/assets/{module}.js").as_str()));
            assert_eq!(url("holdfast.wasm"), Some(format!("/assets/{module}.wasm").as_str()));
        }
    }
}
