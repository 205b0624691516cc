//! Global Accelerator: open the target's group first, then close the one being left. Weights go to zero with
//! the dial, because an accelerator whose groups are all dialled down sends traffic to them again.

use super::draft::{Draft, Making};
use crate::change::Change;
use crate::refusal::Refusal;
use crate::serving::is_open;
use crate::step::Work;
use holdfast_domain::facts::AcceleratorGroup;
use holdfast_domain::{Facts, RegionCode, Resource, StepId};

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
            groups.push((region, group));
        }
    }
    let Some((_, target)) = groups.iter().find(|(r, _)| r == to) else {
        return draft.cannot(
            &format!("{name} has no known endpoint group in {to}."),
            "Add an endpoint group there, then refresh.",
        );
    };
    if target.endpoints.is_empty() {
        return draft.cannot(
            &format!("{name} has no endpoint in {to}."),
            "Add the Region's load balancer to its endpoint group, then refresh.",
        );
    }
    let regions: Vec<RegionCode> = groups.iter().map(|(r, _)| r.clone()).collect();
    let mut opens = Vec::new();
    let mut closes = Vec::new();
    for (region, now) in &groups {
        let wanted = aim(draft, resource, region, now);
        if same(now, &wanted) {
            continue;
        }
        if is_open(&wanted) {
            opens.push((region, *now, wanted))
        } else {
            closes.push((region, *now, wanted))
        }
    }
    let mut ids = Vec::new();
    for (region, now, wanted) in opens {
        ids.push(set(draft, resource, "open", region, now, wanted, vec![region.clone()], after)?);
    }
    let opened = if ids.is_empty() { after.to_vec() } else { ids.clone() };
    for (region, now, wanted) in closes {
        // It reads every Region: closing looks whether another is open.
        ids.push(set(draft, resource, "close", region, now, wanted, regions.clone(), &opened)?);
    }
    Ok(ids)
}

fn aim(
    draft: &Draft<'_>,
    resource: &Resource,
    region: &RegionCode,
    now: &AcceleratorGroup,
) -> AcceleratorGroup {
    let mut wanted = now.clone();
    if let Some(Facts::AcceleratorGroup(before)) = draft.led(&resource.name, region) {
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
    let keeps = draft.is_evacuation() && is_open(now);
    let aimed = draft.led(&resource.name, region).is_some() && is_open(&wanted);
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
    verb: &str,
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
    draft.add(Making {
        id: (verb, &[resource.name.as_str(), region.as_str()]),
        title: format!("{word} {} in {region}", resource.name),
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
