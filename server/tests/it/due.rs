//! What has to be done first at a sign-in: until then nothing else is, whatever is asked, by REST, by pages and by streams. Over the
//! real use cases and a database.

use crate::{
    audited::forms,
    authority::pages,
    bodies::body,
    coverage::operations,
    fake::RUN,
    house::{Answered, Client, URL},
};
use holdfast_app::{App, Settings};
use holdfast_domain::{PersonId, Role};
use holdfast_server::{
    config::Proxies,
    http::{self, session_store::PostgresSessions},
    state::{AppState, Site},
};
use holdfast_store::{AuditActor, AuditEntry, AuditFilter, AuditRecord, Store};
use holdfast_testkit::{TestDatabase, test_database};
use std::sync::Arc;

const EMAIL: &str = "all@example.com";
const PASSWORD: &str = "a long enough password";

/// Nobody need be signed in, or it begins and ends one's own session.
const DOOR: [&str; 4] = ["/sign-in", "/sign-in/code", "/api/v1/session", "/api/v1/openapi.json"];

/// Somebody with every role, who has something to do first.
struct Waiting {
    client: Client,
    store: Store,
    cookie: String,
    _database: TestDatabase,
}

impl Waiting {
    async fn for_a_password_of_their_own() -> Self {
        let database = test_database().await;
        let store = database.store().await;
        let app = App::new(store.clone(), Settings::default());
        let roles = Role::ALL.map(Into::into).to_vec();
        let made = app.put_person(EMAIL.into(), roles, vec![], PASSWORD.into()).await.unwrap();
        let mut change = store.begin().await.unwrap();
        change.make_password_temporary(PersonId(made.id.parse().unwrap()), 3_600).await.unwrap();
        let by = AuditActor::System { name: "test".into() };
        change.commit(AuditEntry::done("test.set_up", by, "test", 1)).await.unwrap();
        let site = Site {
            public_url: URL.to_owned(),
            simulator_url: None,
            demo: false,
            notes: vec![],
            checkpoints: vec![],
            production: false,
            proxies: Proxies::default(),
            provider: None,
        };
        let state = AppState::new(Arc::new(app.accountable()), site);
        let client = Client(http::router(state, PostgresSessions::new(store.clone())).unwrap());
        let mut waiting = Self { client, store, cookie: String::new(), _database: database };
        let sent = format!(r#"{{"email": "{EMAIL}", "password": "{PASSWORD}"}}"#);
        let signed_in = waiting.send("POST", "/api/v1/session", &sent).await;
        assert_eq!(signed_in.json()["due"], "own_password", "{}", signed_in.text);
        waiting.cookie = signed_in.cookie().unwrap();
        waiting
    }

    async fn send(&self, method: &str, path: &str, body: &str) -> Answered {
        let kind =
            if path.starts_with("/api/") { "application/json" } else { "application/x-www-form-urlencoded" };
        let key = uuid::Uuid::now_v7().to_string();
        let mut headers = vec![("origin", URL), ("idempotency-key", key.as_str()), ("content-type", kind)];
        if !self.cookie.is_empty() {
            headers.push(("cookie", &self.cookie));
        }
        // Else a stream of events that is let through would not end.
        if path.ends_with("/events") {
            headers.push(("accept", "application/json"));
        }
        self.client.send(method, path, &headers, body).await
    }

    /// The newest entry about what they asked for.
    async fn newest(&self) -> AuditRecord {
        let filter = AuditFilter { actor: Some(EMAIL.into()), limit: 1, ..AuditFilter::default() };
        self.store.audit_entries(&filter).await.unwrap().remove(0)
    }
}

#[tokio::test]
async fn until_the_password_is_ones_own_rest_does_nothing_but_change_it() {
    let waiting = Waiting::for_a_password_of_their_own().await;
    let first = [
        "PUT /api/v1/session/password",
        "POST /api/v1/session/proof",
        "POST /api/v1/session/proof/challenge",
        "GET /api/v1/session/factors",
    ];
    let mut refused = 0;
    for (method, path, filled, operation) in operations() {
        if DOOR.contains(&path.as_str()) || operation["security"].as_array().is_some_and(Vec::is_empty) {
            continue;
        }
        let answer = waiting.send(&method, &filled, body(&method, &path)).await;
        let code = if answer.status >= 400 { answer.code() } else { String::new() };
        if first.contains(&format!("{method} {path}").as_str()) {
            assert_ne!(code, "own_password_due", "{method} {path}");
            continue;
        }
        assert_eq!(
            (answer.status, code.as_str()),
            (403, "own_password_due"),
            "{method} {path}: {}",
            answer.text
        );
        refused += 1;
    }
    assert!(refused > 100, "only {refused} operations were asked");
    assert_eq!(waiting.send("GET", "/live", "").await.code(), "own_password_due", "no stream is opened");
    let me = waiting.send("GET", "/api/v1/session", "").await;
    assert_eq!((me.status, me.json()["due"].as_str()), (200, Some("own_password")), "it is still told");
}

#[tokio::test]
async fn until_the_password_is_ones_own_every_page_leads_to_where_it_is_chosen() {
    let waiting = Waiting::for_a_password_of_their_own().await;
    for (_, path) in pages().into_iter().filter(|(method, _)| *method == "GET") {
        let parts = path.split('/').map(|part| if part.starts_with('{') { RUN } else { part });
        let answer = waiting.send("GET", &parts.collect::<Vec<_>>().join("/"), "").await;
        match path.as_str() {
            "/me" | "/prove" => assert_eq!(answer.status, 200, "{path}"),
            path if DOOR.contains(&path) => {}
            _ => assert_eq!((answer.status, answer.header("location")), (303, "/me"), "{path}"),
        }
    }
    for path in forms().into_iter().filter(|path| path != "/me/password") {
        waiting.send("POST", &path, "").await;
        assert!(waiting.newest().await.entry.refusal_code.is_some(), "{path} was done");
    }
    let page = waiting.send("GET", "/me", "").await;
    assert!(page.text.contains("Choose a password of your own") && page.text.contains("/sign-out"));
    assert!(!page.text.contains("/me/codes") && !page.text.contains("/me/sessions/end"), "and nothing else");
    let before = waiting.newest().await.id;
    waiting.send("GET", "/me", "").await;
    assert_eq!(waiting.newest().await.id, before, "looking at it is refused nothing");

    let form = format!("present={PASSWORD}&new=another+long+password&again=another+long+password");
    let chosen = waiting.send("POST", "/me/password", &form.replace(' ', "+")).await;
    assert_eq!((chosen.status, chosen.header("location")), (303, "/me"));
    let done = Waiting { cookie: chosen.cookie().unwrap(), ..waiting };
    assert_eq!(done.send("GET", "/runs", "").await.status, 200);
    assert!(done.send("GET", "/api/v1/session", "").await.json().get("due").is_none());
}
