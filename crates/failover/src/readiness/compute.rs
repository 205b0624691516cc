//! Would the capacity be there: what does the work, its size against what is wanted, whether it is steady and healthy.

use super::{Look, Severity};
use crate::plan::{Share, split, taken};
use holdfast_domain::facts::{AutoScalingGroupFacts, EcsServiceFacts, EksNodeGroupFacts};
use holdfast_domain::{Facts, RegionCode, Resource, Strategy};

pub(super) fn look(look: &mut Look<'_>, resource: &Resource) {
    let Some(unit) = resource.spec.kind().unit() else { return };
    for region in look.application.regions() {
        if !resource.spec.is_in(region) {
            missing(look, resource, region);
            continue;
        }
        let Some(facts) = look.known(resource, region) else { continue };
        let sound = match facts {
            Facts::EcsService(service) => ecs(look, resource, region, service),
            Facts::AutoScalingGroup(group) => auto_scaling_group(look, resource, region, group),
            Facts::EksNodeGroup(group) => node_group(look, resource, region, group),
            _ => true,
        };
        if !sound {
            continue;
        }
        targets(look, resource, region, facts);
        if look.application.strategy == Strategy::ActiveActive {
            rest(look, resource, region, unit, facts);
        } else if *region != look.application.home_region {
            standby(look, resource, region, unit, facts);
        }
    }
}

/// What fails where the load would go stands in the way of a failover; at home it is a reason for one.
pub(super) fn gravity(look: &Look<'_>, region: &RegionCode) -> Severity {
    if *region == look.application.home_region { Severity::Warning } else { Severity::Blocker }
}

fn missing(look: &mut Look<'_>, resource: &Resource, region: &RegionCode) {
    let name = &resource.name;
    let (code, what) = match resource.spec.kind().unit() {
        Some("tasks") => ("service_missing", "service"),
        Some("concurrent executions") => ("compute_missing", "function"),
        _ => ("compute_missing", "group"),
    };
    look.add(
        Severity::Blocker,
        code,
        Some(resource),
        Some(region),
        format!("{name} has no {what} in {region}."),
        format!("Create it there and add {region} to the entry, or take the Region out of the application."),
    );
}

/// `false`: there is nothing whose size would matter.
fn ecs(look: &mut Look<'_>, resource: &Resource, region: &RegionCode, service: &EcsServiceFacts) -> bool {
    let name = &resource.name;
    if service.status != "ACTIVE" {
        look.add(
            Severity::Blocker,
            "service_not_active",
            Some(resource),
            Some(region),
            format!("{name} in {region} is {}.", service.status),
            "Create the service again.",
        );
        return false;
    }
    if service.rollout.as_deref() == Some("FAILED") {
        look.add(
            Severity::Blocker,
            "rollout_failed",
            Some(resource),
            Some(region),
            format!("The last rollout of {name} in {region} failed: new tasks may not start."),
            "Read the service's events and roll out a version that runs.",
        );
    } else if service.running < service.desired || service.rollout.as_deref() == Some("IN_PROGRESS") {
        look.add(
            Severity::Warning,
            "service_not_steady",
            Some(resource),
            Some(region),
            format!("{name} in {region} runs {} of {} tasks.", service.running, service.desired),
            "Wait until it is steady; if it is not soon, read the service's events.",
        );
    }
    true
}

fn auto_scaling_group(
    look: &mut Look<'_>,
    resource: &Resource,
    region: &RegionCode,
    group: &AutoScalingGroupFacts,
) -> bool {
    let name = &resource.name;
    if let Some(failure) = &group.launch_failure {
        let gravity = gravity(look, region);
        look.add(
            gravity,
            "launches_fail",
            Some(resource),
            Some(region),
            format!(
                "{name} in {region} has {} of {} instances, and the last launch failed: {}.",
                group.in_service,
                group.desired,
                failure.trim_end_matches('.')
            ),
            "Reserve capacity in the Region, or let the group take more instance types and zones.",
        );
    } else if group.in_service < group.desired {
        not_steady(look, resource, region, (group.in_service, group.desired), "instances");
    }
    let hindering = group.hindering();
    if !hindering.is_empty() {
        look.add(
            Severity::Warning,
            "launch_suspended",
            Some(resource),
            Some(region),
            format!(
                "{} of {name} in {region} is suspended: it cannot grow into service.",
                hindering.join(" and ")
            ),
            "A failover resumes it; where it was left suspended by mistake, resume it now.",
        );
    }
    true
}

fn node_group(
    look: &mut Look<'_>,
    resource: &Resource,
    region: &RegionCode,
    group: &EksNodeGroupFacts,
) -> bool {
    let name = &resource.name;
    let issues = group.issues.iter().map(|i| i.trim_end_matches('.')).collect::<Vec<_>>().join("; ");
    let gravity = gravity(look, region);
    match group.status.as_str() {
        "ACTIVE" | "UPDATING" => {}
        "DEGRADED" => look.add(
            gravity,
            "node_group_degraded",
            Some(resource),
            Some(region),
            format!(
                "{name} in {region} is DEGRADED: {}.",
                if issues.is_empty() { "no issue is told" } else { &issues }
            ),
            "Mend what EKS names; a degraded group may not launch nodes.",
        ),
        status => {
            look.add(
                Severity::Blocker,
                "node_group_not_active",
                Some(resource),
                Some(region),
                format!("{name} in {region} is {status}."),
                "Wait while it is being created; otherwise create the node group again.",
            );
            return false;
        }
    }
    if let Some(in_service) = group.in_service.filter(|n| *n < group.desired) {
        not_steady(look, resource, region, (in_service, group.desired), "nodes");
    }
    true
}

fn not_steady(
    look: &mut Look<'_>,
    resource: &Resource,
    region: &RegionCode,
    (runs, desired): (u32, u32),
    unit: &str,
) {
    look.add(
        Severity::Warning,
        "capacity_not_steady",
        Some(resource),
        Some(region),
        format!("{} in {region} has {runs} of {desired} {unit} in service.", resource.name),
        "Wait until they are; if they are not soon, read the group's activities.",
    );
}

fn targets(look: &mut Look<'_>, resource: &Resource, region: &RegionCode, facts: &Facts) {
    let Some(health) = facts.target_health() else { return };
    let name = &resource.name;
    let reason = health.reason.as_ref().map(|r| format!(" ({r})")).unwrap_or_default();
    let all = health.healthy + health.unhealthy + health.other;
    if health.healthy == 0 && all > 0 {
        let gravity = gravity(look, region);
        look.add(
            gravity,
            "no_healthy_target",
            Some(resource),
            Some(region),
            format!("None of the {all} targets of {name} in {region} is healthy{reason}."),
            "Mend what the load balancer's health checks see.",
        );
    } else if health.unhealthy > 0 {
        look.add(
            Severity::Warning,
            "targets_unhealthy",
            Some(resource),
            Some(region),
            format!("{} of {all} targets of {name} in {region} are unhealthy{reason}.", health.unhealthy),
            "Mend what the load balancer's health checks see.",
        );
    }
}

/// What a Region that takes the load over has against what it will need.
fn standby(look: &mut Look<'_>, resource: &Resource, region: &RegionCode, unit: &str, facts: &Facts) {
    let name = &resource.name;
    let Some(now) = facts.capacity().map(|c| c.desired) else { return };
    let home = look.application.home_region.clone();
    let at_home = look.known(resource, &home).and_then(Facts::capacity).map(|c| c.desired);
    let one = unit.trim_end_matches('s');
    // A pilot light runs nothing on purpose.
    if now == 0 && look.application.strategy == Strategy::WarmStandby {
        look.add(
            Severity::Warning,
            "standby_empty",
            Some(resource),
            Some(region),
            format!("{name} runs no {one} in {region}: a warm standby is a working copy, and this one is not proven to start."),
            format!("Keep at least one {one} running there."),
        );
    }
    let key = size_key(unit);
    let Some(wanted) = resource.spec.recovery_size(region) else {
        look.add(
            Severity::Note,
            "recovery_size_not_set",
            Some(resource),
            Some(region),
            format!("{name} has no `{key}` in {region}: a failover takes the size of the Region being left."),
            format!("Set `{key}`, so that the size is known when that Region cannot be seen."),
        );
        return;
    };
    if now < wanted {
        look.add(
            Severity::Note,
            "capacity_to_raise",
            Some(resource),
            Some(region),
            format!("{name} has {now} {unit} in {region}; a failover raises it to {wanted}, if there is capacity then."),
            "Check quotas and capacity reservations of the Region.",
        );
    }
    if let Some(at_home) = at_home.filter(|at_home| wanted.max(now) < *at_home) {
        look.add(
            Severity::Warning,
            "recovery_size_below_home",
            Some(resource),
            Some(region),
            format!(
                "{name} has {at_home} {unit} in {home}, and a failover gives it {} in {region}.",
                wanted.max(now)
            ),
            format!("Raise `{key}` to what the load needs, or say in the runbook what is served less."),
        );
    }
    ceiling(look, resource, region, (wanted, unit), facts);
}

/// The inventory's word for the size wanted.
fn size_key(unit: &str) -> &'static str {
    if unit == "concurrent executions" { "concurrency" } else { "desired_in_recovery" }
}

/// What an active Region has against what it must carry when another leaves.
fn rest(look: &mut Look<'_>, resource: &Resource, region: &RegionCode, unit: &str, facts: &Facts) {
    let name = &resource.name;
    let Some(now) = facts.capacity().map(|c| c.desired) else { return };
    let others: Vec<RegionCode> =
        look.places(resource).into_iter().filter(|r| *r != region).cloned().collect();
    if now == 0 {
        look.add(
            Severity::Warning,
            "active_region_empty",
            Some(resource),
            Some(region),
            format!(
                "{name} runs no {} in {region}, which should serve like the others: it is not proven to start.",
                unit.trim_end_matches('s')
            ),
            "Let it run there, unless the Region is evacuated on purpose.",
        );
    }
    // Each Region that stays takes its share of the one that leaves, by the application's rule: the largest counts.
    let share = |left: &RegionCode| {
        let leaving = look.known(resource, left)?.capacity()?.desired;
        let split = split(look.application, look.observations, left, None);
        let of = |share: &&Share| resource.spec.is_in(&share.region);
        let part = split.shares.iter().filter(of).find(|share| share.region == *region)?.parts;
        let all = split.shares.iter().filter(of).map(|share| share.parts).sum();
        Some((leaving, taken(leaving, part, all)))
    };
    let largest =
        others.iter().filter_map(|left| Some((left, share(left)?))).max_by_key(|(_, (_, more))| *more);
    let Some((left, (leaving, more))) = largest else { return };
    let wanted = resource.spec.recovery_size(region).unwrap_or(0).max(now.saturating_add(more));
    if now < wanted {
        look.add(
            Severity::Note,
            "capacity_to_raise",
            Some(resource),
            Some(region),
            format!("{name} has {now} {unit} in {region}; when {left} leaves with its {leaving}, a run raises it to {wanted}, if there is capacity then."),
            "Check quotas and capacity reservations of the Region, or keep enough running in each to do without another.",
        );
    }
    ceiling(look, resource, region, (wanted, unit), facts);
}

fn ceiling(
    look: &mut Look<'_>,
    resource: &Resource,
    region: &RegionCode,
    (wanted, unit): (u32, &str),
    facts: &Facts,
) {
    let name = &resource.name;
    let ceiling = match facts {
        Facts::AutoScalingGroup(group) => Some(group.max),
        Facts::EksNodeGroup(group) => Some(group.max),
        Facts::EcsService(service) => service.scaling.map(|s| s.max),
        _ => None,
    };
    if let Some(max) = ceiling.filter(|max| *max < wanted) {
        look.add(
            Severity::Note,
            "ceiling_to_raise",
            Some(resource),
            Some(region),
            format!(
                "{name} may have {max} {unit} at most in {region}; a failover raises that with its size."
            ),
            "Raise the maximum beforehand: it costs nothing, and one thing less changes in an emergency.",
        );
    }
}
