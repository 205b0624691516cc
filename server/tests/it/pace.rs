//! Whoever asks too often is told so, and nobody else is held back.

use crate::{
    fake::Fake,
    house::{Answered, House, URL, site},
};
use holdfast_server::{http::problem::CONTENT_TYPE, state::Site};
use std::sync::Arc;

/// Where so many requests a minute are a token's, and ten times as many a person's.
fn paced(a_minute: u32) -> House {
    House::with(Arc::new(Fake::default()), Site { requests_per_minute: Some(a_minute), ..site(URL) })
}

/// The first answer that is none, and how many came before it.
async fn until_held_back(send: impl AsyncFn() -> Answered) -> (usize, Answered) {
    for before in 0..50 {
        let answer = send().await;
        if answer.status == 429 {
            return (before, answer);
        }
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    panic!("fifty requests at once were not too many")
}

#[tokio::test]
async fn a_program_that_asks_too_often_is_told_when_to_go_on_and_a_person_goes_on() {
    let house = paced(2);
    let cookie = house.sign_in().await;
    let page = async || house.send("GET", "/applications", &[("cookie", &cookie)], "").await;
    let (before, held) = until_held_back(async || house.token("GET", "/api/v1/applications", "").await).await;
    assert_eq!(before, 1);
    assert_eq!(held.code(), "too_many_requests");
    assert_eq!(held.header("content-type"), CONTENT_TYPE);
    assert_eq!(held.header("retry-after"), "30");
    assert!(
        held.json()["way_out"].as_str().unwrap().contains("HOLDFAST_REQUESTS_PER_MINUTE"),
        "{}",
        held.text
    );
    let (before, held) = until_held_back(page).await;
    assert!((10..=11).contains(&before), "ten times as often: {before}");
    assert!(held.header("content-type").starts_with("text/html"));
    assert_eq!(held.header("retry-after"), "3");
    assert!(held.text.contains("Wait 3 seconds"), "{}", held.text);
    // Who is nobody yet is not counted by this: files, health and the door itself answer.
    for path in ["/livez", "/sign-in"] {
        assert_eq!(house.send("GET", path, &[], "").await.status, 200, "{path}");
    }
    house.sign_in().await;
}

#[tokio::test]
async fn one_request_is_counted_once_however_often_is_looked_who_asks() {
    let house = paced(4);
    let key = [("idempotency-key", "k1")];
    let send = async || house.token_with("POST", "/api/v1/groups", &key, r#"{"name": "sre"}"#).await;
    assert_eq!((send().await.status, send().await.status, send().await.status), (201, 201, 429));
}
