//! CloudWatch metrics: the newest data point of each that is asked for. All that is asked of one account and Region at
//! the same moment goes in one GetMetricData.

use crate::batch::Batches;
use crate::clients::Caller;
use crate::settings::Service;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy};
use futures::future::try_join_all;
use holdfast_cloud::{Error, ErrorKind};
use holdfast_domain::facts::Lag;
use jiff::Timestamp;

const PERIOD_SECONDS: i32 = 60;
pub(crate) const GET_METRIC_DATA: &str = "cloudwatch:GetMetricData";
/// As many queries as one GetMetricData takes.
pub(crate) const QUERIES_AT_ONCE: usize = 500;

/// One metric of one thing.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub namespace: &'static str,
    pub metric: &'static str,
    pub dimensions: Vec<(&'static str, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    pub at: Timestamp,
    pub value: f64,
}

impl Point {
    /// `unit_ms`: how many milliseconds one of the metric's units has.
    pub(crate) fn lag(self, metric: &str, unit_ms: f64) -> Lag {
        Lag { milliseconds: self.value * unit_ms, measured_at: self.at, metric: metric.to_owned() }
    }
}

/// By session, Region and window.
pub(crate) type MetricBatches = Batches<(String, String, i64), Wanted, Option<Point>>;

/// In the order asked. `None`: CloudWatch answered and has nothing within the window. The worst within each minute, not
/// the mean: the data loss of a cut is what was behind at that moment.
pub(crate) async fn newest(
    caller: &Caller,
    region: &str,
    window_seconds: i64,
    wanted: &[Wanted],
) -> Result<Vec<Option<Point>>, Error> {
    try_join_all(wanted.iter().map(|one| newest_of(caller, region, window_seconds, one.clone()))).await
}

async fn newest_of(
    caller: &Caller,
    region: &str,
    window: i64,
    wanted: Wanted,
) -> Result<Option<Point>, Error> {
    let key = (caller.credentials.access_key_id().to_owned(), region.to_owned(), window);
    let (asker, place) = (caller.clone(), region.to_owned());
    let call = move |all: Vec<Wanted>| async move { get(&asker, &place, window, &all).await };
    let _waiting = caller.waits_for_another(Service::CloudWatch);
    caller.traffic.metrics.ask(key, wanted, call).await.unwrap_or_else(|| {
        Err(caller
            .call(region, GET_METRIC_DATA)
            .error(ErrorKind::Unreadable, "the question was lost before it was answered"))
    })
}

async fn get(
    caller: &Caller,
    region: &str,
    window_seconds: i64,
    wanted: &[Wanted],
) -> Result<Vec<Option<Point>>, Error> {
    let now = Timestamp::now().as_second();
    let sent = caller
        .cloudwatch(region)
        .get_metric_data()
        .set_metric_data_queries(Some(
            wanted.iter().enumerate().map(|(at, one)| query(&id(at), one)).collect(),
        ))
        .start_time(DateTime::from_secs(now - window_seconds))
        .end_time(DateTime::from_secs(now))
        .scan_by(ScanBy::TimestampDescending)
        .send();
    // One page holds 100,800 data points, and nobody asks for so many.
    let answer = caller.ask(Service::CloudWatch, region, GET_METRIC_DATA, sent).await?;
    let results = answer.metric_data_results();
    (0..wanted.len())
        .map(|at| {
            let Some(result) = results.iter().find(|result| result.id() == Some(&id(at))) else {
                return Ok(None);
            };
            newest_point(result)
                .map_err(|why| caller.call(region, GET_METRIC_DATA).error(ErrorKind::Unreadable, why))
        })
        .collect()
}

fn id(at: usize) -> String {
    format!("m{at}")
}

fn query(id: &str, wanted: &Wanted) -> MetricDataQuery {
    let dimensions = wanted
        .dimensions
        .iter()
        .map(|(name, value)| Dimension::builder().name(*name).value(value).build())
        .collect();
    let metric = Metric::builder()
        .namespace(wanted.namespace)
        .metric_name(wanted.metric)
        .set_dimensions(Some(dimensions))
        .build();
    let stat = MetricStat::builder().metric(metric).period(PERIOD_SECONDS).stat("Maximum").build();
    MetricDataQuery::builder().id(id).metric_stat(stat).return_data(true).build()
}

/// Whatever their order; what is no number or below zero is no measurement.
fn newest_point(result: &MetricDataResult) -> Result<Option<Point>, &'static str> {
    let newest = result
        .timestamps()
        .iter()
        .zip(result.values())
        .filter(|(_, value)| value.is_finite() && **value >= 0.0)
        .max_by_key(|(at, _)| at.secs());
    newest
        .map(|(at, value)| {
            let at = Timestamp::from_second(at.secs()).map_err(|_| "a data point's time is no time")?;
            Ok(Point { at, value: *value })
        })
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_data_point_counts_whatever_their_order_and_a_negative_value_is_none() {
        let result = MetricDataResult::builder()
            .timestamps(DateTime::from_secs(60))
            .timestamps(DateTime::from_secs(180))
            .timestamps(DateTime::from_secs(120))
            .values(5.0)
            .values(-1.0)
            .values(7.0)
            .build();
        let point = newest_point(&result).unwrap().unwrap();
        assert_eq!((point.at.as_second(), point.value), (120, 7.0));
        assert_eq!(newest_point(&MetricDataResult::builder().build()), Ok(None));
    }
}
