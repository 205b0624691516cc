//! CloudFront: in every origin group the target's origin is tried first. Requests still fail over to the other
//! origin one by one, so this is for staying there, not for getting there quickly.

use super::draft::{Draft, Making};
use crate::change::Change;
use crate::refusal::Refusal;
use crate::step::Work;
use holdfast_domain::facts::DistributionOrigin;
use holdfast_domain::resource::CloudfrontDistribution;
use holdfast_domain::{Facts, RegionCode, Resource, StepId};
use std::collections::BTreeMap;

pub(super) fn swap(
    draft: &mut Draft<'_>,
    resource: &Resource,
    spec: &CloudfrontDistribution,
    after: &[StepId],
) -> Result<Vec<StepId>, Refusal> {
    let name = &resource.name;
    let to = &draft.movement.to;
    let mut seen: BTreeMap<RegionCode, &DistributionOrigin> = BTreeMap::new();
    for region in draft.seen_regions(name) {
        if let Some(Facts::DistributionOrigin(origin)) = draft.last(name, &region) {
            seen.insert(region, origin);
        }
    }
    let Some(target) = seen.get(to).copied().filter(|o| !o.origins.is_empty()) else {
        return draft.cannot(
            &format!("{name} has no known origin in {to}."),
            "Add the Region's origin to the distribution's origin group, then refresh.",
        );
    };
    if !target.enabled {
        return draft.cannot(&format!("{name} is disabled and serves nothing."), "Enable the distribution.");
    }
    let first = match primaries(draft, resource, target, &seen) {
        Ok(first) => first,
        Err(group) => {
            return draft.cannot(
                &format!("Origin group {group} of {name} has no origin in {to}."),
                "Add the Region's origin to the group, then refresh.",
            );
        }
    };
    let primaries: BTreeMap<String, String> = first
        .into_iter()
        .filter(|(group, origin)| target.groups.get(group).and_then(|m| m.first()) != Some(origin))
        .collect();
    if primaries.is_empty() {
        return Ok(Vec::new());
    }
    let text = |origin: &dyn Fn(&String) -> Option<String>| {
        target
            .groups
            .keys()
            .filter_map(|group| Some(format!("{group}: {} first", origin(group)?)))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let now = |group: &String| target.groups.get(group).and_then(|members| members.first()).cloned();
    let value_now = text(&now);
    let value_to_be = text(&|group| primaries.get(group).cloned().or_else(|| now(group)));
    let id = draft.add(Making {
        id: ("swap", &[name.as_str()]),
        title: format!("Let {name} try the origin in {to} first"),
        work: Work::Call {
            change: Change::SetPrimaryOrigins {
                distribution_id: spec.distribution_id.clone(),
                etag: target.etag.clone(),
                primaries,
            },
        },
        resource: Some(name),
        regions: seen.keys().cloned().collect(),
        after: after.to_vec(),
        // A distribution reaches every edge in minutes, seldom in a quarter of an hour.
        timeout_seconds: 1_800,
        value_now,
        value_to_be,
        ..Making::default()
    })?;
    Ok(vec![id])
}

/// Of each group, the origin to be tried first; the group that has none to offer is the error.
fn primaries(
    draft: &Draft<'_>,
    resource: &Resource,
    target: &DistributionOrigin,
    seen: &BTreeMap<RegionCode, &DistributionOrigin>,
) -> Result<BTreeMap<String, String>, String> {
    let to = &draft.movement.to;
    let before = match draft.led(&resource.name, to) {
        Some(Facts::DistributionOrigin(before)) => Some(before),
        _ => None,
    };
    let left = draft.leaving().and_then(|from| seen.get(from));
    let mut first = BTreeMap::new();
    for (group, members) in &target.groups {
        let Some(now) = members.first() else { continue };
        let stood = before
            .and_then(|b| b.groups.get(group)?.first())
            .filter(|stood| members.contains(stood) && target.origins.contains(stood));
        let of_target = members.iter().find(|member| target.origins.contains(member));
        let is_left = left.is_some_and(|from| from.origins.contains(now));
        // What is restored comes back where it stood. Otherwise everything comes to the target, but of an
        // active-active application only what the Region being left served.
        let one_place = draft.leaving().is_some() && !draft.is_evacuation();
        let moves = is_left
            || match before {
                Some(_) => stood.is_some_and(|stood| stood != now),
                None => one_place && !target.origins.contains(now),
            };
        let elsewhere =
            || members.iter().find(|member| !left.is_some_and(|from| from.origins.contains(member)));
        let wanted = match (stood.or(of_target), moves) {
            (Some(origin), true) => origin,
            (None, true) if draft.is_evacuation() => elsewhere().ok_or_else(|| group.clone())?,
            // A group within the Region being left, or one of some third place, has nothing to move to.
            (None, true) if is_left => return Err(group.clone()),
            _ => now,
        };
        first.insert(group.clone(), wanted.clone());
    }
    Ok(first)
}
