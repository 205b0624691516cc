//! Keys and their challenges: what the database holds to, whoever asks.

use crate::{entry, furnished};
use holdfast_domain::PersonId;
use holdfast_store::{Asked, Challenge, ChallengePurpose, KeyState, NewPasskey, NewPerson, Store};
use serde_json::json;
use sqlx::Executor as _;
use uuid::Uuid;

async fn person(store: &Store, email: &str) -> PersonId {
    let new = NewPerson {
        id: PersonId::fresh(),
        email: email.into(),
        display_name: email.into(),
        password_hash: None,
        roles: vec![],
        scoped_roles: vec![],
        groups: vec![],
    };
    let mut change = store.begin().await.unwrap();
    change.create_person(&new).await.unwrap();
    change.commit(entry("people.create")).await.unwrap();
    new.id
}

fn said(counter: u32) -> KeyState {
    KeyState { credential: json!({ "count": counter }), counter, backed_up: false }
}

fn key(person: PersonId, credential_id: &[u8]) -> NewPasskey {
    NewPasskey {
        id: Uuid::now_v7(),
        person,
        name: "on my ring".into(),
        credential_id: credential_id.to_vec(),
        state: said(0),
    }
}

async fn add(store: &Store, key: &NewPasskey) -> bool {
    let mut change = store.begin().await.unwrap();
    let added = change.add_passkey(key).await.unwrap();
    change.commit(entry("passkey.add")).await.unwrap();
    added
}

async fn used(store: &Store, key: &NewPasskey, counter: u32) -> bool {
    let mut change = store.begin().await.unwrap();
    let used = change.use_passkey(key.person, key.id, &said(counter)).await.unwrap();
    change.commit(entry("session.prove")).await.unwrap();
    used
}

fn asked(person: PersonId, session: &str, purpose: ChallengePurpose) -> Asked<'_> {
    Asked { session, purpose, person }
}

fn challenge(n: u32) -> Challenge {
    Challenge { act: Some(json!({ "page": "/runs/1" })), state: json!({ "challenge": n }) }
}

#[tokio::test]
async fn a_key_is_one_persons_and_its_count_only_goes_on() {
    let (database, store) = furnished().await;
    let (a, b) = (person(&store, "a@example.com").await, person(&store, "b@example.com").await);
    let first = key(a, b"one");
    assert!(add(&store, &first).await);
    assert!(!add(&store, &key(b, b"one")).await, "it is somebody's");
    // One that does not count says 0 each time.
    assert!(used(&store, &first, 0).await && used(&store, &first, 0).await);
    assert!(used(&store, &first, 5).await);
    for back in [5, 4, 0] {
        assert!(!used(&store, &first, back).await, "{back}");
    }
    assert!(!used(&store, &NewPasskey { person: b, ..first.clone() }, 6).await, "another's");
    let kept = &store.passkeys(a).await.unwrap()[0];
    assert_eq!((&kept.credential, kept.last_used_at.is_some()), (&json!({ "count": 5 }), true));
    let mut app = database.app().await;
    let back = app.execute("UPDATE passkeys SET counter = 4").await.unwrap_err();
    assert!(back.to_string().contains("does not go back"), "{back}");
    for sql in [
        "UPDATE passkeys SET person = person",
        "UPDATE passkeys SET added_at = now()",
        "UPDATE passkeys SET credential_id = 'x'",
    ] {
        let refused = app.execute(sql).await.expect_err(sql);
        assert_eq!(refused.as_database_error().and_then(|e| e.code()).as_deref(), Some("42501"), "{sql}");
    }
}

#[tokio::test]
async fn a_challenge_is_taken_once_by_whom_it_was_asked_and_for_what() {
    use ChallengePurpose::{Prove, SignIn};
    let (database, store) = furnished().await;
    let (a, b) = (person(&store, "a@example.com").await, person(&store, "b@example.com").await);
    store.keep_challenge(asked(a, "here", Prove), &challenge(1)).await.unwrap();
    for other in [asked(b, "here", Prove), asked(a, "there", Prove), asked(a, "here", SignIn)] {
        assert_eq!(store.take_challenge(other).await.unwrap(), None, "{other:?}");
    }
    store.keep_challenge(asked(a, "here", Prove), &challenge(2)).await.unwrap();
    let taken =
        futures::future::join_all((0..4).map(|_| store.take_challenge(asked(a, "here", Prove)))).await;
    let taken: Vec<Challenge> = taken.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(taken, [challenge(2)], "the later one, once");

    store.keep_challenge(asked(a, "here", Prove), &challenge(3)).await.unwrap();
    let late = "UPDATE passkey_challenges SET expires_at = clock_timestamp()";
    database.owner().await.execute(late).await.unwrap();
    assert_eq!(store.take_challenge(asked(a, "here", Prove)).await.unwrap(), None, "too late");
    assert_eq!(store.prune(24).await.unwrap().passkey_challenges, 1);
}

#[tokio::test]
async fn codes_to_recover_with_stand_for_keys_too_and_go_with_the_last_factor() {
    let (_database, store) = furnished().await;
    let a = person(&store, "a@example.com").await;
    let (one, two) = (key(a, b"one"), key(a, b"two"));
    assert!(add(&store, &one).await && add(&store, &two).await);
    let mut change = store.begin().await.unwrap();
    change.replace_recovery_codes(a, &[[1; 32], [2; 32]]).await.unwrap();
    assert!(change.use_recovery_code(a, &[1; 32]).await.unwrap(), "beside a key alone");
    assert!(!change.remove_totp(a).await.unwrap(), "there is no app");
    assert_eq!(change.remove_passkey(a, one.id).await.unwrap().as_deref(), Some("on my ring"));
    assert_eq!(change.remove_passkey(a, one.id).await.unwrap(), None);
    change.commit(entry("passkey.remove")).await.unwrap();
    assert_eq!(store.recovery_codes_left(a).await.unwrap(), 1);
    let mut change = store.begin().await.unwrap();
    assert!(change.remove_passkey(a, two.id).await.unwrap().is_some());
    change.commit(entry("passkey.remove")).await.unwrap();
    assert_eq!(store.recovery_codes_left(a).await.unwrap(), 0);
    assert!(!store.has_passkeys(a).await.unwrap());
}
