//! Claims about asking for runs, reviewing and driving them by REST.

use crate::{
    fake::RUN,
    house::{House, URL},
};

const ASKED: &str =
    r#"{"application": "shop", "intent": "failover", "mode": "planned", "reason": "rehearsal"}"#;

#[tokio::test]
async fn a_run_is_asked_for_with_a_key_and_answered_with_its_place() {
    let house = House::new();
    let answer = house.token_with("POST", "/api/v1/runs", &[("idempotency-key", "k1")], ASKED).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(answer.header("location"), format!("/api/v1/runs/{RUN}"));
    assert_eq!(answer.json()["id"], RUN);
    assert_eq!(answer.json()["state"], "awaiting_approval");
    assert_eq!(answer.json()["plan_digest"].as_str().unwrap().len(), 64);
    assert!(house.plane.was_asked("request shop k1"));
}

#[tokio::test]
async fn a_run_without_a_key_is_refused_before_anything_is_asked() {
    let house = House::new();
    for key in [None, Some(""), Some("two words")] {
        let headers: Vec<(&str, &str)> = key.map(|key| ("idempotency-key", key)).into_iter().collect();
        let answer = house.token_with("POST", "/api/v1/runs", &headers, ASKED).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "idempotency_key_missing"), "{key:?}");
    }
    assert!(house.plane.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_second_request_is_told_which_run_holds_the_application() {
    let house = House::new();
    let body = ASKED.replace("shop", "busy");
    let answer = house.token_with("POST", "/api/v1/runs", &[("idempotency-key", "k1")], &body).await;
    assert_eq!((answer.status, answer.code().as_str()), (409, "run_active"));
    assert_eq!(answer.json()["blocked_by"], RUN);
}

#[tokio::test]
async fn verbs_work_without_a_body_and_with_a_reason() {
    let house = House::new();
    for (method, path, body, asked) in [
        ("POST", "pause", "", "Pause { reason: None }"),
        ("POST", "pause", r#"{"reason": "look"}"#, "Pause { reason: Some(\"look\") }"),
        ("POST", "resume", "", "Resume"),
        ("POST", "cancel", r#"{"reason": "no"}"#, "Cancel { reason: \"no\" }"),
        ("POST", "steps/switch-orders/retry", "", "RetryStep { step: StepId(\"switch-orders\") }"),
        (
            "POST",
            "steps/switch-orders/skip",
            r#"{"reason": "done by hand"}"#,
            "SkipStep { step: StepId(\"switch-orders\"), reason: \"done by hand\" }",
        ),
        (
            "POST",
            "steps/own-bank/confirm",
            r#"{"reason": "rang them"}"#,
            "ConfirmStep { step: StepId(\"own-bank\"), comment: Some(\"rang them\") }",
        ),
        ("DELETE", "reviews", "", "Withdraw"),
    ] {
        let answer = house.token(method, &format!("/api/v1/runs/{RUN}/{path}"), body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        assert!(house.plane.was_asked(asked), "{path}: {:?}", house.plane.asked);
    }
}

#[tokio::test]
async fn a_review_names_the_digest() {
    let house = House::new();
    let cookie = house.sign_in().await;
    let headers = [("cookie", cookie.as_str()), ("origin", URL), ("content-type", "application/json")];
    let path = format!("/api/v1/runs/{RUN}/reviews");
    let without = house.send("POST", &path, &headers, r#"{"decision": "approve"}"#).await;
    assert_eq!((without.status, without.json()["fields"][0]["path"].as_str()), (422, Some("plan_digest")));
    let with = house.send("POST", &path, &headers, r#"{"decision": "approve", "plan_digest": "x"}"#).await;
    assert_eq!(with.status, 200, "{}", with.text);
    assert!(house.plane.was_asked("review Approve"));
}

#[tokio::test]
async fn would_be_plans_say_why_there_is_none() {
    let house = House::new();
    let answer = house.token("GET", "/api/v1/applications/shop/plans", "").await.json();
    let plans = answer["items"].as_array().unwrap();
    assert_eq!(plans.len(), 2);
    assert!(plans[0]["plan"]["plan_digest"].is_string() && plans[0]["problem"].is_null());
    assert!(plans[1]["plan"].is_null());
    assert_eq!(plans[1]["problem"]["code"], "guard_refused");
}

#[tokio::test]
async fn an_evacuation_is_previewed_with_everything_that_its_request_may_say() {
    let house = House::new();
    let path = "/api/v1/regions/us-east-1/evacuation?concurrency=3&stop_on_failure=false&dry_run=true\
                &overrides=lag_above_rpo&applications=shop,pay-in";
    let answer = house.token("GET", path, "").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let asked = &answer.json()["request"];
    assert_eq!((&asked["concurrency"], &asked["stop_on_failure"]), (&3.into(), &false.into()));
    assert_eq!((&asked["dry_run"], &asked["overrides"][0]), (&true.into(), &"lag_above_rpo".into()));
    assert_eq!(asked["applications"], serde_json::json!(["shop", "pay-in"]));
    let plain = house.token("GET", "/api/v1/regions/us-east-1/evacuation", "").await.json();
    assert_eq!(
        (&plain["request"]["dry_run"], &plain["request"]["applications"]),
        (&false.into(), &serde_json::Value::Null)
    );
}
