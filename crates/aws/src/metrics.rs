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
use std::borrow::Cow;

const PERIOD_SECONDS: i64 = 60;
pub(crate) const GET_METRIC_DATA: &str = "cloudwatch:GetMetricData";
/// As many queries as one GetMetricData takes.
pub(crate) const QUERIES_AT_ONCE: usize = 500;

/// One metric of one thing.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub namespace: Cow<'static, str>,
    pub metric: Cow<'static, str>,
    pub dimensions: Vec<(Cow<'static, str>, String)>,
    pub measure: Measure,
}

#[derive(Debug, Clone)]
pub(crate) enum Measure {
    /// The worst within each minute, not the mean: the data loss of a cut is what was behind at that moment. What is below
    /// zero is none.
    Lag,
    /// As the inventory wants it, and only of periods that are over: half a sum says nothing.
    Signal { statistic: String, period_seconds: i64 },
}

impl Measure {
    fn statistic(&self) -> &str {
        match self {
            Self::Lag => "Maximum",
            Self::Signal { statistic, .. } => statistic,
        }
    }

    fn period_seconds(&self) -> i64 {
        match self {
            Self::Lag => PERIOD_SECONDS,
            Self::Signal { period_seconds, .. } => *period_seconds,
        }
    }

    /// What the end of the window is a multiple of.
    fn ends_on(&self) -> i64 {
        match self {
            Self::Lag => 1,
            Self::Signal { period_seconds, .. } => *period_seconds,
        }
    }
}

impl Wanted {
    pub(crate) fn lag(
        namespace: &'static str,
        metric: &'static str,
        dimensions: Vec<(&'static str, String)>,
    ) -> Self {
        let dimensions = dimensions.into_iter().map(|(name, value)| (name.into(), value)).collect();
        Self { namespace: namespace.into(), metric: metric.into(), dimensions, measure: Measure::Lag }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    pub at: Timestamp,
    pub value: f64,
}

impl Point {
    /// `unit_ms`: how many milliseconds one of the metric's units has.
    pub(crate) fn lag(self, metric: &str, unit_ms: f64) -> Lag {
        // What is beyond all numbers cannot be kept.
        let milliseconds = (self.value * unit_ms).min(f64::MAX);
        Lag { milliseconds, measured_at: self.at, metric: metric.to_owned() }
    }
}

/// By session, Region, window and what the window's end is a multiple of.
pub(crate) type MetricBatches = Batches<(String, String, i64, i64), Wanted, Option<Point>>;

/// In the order asked. `None`: CloudWatch answered and has nothing within the window.
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
    let ends_on = wanted.measure.ends_on();
    let key = (caller.credentials.access_key_id().to_owned(), region.to_owned(), window, ends_on);
    let (asker, place) = (caller.clone(), region.to_owned());
    let call = move |all: Vec<Wanted>| async move { get(&asker, &place, (window, ends_on), &all).await };
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
    (window_seconds, ends_on): (i64, i64),
    wanted: &[Wanted],
) -> Result<Vec<Option<Point>>, Error> {
    let now = holdfast_clock::now().as_second();
    let end = now - now.rem_euclid(ends_on);
    let sent = caller
        .cloudwatch(region)
        .get_metric_data()
        .set_metric_data_queries(Some(
            wanted.iter().enumerate().map(|(at, one)| query(&id(at), one)).collect(),
        ))
        .start_time(DateTime::from_secs(end - window_seconds))
        .end_time(DateTime::from_secs(end))
        .scan_by(ScanBy::TimestampDescending)
        .send();
    // One page holds 100,800 data points, and nobody asks for so many.
    let answer = caller.ask(Service::CloudWatch, region, GET_METRIC_DATA, sent).await?;
    let results = answer.metric_data_results();
    wanted
        .iter()
        .enumerate()
        .map(|(at, one)| {
            let Some(result) = results.iter().find(|result| result.id() == Some(&id(at))) else {
                return Ok(None);
            };
            newest_point(result, &one.measure)
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
        .map(|(name, value)| Dimension::builder().name(name.as_ref()).value(value).build())
        .collect();
    let metric = Metric::builder()
        .namespace(wanted.namespace.as_ref())
        .metric_name(wanted.metric.as_ref())
        .set_dimensions(Some(dimensions))
        .build();
    let measure = &wanted.measure;
    let period = i32::try_from(measure.period_seconds()).unwrap_or(i32::MAX);
    let stat = MetricStat::builder().metric(metric).period(period).stat(measure.statistic()).build();
    MetricDataQuery::builder().id(id).metric_stat(stat).return_data(true).build()
}

/// Whatever their order; what is no number, or of a lag below zero, is no measurement.
fn newest_point(result: &MetricDataResult, measure: &Measure) -> Result<Option<Point>, &'static str> {
    // They belong together by their places: one that is missing moves all that follow it.
    if result.timestamps().len() != result.values().len() {
        return Err("the data points' times and values are not equally many");
    }
    let counts = |value: f64| value.is_finite() && (value >= 0.0 || !matches!(measure, Measure::Lag));
    let newest = result
        .timestamps()
        .iter()
        .zip(result.values())
        .filter(|(_, value)| counts(**value))
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
    fn the_newest_data_point_counts_whatever_their_order_and_a_negative_lag_is_none() {
        let result = MetricDataResult::builder()
            .timestamps(DateTime::from_secs(60))
            .timestamps(DateTime::from_secs(180))
            .timestamps(DateTime::from_secs(120))
            .values(5.0)
            .values(-1.0)
            .values(7.0)
            .build();
        let point = newest_point(&result, &Measure::Lag).unwrap().unwrap();
        assert_eq!((point.at.as_second(), point.value), (120, 7.0));
        assert_eq!(newest_point(&MetricDataResult::builder().build(), &Measure::Lag), Ok(None));
        let signal = Measure::Signal { statistic: "Average".into(), period_seconds: 60 };
        let point = newest_point(&result, &signal).unwrap().unwrap();
        assert_eq!((point.at.as_second(), point.value), (180, -1.0), "a signal may be below zero");
    }

    #[test]
    fn a_value_that_is_missing_moves_no_other_to_its_time() {
        let result = MetricDataResult::builder()
            .timestamps(DateTime::from_secs(60))
            .timestamps(DateTime::from_secs(120))
            .values(5.0)
            .build();
        assert!(newest_point(&result, &Measure::Lag).unwrap_err().contains("equally many"));
    }
}
