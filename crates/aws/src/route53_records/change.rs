//! Changing record sets: one atomic batch, and whether it has spread.

use crate::clients::Caller;
use crate::perform::answered;
use crate::settings::{ROUTE53_REGION, Service};
use aws_sdk_route53::error::BuildError;
use aws_sdk_route53::types::{
    AliasTarget, Change as SdkChange, ChangeAction, ChangeBatch, ChangeStatus, CidrRoutingConfig,
    Coordinates, GeoLocation, GeoProximityLocation, ResourceRecord, ResourceRecordSet,
    ResourceRecordSetFailover, ResourceRecordSetRegion, RrType,
};
use holdfast_cloud::{Error, ErrorKind, Settled};
use holdfast_domain::facts::{DnsRecord, Routing};
use holdfast_failover::change::RecordReplacement;
use holdfast_failover::run::Answer;

pub(crate) const GET_CHANGE: &str = "route53:GetChange";

pub(crate) async fn replace(
    caller: &Caller,
    action: &'static str,
    hosted_zone_id: &str,
    replace: &[RecordReplacement],
) -> Result<Answer, Error> {
    let batch = batch(replace).map_err(|why| {
        caller
            .call(ROUTE53_REGION, action)
            .error(ErrorKind::Invalid, format!("the records cannot be written for AWS: {why}"))
    })?;
    let sent = caller
        .route53(ROUTE53_REGION)
        .change_resource_record_sets()
        .hosted_zone_id(hosted_zone_id)
        .change_batch(batch)
        .send();
    let answer = caller.ask(Service::Route53, ROUTE53_REGION, action, sent).await?;
    let tracking = answer.change_info().map(|info| info.id().trim_start_matches("/change/").to_owned());
    answered(action, ROUTE53_REGION, &answer, tracking)
}

/// All DELETEs, then all CREATEs: AWS takes the batch whole or not at all, and a DELETE that does not match to the
/// letter fails it, which makes it a compare-and-set.
fn batch(replace: &[RecordReplacement]) -> Result<ChangeBatch, BuildError> {
    let change = |action: ChangeAction, record: &DnsRecord| {
        SdkChange::builder().action(action).resource_record_set(record_set(record)?).build()
    };
    let deletes =
        replace.iter().filter_map(|one| one.old.as_ref()).map(|record| change(ChangeAction::Delete, record));
    let creates =
        replace.iter().filter_map(|one| one.new.as_ref()).map(|record| change(ChangeAction::Create, record));
    let changes = deletes.chain(creates).collect::<Result<Vec<_>, BuildError>>()?;
    ChangeBatch::builder().set_changes(Some(changes)).build()
}

fn record_set(record: &DnsRecord) -> Result<ResourceRecordSet, BuildError> {
    let mut set = ResourceRecordSet::builder()
        .name(&record.name)
        .r#type(RrType::from(record.record_type.as_str()))
        .set_set_identifier(record.set_identifier.clone())
        .set_ttl(record.ttl_seconds)
        .set_health_check_id(record.health_check_id.clone());
    set = match &record.routing {
        Routing::Simple => set,
        Routing::Weighted { weight } => set.weight(*weight),
        Routing::Failover { primary: true } => set.failover(ResourceRecordSetFailover::Primary),
        Routing::Failover { primary: false } => set.failover(ResourceRecordSetFailover::Secondary),
        Routing::Latency { region } => set.region(ResourceRecordSetRegion::from(region.as_str())),
        Routing::Geolocation { continent, country, subdivision } => set.geo_location(
            GeoLocation::builder()
                .set_continent_code(continent.clone())
                .set_country_code(country.clone())
                .set_subdivision_code(subdivision.clone())
                .build(),
        ),
        Routing::Geoproximity { region, local_zone_group, coordinates, bias } => {
            let at = |(latitude, longitude): &(String, String)| {
                Coordinates::builder().latitude(latitude).longitude(longitude).build()
            };
            set.geo_proximity_location(
                GeoProximityLocation::builder()
                    .set_aws_region(region.clone())
                    .set_local_zone_group(local_zone_group.clone())
                    .set_coordinates(coordinates.as_ref().map(at).transpose()?)
                    .set_bias(*bias)
                    .build(),
            )
        }
        Routing::Multivalue => set.multi_value_answer(true),
        Routing::Cidr { collection_id, location } => set.cidr_routing_config(
            CidrRoutingConfig::builder().collection_id(collection_id).location_name(location).build()?,
        ),
    };
    for value in &record.values {
        set = set.resource_records(ResourceRecord::builder().value(value).build()?);
    }
    if let Some(alias) = &record.alias {
        set = set.alias_target(
            AliasTarget::builder()
                .hosted_zone_id(&alias.hosted_zone_id)
                .dns_name(&alias.dns_name)
                .evaluate_target_health(alias.evaluate_target_health)
                .build()?,
        );
    }
    set.build()
}

/// Whether Route 53 has an accepted change in sync.
pub(crate) async fn settled(caller: &Caller, tracking: &str) -> Result<Settled, Error> {
    let sent = caller.route53(ROUTE53_REGION).get_change().id(tracking).send();
    match caller.ask(Service::Route53, ROUTE53_REGION, GET_CHANGE, sent).await {
        Ok(answer) => match answer.change_info().map(|info| info.status()) {
            Some(ChangeStatus::Insync) => Ok(Settled::Yes),
            Some(other) => Ok(Settled::NotYet(other.as_str().to_owned())),
            None => Err(caller
                .call(ROUTE53_REGION, GET_CHANGE)
                .error(ErrorKind::Unreadable, "the answer holds no change")),
        },
        Err(error) if error.kind == ErrorKind::NotFound => Ok(Settled::NotKnown(error.message)),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use holdfast_domain::RegionCode;
    use holdfast_domain::facts::AliasTarget as AliasFact;

    fn record(weight: i64) -> DnsRecord {
        DnsRecord {
            name: "shop.example.com".into(),
            record_type: "A".into(),
            set_identifier: Some("us-east-1".into()),
            routing: Routing::Weighted { weight },
            ttl_seconds: None,
            values: vec![],
            alias: Some(AliasFact {
                hosted_zone_id: "Z2".into(),
                dns_name: "lb.example.com.".into(),
                evaluate_target_health: true,
            }),
            health_check_id: Some("11111111-2222-4333-8444-555555555555".into()),
        }
    }

    #[test]
    fn a_batch_deletes_everything_old_before_it_creates_anything_new() {
        let region = |code| RegionCode::parse(code).unwrap();
        let replace = [
            RecordReplacement { region: region("us-east-1"), old: Some(record(100)), new: Some(record(0)) },
            RecordReplacement { region: region("eu-central-1"), old: None, new: Some(record(100)) },
        ];
        let batch = batch(&replace).unwrap();
        let actions: Vec<_> = batch.changes().iter().map(|change| change.action().as_str()).collect();
        assert_eq!(actions, ["DELETE", "CREATE", "CREATE"]);
    }

    #[test]
    fn every_routing_policy_is_written_as_it_was_read() {
        let near = |region: Option<&str>, coordinates| Routing::Geoproximity {
            region: region.map(str::to_owned),
            local_zone_group: None,
            coordinates,
            bias: Some(-20),
        };
        for routing in [
            Routing::Simple,
            Routing::Weighted { weight: 0 },
            Routing::Failover { primary: false },
            Routing::Latency { region: "eu-west-1".into() },
            Routing::Geolocation { continent: None, country: Some("*".into()), subdivision: None },
            near(Some("eu-west-1"), None),
            near(None, Some(("49.22".into(), "-74.01".into()))),
            Routing::Multivalue,
            Routing::Cidr { collection_id: "c1".into(), location: "*".into() },
        ] {
            let set_identifier = record(0).set_identifier.filter(|_| routing != Routing::Simple);
            let record = DnsRecord { routing, set_identifier, ..record(0) };
            assert_eq!(super::super::whole(&record_set(&record).unwrap()), Ok(record));
        }
    }

    #[test]
    fn a_record_is_written_whole() {
        let set = record_set(&record(7)).unwrap();
        assert_eq!(set.weight(), Some(7));
        assert_eq!(set.set_identifier(), Some("us-east-1"));
        assert_eq!(set.health_check_id(), Some("11111111-2222-4333-8444-555555555555"));
        let alias = set.alias_target().unwrap();
        assert_eq!(
            (alias.hosted_zone_id(), alias.dns_name(), alias.evaluate_target_health()),
            ("Z2", "lb.example.com.", true)
        );
        assert_eq!((set.ttl(), set.resource_records().len()), (None, 0));
    }
}
