//! Signing in while strangers guess.

use crate::house::{House, refused};
use holdfast_api::people::People;
use holdfast_store::{AuditActor, AuditFilter, AuditOutcome};

const PASSWORD: &str = "a long enough password";

async fn strangers_guess(house: &House) {
    let limits = holdfast_store::LoginLimits::default();
    for n in 0..60 {
        house.store.begin_login("approver@example.com", &format!("203.0.113.{n}"), limits).await.unwrap();
    }
}

#[tokio::test]
async fn strangers_do_not_lock_a_person_out_of_where_they_sign_in_from() {
    let house = House::new().await;
    house.app.sign_in("approver@example.com", PASSWORD, None, "198.51.100.1").await.unwrap();
    strangers_guess(&house).await;
    house.app.sign_in("Approver@example.com", PASSWORD, None, "198.51.100.1").await.unwrap();
}

#[tokio::test]
async fn guesses_from_many_unknown_addresses_are_stopped_together() {
    let house = House::new().await;
    strangers_guess(&house).await;
    let problem = refused(house.app.sign_in("approver@example.com", PASSWORD, None, "198.51.100.1").await);
    assert_eq!(problem.code, "sign_in_locked");
}

#[tokio::test]
async fn a_known_address_has_five_wrong_passwords_and_no_more() {
    let house = House::new().await;
    house.app.sign_in("approver@example.com", PASSWORD, None, "198.51.100.1").await.unwrap();
    for _ in 0..5 {
        let wrong = refused(house.app.sign_in("approver@example.com", "wrong", None, "198.51.100.1").await);
        assert_eq!(wrong.code, "sign_in_refused");
    }
    for _ in 0..3 {
        let locked = refused(house.app.sign_in("approver@example.com", PASSWORD, None, "198.51.100.1").await);
        assert_eq!(locked.code, "sign_in_locked");
    }
    let of = AuditFilter { action: Some("session.sign_in".to_owned()), limit: 10, ..AuditFilter::default() };
    let told: Vec<_> =
        house.store.audit_entries(&of).await.unwrap().into_iter().map(|r| (r.outcome, r.entry)).collect();
    assert_eq!(told.len(), 2, "one sign-in, and one refusal however often it is met: {told:?}");
    let (outcome, entry) = &told[0];
    assert_eq!((*outcome, entry.subject.as_str()), (AuditOutcome::Refused, "approver@example.com"));
    assert_eq!(entry.actor, AuditActor::Nobody { name: "198.51.100.1".to_owned() });
    assert_eq!(entry.refusal_code.as_deref(), Some("sign_in_locked"));
}

#[tokio::test]
async fn who_makes_up_one_address_after_the_other_cannot_fill_the_log() {
    let house = House::new().await;
    let limits = holdfast_store::LoginLimits::default();
    for n in 0..limits.per_address {
        house.store.begin_login(&format!("p{n}@example.com"), "203.0.113.9", limits).await.unwrap();
    }
    for n in 0..60 {
        let address = format!("{}{n}@example.com", "x".repeat(300));
        let locked = refused(house.app.sign_in(&address, PASSWORD, None, "203.0.113.9").await);
        assert_eq!(locked.code, "sign_in_locked");
    }
    let of = AuditFilter { action: Some("session.sign_in".to_owned()), limit: 100, ..AuditFilter::default() };
    let told = house.store.audit_entries(&of).await.unwrap();
    assert_eq!(told.iter().map(|r| r.entry.subject.chars().count()).max(), Some(254));
    // The addresses begin alike, so that what is kept of them is one subject: told once.
    assert_eq!(told.len(), 1, "{told:?}");
    for n in 0..60 {
        refused(house.app.sign_in(&format!("q{n}@example.com"), PASSWORD, None, "203.0.113.9").await);
    }
    assert_eq!(house.store.audit_entries(&of).await.unwrap().len(), 20);
}
