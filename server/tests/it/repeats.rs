//! Claims about requests that are sent twice under one key.

use crate::{
    bodies::{NEW_PERSON as NEW, body},
    fake::RUN,
    house::House,
};
use holdfast_server::http::v1::document;

#[tokio::test]
async fn every_post_of_the_document_takes_a_key_and_takes_effect_once_under_it() {
    let document = serde_json::to_value(document()).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        // Runs and evacuations, which need a key, are their own tests' business; signing in is no effect to repeat.
        // What a key is asked is never the same twice, and changes nothing.
        let elsewhere = [
            "/api/v1/runs",
            "/api/v1/evacuations",
            "/api/v1/session",
            "/api/v1/session/proof",
            "/api/v1/session/proof/challenge",
            "/api/v1/session/passkeys/challenge",
        ];
        if item.get("post").is_none() || elsewhere.contains(&path.as_str()) {
            continue;
        }
        let parameters = item["post"]["parameters"].as_array().cloned().unwrap_or_default();
        assert!(parameters.iter().any(|p| p["name"] == "idempotency-key"), "{path} offers no key");
        let house = House::new();
        let filled = path
            .replace("{step}", "observe-again")
            .replace("{name}", "shop")
            .replace("{version}", "2")
            .replace("{id}", RUN);
        let key = [("idempotency-key", "k1")];
        let first = house.token_with("POST", &filled, &key, body("POST", path)).await;
        assert!((200..300).contains(&first.status), "{path}: {}", first.text);
        let effects = house.plane.asked.lock().unwrap().len();
        assert!(effects > 0, "{path} changes nothing");
        let again = house.token_with("POST", &filled, &key, body("POST", path)).await;
        assert_eq!((again.status, again.header("idempotent-replayed")), (first.status, "true"), "{path}");
        // What is shown once is not kept.
        if !["/api/v1/tokens", "/api/v1/channels", "/api/v1/sealed_codes", "/api/v1/offline_codes"]
            .contains(&path.as_str())
            && !path.ends_with("/secret")
            && !path.starts_with("/api/v1/session/factors")
            && path != "/api/v1/session/passkeys"
        {
            assert_eq!(again.text, first.text, "{path}");
        }
        for name in ["location", "etag", "content-type"] {
            assert_eq!(again.header(name), first.header(name), "{path}: {name}");
        }
        assert_eq!(house.plane.asked.lock().unwrap().len(), effects, "{path} took effect twice");
    }
}

#[tokio::test]
async fn the_same_key_with_another_body_or_another_path_is_refused() {
    let house = House::new();
    let key = [("idempotency-key", "k1")];
    assert_eq!(house.token_with("POST", "/api/v1/people", &key, NEW).await.status, 201);
    let other = NEW.replace("new@", "newer@");
    for (path, body) in [("/api/v1/people", other.as_str()), ("/api/v1/groups", r#"{"name": "sre"}"#)] {
        let answer = house.token_with("POST", path, &key, body).await;
        assert_eq!((answer.status, answer.code().as_str()), (409, "idempotency_key_reused"), "{path}");
    }
    assert_eq!(house.plane.asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn two_at_once_make_one_effect_and_get_one_answer() {
    let house = House::new();
    let key = [("idempotency-key", "k1")];
    let send = || house.token_with("POST", "/api/v1/people", &key, NEW);
    let (first, second) = tokio::join!(send(), send());
    assert_eq!((first.status, second.status), (201, 201), "{} {}", first.text, second.text);
    assert_eq!(first.text, second.text);
    assert_eq!(house.plane.times_asked(r#"add new@example.com ["operator"]"#), 1);
}

#[tokio::test]
async fn a_refused_request_may_be_mended_under_its_key() {
    let house = House::new();
    let key = [("idempotency-key", "k1")];
    let wrong = NEW.replace("operator", "king");
    assert_eq!(house.token_with("POST", "/api/v1/people", &key, &wrong).await.status, 422);
    assert_eq!(house.token_with("POST", "/api/v1/people", &key, NEW).await.status, 201);
}

#[tokio::test]
async fn a_repeat_does_not_learn_a_tokens_secret() {
    let house = House::new();
    let key = [("idempotency-key", "k1")];
    let body = body("POST", "/api/v1/tokens");
    let first = house.token_with("POST", "/api/v1/tokens", &key, body).await;
    assert_eq!(first.json()["token"], "hf_new");
    let again = house.token_with("POST", "/api/v1/tokens", &key, body).await;
    assert_eq!(again.json()["id"], first.json()["id"]);
    assert!(again.json().get("token").is_none(), "{}", again.text);
}

#[tokio::test]
async fn a_repeat_does_not_learn_a_webhooks_secret_nor_take_an_empty_one_for_it() {
    let house = House::new();
    let (key, path) = ([("idempotency-key", "k1")], "/api/v1/applications/shop/webhooks/tell/secret");
    let first = house.token_with("POST", path, &key, "").await;
    assert!(first.json()["secret"].as_str().is_some_and(|s| s.starts_with("whsec_")), "{}", first.text);
    let again = house.token_with("POST", path, &key, "").await;
    assert_eq!(again.status, first.status);
    assert!(again.json().get("secret").is_none(), "{}", again.text);
}

#[tokio::test]
async fn a_key_that_is_none_is_refused_and_a_stranger_is_one_also_with_a_key() {
    let house = House::new();
    let answer = house.token_with("POST", "/api/v1/people", &[("idempotency-key", "two words")], NEW).await;
    assert_eq!((answer.status, answer.code().as_str()), (400, "idempotency_key_missing"));
    let stranger = [("idempotency-key", "k1"), ("content-type", "application/json")];
    assert_eq!(house.send("POST", "/api/v1/people", &stranger, NEW).await.status, 401);
    assert!(house.plane.asked.lock().unwrap().is_empty());
}
