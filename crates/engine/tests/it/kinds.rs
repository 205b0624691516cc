//! Kinds of steps that the demonstration's applications do not have, in both modes over the wire: replica clusters and
//! their way back, a health check, a secret, provisioned concurrency, and steps of one's own. The judge is the ledger.

use crate::wire::{Move, WireHouse};
use holdfast_failover::{Mode, RunState};
use holdfast_sim::ledger::Effect;
use holdfast_sim::world::World;
use holdfast_sim::world::build::Routing;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const ACCOUNT: &str = "222222222222";
const HOME: &str = "us-east-1";
const AWAY: &str = "eu-central-1";

fn world() -> World {
    holdfast_sim::demo_world()
        .front_door("Z0123456789ABC", "zoo.shop.example.com", Routing::Weighted, &[HOME, AWAY])
        .cluster_pair(ACCOUNT, (HOME, "zoo"), (AWAY, "zoo-copy"))
        .secret(ACCOUNT, "zoo/database", &[AWAY], r#"{"host":"zoo.simulated.us-east-1.rds.amazonaws.com"}"#)
        .function(ACCOUNT, HOME, "zoo-keeper", Some(50))
        .provisioned("live", 10)
        .function(ACCOUNT, AWAY, "zoo-keeper", Some(50))
        .provisioned("live", 1)
}

/// The demonstration's, and one application more.
fn inventory(world: &World, receiver: SocketAddr) -> String {
    let mut checks = world.health_checks.iter();
    let guard = checks.find(|check| check.domain == format!("{HOME}.catalog.shop.example.com")).unwrap();
    let application = format!(
        "  - name: zoo
    owner: platform
    tier: 2
    strategy: warm_standby
    home_region: {HOME}
    recovery_regions: [{AWAY}]
    objectives: {{rto: 4h, rpo: 5m}}
    approval_policy: one-approver
    resources:
      - {{name: front-door, kind: route53_records, account: shop-prod, hosted_zone_id: Z0123456789ABC, record: zoo.shop.example.com, type: A}}
      - {{name: animals, kind: rds_read_replica, account: shop-prod, per_region: {{{HOME}: {{cluster: zoo}}, {AWAY}: {{cluster: zoo-copy}}}}}}
      - {{name: database, kind: endpoint_setting, account: shop-prod, per_region: {{{AWAY}: {{secret: zoo/database, key: host}}}}}}
      - {{name: guard, kind: route53_health_check, account: shop-prod, health_check_id: {}}}
      - {{name: keeper, kind: lambda_function, account: shop-prod, function: zoo-keeper, per_region: {{{HOME}: {{concurrency: 50}}, {AWAY}: {{concurrency: 50}}}}}}
",
        guard.id
    );
    let steps = format!(
        "  - application: zoo
    steps:
      - {{name: stop-writers, kind: webhook, before: record_lag, url: \"http://{receiver}/fence\", fences: [animals]}}
      - {{name: feed, kind: lambda_invoke, after: confirm_serving, account: shop-prod, function: zoo-keeper}}
      - {{name: warm, kind: ssm_document, after: confirm_serving, account: shop-prod, document: warm-caches, target_tag: role, target_value: cache}}
"
    );
    let (before, plans) = holdfast_sim::DEMO_INVENTORY.split_once("\nplans:\n").unwrap();
    format!("{before}\n{application}plans:\n{plans}{steps}")
}

/// Says yes to every POST, and how many there were.
async fn receiver() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, heard) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let counts = heard.clone();
    tokio::spawn(async move {
        while let Ok((mut caller, _)) = listener.accept().await {
            let mut request = vec![0; 16_384];
            let read = caller.read(&mut request).await.unwrap_or(0);
            if request[..read].starts_with(b"POST ") {
                counts.fetch_add(1, Ordering::SeqCst);
            }
            caller.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await.ok();
        }
    });
    (address, heard)
}

async fn moves(mode: Mode, also: &[&str]) {
    let (receiver, heard) = receiver().await;
    let world = world();
    let inventory = inventory(&world, receiver);
    let house = WireHouse::of(world, &inventory, 60.0).await;
    let run = house.started_as(Move::of("zoo"), mode).await;
    assert_eq!(house.over(&run).await.summary.state, RunState::Completed);
    let calls = house.calls();
    let changed: BTreeSet<&str> =
        calls.iter().filter(|call| call.effect == Effect::Changed).map(|call| &*call.operation).collect();
    let expected = [
        "PromoteReadReplicaDBCluster",
        "PutSecretValue",
        "UpdateHealthCheck",
        "PutProvisionedConcurrencyConfig",
        "ChangeResourceRecordSets",
        "Invoke",
        "SendCommand",
    ];
    for operation in expected.iter().chain(also) {
        assert!(changed.contains(operation), "{operation} is missing among {changed:?}");
    }
    assert_eq!(heard.load(Ordering::SeqCst), 1, "one webhook");
    let said = house.sim.look(|world| {
        let secret = world.supporting.secrets.iter().find(|secret| secret.name == "zoo/database").unwrap();
        secret.versions.last().unwrap().content.clone()
    });
    assert!(said.contains("zoo-copy."), "{said}");
    assert_eq!(house.done_twice(), [""; 0]);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kinds_that_no_application_of_the_demonstration_has_are_moved_by_plan_and_protected_again() {
    moves(Mode::Planned, &["CreateDBCluster", "CreateDBInstance"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kinds_that_no_application_of_the_demonstration_has_are_moved_in_an_emergency() {
    moves(Mode::Emergency, &[]).await;
}
