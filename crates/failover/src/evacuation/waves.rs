//! The order of an evacuation. What an application depends on goes before it; what a critical application needs is as
//! urgent as that application. So the waves run by urgency, and within one urgency by how long the chain of
//! dependencies below is. Applications that depend on each other in a circle cannot be ordered and share a wave.

use holdfast_domain::Name;
use std::collections::{BTreeMap, BTreeSet};

/// An application as far as its place goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ordered {
    pub name: Name,
    /// 1 (most critical) to 4.
    pub tier: u8,
    pub depends_on: Vec<Name>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Waves {
    pub waves: Vec<Vec<Name>>,
    pub circles: Vec<Vec<Name>>,
}

/// Orders `moving`, of all applications that are known: a chain of dependencies also holds where a link of it stays.
#[must_use]
pub fn waves(all: &[Ordered], moving: &BTreeSet<Name>) -> Waves {
    let known: BTreeMap<&Name, &Ordered> = all.iter().map(|a| (&a.name, a)).collect();
    let below: BTreeMap<&Name, BTreeSet<&Name>> =
        known.keys().map(|name| (*name, reached(name, &known))).collect();
    let circular = |a: &Name, b: &Name| {
        let leads = |from: &Name, to: &Name| below.get(from).is_some_and(|below| below.contains(to));
        leads(a, b) && leads(b, a)
    };
    // With itself counted, whatever leads to another reaches strictly more than it, circles aside: so this is an order.
    let mut order: Vec<&Name> = known.keys().copied().filter(|name| moving.contains(*name)).collect();
    let reach = |name: &Name| below.get(name).map_or(0, |b| b.len() + usize::from(!b.contains(name)));
    order.sort_by_key(|name| (reach(name), *name));
    let tier = |name: &Name| known.get(name).map_or(u8::MAX, |a| a.tier);
    let mut urgency: BTreeMap<&Name, u8> = order.iter().map(|name| (*name, tier(name))).collect();
    let mut depth: BTreeMap<&Name, usize> = BTreeMap::new();
    for name in &order {
        let deepest = order.iter().filter(|other| below[name].contains(*other) && !circular(name, other));
        let deepest = deepest.filter_map(|other| depth.get(*other)).map(|depth| depth + 1).max();
        depth.insert(name, deepest.unwrap_or(0));
    }
    for name in &order {
        for needed in order.iter().filter(|other| below[name].contains(*other)) {
            if let Some(urgent) = urgency.get_mut(*needed) {
                *urgent = (*urgent).min(tier(name));
            }
        }
    }
    let mut placed: BTreeMap<(u8, usize), Vec<Name>> = BTreeMap::new();
    for name in &order {
        placed.entry((urgency[name], depth[name])).or_default().push((*name).clone());
    }
    let mut circles: Vec<Vec<Name>> = Vec::new();
    for name in order.iter().filter(|name| below[**name].contains(*name)) {
        let circle: Vec<Name> =
            order.iter().filter(|other| circular(name, other)).map(|other| (*other).clone()).collect();
        if circle.len() > 1 && !circles.iter().any(|known| known.contains(*name)) {
            circles.push(circle);
        }
    }
    let mut waves: Vec<Vec<Name>> = placed.into_values().collect();
    for wave in &mut waves {
        wave.sort_by_key(|name| (tier(name), name.clone()));
    }
    Waves { waves, circles }
}

/// What an application needs, over any number of links; itself too, where it is in a circle.
fn reached<'a>(name: &Name, known: &BTreeMap<&'a Name, &'a Ordered>) -> BTreeSet<&'a Name> {
    let mut reached: BTreeSet<&'a Name> = BTreeSet::new();
    let mut open: Vec<&'a Name> = known.get(name).map(|a| a.depends_on.iter().collect()).unwrap_or_default();
    while let Some(next) = open.pop() {
        if let Some(needed) = known.get(next)
            && reached.insert(&needed.name)
        {
            open.extend(&needed.depends_on);
        }
    }
    reached
}
