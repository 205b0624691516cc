//! Event sources: stopped in the Region being left before anything else changes, started in the target once traffic
//! is seen there. Only the mappings that the inventory lists; a function may have others for other ends.

use super::draft::{Draft, Making};
use crate::change::Change;
use crate::movement::Mode;
use crate::refusal::Refusal;
use crate::step::Work;
use holdfast_domain::facts::EventSourceMapping;
use holdfast_domain::resource::LambdaFunction;
use holdfast_domain::{Facts, Name, RegionCode, Resource, ResourceSpec, StepId};

/// An emergency gives the Region being left this long to stop its event sources; nothing waits for it meanwhile.
const EMERGENCY_SECONDS: u32 = 60;

fn functions<'a>(draft: &Draft<'a>) -> Vec<(&'a Resource, &'a LambdaFunction)> {
    let resources = draft.picture.application.resources.iter();
    resources
        .filter_map(|r| match &r.spec {
            ResourceSpec::LambdaFunction(spec) => Some((r, spec)),
            _ => None,
        })
        .collect()
}

fn listed<'a>(spec: &'a LambdaFunction, region: &RegionCode) -> &'a [String] {
    spec.per_region.get(region).map(|p| p.event_source_mappings.as_slice()).unwrap_or_default()
}

/// `None`: the function was not seen. `Some(None)`: it was, and has no such mapping.
fn mapping<'a>(facts: Option<&'a Facts>, uuid: &str) -> Option<Option<&'a EventSourceMapping>> {
    match facts {
        Some(Facts::LambdaFunction(f)) => Some(f.mappings.iter().find(|m| m.uuid == uuid)),
        _ => None,
    }
}

/// The steps that all that follows waits for. An emergency's are not among them: the Region may be gone.
pub(super) fn stop(draft: &mut Draft<'_>, observe: &StepId) -> Result<Vec<StepId>, Refusal> {
    let Some(from) = draft.leaving() else { return Ok(Vec::new()) };
    let emergency = draft.movement.mode == Mode::Emergency;
    let mut ids = Vec::new();
    let mut beside = false;
    for (resource, spec) in functions(draft) {
        let name = &resource.name;
        let mappings = listed(spec, from);
        if mappings.is_empty() {
            continue;
        }
        if emergency && draft.known(name, from).is_none() {
            draft.note(format!(
                "The event sources of {name} in {from} are not stopped: {from} could not be seen. Disable them as soon as it answers again, before it processes what {} has processed.",
                draft.movement.to
            ));
            continue;
        }
        for (place, uuid) in mappings.iter().enumerate() {
            let found = mapping(draft.last(name, from), uuid);
            if found == Some(None) {
                ids.extend(missing(draft, name, uuid, from)?);
                continue;
            }
            // What brought events here before the failover too goes on after the failback.
            let stays =
                mapping(draft.before(name, from), uuid).flatten().is_some_and(EventSourceMapping::is_on);
            let off = found.flatten().is_some_and(|m| m.state == "Disabled");
            if stays || off {
                continue;
            }
            let id = set(draft, resource, spec, (place, uuid), from, false, std::slice::from_ref(observe))?;
            if emergency {
                beside = true;
            } else {
                ids.push(id);
            }
        }
    }
    if beside {
        draft.note(format!(
            "Nothing waits for {from} to stop its event sources: an emergency goes on meanwhile."
        ));
    }
    Ok(ids)
}

/// Once traffic is confirmed in the target.
pub(super) fn start(draft: &mut Draft<'_>, after: &[StepId]) -> Result<(), Refusal> {
    let to = &draft.movement.to;
    for (resource, spec) in functions(draft) {
        let name = &resource.name;
        for (place, uuid) in listed(spec, to).iter().enumerate() {
            let found = mapping(draft.last(name, to), uuid);
            if found == Some(None) {
                missing(draft, name, uuid, to)?;
                continue;
            }
            // What brought no events here before the failover stays off after the failback.
            let stays = mapping(draft.before(name, to), uuid).flatten().is_some_and(|m| !m.is_on());
            let on = found.flatten().is_some_and(|m| m.state == "Enabled");
            if !stays && !on {
                set(draft, resource, spec, (place, uuid), to, true, after)?;
            }
        }
    }
    Ok(())
}

fn missing(
    draft: &mut Draft<'_>,
    name: &Name,
    uuid: &str,
    region: &RegionCode,
) -> Result<Vec<StepId>, Refusal> {
    draft.cannot(
        &format!("{name} has no event source mapping {uuid} in {region}."),
        "Correct the entry's `event_source_mappings`, then refresh.",
    )
}

fn set(
    draft: &mut Draft<'_>,
    resource: &Resource,
    spec: &LambdaFunction,
    (place, uuid): (usize, &str),
    region: &RegionCode,
    enabled: bool,
    after: &[StepId],
) -> Result<StepId, Refusal> {
    let name = &resource.name;
    let found = mapping(draft.last(name, region), uuid).flatten();
    let source =
        found.and_then(|m| m.source.as_deref()).map_or(uuid, |arn| arn.rsplit(':').next().unwrap_or(arn));
    let (verb, word) = if enabled { ("start", "Start") } else { ("stop", "Stop") };
    let hurried = draft.movement.mode == Mode::Emergency && !enabled;
    draft.add(Making {
        id: (verb, &[name.as_str(), &(place + 1).to_string(), region.as_str()]),
        title: format!("{word} the events of {source} to {name} in {region}"),
        work: Work::Call {
            change: Change::SetEventSource {
                region: region.clone(),
                function: spec.function.clone(),
                mapping: uuid.to_owned(),
                enabled,
            },
        },
        resource: Some(name),
        regions: vec![region.clone()],
        after: after.to_vec(),
        timeout_seconds: if hurried { EMERGENCY_SECONDS } else { 300 },
        value_now: found.map_or_else(|| "not known".into(), |m| m.state.clone()),
        value_to_be: if enabled { "Enabled" } else { "Disabled" }.into(),
        ..Making::default()
    })
}
