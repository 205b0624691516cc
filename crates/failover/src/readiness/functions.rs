//! Would events be processed, and once: functions, their concurrency and what brings them events.

use super::{Look, Severity};
use holdfast_domain::facts::LambdaFunctionFacts;
use holdfast_domain::{Facts, RegionCode, Resource, ResourceSpec, Strategy};

pub(super) fn look(look: &mut Look<'_>, resource: &Resource) {
    let ResourceSpec::LambdaFunction(spec) = &resource.spec else { return };
    let home = look.application.home_region.clone();
    let mut seen: Vec<(&RegionCode, &LambdaFunctionFacts, &[String])> = Vec::new();
    for (region, place) in look.application.regions().filter_map(|r| Some((r, spec.per_region.get(r)?))) {
        if let Some(Facts::LambdaFunction(function)) = look.known(resource, region) {
            seen.push((region, function, &place.event_source_mappings));
        }
    }
    for (region, function, listed) in &seen {
        works(look, resource, region, function);
        mappings(look, resource, region, function, listed);
    }
    let lists = |region: &RegionCode| {
        spec.per_region.get(region).is_some_and(|p| !p.event_source_mappings.is_empty())
    };
    if lists(&home) {
        for region in look.application.regions().filter(|r| spec.per_region.contains_key(r) && !lists(r)) {
            look.add(
                Severity::Warning,
                "no_mapping_in_recovery",
                Some(resource),
                Some(region),
                format!("{} lists event source mappings in {home} and none in {region}: after a failover nothing would bring it events.", resource.name),
                "Create the mappings there, disabled, and list them in the entry.",
            );
        }
    }
    if look.application.strategy != Strategy::ActiveActive && seen.len() > 1 {
        once(look, resource, &seen);
    }
}

fn works(look: &mut Look<'_>, resource: &Resource, region: &RegionCode, function: &LambdaFunctionFacts) {
    let name = &resource.name;
    if function.state == "Failed" {
        look.add(
            Severity::Blocker,
            "function_failed",
            Some(resource),
            Some(region),
            format!("{name} in {region} is Failed: it cannot be invoked."),
            "Publish the function again.",
        );
    }
    if function.reserved == Some(0) && resource.spec.recovery_size(region).unwrap_or(0) == 0 {
        look.add(
            Severity::Warning,
            "function_stopped",
            Some(resource),
            Some(region),
            format!("{name} in {region} has a reserved concurrency of zero, which stops it."),
            "Set `concurrency` in the entry, so that a failover starts it.",
        );
    }
}

fn mappings(
    look: &mut Look<'_>,
    resource: &Resource,
    region: &RegionCode,
    function: &LambdaFunctionFacts,
    listed: &[String],
) {
    let name = &resource.name;
    for uuid in listed.iter().filter(|uuid| !function.mappings.iter().any(|m| m.uuid == **uuid)) {
        look.add(
            Severity::Blocker,
            "mapping_missing",
            Some(resource),
            Some(region),
            format!("{name} has no event source mapping {uuid} in {region}."),
            "Correct the entry's `event_source_mappings`, or create the mapping.",
        );
    }
    let others = function.mappings.iter().filter(|m| !listed.contains(&m.uuid)).count();
    if others > 0 {
        look.add(
            Severity::Note,
            "mappings_not_listed",
            Some(resource),
            Some(region),
            format!("{name} has {others} event source mappings in {region} that the entry does not list: no failover touches them."),
            "List those that belong to this application.",
        );
    }
}

/// Events are processed in one Region: in two they are processed twice, in none not at all.
fn once(look: &mut Look<'_>, resource: &Resource, seen: &[(&RegionCode, &LambdaFunctionFacts, &[String])]) {
    let name = &resource.name;
    if seen.iter().all(|(_, _, listed)| listed.is_empty()) {
        return;
    }
    let on: Vec<&RegionCode> = seen
        .iter()
        .filter(|(_, function, listed)| {
            function.mappings.iter().any(|m| listed.contains(&m.uuid) && m.is_on())
        })
        .map(|(region, _, _)| *region)
        .collect();
    match on.as_slice() {
        [] => look.add(
            Severity::Warning,
            "events_in_no_region",
            Some(resource),
            seen.first().map(|(region, _, _)| *region),
            format!("No event source mapping of {name} is enabled in any Region: its events wait."),
            "Enable the mappings where the application is served.",
        ),
        [_] => {}
        [first, ..] => look.add(
            Severity::Warning,
            "events_in_both_regions",
            Some(resource),
            Some(first),
            format!(
                "Event source mappings of {name} are enabled in {}: what is replicated may be processed twice.",
                on.iter().map(|r| r.as_str()).collect::<Vec<_>>().join(" and ")
            ),
            "Disable those of the Region that does not serve; a failover enables them.",
        ),
    }
}
