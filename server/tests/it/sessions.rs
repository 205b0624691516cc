//! Claims about signing in, and about who a request is from.

use crate::{
    fake::PASSWORD,
    house::{House, URL},
};

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
async fn signing_out_ends_the_session_and_takes_the_cookie_back_in_a_way_that_browsers_accept() {
    let house = House::new();
    let cookie = house.sign_in().await;
    let out = house.send("DELETE", "/api/v1/session", &[("cookie", &cookie), ("origin", URL)], "").await;
    assert_eq!(out.status, 204, "{}", out.text);
    assert!(house.plane.was_asked("sign_out operator@example.com"));
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
