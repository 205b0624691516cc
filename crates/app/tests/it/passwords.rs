//! One's own password: changed by the present one, and by nothing else.

use crate::house::{House, refused};
use holdfast_api::IfMatch;
use holdfast_api::audit::{AuditFilter, Audits};
use holdfast_api::passwords::{ChangePassword, Passwords};
use holdfast_api::people::{AddPerson, ChangePerson, People};
use holdfast_api::proofs::Proofs;
use holdfast_app::{App, Breached, Settings};
use holdfast_domain::{Actor, PersonId, Role, Scope};
use holdfast_store::{SessionOwner, hash_secret, session_id};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

const PASSWORD: &str = "a long enough password";
const NEW: &str = "another long password";
const FROM: &str = "198.51.100.1";

fn change(present: &str, new: &str) -> ChangePassword {
    ChangePassword { present: present.into(), new: new.into() }
}

/// Signed in to a browser; the session's hash.
async fn session(house: &House, person: PersonId, of: &str) -> [u8; 32] {
    let hash = hash_secret(of.as_bytes());
    let owner = SessionOwner {
        person,
        signed_in_at: Some(Timestamp::now()),
        address: FROM.into(),
        agent: "a browser".into(),
        begun_by: None,
    };
    let later = Timestamp::now() + SignedDuration::from_hours(1);
    assert!(house.store.session_create(&hash, Some(&owner), &json!({}), later, 3_600).await.unwrap());
    hash
}

async fn signs_in(house: &House, password: &str) -> Result<(), String> {
    let answer = house.app.sign_in(&house.approver.email, password, None, FROM).await;
    answer.map(drop).map_err(|problem| problem.code)
}

#[tokio::test]
async fn whoever_knows_the_present_password_changes_it_and_their_other_sessions_end() {
    let house = House::new().await;
    let who = &house.approver;
    let (here, there) =
        (session(&house, who.person, "here").await, session(&house, who.person, "there").await);
    let others = session(&house, house.operator.person, "another's").await;
    let plane = house.app.clone().accountable();
    let ended = plane.change_password(who, change(PASSWORD, NEW), Some(&session_id(&here)), FROM).await;
    assert_eq!(ended.unwrap(), 1);
    let alive = async |hash| house.store.session_load(&hash).await.unwrap().is_some();
    assert_eq!((alive(here).await, alive(there).await, alive(others).await), (true, false, true));
    assert_eq!(signs_in(&house, NEW).await, Ok(()));
    assert_eq!(signs_in(&house, PASSWORD).await, Err("sign_in_refused".into()));

    let filter = AuditFilter { action: Some("password.change".into()), ..AuditFilter::default() };
    let entries = house.app.audit(who, &filter).await.unwrap().items;
    assert_eq!((entries.len(), &entries[0].detail["sessions"]), (1, &json!(1)));
    let log = serde_json::to_string(&entries).unwrap();
    assert!(!log.contains(PASSWORD) && !log.contains(NEW), "{log}");
}

#[tokio::test]
async fn what_is_not_the_present_password_changes_nothing_and_is_written_down() {
    let house = House::new().await;
    let plane = house.app.clone().accountable();
    let here = session(&house, house.approver.person, "here").await;
    let problem = refused(plane.change_password(&house.approver, change("wrong", NEW), None, FROM).await);
    assert_eq!(
        (problem.status, problem.code.as_str(), problem.written_down),
        (401, "password_refused", true)
    );
    assert!(house.store.session_load(&here).await.unwrap().is_some());
    assert_eq!(signs_in(&house, PASSWORD).await, Ok(()));
    for (new, why) in [("tiny", "12"), (PASSWORD, "that you have"), (&"x".repeat(300), "256")] {
        let no = refused(plane.change_password(&house.approver, change(PASSWORD, new), None, FROM).await);
        assert_eq!((no.status, no.fields[0].path.as_str()), (422, "new"));
        assert!(no.detail.contains(why) && !no.detail.contains(new), "{no:?}");
    }
    let token = Actor { token_scopes: Some(Scope::ALL.to_vec()), ..house.approver.clone() };
    let by_token = plane.change_password(&token, change(PASSWORD, NEW), None, FROM).await;
    assert_eq!(refused(by_token).code, "person_needed");
}

#[tokio::test]
async fn guesses_at_the_present_password_are_counted_as_at_the_sign_in() {
    let house = House::new().await;
    for _ in 0..5 {
        let no = house.app.change_password(&house.approver, change("wrong", NEW), None, FROM).await;
        assert_eq!(refused(no).code, "password_refused");
    }
    let locked = refused(house.app.change_password(&house.approver, change(PASSWORD, NEW), None, FROM).await);
    assert_eq!((locked.status, locked.code.as_str()), (429, "sign_in_locked"));
    assert_eq!(signs_in(&house, PASSWORD).await, Err("sign_in_locked".into()), "it is the same door");
    // A new one that is not accepted is no guess.
    for _ in 0..6 {
        refused(house.app.change_password(&house.operator, change(PASSWORD, "short"), None, FROM).await);
    }
    house.app.change_password(&house.operator, change(PASSWORD, NEW), None, "192.0.2.1").await.unwrap();
}

#[tokio::test]
async fn of_whoever_has_a_second_factor_an_old_sign_in_does_not_change_the_password() {
    let house = House::new().await;
    let old = Actor { identity_proved_at: None, ..house.approver.clone() };
    house.app.change_password(&old, change(PASSWORD, NEW), None, FROM).await.unwrap();
    let shown = house.app.begin_codes(&house.approver).await.unwrap();
    let secret = totp_rs::Secret::try_from_base32(&shown.secret).unwrap();
    let phone = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    let at = u64::try_from(house.store.now().await.unwrap().as_second()).unwrap();
    house.app.confirm_codes(&house.approver, &phone.generate(at).to_string(), FROM).await.unwrap();
    let stale = refused(house.app.change_password(&old, change(NEW, PASSWORD), None, FROM).await);
    assert_eq!(stale.code, "fresh_identity_needed");
    house.app.change_password(&house.approver, change(NEW, PASSWORD), None, FROM).await.unwrap();
}

#[tokio::test]
async fn wherever_a_password_is_given_one_that_is_guessed_first_is_refused_by_its_field() {
    let house = House::new().await;
    let admin = house.another("admin@example.com", Role::Admin, &[]).await;
    let (app, approver) = (&house.app, house.approver.email.as_str());
    for (guessed, why) in [("Password!2345", "guessed first"), ("Approver-2026-Holdfast", "known here")] {
        let add = AddPerson {
            email: approver.replace('@', "@mail."),
            roles: vec![Role::Viewer.into()],
            groups: vec![],
            password: Some(guessed.into()),
        };
        let give = ChangePerson { password: Some(guessed.into()), ..ChangePerson::default() };
        let at_the_machine =
            app.put_person(approver.into(), vec![Role::Viewer.into()], vec![], guessed.into());
        let refusals = [
            refused(app.add_person(&admin, add).await),
            refused(app.change_person(&admin, approver, give, &IfMatch::Unconditional).await),
            refused(at_the_machine.await),
            refused(app.change_password(&house.approver, change(PASSWORD, guessed), None, FROM).await),
        ];
        for (n, no) in refusals.iter().enumerate() {
            let field = if n == 3 { "new" } else { "password" };
            assert_eq!((no.status, no.fields[0].path.as_str()), (422, field), "{n}: {no:?}");
            assert!(no.detail.contains(why) && !no.way_out.is_empty(), "{n}: {no:?}");
            assert!(!format!("{no:?}").contains(guessed), "{n}: {no:?}");
        }
    }
    assert_eq!(signs_in(&house, PASSWORD).await, Ok(()), "nothing was changed");
}

#[tokio::test]
async fn one_that_is_in_the_servers_list_of_breaches_is_refused_and_another_is_not() {
    let house = House::new().await;
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("breached");
    // Of `seven green elephants hum`, between two others.
    let hashes = [
        "0000000000000000000000000000000000000000:1",
        "2839DA6DD309622E9BE0DE2E5C7CE9646F45C2EC:12",
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF:3",
    ];
    std::fs::write(&list, hashes.join("\r\n")).unwrap();
    let settings = Settings { breached: Some(Breached::open(&list).unwrap()), ..Settings::default() };
    let app = App::new(house.store.clone(), settings);
    let known = refused(
        app.change_password(&house.approver, change(PASSWORD, "seven green elephants hum"), None, FROM).await,
    );
    assert_eq!((known.status, known.fields[0].path.as_str()), (422, "new"));
    assert!(known.detail.contains("known from a breach"), "{known:?}");
    app.change_password(&house.approver, change(PASSWORD, "seven green elephants sum"), None, FROM)
        .await
        .unwrap();
}

#[tokio::test]
async fn whoever_has_no_password_here_is_told_where_theirs_is_changed() {
    let house = House::new().await;
    let admin = house.another("admin@example.com", Role::Admin, &[]).await;
    let new = AddPerson {
        email: "olivia@example.com".into(),
        roles: vec![Role::Viewer.into()],
        groups: vec![],
        password: None,
    };
    let made = house.app.add_person(&admin, new).await.unwrap();
    let olivia = house.app.actor_of_session(made.id.parse().unwrap(), None).await.unwrap();
    let no = refused(house.app.change_password(&olivia, change("anything", NEW), None, FROM).await);
    assert_eq!((no.status, no.code.as_str()), (409, "no_password"));
    assert!(no.way_out.contains("provider") && no.way_out.contains("admin"), "{no:?}");
}
