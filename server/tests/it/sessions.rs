//! Claims about signing in, and about who a request is from.

use crate::{
    fake::{CODE, Fake, PASSWORD},
    house::{Client, House, URL},
};
use std::sync::Arc;

#[tokio::test]
async fn signing_in_sets_a_cookie_that_scripts_and_other_sites_do_not_get() {
    let house = House::new();
    let form = format!("email=operator%40example.com&password={}&next=%2Fruns", PASSWORD.replace(' ', "+"));
    let answer =
        house.send("POST", "/sign-in", &[("content-type", "application/x-www-form-urlencoded")], &form).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/runs"));
    let line = answer.header("set-cookie");
    for part in ["__Host-holdfast=", "HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
        assert!(line.contains(part), "{part} in {line}");
    }
    assert!(!line.contains("Domain"), "{line}");
    let cookie = answer.cookie().unwrap();
    let me = house.send("GET", "/api/v1/session", &[("cookie", &cookie)], "").await;
    assert_eq!(me.json()["email"], "operator@example.com");
    assert!(me.json()["identity_proved_at"].is_string());
}

#[tokio::test]
async fn a_wrong_password_leads_back_with_a_code_and_no_session() {
    let house = House::new();
    let answer = house
        .send("POST", "/sign-in", &[], "email=operator%40example.com&password=wrong&next=%2F%2Fevil.example")
        .await;
    assert_eq!((answer.status, answer.header("location")), (303, "/sign-in?refused=sign_in_refused"));
    assert_eq!(answer.cookie(), None);
    let rest = house
        .send("POST", "/api/v1/session", &[], r#"{"email": "operator@example.com", "password": "wrong"}"#)
        .await;
    assert_eq!((rest.status, rest.code().as_str()), (401, "sign_in_refused"));
}

#[tokio::test]
async fn a_session_gets_a_new_id_with_every_sign_in_and_the_old_one_is_worth_nothing() {
    let house = House::new();
    let first = house.sign_in().await;
    let body = format!(r#"{{"email": "operator@example.com", "password": "{PASSWORD}"}}"#);
    let again = house.send("POST", "/api/v1/session", &[("cookie", &first), ("origin", URL)], &body).await;
    let second = again.cookie().unwrap();
    assert_ne!(first, second);
    assert_eq!(house.send("GET", "/api/v1/session", &[("cookie", &first)], "").await.status, 401);
    assert_eq!(house.send("GET", "/api/v1/session", &[("cookie", &second)], "").await.status, 200);
}

#[tokio::test]
async fn of_whoever_has_a_second_factor_the_password_alone_is_worth_nothing() {
    let house = House::new();
    let form = format!("email=careful%40example.com&password={}&next=%2Fruns", PASSWORD.replace(' ', "+"));
    let first = house.send("POST", "/sign-in", &[("origin", URL)], &form).await;
    assert_eq!((first.status, first.header("location")), (303, "/sign-in/code?next=%2Fruns"));
    let waiting = first.cookie().unwrap();
    let with = [("cookie", waiting.as_str()), ("origin", URL)];
    assert_eq!(house.send("GET", "/api/v1/session", &with, "").await.status, 401);
    assert_eq!(house.send("GET", "/runs", &with, "").await.header("location"), "/sign-in?next=%2Fruns");
    assert_eq!(house.send("GET", "/sign-in/code?next=%2Fruns", &with, "").await.status, 200);
    let wrong = house.send("POST", "/sign-in/code", &with, "code=000000&next=%2Fruns").await;
    let back = "/sign-in/code?refused=code_refused&next=%2Fruns";
    assert_eq!((wrong.status, wrong.header("location")), (303, back));
    assert_eq!(house.send("GET", back, &with, "").await.status, 401);
    let right = house.send("POST", "/sign-in/code", &with, &format!("code={CODE}&next=%2Fruns")).await;
    assert_eq!((right.status, right.header("location")), (303, "/runs"));
    let signed_in = right.cookie().unwrap();
    assert_ne!(signed_in, waiting);
    assert_eq!(house.send("GET", "/api/v1/session", &[("cookie", &signed_in)], "").await.status, 200);
    let again = house.send("POST", "/sign-in/code", &with, &format!("code={CODE}")).await;
    assert_eq!(again.header("location"), "/sign-in?refused=code_late", "the one that waited is over");
    let stranger = house.send("GET", "/sign-in/code", &[], "").await;
    assert_eq!((stranger.status, stranger.header("location")), (303, "/sign-in"));
}

#[tokio::test]
async fn rest_says_that_a_code_is_due_and_takes_it_with_the_password() {
    let house = House::new();
    let body = |code: &str| format!(r#"{{"email": "careful@example.com", "password": "{PASSWORD}"{code}}}"#);
    let without = house.send("POST", "/api/v1/session", &[], &body("")).await;
    assert_eq!((without.status, without.code().as_str()), (401, "code_needed"));
    let with = house.send("POST", "/api/v1/session", &[], &body(&format!(r#", "code": "{CODE}""#))).await;
    assert_eq!(with.status, 200, "{}", with.text);
    let cookie = with.cookie().unwrap();
    assert_eq!(house.send("GET", "/api/v1/session", &[("cookie", &cookie)], "").await.status, 200);
}

#[tokio::test]
async fn a_proof_gives_the_session_a_new_id_and_leads_back_to_where_it_was_asked_for() {
    let house = House::new();
    let first = house.sign_in().await;
    let with = [("cookie", first.as_str()), ("origin", URL)];
    let wrong = house.send("POST", "/prove", &with, "password=wrong&next=%2Fruns").await;
    assert_eq!(wrong.header("location"), "/prove?refused=sign_in_refused&next=%2Fruns");
    assert_eq!(house.send("GET", "/api/v1/session", &with, "").await.status, 200, "it goes on as it was");
    let form = format!("password={}&next=%2F%2Fevil.example", PASSWORD.replace(' ', "+"));
    let proved = house.send("POST", "/prove", &with, &form).await;
    assert_eq!((proved.status, proved.header("location")), (303, "/"));
    let second = proved.cookie().unwrap();
    assert_ne!(first, second);
    assert_eq!(house.send("GET", "/api/v1/session", &with, "").await.status, 401);
    let body = format!(r#"{{"password": "{PASSWORD}"}}"#);
    let with = [("cookie", second.as_str()), ("origin", URL)];
    let by_rest = house.send("POST", "/api/v1/session/proof", &with, &body).await;
    assert_eq!(by_rest.status, 200, "{}", by_rest.text);
    assert!(by_rest.cookie().is_some_and(|third| third != second));
    assert_eq!(house.token("POST", "/api/v1/session/proof", &body).await.code(), "person_needed");
    let stranger = house.send("POST", "/prove", &[], &form).await;
    assert_eq!(stranger.header("location"), "/sign-in");
}

#[tokio::test]
async fn changing_ones_password_gives_the_session_a_new_id_by_page_and_by_rest() {
    let house = House::new();
    let mut cookie = house.sign_in().await;
    let form = |present: &str, new: &str, again: &str| {
        format!("present={present}&new={new}&again={again}").replace(' ', "+")
    };
    let new = "another long password";
    for (sent, told) in
        [(form("wrong", new, new), "password_refused"), (form(PASSWORD, new, "something else"), "invalid")]
    {
        let answer = house.send("POST", "/me/password", &[("cookie", &cookie), ("origin", URL)], &sent).await;
        assert_eq!((answer.status, answer.header("location"), answer.cookie()), (303, "/me", None), "{told}");
    }
    assert_eq!(house.plane.times_asked("change password here true"), 1, "what was mistyped is not asked");
    let body = format!(r#"{{"present": "{PASSWORD}", "new": "{new}"}}"#);
    for (method, path, sent, status) in [
        ("POST", "/me/password", form(PASSWORD, new, new), 303),
        ("PUT", "/api/v1/session/password", body.clone(), 200),
    ] {
        let with = [("cookie", cookie.as_str()), ("origin", URL)];
        let answer = house.send(method, path, &with, &sent).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        let next = answer.cookie().unwrap();
        assert_eq!(house.send("GET", "/api/v1/session", &with, "").await.status, 401, "{path}: the old one");
        assert_eq!(house.send("GET", "/api/v1/session", &[("cookie", &next)], "").await.status, 200);
        cookie = next;
    }
    assert_eq!(house.token("PUT", "/api/v1/session/password", &body).await.code(), "person_needed");
    assert_eq!(house.send("PUT", "/api/v1/session/password", &[], &body).await.code(), "not_signed_in");
}

#[tokio::test]
async fn a_secret_that_was_shown_is_not_shown_to_a_repeat() {
    let house = House::new();
    let cookie = house.sign_in().await;
    let with = [("cookie", cookie.as_str()), ("origin", URL), ("idempotency-key", "k1")];
    let first = house.send("POST", "/api/v1/session/factors/totp", &with, "").await;
    assert!(first.status == 201 && first.text.contains("GEZDGNBV"), "{}", first.text);
    let again = house.send("POST", "/api/v1/session/factors/totp", &with, "").await;
    assert!(!again.text.contains("GEZDGNBV"), "{}", again.text);
}

#[tokio::test]
async fn signing_out_ends_the_session_and_takes_the_cookie_back_in_a_way_that_browsers_accept() {
    let house = House::new();
    let cookie = house.sign_in().await;
    let out = house.send("DELETE", "/api/v1/session", &[("cookie", &cookie), ("origin", URL)], "").await;
    assert_eq!(out.status, 204, "{}", out.text);
    assert!(house.plane.was_asked("sign_out operator@example.com"));
    assert_eq!(out.header("clear-site-data"), "\"storage\"");
    let line = out.header("set-cookie");
    assert!(
        line.starts_with("__Host-holdfast=;") && line.contains("Secure") && line.contains("Max-Age=0"),
        "{line}"
    );
    assert_eq!(house.send("GET", "/api/v1/session", &[("cookie", &cookie)], "").await.status, 401);
}

#[tokio::test]
async fn a_disabled_persons_session_is_over() {
    let house = House::new();
    let cookie = house.sign_in().await;
    *house.plane.disabled.lock().unwrap() = true;
    assert_eq!(house.send("GET", "/api/v1/session", &[("cookie", &cookie)], "").await.status, 401);
    *house.plane.disabled.lock().unwrap() = false;
    assert_eq!(house.send("GET", "/api/v1/session", &[("cookie", &cookie)], "").await.status, 401);
}

#[tokio::test]
async fn a_token_wins_over_a_session_and_a_bad_token_is_refused_beside_a_good_session() {
    let house = House::new();
    let cookie = house.sign_in().await;
    let both = [("cookie", cookie.as_str()), ("authorization", "Bearer hf_operator")];
    let me = house.send("GET", "/api/v1/session", &both, "").await;
    assert!(me.json()["scopes"].is_array());
    for header in ["Bearer hf_other", "Basic b3BlcmF0b3I6eA==", "hf_operator"] {
        let headers = [("cookie", cookie.as_str()), ("authorization", header)];
        assert_eq!(house.send("GET", "/api/v1/session", &headers, "").await.status, 401, "{header}");
    }
}

#[tokio::test]
async fn a_page_sends_a_stranger_to_sign_in_and_back() {
    let house = House::new();
    let answer = house.send("GET", "/runs?state=running", &[], "").await;
    assert_eq!((answer.status, answer.header("location")), (303, "/sign-in?next=%2Fruns%3Fstate%3Drunning"));
}

#[tokio::test]
async fn a_change_with_a_cookie_must_come_from_here() {
    let house = House::new();
    let cookie = house.sign_in().await;
    let pause = format!("/api/v1/runs/{}/pause", crate::fake::RUN);
    let with = |more: Vec<(&'static str, &'static str)>| {
        let mut headers = vec![("cookie", cookie.as_str())];
        headers.extend(more);
        headers
    };
    for foreign in [
        vec![],
        vec![("origin", "null")],
        vec![("origin", "null"), ("sec-fetch-site", "same-origin")],
        vec![("origin", "https://evil.example")],
        vec![("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")],
        vec![("sec-fetch-site", "same-site")],
    ] {
        let answer = house.send("POST", &pause, &with(foreign.clone()), "").await;
        assert_eq!((answer.status, answer.code().as_str()), (403, "cross_site"), "{foreign:?}");
    }
    assert!(!house.plane.was_asked("Pause { reason: None }"));
    for own in [vec![("origin", URL)], vec![("sec-fetch-site", "same-origin")]] {
        assert_eq!(house.send("POST", &pause, &with(own.clone()), "").await.status, 200, "{own:?}");
    }
}

#[tokio::test]
async fn answers_carry_the_headers_that_browsers_need_and_let_no_other_site_read_them() {
    let house = House::new();
    for (path, origin) in
        [("/livez", None), ("/api/v1/runs", Some("https://evil.example")), ("/nothing", None)]
    {
        let headers: Vec<(&str, &str)> = origin.map(|origin| ("origin", origin)).into_iter().collect();
        let answer = house.send("GET", path, &headers, "").await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        assert!(
            answer.header("content-security-policy").contains("default-src 'none'") || path == "/nothing",
            "{path}"
        );
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert!(!answer.header("x-request-id").is_empty(), "{path}");
        assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control-")), "{path}");
    }
}

#[tokio::test]
async fn in_production_every_answer_says_to_come_by_https_alone() {
    let (production, _) = Client::at("https://holdfast.example.com", Arc::new(Fake::default()));
    for path in ["/livez", "/sign-in", "/nothing", "/api/v1/runs"] {
        let answer = production.send("GET", path, &[], "").await;
        let said = answer.header("strict-transport-security");
        assert!(said.contains("max-age=63072000") && said.contains("includeSubDomains"), "{path}: {said}");
        let near = House::new().send("GET", path, &[], "").await;
        assert_eq!(near.header("strict-transport-security"), "", "a browser would keep it for localhost");
    }
}

#[tokio::test]
async fn a_session_knows_whether_its_last_proof_held_a_second_factor() {
    let house = House::new();
    let json = [("content-type", "application/json")];
    let body = |email: &str, code: &str| format!(r#"{{"email": "{email}", "password": "{PASSWORD}"{code}}}"#);
    let with_code = body("careful@example.com", &format!(r#", "code": "{CODE}""#));
    // A code that nobody asked for proves nothing.
    let unasked = body("operator@example.com", &format!(r#", "code": "{CODE}""#));
    for (sent, second_factor) in
        [(with_code, true), (body("operator@example.com", ""), false), (unasked, false)]
    {
        let answer = house.send("POST", "/api/v1/session", &json, &sent).await;
        assert_eq!(answer.json()["second_factor"], second_factor, "{}", answer.text);
        let mut cookie = answer.cookie().unwrap();
        let me = house.send("GET", "/api/v1/session", &[("cookie", &cookie)], "").await;
        assert_eq!(me.json()["second_factor"], second_factor, "{sent}");
        // The proof that comes last is the one that counts.
        for (code, then) in [("", false), (r#", "code": "123456""#, true), ("", false)] {
            let again = format!(r#"{{"password": "{PASSWORD}"{code}}}"#);
            let headers =
                [("cookie", cookie.as_str()), ("origin", URL), ("content-type", "application/json")];
            let proved = house.send("POST", "/api/v1/session/proof", &headers, &again).await;
            assert_eq!(proved.json()["second_factor"], then, "{}", proved.text);
            cookie = proved.cookie().unwrap();
            let me = house.send("GET", "/api/v1/session", &[("cookie", &cookie)], "").await;
            assert_eq!(me.json()["second_factor"], then, "{again}");
        }
    }
}
