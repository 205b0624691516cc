//! Route 53 records: one atomic batch that AWS compares, and that spreads.

use crate::peers::{Peer, Which};
use crate::words::{HOME, RECOVERY, act, acting, look, region, resource as named, seen};
use aws_sdk_route53::types::{
    Change as SdkChange, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType,
};
use holdfast_cloud::{Cloud, ErrorKind, Settled};
use holdfast_domain::facts::{DnsRecord, Routing};
use holdfast_domain::resource::Route53Records;
use holdfast_domain::{Facts, RegionCode, Resource, ResourceSpec};
use holdfast_failover::Change;
use holdfast_failover::change::RecordReplacement;
use std::time::{Duration, Instant};

scenarios! {
    a_record_set_is_seen_in_each_region: simulator, ministack, moto;
    weights_move_by_compare_and_set_and_a_second_time_is_a_conflict: simulator, ministack;
    several_records_of_a_region_are_seen_and_moved_in_one_batch: simulator, ministack;
    an_accepted_batch_is_pending_until_in_sync: simulator, ministack;
    a_zone_that_is_not_there_is_not_found: simulator, ministack, moto;
    a_change_that_route_53_forgot_is_not_known: simulator;
}

pub async fn resource(peer: &Peer) -> Resource {
    let zone = match peer.which {
        Which::Simulator => "Z0123456789ABC".to_owned(),
        Which::Ministack | Which::Moto => weighted_records(peer).await,
    };
    of_zone(&zone)
}

fn of_zone(zone: &str) -> Resource {
    named_record(zone, "shop.example.com")
}

pub fn named_record(zone: &str, record: &str) -> Resource {
    let spec = Route53Records {
        hosted_zone_id: zone.to_owned(),
        record: record.to_owned(),
        record_type: "A".into(),
        set_identifiers: Default::default(),
    };
    named("front-door", ResourceSpec::Route53Records(spec))
}

pub async fn changes(peer: &Peer, resource: &Resource) -> Vec<Change> {
    let ResourceSpec::Route53Records(spec) = &resource.spec else { unreachable!() };
    let from = record_of(&seen(peer, resource, HOME).await);
    let to = record_of(&seen(peer, resource, RECOVERY).await);
    vec![Change::ReplaceRecords {
        hosted_zone_id: spec.hosted_zone_id.clone(),
        replace: vec![reweigh(&region(HOME), &from, 0), reweigh(&region(RECOVERY), &to, 100)],
    }]
}

/// A zone with the weights 100 and 0; its id.
async fn weighted_records(peer: &Peer) -> String {
    let client = sdk!(aws_sdk_route53, peer, HOME);
    let zone =
        client.create_hosted_zone().name("example.com").caller_reference("conformance").send().await.unwrap();
    let id = zone.hosted_zone().unwrap().id().trim_start_matches("/hostedzone/").to_owned();
    let record = |code: &str, weight, address: &str| {
        let set = ResourceRecordSet::builder()
            .name("shop.example.com")
            .r#type(RrType::A)
            .set_identifier(code)
            .weight(weight)
            .ttl(60)
            .resource_records(ResourceRecord::builder().value(address).build().unwrap())
            .build()
            .unwrap();
        SdkChange::builder().action(ChangeAction::Create).resource_record_set(set).build().unwrap()
    };
    let batch = ChangeBatch::builder()
        .changes(record(HOME, 100, "192.0.2.1"))
        .changes(record(RECOVERY, 0, "198.51.100.1"))
        .build()
        .unwrap();
    client.change_resource_record_sets().hosted_zone_id(&id).change_batch(batch).send().await.unwrap();
    id
}

pub fn record_of(facts: &Facts) -> DnsRecord {
    match facts {
        Facts::DnsRecord { record: Some(record), .. } => record.clone(),
        other => panic!("a record was expected, not {other:?}"),
    }
}

async fn weights(peer: &Peer, front_door: &Resource) -> (i64, i64) {
    let mut weights = Vec::new();
    for code in [HOME, RECOVERY] {
        match record_of(&seen(peer, front_door, code).await).routing {
            Routing::Weighted { weight } => weights.push(weight),
            ref other => panic!("a weight was expected, not {other:?}"),
        }
    }
    (weights[0], weights[1])
}

/// From what is there to the same record with another weight.
pub fn reweigh(region: &RegionCode, old: &DnsRecord, weight: i64) -> RecordReplacement {
    let new = DnsRecord { routing: Routing::Weighted { weight }, ..old.clone() };
    RecordReplacement { region: region.clone(), old: Some(old.clone()), new: Some(new) }
}

async fn a_record_set_is_seen_in_each_region(peer: &Peer) {
    let front_door = resource(peer).await;
    assert_eq!(weights(peer, &front_door).await, (100, 0));
    let record = record_of(&seen(peer, &front_door, HOME).await);
    assert_eq!(record.name.trim_end_matches('.'), "shop.example.com");
    assert!(record.alias.is_some() || record.values == ["192.0.2.1"], "{record:?}");
}

async fn weights_move_by_compare_and_set_and_a_second_time_is_a_conflict(peer: &Peer) {
    let front_door = resource(peer).await;
    let [change] = changes(peer, &front_door).await.try_into().unwrap();
    let answer = peer.cloud.perform(&peer.account, &acting("move-traffic", None), &change).await.unwrap();
    assert!(!answer.tracking.unwrap().contains('/'));
    assert_eq!(weights(peer, &front_door).await, (0, 100));

    let again = peer.cloud.perform(&peer.account, &acting("move-traffic", None), &change).await.unwrap_err();
    assert_eq!((again.kind, again.outcome_unknown), (ErrorKind::Conflict, false), "{again}");
    assert!(again.request_id.is_some());
}

async fn several_records_of_a_region_are_seen_and_moved_in_one_batch(peer: &Peer) {
    let front_door = resource(peer).await;
    let ResourceSpec::Route53Records(spec) = &front_door.spec else { unreachable!() };
    let first = record_of(&seen(peer, &front_door, HOME).await);
    let second = DnsRecord {
        set_identifier: Some(format!("{HOME}/second")),
        routing: Routing::Weighted { weight: 40 },
        ..first.clone()
    };
    let batch = |replace| Change::ReplaceRecords { hosted_zone_id: spec.hosted_zone_id.clone(), replace };
    let add = RecordReplacement { region: region(HOME), old: None, new: Some(second.clone()) };
    peer.cloud.perform(&peer.account, &acting("add", None), &batch(vec![add])).await.unwrap();
    let there = async || seen(peer, &front_door, HOME).await.dns_records().cloned().collect::<Vec<_>>();
    assert_eq!(there().await, [first.clone(), second.clone()]);
    let moves = vec![reweigh(&region(HOME), &first, 0), reweigh(&region(HOME), &second, 0)];
    peer.cloud.perform(&peer.account, &acting("move-traffic", None), &batch(moves)).await.unwrap();
    let weights: Vec<_> = there().await.into_iter().map(|record| record.routing).collect();
    assert_eq!(weights, [Routing::Weighted { weight: 0 }, Routing::Weighted { weight: 0 }]);
}

async fn an_accepted_batch_is_pending_until_in_sync(peer: &Peer) {
    let front_door = resource(peer).await;
    let [change] = changes(peer, &front_door).await.try_into().unwrap();
    let answer = peer.cloud.perform(&peer.account, &acting("move-traffic", None), &change).await.unwrap();
    let (tracking, access) = (answer.tracking.unwrap(), act("move-traffic", &change));
    let ask = async || peer.cloud.settled(&peer.account, &access, &change, &tracking).await.unwrap();
    let first = ask().await;
    assert!(matches!(&first, Settled::NotYet(status) if status == "PENDING") || first == Settled::Yes);
    peer.pass_time();
    let began = Instant::now();
    loop {
        match ask().await {
            Settled::Yes => break,
            Settled::NotYet(status) => assert_eq!(status, "PENDING"),
            Settled::NotKnown(why) | Settled::Failed(why) => panic!("{why}"),
        }
        assert!(began.elapsed() < Duration::from_secs(60), "never in sync");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn a_zone_that_is_not_there_is_not_found(peer: &Peer) {
    for facts in look(peer, &of_zone("Z0000000000000")).await.into_values() {
        assert_eq!(facts.unwrap_err().kind, ErrorKind::NotFound);
    }
}

async fn a_change_that_route_53_forgot_is_not_known(peer: &Peer) {
    let front_door = resource(peer).await;
    let [change] = changes(peer, &front_door).await.try_into().unwrap();
    let access = act("move-traffic", &change);
    let forgotten = peer.cloud.settled(&peer.account, &access, &change, "C0000000000000").await.unwrap();
    assert!(matches!(forgotten, Settled::NotKnown(_)), "{forgotten:?}");
}
