//! Would the capacity be there: services, their sizes, whether they are steady.

use super::{Look, Severity};
use holdfast_domain::{Facts, RegionCode, Resource, ResourceSpec, Strategy};

pub(super) fn look(look: &mut Look<'_>, resource: &Resource) {
    let ResourceSpec::EcsService(spec) = &resource.spec else { return };
    let name = &resource.name;
    for region in look.application.regions() {
        let Some(place) = spec.per_region.get(region) else {
            look.add(
                Severity::Blocker,
                "service_missing",
                Some(resource),
                Some(region),
                format!("{name} has no service in {region}."),
                format!("Create it there and add {region} to the entry, or take the Region out of the application."),
            );
            continue;
        };
        let Some(Facts::EcsService(service)) = look.known(resource, region) else { continue };
        if service.status != "ACTIVE" {
            look.add(
                Severity::Blocker,
                "service_not_active",
                Some(resource),
                Some(region),
                format!("{name} in {region} is {}.", service.status),
                "Create the service again.",
            );
            continue;
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
        if look.application.strategy == Strategy::WarmStandby && *region != look.application.home_region {
            standby(look, resource, region, service.desired, place.desired_in_recovery);
        }
    }
}

fn standby(look: &mut Look<'_>, resource: &Resource, region: &RegionCode, now: u32, wanted: Option<u32>) {
    let name = &resource.name;
    if now == 0 {
        look.add(
            Severity::Warning,
            "standby_empty",
            Some(resource),
            Some(region),
            format!("{name} runs no task in {region}: a warm standby is a working copy, and this one is not proven to start."),
            "Keep at least one task running there.",
        );
    }
    match wanted {
        Some(wanted) if now < wanted => look.add(
            Severity::Note,
            "capacity_to_raise",
            Some(resource),
            Some(region),
            format!("{name} has {now} tasks in {region}; a failover raises it to {wanted}, if there is capacity then."),
            "Check quotas and capacity reservations of the Region.",
        ),
        Some(_) => {}
        None => look.add(
            Severity::Note,
            "recovery_size_not_set",
            Some(resource),
            Some(region),
            format!("{name} has no `desired_in_recovery` in {region}: a failover takes the size of the Region being left."),
            "Set `desired_in_recovery`, so that the size is known when that Region cannot be seen.",
        ),
    }
}
