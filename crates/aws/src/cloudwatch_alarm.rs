//! CloudWatch alarms: the state of one in each Region, and what it watches. Those of an account and Region that are asked
//! at once are asked together.

use crate::batch::{Batches, Place, distinct, together};
use crate::clients::Caller;
use crate::regional::{in_each, not_named, told};
use crate::settings::Service;
use aws_sdk_cloudwatch::types::{AlarmType, CompositeAlarm, MetricAlarm};
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

/// By session and Region: an alarm's name, and what it says where there is one.
pub(crate) type AlarmBatches = Batches<Place, String, Option<AlarmFacts>>;
/// As many names as one DescribeAlarms takes.
pub(crate) const ALARMS_AT_ONCE: usize = 100;

async fn look_in(
    caller: &Caller,
    spec: &CloudwatchAlarm,
    region: &RegionCode,
) -> Result<Option<AlarmFacts>, Error> {
    let place = spec.per_region.get(region).ok_or_else(|| not_named(caller, region, DESCRIBE, "alarm"))?;
    let at = region.to_string();
    let call = move |caller: Caller, names: Vec<String>| async move { described(&caller, &at, names).await };
    let (batches, asker) = (&caller.traffic.alarms, (caller, Service::CloudWatch));
    together(batches, asker, (region.as_str(), DESCRIBE), place.alarm.clone(), call).await
}

/// Of each name its alarm, in their order.
async fn described(
    caller: &Caller,
    region: &str,
    names: Vec<String>,
) -> Result<Vec<Option<AlarmFacts>>, Error> {
    let sent = caller
        .cloudwatch(region)
        .describe_alarms()
        .set_alarm_names(Some(distinct(&names)))
        // Composite alarms are left out where the types are not named.
        .alarm_types(AlarmType::MetricAlarm)
        .alarm_types(AlarmType::CompositeAlarm)
        // Without it AWS tells fifty.
        .max_records(i32::try_from(ALARMS_AT_ONCE).unwrap_or(i32::MAX))
        .send();
    let answer = caller.ask(Service::CloudWatch, region, DESCRIBE, sent).await?;
    let of = |name: &String| {
        let called = |told: Option<&str>| told == Some(name.as_str());
        let plain = answer.metric_alarms().iter().find(|alarm| called(alarm.alarm_name())).map(metric);
        plain.or_else(|| answer.composite_alarms().iter().find(|a| called(a.alarm_name())).map(composite))
    };
    Ok(names.iter().map(of).collect())
}

fn composite(alarm: &CompositeAlarm) -> AlarmFacts {
    AlarmFacts {
        state: alarm.state_value().map_or("INSUFFICIENT_DATA", |state| state.as_str()).to_owned(),
        reason: alarm.state_reason().map(str::to_owned),
        since: alarm.state_updated_timestamp().and_then(|at| Timestamp::from_second(at.secs()).ok()),
        namespace: None,
        metric: None,
        dimensions: BTreeMap::new(),
        actions_enabled: alarm.actions_enabled().unwrap_or(false),
    }
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
