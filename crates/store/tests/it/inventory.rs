//! What goes in comes out, to the letter; what vanishes goes or is archived.

use crate::{entry, furnished, name, region, replace, start_run};
use holdfast_domain::{AccountId, Declaration, Inventory, Name, ResourceKind};
use holdfast_store::{
    AccountProbe, AccountRole, AccountTrust, Applications, AuditEntry, Error, Look, RolePermissions,
};
use holdfast_testkit::inventory;

#[tokio::test]
async fn an_inventory_is_read_back_as_it_was_written() {
    let (_database, store) = furnished().await;
    assert_eq!(store.load_inventory().await.unwrap(), inventory());
    replace(&store, &inventory()).await.unwrap();
    assert_eq!(store.load_inventory().await.unwrap(), inventory());
}

#[tokio::test]
async fn the_same_inventory_again_touches_no_row() {
    let (database, store) = furnished().await;
    let versions = async || -> Vec<String> {
        sqlx::query_scalar(
            "SELECT xmin::text || name FROM applications UNION ALL SELECT xmin::text || name FROM resources
             UNION ALL SELECT xmin::text || name FROM accounts UNION ALL SELECT xmin::text || code FROM declared_regions
             ORDER BY 1",
        )
        .fetch_all(&mut database.owner().await)
        .await
        .unwrap()
    };
    let before = versions().await;
    replace(&store, &inventory()).await.unwrap();
    assert_eq!(versions().await, before);
}

#[tokio::test]
async fn an_absent_section_is_left_alone_and_an_empty_one_is_emptied() {
    let (_database, store) = furnished().await;
    replace(&store, &Inventory { version: 1, ..Inventory::default() }).await.unwrap();
    assert_eq!(store.load_inventory().await.unwrap(), inventory());
    replace(&store, &Inventory { version: 1, regions: Some(vec![]), ..Inventory::default() }).await.unwrap();
    let left = store.load_inventory().await.unwrap();
    assert_eq!(left, Inventory { regions: Some(vec![]), ..inventory() });
}

#[tokio::test]
async fn what_vanished_goes_and_what_has_runs_or_audit_history_is_archived() {
    let (database, store) = furnished().await;
    start_run(&store, "shop", false).await.unwrap();
    let none =
        Inventory { version: 1, applications: Some(vec![]), accounts: Some(vec![]), ..Inventory::default() };
    replace(&store, &none).await.unwrap();
    assert_eq!(store.applications().await.unwrap(), Applications::default());
    assert_eq!(store.accounts().await.unwrap(), vec![]);
    assert!(matches!(store.application(&name("shop")).await, Err(Error::NotFound(_))));
    let kept: Vec<String> =
        sqlx::query_scalar("SELECT name::text FROM applications WHERE archived_at IS NOT NULL")
            .fetch_all(&mut database.owner().await)
            .await
            .unwrap();
    assert_eq!(kept, ["shop"], "billing had no history");
    // Back again, with all that it had.
    replace(&store, &inventory()).await.unwrap();
    assert_eq!(store.load_inventory().await.unwrap(), inventory());

    let mut without = inventory();
    without.applications.as_mut().unwrap().retain(|a| a.name != name("billing"));
    store
        .audit(AuditEntry { application: Some(name("billing")), ..entry("applications.edit") })
        .await
        .unwrap();
    replace(&store, &without).await.unwrap();
    let archived: bool =
        sqlx::query_scalar("SELECT archived_at IS NOT NULL FROM applications WHERE name = 'billing'")
            .fetch_one(&mut database.owner().await)
            .await
            .unwrap();
    assert!(archived);
}

#[tokio::test]
async fn an_external_id_is_made_once_and_never_changes() {
    let (_database, store) = furnished().await;
    let mut fresh = inventory();
    let account = &mut fresh.accounts.as_mut().unwrap()[0];
    account.id = "333333333333".parse().unwrap();
    account.name = name("other");
    account.read_role_arn = account.read_role_arn.replace("222222222222", "333333333333");
    account.act_role_arn = account.act_role_arn.replace("222222222222", "333333333333");
    account.external_id = None;
    let account = account.clone();
    let add = |external_id: Option<&str>| {
        let mut account = account.clone();
        account.external_id = external_id.map(str::to_owned);
        let accounts = inventory().accounts.into_iter().flatten().chain([account]).collect();
        Inventory { version: 1, accounts: Some(accounts), ..Inventory::default() }
    };
    replace(&store, &add(None)).await.unwrap();
    let given = store.account(&name("other")).await.unwrap().external_id.unwrap();
    assert!(given.len() > 20, "{given}");
    replace(&store, &add(None)).await.unwrap();
    replace(&store, &add(Some(&given))).await.unwrap();
    assert_eq!(store.account(&name("other")).await.unwrap().external_id, Some(given));
    let refused = replace(&store, &add(Some("another"))).await.unwrap_err();
    assert!(refused.is_conflict("accounts_external_id_immutable"), "{refused}");
}

#[tokio::test]
async fn two_accounts_may_swap_their_names_and_resources_follow_the_name() {
    let (_database, store) = furnished().await;
    let mut two = inventory();
    let accounts = two.accounts.as_mut().unwrap();
    let mut other = accounts[0].clone();
    other.id = "333333333333".parse().unwrap();
    other.name = name("spare");
    other.read_role_arn = other.read_role_arn.replace("222222222222", "333333333333");
    other.act_role_arn = other.act_role_arn.replace("222222222222", "333333333333");
    other.external_id = Some("holdfast-spare".into());
    accounts.push(other);
    replace(&store, &two).await.unwrap();
    let accounts = two.accounts.as_mut().unwrap();
    accounts[0].name = name("spare");
    accounts[1].name = name("shop-prod");
    accounts.reverse();
    replace(&store, &two).await.unwrap();
    assert_eq!(store.load_inventory().await.unwrap(), two);
}

#[tokio::test]
async fn what_was_told_of_another_role_is_forgotten_and_asked_again_at_once() {
    let (_database, store) = furnished().await;
    let account = AccountId::parse("222222222222").unwrap();
    for role in [AccountRole::Read, AccountRole::Act] {
        let at = jiff_now();
        let told = RolePermissions { account: account.clone(), role, at, missing: Ok(vec![]) };
        store.record_role_permissions(&told).await.unwrap();
        let probe = AccountProbe { account: account.clone(), role, at, answer: Ok("arn:one".into()) };
        store.record_account_probe(&probe).await.unwrap();
        let trust = AccountTrust { account: account.clone(), role, at, demands_external_id: false };
        store.record_account_trust(&trust).await.unwrap();
    }
    assert!(store.begin_survey(&account, 900.0).await.unwrap());
    replace(&store, &inventory()).await.unwrap();
    assert_eq!(store.role_permissions().await.unwrap().len(), 2, "nothing changed");
    let mut changed = inventory();
    for account in changed.accounts.iter_mut().flatten() {
        account.act_role_arn = account.act_role_arn.replace(":role/", ":role/other-");
    }
    replace(&store, &changed).await.unwrap();
    assert_eq!(store.role_permissions().await.unwrap(), []);
    let probed: Vec<_> = store.account_probes().await.unwrap().into_iter().map(|probe| probe.role).collect();
    assert_eq!(probed, [AccountRole::Read], "that role is the same");
    let open: Vec<_> = store.account_trust().await.unwrap().into_iter().map(|trust| trust.role).collect();
    assert_eq!(open, [AccountRole::Read]);
    assert!(store.begin_survey(&account, 900.0).await.unwrap());
}

#[tokio::test]
async fn a_group_that_a_rule_names_is_made_and_stays() {
    let (_database, store) = furnished().await;
    replace(&store, &Inventory { version: 1, groups: Some(vec![]), ..Inventory::default() }).await.unwrap();
    let names: Vec<Name> = store.groups().await.unwrap().into_iter().map(|g| g.name).collect();
    assert_eq!(names, [name("approvers"), name("business-owners"), name("sre")]);
}

#[tokio::test]
async fn observations_of_a_resource_whose_entry_changed_are_forgotten_and_others_stay() {
    let (_database, store) = furnished().await;
    for resource in ["orders", "web"] {
        let look = Look {
            application: name("shop"),
            resource: name(resource),
            region: region("us-east-1"),
            at: jiff_now(),
            outcome: Err("not allowed".into()),
        };
        store.record_observations(&[look]).await.unwrap();
    }
    let mut changed = serde_json::to_value(inventory()).unwrap();
    changed["applications"][1]["resources"][1]["global_cluster"] = "orders-2".into();
    changed["applications"][1]["resources"].as_array_mut().unwrap().reverse();
    replace(&store, &serde_json::from_value(changed).unwrap()).await.unwrap();
    let left: Vec<Name> = store.observations(&name("shop")).await.unwrap().into_keys().map(|k| k.0).collect();
    assert_eq!(left, [name("web")]);
}

fn jiff_now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

#[tokio::test]
async fn a_region_is_declared_and_declared_otherwise() {
    let (_database, store) = furnished().await;
    for declared in Declaration::ALL {
        let mut change = store.begin().await.unwrap();
        change.declare_region(&region("eu-west-1"), declared, Some("because")).await.unwrap();
        change.commit(entry("regions.declare")).await.unwrap();
        let all = store.declared_regions().await.unwrap();
        assert_eq!(all.iter().find(|r| r.code == region("eu-west-1")).unwrap().declared, declared);
    }
}

#[tokio::test]
async fn every_kind_of_resource_can_be_stored() {
    let (database, _store) = furnished().await;
    let mut owner = database.owner().await;
    for kind in ResourceKind::ALL {
        sqlx::query(
            "INSERT INTO resources (application, name, kind, account, spec, position)
             VALUES ('shop', replace($1, '_', '-'), $1, 'shop-prod', jsonb_build_object('kind', $1::text), 0)",
        )
        .bind(kind.as_str())
        .execute(&mut owner)
        .await
        .unwrap();
    }
}

#[tokio::test]
async fn edits_of_the_inventory_wait_for_each_other() {
    let (_database, store) = furnished().await;
    let mut first = store.begin().await.unwrap();
    first.load_inventory_for_edit().await.unwrap();
    let second = tokio::spawn({
        let store = store.clone();
        async move {
            let mut second = store.begin().await.unwrap();
            second.load_inventory_for_edit().await.unwrap()
        }
    });
    let none = Inventory { version: 1, regions: Some(vec![]), ..Inventory::default() };
    first.replace_inventory(&none).await.unwrap();
    first.commit(entry("inventory.replace")).await.unwrap();
    assert_eq!(second.await.unwrap().inventory.regions, Some(vec![]), "made from what the first left");
}
