//! People, sessions, tokens, and the counting of failed sign-ins.

use crate::{entry, furnished, name, start_run};
use holdfast_domain::{HeldRole, PersonId, Reach, Role, Scope};
use holdfast_store::{
    Error, LoginGate, LoginLimits, NewPerson, NewToken, SessionOwner, Store, hash_secret, session_id,
};
use holdfast_testkit::person;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

const DAY: u32 = 86_400;

async fn create(store: &Store, new: &NewPerson) -> Result<(), Error> {
    let mut change = store.begin().await?;
    change.create_person(new).await?;
    change.commit(entry("people.create")).await.map(|_| ())
}

async fn token(store: &Store, person: PersonId, lives_seconds: u32) -> Result<NewToken, Error> {
    let id = uuid::Uuid::now_v7();
    let new = NewToken {
        id,
        person,
        label: "pipeline".into(),
        secret_hash: hash_secret(id.as_bytes()),
        scopes: vec![Scope::StatusRead, Scope::RunsRequest],
        within: Reach::default(),
        lives_seconds,
    };
    let mut change = store.begin().await?;
    change.create_token(&new).await?;
    change.commit(entry("tokens.create")).await?;
    Ok(new)
}

fn owner(person: PersonId) -> SessionOwner {
    SessionOwner {
        person,
        signed_in_at: Some(Timestamp::now()),
        address: "198.51.100.1".into(),
        agent: "a browser".into(),
        begun_by: None,
    }
}

#[tokio::test]
async fn a_person_is_found_by_address_in_any_case_and_an_address_is_given_once() {
    let (_database, store) = furnished().await;
    let new = NewPerson {
        id: PersonId::fresh(),
        email: "Operator@Example.com".into(),
        display_name: "operator".into(),
        password_hash: Some("$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA".into()),
        roles: vec![Role::Operator, Role::Operator],
        scoped_roles: vec![],
        groups: vec![name("sre"), name("new-group")],
    };
    create(&store, &new).await.unwrap();
    let found = store.credentials("OPERATOR@example.com").await.unwrap();
    assert_eq!(found.person.email, "operator@example.com");
    assert_eq!(found.person.roles, [Role::Operator]);
    assert_eq!(found.person.groups, [name("new-group"), name("sre")]);
    assert_eq!(found.password_hash, new.password_hash);
    let twice = create(&store, &NewPerson { id: PersonId::fresh(), ..new }).await.unwrap_err();
    assert!(twice.is_conflict("people_email_key"), "{twice}");
}

#[tokio::test]
async fn a_password_that_is_not_hashed_cannot_be_stored() {
    let (_database, store) = furnished().await;
    let new = NewPerson {
        id: PersonId::fresh(),
        email: "a@example.com".into(),
        display_name: "a".into(),
        password_hash: Some("hunter2".into()),
        roles: vec![],
        scoped_roles: vec![],
        groups: vec![],
    };
    assert!(create(&store, &new).await.unwrap_err().is_conflict("people_password_is_hashed"));
}

#[tokio::test]
async fn roles_and_groups_are_replaced_whole() {
    let (_database, store) = furnished().await;
    let id = person(&store, "a@example.com", Role::Viewer, &["sre"]).await.id;
    let mut change = store.begin().await.unwrap();
    change.set_roles(id, &[Role::Operator, Role::Approver]).await.unwrap();
    change.set_groups(id, &[name("approvers")]).await.unwrap();
    change.commit(entry("people.edit")).await.unwrap();
    let found = store.person(id).await.unwrap();
    assert_eq!((found.roles, found.groups), (vec![Role::Approver, Role::Operator], vec![name("approvers")]));
    let mut change = store.begin().await.unwrap();
    assert!(matches!(change.set_roles(PersonId::fresh(), &[]).await, Err(Error::NotFound("person"))));
}

#[tokio::test]
async fn disabling_a_person_ends_their_sessions_and_tokens() {
    let (_database, store) = furnished().await;
    let id = person(&store, "a@example.com", Role::Viewer, &[]).await.id;
    let later = store.now().await.unwrap() + SignedDuration::from_hours(1);
    let session = hash_secret(b"cookie");
    assert!(store.session_create(&session, Some(&owner(id)), &json!({}), later, DAY).await.unwrap());
    let token = token(&store, id, DAY).await.unwrap();
    assert!(store.usable_token(&token.secret_hash).await.unwrap().is_some());
    let mut change = store.begin().await.unwrap();
    change.disable_person(id).await.unwrap();
    change.commit(entry("people.disable")).await.unwrap();
    assert_eq!(store.session_load(&session).await.unwrap(), None);
    assert_eq!(store.usable_token(&token.secret_hash).await.unwrap(), None);
    assert!(store.person(id).await.unwrap().disabled_at.is_some());
    let saved = store.session_save(&session, Some(&owner(id)), &json!({}), later).await;
    assert!(matches!(saved, Err(Error::NotFound("session"))), "a session that was ended does not come back");
}

#[tokio::test]
async fn whoever_loses_a_role_is_signed_out_everywhere_and_whoever_gains_one_is_not() {
    let (_database, store) = furnished().await;
    let id = person(&store, "a@example.com", Role::Viewer, &[]).await.id;
    let later = store.now().await.unwrap() + SignedDuration::from_hours(1);
    let session = hash_secret(b"cookie");
    assert!(store.session_create(&session, Some(&owner(id)), &json!({}), later, DAY).await.unwrap());
    let set = async |roles: &[Role]| {
        let mut change = store.begin().await.unwrap();
        change.set_roles(id, roles).await.unwrap();
        change.commit(entry("people.edit")).await.unwrap();
        store.session_load(&session).await.unwrap().is_some()
    };
    assert!(set(&[Role::Viewer, Role::Operator]).await);
    assert!(!set(&[Role::Operator]).await);
}

#[tokio::test]
async fn a_persons_sessions_are_theirs_to_see_and_to_end_one_by_one() {
    let (_database, store) = furnished().await;
    let id = person(&store, "a@example.com", Role::Viewer, &[]).await.id;
    let other = person(&store, "b@example.com", Role::Viewer, &[]).await.id;
    let later = store.now().await.unwrap() + SignedDuration::from_hours(1);
    let hashes = [hash_secret(b"one"), hash_secret(b"two"), hash_secret(b"three")];
    for hash in &hashes {
        assert!(store.session_create(hash, Some(&owner(id)), &json!({}), later, DAY).await.unwrap());
    }
    assert!(store.session_create(&hash_secret(b"waits"), None, &json!({}), later, DAY).await.unwrap());
    let waiting = SessionOwner { signed_in_at: None, ..owner(id) };
    let code_due = hash_secret(b"code due");
    assert!(store.session_create(&code_due, Some(&waiting), &json!({}), later, DAY).await.unwrap());
    let shown = store.sessions_of(id).await.unwrap();
    assert_eq!((shown.len(), shown[0].address.as_deref()), (3, Some("198.51.100.1")));
    let mut change = store.begin().await.unwrap();
    assert!(!change.end_session(other, &session_id(&hashes[0])).await.unwrap(), "another's");
    assert!(change.end_session(id, &session_id(&hashes[0])).await.unwrap());
    change.commit(entry("session.end")).await.unwrap();
    let mut change = store.begin().await.unwrap();
    assert_eq!(change.end_sessions(id, Some(&session_id(&hashes[1]))).await.unwrap(), 2);
    change.commit(entry("session.end_all")).await.unwrap();
    assert_eq!(store.session_load(&code_due).await.unwrap(), None, "nobody signs in by the code any more");
    let left = store.sessions_of(id).await.unwrap();
    assert_eq!(left.iter().map(|s| s.id.clone()).collect::<Vec<_>>(), [session_id(&hashes[1])]);
}

#[tokio::test]
async fn a_new_id_does_not_make_a_session_live_longer() {
    let (_database, store) = furnished().await;
    let id = person(&store, "a@example.com", Role::Viewer, &[]).await.id;
    let now = store.now().await.unwrap();
    let old = SessionOwner { signed_in_at: Some(now - SignedDuration::from_hours(25)), ..owner(id) };
    let (session, later) = (hash_secret(b"cookie"), now + SignedDuration::from_hours(1));
    assert!(store.session_create(&session, Some(&old), &json!({}), later, DAY).await.unwrap());
    assert_eq!(store.session_load(&session).await.unwrap(), None);
}

#[tokio::test]
async fn a_session_ends_without_use_and_in_the_end_whatever_the_use() {
    let (_database, store) = furnished().await;
    let now = store.now().await.unwrap();
    let (past, later) = (now - SignedDuration::from_secs(1), now + SignedDuration::from_hours(1));
    let (idle, old, good) = (hash_secret(b"idle"), hash_secret(b"old"), hash_secret(b"good"));
    assert!(store.session_create(&idle, None, &json!({}), past, DAY).await.unwrap());
    assert!(store.session_create(&old, None, &json!({}), later, 0).await.unwrap());
    assert!(store.session_create(&good, None, &json!({"n": 1}), later, DAY).await.unwrap());
    assert!(!store.session_create(&good, None, &json!({}), later, DAY).await.unwrap(), "the id is taken");
    assert_eq!(store.session_load(&idle).await.unwrap(), None);
    assert_eq!(store.session_load(&old).await.unwrap(), None);
    store.session_save(&good, None, &json!({"n": 2}), later).await.unwrap();
    assert_eq!(store.session_load(&good).await.unwrap().unwrap().data, json!({"n": 2}));
    assert_eq!(store.prune(24).await.unwrap().sessions, 2);
    store.session_delete(&good).await.unwrap();
    assert_eq!(store.session_load(&good).await.unwrap(), None);
}

#[tokio::test]
async fn signing_a_person_out_everywhere_leaves_others_signed_in() {
    let (_database, store) = furnished().await;
    let a = person(&store, "a@example.com", Role::Viewer, &[]).await.id;
    let b = person(&store, "b@example.com", Role::Viewer, &[]).await.id;
    let later = store.now().await.unwrap() + SignedDuration::from_hours(1);
    for (cookie, who) in [("1", a), ("2", a), ("3", b)] {
        store
            .session_create(&hash_secret(cookie.as_bytes()), Some(&owner(who)), &json!({}), later, DAY)
            .await
            .unwrap();
    }
    let mut change = store.begin().await.unwrap();
    assert_eq!(change.end_sessions(a, None).await.unwrap(), 2);
    change.commit(entry("session.end_all")).await.unwrap();
    assert!(store.session_load(&hash_secret(b"1")).await.unwrap().is_none());
    assert!(store.session_load(&hash_secret(b"3")).await.unwrap().is_some());
}

#[tokio::test]
async fn a_token_lives_at_most_ninety_days_and_not_after_it_is_revoked() {
    let (_database, store) = furnished().await;
    let id = person(&store, "a@example.com", Role::Operator, &[]).await.id;
    let too_long = token(&store, id, 90 * DAY + 1).await.unwrap_err();
    assert!(too_long.is_conflict("api_tokens_at_most_90_days"), "{too_long}");
    let new = token(&store, id, 90 * DAY).await.unwrap();
    let used = store.usable_token(&new.secret_hash).await.unwrap().unwrap();
    assert_eq!((used.person, used.scopes), (id, vec![Scope::RunsRequest, Scope::StatusRead]));
    assert!(store.token(new.id).await.unwrap().last_used_at.is_some());
    let mut change = store.begin().await.unwrap();
    change.revoke_token(new.id).await.unwrap();
    change.commit(entry("tokens.revoke")).await.unwrap();
    assert_eq!(store.usable_token(&new.secret_hash).await.unwrap(), None);
    assert_eq!(store.tokens(Some(id)).await.unwrap().len(), 1);
    assert_eq!(store.usable_token(&hash_secret(b"guess")).await.unwrap(), None);
}

#[tokio::test]
async fn guesses_sent_side_by_side_are_counted_and_others_cannot_lock_a_person_out() {
    let (_database, store) = furnished().await;
    let limits = LoginLimits { per_email_and_address: 5, ..LoginLimits::default() };
    let gates = futures::future::join_all((0..20).map(|_| {
        let store = store.clone();
        async move { store.begin_login("Victim@example.com", "203.0.113.9", limits).await.unwrap() }
    }))
    .await;
    assert_eq!(gates.iter().filter(|g| **g == LoginGate::Open).count(), 5);
    let closed = gates.iter().find(|g| **g != LoginGate::Open).unwrap();
    assert!(
        matches!(closed, LoginGate::Closed { retry_after_seconds } if (890..=900).contains(retry_after_seconds))
    );
    let own = store.begin_login("victim@example.com", "198.51.100.1", limits).await.unwrap();
    assert_eq!(own, LoginGate::Open);
    let mut change = store.begin().await.unwrap();
    change.login_succeeded("victim@example.com", "203.0.113.9").await.unwrap();
    change.commit(entry("session.sign_in")).await.unwrap();
    assert_eq!(
        store.begin_login("victim@example.com", "203.0.113.9", limits).await.unwrap(),
        LoginGate::Open
    );
}

#[tokio::test]
async fn many_addresses_of_one_guesser_are_counted_together() {
    let (_database, store) = furnished().await;
    let limits = LoginLimits { per_address: 3, ..LoginLimits::default() };
    let mut open = 0;
    for n in 0..6 {
        let gate = store.begin_login(&format!("p{n}@example.com"), "203.0.113.9", limits).await.unwrap();
        open += i32::from(gate == LoginGate::Open);
    }
    assert_eq!(open, 3);
}

#[tokio::test]
async fn roles_over_some_applications_are_kept_beside_those_over_all_and_losing_one_ends_every_session() {
    let (_database, store) = furnished().await;
    let person = person(&store, "scoped@example.com", Role::Viewer, &[]).await;
    let held = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<HeldRole>>();
    let set = async |roles: &[HeldRole]| {
        let mut change = store.begin().await.unwrap();
        change.set_scoped_roles(person.id, roles).await.unwrap();
        change.commit(entry("people.scope")).await.unwrap();
        store.person(person.id).await.unwrap()
    };
    let all = "operator:application=shop,tier=1,team=payments,environment=production";
    let two = held(&["approver:team=payments", all]);
    let mut twice = two.clone();
    twice.extend(two.clone());
    let mut stored = set(&twice).await;
    stored.scoped_roles.sort();
    let mut sorted = two.clone();
    sorted.sort();
    assert_eq!((stored.roles.as_slice(), &stored.scoped_roles), ([Role::Viewer].as_slice(), &sorted));
    let session = hash_secret(b"cookie");
    let later = store.now().await.unwrap() + SignedDuration::from_hours(1);
    assert!(store.session_create(&session, Some(&owner(person.id)), &json!({}), later, DAY).await.unwrap());
    set(&held(&["approver:team=payments", all, "viewer:tier=2"])).await;
    assert!(store.session_load(&session).await.unwrap().is_some(), "whoever gains one stays signed in");
    assert_eq!(set(&held(&["approver:team=payments"])).await.scoped_roles, held(&["approver:team=payments"]));
    assert_eq!(store.session_load(&session).await.unwrap(), None);
    assert_eq!(set(&[]).await.scoped_roles, []);
}

#[tokio::test]
async fn what_roles_are_held_against_is_known_of_archived_applications_too() {
    let (_database, store) = furnished().await;
    let one = store.labels(Some(&name("shop"))).await.unwrap();
    assert_eq!(one.len(), 1);
    assert_eq!((one[0].tier, one[0].team.as_str(), &one[0].environment), (1, "payments", &None));
    // What has a run is archived and does not go.
    start_run(&store, "billing", false).await.unwrap();
    let mut change = store.begin().await.unwrap();
    let mut inventory = change.load_inventory_for_edit().await.unwrap().inventory;
    inventory.applications.iter_mut().for_each(|all| all.retain(|a| a.name.as_str() != "billing"));
    for application in inventory.applications.iter_mut().flatten() {
        application.environment = Some(name("production"));
    }
    change.replace_inventory(&inventory).await.unwrap();
    change.commit(entry("inventory.apply")).await.unwrap();
    let all = store.labels(None).await.unwrap();
    let told: Vec<_> =
        all.iter().map(|l| (l.application.as_str(), l.environment.as_ref().map(|e| e.as_str()))).collect();
    assert_eq!(told, [("billing", None), ("shop", Some("production"))]);
    assert!(store.application(&name("billing")).await.is_err());
}

#[tokio::test]
async fn accounts_of_one_person_are_one_whichever_was_named_and_one_that_is_set_apart_leaves_the_others_so() {
    let (_database, store) = furnished().await;
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(person(&store, &format!("{n}@example.com"), Role::Viewer, &[]).await.id);
    }
    let known = async || {
        let mut others = Vec::new();
        for id in &ids {
            let with = store.person(*id).await.unwrap().others;
            let with = with.iter().map(|other| other.email.split('@').next().unwrap().to_owned());
            others.push(with.collect::<String>());
        }
        others
    };
    let one = async |person: usize, other: usize| {
        let mut change = store.begin().await.unwrap();
        change.make_one(ids[person], ids[other]).await.unwrap();
        change.commit(entry("people.edit")).await.unwrap();
    };
    let apart = async |person: usize| {
        let mut change = store.begin().await.unwrap();
        change.set_apart(ids[person]).await.unwrap();
        change.commit(entry("people.edit")).await.unwrap();
    };
    assert_eq!(known().await, ["", "", "", "", ""]);
    one(1, 0).await;
    one(0, 1).await;
    assert_eq!(known().await, ["1", "0", "", "", ""], "said twice, and the other way round");
    one(3, 2).await;
    one(2, 1).await;
    assert_eq!(known().await, ["123", "023", "013", "012", ""], "with all that each was one with");
    apart(0).await;
    assert_eq!(known().await, ["", "23", "13", "12", ""], "the first of them");
    apart(3).await;
    apart(3).await;
    assert_eq!(known().await, ["", "2", "1", "", ""]);
    apart(2).await;
    assert_eq!(known().await, ["", "", "", "", ""]);
}
