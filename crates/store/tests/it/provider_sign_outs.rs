//! Sessions that an identity provider began, and its words that end them.

use crate::entry;
use holdfast_domain::{PersonId, Role};
use holdfast_store::{BegunBy, NewPerson, OfProvider, SessionOwner, Store};
use holdfast_testkit::test_database;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

const IDP: &str = "https://idp.example.com";

async fn somebody(store: &Store, email: &str) -> PersonId {
    let new = NewPerson {
        id: PersonId::fresh(),
        email: email.into(),
        display_name: email.into(),
        password_hash: None,
        roles: vec![Role::Viewer],
        scoped_roles: vec![],
        groups: vec![],
    };
    let mut change = store.begin().await.unwrap();
    change.create_person(&new).await.unwrap();
    change.commit(entry("person.add")).await.unwrap();
    new.id
}

async fn session(store: &Store, hash: u8, person: PersonId, by: Option<(&str, Option<&str>)>) {
    let begun_by =
        by.map(|(issuer, session)| BegunBy { issuer: issuer.into(), session: session.map(Into::into) });
    let owner = SessionOwner {
        person,
        signed_in_at: Some(Timestamp::now()),
        address: String::new(),
        agent: String::new(),
        begun_by,
    };
    let later = store.now().await.unwrap() + SignedDuration::from_hours(1);
    assert!(store.session_create(&[hash; 32], Some(&owner), &json!({}), later, 3_600).await.unwrap());
}

/// Which of the seven are still there.
async fn left(store: &Store) -> Vec<u8> {
    let mut left = Vec::new();
    for hash in 1..=7 {
        if store.session_load(&[hash; 32]).await.unwrap().is_some() {
            left.push(hash);
        }
    }
    left
}

#[tokio::test]
async fn a_provider_ends_what_it_began_of_a_person_or_by_a_sessions_name_and_no_more() {
    for (which, goes) in [
        ("a", vec![2, 3, 4]),
        ("s1", vec![2, 6]),
        // Which of theirs has no name nobody can tell apart.
        ("a s1", vec![2, 4]),
        ("a s9", vec![4]),
        ("b s1", vec![6]),
        ("s9", vec![]),
    ] {
        let database = test_database().await;
        let store = database.store().await;
        let (a, b) = (somebody(&store, "a@example.com").await, somebody(&store, "b@example.com").await);
        let other = "https://other.example.com";
        session(&store, 1, a, None).await;
        session(&store, 2, a, Some((IDP, Some("s1")))).await;
        session(&store, 3, a, Some((IDP, Some("s2")))).await;
        session(&store, 4, a, Some((IDP, None))).await;
        session(&store, 5, a, Some((other, Some("s1")))).await;
        session(&store, 6, b, Some((IDP, Some("s1")))).await;
        session(&store, 7, b, None).await;
        let of = match which {
            "a" => OfProvider::Person(a),
            "a s1" => OfProvider::SessionOf(a, "s1"),
            "a s9" => OfProvider::SessionOf(a, "s9"),
            "b s1" => OfProvider::SessionOf(b, "s1"),
            name => OfProvider::Session(name),
        };
        let mut change = store.begin().await.unwrap();
        let ended = change.end_sessions_of_provider(IDP, &of).await.unwrap();
        change.commit(entry("session.end_by_provider")).await.unwrap();
        assert_eq!(
            ended.iter().map(|(_, sessions)| sessions).sum::<i64>(),
            i64::try_from(goes.len()).unwrap()
        );
        let stays: Vec<u8> = (1..=7).filter(|hash| !goes.contains(hash)).collect();
        assert_eq!(left(&store).await, stays, "{which}");
    }
}

#[tokio::test]
async fn a_session_that_is_saved_again_is_still_the_providers() {
    let database = test_database().await;
    let store = database.store().await;
    let a = somebody(&store, "a@example.com").await;
    session(&store, 1, a, Some((IDP, Some("s1")))).await;
    let begun_by = Some(BegunBy { issuer: IDP.into(), session: Some("s2".into()) });
    let owner = SessionOwner {
        person: a,
        signed_in_at: Some(Timestamp::now()),
        address: String::new(),
        agent: String::new(),
        begun_by,
    };
    let later = store.now().await.unwrap() + SignedDuration::from_hours(1);
    store.session_save(&[1; 32], Some(&owner), &json!({}), later).await.unwrap();
    let mut change = store.begin().await.unwrap();
    assert_eq!(change.end_sessions_of_provider(IDP, &OfProvider::Session("s1")).await.unwrap(), []);
    let ended = change.end_sessions_of_provider(IDP, &OfProvider::Session("s2")).await.unwrap();
    assert_eq!(ended, [("a@example.com".to_owned(), 1)]);
}

#[tokio::test]
async fn a_word_is_taken_once_until_it_is_over() {
    let database = test_database().await;
    let store = database.store().await;
    let now = store.now().await.unwrap();
    let take = async |word: &str, good_until| {
        let mut change = store.begin().await.unwrap();
        let taken = change.take_sign_out(IDP, word, good_until).await.unwrap();
        change.commit(entry("session.end_by_provider")).await.unwrap();
        taken
    };
    let (later, earlier) = (now + SignedDuration::from_hours(1), now - SignedDuration::from_secs(1));
    assert!(take("one", later).await && !take("one", later).await && take("two", earlier).await);
    assert_eq!(store.prune(1).await.unwrap().provider_sign_outs, 1);
    assert!(!take("one", later).await, "it was forgotten while it was good");
}
