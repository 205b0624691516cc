//! What has to be done first at a sign-in: until then nothing else is, whatever is asked, by REST, by pages and by streams. Over the
//! real use cases and a database.

use crate::{
    audited::forms,
    authority::pages,
    bodies::body,
    coverage::operations,
    fake::RUN,
    house::{Answered, Client, URL, site},
};
use holdfast_app::{App, Settings, sealing::Sealing};
use holdfast_domain::{Due, PersonId, Role};
use holdfast_server::{
    http::{self, session_store::PostgresSessions},
    state::AppState,
};
use holdfast_store::{AuditActor, AuditEntry, AuditFilter, AuditRecord, Store};
use holdfast_testkit::{TestDatabase, test_database};
use std::sync::Arc;
use totp_rs::{Builder, Secret};

const EMAIL: &str = "all@example.com";
const PASSWORD: &str = "a long enough password";

/// Nobody need be signed in, or it begins and ends one's own session.
const DOOR: [&str; 4] = ["/sign-in", "/sign-in/code", "/api/v1/session", "/api/v1/openapi.json"];

/// Somebody with every role, who has something to do first.
struct Waiting {
    client: Client,
    store: Store,
    cookie: String,
    database: TestDatabase,
}

impl Waiting {
    async fn to_do(due: Due) -> Self {
        let database = test_database().await;
        let sealing = Sealing::parse(&Sealing::new_key().unwrap()).unwrap();
        let store = database.store().await.sealing_with(sealing.clone());
        let second_factor_for = if due == Due::SecondFactor { vec![Role::Approver] } else { vec![] };
        let settings = Settings { sealing: Some(sealing), second_factor_for, ..Settings::default() };
        let app = App::new(store.clone(), settings);
        let roles = Role::ALL.map(Into::into).to_vec();
        let made = app.put_person(EMAIL.into(), roles, vec![], PASSWORD.into()).await.unwrap();
        if due == Due::OwnPassword {
            let mut change = store.begin().await.unwrap();
            change.make_password_temporary(PersonId(made.id.parse().unwrap()), 3_600).await.unwrap();
            let by = AuditActor::System { name: "test".into() };
            change.commit(AuditEntry::done("test.set_up", by, "test", 1)).await.unwrap();
        }
        let state = AppState::new(Arc::new(app.accountable()), site(URL));
        let client = Client(http::router(state, PostgresSessions::new(store.clone())).unwrap());
        let mut waiting = Self { client, store, cookie: String::new(), database };
        let sent = format!(r#"{{"email": "{EMAIL}", "password": "{PASSWORD}"}}"#);
        let signed_in = waiting.send("POST", "/api/v1/session", &sent).await;
        assert_eq!(signed_in.json()["due"], due.as_str(), "{}", signed_in.text);
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

/// What leads to its being done, and whatever else is asked is refused.
async fn rest_does_only(due: Due, first: &[&str]) {
    let waiting = Waiting::to_do(due).await;
    let refusal = format!("{}_due", due.as_str());
    let mut refused = 0;
    for (method, path, filled, operation) in operations() {
        if DOOR.contains(&path.as_str()) || operation["security"].as_array().is_some_and(Vec::is_empty) {
            continue;
        }
        let named = format!("{method} {path}");
        let leads_there = first.contains(&named.as_str());
        // It would end the session that asks.
        if leads_there && named == "DELETE /api/v1/sessions" {
            continue;
        }
        let answer = waiting.send(&method, &filled, body(&method, &path)).await;
        let code = if answer.status >= 400 { answer.code() } else { String::new() };
        if leads_there {
            assert_ne!(code, refusal, "{named}");
            continue;
        }
        assert_eq!((answer.status, &code), (403, &refusal), "{named}: {}", answer.text);
        refused += 1;
    }
    assert!(refused > 100, "only {refused} operations were refused");
    assert_eq!(waiting.send("GET", "/live", "").await.code(), refusal, "no stream is opened");
    let me = waiting.send("GET", "/api/v1/session", "").await;
    assert_eq!((me.status, me.json()["due"].as_str()), (200, Some(due.as_str())), "it is still told");
}

const TO_PROVE_ONESELF: [&str; 4] = [
    "PUT /api/v1/session/password",
    "POST /api/v1/session/proof",
    "POST /api/v1/session/proof/challenge",
    "GET /api/v1/session/factors",
];

#[tokio::test]
async fn until_the_password_is_ones_own_rest_does_nothing_but_change_it() {
    rest_does_only(Due::OwnPassword, &TO_PROVE_ONESELF).await;
}

#[tokio::test]
async fn until_there_is_a_second_factor_rest_does_nothing_but_set_it_up() {
    let mut first = TO_PROVE_ONESELF.to_vec();
    first.extend([
        "POST /api/v1/session/factors/totp",
        "DELETE /api/v1/session/factors/totp",
        "POST /api/v1/session/factors/totp/confirm",
        "POST /api/v1/session/factors/recovery_codes",
        "GET /api/v1/session/passkeys",
        "POST /api/v1/session/passkeys",
        "POST /api/v1/session/passkeys/challenge",
        "PATCH /api/v1/session/passkeys/{id}",
        "DELETE /api/v1/session/passkeys/{id}",
        "GET /api/v1/sessions",
        "DELETE /api/v1/sessions",
        "DELETE /api/v1/sessions/{id}",
    ]);
    rest_does_only(Due::SecondFactor, &first).await;
}

/// Whatever page is asked for, and whatever form is sent but these.
async fn pages_lead_to_me(waiting: &Waiting, forms_there: &str) {
    for (_, path) in pages().into_iter().filter(|(method, _)| *method == "GET") {
        let parts = path.split('/').map(|part| if part.starts_with('{') { RUN } else { part });
        let answer = waiting.send("GET", &parts.collect::<Vec<_>>().join("/"), "").await;
        match path.as_str() {
            "/me" | "/prove" => assert_eq!(answer.status, 200, "{path}"),
            path if DOOR.contains(&path) => {}
            _ => assert_eq!((answer.status, answer.header("location")), (303, "/me"), "{path}"),
        }
    }
    for path in forms().into_iter().filter(|path| !path.starts_with(forms_there) || path.contains("channels"))
    {
        waiting.send("POST", &path, "").await;
        assert!(waiting.newest().await.entry.refusal_code.is_some(), "{path} was done");
    }
    let before = waiting.newest().await.id;
    waiting.send("GET", "/me", "").await;
    assert_eq!(waiting.newest().await.id, before, "looking at it is refused nothing");
}

#[tokio::test]
async fn until_the_password_is_ones_own_every_page_leads_to_where_it_is_chosen() {
    let waiting = Waiting::to_do(Due::OwnPassword).await;
    pages_lead_to_me(&waiting, "/me/password").await;
    let page = waiting.send("GET", "/me", "").await;
    assert!(page.text.contains("Choose a password of your own") && page.text.contains("/sign-out"));
    assert!(!page.text.contains("/me/codes") && !page.text.contains("/me/sessions/end"), "and nothing else");
    let form = format!("present={PASSWORD}&new=another+long+password&again=another+long+password");
    let chosen = waiting.send("POST", "/me/password", &form.replace(' ', "+")).await;
    assert_eq!((chosen.status, chosen.header("location")), (303, "/me"));
    let done = Waiting { cookie: chosen.cookie().unwrap(), ..waiting };
    assert_eq!(done.send("GET", "/runs", "").await.status, 200);
    assert!(done.send("GET", "/api/v1/session", "").await.json().get("due").is_none());
}

#[tokio::test]
async fn until_there_is_a_second_factor_every_page_leads_to_where_it_is_set_up() {
    let waiting = Waiting::to_do(Due::SecondFactor).await;
    pages_lead_to_me(&waiting, "/me/").await;
    let page = waiting.send("GET", "/me", "").await;
    // Without the marks between one text and the next.
    let page = page.text.replace("<!>", "");
    assert!(page.contains("Set up a second factor") && page.contains("/sign-out"), "{page}");
    assert!(page.contains("/me/codes") && !page.contains("/me/password"), "what it is, and nothing else");
    let shown = waiting.send("POST", "/api/v1/session/factors/totp", "").await.json();
    let secret = Secret::try_from_base32(shown["secret"].as_str().unwrap()).unwrap();
    let phone = Builder::new().with_secret(secret).build().unwrap();
    let now = u64::try_from(waiting.store.now().await.unwrap().as_second()).unwrap();
    let code = format!("code={}", phone.generate(now));
    let set_up = waiting.send("POST", "/me/codes/confirm", &code).await;
    assert!(set_up.status == 200 && set_up.text.contains("codes to recover with"), "{}", set_up.text);
    assert_eq!(waiting.send("GET", "/runs", "").await.status, 200);
    assert!(waiting.send("GET", "/api/v1/session", "").await.json().get("due").is_none());
}

#[tokio::test]
async fn of_a_sign_in_that_a_provider_vouched_for_nothing_is_due_here() {
    for due in [Due::OwnPassword, Due::SecondFactor] {
        let waiting = Waiting::to_do(due).await;
        assert_eq!(waiting.send("GET", "/runs", "").await.status, 303);
        let by_provider = r#"UPDATE sessions
             SET data = jsonb_set(data, '{signed_in,begun_by}', '{"issuer": "https://id.example.com", "session": null}')"#;
        sqlx::raw_sql(by_provider).execute(&mut waiting.database.owner().await).await.unwrap();
        assert_eq!(waiting.send("GET", "/runs", "").await.status, 200, "{due:?}");
        assert!(waiting.send("GET", "/api/v1/session", "").await.json().get("due").is_none());
    }
}
