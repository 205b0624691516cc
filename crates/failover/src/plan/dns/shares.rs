//! The weights of a name once the Regions that stay have taken over the load of one that leaves, by the plan's rule; and
//! how it is known that they still stand so when that Region comes back.

use super::{Place, Records, is_counterpart, weight_of};
use crate::plan::draft::Draft;
use crate::plan::split::{Split, apportion, taken_over};
use holdfast_domain::facts::{DnsRecord, Routing};
use holdfast_domain::{Facts, Name, RegionCode};
use std::collections::BTreeMap;

/// Whole percents: what stands there is what people read, and it sums to a hundred.
const SUM: u32 = 100;

type Weights = BTreeMap<Place, i64>;

/// What each weight of the Regions that stay becomes. `None` where one takes all, where the weights divide traffic by the
/// rule already, or where there is nothing to divide.
pub(super) fn shared(now: &Records, split: &Split) -> Option<Weights> {
    let mut by_region: BTreeMap<RegionCode, u64> = BTreeMap::new();
    let mut weights: BTreeMap<&Place, u64> = BTreeMap::new();
    for (place, record) in now {
        let Some(record) = record else { continue };
        let weight = u64::try_from(weight_of(record)?).ok()?;
        *by_region.entry(place.region.clone()).or_default() += weight;
        weights.insert(place, weight);
    }
    let mut parts: BTreeMap<RegionCode, u64> = BTreeMap::new();
    for (region, part) in split.parts() {
        if by_region.contains_key(region) {
            parts.insert(region.clone(), part);
        }
    }
    if parts.len() < 2 || by_region.get(&split.leaving).is_none_or(|left| *left == 0) {
        return None;
    }
    let mut stay = by_region.clone();
    stay.remove(&split.leaving);
    let mut wanted = taken_over(&by_region, &split.leaving, &parts);
    wanted.remove(&split.leaving);
    let wanted = apportion(SUM, &wanted);
    if wanted == apportion(SUM, &stay) {
        return None;
    }
    let mut all = Weights::new();
    for (region, share) in wanted {
        let here = weights.iter().filter(|(place, _)| place.region == region);
        let mut own: BTreeMap<Place, u64> = here.map(|(place, weight)| ((*place).clone(), *weight)).collect();
        if own.values().all(|weight| *weight == 0) {
            for (place, weight) in &mut own {
                *weight = mirrored(place, split, &weights);
            }
        }
        // Counterparts that are at rest there as here lead nobody.
        if own.values().all(|weight| *weight == 0) {
            own.values_mut().for_each(|weight| *weight = 1);
        }
        all.extend(apportion(share, &own).into_iter().map(|(place, weight)| (place, weight.into())));
    }
    Some(all)
}

/// What the counterpart of a record at rest has in the Region that leaves; without one, as much as any other.
fn mirrored(place: &Place, split: &Split, weights: &BTreeMap<&Place, u64>) -> u64 {
    let leaving = || weights.iter().filter(|(other, _)| other.region == split.leaving);
    leaving()
        .find(|(other, _)| is_counterpart(other, place))
        .or_else(|| leaving().max_by_key(|(_, weight)| **weight))
        .map_or(1, |(_, weight)| *weight)
}

/// Gives the Regions that took the load over their own weights again, when the one that left comes back. Only where each
/// stands as that failover set it: what somebody has changed since, they had a reason for.
pub(super) fn give_back(draft: &Draft<'_>, name: &Name, wanted: &mut Records) {
    let Some(split) = draft.picture.split_before.as_ref() else { return };
    if draft.leaving().is_some() || split.leaving != draft.movement.to {
        return;
    }
    let mut stood = Records::new();
    for region in draft.picture.application.regions() {
        for record in draft.before(name, region).into_iter().flat_map(Facts::dns_records) {
            let place = Place { region: region.clone(), set: record.set_identifier.clone() };
            stood.insert(place, Some(record.clone()));
        }
    }
    let Some(set) = shared(&stood, split) else { return };
    let today = |place: &Place| wanted.get(place).and_then(Option::as_ref).and_then(weight_of);
    if set.iter().any(|(place, weight)| today(place) != Some(*weight)) {
        return;
    }
    for place in set.keys() {
        let before = stood.get(place).and_then(Option::as_ref).map(|record| record.routing.clone());
        if let (Some(Some(record)), Some(routing @ Routing::Weighted { .. })) =
            (wanted.get_mut(place), before)
        {
            *record = DnsRecord { routing, ..record.clone() };
        }
    }
}
