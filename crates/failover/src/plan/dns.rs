//! Route 53: one atomic batch per name, of exact deletes and creates. After it, some Region's record with
//! traffic remains, whatever the policy.

mod shares;

use super::draft::{Draft, Making};
use super::{routing_controls, switch_objects};
use crate::change::{Change, RecordReplacement};
use crate::refusal::Refusal;
use crate::serving::{Health, answering, is_traffic, policy};
use crate::step::Work;
use holdfast_domain::facts::{DnsRecord, Routing};
use holdfast_domain::resource::Route53Records;
use holdfast_domain::{Facts, Name, RegionCode, Resource, ResourceKind, StepId};
use std::collections::{BTreeMap, BTreeSet};

/// One of the records that lead to a Region: several are told apart by their set identifiers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    region: RegionCode,
    set: Option<String>,
}

/// Each with its record; one that was taken out has none.
type Records = BTreeMap<Place, Option<DnsRecord>>;

pub(super) fn route(
    draft: &mut Draft<'_>,
    resource: &Resource,
    spec: &Route53Records,
    after: &[StepId],
) -> Result<Vec<StepId>, Refusal> {
    let name = &resource.name;
    let to = &draft.movement.to;
    let now = standing(draft, name);
    if let Some((switches, set)) = followed(draft, &now) {
        draft.note(format!(
            "The records of {name} follow {switches} by their health checks: {set}, the records stay."
        ));
        return Ok(Vec::new());
    }
    let wanted = restored(draft, name, &now).transpose().unwrap_or_else(|| moved(draft, name, &now));
    let wanted = match wanted {
        Ok(wanted) => wanted,
        Err(sentence) => {
            let simple = now.values().flatten().all(|r| r.routing == Routing::Simple);
            if simple && others_lead(draft, resource) {
                draft.note(sentence);
                return Ok(Vec::new());
            }
            return draft.cannot(
                &sentence,
                "Give each Region a record of its own with a routing policy, then refresh.",
            );
        }
    };
    let replace: Vec<RecordReplacement> = now
        .iter()
        .filter_map(|(place, old)| {
            let new = wanted.get(place)?;
            (new != old).then(|| RecordReplacement {
                region: place.region.clone(),
                old: old.clone(),
                new: new.clone(),
            })
        })
        .collect();
    if replace.is_empty() {
        return Ok(Vec::new());
    }
    note_health(draft, name, &wanted);
    let id = draft.add(Making {
        id: ("route", &[name.as_str()]),
        title: format!("Route {} to {to}", spec.record),
        work: Work::Call {
            change: Change::ReplaceRecords { hosted_zone_id: spec.hosted_zone_id.clone(), replace },
        },
        resource: Some(name),
        regions: now
            .keys()
            .map(|place| &place.region)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .cloned()
            .collect(),
        after: after.to_vec(),
        timeout_seconds: 300,
        value_now: text(&now, |place, record| match wanted.get(place) {
            // What goes out is named by its Region alone.
            Some(None) | None => Some(record),
            Some(other) => other.as_ref(),
        }),
        value_to_be: text(&wanted, |place, _| now.get(place).and_then(Option::as_ref)),
        ..Making::default()
    })?;
    Ok(vec![id])
}

/// The records as they were last seen, and the places of those that a failback may put back.
fn standing(draft: &Draft<'_>, name: &Name) -> Records {
    let mut now = Records::new();
    for region in draft.seen_regions(name) {
        let Some(facts @ Facts::DnsRecord { .. }) = draft.last(name, &region) else { continue };
        let place = |set: &Option<String>| Place { region: region.clone(), set: set.clone() };
        let mut there = 0;
        for record in facts.dns_records() {
            now.insert(place(&record.set_identifier), Some(record.clone()));
            there += 1;
        }
        let before: Vec<&DnsRecord> =
            draft.led(name, &region).into_iter().flat_map(Facts::dns_records).collect();
        // One that stands for one is the same, whatever it is called by now.
        if there != 1 || before.len() != 1 {
            for record in before {
                now.entry(place(&record.set_identifier)).or_insert(None);
                there += 1;
            }
        }
        if there == 0 {
            now.insert(place(&None), None);
        }
    }
    now
}

/// How the record of a place stood before the failover that a failback takes back; `None` where that is not known.
fn stood<'a>(draft: &Draft<'a>, name: &Name, place: &Place, now: &Records) -> Option<Option<&'a DnsRecord>> {
    let facts = draft.led(name, &place.region).filter(|facts| matches!(facts, Facts::DnsRecord { .. }))?;
    let named = facts.dns_records().find(|record| record.set_identifier == place.set);
    let alone = || {
        let mut records = facts.dns_records();
        let here = now.keys().filter(|other| other.region == place.region).count();
        records.next().filter(|_| here == 1 && records.next().is_none())
    };
    Some(named.or_else(alone))
}

fn others_lead(draft: &Draft<'_>, resource: &Resource) -> bool {
    let lead = |kind| kind != ResourceKind::Route53Records && is_traffic(kind);
    let all = &draft.picture.application.resources;
    all.iter().any(|r| r.name != resource.name && lead(r.spec.kind()))
}

/// What the records follow that is set by a data plane, and what becomes of it: where they lead as they must once the
/// plan has set it, without a call to Route 53's control plane.
fn followed(draft: &Draft<'_>, now: &Records) -> Option<(&'static str, &'static str)> {
    let controls = routing_controls::health_afterwards(draft);
    let mut health = switch_objects::health_afterwards(draft);
    let led = |health: &Health<'_>| {
        let mut checks = now.values().flatten().filter_map(|record| record.health_check_id.as_deref());
        checks.any(|id| health.contains_key(id))
    };
    let words = if led(&controls) {
        ("routing controls", "the controls are set")
    } else if led(&health) {
        ("objects in S3", "the objects are put or taken away")
    } else {
        return None;
    };
    health.extend(controls);
    let answering = answering(&there(now), &health);
    let moved = answering.contains(&&draft.movement.to)
        && draft.leaving().is_none_or(|from| !answering.contains(&from));
    moved.then_some(words)
}

fn there(records: &Records) -> Vec<(&RegionCode, &DnsRecord)> {
    records.iter().filter_map(|(place, record)| Some((&place.region, record.as_ref()?))).collect()
}

/// The records of one Region.
fn of<'r>(records: &'r Records, region: &RegionCode) -> Vec<(&'r Place, &'r DnsRecord)> {
    let here = records.iter().filter(|(place, _)| place.region == *region);
    here.filter_map(|(place, record)| Some((place, record.as_ref()?))).collect()
}

fn answers(records: &Records, region: &RegionCode) -> bool {
    answering(&there(records), &Health::new()).contains(&region)
}

/// A failback's aim: the weights and roles that stood before, as long as they lead home. Targets and everything
/// else that a failover leaves alone stay as they are today: they may have been replaced since. A record that was
/// taken out comes back whole. `None`: what stood before is not known, or is no aim.
fn restored(draft: &Draft<'_>, name: &Name, now: &Records) -> Result<Option<Records>, String> {
    let mut wanted = now.clone();
    let mut any = false;
    for (place, record) in &mut wanted {
        let region = &place.region;
        let Some(before) = stood(draft, name, place, now) else { continue };
        any = true;
        *record = match (record.take(), before) {
            (None, before) => before.cloned(),
            (Some(today), None) => (draft.leaving() != Some(region)).then_some(today),
            (Some(today), Some(stood)) if policy(&today.routing) != policy(&stood.routing) => {
                return Ok(None);
            }
            (Some(today), Some(stood)) => match &stood.routing {
                Routing::Weighted { .. } | Routing::Failover { .. } => {
                    Some(DnsRecord { routing: stood.routing.clone(), ..today })
                }
                Routing::Geolocation { .. } if was_sent_elsewhere(draft, name, region, &today, stood) => {
                    Some(stood.clone())
                }
                Routing::Geolocation { .. }
                | Routing::Latency { .. }
                | Routing::Geoproximity { .. }
                | Routing::Multivalue
                | Routing::Cidr { .. }
                | Routing::Simple => Some(today),
            },
        };
    }
    shares::give_back(draft, name, &mut wanted);
    let to = &draft.movement.to;
    // All weights at zero are answered too, as an equal split: never an aim.
    let home = of(&wanted, to);
    let weightless = !home.is_empty() && home.iter().all(|(_, record)| weight_of(record) == Some(0));
    if !any || weightless || !answers(&wanted, to) || !agree(&wanted) {
        return Ok(None);
    }
    for (place, record) in home {
        if let Some(Some(stood)) = stood(draft, name, place, now)
            && !same_target(record, stood)
        {
            leads_by_itself(name, to, record, &wanted)?;
        }
    }
    Ok(Some(wanted))
}

/// A place's new target is an aim only if no other Region's record leads there too.
fn leads_by_itself(name: &Name, to: &RegionCode, home: &DnsRecord, records: &Records) -> Result<(), String> {
    if !matches!(home.routing, Routing::Geolocation { .. }) {
        return Ok(());
    }
    let shared = |(place, record): &(&Place, &Option<DnsRecord>)| {
        place.region != *to && record.as_ref().is_some_and(|other| same_target(other, home))
    };
    match records.iter().find(shared) {
        None => Ok(()),
        Some((Place { region: other, .. }, _)) => Err(format!(
            "The record of {name} for {to} leads where that for {other} leads, and not where the failover sent it: which of both is meant cannot be told."
        )),
    }
}

fn same_target(a: &DnsRecord, b: &DnsRecord) -> bool {
    a.alias == b.alias && a.values == b.values
}

/// Whether a place's record still leads where a failover sent it: to what another Region's record led to then.
fn was_sent_elsewhere(
    draft: &Draft<'_>,
    name: &Name,
    region: &RegionCode,
    today: &DnsRecord,
    stood: &DnsRecord,
) -> bool {
    let led_there = |other: &RegionCode| {
        draft.before(name, other).is_some_and(|facts| facts.dns_records().any(|r| same_target(r, today)))
    };
    !same_target(today, stood)
        && draft.picture.application.regions().any(|other| other != region && led_there(other))
}

/// One policy for the whole name and one primary at most: Route 53 takes nothing else.
fn agree(records: &Records) -> bool {
    let mut kinds: Vec<&str> = records.values().flatten().map(|r| policy(&r.routing)).collect();
    kinds.dedup();
    let primary = Routing::Failover { primary: true };
    kinds.len() <= 1 && records.values().flatten().filter(|r| r.routing == primary).count() <= 1
}

/// What the policy of the records asks for, or why they cannot lead to the target.
fn moved(draft: &Draft<'_>, name: &Name, now: &Records) -> Result<Records, String> {
    let to = &draft.movement.to;
    let targets = of(now, to);
    let Some((_, target)) = targets.first() else {
        return Err(format!("{name} has no known record for {to}."));
    };
    let leaving = draft.leaving().map(|from| of(now, from)).unwrap_or_default();
    let kind = policy(&target.routing);
    if let Some((place, record)) = targets.iter().chain(&leaving).find(|(_, r)| policy(&r.routing) != kind) {
        return Err(format!("{name} is {kind} in {to} and {} in {}.", policy(&record.routing), place.region));
    }
    let mut wanted = now.clone();
    let mut put = |place: &Place, record: Option<DnsRecord>| {
        wanted.insert(place.clone(), record);
    };
    let routed = |record: &DnsRecord, routing: Routing| Some(DnsRecord { routing, ..record.clone() });
    match &target.routing {
        Routing::Simple => {
            return Err(format!("{name} is a simple record, which does not choose between Regions."));
        }
        Routing::Weighted { .. } => {
            let shared = draft.split().and_then(|split| shares::shared(now, split));
            let aimed = match &shared {
                Some(_) => Vec::new(),
                None => weights(draft, now, &targets, &leaving),
            };
            for ((place, record), weight) in targets.iter().zip(aimed) {
                put(place, routed(record, Routing::Weighted { weight }));
            }
            for (place, weight) in shared.iter().flatten() {
                if let Some(Some(record)) = now.get(place) {
                    put(place, routed(record, Routing::Weighted { weight: *weight }));
                }
            }
            for (place, record) in &leaving {
                put(place, routed(record, Routing::Weighted { weight: 0 }));
            }
        }
        Routing::Failover { .. } => {
            for (place, target) in &targets {
                put(place, routed(target, Routing::Failover { primary: true }));
            }
            for (place, record) in now.iter().filter(|(place, _)| place.region != *to) {
                if let Some(record) =
                    record.as_ref().filter(|r| r.routing == Routing::Failover { primary: true })
                {
                    put(place, routed(record, Routing::Failover { primary: false }));
                }
            }
        }
        Routing::Cidr { .. } => {
            return Err(format!(
                "{name} is routed by client address (CIDR): which networks another Region should take over is not Holdfast's to say."
            ));
        }
        Routing::Latency { .. } | Routing::Geoproximity { .. } | Routing::Multivalue => {
            // The target's own records stay, so the name keeps an answer.
            for (place, _) in &leaving {
                put(place, None);
            }
        }
        Routing::Geolocation { .. } => {
            if !leaving.is_empty() && targets.iter().any(|(_, other)| !same_target(other, target)) {
                return Err(format!(
                    "The records of {name} for {to} lead to different places: to which the places of the Region being left should go cannot be told."
                ));
            }
            for (place, record) in &leaving {
                put(
                    place,
                    Some(DnsRecord {
                        ttl_seconds: target.ttl_seconds,
                        values: target.values.clone(),
                        alias: target.alias.clone(),
                        health_check_id: target.health_check_id.clone(),
                        ..(*record).clone()
                    }),
                );
            }
            let elsewhere = |target: &DnsRecord| {
                let others = now.iter().filter(|(place, _)| place.region != *to);
                others.filter_map(|(_, other)| other.as_ref()).any(|other| same_target(other, target))
            };
            if leaving.is_empty() && targets.iter().any(|(_, target)| elsewhere(target)) {
                return Err(format!("Where the record of {name} for {to} led before is not recorded."));
            }
        }
    }
    Ok(wanted)
}

/// What each of the target's weights becomes, in their order: what its counterpart in the Region being left has, or else
/// the greatest there.
fn weights(
    draft: &Draft<'_>,
    now: &Records,
    targets: &[(&Place, &DnsRecord)],
    leaving: &[(&Place, &DnsRecord)],
) -> Vec<i64> {
    let to = &draft.movement.to;
    let own: Vec<i64> = targets.iter().map(|(_, record)| weight_of(record).unwrap_or(0)).collect();
    let left = if leaving.is_empty() {
        greatest(there(now).into_iter().filter(|(region, _)| *region != to).map(|(_, r)| r))
    } else {
        greatest(leaving.iter().map(|(_, r)| *r))
    };
    // They lead there already, or share with Regions that stay in service.
    let leads = own.iter().any(|weight| *weight > 0);
    if leads && (draft.is_evacuation() || leaving.is_empty() || left == 0) {
        return own;
    }
    if left == 0 {
        return own.iter().map(|weight| (*weight).max(100)).collect();
    }
    let raised = |target: &Place, own: i64| {
        let mirrored = leaving.iter().find(|(place, _)| is_counterpart(place, target));
        own.max(mirrored.and_then(|(_, record)| weight_of(record)).unwrap_or(left))
    };
    let raised: Vec<i64> = targets.iter().zip(&own).map(|((place, _), own)| raised(place, *own)).collect();
    // Counterparts that are at rest there as here lead nobody.
    if raised.iter().all(|weight| *weight == 0) { vec![left; own.len()] } else { raised }
}

fn greatest<'r>(records: impl Iterator<Item = &'r DnsRecord>) -> i64 {
    records.filter_map(weight_of).max().unwrap_or(0)
}

/// Whether two Regions' records are called alike but for the Regions' codes, as `us-east-1/blue` and `eu-central-1/blue` are.
fn is_counterpart(one: &Place, other: &Place) -> bool {
    match (&one.set, &other.set) {
        (Some(a), Some(b)) => {
            a.contains(one.region.as_str())
                && b.contains(other.region.as_str())
                && a.replace(one.region.as_str(), "") == b.replace(other.region.as_str(), "")
        }
        _ => false,
    }
}

fn weight_of(record: &DnsRecord) -> Option<i64> {
    match record.routing {
        Routing::Weighted { weight } => Some(weight),
        _ => None,
    }
}

/// Route 53 returns traffic to a healthy primary by itself, and cannot tell health without a check.
fn note_health(draft: &mut Draft<'_>, name: &Name, wanted: &Records) {
    for (Place { region, .. }, record) in wanted {
        let Some(record) = record else { continue };
        let checks = record.health_check_id.is_some()
            || record.alias.as_ref().is_some_and(|a| a.evaluate_target_health);
        if record.routing == (Routing::Failover { primary: true }) && !checks {
            draft.note(format!("The record of {name} for {region} becomes primary and has no health check."));
        }
    }
}

/// "us-east-1 weight 0, eu-central-1 weight 100", and with each what else is not as in `other`.
fn text<'a>(records: &'a Records, other: impl Fn(&Place, &'a DnsRecord) -> Option<&'a DnsRecord>) -> String {
    // A Region that has one record says all by its code.
    let called = |place: &Place| {
        let several = records.keys().filter(|other| other.region == place.region).count() > 1;
        let set = place.set.as_ref().filter(|_| several);
        set.map_or_else(|| place.region.to_string(), |set| format!("{} ({set})", place.region))
    };
    let one = |(place, record): (&Place, &'a Option<DnsRecord>)| match record {
        None => format!("{} out", called(place)),
        Some(record) => {
            let routing = match &record.routing {
                Routing::Weighted { weight } => format!(" weight {weight}"),
                Routing::Failover { primary } => {
                    format!(" {}", if *primary { "primary" } else { "secondary" })
                }
                Routing::Latency { .. } | Routing::Geoproximity { .. } | Routing::Multivalue => " in".into(),
                Routing::Simple | Routing::Geolocation { .. } | Routing::Cidr { .. } => String::new(),
            };
            format!("{}{routing}{}", called(place), details(record, other(place, record)))
        }
    };
    records.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Where a record leads, if that is what its policy moves or if it differs, and what else differs.
fn details(record: &DnsRecord, other: Option<&DnsRecord>) -> String {
    let mut text = String::new();
    if matches!(record.routing, Routing::Simple | Routing::Geolocation { .. })
        || other.is_none_or(|other| !same_target(record, other))
    {
        text.push_str(&format!(" to {}", target(record)));
    }
    let Some(other) = other else { return text };
    if record.ttl_seconds != other.ttl_seconds {
        text.push_str(&record.ttl_seconds.map_or(" no ttl".into(), |ttl| format!(" ttl {ttl}")));
    }
    if record.health_check_id != other.health_check_id {
        let id = record.health_check_id.as_deref();
        text.push_str(&id.map_or(" no health check".into(), |id| format!(" health check {id}")));
    }
    text
}

fn target(record: &DnsRecord) -> String {
    record.alias.as_ref().map_or_else(|| record.values.join(" "), |a| a.dns_name.clone())
}
