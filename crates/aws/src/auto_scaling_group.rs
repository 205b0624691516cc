//! EC2 Auto Scaling groups: sizes, what is in service, what rests, and the targets behind a balancer.

use crate::batch::{Batches, Place, distinct, together};
use crate::clients::Caller;
use crate::failure::Call;
use crate::perform::answered;
use crate::reading::{beside, count};
use crate::regional::{in_each, not_named};
use crate::settings::Service;
use crate::target_health;
use aws_sdk_autoscaling::types::{self, LifecycleState, ScalingActivityStatusCode};
use holdfast_cloud::{Error, ErrorKind, Looked};
use holdfast_domain::facts::{AutoScalingGroupFacts, Beside};
use holdfast_domain::resource::AutoScalingGroup;
use holdfast_domain::{Facts, RegionCode};
use holdfast_failover::change::GroupSize;
use holdfast_failover::run::Answer;

pub(crate) const DESCRIBE: &str = "autoscaling:DescribeAutoScalingGroups";
const ACTIVITIES: &str = "autoscaling:DescribeScalingActivities";
const SCHEDULE: &str = "autoscaling:DescribeScheduledActions";

pub(crate) const LOOK: &[&str] = &[DESCRIBE, ACTIVITIES, SCHEDULE, target_health::DESCRIBE];

pub(crate) const CHANGES: &[&str] =
    &["autoscaling:ResumeProcesses", "autoscaling:SuspendProcesses", "autoscaling:UpdateAutoScalingGroup"];

/// Enough to hold the launches of one attempt in every zone.
const NEWEST_ACTIVITIES: i32 = 20;

pub(crate) async fn look(caller: &Caller, spec: &AutoScalingGroup, regions: &[RegionCode]) -> Looked {
    in_each(regions, |region| look_in(caller, spec, region)).await
}

async fn look_in(caller: &Caller, spec: &AutoScalingGroup, region: &RegionCode) -> Result<Facts, Error> {
    let Some(place) = spec.per_region.get(region) else {
        return Err(not_named(caller, region, DESCRIBE, "group"));
    };
    let (region, name) = (region.as_str(), place.group.as_str());
    let target_groups: Vec<String> = place.target_group_arn.iter().cloned().collect();
    let (found, schedule, targets) = tokio::join!(
        describe(caller, region, name),
        scheduled_actions(caller, region, name),
        target_health::of(caller, region, &target_groups),
    );
    let found = found?.ok_or_else(|| {
        caller.call(region, DESCRIBE).error(ErrorKind::NotFound, format!("no Auto Scaling group {name}"))
    })?;
    let mut facts = facts(&caller.call(region, DESCRIBE), &found)?;
    let missing = facts.in_service < facts.desired;
    let failure = if missing { launch_failure(caller, region, name).await } else { Ok(None) };
    let unread = &mut facts.unread;
    facts.scheduled_actions = beside(Beside::ScheduledActions, schedule, unread);
    facts.targets = beside(Beside::TargetHealth, targets, unread).flatten();
    facts.launch_failure = beside(Beside::LaunchFailures, failure, unread).flatten();
    Ok(Facts::AutoScalingGroup(facts))
}

/// By session and Region: a group's name, and the group where there is one.
pub(crate) type GroupBatches = Batches<Place, String, Option<types::AutoScalingGroup>>;
/// As many as one page of DescribeAutoScalingGroups holds.
pub(crate) const GROUPS_AT_ONCE: usize = 100;

/// The group of this name, asked for together with others.
pub(crate) async fn describe(
    caller: &Caller,
    region: &str,
    name: &str,
) -> Result<Option<types::AutoScalingGroup>, Error> {
    let at = region.to_owned();
    let call = move |caller: Caller, names: Vec<String>| async move { described(&caller, &at, names).await };
    let (batches, asker) = (&caller.traffic.auto_scaling_groups, (caller, Service::AutoScaling));
    together(batches, asker, (region, DESCRIBE), name.to_owned(), call).await
}

async fn described(
    caller: &Caller,
    region: &str,
    names: Vec<String>,
) -> Result<Vec<Option<types::AutoScalingGroup>>, Error> {
    let sent = caller
        .autoscaling(region)
        .describe_auto_scaling_groups()
        .set_auto_scaling_group_names(Some(distinct(&names)))
        // Without it AWS tells fifty.
        .max_records(i32::try_from(GROUPS_AT_ONCE).unwrap_or(i32::MAX))
        .send();
    let found = caller.ask(Service::AutoScaling, region, DESCRIBE, sent).await?;
    let of = |name: &String| {
        let mut groups = found.auto_scaling_groups().iter();
        groups.find(|group| group.auto_scaling_group_name() == Some(name.as_str())).cloned()
    };
    Ok(names.iter().map(of).collect())
}

pub(crate) fn in_service(group: &types::AutoScalingGroup) -> u32 {
    in_state(group, |state| *state == LifecycleState::InService)
}

fn in_state(group: &types::AutoScalingGroup, is: impl Fn(&LifecycleState) -> bool) -> u32 {
    let number = group.instances().iter().filter(|i| i.lifecycle_state().is_some_and(&is)).count();
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn facts(call: &Call, group: &types::AutoScalingGroup) -> Result<AutoScalingGroupFacts, Error> {
    let mut suspended: Vec<String> =
        group.suspended_processes().iter().filter_map(|p| p.process_name().map(str::to_owned)).collect();
    suspended.sort();
    // It decides nothing, and AWS need not tell it: none, or not told.
    let warm = group.warm_pool_configuration().and_then(|_| u32::try_from(group.warm_pool_size()?).ok());
    Ok(AutoScalingGroupFacts {
        min: count(call, "MinSize", group.min_size())?,
        max: count(call, "MaxSize", group.max_size())?,
        desired: count(call, "DesiredCapacity", group.desired_capacity())?,
        in_service: in_service(group),
        pending: in_state(group, |state| state.as_str().starts_with("Pending")),
        warm,
        suspended,
        ..AutoScalingGroupFacts::default()
    })
}

async fn scheduled_actions(caller: &Caller, region: &str, name: &str) -> Result<u32, Error> {
    let sent = caller.autoscaling(region).describe_scheduled_actions().auto_scaling_group_name(name).send();
    let answer = caller.ask(Service::AutoScaling, region, SCHEDULE, sent).await?;
    Ok(u32::try_from(answer.scheduled_update_group_actions().len()).unwrap_or(u32::MAX))
}

/// The newest activity, where it is a failure: an older one has been made good since.
async fn launch_failure(caller: &Caller, region: &str, name: &str) -> Result<Option<String>, Error> {
    let sent = caller
        .autoscaling(region)
        .describe_scaling_activities()
        .auto_scaling_group_name(name)
        .max_records(NEWEST_ACTIVITIES)
        .send();
    let answer = caller.ask(Service::AutoScaling, region, ACTIVITIES, sent).await?;
    let ended = answer.activities().iter().find(|a| {
        matches!(
            a.status_code(),
            Some(
                ScalingActivityStatusCode::Failed
                    | ScalingActivityStatusCode::Cancelled
                    | ScalingActivityStatusCode::Successful
            )
        )
    });
    Ok(ended
        .filter(|a| a.status_code() != Some(&ScalingActivityStatusCode::Successful))
        .and_then(|a| a.status_message().map(str::to_owned)))
}

pub(crate) async fn set_size(
    caller: &Caller,
    action: &'static str,
    region: &RegionCode,
    group: &str,
    size: GroupSize,
) -> Result<Answer, Error> {
    let region = region.as_str();
    let [min, max, desired] = wire_size(caller, region, action, size)?;
    let sent = caller
        .autoscaling(region)
        .update_auto_scaling_group()
        .auto_scaling_group_name(group)
        .min_size(min)
        .max_size(max)
        .desired_capacity(desired)
        .send();
    answered(action, region, &caller.ask(Service::AutoScaling, region, action, sent).await?, None)
}

/// Least, most and wanted as the wire has them.
pub(crate) fn wire_size(
    caller: &Caller,
    region: &str,
    action: &'static str,
    size: GroupSize,
) -> Result<[i32; 3], Error> {
    match [size.min, size.max, size.desired].map(i32::try_from) {
        [Ok(min), Ok(max), Ok(desired)] => Ok([min, max, desired]),
        _ => Err(caller
            .call(region, action)
            .error(ErrorKind::Invalid, format!("{} machines are more than AWS can count", size.max))),
    }
}

pub(crate) async fn suspend(
    caller: &Caller,
    action: &'static str,
    region: &RegionCode,
    group: &str,
    processes: &[String],
) -> Result<Answer, Error> {
    let region = region.as_str();
    let sent = caller
        .autoscaling(region)
        .suspend_processes()
        .auto_scaling_group_name(group)
        .set_scaling_processes(Some(processes.to_vec()))
        .send();
    answered(action, region, &caller.ask(Service::AutoScaling, region, action, sent).await?, None)
}

pub(crate) async fn resume(
    caller: &Caller,
    action: &'static str,
    region: &RegionCode,
    group: &str,
    processes: &[String],
) -> Result<Answer, Error> {
    let region = region.as_str();
    let sent = caller
        .autoscaling(region)
        .resume_processes()
        .auto_scaling_group_name(group)
        .set_scaling_processes(Some(processes.to_vec()))
        .send();
    answered(action, region, &caller.ask(Service::AutoScaling, region, action, sent).await?, None)
}
