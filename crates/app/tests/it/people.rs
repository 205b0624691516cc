//! People, groups and policies: who may change them, and what two admins at once do to each other.

use crate::house::{House, name, refused};
use holdfast_api::audit::{AuditFilter, Audits};
use holdfast_api::passkeys::Passkeys;
use holdfast_api::people::{AddPerson, ChangePerson, Groups, People, Policies, PutGroup, Tokens};
use holdfast_api::proofs::Proofs;
use holdfast_api::repeats::Repeats;
use holdfast_api::{IfMatch, version};
use holdfast_domain::{Actor, ApprovalPolicy, ApprovalRule, Reach, RequestKey, Role, Scope, Seconds};
use holdfast_store::hash_secret;
use uuid::Uuid;

fn somebody(email: &str) -> AddPerson {
    AddPerson {
        email: email.into(),
        roles: vec![Role::Operator.into()],
        groups: vec!["sre".into()],
        password: Some("a long enough password".into()),
    }
}

fn policy(of: &str, approvals: u8) -> ApprovalPolicy {
    ApprovalPolicy {
        name: name(of),
        rules: vec![ApprovalRule { group: name("approvers"), approvals }],
        expires_after: Seconds(7_200),
    }
}

fn sre(members: &[&str]) -> PutGroup {
    PutGroup {
        name: name("sre"),
        description: None,
        members: Some(members.iter().map(ToString::to_string).collect()),
    }
}

async fn admin(house: &House) -> Actor {
    house.another("admin@example.com", Role::Admin, &[]).await
}

#[tokio::test]
async fn an_admin_makes_people_who_can_sign_in_and_nobody_else_does() {
    let house = House::new().await;
    let admin = admin(&house).await;
    let made = house.app.add_person(&admin, somebody("New@Example.com")).await.unwrap();
    assert_eq!((made.email.as_str(), made.groups), ("new@example.com", vec!["sre".to_owned()]));
    house.app.sign_in("new@example.com", "a long enough password", None, "here").await.unwrap();
    let twice = refused(house.app.add_person(&admin, somebody("new@example.com")).await);
    assert_eq!((twice.status, twice.code.as_str()), (409, "already_there"));
    let plane = house.app.clone().accountable();
    for actor in [&house.operator, &house.approver] {
        let problem = refused(plane.add_person(actor, somebody("other@example.com")).await);
        assert_eq!((problem.code.as_str(), problem.written_down), ("forbidden", true));
    }
    let token = Actor { token: Some(Uuid::nil()), token_scopes: Some(Scope::ALL.to_vec()), ..admin.clone() };
    assert_eq!(refused(plane.add_person(&token, somebody("t@example.com")).await).code, "person_needed");
    let filter = AuditFilter { action: Some("person.add".into()), ..AuditFilter::default() };
    let entries = house.app.audit(&admin, &filter).await.unwrap().items;
    let outcomes: Vec<_> = entries.iter().map(|e| e.outcome.as_str()).collect();
    assert_eq!(outcomes, ["refused", "refused", "refused", "done"]);
    assert!(entries.iter().all(|e| !e.detail.to_string().contains("password")), "{entries:?}");
}

#[tokio::test]
async fn what_is_no_person_is_refused_by_its_field() {
    let house = House::new().await;
    let admin = admin(&house).await;
    let good = somebody("x@example.com");
    for (bad, path) in [
        (AddPerson { email: "nobody".into(), ..good.clone() }, "email"),
        (AddPerson { password: Some("short".into()), ..good.clone() }, "password"),
        (AddPerson { password: Some("x".repeat(300)), ..good.clone() }, "password"),
        (AddPerson { groups: vec!["No Group".into()], ..good.clone() }, "group"),
        (AddPerson { roles: vec![], ..good.clone() }, "roles"),
    ] {
        let problem = refused(house.app.add_person(&admin, bad).await);
        assert_eq!((problem.status, problem.fields[0].path.as_str()), (422, path));
    }
    let none = ChangePerson { roles: Some(vec![]), ..ChangePerson::default() };
    let change = house.app.change_person(&admin, &house.operator.email, none, &IfMatch::Unconditional);
    assert_eq!(refused(change.await).fields[0].path, "roles");
}

#[tokio::test]
async fn nobody_changes_their_own_rights() {
    let house = House::new().await;
    let admin = admin(&house).await;
    let change = |change| house.app.change_person(&admin, &admin.email, change, &IfMatch::Unconditional);
    for own in [
        ChangePerson { roles: Some(vec![Role::Approver.into()]), ..ChangePerson::default() },
        ChangePerson { groups: Some(vec!["approvers".into()]), ..ChangePerson::default() },
        ChangePerson { disabled: Some(true), ..ChangePerson::default() },
    ] {
        assert_eq!(refused(change(own).await).code, "own_rights");
    }
    let group = PutGroup {
        name: name("approvers"),
        description: None,
        members: Some(vec![admin.email.clone(), house.approver.email.clone()]),
    };
    assert_eq!(refused(house.app.put_group(&admin, group, &IfMatch::Unconditional).await).code, "own_rights");
    let own = ChangePerson { password: Some("another long password".into()), ..ChangePerson::default() };
    assert_eq!(refused(change(own).await).code, "own_password", "it is changed by the present one");
}

#[tokio::test]
async fn nobody_changes_the_rights_of_another_account_of_their_own() {
    let house = House::new().await;
    let other = admin(&house).await;
    let first = house.another("first@example.com", Role::Admin, &[]).await;
    let second = "second@example.com";
    house.another(second, Role::Approver, &["approvers"]).await;
    let default = ChangePerson::default;
    let change =
        async |by: &Actor, change| house.app.change_person(by, second, change, &IfMatch::Unconditional).await;
    let one = ChangePerson { same_person_as: Some(first.email.clone()), ..default() };
    change(&other, one).await.unwrap();
    let first = house.app.actor_of_session(first.person, Some(jiff::Timestamp::now())).await.unwrap();
    for own in [
        ChangePerson { roles: Some(vec![Role::Admin.into()]), ..default() },
        ChangePerson { groups: Some(vec!["sre".into()]), ..default() },
        ChangePerson { disabled: Some(true), ..default() },
        ChangePerson { same_person_as: Some(String::new()), ..default() },
    ] {
        assert_eq!(refused(change(&first, own.clone()).await).code, "own_rights", "{own:?}");
    }
    let password = ChangePerson { password: Some("another long password".into()), ..default() };
    assert_eq!(refused(change(&first, password).await).code, "own_password");
    let nobody = PutGroup { name: name("approvers"), description: None, members: Some(vec![]) };
    assert_eq!(
        refused(house.app.put_group(&first, nobody, &IfMatch::Unconditional).await).code,
        "own_rights"
    );
    assert_eq!(refused(house.app.reset_codes(&first, second).await).code, "own_rights");
    let key = house.app.remove_passkey_of(&first, second, Uuid::now_v7()).await;
    assert_eq!(refused(key).code, "own_rights");
    change(&other, ChangePerson { disabled: Some(true), ..default() }).await.unwrap();
    let back = ChangePerson { disabled: Some(false), ..default() };
    assert_eq!(refused(change(&first, back).await).code, "own_rights", "whom another has shut out");
}

#[tokio::test]
async fn who_is_disabled_has_no_session_and_no_token_left() {
    let house = House::new().await;
    let admin = admin(&house).await;
    let token = house
        .app
        .create_token(&house.operator, "t", vec![Scope::RunsRead], Reach::default(), 1)
        .await
        .unwrap();
    let off = ChangePerson { disabled: Some(true), ..ChangePerson::default() };
    house.app.change_person(&admin, &house.operator.email, off, &IfMatch::Unconditional).await.unwrap();
    assert!(house.app.actor_of_session(house.operator.person, None).await.is_err());
    assert!(house.app.actor_of_token(token.token.as_deref().unwrap()).await.is_err());
}

#[tokio::test]
async fn a_refusal_about_tokens_is_written_down() {
    let house = House::new().await;
    let made = house
        .app
        .create_token(&house.operator, "t", vec![Scope::RunsRead], Reach::default(), 1)
        .await
        .unwrap();
    let token = Actor {
        token_scopes: Some(Scope::ALL.to_vec()),
        ..house.app.actor_of_token(&made.token.unwrap()).await.unwrap()
    };
    let plane = house.app.clone().accountable();
    let more = plane.create_token(&token, "more", vec![Scope::RunsRead], Reach::default(), 1).await;
    assert_eq!(refused(more).code, "person_needed");
    assert_eq!(refused(plane.revoke_token(&token, &made.id).await).code, "person_needed");
    // Of another's token nothing is told, and that it was tried is kept.
    assert_eq!(refused(plane.revoke_token(&house.approver, &made.id).await).code, "not_found");
    let filter = AuditFilter { outcome: Some("refused".into()), ..AuditFilter::default() };
    let entries = house.app.audit(&house.operator, &filter).await.unwrap().items;
    let told: Vec<_> =
        entries.iter().map(|e| (e.action.as_str(), e.code.as_deref().unwrap_or_default())).collect();
    assert_eq!(
        told,
        [("token.revoke", "not_found"), ("token.revoke", "person_needed"), ("token.create", "person_needed")]
    );
}

#[tokio::test]
async fn a_groups_members_are_those_it_was_given_and_strangers_are_refused() {
    let house = House::new().await;
    let admin = admin(&house).await;
    let (one, two) = (house.operator.email.as_str(), house.approver.email.as_str());
    let made = house.app.add_group(&admin, sre(&[one, two])).await.unwrap();
    assert_eq!(made.members, [two, one]);
    assert_eq!(refused(house.app.add_group(&admin, sre(&[])).await).code, "already_there");
    let stranger = refused(house.app.put_group(&admin, sre(&["x@y"]), &IfMatch::Unconditional).await);
    assert_eq!((stranger.status, stranger.fields[0].path.as_str()), (422, "members[0]"));
    let fewer = house.app.put_group(&admin, sre(&[two]), &IfMatch::Unconditional).await.unwrap();
    assert_eq!(fewer.members, [two]);
    let approvers = house.app.group(&admin, &name("approvers")).await.unwrap();
    assert_eq!(approvers.members, [two], "another group's members are untouched");
}

#[tokio::test]
async fn an_edit_of_a_group_keeps_the_members_that_it_does_not_show() {
    let house = House::new().await;
    let admin = admin(&house).await;
    let (one, two) = (house.operator.email.as_str(), house.approver.email.as_str());
    house.app.add_group(&admin, sre(&[one, two])).await.unwrap();
    let switch = async |disabled| {
        let change = ChangePerson { disabled: Some(disabled), ..ChangePerson::default() };
        house.app.change_person(&admin, one, change, &IfMatch::Unconditional).await.unwrap()
    };
    switch(true).await;
    let shown = house.app.group(&admin, &name("sre")).await.unwrap();
    assert_eq!(shown.members, [two], "who cannot sign in is not shown");
    let tag = IfMatch::OneOf(vec![version::of_group(&shown)]);
    let edit = PutGroup { description: Some("on call".into()), members: Some(shown.members), ..sre(&[]) };
    house.app.put_group(&admin, edit, &tag).await.unwrap();
    assert_eq!(switch(false).await.groups, ["sre"]);
}

#[tokio::test]
async fn policies_are_admins_and_one_in_use_stays() {
    let house = House::new().await;
    let admin = admin(&house).await;
    for actor in [&house.operator, &house.approver] {
        assert_eq!(refused(house.app.add_policy(actor, policy("new", 1)).await).code, "forbidden");
    }
    let made = house.app.add_policy(&admin, policy("new", 2)).await.unwrap();
    assert_eq!(made.rules[0].approvals, 2);
    assert_eq!(refused(house.app.add_policy(&admin, policy("new", 1)).await).code, "already_there");
    let remove = async |of: &str| house.app.remove_policy(&admin, &name(of), &IfMatch::Unconditional).await;
    assert_eq!(refused(remove("one-approver").await).code, "policy_in_use");
    remove("new").await.unwrap();
    assert_eq!(refused(remove("new").await).status, 404);
    assert_eq!(house.app.policies(&house.operator).await.unwrap().len(), 3, "the others stay");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_edits_made_on_one_version_at_once_one_is_stored() {
    let house = House::new().await;
    let admin = admin(&house).await;
    let read = house.app.policy(&admin, &name("one-approver")).await.unwrap();
    let if_match = IfMatch::OneOf(vec![version::of_policy(&read)]);
    let mut all = tokio::task::JoinSet::new();
    for n in 2..10 {
        let (app, admin, if_match) = (house.app.clone(), admin.clone(), if_match.clone());
        all.spawn(async move { app.put_policy(&admin, policy("one-approver", n), &if_match).await });
    }
    let answers = all.join_all().await;
    let stored: Vec<_> = answers.iter().flatten().collect();
    assert_eq!(stored.len(), 1, "{answers:?}");
    assert!(answers.iter().filter_map(|a| a.as_ref().err()).all(|p| p.code == "changed_meanwhile"));
    assert_eq!(&house.app.policy(&admin, &name("one-approver")).await.unwrap(), stored[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_sent_many_times_at_once_under_a_key_makes_one_token() {
    let house = House::new().await;
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let sent = RequestKey {
            key: "k".into(),
            route: "POST /tokens".into(),
            body_hash: [1; 32],
            sending: Uuid::new_v4(),
        };
        let (app, operator) = (house.app.clone(), Actor { sent: Some(sent), ..house.operator.clone() });
        all.spawn(async move {
            app.create_token(&operator, "t", vec![Scope::RunsRead], Reach::default(), 1).await
        });
    }
    let made = all.join_all().await.into_iter().filter(Result::is_ok).count();
    assert_eq!(made, 1);
    assert_eq!(house.app.tokens(&house.operator).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_a_repeated_request_is_known_by_tells_nobody_who_guesses_the_password_in_it() {
    let house = House::new().await;
    let body = br#"{"email":"a@example.com","roles":["viewer"],"password":"correct horse battery"}"#;
    let kept = house.app.known_by("k", body);
    assert_eq!(house.app.known_by("k", body), kept);
    let mut guess = *body;
    guess[70] ^= 1;
    assert_ne!(house.app.known_by("k", &guess), kept);
    // All that whoever has a dump could hash: the body, and what else stands in the row.
    for plain in [body.to_vec(), [b"k".as_slice(), &[0], body].concat(), [b"k".as_slice(), body].concat()] {
        assert_ne!(hash_secret(&plain), kept);
    }
}
