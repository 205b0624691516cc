//! CloudWatch metrics that are a signal: the newest data point of a period that is over, in each Region. One that does not
//! come in time is not seen, and so neither well nor unwell.

use crate::clients::Caller;
use crate::metrics::{self, Wanted};
use crate::regional::{in_each, not_named, told};
use holdfast_cloud::{Error, ErrorKind, Looked};
use holdfast_domain::facts::{Comparison, MetricFacts};
use holdfast_domain::resource::CloudwatchMetric;
use holdfast_domain::{Facts, RegionCode, Seconds};

pub(crate) const LOOK: &[&str] = &[metrics::GET_METRIC_DATA];

/// Metrics come some minutes late, and one period may be missed.
const PERIODS: i64 = 3;
const LEAST_SECONDS: i64 = 300;

pub(crate) async fn look(caller: &Caller, spec: &CloudwatchMetric, regions: &[RegionCode]) -> Looked {
    told(in_each(regions, |region| look_in(caller, spec, region)).await, Facts::Metric)
}

async fn look_in(
    caller: &Caller,
    spec: &CloudwatchMetric,
    region: &RegionCode,
) -> Result<MetricFacts, Error> {
    let action = metrics::GET_METRIC_DATA;
    let place = spec.per_region.get(region).ok_or_else(|| not_named(caller, region, action, "metric"))?;
    let invalid = |why: String| caller.call(region.as_str(), action).error(ErrorKind::Invalid, why);
    let period = Seconds::parse(&spec.period).map_err(|error| invalid(error.to_string()))?;
    let threshold: f64 = spec
        .threshold
        .parse()
        .map_err(|_| invalid(format!("the inventory's threshold `{}` is no number", spec.threshold)))?;
    let well_when: Comparison = serde_json::from_value(spec.well_when.clone().into())
        .map_err(|_| invalid(format!("the inventory's `well_when: {}` is no comparison", spec.well_when)))?;
    let period_seconds = i64::from(period.get()).max(60);
    let window = (PERIODS * period_seconds).max(LEAST_SECONDS);
    let what = format!("{} of {}/{}", spec.statistic, spec.namespace, spec.metric);
    let wanted = Wanted {
        namespace: spec.namespace.clone().into(),
        metric: spec.metric.clone().into(),
        dimensions: place
            .dimensions
            .iter()
            .map(|(name, value)| (name.clone().into(), value.clone()))
            .collect(),
        measure: metrics::Measure::Signal { statistic: spec.statistic.clone(), period_seconds },
    };
    let newest = metrics::newest(caller, region.as_str(), window, &[wanted]).await?;
    let Some(point) = newest.into_iter().flatten().next() else {
        let within = Seconds(u32::try_from(window).unwrap_or(u32::MAX));
        let why = format!("CloudWatch has no data point of {what} of the last {within}");
        return Err(caller.call(region.as_str(), action).error(ErrorKind::Unreadable, why));
    };
    Ok(MetricFacts { what, value: point.value, at: point.at, well_when, threshold })
}
