use crate::harness::{acting, code, sim};
use aws_sdk_route53::types::{
    Change, ChangeAction, ChangeBatch, ChangeStatus, ResourceRecordSet, ResourceRecordSetFailover, RrType,
};
use holdfast_sim::Sim;
use holdfast_sim::ledger::Effect;
use std::time::Duration;

const ZONE: &str = "Z0123456789ABC";

async fn route53(sim: &Sim) -> aws_sdk_route53::Client {
    aws_sdk_route53::Client::new(&acting(sim, "us-east-1").await)
}

async fn sets(route53: &aws_sdk_route53::Client, name: &str) -> Vec<ResourceRecordSet> {
    let call = route53.list_resource_record_sets().hosted_zone_id(ZONE).start_record_name(name);
    let page = call.start_record_type(RrType::A).send().await.unwrap();
    page.resource_record_sets.into_iter().filter(|r| r.name() == format!("{name}.")).collect()
}

fn swap(old: &ResourceRecordSet, new: &ResourceRecordSet) -> [Change; 2] {
    [(ChangeAction::Delete, old), (ChangeAction::Create, new)].map(|(action, set)| {
        Change::builder().action(action).resource_record_set(set.clone()).build().unwrap()
    })
}

fn weighing(set: &ResourceRecordSet, weight: i64) -> ResourceRecordSet {
    let mut set = set.clone();
    set.weight = Some(weight);
    set
}

async fn change(
    route53: &aws_sdk_route53::Client,
    changes: impl IntoIterator<Item = Change>,
) -> Result<
    aws_sdk_route53::operation::change_resource_record_sets::ChangeResourceRecordSetsOutput,
    aws_sdk_route53::error::SdkError<
        aws_sdk_route53::operation::change_resource_record_sets::ChangeResourceRecordSetsError,
    >,
> {
    let batch = ChangeBatch::builder().set_changes(Some(changes.into_iter().collect())).build().unwrap();
    route53.change_resource_record_sets().hosted_zone_id(ZONE).change_batch(batch).send().await
}

#[tokio::test]
async fn weights_are_swapped_in_one_batch_and_come_into_sync() {
    let sim = sim().await;
    let route53 = route53(&sim).await;
    let before = sets(&route53, "shop.example.com").await;
    let weights = |sets: &[ResourceRecordSet]| {
        sets.iter().map(|s| (s.set_identifier().unwrap().to_owned(), s.weight().unwrap())).collect::<Vec<_>>()
    };
    assert_eq!(weights(&before), [("eu-central-1".into(), 0), ("us-east-1".into(), 100)]);
    let batch = swap(&before[0], &weighing(&before[0], 100))
        .into_iter()
        .chain(swap(&before[1], &weighing(&before[1], 0)));
    let accepted = change(&route53, batch).await.unwrap();
    let info = accepted.change_info().unwrap();
    assert_eq!(info.status(), &ChangeStatus::Pending);
    assert_eq!(
        weights(&sets(&route53, "shop.example.com").await),
        [("eu-central-1".into(), 100), ("us-east-1".into(), 0)]
    );
    sim.advance(Duration::from_secs(2));
    let synced = route53.get_change().id(info.id()).send().await.unwrap();
    assert_eq!(synced.change_info().unwrap().status(), &ChangeStatus::Insync);
}

#[tokio::test]
async fn a_delete_of_what_somebody_changed_is_refused_and_nothing_moves() {
    let sim = sim().await;
    let route53 = route53(&sim).await;
    let before = sets(&route53, "shop.example.com").await;
    sim.tamper(|world| {
        let zone = world.zones.iter_mut().find(|z| z.id == ZONE).unwrap();
        let record =
            zone.records.iter_mut().find(|r| r.name == "shop.example.com." && r.weight == Some(100)).unwrap();
        record.weight = Some(90);
    });
    let batch = swap(&before[0], &weighing(&before[0], 100))
        .into_iter()
        .chain(swap(&before[1], &weighing(&before[1], 0)));
    let refused = change(&route53, batch).await;
    assert_eq!(code(&refused).as_deref(), Some("InvalidChangeBatch"));
    let error = refused.err().unwrap().into_service_error();
    assert!(error.is_invalid_change_batch());
    assert!(error.to_string().contains("do not match") || format!("{error:?}").contains("do not match"));
    assert_eq!(sim.ledger().last().map(|e| e.effect), Some(Effect::Refused));
    let after = sets(&route53, "shop.example.com").await;
    assert_eq!(after.iter().map(|s| s.weight().unwrap()).collect::<Vec<_>>(), [0, 90]);
}

#[tokio::test]
async fn an_upsert_of_what_is_there_changes_nothing() {
    let sim = sim().await;
    let route53 = route53(&sim).await;
    let set = sets(&route53, "shop.example.com").await.remove(0);
    let upsert = Change::builder().action(ChangeAction::Upsert).resource_record_set(set).build().unwrap();
    change(&route53, [upsert]).await.unwrap();
    assert_eq!(sim.ledger().last().map(|e| e.effect), Some(Effect::Unchanged));
}

#[tokio::test]
async fn all_routing_kinds_are_listed_page_by_page() {
    let sim = sim().await;
    let route53 = route53(&sim).await;
    let mut seen = Vec::new();
    let mut call = route53.list_resource_record_sets().hosted_zone_id(ZONE).max_items(2);
    loop {
        let page = call.send().await.unwrap();
        seen.extend(page.resource_record_sets().to_vec());
        if !page.is_truncated() {
            break;
        }
        call = route53
            .list_resource_record_sets()
            .hosted_zone_id(ZONE)
            .max_items(2)
            .set_start_record_name(page.next_record_name().map(str::to_owned))
            .set_start_record_type(page.next_record_type().cloned())
            .set_start_record_identifier(page.next_record_identifier().map(str::to_owned));
    }
    assert_eq!(seen.len(), sim.look(|w| w.zones[0].records.len()));
    assert!(seen.iter().any(|s| s.weight() == Some(100)));
    assert!(seen.iter().any(|s| s.region().map(|r| r.as_str()) == Some("ap-southeast-1")));
    let primary = seen.iter().find(|s| s.failover() == Some(&ResourceRecordSetFailover::Primary)).unwrap();
    let check =
        route53.get_health_check_status().health_check_id(primary.health_check_id().unwrap()).send().await;
    let observations = check.unwrap().health_check_observations().to_vec();
    assert!(observations.iter().all(|o| o.status_report().unwrap().status().unwrap().starts_with("Success")));
    assert!(!route53.list_health_checks().send().await.unwrap().health_checks().is_empty());
}

#[tokio::test]
async fn zones_and_changes_that_are_not_there_are_refused() {
    let sim = sim().await;
    let route53 = route53(&sim).await;
    let zones = route53.list_hosted_zones().send().await.unwrap();
    assert_eq!(zones.hosted_zones()[0].name(), "shop.example.com.");
    assert!(route53.get_hosted_zone().id(ZONE).send().await.is_ok());
    let zone = route53.get_hosted_zone().id("Z0234567891BCD").send().await;
    assert!(zone.is_err_and(|e| e.into_service_error().is_no_such_hosted_zone()));
    let unknown = route53.get_change().id("C123").send().await;
    assert!(unknown.is_err_and(|e| e.into_service_error().is_no_such_change()));
}

#[tokio::test]
async fn route_53_is_signed_for_us_east_1() {
    let sim = sim().await;
    let conf = acting(&sim, "eu-central-1").await;
    let answer = aws_sdk_route53::Client::new(&conf).list_hosted_zones().send().await;
    assert_eq!(code(&answer).as_deref(), Some("SignatureDoesNotMatch"));
}
