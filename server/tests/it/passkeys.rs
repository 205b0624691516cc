//! Keys at the door: from the password to the session by pages, the proof by page and by REST, and the whole way with a key that
//! nobody here wrote.

use crate::{
    fake::{KEY, PASSWORD, RIGHT, RUN},
    house::{Answered, Client, House, URL},
    software_key::SoftwareKey,
};
use holdfast_api::people::NewPerson;
use holdfast_app::{App, RelyingParty, Settings};
use holdfast_domain::Role;
use holdfast_server::{
    config::Proxies,
    http::{self, session_store::PostgresSessions},
    state::{AppState, Site},
};
use holdfast_testkit::{TestDatabase, test_database};
use serde_json::{Value, json};
use std::sync::Arc;

fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

#[tokio::test]
async fn a_key_finishes_a_sign_in_whose_password_was_right_and_no_other() {
    let house = House::new();
    let stranger = house.send("POST", "/sign-in/challenge", &[("origin", URL)], "").await;
    assert_eq!((stranger.status, stranger.code().as_str()), (401, "code_late"));
    let signed_in = house.sign_in().await;
    let with = [("cookie", signed_in.as_str()), ("origin", URL)];
    assert_eq!(house.send("POST", "/sign-in/challenge", &with, "").await.status, 401, "nothing waits there");

    let sent = form(&[("email", "careful@example.com"), ("password", PASSWORD), ("next", "/runs")]);
    let waiting = house.send("POST", "/sign-in", &[("origin", URL)], &sent).await.cookie().unwrap();
    let with = [("cookie", waiting.as_str()), ("origin", URL)];
    let page = house.send("GET", "/sign-in/code?next=%2Fruns", &with, "").await;
    assert!(page.text.contains("data-challenge=\"/sign-in/challenge\""), "{}", page.text);
    let asked = house.send("POST", "/sign-in/challenge", &with, "").await;
    assert_eq!((asked.status, &asked.json()["public_key"]["challenge"]), (200, &json!("AAAA")));
    for noise in ["", "{", "\"x\"", r#"{"id":"wrong"}"#] {
        let sent = form(&[("passkey", noise), ("next", "/runs")]);
        let wrong = house.send("POST", "/sign-in/passkey", &with, &sent).await;
        let back = "/sign-in/code?refused=passkey_refused&next=%2Fruns";
        assert_eq!((wrong.status, wrong.header("location")), (303, back), "{noise}");
        assert!(house.send("GET", back, &with, "").await.text.contains("answer is not right"));
    }
    let sent = form(&[("passkey", RIGHT), ("next", "/runs")]);
    let right = house.send("POST", "/sign-in/passkey", &with, &sent).await;
    assert_eq!((right.status, right.header("location")), (303, "/runs"));
    let cookie = right.cookie().unwrap();
    assert_ne!(cookie, waiting, "a session gets a new id when it becomes somebody's");
    let me = house.send("GET", "/api/v1/session", &[("cookie", &cookie)], "").await;
    assert_eq!(me.json()["second_factor"], true);
    let again = house.send("POST", "/sign-in/passkey", &with, &sent).await;
    assert_eq!(again.header("location"), "/sign-in?refused=code_late&next=%2Fruns");
}

#[tokio::test]
async fn a_key_proves_anew_by_page_and_by_rest_for_the_page_that_it_was_asked_for() {
    let house = House::new();
    let cookie = house.sign_in().await;
    let with = [("cookie", cookie.as_str()), ("origin", URL)];
    let next = format!("/runs/{RUN}");
    let sent = form(&[("passkey", RIGHT), ("next", &next)]);
    let proved = house.send("POST", "/prove", &with, &sent).await;
    assert_eq!((proved.status, proved.header("location")), (303, next.as_str()));
    assert!(house.plane.was_asked(&format!("key answers for {:?}", Some(&next))));
    let cookie = proved.cookie().unwrap();
    let with = [("cookie", cookie.as_str()), ("origin", URL), ("content-type", "application/json")];
    let me = house.send("GET", "/api/v1/session", &with, "").await;
    assert_eq!(me.json()["second_factor"], true);

    let asked = house.send("POST", "/api/v1/session/proof/challenge", &with, r#"{"page": "/tokens"}"#).await;
    assert_eq!(asked.status, 201, "{}", asked.text);
    assert!(house.plane.was_asked("challenge for Some(\"/tokens\")"));
    let body = format!(r#"{{"passkey": {{"answer": {RIGHT}, "page": "/tokens"}}}}"#);
    let proved = house.send("POST", "/api/v1/session/proof", &with, &body).await;
    assert_eq!((proved.status, &proved.json()["second_factor"]), (200, &json!(true)), "{}", proved.text);
    assert!(house.plane.was_asked("key answers for Some(\"/tokens\")"));
    // The proof that comes last is the one that counts.
    let with = [("cookie", proved.cookie().unwrap()), ("origin", URL.into())];
    let with: Vec<(&str, &str)> = with.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let password = form(&[("password", PASSWORD), ("next", "/runs")]);
    let weaker = house.send("POST", "/prove", &with, &password).await.cookie().unwrap();
    let me = house.send("GET", "/api/v1/session", &[("cookie", &weaker)], "").await;
    assert_eq!(me.json()["second_factor"], false);
}

#[tokio::test]
async fn a_key_is_registered_named_and_removed_by_forms_and_by_rest() {
    let house = House::new();
    let cookie = house.sign_in().await;
    let with = [("cookie", cookie.as_str()), ("origin", URL)];
    let sent = form(&[("name", "on my ring"), ("passkey", RIGHT)]);
    let added = house.send("POST", "/me/passkeys", &with, &sent).await;
    assert!(added.status == 200 && added.text.contains("abcd-efgh-jkmn-pqrs"), "the codes are shown here");
    let renamed = house.send("POST", &format!("/me/passkeys/{KEY}/name"), &with, "name=in+the+safe").await;
    assert_eq!((renamed.status, renamed.header("location")), (303, "/me"));
    assert!(house.plane.was_asked(&format!("rename passkey {KEY} in the safe")));
    house.send("POST", &format!("/me/passkeys/{KEY}/remove"), &with, "").await;
    assert!(house.plane.was_asked(&format!("remove passkey {KEY}")));
    let nonsense = house.send("POST", "/me/passkeys/42/remove", &with, "").await;
    assert_eq!((nonsense.status, nonsense.header("location")), (303, "/me"), "no such key, and no failure");
    let theirs = house.send("GET", "/people/approver@example.com/passkeys", &with, "").await;
    assert!(theirs.status == 200 && theirs.text.contains("on their ring"));
    let taken = house.send("POST", &format!("/people/a@example.com/passkeys/{KEY}/remove"), &with, "").await;
    assert_eq!(taken.header("location"), "/people/a%40example.com/passkeys");
    assert!(house.plane.was_asked(&format!("remove passkey {KEY} of a@example.com")));
    let me = house.send("GET", "/me", &with, "").await;
    assert!(me.text.contains("on my ring") && me.text.contains("data-passkey=\"create\""));
}

#[tokio::test]
async fn the_script_that_asks_a_key_fits_the_policy_and_is_asked_for_only_where_it_is_needed() {
    let house = House::new();
    let cookie = house.sign_in().await;
    let with = [("cookie", cookie.as_str())];
    let me = house.send("GET", "/me", &with, "").await;
    let policy = me.header("content-security-policy");
    assert!(policy.contains("script-src 'self' 'nonce-") && !policy.contains("unsafe-inline"), "{policy}");
    assert!(me.header("permissions-policy").contains("publickey-credentials-create=(self)"));
    let script = me.text.split("src=\"").find(|rest| rest.starts_with("/assets/passkey-")).unwrap();
    let url = script.split('"').next().unwrap();
    assert_eq!(
        house.send("GET", url, &[], "").await.header("content-type"),
        "text/javascript; charset=utf-8"
    );
    assert!(!house.send("GET", "/runs", &with, "").await.text.contains("/assets/passkey-"));
}

/// The whole service over a database, and an approver with a password.
struct Real {
    client: Client,
    _database: TestDatabase,
}

impl Real {
    async fn new() -> Self {
        let database = test_database().await;
        let store = database.store().await;
        let settings = Settings { passkeys: RelyingParty::at(URL), ..Settings::default() };
        let app = App::new(store.clone(), settings);
        let new = NewPerson {
            email: "approver@example.com".into(),
            role: Role::Approver,
            groups: vec![],
            password: PASSWORD.into(),
        };
        app.create_person(new).await.unwrap();
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
        Self {
            client: Client(http::router(state, PostgresSessions::new(store)).unwrap()),
            _database: database,
        }
    }

    async fn send(&self, method: &str, path: &str, cookie: &str, body: &str) -> Answered {
        let kind =
            if path.starts_with("/api/") { "application/json" } else { "application/x-www-form-urlencoded" };
        let mut headers = vec![("origin", URL), ("content-type", kind)];
        if !cookie.is_empty() {
            headers.push(("cookie", cookie));
        }
        self.client.send(method, path, &headers, body).await
    }

    /// As far as the password leads.
    async fn by_password(&self) -> Answered {
        let sent = form(&[("email", "approver@example.com"), ("password", PASSWORD)]);
        self.send("POST", "/sign-in", "", &sent).await
    }
}

#[tokio::test]
async fn a_key_that_nobody_here_wrote_is_registered_signs_in_and_proves_anew_and_each_answer_once() {
    let (real, mut key) = (Real::new().await, SoftwareKey::default());
    let cookie = real.by_password().await.cookie().unwrap();
    let asked = real.send("POST", "/api/v1/session/passkeys/challenge", &cookie, "").await;
    assert_eq!(asked.status, 201, "{}", asked.text);
    let answer = key.create(&asked.json()["public_key"], URL).await;
    let body = json!({ "name": "on my ring", "answer": answer }).to_string();
    let added = real.send("POST", "/api/v1/session/passkeys", &cookie, &body).await;
    assert_eq!((added.status, added.json()["recovery_codes"].as_array().map(Vec::len)), (201, Some(10)));
    let again = real.send("POST", "/api/v1/session/passkeys", &cookie, &body).await;
    assert_ne!(again.status, 201, "the same answer registers nothing more");

    let first = real.by_password().await;
    assert_eq!(first.header("location"), "/sign-in/code");
    let (waiting, other) = (first.cookie().unwrap(), real.by_password().await.cookie().unwrap());
    let asked = real.send("POST", "/sign-in/challenge", &waiting, "").await.json();
    let answer = key.get(&asked["public_key"], URL).await.unwrap();
    let sent = form(&[("passkey", &answer.to_string())]);
    let elsewhere = real.send("POST", "/sign-in/passkey", &other, &sent).await;
    assert_eq!(elsewhere.header("location"), "/sign-in/code?refused=challenge_gone", "another session's");
    let signed_in = real.send("POST", "/sign-in/passkey", &waiting, &sent).await;
    assert_eq!((signed_in.status, signed_in.header("location")), (303, "/"));
    let cookie = signed_in.cookie().unwrap();

    let challenge = real.send("POST", "/api/v1/session/proof/challenge", &cookie, r#"{"page": "/me"}"#).await;
    let answer: Value = key.get(&challenge.json()["public_key"], URL).await.unwrap();
    let sent = form(&[("passkey", &answer.to_string()), ("next", "/me")]);
    let proved = real.send("POST", "/prove", &cookie, &sent).await;
    assert_eq!((proved.status, proved.header("location")), (303, "/me"));
    let cookie = proved.cookie().unwrap();
    let replayed = real.send("POST", "/prove", &cookie, &sent).await;
    assert_eq!(replayed.header("location"), "/prove?refused=challenge_gone&next=%2Fme");
    let me = real.send("GET", "/api/v1/session", &cookie, "").await;
    assert_eq!(me.json()["second_factor"], true);
    let keys = real.send("GET", "/api/v1/session/passkeys", &cookie, "").await.json();
    let id = keys["items"][0]["id"].as_str().unwrap().to_owned();
    let removed = real.send("DELETE", &format!("/api/v1/session/passkeys/{id}"), &cookie, "").await;
    assert_eq!(removed.status, 204, "{}", removed.text);
    assert_eq!(real.by_password().await.header("location"), "/", "the password is all there is again");
}
