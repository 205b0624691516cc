//! S3 replication between the application's buckets: the rules of each bucket from its own Region, and how far each rule
//! is behind. S3 delivers those metrics as best it can, so that what is missing is not known.

use crate::clients::Caller;
use crate::metrics::{self, Point, Wanted};
use crate::settings::Service;
use aws_sdk_s3::types::{
    MetricsStatus, ReplicationRule as Rule, ReplicationRuleStatus, ReplicationTimeStatus,
};
use futures::future::join_all;
use holdfast_cloud::{Error, ErrorKind, Looked};
use holdfast_domain::facts::{BucketReplication, ReplicationRule};
use holdfast_domain::resource::S3Replication;
use holdfast_domain::{Facts, RegionCode};
use std::collections::BTreeMap;

const GET: &str = "s3:GetReplicationConfiguration";
const LATENCY: &str = "ReplicationLatency";
const METRICS: [&str; 4] =
    [LATENCY, "BytesPendingReplication", "OperationsPendingReplication", "OperationsFailedReplication"];
/// S3's metrics come later than others.
const WINDOW_SECONDS: i64 = 900;

pub(crate) const LOOK: &[&str] = &[GET, metrics::GET_METRIC_DATA];

/// Each Region's rules that lead to another of the application's buckets.
type Rules<'a> = BTreeMap<&'a RegionCode, Result<Vec<ReplicationRule>, Error>>;

pub(crate) async fn look(caller: &Caller, spec: &S3Replication, regions: &[RegionCode]) -> Looked {
    let mut rules: Rules<'_> =
        join_all(regions.iter().map(|region| async move { (region, rules_of(caller, spec, region).await) }))
            .await
            .into_iter()
            .collect();
    measure(caller, spec, &mut rules).await;
    regions.iter().map(|region| (region.clone(), facts(spec, region, &rules))).collect()
}

fn facts(spec: &S3Replication, region: &RegionCode, rules: &Rules<'_>) -> Result<Facts, Error> {
    let outgoing = match rules.get(region) {
        Some(Ok(rules)) => rules.clone(),
        Some(Err(error)) => return Err(error.clone()),
        None => Vec::new(),
    };
    let incoming = rules
        .values()
        .filter_map(|rules| rules.as_ref().ok())
        .flatten()
        .filter(|rule| rule.to == region.as_str())
        .cloned()
        .collect();
    let not_asked =
        rules.iter().filter(|(_, rules)| rules.is_err()).map(|(region, _)| region.to_string()).collect();
    let bucket = spec.per_region.get(region).map(|place| place.bucket.clone()).unwrap_or_default();
    Ok(Facts::BucketReplication(BucketReplication { bucket, outgoing, incoming, not_asked }))
}

async fn rules_of(
    caller: &Caller,
    spec: &S3Replication,
    region: &RegionCode,
) -> Result<Vec<ReplicationRule>, Error> {
    let Some(place) = spec.per_region.get(region) else {
        return Err(caller.call(region.as_str(), GET).error(
            ErrorKind::Invalid,
            format!("the inventory names no bucket in {region}: add it under per_region"),
        ));
    };
    let sent = caller.s3(region.as_str()).get_bucket_replication().bucket(&place.bucket).send();
    match caller.ask(Service::S3, region.as_str(), GET, sent).await {
        Ok(answer) => Ok(answer
            .replication_configuration()
            .map(|configuration| configuration.rules())
            .unwrap_or_default()
            .iter()
            .filter_map(|rule| ours(spec, region, rule))
            .collect()),
        // A bucket that is there and has no rule.
        Err(error) if error.message.contains("ReplicationConfigurationNotFound") => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// The rule, if it leads to another of the application's buckets.
fn ours(spec: &S3Replication, from: &RegionCode, rule: &Rule) -> Option<ReplicationRule> {
    let destination = rule.destination()?;
    // `arn:aws:s3:::BUCKET`
    let bucket = destination.bucket().rsplit(':').next()?;
    let (to, _) = spec.per_region.iter().find(|(to, place)| place.bucket == bucket && *to != from)?;
    Some(ReplicationRule {
        id: rule.id().unwrap_or_default().to_owned(),
        from: from.to_string(),
        to: to.to_string(),
        enabled: *rule.status() == ReplicationRuleStatus::Enabled,
        time_control: destination
            .replication_time()
            .is_some_and(|time| *time.status() == ReplicationTimeStatus::Enabled),
        metrics: destination.metrics().is_some_and(|metrics| *metrics.status() == MetricsStatus::Enabled),
        latency: None,
        bytes_pending: None,
        operations_pending: None,
        operations_failed: None,
    })
}

/// All rules' metrics in one question to each Region: which of the two has them is not promised.
async fn measure(caller: &Caller, spec: &S3Replication, rules: &mut Rules<'_>) {
    let bucket = |region: &str| {
        spec.per_region.iter().find(|(r, _)| r.as_str() == region).map(|(_, place)| place.bucket.clone())
    };
    let wanted: Vec<Wanted> = rules
        .values()
        .filter_map(|rules| rules.as_ref().ok())
        .flatten()
        .flat_map(|rule| {
            let dimensions = vec![
                ("SourceBucket", bucket(&rule.from).unwrap_or_default()),
                ("DestinationBucket", bucket(&rule.to).unwrap_or_default()),
                ("RuleId", rule.id.clone()),
            ];
            METRICS.map(|metric| Wanted::lag("AWS/S3", metric, dimensions.clone()))
        })
        .collect();
    if wanted.is_empty() {
        return;
    }
    let regions: Vec<&RegionCode> = rules.keys().copied().collect();
    let answers = join_all(
        regions.iter().map(|region| metrics::newest(caller, region.as_str(), WINDOW_SECONDS, &wanted)),
    )
    .await;
    let mut newest: Vec<Option<Point>> = vec![None; wanted.len()];
    for points in answers.into_iter().filter_map(|answer| {
        answer.inspect_err(|error| tracing::debug!(%error, "replication metrics could not be asked for")).ok()
    }) {
        for (held, point) in newest.iter_mut().zip(points) {
            if point.is_some_and(|p| held.is_none_or(|h| p.at > h.at)) {
                *held = point;
            }
        }
    }
    let mut measured = newest.chunks(METRICS.len());
    for rule in rules.values_mut().filter_map(|rules| rules.as_mut().ok()).flatten() {
        let Some([latency, bytes, pending, failed]) = measured.next() else { return };
        rule.latency = latency.map(|point| point.lag(LATENCY, 1000.0));
        rule.bytes_pending = bytes.map(|point| point.value);
        rule.operations_pending = pending.map(|point| point.value);
        rule.operations_failed = failed.map(|point| point.value);
    }
}
