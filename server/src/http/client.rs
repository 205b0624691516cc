//! Where a request came from. The connection's own address, unless it is one of the proxies that the configuration names: then what
//! they say, read from the end, where each wrote what it saw itself. What comes before the first that is no proxy of ours is
//! anybody's word and is not read. Tries at passwords and codes are counted by it and entries of the audit log name it.

use super::problem::Refused;
use crate::config::{ForwardedBy, Proxies};
use crate::state::AppState;
use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use holdfast_api::Problem;
use std::net::{IpAddr, SocketAddr};

/// More proxies than this in a row are none.
const HOPS_AT_MOST: usize = 20;

/// Of a request, as an extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Client(IpAddr);

/// Finds it for every handler. In production a request that a proxy says came without TLS is refused: what it holds was in the open.
pub async fn find(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let connection = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    let Some(connection) = connection else { return next.run(request).await };
    let proxies = &state.site.proxies;
    if proxies.trusts(connection) {
        if state.site.production && came_in_the_open(request.headers(), proxies.by) {
            return in_the_open().into_response();
        }
        let client = behind(proxies, connection, request.headers());
        request.extensions_mut().insert(Client(client));
    }
    next.run(request).await
}

/// As text; of a request that came by no connection, in tests, that it is not known.
pub fn address(parts: &Parts) -> String {
    let connection = || parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    let client = parts.extensions.get::<Client>().map(|client| client.0).or_else(connection);
    client.map_or_else(|| "unknown".to_owned(), |address| address.to_canonical().to_string())
}

/// The first from the end that is no proxy of ours; where one says what is no address, that proxy itself.
fn behind(proxies: &Proxies, connection: IpAddr, headers: &HeaderMap) -> IpAddr {
    let mut client = connection;
    let said = match proxies.by {
        ForwardedBy::XForwarded => elements(headers, "x-forwarded-for"),
        ForwardedBy::Forwarded => {
            let all = elements(headers, "forwarded").into_iter();
            all.map(|element| parameter(&element, "for").unwrap_or_default()).collect()
        }
    };
    for hop in said.iter().rev().take(HOPS_AT_MOST) {
        let Some(address) = node(hop) else { break };
        client = address;
        if !proxies.trusts(address) {
            break;
        }
    }
    client
}

/// Any word of plain http counts: a forged one harms whoever forged it.
fn came_in_the_open(headers: &HeaderMap, by: ForwardedBy) -> bool {
    let schemes = match by {
        ForwardedBy::XForwarded => elements(headers, "x-forwarded-proto"),
        ForwardedBy::Forwarded => {
            let all = elements(headers, "forwarded").into_iter();
            all.filter_map(|element| parameter(&element, "proto")).collect()
        }
    };
    schemes.iter().any(|scheme| !scheme.eq_ignore_ascii_case("https"))
}

fn in_the_open() -> Refused {
    Refused::from(Problem::new(
        403,
        "https_needed",
        "Not without TLS",
        "The proxy before this server says that the request came to it by plain http.",
        "Send it over https. A password or token that was sent so has been in the open: replace it.",
    ))
}

/// What stands between commas, over all lines of a header. Commas within quotes part nothing; a line that is no text is one element
/// that says nothing.
fn elements(headers: &HeaderMap, name: &str) -> Vec<String> {
    let mut all = Vec::new();
    for line in headers.get_all(name) {
        let mut quoted = false;
        let parts = line.to_str().unwrap_or_default().split(|c: char| {
            quoted ^= c == '"';
            c == ',' && !quoted
        });
        all.extend(parts.map(|part| part.trim().to_owned()));
    }
    all
}

/// Of an element of `Forwarded`: `for=192.0.2.1;proto=https`.
fn parameter(element: &str, name: &str) -> Option<String> {
    let pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let mut found = pairs.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name));
    let (_, value) = found.next()?;
    Some(value.trim().trim_matches('"').to_owned())
}

/// An address, with a port or without: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`.
fn node(text: &str) -> Option<IpAddr> {
    let address = text.parse::<IpAddr>().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    address.or_else(with_port).or_else(bracketed).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&str, &str)| {
            (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap())
        };
        lines.iter().map(pair).collect()
    }

    fn behind(header: &str, lines: &[(&str, &str)]) -> String {
        let proxies = Proxies::parse("10.0.0.0/8, 2001:db8::/32", Some(header)).unwrap();
        super::behind(&proxies, "10.0.0.1".parse().unwrap(), &headers(lines)).to_string()
    }

    #[test]
    fn a_client_is_who_the_last_proxy_saw_whatever_they_wrote_themselves() {
        for (said, client) in [
            ("198.51.100.7", "198.51.100.7"),
            ("203.0.113.9, 198.51.100.7", "198.51.100.7"),
            ("127.0.0.1, 198.51.100.7", "198.51.100.7"),
            ("198.51.100.7, 10.0.0.2, 10.0.0.3", "198.51.100.7"),
            ("203.0.113.9, 198.51.100.7,10.0.0.2", "198.51.100.7"),
            ("198.51.100.7:4711", "198.51.100.7"),
            ("[3fff::7]:4711", "3fff::7"),
            ("3fff::7", "3fff::7"),
            ("::ffff:198.51.100.7", "198.51.100.7"),
            // What is no address is nobody's, and neither is what stands before it.
            ("198.51.100.7, unknown", "10.0.0.1"),
            ("198.51.100.7, ", "10.0.0.1"),
            ("198.51.100.7, 10.0.0.2, <script>", "10.0.0.1"),
            ("198.51.100.7, <script>, 10.0.0.2", "10.0.0.2"),
            ("10.0.0.9, 10.0.0.2", "10.0.0.9"),
        ] {
            assert_eq!(behind("x-forwarded-for", &[("x-forwarded-for", said)]), client, "{said}");
        }
        let lines = [("x-forwarded-for", "203.0.113.9"), ("x-forwarded-for", "198.51.100.7")];
        assert_eq!(
            behind("x-forwarded-for", &lines),
            "198.51.100.7",
            "a line that a client began is not the last"
        );
        let long = vec!["10.0.0.2"; 5_000].join(",");
        assert_eq!(behind("x-forwarded-for", &[("x-forwarded-for", &long)]), "10.0.0.2");
    }

    #[test]
    fn forwarded_is_read_as_rfc_7239_writes_it() {
        for (said, client) in [
            ("for=198.51.100.7", "198.51.100.7"),
            ("For=\"[3fff::7]:4711\";proto=https;by=10.0.0.1", "3fff::7"),
            ("for=203.0.113.9, for=198.51.100.7;proto=https, for=10.0.0.2", "198.51.100.7"),
            ("for=198.51.100.7, for=_hidden", "10.0.0.1"),
            ("for=\"198.51.100.7, for=203.0.113.9\"", "10.0.0.1"),
            ("proto=https", "10.0.0.1"),
        ] {
            assert_eq!(behind("forwarded", &[("forwarded", said)]), client, "{said}");
        }
    }

    #[test]
    fn the_header_that_the_proxy_does_not_set_is_not_read() {
        let both = [("x-forwarded-for", "198.51.100.7"), ("forwarded", "for=203.0.113.9")];
        assert_eq!(behind("x-forwarded-for", &both), "198.51.100.7");
        assert_eq!(behind("forwarded", &both), "203.0.113.9");
        assert_eq!(behind("forwarded", &both[..1]), "10.0.0.1");
    }

    #[test]
    fn one_word_of_plain_http_is_enough() {
        for (said, open) in
            [("https", false), ("HTTPS", false), ("http", true), ("https, http", true), ("http,https", true)]
        {
            assert_eq!(
                came_in_the_open(&headers(&[("x-forwarded-proto", said)]), ForwardedBy::XForwarded),
                open,
                "{said}"
            );
            let said = format!("for=198.51.100.7;proto={}", said.replace(',', ", proto="));
            assert_eq!(
                came_in_the_open(&headers(&[("forwarded", &said)]), ForwardedBy::Forwarded),
                open,
                "{said}"
            );
        }
        assert!(
            !came_in_the_open(&headers(&[]), ForwardedBy::XForwarded),
            "who says nothing of it says nothing against it"
        );
    }
}
