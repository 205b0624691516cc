//! The demonstration's world: what `demo/inventory.yaml` says should be there. Kinds that the simulator
//! does not speak yet are in the inventory and not here: Holdfast shows them as unknown, which is the truth.

use super::World;
use super::build::Routing;
use super::groups::Behind;

const SHOP: &str = "222222222222";
const PLATFORM: &str = "333333333333";
const DATA: &str = "444444444444";
const SHOP_ZONE: &str = "Z0123456789ABC";
const PLATFORM_ZONE: &str = "Z0234567891BCD";
const CLUSTER: &str = "0f4c2a91-6f1d-4f0e-9b1e-0f5f2b8f6a10";
const PLATFORM_CLUSTER: &str = "7b1d5e3c-2a94-4c1f-8f0d-3e6a9b57c2d4";
const FARGATE: (&str, &str, &str) = ("fargate", "L-3032A538", "Fargate On-Demand vCPU resource count");
const DATA_ZONE: &str = "Z0345678912CDE";
const DATA_PRIVATE_ZONE: &str = "Z0456789123DEF";

/// The world that matches [`crate::DEMO_INVENTORY`].
pub fn demo_world() -> World {
    let world = World::empty()
        .account(SHOP, "shop-prod", "demo-shop-prod")
        .account(PLATFORM, "platform-prod", "demo-platform-prod")
        .account(DATA, "data-prod", "demo-data-prod")
        .zone_named(SHOP, SHOP_ZONE, "shop.example.com")
        .zone_named(PLATFORM, PLATFORM_ZONE, "platform.example.com")
        .zone_named(DATA, DATA_ZONE, "data.example.com");
    recovery_regions(stores(stoppable(switched(active_active(fulfilment(warm_standby(shop(world))))))))
}

/// The application whose home Region is held out by an object in the other one: no control plane of any Region moves it.
fn stoppable(world: World) -> World {
    let (home, recovery) = ("us-west-2", "us-east-1");
    let (bucket, metric) = ("search-switches-us-east-1", ("Search", "QuerySuccess"));
    world
        .bucket(DATA, recovery, bucket)
        .held_out_by((DATA_ZONE, "search.data.example.com"), home, (bucket, "us-west-2/STOP"), Some("STOP"))
        .metric(DATA, home, metric, &[("Service", "query")], 99.7)
        .metric(DATA, recovery, metric, &[("Service", "query")], 99.9)
}

fn shop(world: World) -> World {
    let (home, recovery) = ("us-east-1", "eu-central-1");
    world
        .front_door(SHOP_ZONE, "shop.example.com", Routing::Weighted, &[home, recovery])
        .access_point(SHOP, "shop-assets", "m2shopa55ets.mrap", &[(home, true), (recovery, false)])
        .accelerator(SHOP, "5f8a1c3e-27b4-4d90-b6e2-9a1c0d7e4f68", "shop", &[(home, 100.0), (recovery, 0.0)])
        .aurora(SHOP, "orders", &[home, recovery])
        .service(SHOP, home, "shop", "web", 6)
        .service(SHOP, recovery, "shop", "web", 2)
}

/// What recovery Regions have beside the applications themselves, and what they lack: catalog's secret is in its home
/// Region alone, and billing's quota was raised at home only.
fn recovery_regions(world: World) -> World {
    let (home, recovery) = ("us-east-1", "us-west-2");
    let world = world
        .secret(
            PLATFORM,
            "billing/database",
            &[home, recovery],
            r#"{"username":"billing","password":"simulated"}"#,
        )
        .secret(SHOP, "catalog/database", &[home], r#"{"username":"catalog","password":"simulated"}"#)
        .parameter(PLATFORM, home, "/billing/currencies", "EUR,GBP,USD")
        .parameter(PLATFORM, recovery, "/billing/currencies", "EUR,GBP,USD")
        .parameter(
            DATA,
            "us-east-1",
            "/support/database",
            r#"{"host":"support.simulated.us-west-2.rds.amazonaws.com","port":5432}"#,
        )
        .key(PLATFORM, "billing", &[home, recovery])
        .lag_alarm(PLATFORM, recovery, "billing-invoices-lag", "billing-us-west-2", 60.0)
        .quota(PLATFORM, home, FARGATE, 6.0, Some(400.0))
        .quota(PLATFORM, recovery, FARGATE, 6.0, None)
        .peering(PLATFORM, "tgw-attach-0b1f6c528d0e4a579", [home, recovery])
        .watched(PLATFORM, &[home, recovery])
        .organization(&[PLATFORM], &[("555555555555", "sandbox"), ("666666666666", "analytics-prod")]);
    let stacks = [
        (DATA, "archive", "us-west-2", false),
        (DATA, "ledger", "us-west-2", true),
        (PLATFORM, "notifications", "us-west-2", true),
        (DATA, "reports", "us-east-1", false),
        (DATA, "support", "us-east-1", true),
    ];
    stacks.into_iter().fold(world, |world, (account, application, region, stands)| {
        let owner = if account == DATA { "data-prod" } else { "platform-prod" };
        let name = format!("{application}-recovery");
        let url = format!("https://{owner}-templates.s3.{region}.amazonaws.com/{name}.yaml");
        let world = world.template(&url);
        if stands { world.stack_of(account, region, &name, &url) } else { world }
    })
}

/// The applications that are a database, a service and a front door, at home and in one other Region.
fn warm_standby(world: World) -> World {
    let apps = [
        (
            PLATFORM,
            PLATFORM_ZONE,
            "billing.platform.example.com",
            Routing::Weighted,
            "billing",
            ("billing", "api"),
            ("us-east-1", 4),
            ("us-west-2", 1),
        ),
        (
            SHOP,
            SHOP_ZONE,
            "catalog.shop.example.com",
            Routing::Failover,
            "catalog",
            ("catalog", "catalog"),
            ("us-east-1", 4),
            ("eu-central-1", 2),
        ),
        (
            PLATFORM,
            PLATFORM_ZONE,
            "payments.platform.example.com",
            Routing::Weighted,
            "payments",
            ("payments", "gateway"),
            ("eu-central-1", 6),
            ("eu-west-1", 2),
        ),
        (
            DATA,
            DATA_ZONE,
            "search.data.example.com",
            Routing::Failover,
            "search",
            ("search", "query"),
            ("us-west-2", 4),
            ("us-east-1", 1),
        ),
        (
            DATA,
            DATA_ZONE,
            "telemetry.data.example.com",
            Routing::Weighted,
            "telemetry",
            ("telemetry", "intake"),
            ("ap-southeast-1", 5),
            ("us-west-2", 2),
        ),
    ];
    apps.into_iter().fold(
        world,
        |world, (account, zone, name, routing, database, service, home, recovery)| {
            world
                .front_door(zone, name, routing, &[home.0, recovery.0])
                .aurora(account, database, &[home.0, recovery.0])
                .service(account, home.0, service.0, service.1, home.1)
                .service(account, recovery.0, service.0, service.1, recovery.1)
        },
    )
}

/// As many systems as an application may have, and none of them needs us-east-1 to move: tasks, instances, nodes and
/// functions with the images that they start from, four kinds of stores, and a switch that the records follow.
fn fulfilment(world: World) -> World {
    let (home, recovery) = ("eu-west-1", "eu-central-1");
    let name = "fulfilment.platform.example.com";
    let world = world
        .front_door(PLATFORM_ZONE, name, Routing::Failover, &[home, recovery])
        .routing_controls(PLATFORM, PLATFORM_CLUSTER, "fulfilment", &[(home, true), (recovery, false)])
        .following(PLATFORM_ZONE, name, "fulfilment", &[home, recovery])
        .aurora(PLATFORM, "fulfilment", &[home, recovery])
        .lag_alarm(PLATFORM, recovery, "fulfilment-parcels-lag", "fulfilment-eu-central-1", 60.0)
        .datastore(PLATFORM, "ldgnf-fulfilment", &[home, recovery])
        .global_table(PLATFORM, "fulfilment-scans", &[home, recovery])
        .bucket_pair(
            PLATFORM,
            (home, "fulfilment-manifests-eu-west-1"),
            (recovery, "fulfilment-manifests-eu-central-1"),
            true,
        )
        .secret(PLATFORM, "fulfilment/carriers", &[home, recovery], r#"{"token":"simulated"}"#);
    fulfilments_capacity(world)
}

fn fulfilments_capacity(world: World) -> World {
    let (home, recovery) = ("eu-west-1", "eu-central-1");
    let api = || Behind::Service { cluster: "fulfilment".to_owned(), service: "api".to_owned() };
    let workers = || Behind::Group("fulfilment-workers".to_owned());
    let tags = ["1.10.0", "1.11.0", "1.12.0"];
    world
        .service(PLATFORM, home, "fulfilment", "api", 4)
        .target_group(PLATFORM, home, "fulfilment-api", api())
        .service(PLATFORM, recovery, "fulfilment", "api", 2)
        .scaling(2, 6)
        .target_group(PLATFORM, recovery, "fulfilment-api", api())
        .group(PLATFORM, home, "fulfilment-workers", 5, 10)
        .target_group(PLATFORM, home, "fulfilment-workers", workers())
        .group(PLATFORM, recovery, "fulfilment-workers", 1, 3)
        .schedule("nights")
        .warm_pool(2)
        .target_group(PLATFORM, recovery, "fulfilment-workers", workers())
        .node_group(PLATFORM, home, ("fulfilment", "general"), 3, 6)
        .node_group(PLATFORM, recovery, ("fulfilment", "general"), 1, 6)
        .function(PLATFORM, home, "fulfilment-labels", Some(50))
        .mapping("1b8e4c70-5a2d-4f96-b3e1-90d7a6c85f21", "parcels-to-label", true)
        .to_alias("live")
        .function(PLATFORM, recovery, "fulfilment-labels", Some(10))
        .mapping("6d1f0a52-93c4-4b7e-8a15-2f0e7c9b3d84", "parcels-to-label", false)
        .to_alias("live")
        .repository(PLATFORM, home, "fulfilment/api", &tags)
        .replicate_images(PLATFORM, home, &[recovery])
        .repository(PLATFORM, recovery, "fulfilment/api", &tags)
        // What the demonstration's pilot light invokes.
        .function(PLATFORM, "ap-southeast-1", "notifications-sender", Some(50))
        .function(PLATFORM, "us-west-2", "notifications-sender", None)
}

fn active_active(world: World) -> World {
    let feed = ["us-east-1", "eu-central-1", "ap-southeast-1"];
    let world = world.front_door(SHOP_ZONE, "feed.shop.example.com", Routing::Latency, &feed).accelerator(
        SHOP,
        "3b1f6c52-8d0e-4a57-9c1d-6e2a7f40b8d1",
        "feed",
        &feed.map(|region| (region, 100.0)),
    );
    let world = feed.iter().fold(world, |world, region| world.service(SHOP, region, "feed", "timeline", 6));
    let identity = ["us-east-1", "eu-west-1"];
    let world =
        world.front_door(PLATFORM_ZONE, "login.platform.example.com", Routing::Geolocation, &identity);
    let world =
        identity.iter().fold(world, |world, region| world.service(PLATFORM, region, "identity", "login", 6));
    let media = ["us-west-2", "eu-west-1"];
    let world = world
        .accelerator(
            PLATFORM,
            "a4d09b7e-51c3-4f2a-8e66-0c9b1d83f7a5",
            "media",
            &media.map(|region| (region, 100.0)),
        )
        .access_point(PLATFORM, "media-library", "m4mediali8rary.mrap", &media.map(|region| (region, true)));
    media.iter().fold(world, |world, region| world.service(PLATFORM, region, "media", "streaming", 5))
}

/// The applications whose traffic moves by a switch: routing controls that the records follow, and a distribution
/// beside a Region switch plan.
fn switched(world: World) -> World {
    let (home, recovery) = ("us-east-1", "eu-central-1");
    let name = "tickets.shop.example.com";
    let world = world
        .front_door(SHOP_ZONE, name, Routing::Failover, &[home, recovery])
        .routing_controls(SHOP, CLUSTER, "tickets", &[(home, true), (recovery, false)])
        .following(SHOP_ZONE, name, "tickets", &[home, recovery])
        .aurora(SHOP, "tickets", &[home, recovery])
        .service(SHOP, home, "tickets", "booking", 4)
        .service(SHOP, recovery, "tickets", "booking", 2);
    let (home, recovery) = ("us-east-1", "eu-west-1");
    world
        .distribution(PLATFORM, "E2WEBSITE0DEMO", "www.platform.example.com", &[home, recovery])
        .routing_controls(PLATFORM, PLATFORM_CLUSTER, "website", &[(home, true), (recovery, false)])
        .switch_plan(PLATFORM, "website", "website", &[home, recovery])
        .service(PLATFORM, home, "website", "pages", 4)
        .service(PLATFORM, recovery, "website", "pages", 2)
}

/// What the applications that are no warm standby keep, and the front doors that show where they serve.
fn stores(world: World) -> World {
    let archive = "arn:aws:rds:us-east-1:444444444444:db:archive";
    let documents = "arn:aws:rds:eu-west-1:444444444444:db:documents";
    let reports = "arn:aws:rds:us-west-2:444444444444:db:reports";
    world
        .database_alone(DATA, "us-east-1", "archive")
        .vault(DATA, ("us-west-2", "archive-copies"), &[archive], 12, 3)
        .database_alone(DATA, "eu-west-1", "documents")
        // Every six hours where four are the objective, and a bucket that is not copied back: there to be found.
        .vault(DATA, ("eu-central-1", "documents-copies"), &[documents], 6, 5)
        .bucket_pair(
            DATA,
            ("eu-west-1", "documents-files-eu-west-1"),
            ("eu-central-1", "documents-files-eu-central-1"),
            false,
        )
        .front_door(DATA_ZONE, "ledger.data.example.com", Routing::Weighted, &["us-east-1", "us-west-2"])
        .replica_pair(DATA, ("us-east-1", "ledger"), ("us-west-2", "ledger-replica"))
        .clients_alarm(DATA, "us-east-1", "ledger-clients", "ledger")
        .clients_alarm(DATA, "us-west-2", "ledger-clients", "ledger-replica")
        .global_table(DATA, "ledger-postings", &["us-east-1", "us-west-2"])
        .front_door(
            PLATFORM_ZONE,
            "notifications.platform.example.com",
            Routing::Weighted,
            &["ap-southeast-1", "us-west-2"],
        )
        .global_table(PLATFORM, "notifications-outbox", &["ap-southeast-1", "us-west-2"])
        .front_door(DATA_ZONE, "reports.data.example.com", Routing::Weighted, &["us-west-2", "us-east-1"])
        .database_alone(DATA, "us-west-2", "reports")
        // What the reports in the recovery Region would connect to: the database at home, until one is restored.
        .private_zone(DATA, DATA_PRIVATE_ZONE, "data.internal", &["us-east-1"])
        .cname(DATA_PRIVATE_ZONE, "reports-db.data.internal", "reports.simulated.us-west-2.rds.amazonaws.com")
        .vault(DATA, ("us-east-1", "reports-copies"), &[reports], 24, 7)
        .bucket_pair(
            DATA,
            ("us-west-2", "reports-exports-us-west-2"),
            ("us-east-1", "reports-exports-us-east-1"),
            true,
        )
        .front_door(DATA_ZONE, "support.data.example.com", Routing::Weighted, &["us-west-2", "us-east-1"])
        .replica_pair(DATA, ("us-west-2", "support"), ("us-east-1", "support-replica"))
        .clients_alarm(DATA, "us-west-2", "support-clients", "support")
        .clients_alarm(DATA, "us-east-1", "support-clients", "support-replica")
        .datastore(SHOP, "ldgnf-catalog", &["us-east-1", "eu-central-1"])
}
