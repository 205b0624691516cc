//! Are the Route 53 health checks true to life: do they watch the Region that they guard, and would they notice
//! that it is gone.

use super::{Look, Severity, switch_objects};
use crate::plan::named_by_record;
use holdfast_domain::facts::{HealthCheck, Watched};
use holdfast_domain::{Facts, RegionCode, Resource, region_within};

pub(super) fn look(look: &mut Look<'_>, resource: &Resource) {
    // The same from every Region.
    let seen = look.application.regions().find_map(|region| match look.known(resource, region)? {
        Facts::HealthCheck(check) => Some((region, check)),
        _ => None,
    });
    let Some((at, check)) = seen else { return };
    settings(look, resource, at, check);
    watched(look, resource, at, check);
}

fn settings(look: &mut Look<'_>, resource: &Resource, at: &RegionCode, check: &HealthCheck) {
    let name = &resource.name;
    // What is held by an object is told of the object, and inverted it must be.
    let is_switch = switch_objects::is_behind(look, &check.id);
    let mut warn = |code: &str, sentence: String, way_out: &str| {
        look.add(Severity::Warning, code, Some(resource), Some(at), sentence, way_out);
    };
    match (check.disabled, check.inverted) {
        (true, true) => warn(
            "health_check_held_out",
            format!("{name} is disabled and inverted: it counts as unhealthy whatever its endpoint does."),
            "A failback lets its Region in again; where no run of Holdfast held it out, find out who did.",
        ),
        (true, false) => warn(
            "health_check_disabled",
            format!(
                "{name} is disabled: it counts as healthy, and its Region keeps its traffic even when it is gone."
            ),
            "Enable it; to take its Region out, invert it as well.",
        ),
        // To invert what watches an alarm or other checks is a usual way to have a switch in the standby Region.
        (false, true) if matches!(check.watches, Watched::Endpoint { .. }) && !is_switch => warn(
            "health_check_inverted",
            format!(
                "{name} is inverted: its Region is taken out while its endpoint answers, and brought in when it fails."
            ),
            "Take the inversion back.",
        ),
        _ => {}
    }
    match check.counts_healthy() {
        Some(false) if !check.is_held_out() && !is_switch => warn(
            "health_check_unhealthy",
            format!(
                "{name} counts as unhealthy: Route 53 answers with what it guards only when nothing else is healthy."
            ),
            "Mend what it watches.",
        ),
        None if matches!(check.watches, Watched::Endpoint { .. }) => look.add(
            Severity::Unknown,
            "health_not_told",
            Some(resource),
            Some(at),
            format!("No checker reports on {name}."),
            "A new health check needs a minute; after that, see its status in the Route 53 console.",
        ),
        _ => {}
    }
}

fn watched(look: &mut Look<'_>, resource: &Resource, at: &RegionCode, check: &HealthCheck) {
    let name = &resource.name;
    match &check.watches {
        Watched::Alarm { region, name: alarm, insufficient_data } if insufficient_data == "Healthy" => look.add(
            Severity::Warning,
            "no_data_is_healthy",
            Some(resource),
            Some(at),
            format!("{name} counts as healthy when the alarm {alarm} in {region} has no data, which is what a Region that is gone looks like."),
            "Set `InsufficientDataHealthStatus` to Unhealthy.",
        ),
        Watched::Endpoint { address, .. } if !switch_objects::is_behind(look, &check.id) => {
            let guarded =
                named_by_record(look.application, check, |resource, region| look.known(resource, region));
            if let (Some(watched), Some(guarded)) = (region_within(address), guarded)
                && watched != *guarded
            {
                look.add(
                    Severity::Warning,
                    "watches_other_region",
                    Some(resource),
                    Some(at),
                    format!("{name} guards the record for {guarded} and watches {address}, which is in {watched}."),
                    format!("Let it watch an endpoint in {guarded}."),
                );
            }
        }
        Watched::Calculated { children, threshold } if usize::try_from(*threshold).is_ok_and(|t| t == 0) => look.add(
            Severity::Warning,
            "always_healthy",
            Some(resource),
            Some(at),
            format!("{name} counts as healthy when none of its {} checks is.", children.len()),
            "Set its threshold to one at least.",
        ),
        Watched::Endpoint { .. }
        | Watched::Alarm { .. }
        | Watched::Calculated { .. }
        | Watched::RoutingControl { .. } => {}
    }
}
