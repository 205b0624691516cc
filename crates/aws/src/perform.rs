//! From a change to its one call, and to AWS's answer. Adds nothing to the change and repeats nothing: whoever
//! decided it also decides what follows from an error.

use crate::clients::Caller;
use crate::settings::{GLOBAL_ACCELERATOR_REGION, ROUTE53_REGION, Service};
use aws_sdk_globalaccelerator::types::EndpointConfiguration;
use aws_sdk_route53::error::BuildError;
use aws_sdk_route53::types::{
    AliasTarget, Change as SdkChange, ChangeAction, ChangeBatch, ChangeStatus, GeoLocation, ResourceRecord,
    ResourceRecordSet, ResourceRecordSetFailover, ResourceRecordSetRegion, RrType,
};
use aws_sdk_s3control::types::MultiRegionAccessPointRoute;
use aws_types::request_id::RequestId;
use holdfast_cloud::{Error, ErrorKind, Settled};
use holdfast_domain::RegionCode;
use holdfast_domain::facts::{AcceleratorEndpoint, DnsRecord, Routing};
use holdfast_failover::Change;
use holdfast_failover::change::{AccessPointRouteTarget, RecordReplacement};
use holdfast_failover::run::Answer;
use std::collections::BTreeMap;

const GET_CHANGE: &str = "route53:GetChange";

pub(crate) async fn perform(caller: &Caller, change: &Change) -> Result<Answer, Error> {
    let action = change.action();
    match change {
        Change::SetEcsDesiredCount { region, cluster, service, desired } => {
            set_ecs_desired_count(caller, action, region, cluster, service, *desired).await
        }
        Change::SwitchAuroraOver { region, global_cluster, target_cluster_arn } => {
            let region = region.as_str();
            let sent = caller
                .rds(region)
                .switchover_global_cluster()
                .global_cluster_identifier(global_cluster)
                .target_db_cluster_identifier(target_cluster_arn)
                .send();
            answered(action, region, &caller.ask(Service::Rds, region, action, sent).await?, None)
        }
        Change::FailAuroraOver { region, global_cluster, target_cluster_arn } => {
            let region = region.as_str();
            let sent = caller
                .rds(region)
                .failover_global_cluster()
                .global_cluster_identifier(global_cluster)
                .target_db_cluster_identifier(target_cluster_arn)
                .allow_data_loss(true)
                .send();
            answered(action, region, &caller.ask(Service::Rds, region, action, sent).await?, None)
        }
        Change::SetAccessPointRoutes { mrap_arn, routes, via } => {
            set_access_point_routes(caller, action, mrap_arn, routes, via).await
        }
        Change::SetAcceleratorGroup { endpoint_group_arn, traffic_dial_percent, endpoints, .. } => {
            let sent = caller
                .global_accelerator(GLOBAL_ACCELERATOR_REGION)
                .update_endpoint_group()
                .endpoint_group_arn(endpoint_group_arn)
                .traffic_dial_percentage(f32::from(*traffic_dial_percent))
                // AWS replaces the list by this one, so all endpoints are sent.
                .set_endpoint_configurations(Some(endpoints.iter().map(endpoint).collect()))
                .send();
            let answer =
                caller.ask(Service::GlobalAccelerator, GLOBAL_ACCELERATOR_REGION, action, sent).await?;
            answered(action, GLOBAL_ACCELERATOR_REGION, &answer, None)
        }
        Change::ReplaceRecords { hosted_zone_id, replace } => {
            replace_records(caller, action, hosted_zone_id, replace).await
        }
    }
}

fn answered(
    action: &str,
    region: &str,
    answer: &impl RequestId,
    tracking: Option<String>,
) -> Result<Answer, Error> {
    Ok(Answer {
        action: action.to_owned(),
        region: region.to_owned(),
        request_id: answer.request_id().map(str::to_owned),
        tracking,
    })
}

async fn set_ecs_desired_count(
    caller: &Caller,
    action: &'static str,
    region: &RegionCode,
    cluster: &str,
    service: &str,
    desired: u32,
) -> Result<Answer, Error> {
    let region = region.as_str();
    let Ok(desired) = i32::try_from(desired) else {
        return Err(caller
            .call(region, action)
            .error(ErrorKind::Invalid, format!("{desired} is more tasks than ECS can count")));
    };
    let sent =
        caller.ecs(region).update_service().cluster(cluster).service(service).desired_count(desired).send();
    answered(action, region, &caller.ask(Service::Ecs, region, action, sent).await?, None)
}

fn endpoint(endpoint: &AcceleratorEndpoint) -> EndpointConfiguration {
    EndpointConfiguration::builder()
        .endpoint_id(&endpoint.id)
        .weight(endpoint.weight)
        .client_ip_preservation_enabled(endpoint.client_ip_preservation)
        .build()
}

/// The next Region is tried only where the one before cannot have taken the routes on its own authority: it was
/// never connected to, or said itself that it failed. After silence nothing more is sent.
async fn set_access_point_routes(
    caller: &Caller,
    action: &'static str,
    mrap_arn: &str,
    routes: &BTreeMap<RegionCode, AccessPointRouteTarget>,
    via: &[RegionCode],
) -> Result<Answer, Error> {
    let order = caller.silence.order(Service::S3Control, via.iter().map(RegionCode::as_str));
    let updates = routes
        .iter()
        .map(|(region, target)| {
            MultiRegionAccessPointRoute::builder()
                .bucket(&target.bucket)
                .region(region.as_str())
                .traffic_dial_percentage(i32::from(target.traffic_dial_percent))
                .build()
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(|why| {
            caller
                .call("", action)
                .error(ErrorKind::Invalid, format!("the routes cannot be written for AWS: {why}"))
        })?;
    let mut perhaps = false;
    let mut last = None;
    for region in &order {
        let sent = caller
            .s3control(region)
            .submit_multi_region_access_point_routes()
            .account_id(&caller.account)
            .mrap(mrap_arn)
            .set_route_updates(Some(updates.clone()))
            .send();
        match caller.ask(Service::S3Control, region, action, sent).await {
            Ok(answer) => return answered(action, region, &answer, None),
            Err(error) => {
                let next_may_do = error.kind == ErrorKind::ServiceError
                    || (error.kind == ErrorKind::Unreachable && !error.outcome_unknown);
                perhaps |= error.outcome_unknown;
                let error = Error { outcome_unknown: perhaps, ..error };
                if !next_may_do {
                    return Err(error);
                }
                last = Some(error);
            }
        }
    }
    Err(last.unwrap_or_else(|| {
        caller.call("", action).error(ErrorKind::Invalid, "the change names no Region to be sent through")
    }))
}

async fn replace_records(
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

/// Only Route 53 tells when an accepted change has spread; the others are observed.
pub(crate) async fn settled(caller: &Caller, change: &Change, tracking: &str) -> Result<Settled, Error> {
    if !matches!(change, Change::ReplaceRecords { .. }) {
        return Ok(Settled::Yes);
    }
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
