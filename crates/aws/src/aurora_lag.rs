//! How far an Aurora secondary is behind, as CloudWatch of its own Region has it. The age of the measurement
//! goes along: an old number is not a small one.

use crate::clients::Caller;
use crate::settings::Service;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy};
use holdfast_cloud::{Error, ErrorKind};
use holdfast_domain::RegionCode;
use holdfast_domain::facts::Lag;
use jiff::Timestamp;

const GET: &str = "cloudwatch:GetMetricData";
const WINDOW_SECONDS: i64 = 300;
const PERIOD_SECONDS: i32 = 60;

/// The first that has data is taken. The RPO lag is the one that means lost transactions; the other two stand
/// in where an engine version does not report it.
const METRICS: &[(&str, &str)] = &[
    ("rpo", "AuroraGlobalDBRPOLag"),
    ("replication", "AuroraGlobalDBReplicationLag"),
    ("progress", "AuroraGlobalDBProgressLag"),
];

/// `None`: CloudWatch answered and has nothing of the last five minutes.
pub(crate) async fn measure(
    caller: &Caller,
    region: &RegionCode,
    cluster: &str,
) -> Result<Option<Lag>, Error> {
    let now = Timestamp::now().as_second();
    let sent = caller
        .cloudwatch(region.as_str())
        .get_metric_data()
        .set_metric_data_queries(Some(
            METRICS.iter().map(|(id, metric)| query(id, metric, cluster)).collect(),
        ))
        .start_time(DateTime::from_secs(now - WINDOW_SECONDS))
        .end_time(DateTime::from_secs(now))
        .scan_by(ScanBy::TimestampDescending)
        .send();
    let answer = caller.ask(Service::CloudWatch, region.as_str(), GET, sent).await?;
    let results = answer.metric_data_results();
    for (id, metric) in METRICS {
        let Some(result) = results.iter().find(|result| result.id() == Some(id)) else { continue };
        if let Some((at, milliseconds)) = newest(result) {
            let measured_at = Timestamp::from_second(at).map_err(|_| {
                caller
                    .call(region.as_str(), GET)
                    .error(ErrorKind::Unreadable, "a data point's time is no time")
            })?;
            return Ok(Some(Lag { milliseconds, measured_at, metric: (*metric).to_owned() }));
        }
    }
    Ok(None)
}

/// The worst within each minute, not the mean: the data loss of a cut is what was behind at that moment.
fn query(id: &str, metric: &str, cluster: &str) -> MetricDataQuery {
    let dimension = Dimension::builder().name("DBClusterIdentifier").value(cluster).build();
    let metric = Metric::builder().namespace("AWS/RDS").metric_name(metric).dimensions(dimension).build();
    let stat = MetricStat::builder().metric(metric).period(PERIOD_SECONDS).stat("Maximum").build();
    MetricDataQuery::builder().id(id).metric_stat(stat).return_data(true).build()
}

fn newest(result: &MetricDataResult) -> Option<(i64, f64)> {
    result
        .timestamps()
        .iter()
        .zip(result.values())
        .filter(|(_, value)| value.is_finite() && **value >= 0.0)
        .map(|(at, value)| (at.secs(), *value))
        .max_by_key(|(at, _)| *at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_data_point_counts_whatever_their_order_and_a_negative_lag_is_none() {
        let result = MetricDataResult::builder()
            .timestamps(DateTime::from_secs(60))
            .timestamps(DateTime::from_secs(180))
            .timestamps(DateTime::from_secs(120))
            .values(5.0)
            .values(-1.0)
            .values(7.0)
            .build();
        assert_eq!(newest(&result), Some((120, 7.0)));
        assert_eq!(newest(&MetricDataResult::builder().build()), None);
    }
}
