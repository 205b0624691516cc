//! Who asks, who approves and who makes policy are different people, whatever accounts they have and whatever becomes of them
//! in between.

use crate::house::{AWAY, HOME, House, id, name, refused};
use holdfast_api::IfMatch;
use holdfast_api::inventory::{FileFormat, Inventories, Manner};
use holdfast_api::people::{ChangePerson, People, Policies};
use holdfast_api::runs::{RunVerb, RunView, Runs};
use holdfast_domain::{Actor, Application, ApprovalPolicy, ApprovalRule, Role, Scope, Seconds};
use holdfast_failover::Intent;
use holdfast_failover::run::RunState;
use holdfast_inventory::write_yaml;
use jiff::{SignedDuration, Timestamp};

async fn asked(house: &House, application: &str) -> RunView {
    house.request(House::asked(application, Intent::Failover, HOME, AWAY)).await.unwrap()
}

async fn cancel(house: &House, run: &RunView) {
    let cancel = RunVerb::Cancel { reason: "the next one".into() };
    house.app.drive_run(&house.operator, id(run), cancel).await.unwrap();
}

fn asks(of: &str, approvals: u8, hours: u32) -> ApprovalPolicy {
    ApprovalPolicy {
        name: name(of),
        rules: vec![ApprovalRule { group: name("approvers"), approvals }],
        expires_after: Seconds(hours * 3_600),
    }
}

/// An admin who is in the approving group too; the use case judges by the roles that an actor brings.
async fn editor(house: &House) -> Actor {
    let admin = house.another("editor@example.com", Role::Admin, &["approvers"]).await;
    Actor { roles: vec![Role::Admin, Role::Approver], ..admin }
}

async fn change(house: &House, email: &str, change: ChangePerson) {
    let admin = match house.store.person_by_email("admin@example.com").await {
        Ok(person) => house.app.actor_of_session(person.id, Some(Timestamp::now())).await.unwrap(),
        Err(_) => house.another("admin@example.com", Role::Admin, &[]).await,
    };
    house.app.change_person(&admin, email, change, &IfMatch::Unconditional).await.unwrap();
}

async fn same(house: &House, email: &str, other: &str) {
    change(house, email, ChangePerson { same_person_as: Some(other.into()), ..ChangePerson::default() })
        .await;
}

async fn anew(house: &House, actor: &Actor) -> Actor {
    house.app.actor_of_session(actor.person, Some(Timestamp::now())).await.unwrap()
}

fn needed(run: &RunView) -> Vec<(String, u8)> {
    run.tally.rules.iter().map(|rule| (rule.group.to_string(), rule.needed)).collect()
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Relation {
    Colleague,
    InNoGroup,
    Requester,
    AnotherOfTheRequester,
    Editor,
    AnotherOfTheEditor,
    AnotherOfAnApprover,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Credential {
    Fresh,
    Old,
    Token,
}

#[tokio::test]
async fn of_every_role_relation_and_credential_a_colleague_with_a_fresh_proof_who_is_an_approver_counts() {
    let house = House::new().await;
    house.sees_services("pair", &[HOME, AWAY]).await;
    let in_group = async |email: &str| house.another(email, Role::Approver, &["approvers"]).await;
    let colleague = in_group("colleague@example.com").await;
    let stranger = house.another("stranger@example.com", Role::Approver, &[]).await;
    let second_of_requester = in_group("second-of-requester@example.com").await;
    let second_of_editor = in_group("second-of-editor@example.com").await;
    let second_of_approver = in_group("second-of-approver@example.com").await;
    let editor = editor(&house).await;
    // One more than will ever approve here: the run waits through all of it.
    let of_three = asks("two-approvers", 3, 4);
    house.app.put_policy(&editor, of_three, &IfMatch::Unconditional).await.unwrap();
    same(&house, "second-of-requester@example.com", "operator@example.com").await;
    same(&house, "second-of-editor@example.com", "editor@example.com").await;
    same(&house, "second-of-approver@example.com", "approver@example.com").await;
    let run = asked(&house, "pair").await;
    house.approve(&house.approver, &run).await.unwrap();
    // Whoever asked is in the approving group too, so that nothing else keeps them from it.
    let requester = Actor { groups: vec![name("approvers")], ..anew(&house, &house.operator).await };

    let relations = [
        (Relation::Colleague, colleague),
        (Relation::InNoGroup, stranger),
        (Relation::Requester, requester),
        (Relation::AnotherOfTheRequester, second_of_requester),
        (Relation::Editor, editor),
        (Relation::AnotherOfTheEditor, second_of_editor),
        (Relation::AnotherOfAnApprover, second_of_approver),
    ];
    let mut counted = 0;
    for (relation, who) in relations {
        let known = Actor { groups: who.groups.clone(), ..anew(&house, &who).await };
        for roles in 0..16_u8 {
            let roles: Vec<Role> =
                Role::ALL.iter().enumerate().filter(|(n, _)| roles >> n & 1 == 1).map(|(_, r)| *r).collect();
            for credential in [Credential::Fresh, Credential::Old, Credential::Token] {
                let actor = Actor { roles: roles.clone(), ..known.clone() };
                let actor = match credential {
                    Credential::Fresh => actor,
                    Credential::Old => Actor {
                        identity_proved_at: Some(Timestamp::now() - SignedDuration::from_mins(6)),
                        ..actor
                    },
                    Credential::Token => Actor {
                        identity_proved_at: None,
                        token: Some(uuid::Uuid::now_v7()),
                        token_scopes: Some(Scope::ALL.to_vec()),
                        ..actor
                    },
                };
                let cell = format!("{roles:?} {relation:?} {credential:?}");
                let answer = house.approve(&actor, &run).await;
                let may = roles.contains(&Role::Approver) && credential == Credential::Fresh;
                if may && relation == Relation::Colleague {
                    answer.unwrap_or_else(|problem| panic!("{cell}: {problem:?}"));
                    counted += 1;
                    house.app.drive_run(&actor, id(&run), RunVerb::Withdraw).await.unwrap();
                    continue;
                }
                let problem = refused(answer);
                assert_eq!(
                    problem.status,
                    if relation == Relation::AnotherOfAnApprover && may { 409 } else { 403 },
                    "{cell}"
                );
                let code = match relation {
                    Relation::Colleague | Relation::InNoGroup => "not_an_approver",
                    Relation::Requester | Relation::AnotherOfTheRequester => "self_review",
                    Relation::Editor | Relation::AnotherOfTheEditor => "policy_editor",
                    Relation::AnotherOfAnApprover => "already_reviewed",
                };
                if may {
                    assert_eq!(problem.code, code, "{cell}");
                }
            }
        }
    }
    assert_eq!(counted, 8, "each set of roles with an approver's among them, once");
}

#[tokio::test]
async fn a_vote_that_would_not_count_today_starts_nothing_whatever_became_of_who_gave_it() {
    let house = House::new().await;
    house.sees_services("pair", &[HOME, AWAY]).await;
    let default = ChangePerson::default;
    let same_as = |other: &str| ChangePerson { same_person_as: Some(other.into()), ..default() };
    let editor = editor(&house).await;
    house.app.put_policy(&editor, asks("two-approvers", 2, 3), &IfMatch::Unconditional).await.unwrap();
    let becomes = [
        ("disabled", ChangePerson { disabled: Some(true), ..default() }),
        ("demoted", ChangePerson { roles: Some(vec![Role::Viewer.into()]), ..default() }),
        ("an approver of something else", {
            let elsewhere = "approver:application=shop".parse().unwrap();
            ChangePerson { roles: Some(vec![elsewhere]), ..default() }
        }),
        ("moved to another group", ChangePerson { groups: Some(vec!["owners".into()]), ..default() }),
        ("in no group", ChangePerson { groups: Some(vec![]), ..default() }),
        ("known as who asked", same_as("operator@example.com")),
        ("known as who made the policy", same_as("editor@example.com")),
    ];
    for (number, (what, becomes)) in becomes.into_iter().enumerate() {
        let run = asked(&house, "pair").await;
        let email = format!("{number}@example.com");
        let voter = house.another(&email, Role::Approver, &["approvers"]).await;
        let second = house.another(&format!("second-{email}"), Role::Approver, &["approvers"]).await;
        assert_eq!(house.approve(&voter, &run).await.unwrap().summary.state, RunState::AwaitingApproval);
        change(&house, &email, becomes).await;
        let shown = house.app.run(&house.operator, id(&run)).await.unwrap();
        assert!(shown.reviews.is_empty(), "{what}: it is not shown as counting either");
        let after = house.approve(&second, &run).await.unwrap();
        assert_eq!(after.summary.state, RunState::AwaitingApproval, "{what}");
        assert_eq!(house.approve(&house.approver, &run).await.unwrap().summary.state, RunState::Running);
        cancel(&house, &run).await;
    }

    // Two who have both approved, and are told to be one: one of the votes is left.
    let three = asks("two-approvers", 3, 3);
    house.app.put_policy(&editor, three, &IfMatch::Unconditional).await.unwrap();
    let run = asked(&house, "pair").await;
    let one = house.another("one@example.com", Role::Approver, &["approvers"]).await;
    let other = house.another("other@example.com", Role::Approver, &["approvers"]).await;
    house.approve(&one, &run).await.unwrap();
    house.approve(&other, &run).await.unwrap();
    same(&house, "other@example.com", "one@example.com").await;
    let after = house.approve(&house.approver, &run).await.unwrap();
    assert_eq!(after.summary.state, RunState::AwaitingApproval, "three votes of two people");
    let voted: Vec<_> = after.reviews.iter().map(|review| review.email.as_str()).collect();
    assert_eq!(voted, ["one@example.com", "approver@example.com"]);
}

#[tokio::test]
async fn what_was_asked_before_a_policy_was_changed_or_left_is_asked_for_three_days_more() {
    let house = House::new().await;
    for application in ["pair", "shop"] {
        house.sees_services(application, &[HOME, AWAY]).await;
    }
    let editor = editor(&house).await;
    let weaker = asks("two-approvers", 1, 4);
    house.app.put_policy(&editor, weaker, &IfMatch::Unconditional).await.unwrap();
    let run = asked(&house, "pair").await;
    assert_eq!(needed(&run), [("approvers".to_owned(), 2)], "the stricter of both");
    let lasts = run.summary.expires_at.unwrap().duration_since(run.summary.requested_at);
    assert!(lasts <= SignedDuration::from_hours(2), "no longer than either: {lasts:#}");
    let told = run.notes.iter().any(|note| note.contains("editor@example.com changed what is asked"));
    assert!(told, "{:?}", run.notes);
    cancel(&house, &run).await;

    // Moved to the policy of another application, by the file.
    let file = house.app.export_inventory(&editor, FileFormat::Yaml).await.unwrap();
    let moved = file.replacen("approval_policy: two-approvers", "approval_policy: one-approver", 1);
    assert_ne!(moved, file);
    house.app.apply_inventory(&editor, moved.as_bytes(), FileFormat::Yaml, &Manner::default()).await.unwrap();
    let run = asked(&house, "pair").await;
    assert_eq!(needed(&run), [("approvers".to_owned(), 2)], "all that it stood under");
    cancel(&house, &run).await;

    let run = asked(&house, "shop").await;
    assert_eq!(needed(&run), [("approvers".to_owned(), 1)], "nothing was changed of what another asks");
    assert_eq!(refused(house.approve(&house.operator, &run).await).status, 403);
    cancel(&house, &run).await;

    let mut owner = house.database.owner().await;
    let ages = "UPDATE approval_rules_left SET changed_at = changed_at - interval '72 hours'";
    assert!(sqlx::query(ages).execute(&mut owner).await.unwrap().rows_affected() >= 2);
    let run = asked(&house, "pair").await;
    assert_eq!(needed(&run), [("approvers".to_owned(), 1)], "everybody had three days to see it");
    assert_eq!(house.approve(&house.approver, &run).await.unwrap().summary.state, RunState::Running);
}

#[tokio::test]
async fn a_stricter_policy_bars_nobody_and_a_slip_of_a_minute_is_not_asked_unless_another_puts_it_right() {
    let house = House::new().await;
    house.sees_services("pair", &[HOME, AWAY]).await;
    let (editor, other) = (editor(&house).await, house.another("other@example.com", Role::Admin, &[]).await);
    let put = async |by: &Actor, approvals| {
        let policy = asks("two-approvers", approvals, 2);
        house.app.put_policy(by, policy, &IfMatch::Unconditional).await.unwrap();
    };
    for approvals in [3, 20, 2] {
        put(&editor, approvals).await;
        let run = asked(&house, "pair").await;
        assert_eq!(needed(&run), [("approvers".to_owned(), approvals)]);
        assert!(!run.notes.iter().any(|note| note.contains("changed what is asked")), "{:?}", run.notes);
        house.approve(&editor, &run).await.unwrap();
        cancel(&house, &run).await;
    }
    put(&editor, 20).await;
    put(&other, 2).await;
    let run = asked(&house, "pair").await;
    assert_eq!(needed(&run), [("approvers".to_owned(), 20)], "nobody undoes what another has made");
    let told = run.notes.iter().any(|note| note.contains("20 of approvers are asked, and 1 could approve"));
    assert!(told, "{:?}", run.notes);
}

#[tokio::test]
async fn an_application_under_another_name_is_asked_what_its_parts_were_and_only_an_admin_names_it_so() {
    let house = House::new().await;
    let editor = editor(&house).await;
    let mut inventory = house.store.load_inventory().await.unwrap();
    let pair = inventory.applications.iter_mut().flatten().find(|a| a.name == name("pair")).unwrap();
    let beside = Application {
        name: name("pair2"),
        approval_policy: name("one-approver"),
        depends_on: vec![],
        ..pair.clone()
    };
    let was = pair.clone();
    *pair = beside.clone();
    let renamed = write_yaml(&inventory);
    inventory.applications.as_mut().unwrap().push(was);
    let both = write_yaml(&inventory);
    let manner = Manner { prune: true, ..Manner::default() };
    let apply = async |by: &Actor, file: &str| {
        house.app.apply_inventory(by, file.as_bytes(), FileFormat::Yaml, &manner).await
    };
    for file in [&renamed, &both] {
        assert_eq!(refused(apply(&house.operator, file).await).status, 403);
    }
    apply(&editor, &renamed).await.unwrap();
    house.sees_services("pair2", &[HOME, AWAY]).await;
    let run = asked(&house, "pair2").await;
    assert_eq!(needed(&run), [("approvers".to_owned(), 2)]);
    let no = refused(house.approve(&editor, &run).await);
    assert_eq!(no.code, "policy_editor");
    assert!(no.way_out.contains("made after"), "{no:?}");
}
