//! Where a request came from is the connection's word, and a proxy's only where the configuration names it: what tries at passwords
//! are counted by, and what the audit log says, cannot be chosen by whoever asks.

use crate::fake::Fake;
use crate::house::Client;
use axum::body::Body;
use axum::extract::ConnectInfo;
use holdfast_server::config::Proxies;
use std::net::SocketAddr;
use std::sync::Arc;

const SITE: &str = "https://holdfast.example.com";

struct Door {
    client: Client,
    plane: Arc<Fake>,
}

impl Door {
    fn behind(proxies: &str) -> Self {
        let plane = Arc::new(Fake::default());
        let proxies = Proxies::parse(proxies, None).unwrap();
        let (client, _) = Client::behind(proxies, SITE, plane.clone());
        Self { client, plane }
    }

    /// Signs in wrongly over a connection from there; the status.
    async fn knocks(&self, connection: &str, headers: &[(&str, &str)]) -> u16 {
        let connection: SocketAddr = format!("{connection}:4711").parse().unwrap();
        let mut request = ::http::Request::post("/api/v1/session")
            .header("host", "holdfast.example.com")
            .header("origin", SITE)
            .header("content-type", "application/json")
            .extension(ConnectInfo(connection));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = r#"{"email": "somebody@example.com", "password": "wrong"}"#;
        self.client.raw(request.body(Body::from(body)).unwrap()).await.status().as_u16()
    }
}

#[tokio::test]
async fn where_no_proxy_is_named_nobodys_word_on_where_they_are_is_taken() {
    let door = Door::behind("");
    for header in
        ["x-forwarded-for", "forwarded", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip"]
    {
        for said in ["203.0.113.9", "for=203.0.113.9"] {
            assert_eq!(door.knocks("198.51.100.7", &[(header, said)]).await, 401);
        }
    }
    assert!(door.plane.was_asked("sign in from 198.51.100.7"));
    assert!(!door.plane.was_asked("sign in from 203.0.113.9"));
}

#[tokio::test]
async fn a_named_proxy_is_believed_and_neither_its_client_nor_a_stranger_that_speaks_like_it() {
    let door = Door::behind("10.0.0.0/8");
    door.knocks("10.0.0.1", &[("x-forwarded-for", "203.0.113.9, 198.51.100.7")]).await;
    assert!(door.plane.was_asked("sign in from 198.51.100.7"));
    door.knocks("192.0.2.66", &[("x-forwarded-for", "203.0.113.9")]).await;
    assert!(door.plane.was_asked("sign in from 192.0.2.66"));
    door.knocks("10.0.0.1", &[("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=203.0.113.10")]).await;
    assert!(!door.plane.was_asked("sign in from 203.0.113.10"), "the header that the proxy does not set");
    door.knocks("10.0.0.1", &[]).await;
    assert!(door.plane.was_asked("sign in from 10.0.0.1"), "a proxy that says nothing is where it came from");
}

#[tokio::test]
async fn what_came_to_a_named_proxy_in_the_open_is_refused_and_a_strangers_word_on_that_is_not_heard() {
    let door = Door::behind("10.0.0.0/8");
    assert_eq!(door.knocks("10.0.0.1", &[("x-forwarded-proto", "http")]).await, 403);
    assert_eq!(door.knocks("10.0.0.1", &[("x-forwarded-proto", "https, http")]).await, 403);
    assert_eq!(door.knocks("10.0.0.1", &[("x-forwarded-proto", "https")]).await, 401);
    assert_eq!(door.knocks("192.0.2.66", &[("x-forwarded-proto", "http")]).await, 401);
}
