//! ARC routing controls: the target's on and the other's off, in one call that the cluster takes whole or not at
//! all. No order is needed, and no moment comes in which both or neither are on.

use super::draft::{Draft, Making};
use crate::change::{Change, RoutingControlTarget};
use crate::movement::Mode;
use crate::refusal::Refusal;
use crate::serving::Health;
use crate::step::Work;
use holdfast_domain::facts::RoutingControl;
use holdfast_domain::resource::ArcRoutingControl;
use holdfast_domain::{Facts, Name, RegionCode, Resource, ResourceSpec, StepId};
use std::collections::BTreeMap;

/// Entries that `UpdateRoutingControlStates` takes.
const MAX_ENTRIES: usize = 10;

/// Region to its control and whether it is to be on.
type Aims<'a> = BTreeMap<RegionCode, (&'a RoutingControl, bool)>;

fn aims<'a>(draft: &Draft<'a>, name: &Name) -> Aims<'a> {
    let to = &draft.movement.to;
    let mut aims = Aims::new();
    for region in draft.seen_regions(name) {
        let Some(Facts::RoutingControl(control)) = draft.last(name, &region) else { continue };
        let on = match draft.led(name, &region) {
            // Whatever stood before, the target is on afterwards.
            _ if region == *to => true,
            Some(Facts::RoutingControl(before)) => before.on,
            _ if draft.leaving() == Some(&region) => false,
            _ => control.on,
        };
        aims.insert(region, (control, on));
    }
    aims
}

/// What the health checks that follow the application's controls say once the plan has set them.
pub(super) fn health_afterwards<'a>(draft: &Draft<'a>) -> Health<'a> {
    let mut health = Health::new();
    for resource in &draft.picture.application.resources {
        if !matches!(resource.spec, ResourceSpec::ArcRoutingControl(_)) {
            continue;
        }
        let aims = aims(draft, &resource.name);
        // Without the target's control the plan sets none.
        if aims.contains_key(&draft.movement.to) {
            for (control, on) in aims.into_values() {
                health.extend(control.health_checks.iter().map(|id| (id.as_str(), on)));
            }
        }
    }
    health
}

pub(super) fn switch(
    draft: &mut Draft<'_>,
    resource: &Resource,
    spec: &ArcRoutingControl,
    after: &[StepId],
) -> Result<Vec<StepId>, Refusal> {
    let name = &resource.name;
    let to = &draft.movement.to;
    let aims = aims(draft, name);
    let Some((target, _)) = aims.get(to) else {
        return draft.cannot(
            &format!("{name} has no known routing control for {to}."),
            "Name the Region's control under per_region, then refresh.",
        );
    };
    let endpoints = target.endpoints.clone();
    let controls: BTreeMap<RegionCode, RoutingControlTarget> = aims
        .iter()
        .filter(|(_, (control, on))| control.on != *on)
        .map(|(region, (control, on))| {
            (region.clone(), RoutingControlTarget { control_arn: control.control_arn.clone(), on: *on })
        })
        .collect();
    if controls.is_empty() {
        return Ok(Vec::new());
    }
    if controls.len() > MAX_ENTRIES {
        return draft.cannot(
            &format!("{name} has {} controls to set, and ARC takes {MAX_ENTRIES} at once.", controls.len()),
            "Split the Regions over several entries of the inventory.",
        );
    }
    if let Some(rule) = violated(&aims, &controls) {
        let sentence = format!("The safety rule {rule} of {name} does not allow what the plan would set.");
        let way_out = "Change the rule or its gating controls in ARC; Holdfast overrides no safety rule.";
        if draft.movement.mode == Mode::Planned {
            return Err(Refusal::new("not_ready", sentence, way_out));
        }
        // Its step stays: the rule may have been changed since it was read, and the cluster has the last word.
        draft.note(format!("{sentence} {way_out}"));
    }
    let text = |on: &dyn Fn(&RegionCode, &RoutingControl) -> bool| {
        aims.iter()
            .map(|(region, (control, _))| {
                format!("{region} {}", if on(region, control) { "On" } else { "Off" })
            })
            .collect::<Vec<_>>()
            .join(", ")
    };
    let value_now = text(&|_, control| control.on);
    let value_to_be = text(&|region, control| controls.get(region).map_or(control.on, |c| c.on));
    let regions = aims.keys().cloned().collect();
    let id = draft.add(Making {
        id: ("switch", &[name.as_str()]),
        title: format!("Switch {name} to {to}"),
        work: Work::Call {
            change: Change::SetRoutingControls { cluster_arn: spec.cluster_arn.clone(), endpoints, controls },
        },
        resource: Some(name),
        regions,
        after: after.to_vec(),
        timeout_seconds: 180,
        value_now,
        value_to_be,
        ..Making::default()
    })?;
    Ok(vec![id])
}

/// The name of a rule that would refuse the change, as far as that can be told from what is known.
fn violated<'a>(aims: &Aims<'a>, controls: &BTreeMap<RegionCode, RoutingControlTarget>) -> Option<&'a str> {
    let afterwards: BTreeMap<&str, bool> =
        aims.values().map(|(control, on)| (control.control_arn.as_str(), *on)).collect();
    let rules = aims.iter().filter(|(region, _)| controls.contains_key(*region));
    rules
        .flat_map(|(_, (control, _))| &control.safety_rules)
        .find(|rule| rule.holds(&afterwards) == Some(false))
        .map(|rule| rule.name.as_str())
}
