//! CloudWatch over rpc-v2-CBOR: the lag of Aurora secondaries, in the secondary's own Region, the way the
//! service publishes it; that of the other stores as `store_metrics` has it; and what the world publishes of an
//! application's own. Metric math is refused, and every other metric answers with no data points.

use super::input::{integer, list, number, required, text};
use super::render::cbor;
use super::service::{Operation, Plane};
use super::{Context, Reply, store_metrics};
use crate::refusal::Refusal;
use crate::world::World;
use crate::world::aurora::{GlobalCluster, Member};
use crate::world::lag::Lag;
use crate::world::supporting::{Alarm, Metric};
use ciborium::Value as Cbor;
use serde_json::Value;
use std::collections::BTreeMap;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::look("GetMetricData", "cloudwatch:GetMetricData", Plane::Data),
    Operation::look("ListMetrics", "cloudwatch:ListMetrics", Plane::Data),
    Operation::look("DescribeAlarms", "cloudwatch:DescribeAlarms", Plane::Data),
];

const NAMESPACE: &str = "AWS/RDS";
/// Each metric and its share of the progress lag: user transactions and replication alone lag a little less.
const METRICS: [(&str, f64); 3] = [
    ("AuroraGlobalDBProgressLag", 1.0),
    ("AuroraGlobalDBReplicationLag", 0.94),
    ("AuroraGlobalDBRPOLag", 0.97),
];
const SAMPLE_MS: i64 = 5_000;
const MAX_QUERIES: usize = 500;
const MAX_POINTS: i64 = 100_800;

pub(super) fn perform(
    world: &mut World,
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Reply, Refusal> {
    let map = match operation {
        "GetMetricData" => get_metric_data(world, context, input)?,
        "ListMetrics" => list_metrics(world, context, input),
        _ => describe_alarms(world, context, input),
    };
    Ok(Reply::look(cbor(&object(map))))
}

fn object(fields: Vec<(&str, Cbor)>) -> Cbor {
    Cbor::Map(fields.into_iter().map(|(k, v)| (Cbor::Text(k.to_owned()), v)).collect())
}

fn word(value: impl Into<String>) -> Cbor {
    Cbor::Text(value.into())
}

/// The secondaries of the caller's account in the caller's Region, whose lag would be published here.
fn members<'w>(world: &'w World, context: &Context<'_>) -> Vec<(&'w GlobalCluster, &'w Member)> {
    let mine = world.global_clusters.iter().filter(|g| g.account == context.account);
    mine.filter_map(|g| Some((g, g.member(context.region)?))).collect()
}

struct Window {
    start_ms: i64,
    end_ms: i64,
    descending: bool,
    max_points: usize,
}

fn get_metric_data(
    world: &World,
    context: &Context<'_>,
    input: &Value,
) -> Result<Vec<(&'static str, Cbor)>, Refusal> {
    let millis = |key: &str| number(input, key).map(|seconds| (seconds * 1_000.0) as i64);
    let (Some(start_ms), Some(end_ms)) = (millis("StartTime"), millis("EndTime")) else {
        return Err(invalid("The parameters StartTime and EndTime are required."));
    };
    if start_ms >= end_ms {
        return Err(invalid("The parameter StartTime must be less than the parameter EndTime."));
    }
    let queries = list(input, "MetricDataQueries", "MetricDataQueries");
    if queries.is_empty() || queries.len() > MAX_QUERIES {
        return Err(invalid("The collection MetricDataQueries must have 1 to 500 entries."));
    }
    let max_points = integer(input, "MaxDatapoints").unwrap_or(MAX_POINTS).clamp(1, MAX_POINTS);
    let window = Window {
        start_ms,
        end_ms,
        descending: text(input, "ScanBy") != Some("TimestampAscending"),
        max_points: usize::try_from(max_points).unwrap_or(1),
    };
    let results: Result<Vec<Cbor>, Refusal> =
        queries.into_iter().map(|query| result(world, context, query, &window)).collect();
    Ok(vec![("MetricDataResults", Cbor::Array(results?)), ("Messages", Cbor::Array(vec![]))])
}

fn result(world: &World, context: &Context<'_>, query: &Value, window: &Window) -> Result<Cbor, Refusal> {
    let id = required(query, "Id", "ValidationError")?;
    let stat = query
        .get("MetricStat")
        .ok_or_else(|| invalid("This simulator has no metric math: use MetricStat."))?;
    let metric = stat.get("Metric").ok_or_else(|| invalid("MetricStat needs a Metric."))?;
    let name = required(metric, "MetricName", "ValidationError")?;
    let statistic = required(stat, "Stat", "ValidationError")?;
    let period_s = integer(stat, "Period").unwrap_or(0);
    if !matches!(period_s, 1 | 5 | 10 | 20 | 30) && (period_s < 60 || period_s % 60 != 0) {
        return Err(invalid("Period must be 1, 5, 10, 20, 30 or a multiple of 60."));
    }
    let span_ms = period_s * 1_000;
    if (window.end_ms - window.start_ms) / span_ms > MAX_POINTS {
        return Err(invalid("The window holds more data points than CloudWatch answers."));
    }
    let own = own_metric(world, context, metric, name);
    let lag = published(world, context, metric, name);
    let mut points = Vec::new();
    if own.is_some() || lag.is_some() {
        let mut at_ms = window.start_ms.div_euclid(span_ms) * span_ms;
        while at_ms < window.end_ms {
            let value = match (own, lag) {
                (Some(own), _) => aggregate_own(own, statistic, at_ms, span_ms, context)?,
                (None, Some((lag, share))) => aggregate(lag, share, statistic, at_ms, span_ms, context)?,
                (None, None) => None,
            };
            points.extend(value.filter(|_| at_ms >= window.start_ms).map(|value| (at_ms, value)));
            at_ms += span_ms;
        }
    }
    if window.descending {
        points.reverse();
    }
    points.truncate(window.max_points);
    let time = |ms: i64| Cbor::Tag(1, Box::new(Cbor::Float(ms as f64 / 1_000.0)));
    Ok(object(vec![
        ("Id", word(id)),
        ("Label", word(text(query, "Label").unwrap_or(name))),
        ("Timestamps", Cbor::Array(points.iter().map(|(ms, _)| time(*ms)).collect())),
        ("Values", Cbor::Array(points.iter().map(|(_, v)| Cbor::Float(*v)).collect())),
        ("StatusCode", word("Complete")),
    ]))
}

/// The lag that a metric is about, and its factor. Dimensions must be one of the sets that the service publishes.
fn published<'w>(
    world: &'w World,
    context: &Context<'_>,
    metric: &Value,
    name: &str,
) -> Option<(&'w Lag, f64)> {
    let dimensions: Vec<(&str, &str)> = list(metric, "Dimensions", "Dimensions")
        .into_iter()
        .map(|dimension| Some((text(dimension, "Name")?, text(dimension, "Value")?)))
        .collect::<Option<_>>()?;
    let namespace = text(metric, "Namespace")?;
    let Some((_, share)) = METRICS.iter().find(|(known, _)| *known == name && namespace == NAMESPACE) else {
        return store_metrics::published(world, context, namespace, name, &dimensions);
    };
    let (mut cluster, mut source) = (None, None);
    for (name, value) in dimensions {
        match name {
            "DBClusterIdentifier" => cluster = Some(value),
            "SourceRegion" => source = Some(value),
            _ => return None,
        }
    }
    let cluster = cluster?;
    let (global, member) = members(world, context).into_iter().find(|(_, m)| m.cluster == cluster)?;
    let from = global.writer().map(|w| w.region.as_str());
    (source.is_none() || source == from).then_some((&member.lag, *share))
}

/// The application's own metric of just these dimensions.
fn own_metric<'w>(world: &'w World, context: &Context<'_>, metric: &Value, name: &str) -> Option<&'w Metric> {
    let asked: BTreeMap<&str, &str> = list(metric, "Dimensions", "Dimensions")
        .into_iter()
        .map(|dimension| Some((text(dimension, "Name")?, text(dimension, "Value")?)))
        .collect::<Option<_>>()?;
    let namespace = text(metric, "Namespace")?;
    world.supporting.metrics.iter().find(|m| {
        let of = m.dimensions.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        (m.account.as_str(), m.region.as_str()) == (context.account, context.region)
            && (m.namespace.as_str(), m.name.as_str()) == (namespace, name)
            && of.eq(asked.iter().map(|(name, value)| (*name, *value)))
    })
}

fn aggregate_own(
    metric: &Metric,
    statistic: &str,
    from_ms: i64,
    span_ms: i64,
    context: &Context<'_>,
) -> Result<Option<f64>, Refusal> {
    let now = context.now;
    let silent = metric.silent_from_ms.is_some_and(|silent| now.to_virtual(from_ms) >= silent);
    if silent || from_ms > now.real_ms {
        return Ok(None);
    }
    let samples = (span_ms / 60_000).max(1) as f64;
    Ok(Some(match statistic {
        "Average" | "Maximum" | "Minimum" => metric.value,
        "Sum" => metric.value * samples,
        "SampleCount" => samples,
        other if is_percentile(other) => metric.value,
        _ => return Err(no_statistic()),
    }))
}

fn is_percentile(statistic: &str) -> bool {
    let percent = statistic.strip_prefix('p').and_then(|p| p.parse::<f64>().ok());
    percent.is_some_and(|p| (0.0..=100.0).contains(&p))
}

fn no_statistic() -> Refusal {
    invalid("Stat must be Average, Maximum, Minimum, Sum, SampleCount or a percentile such as p99.")
}

/// One data point out of the samples of a period, or none where nothing was published.
fn aggregate(
    lag: &Lag,
    share: f64,
    statistic: &str,
    from_ms: i64,
    span_ms: i64,
    context: &Context<'_>,
) -> Result<Option<f64>, Refusal> {
    let now = context.now;
    let step_ms = SAMPLE_MS.min(span_ms);
    let last_ms = (from_ms + span_ms - 1).min(now.real_ms);
    let mut samples: Vec<f64> = (0..span_ms / step_ms)
        .map(|n| from_ms + n * step_ms)
        .filter(|at_ms| *at_ms < last_ms)
        .chain((last_ms >= from_ms).then_some(last_ms))
        .filter_map(|at_ms| lag.at(now.to_virtual(at_ms)))
        .map(|lag| (lag * share).round())
        .collect();
    samples.sort_by(f64::total_cmp);
    let (Some(least), Some(most)) = (samples.first().copied(), samples.last().copied()) else {
        return Ok(None);
    };
    let sum: f64 = samples.iter().sum();
    let count = samples.len() as f64;
    Ok(Some(match statistic {
        "Average" => sum / count,
        "Maximum" => most,
        "Minimum" => least,
        "Sum" => sum,
        "SampleCount" => count,
        other => {
            let percentile = other.strip_prefix('p').and_then(|p| p.parse::<f64>().ok());
            let share = percentile.filter(|p| (0.0..=100.0).contains(p)).ok_or_else(no_statistic)?;
            let rank = ((share / 100.0 * count).ceil() as usize).saturating_sub(1);
            samples.get(rank).copied().unwrap_or(most)
        }
    }))
}

fn describe_alarms(world: &World, context: &Context<'_>, input: &Value) -> Vec<(&'static str, Cbor)> {
    let wanted: Vec<&str> =
        list(input, "AlarmNames", "AlarmNames").into_iter().filter_map(Value::as_str).collect();
    let here = world.supporting.alarms.iter();
    let here = here.filter(|a| a.account == context.account && a.region == context.region);
    let found = here.filter(|a| wanted.is_empty() || wanted.contains(&a.name.as_str()));
    let alarms = found.map(|alarm| alarm_cbor(world, context, alarm)).collect();
    vec![("MetricAlarms", Cbor::Array(alarms)), ("CompositeAlarms", Cbor::Array(vec![]))]
}

fn alarm_cbor(world: &World, context: &Context<'_>, alarm: &Alarm) -> Cbor {
    let (state, reason) = alarm_state(world, context, alarm);
    let dimensions = alarm.dimensions.iter();
    let dimensions =
        dimensions.map(|(name, value)| object(vec![("Name", word(name)), ("Value", word(value))]));
    object(vec![
        ("AlarmName", word(&alarm.name)),
        (
            "AlarmArn",
            word(format!("arn:aws:cloudwatch:{}:{}:alarm:{}", alarm.region, alarm.account, alarm.name)),
        ),
        ("ActionsEnabled", Cbor::Bool(alarm.actions_enabled)),
        ("StateValue", word(state)),
        ("StateReason", word(reason)),
        ("Namespace", word(&alarm.namespace)),
        ("MetricName", word(&alarm.metric)),
        ("Dimensions", Cbor::Array(dimensions.collect())),
        ("Threshold", Cbor::Float(alarm.threshold)),
        ("ComparisonOperator", word("GreaterThanThreshold")),
    ])
}

/// The state of an alarm on the lag of an Aurora member follows from that lag; others say what they were made to say.
fn alarm_state(world: &World, context: &Context<'_>, alarm: &Alarm) -> (String, String) {
    let cluster = alarm.dimensions.get("DBClusterIdentifier");
    let member = members(world, context).into_iter().find(|(_, m)| Some(&m.cluster) == cluster);
    let lag_ms = member.and_then(|(_, m)| m.lag.at(context.now.virtual_ms));
    match lag_ms {
        Some(lag) if lag > alarm.threshold => {
            let reason = format!(
                "Threshold Crossed: 1 datapoint [{lag:.0}] was greater than the threshold ({}).",
                alarm.threshold
            );
            ("ALARM".to_owned(), reason)
        }
        Some(_) => ("OK".to_owned(), "Threshold not crossed.".to_owned()),
        None => (alarm.otherwise.clone(), "Unchecked: no datapoints were received.".to_owned()),
    }
}

fn list_metrics(world: &World, context: &Context<'_>, input: &Value) -> Vec<(&'static str, Cbor)> {
    let wanted = text(input, "MetricName");
    let other_namespace = text(input, "Namespace").is_some_and(|n| n != NAMESPACE);
    let mut metrics = Vec::new();
    for (_, member) in members(world, context).into_iter().filter(|(_, m)| !m.writer && !other_namespace) {
        for (name, _) in METRICS.iter().filter(|(name, _)| wanted.is_none_or(|w| w == *name)) {
            let dimension =
                object(vec![("Name", word("DBClusterIdentifier")), ("Value", word(&member.cluster))]);
            metrics.push(object(vec![
                ("Namespace", word(NAMESPACE)),
                ("MetricName", word(*name)),
                ("Dimensions", Cbor::Array(vec![dimension])),
            ]));
        }
    }
    vec![("Metrics", Cbor::Array(metrics))]
}

fn invalid(message: &str) -> Refusal {
    Refusal::new("ValidationError", message)
}
