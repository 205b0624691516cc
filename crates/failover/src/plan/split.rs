//! Who takes over what of the load of a Region that leaves an active-active application: by which rule, in which parts, and
//! how parts become whole numbers that sum to what they must.

use crate::serving::{policy, serving, words};
use holdfast_domain::facts::Routing;
use holdfast_domain::{Application, Facts, LoadSplit, Name, ObservationMap, RegionCode, ResourceKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How the load of one Region is taken over by those that stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    pub leaving: RegionCode,
    /// In words.
    pub rule: String,
    /// Of every Region of the application, in its order.
    pub shares: Vec<Share>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    pub region: RegionCode,
    /// Its part in the load that is taken over, beside the others' parts.
    pub parts: u64,
    /// The same in whole percent.
    pub takes_percent: u32,
    /// Of all traffic, as the first weighted record set divides it. Absent where nothing divides it by weight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now_percent: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_be_percent: Option<u32>,
}

impl Split {
    /// The parts of the Regions that take any.
    pub(super) fn parts(&self) -> BTreeMap<&RegionCode, u64> {
        self.shares.iter().filter(|s| s.parts > 0).map(|s| (&s.region, s.parts)).collect()
    }
}

/// Whole numbers in the ratio of the parts that sum to `total`: each rounded down, and what is left over goes one by one to the
/// largest remainders, of equal ones to the first by key. Whoever has a part gets at least one while there are enough, because a
/// Region that rounding takes out would be out. Without any part nobody gets anything.
#[must_use]
pub fn apportion<K: Ord + Clone>(total: u32, parts: &BTreeMap<K, u64>) -> BTreeMap<K, u32> {
    let sum: u128 = parts.values().map(|part| u128::from(*part)).sum();
    if sum == 0 {
        return parts.keys().map(|key| (key.clone(), 0)).collect();
    }
    let mut shares: Vec<(K, u32, u128)> = parts
        .iter()
        .map(|(key, part)| {
            let exact = u128::from(*part) * u128::from(total);
            (key.clone(), u32::try_from(exact / sum).unwrap_or(total), exact % sum)
        })
        .collect();
    let given: u32 = shares.iter().map(|(_, share, _)| share).sum();
    let mut by_remainder: Vec<usize> = (0..shares.len()).collect();
    by_remainder.sort_by(|a, b| shares[*b].2.cmp(&shares[*a].2).then(a.cmp(b)));
    for index in by_remainder.into_iter().take(total.saturating_sub(given) as usize) {
        shares[index].1 += 1;
    }
    let has_part = |index: usize| parts.values().nth(index).is_some_and(|part| *part > 0);
    while let Some(none) = (0..shares.len()).find(|at| shares[*at].1 == 0 && has_part(*at)) {
        let most = (0..shares.len()).max_by(|a, b| shares[*a].1.cmp(&shares[*b].1).then(b.cmp(a)));
        match most.filter(|at| shares[*at].1 > 1) {
            Some(most) => (shares[most].1, shares[none].1) = (shares[most].1 - 1, 1),
            None => break,
        }
    }
    shares.into_iter().map(|(key, share, _)| (key, share)).collect()
}

/// What a Region takes of a count that cannot be divided: rounded up, so that together they take no less than there was.
#[must_use]
pub(crate) fn taken(total: u32, part: u64, of: u64) -> u32 {
    let share = (u128::from(total) * u128::from(part)).div_ceil(u128::from(of.max(1)));
    u32::try_from(share).unwrap_or(u32::MAX)
}

/// Who would take over the load of `leaving`. Of the Regions that stay, those that serve now and the one that is the move's aim:
/// one that was taken out before is not brought back by another's leaving.
#[must_use]
pub(crate) fn split(
    application: &Application,
    observations: &ObservationMap,
    leaving: &RegionCode,
    to: Option<&RegionCode>,
) -> Split {
    let seen = serving(application, observations);
    let all: Vec<&RegionCode> = application.regions().filter(|region| *region != leaving).collect();
    let serves = |region: &RegionCode| !seen.certain || seen.regions.contains(region) || Some(region) == to;
    let mut stay: Vec<&RegionCode> = all.iter().copied().filter(|region| serves(region)).collect();
    if stay.is_empty() {
        stay = all;
    }
    // Traffic is moved to the move's aim: without a share it would not begin to serve.
    let begins = to.filter(|to| !seen.regions.contains(to));
    let (parts, rule) = ruled(application, observations, leaving, begins, &stay);
    let percent = apportion(100, &parts);
    let (now, to_be) = divided(application, observations, leaving, &parts);
    let shares = application
        .regions()
        .map(|region| Share {
            region: region.clone(),
            parts: parts.get(region).copied().unwrap_or_default(),
            takes_percent: percent.get(region).copied().unwrap_or_default(),
            now_percent: now.get(region).copied(),
            to_be_percent: to_be.get(region).copied(),
        })
        .collect();
    Split { leaving: leaving.clone(), rule, shares }
}

type Parts = BTreeMap<RegionCode, u64>;

/// The parts by the application's rule, and the rule in words.
fn ruled(
    application: &Application,
    observations: &ObservationMap,
    leaving: &RegionCode,
    begins: Option<&RegionCode>,
    stay: &[&RegionCode],
) -> (Parts, String) {
    let named: Vec<RegionCode> = stay.iter().map(|region| (*region).clone()).collect();
    if let [only] = named.as_slice() {
        return ([(only.clone(), 1)].into(), format!("{only} takes the whole load of {leaving}."));
    }
    let even = |why: &str| {
        let rule = format!(
            "The load of {leaving} is split in even shares, rounded up, over the Regions that remain: {}.{why}",
            words(&named)
        );
        (named.iter().map(|region| (region.clone(), 1)).collect(), rule)
    };
    let listed = |parts: &Parts, unit: &str| {
        let one = |region: &RegionCode| format!("{region} {}{unit}", parts.get(region).unwrap_or(&0));
        named.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    match &application.load_split {
        LoadSplit::Even => even(""),
        LoadSplit::Proportional => match capacities(application, observations, &named) {
            Some((_, parts)) if begins.is_some_and(|to| parts.get(to) == Some(&0)) => {
                even(" In proportion to capacity was asked for, and nothing runs yet where the move goes.")
            }
            Some((resource, parts)) => {
                let rule = format!(
                    "The load of {leaving} is split in proportion to what {resource} runs in the Regions that remain: {}.",
                    listed(&parts, "")
                );
                (parts, rule)
            }
            None => even(" In proportion to capacity was asked for, and how much runs in each is not known."),
        },
        LoadSplit::Percent(stated) => {
            let parts: Parts = named
                .iter()
                .map(|region| (region.clone(), stated.get(region).copied().unwrap_or_default().into()))
                .collect();
            let left_out = begins.is_some_and(|to| parts.get(to) == Some(&0));
            if left_out || parts.values().all(|part| *part == 0) {
                return even(" The stated percentages give the Regions that remain nothing to go by.");
            }
            let rule = format!(
                "The load of {leaving} is split in the ratio of the stated percentages of the Regions that remain: {}.",
                listed(&parts, " %")
            );
            (parts, rule)
        }
    }
}

/// What the first resource that has a size runs in each of these Regions, if it is seen in all of them.
fn capacities(
    application: &Application,
    observations: &ObservationMap,
    regions: &[RegionCode],
) -> Option<(Name, Parts)> {
    application.resources.iter().filter(|r| r.spec.kind().unit().is_some()).find_map(|resource| {
        let of = |region: &RegionCode| {
            let (_, facts) = observations.get(&(resource.name.clone(), region.clone()))?.last_seen()?;
            Some((region.clone(), u64::from(facts.capacity()?.desired)))
        };
        let parts: Parts = regions.iter().map(of).collect::<Option<_>>()?;
        parts.values().any(|part| *part > 0).then(|| (resource.name.clone(), parts))
    })
}

/// How the first weighted record set divides traffic now, and how it will; both in whole percent.
fn divided(
    application: &Application,
    observations: &ObservationMap,
    leaving: &RegionCode,
    parts: &Parts,
) -> (BTreeMap<RegionCode, u32>, BTreeMap<RegionCode, u32>) {
    let sets = application.resources.iter().filter(|r| r.spec.kind() == ResourceKind::Route53Records);
    let weights = sets.into_iter().find_map(|set| {
        let of = |region: &RegionCode| {
            let (_, facts) = observations.get(&(set.name.clone(), region.clone()))?.last_seen()?;
            region_weight(facts).map(|weight| (region.clone(), weight))
        };
        let weights: Parts = application.regions().map(of).collect::<Option<_>>()?;
        weights.values().any(|weight| *weight > 0).then_some(weights)
    });
    let Some(weights) = weights else { return Default::default() };
    (apportion(100, &weights), apportion(100, &taken_over(&weights, leaving, parts)))
}

/// The sum of a Region's weights; `None` where its records have none.
fn region_weight(facts: &Facts) -> Option<u64> {
    facts
        .dns_records()
        .map(|record| match record.routing {
            Routing::Weighted { weight } => u64::try_from(weight).ok(),
            _ => None,
        })
        .sum()
}

/// The weights once those who stay have what the leaving Region had: to be compared with each other, not to be set.
pub(super) fn taken_over(weights: &Parts, leaving: &RegionCode, parts: &Parts) -> Parts {
    let of: u64 = parts.values().sum::<u64>().max(1);
    let left = weights.get(leaving).copied().unwrap_or_default();
    let one = |(region, weight): (&RegionCode, &u64)| {
        let part = parts.get(region).copied().unwrap_or_default();
        let whole = if region == leaving { 0 } else { weight.saturating_mul(of) };
        (region.clone(), whole.saturating_add(left.saturating_mul(part)))
    };
    weights.iter().map(one).collect()
}

/// What is said where a rule that somebody chose does not reach: AWS divides traffic by itself.
pub(super) fn not_by_weight(application: &Application, observations: &ObservationMap) -> Vec<String> {
    if application.load_split.is_even() {
        return Vec::new();
    }
    let by_itself = |name: &Name, kind| match kind {
        ResourceKind::Route53Records => {
            let seen = application.regions().find_map(|region| {
                let (_, facts) = observations.get(&(name.clone(), region.clone()))?.last_seen()?;
                facts.dns_records().next().map(|record| policy(&record.routing))
            })?;
            (seen != "weighted").then(|| format!("routed by {seen}"))
        }
        ResourceKind::GlobalAccelerator => {
            Some("an accelerator, whose dials hold back and do not send".to_owned())
        }
        ResourceKind::S3MultiRegionAccessPoint => {
            Some("an access point, whose routes are open or closed".to_owned())
        }
        _ => None,
    };
    application
        .resources
        .iter()
        .filter_map(|resource| {
            let what = by_itself(&resource.name, resource.spec.kind())?;
            Some(format!(
                "{} is {what}: each client goes to the Region that AWS finds for it among those that remain. The stated split holds for capacity there, not for this traffic.",
                resource.name
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests;
