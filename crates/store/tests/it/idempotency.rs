//! A repeated request gets the first one's answer, and makes no second effect.

use crate::{entry, furnished};
use holdfast_domain::RequestKey;
use holdfast_store::{AuditFilter, Idempotent, Kept, Mark, Store, hash_secret};
use serde_json::json;
use uuid::Uuid;

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

fn mark(key: &str, body: &[u8]) -> Mark {
    let key = RequestKey {
        key: key.into(),
        route: "POST /people".into(),
        body_hash: hash_secret(body),
        sending: Uuid::new_v4(),
    };
    Mark { principal: "p".into(), key }
}

#[tokio::test]
async fn a_marked_change_is_made_once_however_often_and_at_once_it_is_sent() {
    let (_database, store) = furnished().await;
    let outcomes = futures::future::join_all((0..8).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            let change = store.begin().await.unwrap();
            change.commit(entry("people.create").marked(Some(mark("k", b"one")))).await
        })
    }))
    .await;
    let outcomes: Vec<_> = outcomes.into_iter().map(Result::unwrap).collect();
    assert_eq!(outcomes.iter().filter(|o| o.is_ok()).count(), 1);
    assert!(outcomes.iter().filter_map(|o| o.as_ref().err()).all(|e| e.is_conflict("idempotency_keys_pkey")));
    let filter = AuditFilter { action: Some("people.create".into()), limit: 50, ..AuditFilter::default() };
    assert_eq!(store.audit_entries(&filter).await.unwrap().len(), 1);
}

#[tokio::test]
async fn one_sending_may_commit_twice_and_its_answer_is_kept_for_repeats() {
    let (_database, store) = furnished().await;
    let sent = mark("k", b"one");
    assert_eq!(store.kept_answer(&sent).await.unwrap(), Kept::Nothing);
    for _ in 0..2 {
        store.audit(entry("people.create").marked(Some(sent.clone()))).await.unwrap();
    }
    let again = mark("k", b"one");
    assert_eq!(store.kept_answer(&again).await.unwrap(), Kept::Unanswered);
    store.keep_answer(&sent, 201, &json!({"id": 1})).await.unwrap();
    store.keep_answer(&again, 201, &json!({"id": 2})).await.unwrap();
    assert_eq!(store.kept_answer(&again).await.unwrap(), Kept::Answer(json!({"id": 1})));
    assert_eq!(store.kept_answer(&mark("k", b"two")).await.unwrap(), Kept::Reused);
}
