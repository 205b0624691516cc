//! Could the traffic be moved, would it be quick enough, and would it come back by itself.

use super::{Look, Severity};
use crate::serving::is_open;
use holdfast_domain::facts::{AcceleratorGroup, DnsRecord, Routing};
use holdfast_domain::{Facts, RegionCode, Resource, ResourceSpec, Strategy};

pub(super) fn look(look: &mut Look<'_>, resource: &Resource) {
    match &resource.spec {
        ResourceSpec::Route53Records(_) => records(look, resource),
        ResourceSpec::GlobalAccelerator(_) => accelerator(look, resource),
        ResourceSpec::S3MultiRegionAccessPoint(_) => access_point(look, resource),
        _ => {}
    }
}

fn records(look: &mut Look<'_>, resource: &Resource) {
    let name = &resource.name;
    let rto = look.application.objectives.rto;
    let mut simple = false;
    let mut failover = false;
    for region in look.application.regions() {
        let Some(Facts::DnsRecord { record }) = look.known(resource, region) else { continue };
        let Some(record) = record else {
            look.add(
                Severity::Warning,
                "no_record_for_region",
                Some(resource),
                Some(region),
                format!("{name} has no record for {region}."),
                format!("Where it was not taken out by a run, add a record for {region} to the set."),
            );
            continue;
        };
        simple |= record.routing == Routing::Simple;
        failover |= matches!(record.routing, Routing::Failover { .. });
        if let Some(ttl) = record.ttl_seconds
            && ttl.saturating_mul(2) > i64::from(rto.get())
        {
            look.add(
                Severity::Warning,
                "ttl_too_long",
                Some(resource),
                Some(region),
                format!("Resolvers keep {name} for {ttl} s, more than half of the RTO of {rto}."),
                "Lower the TTL, to 60 s say.",
            );
        }
        no_health(look, resource, region, record);
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
    look.add(
        Severity::Note,
        "single_region_plane",
        Some(resource),
        None,
        format!("Moving {name} needs Route 53's control plane, which is in us-east-1."),
        "Have a data-plane switch as well (routing controls, health checks that you can fail), or waive it by name.",
    );
}

fn no_health(look: &mut Look<'_>, resource: &Resource, region: &RegionCode, record: &DnsRecord) {
    let checked =
        record.health_check_id.is_some() || record.alias.as_ref().is_some_and(|a| a.evaluate_target_health);
    let automatic = match record.routing {
        Routing::Latency { .. } => true,
        Routing::Failover { primary } => primary,
        Routing::Simple | Routing::Weighted { .. } | Routing::Geolocation { .. } => false,
    };
    if automatic && !checked {
        look.add(
            Severity::Warning,
            "record_without_health_check",
            Some(resource),
            Some(region),
            format!("The record of {} for {region} has no health check, so it is answered even when the Region is down.", resource.name),
            "Attach a health check, or evaluate the target's health.",
        );
    }
}

/// Whatever returns traffic by itself may return it onto stale data.
fn returns(look: &mut Look<'_>, resource: &Resource, what: &str) {
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
            groups.push((region, group));
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
                if is_open(group) { Severity::Warning } else { Severity::Blocker },
                "endpoints_unhealthy",
                Some(resource),
                Some(region),
                format!("Every endpoint of {name} in {region} is unhealthy."),
                "Mend what its health checks see.",
            );
        }
    }
    let all_open = groups.iter().filter(|(_, g)| is_open(g)).count();
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
