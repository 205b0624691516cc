//! What is not done on an old sign-in, by route: every change that REST knows stands in one of two tables, and each of the first is
//! refused on an old sign-in, with the way out. What stands behind each is tested in `crates/app/tests/it/step_up.rs`.

use crate::{
    fake::RUN,
    house::{Answered, Client, URL},
};
use holdfast_api::people::NewPerson;
use holdfast_app::{App, Settings};
use holdfast_domain::{PersonId, Role};
use holdfast_server::{
    config::Proxies,
    http::{self, session_store::PostgresSessions, v1::document},
    state::{AppState, Site},
};
use holdfast_store::{AuditActor, AuditEntry, Pools, Store};
use holdfast_testkit::{TestDatabase, test_database};
use serde_json::Value;
use std::sync::Arc;

const PASSWORD: &str = "a long enough password";

/// Method, path, body: refused on an old sign-in.
const WANTS_A_FRESH_PROOF: [(&str, &str, &str); 39] = [
    (
        "POST",
        "/runs",
        r#"{"application": "shop", "intent": "failover", "mode": "planned", "reason": "x", "overrides": ["change_freeze"]}"#,
    ),
    (
        "POST",
        "/runs",
        r#"{"application": "shop", "intent": "failover", "mode": "planned", "reason": "x", "break_glass": true}"#,
    ),
    ("POST", "/runs/{id}/break_glass", ""),
    ("POST", "/evacuations/{id}/break_glass", ""),
    ("POST", "/break_glasses", r#"{"reason": "x"}"#),
    ("POST", "/break_glasses/{id}/review", r#"{"words": "x"}"#),
    ("POST", "/sealed_codes", r#"{"kept_at": "x"}"#),
    ("POST", "/offline_codes", ""),
    ("POST", "/runs/{id}/reviews", r#"{"decision": "approve", "plan_digest": "x"}"#),
    ("POST", "/runs/{id}/escalate", r#"{"reason": "x", "confirm": "shop", "overrides": []}"#),
    ("POST", "/runs/{id}/abort", r#"{"reason": "x", "confirm": "shop"}"#),
    ("POST", "/runs/{id}/steps/{step}/skip", r#"{"reason": "x"}"#),
    (
        "POST",
        "/evacuations",
        r#"{"region": "us-east-1", "mode": "planned", "reason": "x", "overrides": ["change_freeze"]}"#,
    ),
    ("POST", "/evacuations/{id}/reviews", r#"{"decision": "approve", "plan_digest": "x"}"#),
    ("POST", "/evacuations/{id}/go_on", r#"{"reason": "x"}"#),
    (
        "PUT",
        "/inventory",
        r#"{"version": 1, "approval_policies": [{"name": "new", "rules": [{"group": "sre", "approvals": 1}], "expires_after": "2h"}]}"#,
    ),
    (
        "PUT",
        "/accounts/{id}",
        r#"{"name": "other", "read_role_arn": "arn:aws:iam::222222222222:role/r", "act_role_arn": "arn:aws:iam::222222222222:role/a"}"#,
    ),
    ("DELETE", "/accounts/{id}", ""),
    (
        "POST",
        "/applications/{name}/waivers",
        r#"{"step": "front-door", "plane": "route53@us-east-1", "reason": "x", "review_on": "2027-03-01"}"#,
    ),
    ("POST", "/applications/{name}/webhooks/{step}/secret", ""),
    ("POST", "/people", r#"{"email": "new@example.com", "roles": ["viewer"]}"#),
    ("PATCH", "/people/{id}", r#"{"disabled": true}"#),
    ("DELETE", "/people/{id}/factors", ""),
    ("POST", "/people/sign_out", r#"{"confirm": "everybody"}"#),
    ("POST", "/groups", r#"{"name": "sre"}"#),
    ("PUT", "/groups/{name}", r#"{"members": []}"#),
    (
        "POST",
        "/policies",
        r#"{"name": "new", "rules": [{"group": "sre", "approvals": 1}], "expires_after": "2h"}"#,
    ),
    ("PUT", "/policies/{name}", r#"{"rules": [{"group": "sre", "approvals": 1}], "expires_after": "2h"}"#),
    ("DELETE", "/policies/{name}", ""),
    ("POST", "/tokens", r#"{"name": "x", "scopes": ["runs:read"]}"#),
    ("POST", "/session/factors/totp", ""),
    ("DELETE", "/session/factors/totp", ""),
    ("POST", "/session/factors/totp/confirm", r#"{"code": "123456"}"#),
    ("POST", "/session/factors/recovery_codes", ""),
    ("POST", "/session/passkeys/challenge", ""),
    ("POST", "/session/passkeys", r#"{"name": "x", "answer": {}}"#),
    ("PATCH", "/session/passkeys/{id}", r#"{"name": "x"}"#),
    ("DELETE", "/session/passkeys/{id}", ""),
    ("DELETE", "/people/{id}/passkeys/{passkey}", ""),
];

/// Makes nothing weaker, is not done at once, or is the proof itself.
const WANTS_NONE: [&str; 42] = [
    "DELETE /applications/{name}",
    "DELETE /applications/{name}/waivers/{waiver}",
    "DELETE /channels/{id}",
    "DELETE /evacuations/{id}/reviews",
    "DELETE /freezes/{id}",
    "DELETE /offline_codes/{id}",
    "DELETE /on_call/{name}",
    "DELETE /on_call/{name}/overrides/{id}",
    "DELETE /runs/{id}/reviews",
    "DELETE /sealed_codes/{id}",
    "DELETE /session",
    "DELETE /sessions",
    "DELETE /sessions/{id}",
    "DELETE /tokens/{id}",
    "PATCH /regions/{code}",
    "POST /applications/{name}/plans",
    "POST /applications/{name}/plans/{version}/evaluations",
    "POST /applications/{name}/refresh",
    "POST /break_glasses/{id}/end",
    "POST /channels",
    "POST /channels/{id}/test",
    "POST /evacuations/{id}/cancel",
    "POST /evacuations/{id}/commit",
    "POST /freezes",
    "POST /journals",
    "POST /on_call/{name}/overrides",
    "POST /runs/{id}/acknowledge",
    "POST /runs/{id}/cancel",
    "POST /runs/{id}/commit",
    "POST /runs/{id}/end_drill",
    "POST /runs/{id}/pause",
    "POST /runs/{id}/resume",
    "POST /runs/{id}/steps/{step}/confirm",
    "POST /runs/{id}/steps/{step}/retry",
    "POST /runs/{id}/try_again",
    "POST /session",
    "POST /session/proof",
    "POST /session/proof/challenge",
    "PUT /applications/{name}",
    "PUT /automation",
    "PUT /on_call/{name}",
    "PUT /session/password",
];

/// Path of a form, what it sends, and the page that it stands on.
const FORMS: [(&str, &str, &str); 31] = [
    (
        "/applications/shop/runs",
        "intent=failover&mode=planned&reason=x&override_change_freeze=yes&idempotency_key=k",
        "/applications/shop/runs/new?intent=failover&mode=planned",
    ),
    ("/runs/{id}/review", "decision=approve&plan_digest=x", "/runs/{id}"),
    ("/runs/{id}/escalate", "reason=x&confirm=shop", "/runs/{id}/escalate"),
    ("/runs/{id}/steps/observe/skip", "reason=x", "/runs/{id}"),
    ("/evacuations/{id}/review", "decision=approve&plan_digest=x", "/evacuations/{id}"),
    ("/evacuations/{id}/go-on", "reason=x", "/evacuations/{id}"),
    (
        "/regions/us-east-1/evacuate",
        "mode=planned&reason=x&overrides=change_freeze&idempotency_key=k",
        "/regions/us-east-1/evacuate?mode=planned&overrides=change_freeze",
    ),
    ("/break-glass", "reason=x", "/break-glass"),
    ("/break-glass/{id}/review", "words=x", "/break-glass/{id}"),
    ("/break-glass/codes", "kept_at=x", "/break-glass"),
    ("/break-glass/offline-code", "", "/break-glass"),
    ("/runs/{id}/break_glass", "", "/runs/{id}"),
    ("/evacuations/{id}/break_glass", "", "/evacuations/{id}"),
    ("/people", "email=new%40example.com&role-viewer=on", "/people"),
    ("/people/{id}", "email=x%40example.com&role-viewer=on", "/people"),
    ("/people/{id}/disable", "", "/people"),
    ("/people/{id}/enable", "", "/people"),
    ("/people/{id}/reset-factor", "", "/people"),
    ("/people/sign-out", "confirm=everybody", "/people"),
    ("/groups", "name=sre", "/people"),
    ("/policies", "name=new&rules=sre%3A1&expires_after=2h", "/policies"),
    ("/policies/new/remove", "", "/policies"),
    ("/tokens", "name=x&scope-runs%3Aread=on&days=1", "/tokens"),
    ("/me/codes", "", "/me"),
    ("/me/codes/confirm", "code=123456", "/me"),
    ("/me/codes/remove", "", "/me"),
    ("/me/recovery-codes", "", "/me"),
    ("/me/passkeys", "name=x&passkey=%7B%7D", "/me"),
    ("/me/passkeys/{id}/name", "name=x", "/me"),
    ("/me/passkeys/{id}/remove", "", "/me"),
    ("/people/{id}/passkeys/{passkey}/remove", "", "/people/{id}/passkeys"),
];

struct Real {
    client: Client,
    cookie: String,
    database: TestDatabase,
}

impl Real {
    /// The whole router over the real use cases, and somebody with every role who is signed in.
    async fn new() -> Self {
        let database = test_database().await;
        let store = Store::connect(&database.app_url, Pools { web: 4, engine: 1 }).await.unwrap();
        let app = App::new(store.clone(), Settings::default());
        let new = NewPerson {
            email: "all@example.com".into(),
            role: Role::Admin,
            groups: vec![],
            password: PASSWORD.into(),
        };
        let person = PersonId(app.create_person(new).await.unwrap().id.parse().unwrap());
        let mut change = store.begin().await.unwrap();
        change.set_roles(person, &Role::ALL).await.unwrap();
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
            requests_per_minute: None,
        };
        let state = AppState::new(Arc::new(app.accountable()), site);
        let client = Client(http::router(state, PostgresSessions::new(store)).unwrap());
        let mut real = Self { client, cookie: String::new(), database };
        let body = format!(r#"{{"email": "all@example.com", "password": "{PASSWORD}"}}"#);
        let answer = real.send("POST", "/api/v1/session", "application/json", &body).await;
        real.cookie = answer.cookie().unwrap();
        real
    }

    async fn send(&self, method: &str, path: &str, kind: &str, body: &str) -> Answered {
        let key = format!("{method}-{path}");
        let mut headers = vec![("origin", URL), ("idempotency-key", key.as_str())];
        if !self.cookie.is_empty() {
            headers.push(("cookie", &self.cookie));
        }
        if !body.is_empty() {
            headers.push(("content-type", kind));
        }
        self.client.send(method, path, &headers, body).await
    }

    async fn grows_old(&self) {
        let old = "UPDATE sessions SET data = jsonb_set(data, '{signed_in,proved_at}', to_jsonb('2020-01-01T00:00:00Z'::text))";
        sqlx::raw_sql(old).execute(&mut self.database.owner().await).await.unwrap();
    }
}

fn filled(path: &str) -> String {
    path.replace("/accounts/{id}", "/accounts/222222222222")
        .replace("{step}", "observe")
        .replace("{name}", "shop")
        .replace("{passkey}", RUN)
        .replace("{id}", RUN)
}

fn percent_encoded(path: &str) -> String {
    form_urlencoded::byte_serialize(path.as_bytes()).collect()
}

#[test]
fn every_change_that_rest_knows_is_in_one_of_the_two_tables() {
    let document = serde_json::to_value(document()).unwrap();
    let mut unknown = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys().map(|method| method.to_uppercase()) {
            let Some(path) = path.strip_prefix("/api/v1") else { continue };
            let wants = WANTS_A_FRESH_PROOF.iter().any(|(m, p, _)| (*m, *p) == (method.as_str(), path));
            let none = WANTS_NONE.contains(&format!("{method} {path}").as_str());
            if ["POST", "PUT", "PATCH", "DELETE"].contains(&method.as_str()) && wants == none {
                unknown.push(format!("{method} {path}"));
            }
        }
    }
    assert!(unknown.is_empty(), "say whether these want a fresh proof: {unknown:#?}");
}

#[tokio::test]
async fn every_route_in_the_table_is_refused_on_an_old_sign_in_with_the_way_out() {
    let real = Real::new().await;
    real.grows_old().await;
    for (method, path, body) in WANTS_A_FRESH_PROOF {
        let answer = real.send(method, &format!("/api/v1{}", filled(path)), "application/json", body).await;
        assert_eq!(answer.status, 403, "{method} {path}: {}", answer.text);
        let problem: Value = answer.json();
        assert_eq!(problem["code"], "fresh_identity_needed", "{method} {path}: {}", answer.text);
        assert!(problem["way_out"].as_str().unwrap().contains("/api/v1/session/proof"), "{method} {path}");
    }
}

#[tokio::test]
async fn every_form_in_the_table_leads_to_the_proof_and_back_to_its_page() {
    let real = Real::new().await;
    real.grows_old().await;
    for (path, form, page) in FORMS {
        let answer = real.send("POST", &filled(path), "application/x-www-form-urlencoded", form).await;
        let to = format!("/prove?next={}", percent_encoded(&filled(page)));
        assert_eq!((answer.status, answer.header("location")), (303, to.as_str()), "{path}");
        assert!(
            answer.header("set-cookie").contains("__Host-holdfast-flash="),
            "{path} forgets what was typed"
        );
    }
    let proof = format!("password={}&next=%2Ftokens", PASSWORD.replace(' ', "+"));
    let proved = real.send("POST", "/prove", "application/x-www-form-urlencoded", &proof).await;
    assert_eq!((proved.status, proved.header("location")), (303, "/tokens"));
    let fresh = Real { cookie: proved.cookie().unwrap(), ..real };
    let form = "name=x&scope-runs%3Aread=on&days=1";
    let made = fresh.send("POST", "/tokens", "application/x-www-form-urlencoded", form).await;
    assert!(made.status == 200 && made.text.contains("hf_"), "{}", made.status);
}
