//! What accounts tell about themselves: who asks when, which answer counts, what is kept of an organization.

use crate::furnished;
use holdfast_domain::{AccountId, Missing, Need, OwnCall, ResourceKind};
use holdfast_store::{AccountRole, OrganizationAccount, RolePermissions};
use jiff::Timestamp;
use std::collections::BTreeSet;

fn account(id: &str) -> AccountId {
    AccountId::parse(id).unwrap()
}

fn second(n: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + n).unwrap()
}

fn needs() -> BTreeSet<Need> {
    [Need::Kind(ResourceKind::AuroraGlobalDatabase), Need::OwnStep(OwnCall::Function)].into()
}

fn told(at: i64, missing: Result<&[&str], &str>) -> RolePermissions {
    RolePermissions {
        account: account("222222222222"),
        role: AccountRole::Act,
        at: second(at),
        missing: missing
            .map(|m| {
                m.iter().map(|action| Missing { action: (*action).into(), needed_by: needs() }).collect()
            })
            .map_err(str::to_owned),
    }
}

fn member(id: &str, name: &str) -> OrganizationAccount {
    OrganizationAccount {
        id: account(id),
        name: name.into(),
        status: "ACTIVE".into(),
        told_by: account("222222222222"),
        seen_at: second(1),
    }
}

#[tokio::test]
async fn of_many_that_would_ask_an_account_one_gets_the_turn_until_it_is_due_again() {
    let (_database, store) = furnished().await;
    let asked = account("222222222222");
    assert!(store.begin_survey(&asked, 900.0).await.unwrap());
    assert!(!store.begin_survey(&asked, 900.0).await.unwrap());
    assert!(store.begin_survey(&asked, 0.0).await.unwrap());
    assert!(
        !store.begin_survey(&account("999999999999"), 0.0).await.unwrap(),
        "an account that is not registered"
    );
}

#[tokio::test]
async fn the_newest_answer_about_a_role_counts_and_a_failure_replaces_what_was_known() {
    let (database, store) = furnished().await;
    store.record_role_permissions(&told(2, Ok(&["rds:SwitchoverGlobalCluster"]))).await.unwrap();
    store.record_role_permissions(&told(1, Ok(&[]))).await.unwrap();
    assert_eq!(store.role_permissions().await.unwrap(), [told(2, Ok(&["rds:SwitchoverGlobalCluster"]))]);
    // As the version before this one left it.
    sqlx::query("UPDATE role_permissions SET needed_by = NULL")
        .execute(&mut database.owner().await)
        .await
        .unwrap();
    let read = store.role_permissions().await.unwrap().remove(0).missing.unwrap().remove(0);
    assert!(read.needed_by.is_empty() && read.concerns(&BTreeSet::new()), "it may concern anybody");
    store.record_role_permissions(&told(3, Err("denied"))).await.unwrap();
    assert_eq!(store.role_permissions().await.unwrap(), [told(3, Err("denied"))]);
    store.record_role_permissions(&told(4, Ok(&[]))).await.unwrap();
    assert_eq!(store.role_permissions().await.unwrap(), [told(4, Ok(&[]))]);
    store.forget_role_permissions(&account("222222222222"), AccountRole::Act).await.unwrap();
    assert_eq!(store.role_permissions().await.unwrap(), []);
}

#[tokio::test]
async fn an_organizations_accounts_are_told_without_those_that_are_registered() {
    let (_database, store) = furnished().await;
    let by = account("222222222222");
    let all = [member("222222222222", "shop-prod"), member("999999999999", "elsewhere")];
    store.record_organization(&by, &all).await.unwrap();
    assert_eq!(store.unregistered_accounts().await.unwrap(), [member("999999999999", "elsewhere")]);
    store.record_organization(&by, &[]).await.unwrap();
    assert_eq!(store.unregistered_accounts().await.unwrap(), []);
}

#[tokio::test]
async fn an_account_that_was_taken_out_can_be_found_again_and_tells_nothing_itself() {
    let (database, store) = furnished().await;
    let all = [
        member("222222222222", "shop-prod"),
        member("333333333333", "gone"),
        member("999999999999", "elsewhere"),
    ];
    // The second was registered once.
    sqlx::query(
        "INSERT INTO accounts (id, name, read_role_arn, act_role_arn, external_id, archived_at) VALUES
         ('333333333333', 'gone', 'arn:aws:iam::333333333333:role/a', 'arn:aws:iam::333333333333:role/b', 'xyz', now())",
    )
    .execute(&mut database.owner().await)
    .await
    .unwrap();
    store.record_organization(&account("222222222222"), &all).await.unwrap();
    let told = [member("999999999999", "elsewhere"), member("333333333333", "gone")];
    assert_eq!(store.unregistered_accounts().await.unwrap(), told);
    sqlx::query("UPDATE accounts SET archived_at = now()")
        .execute(&mut database.owner().await)
        .await
        .unwrap();
    assert_eq!(store.unregistered_accounts().await.unwrap(), []);
}
