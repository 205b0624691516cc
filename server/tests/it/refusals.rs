//! Claims about what is refused, and how it is said.

use crate::{fake::RUN, house::House};
use axum::response::IntoResponse as _;
use holdfast_api::Problem;
use holdfast_server::http::problem::Refused;

#[tokio::test]
async fn an_unknown_path_and_a_wrong_method_are_problems() {
    let house = House::new();
    let unknown = house.send("GET", "/api/v1/nothing", &[], "").await;
    assert_eq!((unknown.status, unknown.code().as_str()), (404, "unknown_path"));
    let wrong = house.token("PATCH", "/api/v1/runs", "").await;
    assert_eq!((wrong.status, wrong.code().as_str()), (405, "wrong_method"));
    assert!(wrong.header("allow").contains("POST"), "{}", wrong.header("allow"));
    for answer in [unknown, wrong] {
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert!(answer.json()["way_out"].as_str().is_some_and(|way_out| !way_out.is_empty()));
        assert!(answer.json()["type"].as_str().unwrap().starts_with("urn:holdfast:problem:"));
    }
}

#[tokio::test]
async fn what_cannot_be_an_id_is_not_found() {
    let house = House::new();
    for path in [
        "/api/v1/runs/42",
        "/api/v1/applications/No%20Such",
        "/api/v1/regions/us-east-9",
        "/api/v1/applications/%FF",
    ] {
        assert_eq!(house.token("GET", path, "").await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn bad_input_is_named() {
    let house = House::new();
    let key = [("idempotency-key", "k1")];
    let run = |fields: &str| {
        format!(r#"{{"application": "shop", "intent": "failover", "mode": "planned"{fields}}}"#)
    };
    for (body, status, path) in [
        ("{".to_owned(), 400, "body"),
        (run(r#", "too_region": "x""#), 422, "too_region"),
        (run(r#", "overrides": "lag""#), 422, "overrides"),
        (r#"{"application": "shop", "mode": "planned"}"#.to_owned(), 422, "intent"),
        (run(r#", "break_glass": "yes""#), 422, "break_glass"),
        (run(r#", "split": "half""#), 422, "split"),
    ] {
        let answer = house.token_with("POST", "/api/v1/runs", &key, &body).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text);
        assert_eq!(answer.json()["fields"][0]["path"], path, "{body}: {}", answer.text);
    }
    let query = house.token("GET", "/api/v1/runs?stat=running", "").await;
    assert_eq!((query.status, query.code().as_str()), (400, "invalid_query"));
    assert_eq!(query.json()["fields"][0]["path"], "stat");
    for list in ["runs", "applications", "audit"] {
        let answer = house.token("GET", &format!("/api/v1/{list}?limit=501"), "").await;
        assert_eq!((answer.status, &answer.json()["fields"][0]["path"]), (422, &"limit".into()), "{list}");
    }
}

#[tokio::test]
async fn a_filter_that_nothing_can_match_is_refused_with_its_words() {
    let house = House::new();
    for (path, field, word) in [
        ("/api/v1/applications?strategy=bogus", "strategy", "warm_standby"),
        ("/api/v1/applications?region=bogus", "region", "us-east-1"),
        ("/api/v1/applications?recovery_state=zz", "recovery_state", "ready_to_fail_back"),
        ("/api/v1/applications?compliance=zz", "compliance", "missed"),
        ("/api/v1/applications?tier=x", "tier", "4"),
        ("/api/v1/audit?outcome=zz", "outcome", "refused"),
        ("/api/v1/audit/export?outcome=zz", "outcome", "refused"),
    ] {
        let answer = house.token("GET", path, "").await;
        assert_eq!(answer.status, 422, "{path}: {}", answer.text);
        assert_eq!(answer.json()["fields"][0]["path"], field, "{path}");
        assert!(answer.json()["way_out"].as_str().is_some_and(|said| said.contains(word)), "{}", answer.text);
    }
    let right = "/api/v1/applications?strategy=warm_standby&region=us-east-1&tier=1&recovery_state=steady";
    assert_eq!(house.token("GET", right, "").await.status, 200);
}

#[tokio::test]
async fn a_parameter_whose_value_cannot_be_read_is_named() {
    let house = House::new();
    let live = house.token("GET", "/api/v1/runs?live=yes", "").await;
    assert_eq!((live.status, &live.json()["fields"][0]["path"]), (400, &"live".into()), "{}", live.text);
    let prune = house.token("PUT", "/api/v1/inventory?prune=maybe", "{}").await;
    assert_eq!((prune.status, &prune.json()["fields"][0]["path"]), (400, &"prune".into()), "{}", prune.text);
    let events = format!("/api/v1/runs/{RUN}/events");
    for id in ["-1", "garbage"] {
        let answer = house.token_with("GET", &events, &[("last-event-id", id)], "").await;
        assert_eq!(
            (answer.status, &answer.json()["fields"][0]["path"]),
            (400, &"Last-Event-ID".into()),
            "{id}"
        );
    }
}

#[tokio::test]
async fn a_parameter_that_is_given_twice_is_refused_and_neither_value_is_taken() {
    let house = House::new();
    for query in ["application=shop&application=pair", "limit=1&limit=2", "live=true&live=false"] {
        let answer = house.token("GET", &format!("/api/v1/runs?{query}"), "").await;
        let name = query.split('=').next().unwrap();
        assert!([400, 422].contains(&answer.status), "{query}: {}", answer.text);
        assert!(answer.text.contains(name), "{query}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_problem_that_time_lifts_says_when() {
    let mut locked = Problem::new(429, "sign_in_locked", "Too many wrong passwords", "-", "Wait 15 minutes.");
    locked.retry_after_seconds = Some(900);
    let answer = Refused(locked).into_response();
    assert_eq!(answer.headers()["retry-after"], "900");
}

#[tokio::test]
async fn a_content_type_that_is_not_read_is_said() {
    let house = House::new();
    let form = [("content-type", "application/x-www-form-urlencoded"), ("idempotency-key", "k1")];
    let answer = house.token_with("POST", "/api/v1/runs", &form, "application=shop").await;
    assert_eq!((answer.status, answer.code().as_str()), (415, "unsupported_media_type"));
}

#[tokio::test]
async fn what_is_too_large_is_refused_with_its_limit() {
    let house = House::new();
    let answer = house.token("POST", &format!("/api/v1/runs/{RUN}/cancel"), &" ".repeat(300 * 1024)).await;
    assert_eq!((answer.status, answer.code().as_str()), (413, "too_large"));
    let file = "#".repeat(5 * 1024 * 1024);
    let yaml = [("content-type", "application/yaml")];
    assert_eq!(house.token_with("PUT", "/api/v1/inventory", &yaml, &file).await.status, 413);
    assert_eq!(
        house.token_with("PUT", "/api/v1/inventory", &yaml, &file[..3 * 1024 * 1024]).await.status,
        200
    );
}

#[tokio::test]
async fn not_ready_says_what_is_missing() {
    let house = House::new();
    assert_eq!(house.send("GET", "/readyz", &[], "").await.status, 200);
    *house.plane.not_ready.lock().unwrap() = Some("the first sweep has not ended".to_owned());
    let answer = house.send("GET", "/readyz", &[], "").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["detail"], "the first sweep has not ended");
    assert_eq!(house.send("GET", "/livez", &[], "").await.status, 200);
}
