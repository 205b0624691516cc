//! Could the traffic be moved, would it be quick enough, and would it come back by itself.

use super::{Look, Severity, health_checks, switch_objects, switches};
use holdfast_domain::facts::{AcceleratorGroup, DnsRecord, Routing};
use holdfast_domain::{Facts, RegionCode, Resource, ResourceSpec, Strategy};
use std::collections::BTreeSet;

pub(super) fn look(look: &mut Look<'_>, resource: &Resource) {
    match &resource.spec {
        ResourceSpec::Route53Records(_) => records(look, resource),
        ResourceSpec::GlobalAccelerator(_) => accelerator(look, resource),
        ResourceSpec::S3MultiRegionAccessPoint(_) => access_point(look, resource),
        ResourceSpec::Route53HealthCheck(_) => health_checks::look(look, resource),
        ResourceSpec::ArcRoutingControl(spec) => switches::routing_controls(look, resource, spec),
        ResourceSpec::ArcRegionSwitchPlan(_) => switches::region_switch(look, resource),
        ResourceSpec::S3SwitchObject(spec) => switch_objects::look(look, resource, spec),
        ResourceSpec::CloudfrontDistribution(_) => switches::distribution(look, resource),
        _ => {}
    }
}

fn records(look: &mut Look<'_>, resource: &Resource) {
    let name = &resource.name;
    let rto = look.application.objectives.rto;
    let mut simple = false;
    let mut failover = false;
    let mut by_address = false;
    let mut follows = 0;
    let mut there = 0;
    for region in look.application.regions() {
        let Some(facts @ Facts::DnsRecord { .. }) = look.known(resource, region) else { continue };
        let records: Vec<&DnsRecord> = facts.dns_records().collect();
        if records.is_empty() {
            look.add(
                Severity::Warning,
                "no_record_for_region",
                Some(resource),
                Some(region),
                format!("{name} has no record for {region}."),
                format!("Where it was not taken out by a run, add a record for {region} to the set."),
            );
            continue;
        }
        simple |= records.iter().any(|r| r.routing == Routing::Simple);
        failover |= records.iter().any(|r| matches!(r.routing, Routing::Failover { .. }));
        by_address |= records.iter().any(|r| matches!(r.routing, Routing::Cidr { .. }));
        // Where one Region serves, it is enough that what leads there can be switched off.
        if look.application.strategy == Strategy::ActiveActive || *region == look.application.home_region {
            there += records.len();
            follows += records.iter().filter(|r| follows_switch(look, r)).count();
        }
        // What holds for several of them is said once.
        if let Some(ttl) = records.iter().filter_map(|r| r.ttl_seconds).max()
            && ttl.saturating_mul(2) > i64::from(rto.get())
        {
            // From the objective on, a failover that took no time at all would miss it.
            let (severity, share) = if ttl >= i64::from(rto.get()) {
                (Severity::Blocker, "as long as the RTO or longer")
            } else {
                (Severity::Warning, "more than half of the RTO")
            };
            look.add(
                severity,
                "ttl_too_long",
                Some(resource),
                Some(region),
                format!("Resolvers keep {name} for {ttl} s, which is {share} ({rto})."),
                "Lower the TTL, to 60 s say.",
            );
        }
        if let Some(primary) = records.iter().find(|r| r.routing == (Routing::Failover { primary: true })) {
            onto_stale_data(look, resource, region, primary);
        }
        if let Some(unwatched) = records.iter().find(|r| is_unwatched(r)) {
            no_health(look, resource, region, unwatched);
        }
    }
    if simple {
        look.add(
            Severity::Blocker,
            "simple_record",
            Some(resource),
            None,
            format!("{name} is a simple record: it cannot choose between Regions."),
            "Give each Region a weighted or failover record.",
        );
    }
    if failover {
        returns(look, resource, "Failover records return traffic");
    }
    if by_address {
        look.add(
            Severity::Blocker,
            "routed_by_address",
            Some(resource),
            None,
            format!("{name} is routed by client address (CIDR): Holdfast reads it and does not move it."),
            "Let its records follow routing controls by their health checks, or move them by hand.",
        );
    }
    if there > 0 && follows == there {
        // The data plane moves them: no call to Route 53 is needed.
        return;
    }
    look.add(
        Severity::Note,
        "single_region_plane",
        Some(resource),
        None,
        format!("Moving {name} needs Route 53's control plane, which is in us-east-1."),
        "Have a data-plane switch as well (routing controls, health checks that you can fail), or waive it by name.",
    );
}

/// Answered by itself, whatever its Region is like.
fn is_unwatched(record: &DnsRecord) -> bool {
    let checked =
        record.health_check_id.is_some() || record.alias.as_ref().is_some_and(|a| a.evaluate_target_health);
    let automatic = match record.routing {
        Routing::Latency { .. } | Routing::Geoproximity { .. } | Routing::Multivalue => true,
        Routing::Failover { primary } => primary,
        Routing::Simple | Routing::Weighted { .. } | Routing::Geolocation { .. } | Routing::Cidr { .. } => {
            false
        }
    };
    automatic && !checked
}

fn no_health(look: &mut Look<'_>, resource: &Resource, region: &RegionCode, record: &DnsRecord) {
    let set = record.set_identifier.as_deref().map(|set| format!(" ({set})")).unwrap_or_default();
    look.add(
        Severity::Warning,
        "record_without_health_check",
        Some(resource),
        Some(region),
        format!("The record of {} for {region}{set} has no health check, so it is answered even when the Region is down.", resource.name),
        "Attach a health check, or evaluate the target's health.",
    );
}

/// Whether the record's health check follows a switch of the application that a data plane sets.
fn follows_switch(look: &Look<'_>, record: &DnsRecord) -> bool {
    let Some(check) = &record.health_check_id else { return false };
    let by_control = |facts: &Facts| matches!(facts, Facts::RoutingControl(control) if control.health_checks.contains(check));
    look.observations.values().filter_map(|sight| sight.known()).any(by_control)
        || switch_objects::is_behind(look, check)
}

/// A primary whose Region no longer writes: as soon as it is healthy, Route 53 sends everybody back to it.
fn onto_stale_data(look: &mut Look<'_>, resource: &Resource, region: &RegionCode, record: &DnsRecord) {
    if follows_switch(look, record) {
        return;
    }
    if let Some(elsewhere) = look.writes_elsewhere(region) {
        look.add(
            Severity::Warning,
            "returns_onto_stale_data",
            Some(resource),
            Some(region),
            format!("{} returns to {region} by itself as soon as that is healthy, and the data is written in {elsewhere}.", resource.name),
            format!("Make the record for {elsewhere} the primary, or hold {region} out by its health check until the failback."),
        );
    }
}

/// Whatever returns traffic by itself may return it onto stale data.
pub(super) fn returns(look: &mut Look<'_>, resource: &Resource, what: &str) {
    look.add(
        Severity::Note,
        "returns_by_itself",
        Some(resource),
        None,
        format!("{what} by themselves when the old Region turns healthy, even onto stale data."),
        "A run holds the old Region out; without a run, keep its health check failing until failback.",
    );
}

fn accelerator(look: &mut Look<'_>, resource: &Resource) {
    let name = &resource.name;
    let mut groups: Vec<(&RegionCode, &AcceleratorGroup)> = Vec::new();
    for region in look.application.regions() {
        if let Some(Facts::AcceleratorGroup(group)) = look.known(resource, region) {
            groups.extend(group.of_all_listeners().map(|group| (region, group)));
        }
    }
    for (region, group) in &groups {
        if group.endpoints.is_empty() {
            look.add(
                Severity::Blocker,
                "no_endpoint",
                Some(resource),
                Some(region),
                format!("{name} has no endpoint in {region}."),
                "Add the Region's load balancer to its endpoint group.",
            );
        } else if group.endpoints.iter().all(|e| e.health.as_deref() == Some("UNHEALTHY")) {
            look.add(
                if group.takes_connections() { Severity::Warning } else { Severity::Blocker },
                "endpoints_unhealthy",
                Some(resource),
                Some(region),
                format!("Every endpoint of {name} in {region} is unhealthy."),
                "Mend what its health checks see.",
            );
        }
    }
    for (region, group) in &groups {
        dials(look, resource, region, group);
    }
    let open: BTreeSet<_> = groups.iter().filter(|(_, g)| g.takes_connections()).map(|(r, _)| *r).collect();
    let all_open = open.len();
    if look.application.strategy == Strategy::ActiveActive && !groups.is_empty() && all_open == 1 {
        one_region(look, resource);
    }
    if !groups.is_empty() {
        returns(look, resource, "Accelerators return traffic");
    }
    look.add(
        Severity::Note,
        "single_region_plane",
        Some(resource),
        None,
        format!("Moving {name} needs Global Accelerator's control plane, which is in us-west-2."),
        "Have its endpoints' health checks fail with the Region, or waive it by name.",
    );
}

/// A dial is no wall, and an open standby takes whoever is nearest to it.
fn dials(look: &mut Look<'_>, resource: &Resource, region: &RegionCode, group: &AcceleratorGroup) {
    let name = &resource.name;
    let one_place = look.application.strategy != Strategy::ActiveActive;
    if one_place
        && group.takes_connections()
        && let Some(elsewhere) = look.writes_elsewhere(region)
    {
        look.add(
            Severity::Warning,
            "open_where_nothing_is_written",
            Some(resource),
            Some(region),
            format!("{name} is open in {region}: it sends whoever is nearest there, and the data is written in {elsewhere}."),
            format!("Set the weights of its endpoints in {region} to 0."),
        );
    }
    if group.traffic_dial_percent == 0 && group.endpoints.iter().any(|e| e.weight > 0) {
        look.add(
            Severity::Note,
            "dial_is_no_wall",
            Some(resource),
            Some(region),
            format!("{name} is dialled down in {region} and its endpoints there have weights: the dial is ignored when no other endpoint is healthy."),
            "Where the Region must stay out, set the weights to 0 as well, as a run does.",
        );
    }
}

fn access_point(look: &mut Look<'_>, resource: &Resource) {
    let mut routes = 0;
    let mut open = 0;
    for region in look.application.regions() {
        if let Some(Facts::AccessPointRoute { traffic_dial_percent, .. }) = look.known(resource, region) {
            routes += 1;
            open += usize::from(*traffic_dial_percent > 0);
        }
    }
    if look.application.strategy == Strategy::ActiveActive && routes > 1 && open == 1 {
        one_region(look, resource);
    }
}

fn one_region(look: &mut Look<'_>, resource: &Resource) {
    look.add(
        Severity::Warning,
        "routed_to_one_region",
        Some(resource),
        None,
        format!("{} leads to one Region only, and the application is active-active.", resource.name),
        "Open another Region, unless one is evacuated on purpose.",
    );
}
