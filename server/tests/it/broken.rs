//! What is broken inside is an answer that says so and nothing of what broke it, on every route: a panic on the way to any handler,
//! and a database that is gone under all of them.

use crate::{
    audited::forms,
    bodies::body,
    canary::pages,
    coverage::{is_public, operations},
    heard,
    house::{Answered, Client, House, URL, site},
};
use holdfast_api::people::NewPerson;
use holdfast_app::{App, Settings};
use holdfast_domain::{Role, Scope};
use holdfast_server::panics;
use holdfast_testkit::test_database;
use serde_json::Value;
use std::sync::Arc;

const WORDS: &str = "canary of a defect\nERROR forged";
const PASSWORD: &str = "a long enough password";

fn is_a_defect(what: &str, answer: &Answered, lines: &[Value]) {
    assert_eq!((answer.status, answer.code().as_str()), (500, "defect"), "{what}: {}", answer.text);
    assert_eq!(answer.header("content-type"), "application/problem+json", "{what}");
    assert!(!format!("{:?}{}", answer.headers, answer.text).contains("canary"), "{what}: {}", answer.text);
    let id = answer.header("x-request-id");
    assert!(!id.is_empty(), "{what}");
    let told: Vec<&Value> = lines.iter().filter(|line| line.to_string().contains("canary")).collect();
    assert_eq!(told.len(), 1, "{what}: {lines:?}");
    let line = told[0];
    // The request's span is the outermost; what runs within it may have spans of its own.
    assert_eq!((&line["level"], &line["spans"][0]["id"]), (&"ERROR".into(), &id.into()), "{what}: {line}");
    assert_eq!(line["fields"]["words"], WORDS, "{what}");
    assert!(
        line["fields"]["place"].as_str().is_some_and(|place| place.contains("fake.rs:")),
        "{what}: {line}"
    );
}

#[tokio::test]
async fn a_panic_in_any_handler_is_one_answer_and_one_line_and_its_words_are_in_that_line_alone() {
    let (log, _heard) = heard::log();
    let house = House::new();
    let cookie = house.sign_in().await;
    *house.plane.defect.lock().unwrap() = Some(WORDS.to_owned());
    // What is claimed is looked at when panics are told as always again.
    let before = std::panic::take_hook();
    panics::are_told_in_the_log();
    log.clear();
    let mut all = Vec::new();
    for (method, path, filled, operation) in operations() {
        if !is_public(&operation) {
            let answer = house.token(&method, &filled, body(&method, &path)).await;
            all.push((format!("{method} {path}"), answer, log.lines()));
        }
    }
    let mut by_cookie: Vec<(&str, String)> = pages().into_iter().map(|path| ("GET", path)).collect();
    by_cookie.extend(forms().into_iter().map(|path| ("POST", path)));
    by_cookie.push(("GET", "/live".to_owned()));
    // Nobody need be signed in there, so that nobody is looked for.
    by_cookie.retain(|(_, path)| !["/sign-in", "/sign-in/code"].contains(&path.as_str()));
    for (method, path) in by_cookie {
        let headers = [("cookie", cookie.as_str()), ("origin", URL)];
        let answer = house.send(method, &path, &headers, "").await;
        all.push((format!("{method} {path}"), answer, log.lines()));
    }
    std::panic::set_hook(before);
    assert!(all.len() > 180, "{}", all.len());
    for (what, answer, lines) in &all {
        is_a_defect(what, answer, lines);
    }
    *house.plane.defect.lock().unwrap() = None;
    assert_eq!(house.token("GET", "/api/v1/session", "").await.status, 200, "others are not touched");
}

#[tokio::test]
async fn while_the_database_is_gone_every_route_says_that_it_is_not_available() {
    let database = test_database().await;
    let store = database.store().await;
    let app = App::new(store.clone(), Settings::default());
    let email = "admin@example.com";
    let new = NewPerson { email: email.into(), role: Role::Admin, groups: vec![], password: PASSWORD.into() };
    app.create_person(new).await.unwrap();
    let token = app.create_token_for(email, "test", Scope::ALL.to_vec(), 1).await.unwrap().token.unwrap();
    let client = Client::over(&store, Arc::new(app.accountable()), site(URL));
    let sign_in = format!(r#"{{"email": "{email}", "password": "{PASSWORD}"}}"#);
    let json = [("content-type", "application/json")];
    let cookie = client.send("POST", "/api/v1/session", &json, &sign_in).await.cookie().unwrap();
    store.close().await;
    let bearer = format!("Bearer {token}");
    let by_token = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let mut wrong = Vec::new();
    for (method, path, filled, operation) in operations() {
        let of_nothing_there = ["/livez", "/api/v1/openapi.json", "/.well-known/security.txt"];
        let body = if path == "/api/v1/session" { sign_in.as_str() } else { body(&method, &path) };
        let headers = if is_public(&operation) { &json[..] } else { &by_token[..] };
        let answer = client.send(&method, &filled, headers, body).await;
        let expected = if of_nothing_there.contains(&path.as_str()) { 200 } else { 503 };
        if answer.status != expected {
            wrong.push(format!("{method} {path}: {} {}", answer.status, answer.text));
        } else if expected == 503 {
            assert_eq!(answer.header("content-type"), "application/problem+json", "{method} {path}");
            assert!(!answer.header("retry-after").is_empty(), "{method} {path}");
        }
    }
    let mut by_cookie: Vec<(&str, String)> = pages().into_iter().map(|path| ("GET", path)).collect();
    by_cookie.extend(forms().into_iter().map(|path| ("POST", path)));
    by_cookie.push(("GET", "/live".to_owned()));
    for (method, path) in by_cookie {
        let headers = [("cookie", cookie.as_str()), ("origin", URL)];
        let answer = client.send(method, &path, &headers, "").await;
        // The door is shown to everybody.
        let expected = if path == "/sign-in" { 200 } else { 503 };
        if answer.status != expected {
            wrong.push(format!("{method} {path}: {} {}", answer.status, answer.text));
        }
    }
    assert!(wrong.is_empty(), "{} answer otherwise:\n{}", wrong.len(), wrong.join("\n"));
}
