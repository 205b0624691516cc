//! The provider's word that somebody is signed out there ends what it signed them in for, once, and nothing else; whatever only looks
//! like it ends nothing.

use super::*;
use holdfast_api::people::NewPerson;
use std::cell::Cell;

const PATH: &str = "/sign-in/provider/logout";
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
const PASSWORD: &str = "a long enough password";
const EMAIL: &str = "olivia@example.com";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn farewell(liar: &Liar) -> Token {
    thread_local!(static WORDS: Cell<u32> = const { Cell::new(0) });
    let word = WORDS.with(|words| words.replace(words.get() + 1));
    let now = Token::now();
    Token {
        header: json!({ "alg": liar.key.algorithm(), "kid": "one", "typ": "logout+jwt" }),
        claims: json!({
            "iss": liar.issuer, "aud": CLIENT, "sub": SUBJECT, "iat": now, "exp": now + 120, "jti": format!("word-{word}"),
            "events": { EVENT: {} },
        }),
        signed: Signed::Truly,
    }
}

impl House {
    async fn is_told(&self, token: &Token) -> Answered {
        let body = format!("logout_token={}", self.liar.written(token));
        self.client.send("POST", PATH, &[FORM], &body).await
    }

    /// Somebody comes in by the provider, which calls the session so; the session's cookie.
    async fn comes_in(&self, subject: &str, session: Option<&str>) -> String {
        let left = self.leaves().await;
        let mut token = self.liar.honest(&left.nonce);
        token.claims["sub"] = json!(subject);
        token.claims["email"] = json!(if subject == SUBJECT { EMAIL } else { "another@example.com" });
        if let Some(session) = session {
            token.claims["sid"] = json!(session);
        }
        self.liar.answers(&self.liar.written(&token));
        let answer = self.comes_back(&left).await;
        assert!(self.is_somebody(&answer).await, "{}", answer.header("location"));
        answer.cookie().unwrap()
    }

    async fn is_in(&self, cookie: &str) -> bool {
        self.client.send("GET", "/api/v1/session", &[("cookie", cookie)], "").await.status == 200
    }

    /// Somebody who is known here too, and signs in by a password of ours.
    async fn with_a_password(&self) -> String {
        let new =
            NewPerson { email: EMAIL.into(), role: Role::Viewer, groups: vec![], password: PASSWORD.into() };
        self.app.create_person(new).await.unwrap();
        self.app.link_identity(EMAIL, &self.liar.issuer, SUBJECT).await.unwrap();
        // What their groups give them there ends what was open, so that they come in by the provider once before.
        self.comes_in(SUBJECT, None).await;
        let body = json!({ "email": EMAIL, "password": PASSWORD }).to_string();
        let json = [("content-type", "application/json")];
        self.client.send("POST", "/api/v1/session", &json, &body).await.cookie().unwrap()
    }

    async fn farewells(&self) -> Vec<(String, Value)> {
        let filter = AuditFilter {
            action: Some("session.end_by_provider".into()),
            limit: 500,
            ..AuditFilter::default()
        };
        let entries = self.store.audit_entries(&filter).await.unwrap().into_iter().map(|record| record.entry);
        let done = entries.filter(|entry| entry.refusal_code.is_none());
        done.map(|entry| {
            (format!("{}:{}", entry.subject_kind, entry.subject), entry.detail["sessions"].clone())
        })
        .collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn its_word_ends_that_session_or_all_that_it_began_and_none_that_began_here() {
    let house = House::new().await;
    let here = house.with_a_password().await;
    let (first, second) =
        (house.comes_in(SUBJECT, Some("s1")).await, house.comes_in(SUBJECT, Some("s2")).await);
    let unnamed = house.comes_in(SUBJECT, None).await;
    let another = house.comes_in("0002", Some("s3")).await;
    let all = [&here, &first, &second, &unnamed, &another];
    let standing = async || {
        let mut standing = Vec::new();
        for cookie in all {
            standing.push(house.is_in(cookie).await);
        }
        standing
    };
    assert_eq!(standing().await, [true; 5]);
    for (sub, sid, left) in [
        // Of somebody who never came, and of a session that nobody has.
        (Some("0003"), None, [true, true, true, true, true]),
        (None, Some("s9"), [true, true, true, true, true]),
        (Some(SUBJECT), Some("s3"), [true, true, true, false, true]),
        (Some(SUBJECT), Some("s1"), [true, false, true, false, true]),
        (None, Some("s3"), [true, false, true, false, false]),
        (Some(SUBJECT), None, [true, false, false, false, false]),
        (Some(SUBJECT), None, [true, false, false, false, false]),
    ] {
        let mut token = farewell(&house.liar);
        for (claim, value) in [("sub", sub), ("sid", sid)] {
            token.claims[claim] = json!(value);
            if value.is_none() {
                token.without(claim);
            }
        }
        let answer = house.is_told(&token).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, ""), "{sub:?} {sid:?}");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(standing().await, left, "{sub:?} {sid:?}");
    }
    let of = |person: &str| format!("person:{person}@example.com");
    let told: Vec<(String, Value)> =
        house.farewells().await.into_iter().filter(|(of, _)| of.starts_with("person")).collect();
    // Newest first; that of which nobody knows which it was ended with the first word about that person.
    let (olivia, other) = (of("olivia"), of("another"));
    let expected = [(&olivia, 1), (&other, 1), (&olivia, 1), (&olivia, 2)];
    assert_eq!(told, expected.map(|(of, sessions)| (of.clone(), json!(sessions))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_is_taken_once_on_whichever_server_and_however_many_times_at_once_it_comes() {
    let house = House::new().await;
    house.comes_in(SUBJECT, Some("s1")).await;
    let token = farewell(&house.liar);
    let all = futures::future::join_all((0..8).map(|_| house.is_told(&token))).await;
    let taken = all.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(taken, 1, "{:?}", all.iter().map(|answer| &answer.text).collect::<Vec<_>>());
    let since = house.comes_in(SUBJECT, Some("s2")).await;
    let again = house.is_told(&token).await;
    assert_eq!((again.status, again.code().as_str()), (400, "sign_out_taken_before"));
    assert!(house.is_in(&since).await, "whoever heard the word ends what began since");
    let newest = &house.refusals().await[0];
    assert_eq!(
        (newest.action.as_str(), newest.refusal_code.as_deref()),
        ("session.end_by_provider", Some("sign_out_taken_before"))
    );
}

const LIES: [Lie; 35] = [
    ("a signature of another's key", |token, _| token.signed = Signed::ByAStranger, "no key"),
    ("a signature with another bit", |token, _| token.signed = Signed::Spoiled, "no key"),
    ("no signature", |token, _| token.signed = Signed::ByNobody, "no key"),
    (
        "another session under a signature of before",
        |token, _| {
            token.signed = Signed::Before(token.claims.clone());
            token.claims["sid"] = json!("s1");
        },
        "no key",
    ),
    ("a key that is not among its keys", |token, _| token.header["kid"] = json!("two"), "no key"),
    (
        "a stranger's key that the token brings along",
        |token, liar| {
            token.signed = Signed::ByAStranger;
            token.header["jwk"] = liar.strange.jwk("one");
        },
        "no key",
    ),
    ("alg none", |token, _| unsigned(token, "none"), "algorithm"),
    ("alg NONE", |token, _| unsigned(token, "NONE"), "header"),
    ("HS256 by the public key", |token, liar| by_secret(token, liar.key.public().to_vec()), "algorithm"),
    ("HS256 by the client's secret", |token, _| by_secret(token, SECRET.into()), "algorithm"),
    ("RS256 over an elliptic key", |token, _| token.header["alg"] = json!("RS256"), "no key"),
    ("ES384 over a key for ES256", |token, _| token.header["alg"] = json!("ES384"), "no key"),
    ("an id token", |token, _| token.header["typ"] = json!("JWT"), "type"),
    ("an access token", |token, _| token.header["typ"] = json!("at+jwt"), "type"),
    ("a token without a type", |token, _| drop(token.header.as_object_mut().unwrap().remove("typ")), "type"),
    ("what one must know and nobody does", |token, _| token.header["crit"] = json!(["b64"]), "crit"),
    ("a nonce", |token, _| token.claims["nonce"] = json!("n"), "nonce"),
    ("a nonce that is nothing", |token, _| token.claims["nonce"] = json!(null), "nonce"),
    ("another issuer", |token, _| token.claims["iss"] = json!("https://evil.example.com"), "issuer"),
    ("no issuer", |token, _| token.without("iss"), "iss"),
    ("another client's", |token, _| token.claims["aud"] = json!("other"), "not for us"),
    ("others' too", |token, _| token.claims["aud"] = json!([CLIENT, "other"]), "not for us"),
    ("nobody's", |token, _| token.claims["aud"] = json!([]), "not for us"),
    ("over", |token, _| token.claims["exp"] = json!(Token::now() - 1), "over"),
    ("without an end", |token, _| token.without("exp"), "exp"),
    ("good for a day", |token, _| token.claims["exp"] = json!(Token::now() + 86_400), "an hour"),
    ("from tomorrow", |token, _| token.claims["iat"] = json!(Token::now() + 86_400), NOT_YET),
    ("without a beginning", |token, _| token.without("iat"), "iat"),
    ("without a name of its own", |token, _| token.without("jti"), "jti"),
    ("with an empty name", |token, _| token.claims["jti"] = json!(""), "no name"),
    ("of no event", |token, _| token.without("events"), "events"),
    (
        "of another event",
        |token, _| token.claims["events"] = json!({ "https://evil.example/other": {} }),
        "signed out",
    ),
    (
        "of an event that is no object",
        |token, _| token.claims["events"] = json!({ EVENT: true }),
        "signed out",
    ),
    ("of nobody", |token, _| token.without("sub"), "neither"),
    ("of a name with a line in it", |token, _| token.claims["sub"] = json!("0001\nx"), "no name"),
];

#[tokio::test(flavor = "multi_thread")]
async fn no_lie_signs_anybody_out_and_each_is_an_entry() {
    let house = House::new().await;
    let cookie = house.comes_in(SUBJECT, Some("s1")).await;
    for (lie, tell, says) in LIES {
        let mut token = farewell(&house.liar);
        tell(&mut token, &house.liar);
        let before = house.refusals().await.len();
        let answer = house.is_told(&token).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "provider_not_believed"),
            "{lie}: {}",
            answer.text
        );
        assert!(house.is_in(&cookie).await, "{lie} signs somebody out");
        let entries = house.refusals().await;
        assert_eq!(entries.len(), before + 1, "{lie} leaves no entry, or several");
        assert_eq!(entries[0].action, "session.end_by_provider", "{lie}");
        let reason = entries[0].reason.as_deref().unwrap_or_default();
        assert!(reason.contains(says), "{lie} is refused for something else: {reason}");
    }
    let left = house.leaves().await;
    let id_token = house.liar.written(&house.liar.honest(&left.nonce));
    for body in ["", "logout_token=", "logout_token=a.b.c", "token=x", &format!("logout_token={id_token}")] {
        let answer = house.client.send("POST", PATH, &[FORM], body).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text);
    }
    assert!(house.is_in(&cookie).await);
    // And a word to sign out signs nobody in.
    house.liar.answers(&house.liar.written(&farewell(&house.liar)));
    house.is_not_believed(&left, "a token that signs out", "JWT type").await;
    assert_eq!(house.is_told(&farewell(&house.liar)).await.status, 200);
    assert!(!house.is_in(&cookie).await, "and the same is believed when it is honest");
}

#[tokio::test]
async fn where_there_is_no_provider_there_is_nobody_whose_word_it_could_be() {
    let house = crate::house::House::new();
    let answer = house.send("POST", PATH, &[FORM], "logout_token=a.b.c").await;
    assert_eq!((answer.status, answer.code().as_str()), (404, "unknown_path"));
}
