//! An application of which something that is stored cannot be read: everybody goes on with the others, and says so.

use crate::evacuations::asked;
use crate::house::{AWAY, House, name, refused, region};
use crate::scopes::holder;
use holdfast_api::IfMatch;
use holdfast_api::applications::{ApplicationFilter, Applications};
use holdfast_api::compliance::Compliances;
use holdfast_api::evacuations::Evacuations;
use holdfast_api::inventory::{FileFormat, Inventories, Manner};
use holdfast_api::now::Nows;
use holdfast_api::regions::Regions;
use holdfast_domain::{Actor, Declaration, Role, Seconds};
use holdfast_failover::Mode;
use holdfast_inventory::write_yaml;

/// A part of `split` that no version writes, with the column that is named then.
const POISONS: [(&str, &str); 6] = [
    ("home_region", "UPDATE applications SET home_region = 'xx-nowhere-1' WHERE name = 'split'"),
    ("recovery_regions", "UPDATE applications SET recovery_regions = '{xx-nowhere-1}' WHERE name = 'split'"),
    ("load_split", "UPDATE applications SET load_split = '{\"teleported\": true}' WHERE name = 'split'"),
    (
        "spec of resources",
        "UPDATE resources SET spec = jsonb_build_object('kind', kind) WHERE application = 'split'",
    ),
    (
        "waivers",
        "INSERT INTO waivers (application, step, plane, by_whom, reason, review_on, position)
         VALUES ('split', 'a', 'ecs@eu-west-1', 'ann', 'why', 'infinity', 1)",
    ),
    (
        "steps of own_plans",
        "INSERT INTO own_plans (application, steps) VALUES ('split', '[{\"kind\": \"teleport\"}]')",
    ),
];

const ITS_PLAN: &str = "version: 1
plans:
  - application: split
    steps:
      - {name: first, kind: run_plan, after: observe, application: front}
";

async fn listed(house: &House) -> Vec<String> {
    let page = house.app.applications(&house.operator, &ApplicationFilter::default()).await.unwrap();
    page.items.into_iter().map(|of| of.name).collect()
}

/// As it is told wherever all are looked at.
async fn is_set_aside(house: &House, column: &str) {
    assert_eq!(listed(house).await, ["front", "pair", "shop"], "{column}");
    let told = house.app.unreadable_applications(&house.operator).await.unwrap();
    assert_eq!(told.iter().map(|one| one.application.as_str()).collect::<Vec<_>>(), ["split"], "{column}");
    assert!(told[0].why.contains(column) && !told[0].way_out.is_empty(), "{column}: {told:?}");
    let now = house.app.now(&house.operator).await.unwrap();
    assert!(now.needs[0].title.starts_with("split: cannot be read"), "{column}: {:?}", now.needs);
    assert!(now.needs[0].detail.contains(column), "{column}: {:?}", now.needs[0]);
    let compliance = house.app.compliance(&house.operator).await.unwrap();
    assert!(!compliance.green && compliance.unknown == compliance.rows.len() + 1, "{column}");
    let lot = house.app.preview_evacuation(&house.operator, &asked(Mode::Planned)).await.unwrap();
    let left = lot.left_out.iter().find(|left| left.application == "split").unwrap();
    assert!(format!("{left:?}").contains(column), "{column}: {left:?}");
    let alone = refused(house.app.application_status(&house.operator, &name("split")).await);
    assert_eq!(alone.code, "unreadable_application", "{column}");
    assert!(alone.detail.contains(column) && alone.way_out.contains("anew"), "{column}: {alone:?}");
}

#[tokio::test]
async fn one_column_that_cannot_be_read_sets_its_application_aside_until_it_is_sent_anew_and_no_other() {
    let house = House::new().await;
    let file = house.app.export_inventory(&house.operator, FileFormat::Yaml).await.unwrap();
    for (column, poison) in POISONS {
        sqlx::query(poison).execute(&mut house.database.owner().await).await.unwrap();
        is_set_aside(&house, column).await;
        let sent = if column == "steps of own_plans" { ITS_PLAN } else { file.as_str() };
        let manner = Manner::default();
        house
            .app
            .apply_inventory(&house.operator, sent.as_bytes(), FileFormat::Yaml, &manner)
            .await
            .unwrap_or_else(|problem| panic!("{column}: {problem:?}"));
        assert_eq!(house.app.unreadable_applications(&house.operator).await.unwrap(), [], "{column}");
        assert_eq!(listed(&house).await, ["front", "pair", "shop", "split"], "{column}");
    }
}

#[tokio::test]
async fn an_application_that_cannot_be_read_leaves_its_policy_by_an_admins_hand_and_is_asked_by_it_still() {
    let house = House::new().await;
    let mut inventory = house.store.load_inventory().await.unwrap();
    let split = inventory.applications.iter_mut().flatten().find(|a| a.name == name("split")).unwrap();
    let strict = split.approval_policy.clone();
    split.approval_policy = name("one-approver");
    let weaker = write_yaml(&inventory);
    sqlx::query(POISONS[0].1).execute(&mut house.database.owner().await).await.unwrap();
    let manner = Manner::default();
    let apply =
        async |by: &Actor| house.app.apply_inventory(by, weaker.as_bytes(), FileFormat::Yaml, &manner).await;
    assert_eq!(refused(apply(&house.operator).await).status, 403);
    let admin = house.another("admin@example.com", Role::Admin, &[]).await;
    apply(&admin).await.unwrap();
    let left = house.store.rules_left(&[&name("split")], &[]).await.unwrap();
    assert_eq!(left.iter().map(|left| &left.rules.policy.name).collect::<Vec<_>>(), [&strict]);
}

#[tokio::test]
async fn an_edit_that_would_take_away_what_cannot_be_read_is_refused_and_a_region_is_declared_all_the_same() {
    for (column, poison) in POISONS {
        let house = House::new().await;
        let mut shop = house.store.application(&name("shop")).await.unwrap();
        shop.objectives.rto = Seconds(1_000);
        sqlx::query(poison).execute(&mut house.database.owner().await).await.unwrap();
        let problem =
            refused(house.app.put_application(&house.operator, shop, &IfMatch::Unconditional).await);
        assert_eq!((problem.status, problem.code.as_str()), (409, "unreadable_application"), "{column}");
        assert!(problem.detail.contains(column) && problem.detail.contains("split"), "{column}: {problem:?}");
        house
            .app
            .declare_region(
                &house.operator,
                &region(AWAY),
                Declaration::Impaired,
                None,
                &IfMatch::Unconditional,
            )
            .await
            .unwrap();
        is_set_aside(&house, column).await;
    }
}

#[tokio::test]
async fn whoever_may_not_know_of_it_hears_nothing_of_it() {
    let house = House::new().await;
    let (_, poison) = POISONS[0];
    sqlx::query(poison).execute(&mut house.database.owner().await).await.unwrap();
    let others = holder(&house, "others@example.com", &["viewer:team=library"]).await;
    assert_eq!(house.app.unreadable_applications(&others).await.unwrap(), []);
    let ours = holder(&house, "ours@example.com", &["viewer:team=payments"]).await;
    assert_eq!(house.app.unreadable_applications(&ours).await.unwrap().len(), 1);
}
