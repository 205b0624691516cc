//! A provider that lies, in every claim and every way to sign that there is: nobody is signed in by it, and each lie is an entry of the
//! audit log. The same provider is believed when it is honest, so that a lie is refused for what it says.

mod liar;
mod sign_out;

use crate::house::{Answered, Client, URL, site};
use axum::http::StatusCode;
use holdfast_app::{
    App, Settings,
    federation::{ClaimRule, ClaimRules},
};
use holdfast_domain::Role;
use holdfast_outside::Egress;
use holdfast_server::{
    guarded::Guarded,
    oidc::{OidcSettings, Provider},
    state::Site,
};
use holdfast_store::{AuditActor, AuditEntry, AuditFilter, AuditOutcome, Store};
use holdfast_testkit::{TestDatabase, sealing, test_database};
use liar::{CLIENT, Key, Liar, SECRET, SUBJECT, Signed, Token};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// The service over a database, before the door of a provider that may lie.
struct House {
    app: App,
    store: Store,
    client: Client,
    liar: Arc<Liar>,
    _database: TestDatabase,
}

/// What a browser keeps on its way.
struct Left {
    cookie: String,
    state: String,
    nonce: String,
}

impl House {
    async fn new() -> Self {
        Self::asking(&[], &[]).await
    }

    /// One that asks the provider for one of these classes, and all of these methods.
    async fn asking(acr_values: &[&str], amr: &[&str]) -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let database = test_database().await;
        let store = database.store().await;
        let rule = ClaimRule { claim: "ops".into(), roles: vec![Role::Operator.into()], groups: vec![] };
        let settings = Settings { claim_rules: ClaimRules(vec![rule]), ..Settings::default() };
        let app = App::new(store.clone(), settings);
        let liar = Liar::begin().await;
        let oidc = OidcSettings {
            issuer: liar.issuer.clone(),
            client_id: CLIENT.to_owned(),
            client_secret: Some(SecretString::from(SECRET.to_owned())),
            name: "Example".to_owned(),
            scopes: vec!["email".to_owned()],
            groups_claim: "groups".to_owned(),
            acr_values: acr_values.iter().map(ToString::to_string).collect(),
            amr: amr.iter().map(ToString::to_string).collect(),
            redirect_uri: format!("{URL}/sign-in/provider/callback"),
            longest: Duration::from_secs(43_200),
        };
        let provider = Provider::new(oidc, Guarded::new(Egress::Local).unwrap(), sealing());
        let site = Site { provider: Some(Arc::new(provider)), ..site(URL) };
        let client = Client::over(&store, Arc::new(app.clone().accountable()), site);
        Self { app, store, client, liar, _database: database }
    }

    async fn leaves(&self) -> Left {
        let answer = self.client.send("GET", "/sign-in/provider", &[], "").await;
        let to = url::Url::parse(answer.header("location")).unwrap();
        assert_eq!((answer.status, to.path()), (303, "/door"), "{to}");
        let asked = |name: &str| to.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
        let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
        Left { cookie, state: asked("state"), nonce: asked("nonce") }
    }

    async fn comes_back(&self, left: &Left) -> Answered {
        let path = format!("/sign-in/provider/callback?code=c&state={}", left.state);
        self.client.send("GET", &path, &[("cookie", &left.cookie)], "").await
    }

    async fn is_somebody(&self, answer: &Answered) -> bool {
        let Some(cookie) = answer.cookie() else { return false };
        self.client.send("GET", "/api/v1/session", &[("cookie", &cookie)], "").await.status == 200
    }

    async fn is_believed(&self, token: impl Fn(&Left) -> String) {
        let left = self.leaves().await;
        self.liar.answers(&token(&left));
        let answer = self.comes_back(&left).await;
        assert_eq!((answer.status, answer.header("location")), (303, "/"), "{}", answer.text);
        assert!(self.is_somebody(&answer).await);
    }

    /// Newest first.
    async fn refusals(&self) -> Vec<AuditEntry> {
        let filter =
            AuditFilter { outcome: Some(AuditOutcome::Refused), limit: 500, ..AuditFilter::default() };
        self.store.audit_entries(&filter).await.unwrap().into_iter().map(|record| record.entry).collect()
    }

    async fn is_not_believed(&self, left: &Left, lie: &str, says: &str) {
        self.is_not_taken(left, "provider_not_believed", lie, says).await;
    }

    /// Whatever the provider answers now signs nobody in, and is an entry that says so and why.
    async fn is_not_taken(&self, left: &Left, code: &str, lie: &str, says: &str) {
        let before = self.refusals().await.len();
        let answer = self.comes_back(left).await;
        let refused = (303, format!("/sign-in?refused={code}"));
        assert_eq!((answer.status, answer.header("location").to_owned()), refused, "{lie}: {}", answer.text);
        assert!(!self.is_somebody(&answer).await, "{lie} signs somebody in");
        let entries = self.refusals().await;
        assert_eq!(entries.len(), before + 1, "{lie} leaves no entry, or several");
        let AuditEntry { action, actor, subject_kind, subject, refusal_code, reason, .. } = &entries[0];
        assert_eq!((action.as_str(), subject_kind.as_str()), ("session.sign_in", "provider"), "{lie}");
        assert_eq!((subject, refusal_code.as_deref()), (&self.liar.issuer, Some(code)));
        assert_eq!(*actor, AuditActor::System { name: "identity provider".into() });
        let reason = reason.as_deref().unwrap_or_default();
        assert!(reason.contains(says), "{lie} is refused for something else: {reason}");
    }
}

type Lie = (&'static str, fn(&mut Token, &Liar), &'static str);

const UNSIGNED: &str = "No signature found";
const WRONG: &str = "Crypto error";
const NO_KEY: &str = "No matching key found";
const BY_A_SECRET: &str = "algorithm `HS256` is not one of";
const UNREADABLE: &str = "cannot be read";
const NOT_YET: &str = "has not come yet";

/// What is lied about, how, and for what it is refused.
const LIES: [Lie; 46] = [
    ("a signature of another's key", |token, _| token.signed = Signed::ByAStranger, WRONG),
    ("a signature with another bit", |token, _| token.signed = Signed::Spoiled, WRONG),
    ("no signature under a good header", |token, _| token.signed = Signed::ByNobody, WRONG),
    (
        "somebody else under a signature of before",
        |token, _| {
            token.signed = Signed::Before(token.claims.clone());
            token.claims["sub"] = json!("0002");
        },
        WRONG,
    ),
    (
        "a stranger's key that the token brings along",
        |token, liar| {
            token.signed = Signed::ByAStranger;
            token.header = json!({ "alg": "ES256", "jwk": liar.strange.jwk("one") });
        },
        WRONG,
    ),
    (
        "a stranger's keys that the token points to",
        |token, liar| {
            token.signed = Signed::ByAStranger;
            token.header["jku"] = json!(format!("{}/keys", liar.issuer));
        },
        WRONG,
    ),
    (
        "a key that is not among its keys",
        |token, _| {
            token.signed = Signed::ByAStranger;
            token.header["kid"] = json!("two");
        },
        NO_KEY,
    ),
    ("alg none", |token, _| unsigned(token, "none"), UNSIGNED),
    ("alg NONE", |token, _| unsigned(token, "NONE"), UNREADABLE),
    ("alg nOnE", |token, _| unsigned(token, "nOnE"), UNREADABLE),
    ("no alg", |token, _| token.header = json!({ "kid": "one" }), UNREADABLE),
    ("alg none over a good signature", |token, _| token.header["alg"] = json!("none"), UNSIGNED),
    ("HS256 by the public key", |token, liar| by_secret(token, liar.key.public().to_vec()), BY_A_SECRET),
    (
        "HS256 by the public key's coordinates",
        |token, liar| by_secret(token, liar.key.public()[1..].to_vec()),
        BY_A_SECRET,
    ),
    (
        "HS256 by the public key as it is published",
        |token, liar| by_secret(token, liar.key.jwk("one").to_string().into()),
        BY_A_SECRET,
    ),
    ("HS256 by nothing", |token, _| by_secret(token, Vec::new()), BY_A_SECRET),
    // A public client's would be no secret, and a server that leaks it would sign everybody in.
    ("HS256 by the client's secret", |token, _| by_secret(token, SECRET.into()), BY_A_SECRET),
    ("RS256 over an elliptic key", |token, _| token.header["alg"] = json!("RS256"), NO_KEY),
    ("ES384 over a key for ES256", |token, _| token.header["alg"] = json!("ES384"), NO_KEY),
    ("an algorithm that nobody knows", |token, _| token.header["alg"] = json!("XS256"), UNREADABLE),
    ("what one must know and nobody does", |token, _| token.header["crit"] = json!(["exp2"]), "critical"),
    ("a standard header as critical", |token, _| token.header["crit"] = json!(["b64"]), "critical"),
    ("an access token", |token, _| token.header["typ"] = json!("at+jwt"), "JWT type"),
    ("a token that signs out", |token, _| token.header["typ"] = json!("logout+jwt"), "JWT type"),
    ("a token in a token", |token, _| token.header["cty"] = json!("JWT"), "nested"),
    ("another issuer", |token, _| token.claims["iss"] = json!("https://evil.example.com"), "Invalid issuer"),
    (
        "an issuer with a stroke more",
        |token, liar| token.claims["iss"] = json!(format!("{}/", liar.issuer)),
        "Invalid issuer",
    ),
    ("no issuer", |token, _| token.without("iss"), UNREADABLE),
    ("another client's token", |token, _| token.claims["aud"] = json!("other"), "Invalid audiences"),
    (
        "a token for others too",
        |token, _| token.claims["aud"] = json!([CLIENT, "other"]),
        "not a trusted audience",
    ),
    ("a token for nobody", |token, _| token.claims["aud"] = json!([]), "Invalid audiences"),
    ("no audience", |token, _| token.without("aud"), "Invalid audiences"),
    (
        "an audience that begins like us",
        |token, _| token.claims["aud"] = json!("holdfast2"),
        "Invalid audiences",
    ),
    (
        "a token that another client asked for",
        |token, _| token.claims["azp"] = json!("other"),
        "another client",
    ),
    ("a token that is over", |token, _| token.claims["exp"] = json!(Token::now() - 1), "Expired"),
    ("no end", |token, _| token.without("exp"), UNREADABLE),
    ("a token from tomorrow", |token, _| token.claims["iat"] = json!(Token::now() + 86_400), NOT_YET),
    ("a token for tomorrow", |token, _| token.claims["nbf"] = json!(Token::now() + 86_400), NOT_YET),
    ("a token for some day", |token, _| token.claims["nbf"] = json!("soon"), "no time"),
    ("another's nonce", |token, _| token.claims["nonce"] = json!("another"), "nonce mismatch"),
    ("an empty nonce", |token, _| token.claims["nonce"] = json!(""), "nonce mismatch"),
    ("no nonce", |token, _| token.without("nonce"), "missing nonce"),
    ("nobody", |token, _| token.without("sub"), UNREADABLE),
    (
        "a sign-in of yesterday",
        |token, _| token.claims["auth_time"] = json!(Token::now() - 86_400),
        "older than was asked for",
    ),
    ("a sign-in of it does not say when", |token, _| token.without("auth_time"), "older than was asked for"),
    // Not in the token, and asked for where the access token leads.
    ("an address that is somebody else's", |token, _| token.without("email"), "its user info"),
];

fn unsigned(token: &mut Token, algorithm: &str) {
    token.header["alg"] = json!(algorithm);
    token.signed = Signed::ByNobody;
}

fn by_secret(token: &mut Token, secret: Vec<u8>) {
    token.header["alg"] = json!("HS256");
    token.signed = Signed::ByASecret(secret);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_lie_of_a_provider_signs_anybody_in_and_each_is_an_entry() {
    let house = House::new().await;
    let liar = &house.liar;
    liar.tells_of_the_person(json!({ "sub": "0002", "email": "admin@example.com", "groups": ["ops"] }));
    for (lie, tell, says) in LIES {
        let left = house.leaves().await;
        let mut token = liar.honest(&left.nonce);
        tell(&mut token, liar);
        liar.answers(&liar.written(&token));
        house.is_not_believed(&left, lie, says).await;
    }
    let left = house.leaves().await;
    for (lie, answer, says) in [
        ("no token", json!({ "access_token": "a", "token_type": "Bearer" }), "no id token"),
        (
            "what is no token",
            json!({ "access_token": "a", "token_type": "Bearer", "id_token": "a.b" }),
            UNREADABLE,
        ),
        ("what is no answer", json!(["a"]), UNREADABLE),
    ] {
        liar.answers_with(StatusCode::OK, answer);
        house.is_not_believed(&left, lie, says).await;
    }
    liar.answers_with(StatusCode::BAD_REQUEST, json!({ "error": "invalid_grant" }));
    house.is_not_believed(&left, "a code of nobody's", "it refused the code").await;
    let people: Vec<Value> =
        house.app.list_people().await.unwrap().iter().map(|person| json!(person.email)).collect();
    assert_eq!(people, Vec::<Value>::new(), "a lie made somebody");
    house.is_believed(|left| liar.written(&liar.honest(&left.nonce))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_token_is_believed_by_whichever_key_it_publishes_and_what_may_be_left_out_is_not_missed() {
    let house = House::new().await;
    let liar = &house.liar;
    house.is_believed(|left| liar.written(&liar.honest(&left.nonce))).await;
    let keys = [("two", Key::es384()), ("three", Key::ed25519()), ("four", Key::es256())];
    // It begins to use them once its keys have been read.
    liar.publishes(keys.iter().map(|(kid, key)| key.jwk(kid)).collect());
    for (kid, key) in &keys {
        house
            .is_believed(|left| {
                let mut token = liar.honest(&left.nonce);
                token.header = json!({ "alg": key.algorithm(), "kid": kid });
                liar.written_with(key, &token)
            })
            .await;
    }
    let (kid, key) = &keys[0];
    liar.tells_of_the_person(json!({ "sub": SUBJECT, "email": "olivia@example.com", "groups": ["ops"] }));
    house
        .is_believed(|left| {
            let mut token = liar.honest(&left.nonce);
            token.header["kid"] = json!(kid);
            token.header["alg"] = json!(key.algorithm());
            token.claims["aud"] = json!([CLIENT]);
            ["azp", "nbf", "email", "groups"].iter().for_each(|claim| token.without(claim));
            liar.written_with(key, &token)
        })
        .await;
    let withdrawn = house.leaves().await;
    liar.answers(&liar.written(&liar.honest(&withdrawn.nonce)));
    house.is_not_believed(&withdrawn, "a key that is published no more", NO_KEY).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_class_or_methods_are_asked_for_nobody_signs_in_who_proved_less_there() {
    let house = House::asking(&["gold", "silver"], &["mfa", "hwk"]).await;
    let liar = &house.liar;
    let asked = house.client.send("GET", "/sign-in/provider", &[], "").await;
    let to = url::Url::parse(asked.header("location")).unwrap();
    assert!(to.query_pairs().any(|(name, value)| name == "acr_values" && value == "gold silver"), "{to}");
    for (acr, amr, says) in [
        (json!(null), json!(null), "does not say in which class; asked for is gold or silver"),
        (json!("bronze"), json!(["mfa", "hwk"]), "says bronze; asked for is gold or silver"),
        (json!("gold silver"), json!(["mfa", "hwk"]), "says gold silver"),
        (json!("gold"), json!(null), "by none that it names; asked for is mfa"),
        (json!("gold"), json!([]), "by none that it names; asked for is mfa"),
        (json!("gold"), json!(["pwd", "mfa"]), "by pwd and mfa; asked for is hwk"),
        (json!("silver"), json!(["MFA", "hwk"]), "asked for is mfa"),
    ] {
        let left = house.leaves().await;
        let mut token = liar.honest(&left.nonce);
        for (claim, value) in [("acr", &acr), ("amr", &amr)] {
            if !value.is_null() {
                token.claims[claim] = value.clone();
            }
        }
        liar.answers(&liar.written(&token));
        house.is_not_taken(&left, "provider_too_weak", &format!("{acr} by {amr}"), says).await;
    }
    for acr in ["gold", "silver"] {
        house
            .is_believed(|left| {
                let mut token = liar.honest(&left.nonce);
                token.claims["acr"] = json!(acr);
                token.claims["amr"] = json!(["hwk", "pwd", "mfa"]);
                liar.written(&token)
            })
            .await;
    }
}
