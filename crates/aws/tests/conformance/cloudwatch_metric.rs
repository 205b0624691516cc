//! CloudWatch metrics that are signals: the newest data point against the threshold, and none that is too old.

use crate::peers::{Peer, Which};
use crate::words::{HOME, RECOVERY, look, per_region, region, resource as named, seen};
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, MetricDatum};
use holdfast_cloud::ErrorKind;
use holdfast_domain::facts::MetricFacts;
use holdfast_domain::resource::{CloudwatchMetric, MetricPlace};
use holdfast_domain::{Facts, Resource, ResourceSpec};
use holdfast_failover::Change;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

pub const NAMESPACE: &str = "Shop";
pub const METRIC: &str = "CheckoutSuccess";
const SERVICE: (&str, &str) = ("Service", "checkout");

scenarios! {
    a_metric_is_told_with_its_time_and_whether_it_is_well: simulator, ministack;
    what_is_not_published_is_neither_well_nor_unwell: simulator, ministack;
    a_data_point_that_is_too_old_is_none: simulator, ministack;
    of_several_dimensions_only_the_named_ones_are_taken: simulator, ministack;
}

/// In the recovery Region it succeeds nearly always, at home hardly ever.
pub async fn resource(peer: &Peer) -> Resource {
    if peer.which != Which::Simulator {
        publish(peer, RECOVERY, 99.5, Duration::from_secs(90)).await;
        publish(peer, HOME, 12.0, Duration::from_secs(90)).await;
    }
    of(METRIC, &[SERVICE])
}

fn of(metric: &str, dimensions: &[(&str, &str)]) -> Resource {
    let dimensions: BTreeMap<String, String> =
        dimensions.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    named(
        "checkout",
        ResourceSpec::CloudwatchMetric(CloudwatchMetric {
            namespace: NAMESPACE.into(),
            metric: metric.into(),
            statistic: "Average".into(),
            period: "1m".into(),
            well_when: "at_least".into(),
            threshold: "95".into(),
            per_region: per_region(|_| MetricPlace { dimensions: dimensions.clone() }),
        }),
    )
}

pub async fn changes(_: &Peer, _: &Resource) -> Vec<Change> {
    Vec::new()
}

async fn publish(peer: &Peer, code: &str, value: f64, ago: Duration) {
    let datum = MetricDatum::builder()
        .metric_name(METRIC)
        .dimensions(Dimension::builder().name(SERVICE.0).value(SERVICE.1).build())
        .timestamp(DateTime::from(SystemTime::now() - ago))
        .value(value)
        .build();
    let sent = sdk!(aws_sdk_cloudwatch, peer, code).put_metric_data().namespace(NAMESPACE).metric_data(datum);
    sent.send().await.unwrap();
}

async fn metric(peer: &Peer, checkout: &Resource, code: &str) -> MetricFacts {
    match seen(peer, checkout, code).await {
        Facts::Metric(metric) => metric,
        other => panic!("a metric was expected, not {other:?}"),
    }
}

async fn a_metric_is_told_with_its_time_and_whether_it_is_well(peer: &Peer) {
    let checkout = resource(peer).await;
    let (home, recovery) = (metric(peer, &checkout, HOME).await, metric(peer, &checkout, RECOVERY).await);
    assert_eq!((home.value, home.is_well()), (12.0, false));
    assert_eq!((recovery.value, recovery.is_well()), (99.5, true));
    let age = jiff::Timestamp::now().duration_since(recovery.at).as_secs();
    assert!((0..300).contains(&age), "a data point of {age} s ago");
    let trouble = Facts::Metric(home).signal().unwrap().unwrap_err();
    assert!(trouble.contains("Average of Shop/CheckoutSuccess was 12"), "{trouble}");
}

async fn is_not_seen(peer: &Peer, checkout: &Resource) {
    let looked = look(peer, checkout).await;
    let error = looked[&region(RECOVERY)].as_ref().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreadable, "{error}");
    assert!(error.message.contains("no data point"), "{error}");
}

async fn what_is_not_published_is_neither_well_nor_unwell(peer: &Peer) {
    resource(peer).await;
    is_not_seen(peer, &of("NobodyPublishesThis", &[SERVICE])).await;
}

async fn a_data_point_that_is_too_old_is_none(peer: &Peer) {
    if peer.which == Which::Simulator {
        peer.sim().tamper(|world| {
            for metric in &mut world.supporting.metrics {
                metric.silent_from_ms = Some(i64::MIN);
            }
        });
    } else {
        publish(peer, RECOVERY, 99.5, Duration::from_secs(1_200)).await;
    }
    is_not_seen(peer, &of(METRIC, &[SERVICE])).await;
}

async fn of_several_dimensions_only_the_named_ones_are_taken(peer: &Peer) {
    resource(peer).await;
    is_not_seen(peer, &of(METRIC, &[SERVICE, ("Stage", "production")])).await;
}
