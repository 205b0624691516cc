//! Every refusal leaves an entry in the audit log: asked of every route, over the real use cases and a database.

use crate::{
    bodies::body,
    coverage::operations,
    house::{Client, House, URL},
};
use holdfast_api::people::NewPerson;
use holdfast_app::{App, Settings};
use holdfast_domain::{Role, Scope};
use holdfast_store::{AuditActor, AuditEntry, AuditFilter, AuditOutcome, AuditRecord, Store};
use holdfast_testkit::{TestDatabase, test_database};
use std::{collections::BTreeSet, sync::Arc};

const PASSWORD: &str = "a long enough password";

/// Begins and ends sessions: strangers' refusals are counted (`store::logins`), and signing out is refused to nobody.
const NO_CHANGE: [&str; 2] = ["POST /api/v1/session", "DELETE /api/v1/session"];

/// The service over a database with nothing in it but people.
struct Real {
    app: App,
    store: Store,
    client: Client,
    _database: TestDatabase,
}

impl Real {
    async fn new() -> Self {
        let database = test_database().await;
        let store = database.store().await;
        let app = App::new(store.clone(), Settings::default());
        let (client, _) = Client::of(Arc::new(app.clone().accountable()));
        Self { app, store, client, _database: database }
    }

    async fn person(&self, email: &str, role: Role) {
        let new = NewPerson { email: email.into(), role, groups: vec![], password: PASSWORD.into() };
        self.app.create_person(new).await.unwrap();
    }

    /// The header of a token of this person.
    async fn token(&self, email: &str, scopes: &[Scope]) -> String {
        let made = self.app.create_token_for(email, "test", scopes.to_vec(), 1).await.unwrap();
        format!("Bearer {}", made.token.unwrap())
    }

    async fn session(&self, email: &str) -> String {
        let body = format!(r#"{{"email": "{email}", "password": "{PASSWORD}"}}"#);
        let json = [("content-type", "application/json")];
        self.client.send("POST", "/api/v1/session", &json, &body).await.cookie().unwrap()
    }

    async fn newest(&self) -> AuditEntry {
        let filter = AuditFilter { limit: 1, ..AuditFilter::default() };
        self.store.audit_entries(&filter).await.unwrap().remove(0).entry
    }

    /// Newest first.
    async fn refusals(&self) -> Vec<AuditRecord> {
        let filter =
            AuditFilter { outcome: Some(AuditOutcome::Refused), limit: 1_000, ..AuditFilter::default() };
        self.store.audit_entries(&filter).await.unwrap()
    }
}

#[tokio::test]
async fn every_changing_operation_leaves_an_entry_when_it_is_refused() {
    let real = Real::new().await;
    real.person("viewer@example.com", Role::Viewer).await;
    let token = real.token("viewer@example.com", &Scope::ALL).await;
    let mut before = real.refusals().await.len();
    for (method, path, filled, _) in operations() {
        if method == "GET" || NO_CHANGE.contains(&format!("{method} {path}").as_str()) {
            continue;
        }
        let headers = [
            ("authorization", token.as_str()),
            ("content-type", "application/json"),
            ("idempotency-key", filled.as_str()),
        ];
        let answer = real.client.send(&method, &filled, &headers, body(&method, &path)).await;
        assert!((400..500).contains(&answer.status), "{method} {path}: {}", answer.text);
        let refusals = real.refusals().await;
        assert_eq!(
            refusals.len(),
            before + 1,
            "{method} {path} leaves no entry, or several: {}",
            answer.text
        );
        let newest = &refusals[0].entry;
        assert_eq!(newest.refusal_code.as_deref(), Some(answer.code().as_str()), "{method} {path}");
        let by_the_viewer = matches!(&newest.actor, AuditActor::Person { email, token: Some(_), .. } if email == "viewer@example.com");
        assert!(by_the_viewer, "{method} {path}: {:?}", newest.actor);
        // The use case's own name, and not the door's: else `bodies.rs` has no good body for this operation.
        assert_ne!(newest.action, "request.send", "{method} {path}: {}", answer.text);
        before = refusals.len();
    }
}

#[tokio::test]
async fn every_form_leaves_an_entry_when_it_is_refused() {
    let real = Real::new().await;
    real.person("viewer@example.com", Role::Viewer).await;
    let cookie = real.session("viewer@example.com").await;
    let headers =
        [("cookie", cookie.as_str()), ("origin", URL), ("content-type", "application/x-www-form-urlencoded")];
    let mut before = real.refusals().await.len();
    let forms = forms();
    assert!(forms.len() > 30, "{forms:?}");
    for path in forms {
        let answer = real.client.send("POST", &path, &headers, "").await;
        let refusals = real.refusals().await;
        assert_eq!(refusals.len(), before + 1, "{path} leaves no entry, or several: {}", answer.status);
        before = refusals.len();
    }
}

/// The paths that take a form, filled in, read from the pages' own router.
pub fn forms() -> Vec<String> {
    // Sets a cookie, in this browser alone; signs out everywhere, which is refused to nobody.
    let no_change = ["/theme", "/me/sessions/end"];
    let source = include_str!("../../src/http/pages/mod.rs");
    let routes = source.split(".route(").skip(1).filter(|route| route.contains("post("));
    let paths = routes.map(|route| route.split('"').nth(1).unwrap());
    paths
        .filter(|path| !no_change.contains(path))
        .map(|path| {
            path.replace("{step}", "observe-again")
                .replace("{version}", "2")
                .replace("{passkey}", crate::fake::RUN)
                .replace("{name}", "shop")
                .replace("{code}", "us-east-1")
                .replace("{id}", crate::fake::RUN)
        })
        .collect()
}

#[tokio::test]
async fn every_reading_operation_that_is_refused_for_want_of_a_right_is_written_down() {
    let real = Real::new().await;
    real.person("operator@example.com", Role::Operator).await;
    let mut told = BTreeSet::new();
    for scope in [Scope::AuditRead, Scope::InventoryRead] {
        let token = real.token("operator@example.com", &[scope]).await;
        for (method, path, filled, _) in operations().into_iter().filter(|(method, ..)| method == "GET") {
            let answer = real.client.send(&method, &filled, &[("authorization", &token)], "").await;
            if answer.status == 403 {
                assert_eq!(answer.written_down, Some(true), "{path}");
                told.insert(path);
            }
        }
    }
    // Whoever is signed in may ask who they are; the rest is for everybody, or told to whoever has a right of their own.
    let for_all =
        ["/.well-known/security.txt", "/api/v1/openapi.json", "/api/v1/session", "/livez", "/readyz"];
    let missing: Vec<_> = operations()
        .into_iter()
        .filter(|(method, path, ..)| {
            method == "GET" && !told.contains(path) && !for_all.contains(&path.as_str())
        })
        .map(|(_, path, ..)| path)
        .collect();
    assert!(missing.is_empty(), "refused to nobody: {missing:?}");
    let entries = real.refusals().await;
    let actions: BTreeSet<_> = entries.iter().map(|record| record.entry.action.as_str()).collect();
    assert!(actions.contains("run.read") && actions.contains("account.read"), "{actions:?}");
    assert_eq!(entries.len(), actions.len(), "one of each kind within the window, however often it is asked");
}

#[tokio::test]
async fn an_entry_has_the_id_that_the_answer_of_its_request_tells() {
    let real = Real::new().await;
    real.person("admin@example.com", Role::Admin).await;
    real.person("viewer@example.com", Role::Viewer).await;
    let (admin, viewer) = (real.session("admin@example.com").await, real.session("viewer@example.com").await);
    let (json, form) = ("application/json", "application/x-www-form-urlencoded");
    let groups = "/api/v1/groups";
    for (cookie, key, path, kind, body, action, code) in [
        (&admin, None, groups, json, r#"{"name": "sre"}"#, "group.put", None),
        (&admin, Some("once"), groups, json, r#"{"name": "dba"}"#, "group.put", None),
        (&viewer, None, groups, json, r#"{"name": "ops"}"#, "group.put", Some("forbidden")),
        (&admin, None, groups, json, r#"{"name": 5}"#, "request.send", Some("invalid")),
        (&viewer, None, "/regions/us-east-1", form, "declared=fine", "request.send", Some("invalid")),
    ] {
        let mut headers = vec![("cookie", cookie.as_str()), ("origin", URL), ("content-type", kind)];
        headers.extend(key.map(|key| ("idempotency-key", key)));
        let answer = real.client.send("POST", path, &headers, body).await;
        let entry = real.newest().await;
        assert_eq!((entry.action.as_str(), entry.refusal_code.as_deref()), (action, code), "{path} {body}");
        let told = answer.header("x-request-id");
        assert_eq!(entry.request_id.as_deref(), Some(told), "{path} {body}");
    }
}

#[tokio::test]
async fn what_the_door_refuses_by_itself_is_handed_on_to_be_written_down() {
    let house = House::new();
    house.token("PATCH", "/api/v1/regions/us-east-1", r#"{"declared": "fine"}"#).await;
    house.token("POST", "/api/v1/runs", "{").await;
    let cookie = house.sign_in().await;
    let form =
        [("cookie", cookie.as_str()), ("origin", URL), ("content-type", "application/x-www-form-urlencoded")];
    house.send("POST", "/regions/us-east-1", &form, "declared=fine").await;
    let told = house.plane.turned_away.lock().unwrap().clone();
    assert_eq!(
        told,
        [
            "operator@example.com: PATCH /api/v1/regions/us-east-1: invalid",
            "operator@example.com: POST /api/v1/runs: malformed_json",
            "operator@example.com: POST /regions/us-east-1: invalid",
        ]
    );
}

#[tokio::test]
async fn reading_and_strangers_are_nothing_that_the_door_hands_on() {
    let house = House::new();
    house.token("GET", "/api/v1/runs?stat=running", "").await;
    house.token("POST", "/api/v1/nothing", "{}").await;
    house.token("PATCH", "/api/v1/runs", "").await;
    let json = [("content-type", "application/json")];
    house.send("POST", "/api/v1/people", &json, "{").await;
    assert_eq!(*house.plane.turned_away.lock().unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn what_was_sent_is_not_repeated_in_the_log() {
    let real = Real::new().await;
    real.person("admin@example.com", Role::Admin).await;
    let cookie = real.session("admin@example.com").await;
    let headers = [("cookie", cookie.as_str()), ("origin", URL), ("content-type", "application/json")];
    let body = r#"{"email": "a@example.com", "roles": "canary-5ec2e7"}"#;
    let answer = real.client.send("POST", "/api/v1/people", &headers, body).await;
    assert_eq!(answer.status, 422, "{}", answer.text);
    let refusals = real.refusals().await;
    assert_eq!((refusals.len(), refusals[0].entry.action.as_str()), (1, "request.send"));
    assert!(!format!("{:?}", refusals[0].entry).contains("canary"), "{refusals:?}");
}
