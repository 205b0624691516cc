//! Claims about sessions and streams where two servers share one database: what ends on one has ended on the other.

use futures::StreamExt as _;
use holdfast_api::people::NewPerson;
use holdfast_app::{App, Settings, federation::ClaimRules};
use holdfast_domain::{Hosts, Role, Scope};
use holdfast_server::{
    config::Proxies,
    serve::{Parts, Server},
    state::Site,
};
use holdfast_store::{Pools, Store};
use holdfast_testkit::{TestDatabase, test_database};
use reqwest::{Method, Response, StatusCode, header};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

const PASSWORD: &str = "a long enough password";
/// What is over is over everywhere within this.
const AT_ONCE: Duration = Duration::from_secs(1);

struct Two {
    urls: [String; 2],
    app: App,
    http: reqwest::Client,
    _servers: [Server; 2],
    _database: TestDatabase,
}

/// One over that database, and its URL.
pub async fn server(database_url: &str, proxies: Proxies) -> (Server, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let site = Site {
        public_url: url.clone(),
        simulator_url: None,
        demo: false,
        notes: vec![],
        checkpoints: vec![],
        production: false,
        proxies,
        provider: None,
        requests_per_minute: None,
    };
    let store = Store::connect(database_url, Pools { web: 4, engine: 1 }).await.unwrap();
    let parts = Parts {
        store,
        listener,
        site,
        stale_after: Duration::from_secs(90),
        sealing: None,
        claim_rules: ClaimRules::default(),
        mail: false,
        second_factor_for: Vec::new(),
        breached: None,
        bundle_places_named: false,
        outside_hosts: Hosts::default(),
        workers: None,
    };
    (Server::start(parts).await.unwrap(), url)
}

impl Two {
    async fn new() -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let database = test_database().await;
        let store = Store::connect(&database.app_url, Pools { web: 4, engine: 1 }).await.unwrap();
        let app = App::new(store, Settings::default());
        for (email, role) in [
            ("one@example.com", Role::Operator),
            ("two@example.com", Role::Viewer),
            ("admin@example.com", Role::Admin),
        ] {
            let new = NewPerson { email: email.into(), role, groups: vec![], password: PASSWORD.into() };
            app.create_person(new).await.unwrap();
        }
        let one = || server(&database.app_url, Proxies::default());
        let (first, second) = (one().await, one().await);
        let urls = [first.1, second.1];
        Self { urls, app, http: reqwest::Client::new(), _servers: [first.0, second.0], _database: database }
    }

    /// On server `on`, with this cookie.
    async fn send(
        &self,
        on: usize,
        method: Method,
        path: &str,
        cookie: &str,
        body: Option<Value>,
    ) -> Response {
        let url = &self.urls[on];
        let mut request = self.http.request(method, format!("{url}{path}")).header(header::ORIGIN, url);
        if !cookie.is_empty() {
            request = request.header(header::COOKIE, cookie);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.unwrap()
    }

    async fn sign_in(&self, on: usize, email: &str) -> String {
        let body = json!({ "email": email, "password": PASSWORD });
        let answer = self.send(on, Method::POST, "/api/v1/session", "", Some(body)).await;
        assert_eq!(answer.status(), StatusCode::OK);
        cookie(&answer).unwrap()
    }

    async fn is_signed_in(&self, on: usize, cookie: &str) -> bool {
        self.send(on, Method::GET, "/api/v1/session", cookie, None).await.status() == StatusCode::OK
    }

    /// A stream that is open by now; it answers with how long after being awaited it ended.
    async fn listens(
        &self,
        on: usize,
        name: header::HeaderName,
        value: &str,
    ) -> impl Future<Output = Duration> + use<> {
        let answer =
            self.http.get(format!("{}/live", self.urls[on])).header(name, value).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let mut chunks = answer.bytes_stream();
        let first = chunks.next().await.unwrap().unwrap();
        assert!(String::from_utf8_lossy(&first).contains("listening"), "{first:?}");
        async move {
            let began = Instant::now();
            while let Ok(Some(Ok(_))) = tokio::time::timeout(Duration::from_secs(20), chunks.next()).await {}
            began.elapsed()
        }
    }
}

fn cookie(answer: &Response) -> Option<String> {
    let lines = answer.headers().get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
    lines
        .filter_map(|line| line.split(';').next())
        .find(|pair| pair.starts_with("__Host-holdfast="))
        .map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_signed_out_disabled_or_demoted_is_so_on_every_server_at_once_streams_included() {
    let two = Two::new().await;
    let admin = two.sign_in(0, "admin@example.com").await;
    let one = "/api/v1/people/one@example.com";
    for (what, path, method, body) in [
        ("signed out everywhere", "/api/v1/sessions", Method::DELETE, None),
        ("demoted", one, Method::PATCH, Some(json!({ "roles": ["viewer"] }))),
        ("given a new password", one, Method::PATCH, Some(json!({ "password": PASSWORD }))),
        ("disabled", one, Method::PATCH, Some(json!({ "disabled": true }))),
    ] {
        // As they were.
        let anew = vec![Role::Operator.into()];
        two.app.put_person("one@example.com".into(), anew, vec![], PASSWORD.into()).await.unwrap();
        let cookies = [two.sign_in(0, "one@example.com").await, two.sign_in(1, "one@example.com").await];
        let other = two.sign_in(1, "two@example.com").await;
        let ends = [
            two.listens(1, header::COOKIE, &cookies[0]).await,
            two.listens(0, header::COOKIE, &cookies[1]).await,
        ];
        let goes_on = two.listens(1, header::COOKIE, &other).await;
        let by = if path == one { &admin } else { &cookies[0] };
        let answer = two.send(0, method, path, by, body).await;
        assert!(answer.status().is_success(), "{what}: {}", answer.text().await.unwrap());
        for stream in ends {
            let took = stream.await;
            assert!(took < AT_ONCE, "{what}: the stream ended after {took:?}");
        }
        for on in [0, 1] {
            for cookie in &cookies {
                assert!(!two.is_signed_in(on, cookie).await, "{what}, on server {on}");
            }
            assert!(two.is_signed_in(on, &other).await, "{what}: somebody else");
        }
        assert!(
            tokio::time::timeout(AT_ONCE, goes_on).await.is_err(),
            "{what}: somebody else's stream ended"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_session_is_ended_from_another_and_signing_out_ends_ones_own_stream() {
    let two = Two::new().await;
    let (first, second) = (two.sign_in(0, "one@example.com").await, two.sign_in(1, "one@example.com").await);
    let listed: Value =
        two.send(1, Method::GET, "/api/v1/sessions", &first, None).await.json().await.unwrap();
    let items = listed["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert!(!listed.to_string().contains(second.trim_start_matches("__Host-holdfast=")), "a secret is shown");
    let other =
        items.iter().find(|session| session["current"] == false).unwrap()["id"].as_str().unwrap().to_owned();
    let ends = two.listens(0, header::COOKIE, &second).await;
    let path = format!("/api/v1/sessions/{other}");
    let answer = two.send(0, Method::DELETE, &path, &first, None).await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    assert!(ends.await < AT_ONCE);
    assert!(!two.is_signed_in(1, &second).await && two.is_signed_in(1, &first).await);
    assert_eq!(two.send(0, Method::DELETE, &path, &first, None).await.status(), StatusCode::NOT_FOUND);
    let ends = two.listens(1, header::COOKIE, &first).await;
    two.send(0, Method::DELETE, "/api/v1/session", &first, None).await;
    assert!(ends.await < AT_ONCE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_changed_ends_every_other_session_on_every_server() {
    let two = Two::new().await;
    let (here, there) = (two.sign_in(0, "one@example.com").await, two.sign_in(1, "one@example.com").await);
    let other = two.sign_in(1, "two@example.com").await;
    let ends = two.listens(1, header::COOKIE, &there).await;
    let body = json!({ "present": PASSWORD, "new": "another long password" });
    let changed = two.send(0, Method::PUT, "/api/v1/session/password", &here, Some(body)).await;
    assert_eq!(changed.status(), StatusCode::OK);
    let next = cookie(&changed).unwrap();
    assert_eq!(changed.json::<Value>().await.unwrap()["sessions_ended"], 1);
    assert!(ends.await < AT_ONCE);
    for on in [0, 1] {
        assert!(!two.is_signed_in(on, &there).await && !two.is_signed_in(on, &here).await);
        assert!(two.is_signed_in(on, &next).await && two.is_signed_in(on, &other).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_signs_everybody_out_on_every_server_at_once_streams_included() {
    let two = Two::new().await;
    let admin = two.sign_in(0, "admin@example.com").await;
    let (one, other) = (two.sign_in(0, "one@example.com").await, two.sign_in(1, "two@example.com").await);
    let all = [&admin, &one, &other];
    let path = "/api/v1/people/sign_out";
    for (by, confirm, status) in [
        (&one, "everybody", StatusCode::FORBIDDEN),
        (&admin, "yes", StatusCode::UNPROCESSABLE_ENTITY),
        (&admin, "", StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let refused = two.send(1, Method::POST, path, by, Some(json!({ "confirm": confirm }))).await;
        assert_eq!(refused.status(), status, "{confirm}");
    }
    let mut ends = Vec::new();
    for (on, cookie) in [(1, &admin), (1, &one), (0, &other)] {
        assert!(two.is_signed_in(on, cookie).await);
        ends.push(two.listens(on, header::COOKIE, cookie).await);
    }
    let ended = two.send(0, Method::POST, path, &admin, Some(json!({ "confirm": "everybody" }))).await;
    assert_eq!(ended.status(), StatusCode::OK);
    assert_eq!(ended.json::<Value>().await.unwrap()["sessions_ended"], 3);
    for stream in ends {
        let took = stream.await;
        assert!(took < AT_ONCE, "the stream ended after {took:?}");
    }
    for on in [0, 1] {
        for cookie in all {
            assert!(!two.is_signed_in(on, cookie).await, "on server {on}");
        }
    }
    let again = two.sign_in(1, "one@example.com").await;
    let audit = two.send(1, Method::GET, "/api/v1/audit?action=session.end_everybodys", &again, None).await;
    let entries = audit.json::<Value>().await.unwrap();
    let outcomes = |n: usize| (entries["items"][n]["outcome"].clone(), entries["items"][n]["detail"].clone());
    assert_eq!(outcomes(0), (json!("done"), json!({ "sessions": 3 })));
    assert_eq!(entries["items"].as_array().map(Vec::len), Some(4), "the refusals too: {entries}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_revoked_ends_the_stream_that_it_opened() {
    let two = Two::new().await;
    let made = two.app.create_token_for("one@example.com", "t", vec![Scope::RunsRead], 1).await.unwrap();
    let bearer = format!("Bearer {}", made.token.unwrap());
    let ends = two.listens(1, header::AUTHORIZATION, &bearer).await;
    let one = two.sign_in(0, "one@example.com").await;
    two.send(0, Method::DELETE, &format!("/api/v1/tokens/{}", made.id), &one, None).await;
    assert!(ends.await < AT_ONCE);
    let url = format!("{}/live", two.urls[0]);
    let again = two.http.get(url).header(header::AUTHORIZATION, &bearer).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_on_one_server_is_fresh_on_the_other_and_ends_the_cookie_that_it_was_made_with() {
    let two = Two::new().await;
    let old = two.sign_in(0, "one@example.com").await;
    let wrong =
        two.send(1, Method::POST, "/api/v1/session/proof", &old, Some(json!({ "password": "wrong" }))).await;
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    let proved =
        two.send(1, Method::POST, "/api/v1/session/proof", &old, Some(json!({ "password": PASSWORD }))).await;
    assert_eq!(proved.status(), StatusCode::OK);
    let new = cookie(&proved).unwrap();
    assert!(two.is_signed_in(0, &new).await && !two.is_signed_in(0, &old).await);
}
