//! The Region that was left has come back: what still works there does so beside the Region that serves now.

use super::{Left, Look, Severity};
use crate::plan::works_on;
use crate::serving::serving;
use holdfast_domain::{Application, Facts, Resource, ResourceSpec, Strategy};

pub(super) fn look(look: &mut Look<'_>, left: Option<&Left>) {
    let (application, Some(left)) = (look.application, left) else { return };
    if application.strategy == Strategy::ActiveActive
        || !serving(application, look.observations).is_all_in(&left.to)
    {
        return;
    }
    for resource in &application.resources {
        let Some(facts) = look.known(resource, &left.from) else { continue };
        let works = still_works(resource, facts, left).or_else(|| still_runs(application, resource, facts));
        let Some(works) = works else { continue };
        let (from, to) = (&left.from, &left.to);
        look.add(
            Severity::Warning,
            "left_region_works",
            Some(resource),
            Some(from),
            format!("{from} was left and can be seen again: {works}"),
            format!("Ask for the planned failover from {from} to {to} once more: it is done, so that nothing is moved, and {from} is fenced and held out."),
        );
    }
}

/// Where the strategy has nothing run in a Region that stands by.
fn still_runs(application: &Application, resource: &Resource, facts: &Facts) -> Option<String> {
    let runs = works_on(application.strategy, facts)?;
    let strategy = application.strategy.as_str().replace('_', " ");
    Some(format!(
        "{runs} of {} still run there, and {strategy} has nothing run in a Region that stands by.",
        resource.name
    ))
}

fn still_works(resource: &Resource, facts: &Facts, left: &Left) -> Option<String> {
    let name = &resource.name;
    match (&resource.spec, facts) {
        (ResourceSpec::LambdaFunction(spec), Facts::LambdaFunction(function)) => {
            let listed = &spec.per_region.get(&left.from)?.event_source_mappings;
            let on = function.mappings.iter().any(|m| listed.contains(&m.uuid) && m.is_on());
            on.then(|| format!("events still reach {name} there, beside {}.", left.to))
        }
        // Who writes to it shows nowhere; that nobody does is somebody's word, given since or not.
        _ if left.unfenced && facts.leaves_old_writer() && facts.writes() == Some(true) => {
            Some(format!("{name} there takes writes of its own, which never reach {}.", left.to))
        }
        _ => None,
    }
}
