//! People of an identity provider: who they are, what their groups let them do, who stays out.

use crate::house::{House, name, refused};
use holdfast_api::audit::{AuditFilter, Audits};
use holdfast_api::federation::{Federation, NotTaken, Vouched};
use holdfast_api::people::{ChangePerson, People};
use holdfast_api::proofs::{Proof, Proofs};
use holdfast_api::{Answer, IfMatch};
use holdfast_app::federation::{ClaimRule, ClaimRules};
use holdfast_app::{App, Settings};
use holdfast_domain::{Actor, PersonId, Role};
use holdfast_store::SessionOwner;
use jiff::{SignedDuration, Timestamp};

const FROM: &str = "198.51.100.1";

/// The same house with an identity provider's groups.
fn federated(house: &House) -> App {
    let rule = |claim: &str, role: Role, group: &str| ClaimRule {
        claim: claim.into(),
        roles: vec![role.into()],
        groups: vec![name(group)],
    };
    let claim_rules =
        ClaimRules(vec![rule("ops", Role::Operator, "sre"), rule("leads", Role::Approver, "approvers")]);
    App::new(house.store.clone(), Settings { claim_rules, ..Settings::default() })
}

fn olivia(groups: &[&str]) -> Vouched {
    Vouched {
        issuer: "https://idp.example.com".into(),
        subject: "0001".into(),
        email: Some("Olivia@Example.com".into()),
        email_verified: Some(true),
        groups: groups.iter().map(ToString::to_string).collect(),
        authenticated_at: Some(Timestamp::now()),
        session: None,
    }
}

async fn actor(app: &App, id: PersonId) -> Actor {
    app.actor_of_session(id, Some(Timestamp::now())).await.unwrap()
}

async fn signs_in(app: &App, vouched: Vouched) -> Answer<Actor> {
    let id = app.sign_in_by_provider(vouched, FROM).await?;
    Ok(actor(app, id).await)
}

#[tokio::test]
async fn who_they_are_is_the_providers_subject_whatever_they_are_called() {
    let house = House::new().await;
    let app = federated(&house);
    let first = signs_in(&app, olivia(&["ops"])).await.unwrap();
    assert_eq!(first.email, "olivia@example.com");
    assert_eq!((first.roles, first.groups), (vec![Role::Operator], vec![name("sre")]));
    let renamed = Vouched { email: Some("other@example.com".into()), ..olivia(&["ops"]) };
    let again = signs_in(&app, renamed).await.unwrap();
    assert_eq!((again.person, again.email.as_str()), (first.person, "olivia@example.com"));
    for other in [
        Vouched { subject: "0002".into(), ..olivia(&["ops"]) },
        Vouched { issuer: "https://evil.example.com".into(), ..olivia(&["ops"]) },
    ] {
        assert_eq!(refused(signs_in(&app, other).await).code, "address_taken");
    }
    let local =
        Vouched { subject: "0003".into(), email: Some(house.approver.email.clone()), ..olivia(&["leads"]) };
    assert_eq!(refused(signs_in(&app, local.clone()).await).code, "address_taken");
    app.link_identity(&house.approver.email, &local.issuer, &local.subject).await.unwrap();
    assert_eq!(signs_in(&app, local).await.unwrap().person, house.approver.person, "an admin has said so");
    let by_password = app.sign_in("olivia@example.com", "a long enough password", None, FROM).await;
    assert_eq!(refused(by_password).code, "sign_in_refused", "they have no password here");
}

#[tokio::test]
async fn groups_are_taken_anew_with_each_sign_in_and_what_is_lost_ends_what_is_open() {
    let house = House::new().await;
    let app = federated(&house);
    let person = signs_in(&app, olivia(&["ops"])).await.unwrap().person;
    let later = house.store.now().await.unwrap() + SignedDuration::from_hours(1);
    let owner = SessionOwner {
        person,
        signed_in_at: Some(Timestamp::now()),
        address: FROM.into(),
        agent: String::new(),
        begun_by: None,
    };
    house.store.session_create(&[7; 32], Some(&owner), &serde_json::json!({}), later, 60).await.unwrap();
    let both = signs_in(&app, olivia(&["ops", "leads"])).await.unwrap();
    assert_eq!(both.roles.len(), 2, "{:?}", both.roles);
    assert_eq!(house.store.sessions_of(person).await.unwrap().len(), 1, "gaining a role ends nothing");
    let fewer = signs_in(&app, olivia(&["leads"])).await.unwrap();
    assert_eq!((fewer.roles, fewer.groups), (vec![Role::Approver], vec![name("approvers")]));
    assert!(house.store.sessions_of(person).await.unwrap().is_empty(), "an operator's session goes on");
    assert_eq!(refused(signs_in(&app, olivia(&["marketing"])).await).code, "no_role");
    assert_eq!(actor(&app, person).await.roles, [], "what was lost is lost");
    let filter = AuditFilter { subject: Some("person:olivia@example.com".into()), ..AuditFilter::default() };
    let entries = house.app.audit(&house.operator, &filter).await.unwrap().items;
    let told: Vec<_> = entries.iter().rev().map(|e| (e.action.as_str(), e.outcome.as_str())).collect();
    let (put, signed) = (("person.put", "done"), ("session.sign_in", "done"));
    let last = ("session.sign_in", "refused");
    assert_eq!(told, [("person.add", "done"), signed, put, signed, put, signed, put, last]);
}

#[tokio::test]
async fn who_is_shut_out_or_has_no_address_or_no_role_does_not_come_in() {
    let house = House::new().await;
    let app = federated(&house);
    let admin = house.another("admin@example.com", Role::Admin, &[]).await;
    for (vouched, code) in [
        (olivia(&[]), "no_role"),
        (Vouched { email: None, ..olivia(&["ops"]) }, "no_address"),
        (Vouched { email: Some("nonsense".into()), ..olivia(&["ops"]) }, "no_address"),
        (Vouched { email_verified: Some(false), ..olivia(&["ops"]) }, "no_address"),
    ] {
        assert_eq!(refused(signs_in(&app, vouched).await).code, code);
    }
    let person = signs_in(&app, olivia(&["ops"])).await.unwrap();
    let off = ChangePerson { disabled: Some(true), ..ChangePerson::default() };
    app.change_person(&admin, &person.email, off, &IfMatch::Unconditional).await.unwrap();
    assert_eq!(refused(signs_in(&app, olivia(&["ops", "leads"])).await).code, "person_disabled");
    assert_eq!(house.store.person(person.person).await.unwrap().roles, [Role::Operator], "nothing changed");
}

#[tokio::test]
async fn a_proof_by_the_provider_is_of_the_same_person_and_of_now() {
    let house = House::new().await;
    let app = federated(&house);
    let person = signs_in(&app, olivia(&["ops"])).await.unwrap();
    app.prove_by_provider(&person, olivia(&["ops"]), FROM).await.unwrap();
    let long_ago = Some(Timestamp::now() - SignedDuration::from_mins(6));
    for (vouched, code) in [
        (Vouched { subject: "0002".into(), ..olivia(&["ops"]) }, "somebody_else"),
        (Vouched { authenticated_at: long_ago, ..olivia(&["ops"]) }, "not_proved_anew"),
        (Vouched { authenticated_at: None, ..olivia(&["ops"]) }, "not_proved_anew"),
    ] {
        assert_eq!(refused(app.prove_by_provider(&person, vouched, FROM).await).code, code);
    }
    let here = app.prove(&person, Proof::default(), FROM).await;
    assert_eq!(refused(here).code, "nothing_to_prove_with", "they have nothing of ours");
    assert!(app.factors(&person).await.unwrap().provider);
}

#[tokio::test]
async fn whom_the_provider_knows_has_one_account_here_and_so_one_vote() {
    let house = House::new().await;
    let app = federated(&house);
    let second = house.another("second@example.com", Role::Approver, &["approvers"]).await;
    let Vouched { issuer, subject, .. } = olivia(&[]);
    app.link_identity(&house.approver.email, &issuer, &subject).await.unwrap();
    assert_eq!(refused(app.link_identity(&second.email, &issuer, &subject).await).code, "conflict");
    assert_eq!(refused(app.link_identity(&house.approver.email, &issuer, "0002").await).code, "conflict");
    assert_eq!(signs_in(&app, olivia(&["leads"])).await.unwrap().person, house.approver.person);
}

#[tokio::test]
async fn what_is_not_believed_is_written_down_as_text_until_it_would_fill_the_log() {
    let house = House::new().await;
    let app = federated(&house);
    let word = NotTaken {
        issuer: "https://idp.example.com",
        action: "session.sign_in",
        code: "provider_not_believed",
        why: "made for `\u{0}x\r\n\u{1b}[31m`",
        from: FROM,
    };
    for _ in 0..105 {
        app.provider_not_taken(word).await.unwrap();
    }
    let subject = Some("provider:https://idp.example.com".into());
    let filter = AuditFilter { subject, limit: Some(500), ..AuditFilter::default() };
    let entries = house.app.audit(&house.operator, &filter).await.unwrap().items;
    assert_eq!(entries.len(), 100);
    assert_eq!(entries[0].reason.as_deref(), Some("made for `x[31m`"));
    assert_eq!(entries[0].detail["no_more_for_seconds"], 900);
    assert_eq!(
        (entries[1].code.as_deref(), &entries[1].detail["from"]),
        (Some("provider_not_believed"), &FROM.into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_first_sign_ins_at_once_make_one_person() {
    let house = House::new().await;
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let app = federated(&house);
        all.spawn(async move { app.sign_in_by_provider(olivia(&["ops"]), FROM).await });
    }
    let mut ids: Vec<_> = all.join_all().await.into_iter().flatten().collect();
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
}
