//! Global Accelerator: open the target's group first, then close the one being left. Weights go to zero with
//! the dial, because an accelerator whose groups are all dialled down sends traffic to them again.

use super::draft::{Draft, Making};
use crate::change::Change;
use crate::refusal::Refusal;
use crate::step::Work;
use holdfast_domain::facts::AcceleratorGroup;
use holdfast_domain::{Facts, RegionCode, Resource, StepId};
use std::collections::BTreeSet;

/// The weight that AWS gives an endpoint unless told otherwise.
const DEFAULT_WEIGHT: i32 = 128;

pub(super) fn open_and_close(
    draft: &mut Draft<'_>,
    resource: &Resource,
    after: &[StepId],
) -> Result<Vec<StepId>, Refusal> {
    let name = &resource.name;
    let to = &draft.movement.to;
    let mut groups: Vec<(RegionCode, &AcceleratorGroup)> = Vec::new();
    for region in draft.seen_regions(name) {
        if let Some(Facts::AcceleratorGroup(group)) = draft.last(name, &region) {
            groups.extend(group.of_all_listeners().map(|group| (region.clone(), group)));
        }
    }
    let targets: Vec<&AcceleratorGroup> = groups.iter().filter(|(r, _)| r == to).map(|(_, g)| *g).collect();
    if targets.is_empty() {
        return draft.cannot(
            &format!("{name} has no known endpoint group in {to}."),
            "Add an endpoint group there, then refresh.",
        );
    }
    // A listener that leads to the Region being left alone would lose its traffic, or keep it there.
    let left = groups.iter().filter(|(region, _)| draft.leaving() == Some(region));
    let is_led = |group: &AcceleratorGroup| targets.iter().any(|g| g.listener() == group.listener());
    let alone: BTreeSet<&str> = left.filter(|(_, g)| !is_led(g)).map(|(_, g)| g.listener()).collect();
    for listener in alone {
        draft.cannot(
            &format!("The listener {listener} of {name} has no endpoint group in {to}."),
            "Add one with the Region's load balancer to that listener, then refresh.",
        )?;
    }
    if targets.iter().any(|group| group.endpoints.is_empty()) {
        return draft.cannot(
            &format!("{name} has no endpoint in {to}."),
            "Add the Region's load balancer to its endpoint group, then refresh.",
        );
    }
    let mut regions: Vec<RegionCode> = groups.iter().map(|(r, _)| r.clone()).collect();
    regions.dedup();
    let several =
        groups.iter().any(|(_, group)| group.listener() != targets.first().map_or("", |g| g.listener()));
    let mut opens = Vec::new();
    let mut closes = Vec::new();
    for (region, now) in groups.iter().filter(|(_, group)| is_led(group)) {
        let wanted = aim(draft, resource, region, now);
        if same(now, &wanted) {
            continue;
        }
        if wanted.takes_connections() {
            opens.push((region, *now, wanted))
        } else {
            closes.push((region, *now, wanted))
        }
    }
    let mut ids = Vec::new();
    for (region, now, wanted) in opens {
        let verb = ("open", several);
        ids.push(set(draft, resource, verb, region, now, wanted, vec![region.clone()], after)?);
    }
    let opened = if ids.is_empty() { after.to_vec() } else { ids.clone() };
    for (region, now, wanted) in closes {
        // It reads every Region: closing looks whether another is open.
        ids.push(set(draft, resource, ("close", several), region, now, wanted, regions.clone(), &opened)?);
    }
    Ok(ids)
}

/// What the group of one listener is to become.
fn aim(
    draft: &Draft<'_>,
    resource: &Resource,
    region: &RegionCode,
    now: &AcceleratorGroup,
) -> AcceleratorGroup {
    let mut wanted = AcceleratorGroup { others: Vec::new(), ..now.clone() };
    let before = match draft.led(&resource.name, region) {
        Some(Facts::AcceleratorGroup(before)) => {
            before.of_all_listeners().find(|group| group.listener() == now.listener())
        }
        _ => None,
    };
    if let Some(before) = before {
        wanted.traffic_dial_percent = before.traffic_dial_percent;
        for endpoint in &mut wanted.endpoints {
            if let Some(stood) = before.endpoints.iter().find(|e| e.id == endpoint.id) {
                endpoint.weight = stood.weight;
            }
        }
    } else if draft.leaving() == Some(region) {
        wanted.traffic_dial_percent = 0;
        for endpoint in &mut wanted.endpoints {
            endpoint.weight = 0;
        }
    }
    // A Region that serves already keeps its share when another is evacuated. Otherwise the target, whatever
    // stood before, is open afterwards.
    let keeps = draft.is_evacuation() && now.takes_connections();
    let aimed = before.is_some() && wanted.takes_connections();
    if *region == draft.movement.to && !keeps && !aimed {
        wanted.traffic_dial_percent = 100;
        for endpoint in &mut wanted.endpoints {
            if endpoint.weight == 0 {
                endpoint.weight = DEFAULT_WEIGHT;
            }
        }
    }
    wanted
}

fn same(a: &AcceleratorGroup, b: &AcceleratorGroup) -> bool {
    let weights = |g: &AcceleratorGroup| g.endpoints.iter().map(|e| e.weight).collect::<Vec<_>>();
    a.traffic_dial_percent == b.traffic_dial_percent && weights(a) == weights(b)
}

#[expect(clippy::too_many_arguments, reason = "one step is made of all of them, and only here")]
fn set(
    draft: &mut Draft<'_>,
    resource: &Resource,
    (verb, several): (&str, bool),
    region: &RegionCode,
    now: &AcceleratorGroup,
    wanted: AcceleratorGroup,
    regions: Vec<RegionCode>,
    after: &[StepId],
) -> Result<StepId, Refusal> {
    let text = |g: &AcceleratorGroup| {
        let weights: Vec<_> = g.endpoints.iter().map(|e| e.weight.to_string()).collect();
        format!("dial {}, weights {}", g.traffic_dial_percent, weights.join(" "))
    };
    let word = if verb == "open" { "Open" } else { "Close" };
    let (value_now, value_to_be) = (text(now), text(&wanted));
    let listener = now.listener().rsplit('/').next().unwrap_or_default().to_owned();
    let name = resource.name.as_str();
    let about = [name, region.as_str(), listener.as_str()];
    draft.add(Making {
        id: (verb, if several { &about } else { &about[..2] }),
        title: if several {
            format!("{word} {name} in {region}, listener {listener}")
        } else {
            format!("{word} {name} in {region}")
        },
        work: Work::Call {
            change: Change::SetAcceleratorGroup {
                endpoint_group_region: region.clone(),
                endpoint_group_arn: wanted.endpoint_group_arn,
                traffic_dial_percent: wanted.traffic_dial_percent,
                // Health is AWS's to tell and not part of what is set.
                endpoints: wanted
                    .endpoints
                    .into_iter()
                    .map(|e| holdfast_domain::facts::AcceleratorEndpoint { health: None, ..e })
                    .collect(),
            },
        },
        resource: Some(&resource.name),
        regions,
        after: after.to_vec(),
        timeout_seconds: 600,
        value_now,
        value_to_be,
        ..Making::default()
    })
}
