//! EC2 Auto Scaling over the query protocol: groups, why they lack instances, their schedules; sizes and processes.

use super::input::{integer, list, required, text};
use super::render::namespace;
use super::service::{Operation, Plane, Service};
use super::xml::Xml;
use super::{Context, Reply};
use crate::refusal::Refusal;
use crate::world::World;
use crate::world::build::digits_of;
use crate::world::clock::Moment;
use crate::world::groups::{AutoScalingGroup, Behind, PROCESSES, Size};
use serde_json::Value;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::look("DescribeAutoScalingGroups", "autoscaling:DescribeAutoScalingGroups", Plane::Control),
    Operation::look("DescribeScalingActivities", "autoscaling:DescribeScalingActivities", Plane::Control),
    Operation::look("DescribeScheduledActions", "autoscaling:DescribeScheduledActions", Plane::Control),
    Operation::change("UpdateAutoScalingGroup", "autoscaling:UpdateAutoScalingGroup", Plane::Control),
    Operation::change("SuspendProcesses", "autoscaling:SuspendProcesses", Plane::Control),
    Operation::change("ResumeProcesses", "autoscaling:ResumeProcesses", Plane::Control),
];

/// Looks at groups know no resources (service authorization reference).
pub(super) fn resources(operation: &str, context: &Context<'_>, input: &Value) -> Vec<String> {
    if operation.starts_with("Describe") {
        return vec!["*".to_owned()];
    }
    let name = text(input, "AutoScalingGroupName").unwrap_or("*");
    // The id in the ARN is not in the request; a policy that names one cannot be weighed here.
    vec![format!(
        "arn:aws:autoscaling:{}:{}:autoScalingGroup:id:autoScalingGroupName/{name}",
        context.region, context.account
    )]
}

pub(super) fn perform(
    world: &mut World,
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Reply, Refusal> {
    match operation {
        "DescribeAutoScalingGroups" => Ok(describe(world, context, input)),
        "DescribeScalingActivities" => activities(world, context, input),
        "DescribeScheduledActions" => schedule(world, context, input),
        "UpdateAutoScalingGroup" => update(world, context, input),
        _ => processes(world, context, operation, input),
    }
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("ValidationError", message)
}

fn here<'w>(world: &'w World, context: &Context<'_>) -> impl Iterator<Item = &'w AutoScalingGroup> {
    let (account, region) = (context.account.to_owned(), context.region.to_owned());
    world.groups.iter().filter(move |g| g.account == account && g.region == region)
}

fn not_found(name: &str) -> Refusal {
    invalid(format!("AutoScalingGroup name not found - AutoScalingGroup '{name}' not found"))
}

fn named<'w>(
    world: &'w mut World,
    context: &Context<'_>,
    input: &Value,
) -> Result<&'w mut AutoScalingGroup, Refusal> {
    let name = required(input, "AutoScalingGroupName", "ValidationError")?;
    let (account, region) = (context.account, context.region);
    let mut groups = world.groups.iter_mut();
    groups
        .find(|g| g.account == account && g.region == region && g.name == name)
        .ok_or_else(|| not_found(name))
}

fn answer(operation: &str, content: impl FnOnce(&mut Xml)) -> Vec<u8> {
    Xml::document(&format!("{operation}Response"), namespace(Service::AutoScaling), |xml| {
        xml.element(&format!("{operation}Result"), content);
    })
}

fn describe(world: &World, context: &Context<'_>, input: &Value) -> Reply {
    let wanted: Vec<&str> =
        list(input, "AutoScalingGroupNames", "member").into_iter().filter_map(Value::as_str).collect();
    let found = here(world, context).filter(|g| wanted.is_empty() || wanted.contains(&g.name.as_str()));
    Reply::look(answer("DescribeAutoScalingGroups", |xml| {
        xml.element("AutoScalingGroups", |xml| {
            for group in found {
                let before: Vec<String> = world
                    .target_groups
                    .iter()
                    .filter(|t| t.account == group.account && t.region == group.region)
                    .filter(|t| t.behind == Behind::Group(group.name.clone()))
                    .map(|t| t.arn())
                    .collect();
                xml.element("member", |xml| group_xml(xml, group, &before, context.now));
            }
        });
    }))
}

fn group_xml(xml: &mut Xml, group: &AutoScalingGroup, target_groups: &[String], now: Moment) {
    let zone = |n: u32| format!("{}{}", group.region, if n.is_multiple_of(2) { "a" } else { "b" });
    xml.text("AutoScalingGroupName", &group.name);
    xml.text("AutoScalingGroupARN", group.arn());
    xml.text("MinSize", group.size.min);
    xml.text("MaxSize", group.size.max);
    xml.text("DesiredCapacity", group.size.desired);
    xml.text("DefaultCooldown", 300);
    xml.element("AvailabilityZones", |xml| {
        (0..2).for_each(|n| xml.text("member", zone(n)));
    });
    xml.text("HealthCheckType", if target_groups.is_empty() { "EC2" } else { "ELB" });
    xml.text("CreatedTime", now.wall(0));
    xml.element("TargetGroupARNs", |xml| target_groups.iter().for_each(|arn| xml.text("member", arn)));
    let in_service = group.in_service(now.virtual_ms);
    // What is launched and not in service yet; what finds no capacity is no instance at all.
    let coming = if group.starved || group.rests("Launch") { in_service } else { group.size.desired };
    xml.element("Instances", |xml| {
        for number in 0..in_service.max(coming) {
            let id = digits_of(&format!("{} {number}", group.arn()), 17);
            xml.element("member", |xml| {
                xml.text("InstanceId", format!("i-{id}"));
                xml.text("AvailabilityZone", zone(number));
                xml.text(
                    "LifecycleState",
                    match number {
                        n if n >= in_service => "Pending",
                        n if n >= group.size.desired => "Terminating",
                        _ => "InService",
                    },
                );
                xml.text("HealthStatus", "Healthy");
                xml.text("ProtectedFromScaleIn", false);
            });
        }
    });
    xml.element("SuspendedProcesses", |xml| {
        for process in &group.suspended {
            xml.element("member", |xml| {
                xml.text("ProcessName", process);
                xml.text("SuspensionReason", "User suspended");
            });
        }
    });
    if let Some(warm) = group.warm {
        xml.element("WarmPoolConfiguration", |xml| {
            xml.text("MinSize", warm);
            xml.text("PoolState", "Stopped");
        });
        xml.text("WarmPoolSize", warm);
    }
}

fn activities(world: &World, context: &Context<'_>, input: &Value) -> Result<Reply, Refusal> {
    let name = required(input, "AutoScalingGroupName", "ValidationError")?;
    let group = here(world, context).find(|g| g.name == name).ok_or_else(|| not_found(name))?;
    let now = context.now;
    let failing = group.starved && group.in_service(now.virtual_ms) < group.size.desired;
    Ok(Reply::look(answer("DescribeScalingActivities", |xml| {
        xml.element("Activities", |xml| {
            if failing {
                xml.element("member", |xml| {
                    xml.text("ActivityId", uuid::Uuid::new_v4());
                    xml.text("AutoScalingGroupName", name);
                    xml.text("Cause", "A user request increased the desired capacity.");
                    xml.text("StartTime", now.wall(group.changed_ms));
                    xml.text("EndTime", now.wall(now.virtual_ms));
                    xml.text("StatusCode", "Failed");
                    xml.text(
                        "StatusMessage",
                        format!(
                            "We currently do not have sufficient m6i.large capacity in the Availability Zone you requested ({}a). \
                             Our system will be working on provisioning additional capacity. Launching EC2 instance failed.",
                            group.region
                        ),
                    );
                    xml.text("Progress", 100);
                });
            }
        });
    })))
}

fn schedule(world: &World, context: &Context<'_>, input: &Value) -> Result<Reply, Refusal> {
    let name = required(input, "AutoScalingGroupName", "ValidationError")?;
    let group = here(world, context).find(|g| g.name == name).ok_or_else(|| not_found(name))?;
    Ok(Reply::look(answer("DescribeScheduledActions", |xml| {
        xml.element("ScheduledUpdateGroupActions", |xml| {
            for action in &group.schedule {
                xml.element("member", |xml| {
                    xml.text("AutoScalingGroupName", name);
                    xml.text("ScheduledActionName", action);
                    xml.text("Recurrence", "0 20 * * *");
                });
            }
        });
    })))
}

fn update(world: &mut World, context: &Context<'_>, input: &Value) -> Result<Reply, Refusal> {
    let now_ms = context.now.virtual_ms;
    let group = named(world, context, input)?;
    let number = |key: &str| integer(input, key).map(u32::try_from).transpose();
    let (Ok(min), Ok(max), Ok(desired)) = (number("MinSize"), number("MaxSize"), number("DesiredCapacity"))
    else {
        return Err(invalid("Sizes must not be negative."));
    };
    let (min, max) = (min.unwrap_or(group.size.min), max.unwrap_or(group.size.max));
    if min > max {
        return Err(invalid(format!("Min bound, {min}, must be less than or equal to max bound, {max}")));
    }
    let desired = match desired {
        Some(desired) if desired > max => {
            return Err(invalid(format!(
                "New SetDesiredCapacity value {desired} is above max value {max} for the AutoScalingGroup."
            )));
        }
        Some(desired) if desired < min => {
            return Err(invalid(format!(
                "New SetDesiredCapacity value {desired} is below min value {min} for the AutoScalingGroup."
            )));
        }
        Some(desired) => desired,
        // Without a word of it, the desired size gives way to the bounds.
        None => group.size.desired.clamp(min, max),
    };
    let changed = group.resize(Size { min, max, desired }, now_ms);
    Ok(Reply::did(changed, answer("UpdateAutoScalingGroup", |_| {})))
}

fn processes(
    world: &mut World,
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Reply, Refusal> {
    let now_ms = context.now.virtual_ms;
    let group = named(world, context, input)?;
    let given: Vec<&str> =
        list(input, "ScalingProcesses", "member").into_iter().filter_map(Value::as_str).collect();
    if let Some(unknown) = given.iter().find(|p| !PROCESSES.contains(p)) {
        return Err(invalid(format!("1 validation error detected: '{unknown}' is not a scaling process")));
    }
    let all = if given.is_empty() { PROCESSES.to_vec() } else { given };
    let changed = group.suspend(&all, operation == "SuspendProcesses", now_ms);
    Ok(Reply::did(changed, answer(operation, |_| {})))
}
