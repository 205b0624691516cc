//! Edits of the inventory at the same moment, and what stands against an edit.

use crate::house::{AWAY, FAR, HOME, House, name, refused};
use holdfast_api::accounts::Accounts;
use holdfast_api::applications::Applications;
use holdfast_api::audit::{AuditFilter, Audits};
use holdfast_api::inventory::{FileFormat, Inventories, Manner};
use holdfast_api::{IfMatch, version};
use holdfast_domain::{Account, AccountId, Actor, Application, Role, Scope, Seconds};
use holdfast_failover::Intent;
use holdfast_store::AuditFilter as Question;

fn account(n: u32) -> Account {
    Account {
        id: AccountId::parse(&format!("33333333333{n}")).unwrap(),
        name: name(&format!("more-{n}")),
        read_role_arn: format!("arn:aws:iam::33333333333{n}:role/holdfast-read"),
        act_role_arn: format!("arn:aws:iam::33333333333{n}:role/holdfast-act"),
        external_id: None,
    }
}

async fn application(house: &House, of: &str) -> Application {
    house.store.application(&name(of)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_of_different_applications_at_once_all_survive() {
    let house = House::with_applications(16).await;
    let mut all = tokio::task::JoinSet::new();
    for n in 1..=16 {
        let mut edited = application(&house, &format!("app-{n:02}")).await;
        edited.objectives.rto = Seconds(1_000 + n);
        let (app, operator) = (house.app.clone(), house.operator.clone());
        all.spawn(async move { app.put_application(&operator, edited, &IfMatch::Unconditional).await });
    }
    for answer in all.join_all().await {
        answer.unwrap();
    }
    for n in 1..=16 {
        assert_eq!(
            application(&house, &format!("app-{n:02}")).await.objectives.rto,
            Seconds(1_000 + n),
            "app-{n:02}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_put_while_another_is_removed_stays() {
    let house = House::new().await;
    let mut edited = application(&house, "shop").await;
    edited.name = name("new-shop");
    let (put, removed) =
        tokio::join!(house.app.put_application(&house.operator, edited, &IfMatch::Unconditional), async {
            house.app.remove_application(&house.operator, &name("split"), &IfMatch::Unconditional).await
        },);
    put.unwrap();
    removed.unwrap();
    let names: Vec<String> =
        house.store.applications().await.unwrap().readable.iter().map(|a| a.name.to_string()).collect();
    assert_eq!(names, ["front", "new-shop", "pair", "shop"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_put_at_once_all_survive() {
    let house = House::new().await;
    let admin = house.another("admin@example.com", Role::Admin, &[]).await;
    let (first, second) = tokio::join!(
        house.app.put_account(&admin, account(1), &IfMatch::Unconditional),
        house.app.put_account(&admin, account(2), &IfMatch::Unconditional),
    );
    first.unwrap();
    second.unwrap();
    assert_eq!(house.store.accounts().await.unwrap().len(), 3);
}

#[tokio::test]
async fn an_application_that_a_run_holds_is_not_removed() {
    let house = House::new().await;
    house.sees_services("shop", &[HOME, AWAY, FAR]).await;
    let run = house.request(House::asked("shop", Intent::Failover, HOME, AWAY)).await.unwrap();
    let problem =
        refused(house.app.remove_application(&house.operator, &name("shop"), &IfMatch::Unconditional).await);
    assert_eq!((problem.code.as_str(), problem.blocked_by), ("run_active", Some(run.summary.id)));
    house.app.remove_application(&house.operator, &name("pair"), &IfMatch::Unconditional).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_refused_edits_at_once_over_six_connections_are_all_answered() {
    let house = House::new().await;
    house.sees_services("shop", &[HOME, AWAY, FAR]).await;
    house.request(House::asked("shop", Intent::Failover, HOME, AWAY)).await.unwrap();
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (app, operator) = (house.app.clone(), house.operator.clone());
        all.spawn(
            async move { app.remove_application(&operator, &name("shop"), &IfMatch::Unconditional).await },
        );
    }
    for answer in all.join_all().await {
        assert_eq!(refused(answer).code, "run_active");
    }
}

#[tokio::test]
async fn an_account_with_resources_is_not_removed() {
    let house = House::new().await;
    let admin = house.another("admin@example.com", Role::Admin, &[]).await;
    assert_eq!(
        refused(house.app.remove_account(&admin, "222222222222", &IfMatch::Unconditional).await).code,
        "account_in_use"
    );
}

#[tokio::test]
async fn an_account_that_only_a_step_of_ones_own_calls_with_is_not_removed_and_the_step_is_named() {
    let house = House::new().await;
    let admin = house.another("admin@example.com", Role::Admin, &[]).await;
    house.app.put_account(&admin, account(1), &IfMatch::Unconditional).await.unwrap();
    let plans = |steps: &str| format!("version: 1\nplans:\n  - application: shop\n    steps:\n{steps}");
    let warm = plans(
        "      - {name: warm, kind: lambda_invoke, after: raise_compute, account: more-1, function: warm}\n",
    );
    let wait = plans("      - {name: warm, kind: wait_for_time, after: raise_compute, for: 2s}\n");
    let apply = async |file: &str| {
        let manner = Manner::default();
        house.app.apply_inventory(&admin, file.as_bytes(), FileFormat::Yaml, &manner).await.unwrap();
    };
    apply(&warm).await;
    let remove = async || house.app.remove_account(&admin, "333333333331", &IfMatch::Unconditional).await;
    assert_eq!(house.app.account(&admin, "more-1").await.unwrap().applications, ["shop"]);
    let no = refused(remove().await);
    assert_eq!((no.status, no.code.as_str()), (409, "account_in_use"));
    assert!(no.detail.contains("`warm` of shop"), "{}", no.detail);
    apply(&wait).await;
    remove().await.unwrap();
    assert_eq!(refused(house.app.account(&admin, "more-1").await).status, 404);
}

#[tokio::test]
async fn an_edit_of_one_entry_is_audited_as_that_and_about_it() {
    let house = House::new().await;
    let admin = house.another("admin@example.com", Role::Admin, &[]).await;
    let mut edited = application(&house, "shop").await;
    edited.name = name("new-shop");
    house.app.put_application(&house.operator, edited, &IfMatch::Unconditional).await.unwrap();
    house.app.remove_application(&house.operator, &name("new-shop"), &IfMatch::Unconditional).await.unwrap();
    house.app.put_account(&admin, account(1), &IfMatch::Unconditional).await.unwrap();
    house.app.remove_account(&admin, "333333333331", &IfMatch::Unconditional).await.unwrap();
    for (action, subject) in [
        ("application.put", "application:new-shop"),
        ("application.remove", "application:new-shop"),
        ("account.put", "account:333333333331"),
        ("account.remove", "account:333333333331"),
    ] {
        let filter = AuditFilter { subject: Some(subject.into()), ..AuditFilter::default() };
        let entries = house.app.audit(&admin, &filter).await.unwrap().items;
        assert!(entries.iter().any(|e| e.action == action && e.outcome == "done"), "{action}: {entries:?}");
    }
    let of = Question { application: Some(name("new-shop")), limit: 9, ..Question::default() };
    assert_eq!(house.store.audit_entries(&of).await.unwrap().len(), 2);
}

#[tokio::test]
async fn who_may_not_read_the_answer_is_refused_before_anything_is_stored() {
    let house = House::new().await;
    let stored = application(&house, "shop").await;
    let mut edited = stored.clone();
    edited.objectives.rto = Seconds(1_234);
    let token = Actor {
        token: Some(uuid::Uuid::nil()),
        token_scopes: Some(vec![Scope::InventoryWrite]),
        ..house.operator.clone()
    };
    let no = refused(house.app.put_application(&token, edited, &IfMatch::Unconditional).await);
    assert_eq!(no.status, 403);
    assert!(no.detail.contains("status"), "{no:?}");
    assert_eq!(application(&house, "shop").await, stored);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_edits_made_on_one_version_at_once_one_is_stored_whichever_door_they_come_through() {
    let house = House::new().await;
    let stored = application(&house, "shop").await;
    let one = IfMatch::OneOf(vec![version::of_application(&stored)]);
    let file = house.app.export_inventory(&house.operator, FileFormat::Yaml).await.unwrap();
    let whole = IfMatch::OneOf(vec![version::of_bytes(file.as_bytes())]);
    let mut all = tokio::task::JoinSet::new();
    for n in 1..=6 {
        let mut edited = stored.clone();
        edited.objectives.rto = Seconds(1_000 + n);
        let (app, operator, if_match) = (house.app.clone(), house.operator.clone(), one.clone());
        all.spawn(async move { app.put_application(&operator, edited, &if_match).await.map(|_| ()) });
        let edited = file.replacen("owner: payments", &format!("owner: team-{n}"), 3);
        let (app, operator) = (house.app.clone(), house.operator.clone());
        let manner = Manner { if_match: whole.clone(), ..Manner::default() };
        all.spawn(async move {
            let applied = app.apply_inventory(&operator, edited.as_bytes(), FileFormat::Yaml, &manner).await;
            applied.map(|_| ())
        });
    }
    let answers = all.join_all().await;
    assert_eq!(answers.iter().filter(|a| a.is_ok()).count(), 1, "{answers:?}");
    assert!(answers.iter().filter_map(|a| a.as_ref().err()).all(|p| p.status == 412), "{answers:?}");
}

#[tokio::test]
async fn what_is_gone_is_not_the_version_that_was_read() {
    let house = House::new().await;
    let read = application(&house, "pair").await;
    let if_match = IfMatch::OneOf(vec![version::of_application(&read)]);
    house.app.remove_application(&house.operator, &name("pair"), &if_match).await.unwrap();
    assert_eq!(refused(house.app.put_application(&house.operator, read, &if_match).await).status, 412);
}
