//! The eleven most usual misconfigurations, each in the simulator's world: what readiness says of it over the wire, how grave
//! that is, and that the way out names what is to be mended.

use crate::house::until;
use crate::wire::WireHouse;
use holdfast_api::accounts::{Accounts, RoleAnswer};
use holdfast_failover::readiness::{Finding, Severity};
use holdfast_sim::world::World;
use holdfast_sim::{DEMO_INVENTORY, demo_world};

const SHOP: &str = "222222222222";
const PLATFORM: &str = "333333333333";
const DATA: &str = "444444444444";

struct Row {
    what: &'static str,
    /// Does it; `None` where the demonstration has it already.
    make: Option<fn(&mut World)>,
    application: &'static str,
    code: &'static str,
    severity: Severity,
    /// What it is about: a resource, or the role.
    names: &'static str,
    region: Option<&'static str>,
    way_out: &'static str,
}

/// Of roles: one role each.
fn roles() -> [Row; 4] {
    [
        Row {
            what: "a role is missing",
            make: Some(|world| world.accounts.get_mut(DATA).unwrap().roles.clear()),
            application: "archive",
            code: "role_refused",
            severity: Severity::Blocker,
            names: "arn:aws:iam::444444444444:role/holdfast-act",
            region: None,
            way_out: "Make arn:aws:iam::444444444444:role/holdfast-act with infra/member-account.yaml",
        },
        Row {
            what: "the external id is wrong",
            make: Some(|world| {
                let roles = world.accounts.get_mut(SHOP).unwrap().roles.values_mut();
                roles.for_each(|role| role.external_id = Some("of-yesterday".to_owned()));
            }),
            application: "feed",
            code: "role_refused",
            severity: Severity::Blocker,
            names: "arn:aws:iam::222222222222:role/holdfast-act",
            region: None,
            way_out: "under the external id `demo-shop-prod`",
        },
        Row {
            what: "session tags are refused",
            make: Some(|world| {
                let roles = &mut world.accounts.get_mut(PLATFORM).unwrap().roles;
                roles.get_mut("holdfast-act").unwrap().may_tag_session = false;
            }),
            application: "media",
            code: "role_refused",
            severity: Severity::Blocker,
            names: "arn:aws:iam::333333333333:role/holdfast-act",
            region: None,
            way_out: "Allow sts:TagSession",
        },
        Row {
            what: "the external id is not asked for",
            make: Some(|world| {
                let roles = &mut world.accounts.get_mut(PLATFORM).unwrap().roles;
                roles.get_mut("holdfast-read").unwrap().external_id = None;
            }),
            application: "media",
            code: "unsafe_trust",
            severity: Severity::Blocker,
            names: "arn:aws:iam::333333333333:role/holdfast-read",
            region: None,
            way_out: "demand the account's external id",
        },
    ]
}

fn resources() -> [Row; 7] {
    [
        Row {
            what: "a bucket is not copied back",
            make: Some(|world| {
                let buckets = &mut world.stores.buckets;
                let recovery = buckets.iter_mut().find(|b| b.name == "fulfilment-manifests-eu-central-1");
                recovery.unwrap().rules.clear();
            }),
            application: "fulfilment",
            code: "no_reverse_rule",
            severity: Severity::Warning,
            names: "manifests",
            region: Some("eu-west-1"),
            way_out: "from the bucket in eu-central-1 to the one in eu-west-1",
        },
        Row {
            what: "a replica is paused",
            make: Some(|world| {
                let databases = &mut world.stores.databases;
                databases.iter_mut().find(|d| d.id == "ledger-replica").unwrap().paused = true;
            }),
            application: "ledger",
            code: "copy_not_connected",
            severity: Severity::Blocker,
            names: "books",
            region: Some("us-west-2"),
            way_out: "Start its replication again",
        },
        Row {
            what: "an image is missing in the recovery Region",
            make: Some(|world| {
                let mut repositories = world.repositories.iter_mut();
                let there = repositories.find(|r| r.name == "fulfilment/api" && r.region == "eu-central-1");
                let repository = there.unwrap();
                repository.images.retain(|image| !image.tags.iter().any(|tag| tag == "1.12.0"));
            }),
            application: "fulfilment",
            code: "image_missing",
            severity: Severity::Blocker,
            names: "1.12.0 of images",
            region: Some("eu-central-1"),
            way_out: "Push the image there",
        },
        Row {
            what: "a secret is not replicated",
            make: None,
            application: "catalog",
            code: "secret_not_replicated",
            severity: Severity::Blocker,
            names: "database-credentials",
            region: Some("eu-central-1"),
            way_out: "Replicate it to eu-central-1",
        },
        Row {
            what: "a quota is too low",
            make: None,
            application: "billing",
            code: "quota_too_low",
            severity: Severity::Warning,
            names: "allows 6 in us-west-2",
            region: Some("us-west-2"),
            way_out: "Ask for 400 in us-west-2",
        },
        Row {
            what: "no alarm watches the lag",
            make: None,
            application: "payments",
            code: "no_lag_alarm",
            severity: Severity::Warning,
            names: "transactions",
            region: Some("eu-west-1"),
            way_out: "alarm",
        },
        Row {
            what: "a TTL is an hour",
            make: Some(|world| {
                let records = world.zones.iter_mut().flat_map(|zone| &mut zone.records);
                for record in records.filter(|record| record.name == "payments.platform.example.com.") {
                    record.alias = None;
                    record.values = vec!["192.0.2.1".to_owned()];
                    record.ttl_s = Some(3_600);
                }
            }),
            application: "payments",
            code: "ttl_too_long",
            severity: Severity::Blocker,
            names: "front-door",
            region: Some("eu-west-1"),
            way_out: "Lower the TTL",
        },
    ]
}

/// What readiness says of the row, once it does: what accounts are asked about themselves comes beside the first sweep.
async fn found(house: &WireHouse, row: &Row) -> Finding {
    until(&format!("{}: {}", row.what, row.code), || async {
        house.findings(row.application).await.into_iter().find(|finding| {
            finding.code == row.code
                && finding.region.as_ref().map(|region| region.as_str()) == row.region
                && finding.sentence.contains(row.names)
        })
    })
    .await
}

async fn each_is_found(rows: &[Row]) {
    let mut world = demo_world();
    rows.iter().filter_map(|row| row.make).for_each(|make| make(&mut world));
    let house = WireHouse::of(world, DEMO_INVENTORY, 4.0).await;
    for row in rows {
        let finding = found(&house, row).await;
        assert_eq!(finding.severity, row.severity, "{}: {finding:?}", row.what);
        assert!(finding.way_out.contains(row.way_out), "{}: {}", row.what, finding.way_out);
        // By whom it was seen, and when: evidence, not a guess.
        assert!(finding.seen_at.is_some(), "{}: {finding:?}", row.what);
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_resources_is_found_with_its_gravity_and_its_way_out() {
    each_is_found(&resources()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_roles_is_found_with_its_gravity_and_its_way_out() {
    each_is_found(&roles()).await;
}

/// The rows are worth something only where a world in order has none of them.
#[tokio::test(flavor = "multi_thread")]
async fn none_of_what_was_made_wrong_is_found_where_it_was_not() {
    let house = WireHouse::new().await;
    until("every role to be tried", || async {
        let accounts = house.app.accounts(&house.operator).await.unwrap();
        let tried = |role: &RoleAnswer| role.state == "ok" && role.demands_external_id.is_some();
        accounts.iter().all(|a| tried(&a.read) && tried(&a.act)).then_some(())
    })
    .await;
    for row in roles().iter().chain(&resources()).filter(|row| row.make.is_some()) {
        let found = house.findings(row.application).await;
        let found = found.iter().find(|f| f.code == row.code && f.sentence.contains(row.names));
        assert!(found.is_none(), "{}: {found:?}", row.what);
    }
    house.stop().await;
}
