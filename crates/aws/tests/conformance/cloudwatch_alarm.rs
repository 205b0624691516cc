//! CloudWatch alarms: their state in each Region, and what they watch.

use crate::peers::{Peer, Which};
use crate::words::{HOME, RECOVERY, per_region, resource as named, seen};
use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, Statistic};
use holdfast_domain::resource::{AlarmPlace, CloudwatchAlarm};
use holdfast_domain::{Facts, Resource, ResourceSpec};
use holdfast_failover::Change;

/// The copy whose lag the alarm is on.
const CLUSTER: &str = "orders-eu-central-1";

scenarios! {
    an_alarm_is_told_with_what_it_watches_and_as_missing_where_there_is_none: simulator, ministack;
}

pub async fn resource(peer: &Peer) -> Resource {
    if peer.which != Which::Simulator {
        alarm_in_recovery(peer).await;
    }
    let per_region = per_region(|_| AlarmPlace { alarm: "orders-lag".into() });
    named("lag-alarm", ResourceSpec::CloudwatchAlarm(CloudwatchAlarm { per_region }))
}

pub async fn changes(_: &Peer, _: &Resource) -> Vec<Change> {
    Vec::new()
}

async fn alarm_in_recovery(peer: &Peer) {
    sdk!(aws_sdk_cloudwatch, peer, RECOVERY)
        .put_metric_alarm()
        .alarm_name("orders-lag")
        .namespace("AWS/RDS")
        .metric_name("AuroraGlobalDBProgressLag")
        .dimensions(Dimension::builder().name("DBClusterIdentifier").value(CLUSTER).build())
        .comparison_operator(ComparisonOperator::GreaterThanThreshold)
        .evaluation_periods(1)
        .period(60)
        .threshold(30_000.0)
        .statistic(Statistic::Maximum)
        .send()
        .await
        .unwrap();
}

async fn an_alarm_is_told_with_what_it_watches_and_as_missing_where_there_is_none(peer: &Peer) {
    let lag = resource(peer).await;
    let Facts::Alarm { alarm: Some(alarm) } = seen(peer, &lag, RECOVERY).await else {
        panic!("an alarm was expected")
    };
    let watched = (alarm.namespace.as_deref(), alarm.metric.as_deref());
    assert_eq!(watched, (Some("AWS/RDS"), Some("AuroraGlobalDBProgressLag")));
    let of: Vec<_> = alarm.dimensions.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(of, [("DBClusterIdentifier", CLUSTER)]);
    assert_eq!(seen(peer, &lag, HOME).await, Facts::Alarm { alarm: None });
}
