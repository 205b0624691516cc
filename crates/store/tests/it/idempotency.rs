//! A repeated request gets the first one's answer, and makes no second effect.

use crate::{entry, furnished};
use holdfast_store::{Idempotent, Store, hash_secret};
use serde_json::json;

async fn ask(store: &Store, key: &str, body: &[u8], answer: i64) -> Idempotent {
    let mut change = store.begin().await.unwrap();
    let found = change.begin_idempotent("p", key, "POST /runs", &hash_secret(body)).await.unwrap();
    if found == Idempotent::Fresh {
        change.finish_idempotent("p", key, 201, &json!({"id": answer})).await.unwrap();
        change.commit(entry("runs.request")).await.unwrap();
    }
    found
}

#[tokio::test]
async fn a_repeat_is_answered_and_another_body_under_the_same_key_is_refused() {
    let (_database, store) = furnished().await;
    assert_eq!(ask(&store, "k", b"one", 1).await, Idempotent::Fresh);
    assert_eq!(
        ask(&store, "k", b"one", 2).await,
        Idempotent::Replay { status: 201, response: json!({"id": 1}) }
    );
    assert_eq!(ask(&store, "k", b"two", 3).await, Idempotent::Reused);
    assert_eq!(ask(&store, "other", b"two", 4).await, Idempotent::Fresh);
}

#[tokio::test]
async fn of_repeats_at_the_same_time_one_makes_the_effect() {
    let (_database, store) = furnished().await;
    let outcomes = futures::future::join_all((0..6).map(|n| {
        let store = store.clone();
        tokio::spawn(async move { ask(&store, "k", b"one", n).await })
    }))
    .await;
    let fresh = outcomes.iter().filter(|o| matches!(o, Ok(Idempotent::Fresh))).count();
    let replayed = outcomes.iter().filter(|o| matches!(o, Ok(Idempotent::Replay { .. }))).count();
    assert_eq!((fresh, replayed), (1, 5));
}

#[tokio::test]
async fn an_effect_that_failed_leaves_its_key_free() {
    let (_database, store) = furnished().await;
    let mut change = store.begin().await.unwrap();
    let found = change.begin_idempotent("p", "k", "POST /runs", &hash_secret(b"one")).await.unwrap();
    assert_eq!(found, Idempotent::Fresh);
    drop(change);
    assert_eq!(ask(&store, "k", b"two", 1).await, Idempotent::Fresh);
}

#[tokio::test]
async fn a_key_is_forgotten_after_a_day() {
    let (database, store) = furnished().await;
    ask(&store, "k", b"one", 1).await;
    ask(&store, "l", b"one", 1).await;
    sqlx::query("UPDATE idempotency_keys SET created_at = created_at - interval '25 hours'")
        .execute(&mut database.owner().await)
        .await
        .unwrap();
    assert_eq!(ask(&store, "k", b"two", 2).await, Idempotent::Fresh);
    assert_eq!(store.prune(24).await.unwrap().idempotency_keys, 1);
}
