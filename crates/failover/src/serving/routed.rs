//! Which Regions one traffic resource leads to.

use crate::plan::Plan;
use holdfast_domain::facts::{AcceleratorGroup, DnsRecord, Routing};
use holdfast_domain::{Facts, Name, ObservationMap, RegionCode};
use std::collections::{BTreeMap, BTreeSet};

/// What one traffic resource says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Routed {
    /// In the order of the Regions asked about.
    pub regions: Vec<RegionCode>,
    pub certain: bool,
    pub reasons: Vec<String>,
    /// It leads somewhere without choosing between Regions (a simple record).
    pub weak: bool,
}

/// Reads one traffic resource in these Regions. What is stale or unknown makes it uncertain. `stood` is a plan
/// that knows where each Region's record led before it was repointed.
#[must_use]
pub fn routed(
    name: &Name,
    regions: &[RegionCode],
    observations: &ObservationMap,
    stood: Option<&Plan>,
) -> Routed {
    let mut said = Routed { certain: true, ..Routed::default() };
    let mut records: Vec<(&RegionCode, &DnsRecord)> = Vec::new();
    let health = switched(observations);
    for region in regions {
        let Some(sight) = observations.get(&(name.clone(), region.clone())) else {
            said.doubt(format!("{name} was not looked at in {region}"));
            continue;
        };
        match sight.known() {
            None => match following(stood, name, (region, regions), &health) {
                Some(facts) => records.extend(facts.dns_records().map(|record| (region, record))),
                None => said.doubt(format!("{name} in {region} is {}", sight.word())),
            },
            Some(facts @ Facts::DnsRecord { .. }) => {
                records.extend(facts.dns_records().map(|record| (region, record)));
            }
            Some(Facts::AcceleratorGroup(group)) => {
                if is_open(group) {
                    said.regions.push(region.clone());
                }
            }
            Some(Facts::AccessPointRoute { traffic_dial_percent, .. }) => {
                if *traffic_dial_percent > 0 {
                    said.regions.push(region.clone());
                }
            }
            Some(Facts::RoutingControl(control)) => {
                if control.on {
                    said.regions.push(region.clone());
                }
            }
            Some(Facts::DistributionOrigin(origin)) => {
                if origin.is_first() {
                    said.regions.push(region.clone());
                }
            }
            Some(_) => {
                said.doubt(format!("what was seen of {name} in {region} does not lead traffic"));
            }
        }
    }
    if !records.is_empty() {
        let stood: Vec<(&RegionCode, &DnsRecord)> = regions
            .iter()
            .filter_map(|region| Some((region, stood?.stood(name, region)?)))
            .flat_map(|(region, facts)| facts.dns_records().map(move |record| (region, record)))
            .collect();
        lead(name, regions, &records, &stood, &health, &mut said);
    }
    if said.regions.is_empty() && said.certain {
        said.doubt(format!("{name} leads to none of the application's Regions"));
    }
    said
}

/// Records that cannot be seen, as the plan had them: where they follow a switch that is seen, or others of their name do and
/// the plan edits none, it leaves them alone, and who leads traffic by the data plane must not wait for the control plane
/// that tells of records.
fn following<'a>(
    stood: Option<&'a Plan>,
    name: &Name,
    (region, regions): (&RegionCode, &[RegionCode]),
    health: &Health<'_>,
) -> Option<&'a Facts> {
    let plan = stood?;
    let facts = plan.stood(name, region)?;
    let follows =
        |record: &DnsRecord| record.health_check_id.as_deref().is_some_and(|id| health.contains_key(id));
    let edited =
        plan.steps.iter().any(|step| step.resource.as_ref() == Some(name) && step.change().is_some());
    let left_alone = || {
        let mut all = regions.iter().filter_map(|at| plan.stood(name, at)).flat_map(Facts::dns_records);
        !edited && all.any(follows)
    };
    let there = facts.dns_records().next().is_some();
    (there && (facts.dns_records().all(follows) || left_alone())).then_some(facts)
}

/// New connections to one of the accelerator's listeners go there.
pub(crate) fn is_open(group: &AcceleratorGroup) -> bool {
    group.of_all_listeners().any(AcceleratorGroup::takes_connections)
}

impl Routed {
    fn doubt(&mut self, reason: String) {
        self.certain = false;
        self.reasons.push(reason);
    }
}

/// What the health checks say that somebody switches, by id.
pub(crate) type Health<'a> = BTreeMap<&'a str, bool>;

/// The health checks that are a switch: those that follow a routing control, those that are inverted, and of these above
/// all those that watch an object which is seen, so that nobody waits for the checkers; one that is disabled does not
/// follow its object. One that merely fails takes its record out as well, but may bring it back any moment: that is no
/// move, and the outside view's to find.
fn switched(observations: &ObservationMap) -> Health<'_> {
    let mut health = Health::new();
    let known = || observations.values().filter_map(|sight| sight.known());
    for facts in known() {
        if let Facts::HealthCheck(check) = facts
            && check.inverted
            && let Some(healthy) = check.counts_healthy()
        {
            health.insert(&check.id, healthy);
        }
    }
    let decides_itself = |id: &str| {
        known().any(|facts| match facts {
            Facts::HealthCheck(check) => check.id == id && (!check.inverted || check.disabled),
            _ => false,
        })
    };
    for facts in known() {
        if let Facts::SwitchObject(object) = facts
            && !decides_itself(&object.health_check_id)
        {
            health.insert(&object.health_check_id, !object.holds);
        }
        if let Facts::RoutingControl(control) = facts {
            health.extend(control.health_checks.iter().map(|id| (id.as_str(), control.on)));
        }
    }
    health
}

/// The record sets that Route 53 answers with, by policy.
fn lead<'a>(
    name: &Name,
    regions: &'a [RegionCode],
    records: &[(&'a RegionCode, &DnsRecord)],
    stood: &[(&'a RegionCode, &DnsRecord)],
    health: &Health<'_>,
    said: &mut Routed,
) {
    let mut kinds: Vec<&str> = records.iter().map(|(_, r)| policy(&r.routing)).collect();
    kinds.sort_unstable();
    kinds.dedup();
    if kinds.len() > 1 {
        said.doubt(format!("{name} mixes routing policies: {}", kinds.join(", ")));
    }
    said.weak = kinds == ["simple"];
    for (region, record) in answered(records, health) {
        match leads_to(record, region, regions, records, stood) {
            Some(target) if said.regions.contains(target) => {}
            Some(target) => said.regions.push(target.clone()),
            None => {
                said.doubt(format!("{name} in {region} leads to the same place as another Region's record"));
            }
        }
    }
    said.regions.sort_by_key(|r| regions.iter().position(|other| other == r));
}

/// The Regions of the records that are answered at all.
pub(crate) fn answering<'a>(
    records: &[(&'a RegionCode, &DnsRecord)],
    health: &Health<'_>,
) -> Vec<&'a RegionCode> {
    let mut regions: Vec<_> = answered(records, health).into_iter().map(|(region, _)| region).collect();
    regions.sort_unstable();
    regions.dedup();
    regions
}

/// The records that are answered at all. Those with a weight come before those without, primaries before
/// secondaries, healthy ones before others; where none is healthy, Route 53 answers as if all were (Route 53
/// developer guide, "How Route 53 chooses records when health checking is configured").
fn answered<'a, 'r>(
    records: &[(&'a RegionCode, &'r DnsRecord)],
    health: &Health<'_>,
) -> Vec<(&'a RegionCode, &'r DnsRecord)> {
    let weight = |r: &DnsRecord| if let Routing::Weighted { weight } = r.routing { weight } else { 1 };
    // All weights at zero: Route 53 treats them as equal.
    let all_zero = records.iter().all(|(_, r)| weight(r) == 0);
    let has_primary = records.iter().any(|(_, r)| r.routing == (Routing::Failover { primary: true }));
    let stands_back = |r: &DnsRecord| match &r.routing {
        Routing::Weighted { weight } => *weight == 0 && !all_zero,
        Routing::Failover { primary } => !*primary && has_primary,
        _ => false,
    };
    let healthy = |r: &DnsRecord| {
        r.health_check_id.as_deref().and_then(|id| health.get(id)).is_none_or(|healthy| *healthy)
    };
    let of = |back: bool, only_healthy: bool| -> Vec<(&'a RegionCode, &'r DnsRecord)> {
        let matching = |(_, r): &&(&'a RegionCode, &'r DnsRecord)| {
            stands_back(r) == back && (!only_healthy || healthy(r))
        };
        records.iter().filter(matching).copied().collect()
    };
    [of(false, true), of(true, true), of(false, false)]
        .into_iter()
        .find(|some| !some.is_empty())
        .unwrap_or_default()
}

/// The Region that a record's target is in: the one that its alias or value names, else the Region that the
/// record stands for. `None` when a record elsewhere has the same target and nothing names the Region.
fn leads_to<'a>(
    record: &DnsRecord,
    region: &'a RegionCode,
    regions: &'a [RegionCode],
    records: &[(&'a RegionCode, &DnsRecord)],
    stood: &[(&'a RegionCode, &DnsRecord)],
) -> Option<&'a RegionCode> {
    let names: Vec<&str> = match &record.alias {
        Some(alias) => vec![alias.dns_name.as_str()],
        None => record.values.iter().map(String::as_str).collect(),
    };
    let named = |r: &&RegionCode| names.iter().any(|n| n.split('.').any(|label| label == r.as_str()));
    if let Some(named) = regions.iter().find(named) {
        return Some(named);
    }
    let same = |other: &DnsRecord| other.alias == record.alias && other.values == record.values;
    // Only a place's record can be repointed; elsewhere equal targets are the operator's own doing.
    let repointed = matches!(record.routing, Routing::Geolocation { .. })
        && records.iter().any(|(r, other)| *r != region && same(other));
    if !repointed {
        return Some(region);
    }
    // Several places of one Region may lead there.
    let owners: BTreeSet<_> =
        stood.iter().filter(|(_, other)| same(other)).map(|(region, _)| *region).collect();
    if owners.len() == 1 { owners.first().copied() } else { None }
}

pub(crate) fn policy(routing: &Routing) -> &'static str {
    match routing {
        Routing::Simple => "simple",
        Routing::Weighted { .. } => "weighted",
        Routing::Failover { .. } => "failover",
        Routing::Latency { .. } => "latency",
        Routing::Geolocation { .. } => "geolocation",
        Routing::Geoproximity { .. } => "geoproximity",
        Routing::Multivalue => "multivalue",
        Routing::Cidr { .. } => "cidr",
    }
}
