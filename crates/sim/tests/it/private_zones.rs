//! Private hosted zones: told apart from the others, and changed as they are. That nobody is answered is in `names`.

use crate::harness::{acting_in_data, sim};
use aws_sdk_route53::types::{
    Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType, VpcRegion,
};
use holdfast_sim::ledger::Effect;

const ZONE: &str = "Z0456789123DEF";
const NAME: &str = "reports-db.data.internal.";
const HOME: &str = "reports.simulated.us-west-2.rds.amazonaws.com";

fn cname(leads_to: &str) -> ResourceRecordSet {
    ResourceRecordSet::builder()
        .name(NAME)
        .r#type(RrType::Cname)
        .ttl(30)
        .resource_records(ResourceRecord::builder().value(leads_to).build().unwrap())
        .build()
        .unwrap()
}

fn swap(from: &str, to: &str) -> ChangeBatch {
    let change = |action, leads_to: &str| {
        Change::builder().action(action).resource_record_set(cname(leads_to)).build().unwrap()
    };
    let changes = vec![change(ChangeAction::Delete, from), change(ChangeAction::Create, to)];
    ChangeBatch::builder().set_changes(Some(changes)).build().unwrap()
}

#[tokio::test]
async fn a_private_zone_says_that_it_is_one_and_in_which_vpcs_it_answers() {
    let sim = sim().await;
    let route53 = aws_sdk_route53::Client::new(&acting_in_data(&sim, "us-east-1").await);
    let zone = route53.get_hosted_zone().id(ZONE).send().await.unwrap();
    assert!(zone.hosted_zone().unwrap().config().unwrap().private_zone());
    assert_eq!(
        zone.vpcs().iter().map(|vpc| vpc.vpc_region().unwrap()).collect::<Vec<_>>(),
        [&VpcRegion::UsEast1]
    );
    assert!(zone.delegation_set().is_none());
    let other = route53.get_hosted_zone().id("Z0345678912CDE").send().await.unwrap();
    assert!(!other.hosted_zone().unwrap().config().unwrap().private_zone());
}

#[tokio::test]
async fn its_record_is_replaced_only_while_it_stands_as_it_was_seen() {
    let sim = sim().await;
    let route53 = aws_sdk_route53::Client::new(&acting_in_data(&sim, "us-east-1").await);
    let change =
        |batch| route53.change_resource_record_sets().hosted_zone_id(ZONE).change_batch(batch).send();
    change(swap(HOME, "restored.example.com")).await.unwrap();
    assert_eq!(sim.ledger().last().map(|entry| entry.effect), Some(Effect::Changed));
    let again = change(swap(HOME, "another.example.com")).await.unwrap_err().into_service_error();
    assert!(again.is_invalid_change_batch(), "{again:?}");
    let listed = route53.list_resource_record_sets().hosted_zone_id(ZONE).send().await.unwrap();
    let set = &listed.resource_record_sets()[0];
    assert_eq!((set.name(), set.resource_records()[0].value()), (NAME, "restored.example.com"));
}
