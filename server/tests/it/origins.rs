//! No change is made that another site had a browser send: asked of every route, in every way of coming from elsewhere.

use crate::{
    audited::forms,
    bodies::body,
    coverage::operations,
    house::{House, URL},
};

/// What a browser says of a request that another site made it send, and what one says that hides where it comes from.
const ELSEWHERE: [&[(&str, &str)]; 9] = [
    &[],
    &[("origin", "null")],
    &[("origin", "null"), ("sec-fetch-site", "same-origin")],
    &[("origin", "https://evil.example")],
    &[("origin", "http://localhost:8081")],
    &[("origin", "http://localhost.evil.example:8080")],
    &[("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")],
    &[("sec-fetch-site", "cross-site")],
    &[("sec-fetch-site", "same-site")],
];

/// What a page of another site may send without asking first.
const SIMPLE: [&str; 3] =
    ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"];

/// Every route that changes something, with a body that it takes.
fn changes() -> Vec<(String, String, &'static str, &'static str)> {
    let mut all = Vec::new();
    for (method, path, filled, _) in operations() {
        if method != "GET" {
            all.push((method.clone(), filled, "application/json", body(&method, &path)));
        }
    }
    let more = [
        "/theme",
        "/me/sessions/end",
        "/sign-in",
        "/sign-in/code",
        "/sign-in/challenge",
        "/sign-in/passkey",
        "/prove",
        "/sign-out",
        "/policy-reports",
        "/sign-in/provider/logout",
    ];
    for path in forms().into_iter().chain(more.map(str::to_owned)) {
        all.push(("POST".to_owned(), path, "application/x-www-form-urlencoded", ""));
    }
    all
}

#[tokio::test]
async fn no_route_takes_a_change_from_elsewhere() {
    let house = House::new();
    let cookie = house.sign_in().await;
    let changes = changes();
    assert!(changes.len() > 90, "{}", changes.len());
    let before = house.plane.asked.lock().unwrap().len();
    for (method, path, kind, body) in &changes {
        for elsewhere in ELSEWHERE {
            for kind in SIMPLE.iter().chain([kind]) {
                let mut headers = vec![("cookie", cookie.as_str()), ("content-type", *kind)];
                headers.extend(elsewhere);
                let answer = house.send(method, path, &headers, body).await;
                assert_eq!(answer.status, 403, "{method} {path} {elsewhere:?} {kind}: {}", answer.text);
                assert_eq!(answer.code(), "cross_site", "{method} {path} {elsewhere:?}");
                assert!(
                    answer.headers.keys().all(|name| !name.as_str().starts_with("access-control-")),
                    "{method} {path} lets another site read its answer"
                );
            }
        }
    }
    assert_eq!(house.plane.asked.lock().unwrap().len(), before, "something was asked of the control plane");
    // The way in is one.
    for origin in [("origin", URL), ("sec-fetch-site", "same-origin")] {
        let answer = house.send("POST", "/theme", &[("cookie", cookie.as_str()), origin], "").await;
        assert_ne!(answer.status, 403, "{origin:?}: {}", answer.text);
    }
}

#[tokio::test]
async fn no_method_that_changes_nothing_changes_something_and_no_trace_is_answered() {
    let house = House::new();
    *house.plane.ended.lock().unwrap() = true;
    let cookie = house.sign_in().await;
    let reads: Vec<String> = operations()
        .into_iter()
        .filter(|(method, ..)| method == "GET")
        .map(|(_, _, filled, _)| filled)
        .collect();
    for (_, path, _, body) in changes() {
        let before = house.plane.asked.lock().unwrap().len();
        for method in ["TRACE", "OPTIONS", "CONNECT", "PROPFIND"] {
            let answer = house.send(method, &path, &[("cookie", &cookie), ("origin", URL)], body).await;
            assert!(answer.status >= 400, "{method} {path} answers {}", answer.status);
            assert!(!answer.text.contains(&cookie), "{method} {path} gives back what was sent");
        }
        if reads.contains(&path) || !path.starts_with("/api/") {
            continue;
        }
        for method in ["GET", "HEAD"] {
            let answer = house.send(method, &path, &[("cookie", &cookie)], "").await;
            assert_eq!(answer.status, 405, "{method} {path}");
        }
        assert_eq!(house.plane.asked.lock().unwrap().len(), before, "{path}");
    }
}
