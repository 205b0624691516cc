//! CloudWatch alarms: the state of one in each Region, and what it watches.

use crate::clients::Caller;
use crate::regional::{in_each, not_named, told};
use crate::settings::Service;
use aws_sdk_cloudwatch::types::{AlarmType, MetricAlarm};
use holdfast_cloud::{Error, Looked};
use holdfast_domain::facts::AlarmFacts;
use holdfast_domain::resource::CloudwatchAlarm;
use holdfast_domain::{Facts, RegionCode};
use jiff::Timestamp;
use std::collections::BTreeMap;

const DESCRIBE: &str = "cloudwatch:DescribeAlarms";

pub(crate) const LOOK: &[&str] = &[DESCRIBE];

pub(crate) async fn look(caller: &Caller, spec: &CloudwatchAlarm, regions: &[RegionCode]) -> Looked {
    told(in_each(regions, |region| look_in(caller, spec, region)).await, |alarm| Facts::Alarm { alarm })
}

async fn look_in(
    caller: &Caller,
    spec: &CloudwatchAlarm,
    region: &RegionCode,
) -> Result<Option<AlarmFacts>, Error> {
    let place = spec.per_region.get(region).ok_or_else(|| not_named(caller, region, DESCRIBE, "alarm"))?;
    let sent = caller
        .cloudwatch(region.as_str())
        .describe_alarms()
        .alarm_names(&place.alarm)
        // Composite alarms are left out where the types are not named.
        .alarm_types(AlarmType::MetricAlarm)
        .alarm_types(AlarmType::CompositeAlarm)
        .send();
    let answer = caller.ask(Service::CloudWatch, region.as_str(), DESCRIBE, sent).await?;
    if let Some(alarm) = answer.metric_alarms().first() {
        return Ok(Some(metric(alarm)));
    }
    Ok(answer.composite_alarms().first().map(|alarm| AlarmFacts {
        state: alarm.state_value().map_or("INSUFFICIENT_DATA", |state| state.as_str()).to_owned(),
        reason: alarm.state_reason().map(str::to_owned),
        since: alarm.state_updated_timestamp().and_then(|at| Timestamp::from_second(at.secs()).ok()),
        namespace: None,
        metric: None,
        dimensions: BTreeMap::new(),
        actions_enabled: alarm.actions_enabled().unwrap_or(false),
    }))
}

fn metric(alarm: &MetricAlarm) -> AlarmFacts {
    AlarmFacts {
        state: alarm.state_value().map_or("INSUFFICIENT_DATA", |state| state.as_str()).to_owned(),
        reason: alarm.state_reason().map(str::to_owned),
        since: alarm.state_updated_timestamp().and_then(|at| Timestamp::from_second(at.secs()).ok()),
        namespace: alarm.namespace().map(str::to_owned),
        metric: alarm.metric_name().map(str::to_owned),
        dimensions: alarm
            .dimensions()
            .iter()
            .filter_map(|d| Some((d.name()?.to_owned(), d.value()?.to_owned())))
            .collect(),
        actions_enabled: alarm.actions_enabled().unwrap_or(false),
    }
}
