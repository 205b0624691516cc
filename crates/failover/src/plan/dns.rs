//! Route 53: one atomic batch per name, of exact deletes and creates. After it, some Region's record with
//! traffic remains, whatever the policy.

use super::draft::{Draft, Making};
use super::routing_controls;
use crate::change::{Change, RecordReplacement};
use crate::refusal::Refusal;
use crate::serving::{Health, answering, is_traffic, policy};
use crate::step::Work;
use holdfast_domain::facts::{DnsRecord, Routing};
use holdfast_domain::resource::Route53Records;
use holdfast_domain::{Facts, Name, RegionCode, Resource, ResourceKind, StepId};
use std::collections::BTreeMap;

/// Region to its record; a Region that was taken out has none.
type Records = BTreeMap<RegionCode, Option<DnsRecord>>;

pub(super) fn route(
    draft: &mut Draft<'_>,
    resource: &Resource,
    spec: &Route53Records,
    after: &[StepId],
) -> Result<Vec<StepId>, Refusal> {
    let name = &resource.name;
    let to = &draft.movement.to;
    let mut now = Records::new();
    for region in draft.seen_regions(name) {
        if let Some(Facts::DnsRecord { record, .. }) = draft.last(name, &region) {
            now.insert(region, record.clone());
        }
    }
    if follows_controls(draft, &now) {
        draft.note(format!(
            "The records of {name} follow routing controls by their health checks: the controls are set, the records stay."
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
        .filter_map(|(region, old)| {
            let new = wanted.get(region)?;
            (new != old).then(|| RecordReplacement {
                region: region.clone(),
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
        regions: now.keys().cloned().collect(),
        after: after.to_vec(),
        timeout_seconds: 300,
        value_now: text(&now, |region, record| match wanted.get(region) {
            // What goes out is named by its Region alone.
            Some(None) | None => Some(record),
            Some(other) => other.as_ref(),
        }),
        value_to_be: text(&wanted, |region, _| now.get(region).and_then(Option::as_ref)),
        ..Making::default()
    })?;
    Ok(vec![id])
}

fn others_lead(draft: &Draft<'_>, resource: &Resource) -> bool {
    let lead = |kind| kind != ResourceKind::Route53Records && is_traffic(kind);
    let all = &draft.picture.application.resources;
    all.iter().any(|r| r.name != resource.name && lead(r.spec.kind()))
}

/// Whether the records lead where they must once the plan's routing controls are set, without a call to Route 53's
/// control plane.
fn follows_controls(draft: &Draft<'_>, now: &Records) -> bool {
    let health = routing_controls::health_afterwards(draft);
    let led =
        |record: &DnsRecord| record.health_check_id.as_deref().is_some_and(|id| health.contains_key(id));
    if !now.values().flatten().any(led) {
        return false;
    }
    let answering = answering(&there(now), &health);
    answering.contains(&&draft.movement.to) && draft.leaving().is_none_or(|from| !answering.contains(&from))
}

fn there(records: &Records) -> BTreeMap<&RegionCode, &DnsRecord> {
    records.iter().filter_map(|(region, record)| Some((region, record.as_ref()?))).collect()
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
    for (region, record) in &mut wanted {
        let Some(Facts::DnsRecord { record: before, .. }) = draft.led(name, region) else { continue };
        any = true;
        *record = match (record.take(), before) {
            (None, before) => before.clone(),
            (Some(today), None) => (draft.leaving() != Some(region)).then_some(today),
            (Some(today), Some(stood)) if policy(&today.routing) != policy(&stood.routing) => {
                return Ok(None);
            }
            (Some(today), Some(stood)) => match &stood.routing {
                Routing::Weighted { .. } | Routing::Failover { .. } => {
                    Some(DnsRecord { routing: stood.routing.clone(), ..today })
                }
                Routing::Geolocation { .. } if was_sent_elsewhere(draft, name, region, &today, stood) => {
                    before.clone()
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
    let to = &draft.movement.to;
    // All weights at zero are answered too, as an equal split: never an aim.
    let home = wanted.get(to).and_then(Option::as_ref);
    if !any || weight_of(home) == Some(0) || !answers(&wanted, to) || !agree(&wanted) {
        return Ok(None);
    }
    match (home, draft.led(name, to)) {
        (Some(home), Some(Facts::DnsRecord { record: Some(stood), .. })) if !same_target(home, stood) => {
            leads_by_itself(name, to, home, &wanted).map(|()| Some(wanted))
        }
        _ => Ok(Some(wanted)),
    }
}

/// A place's new target is an aim only if no other Region's record leads there too.
fn leads_by_itself(name: &Name, to: &RegionCode, home: &DnsRecord, records: &Records) -> Result<(), String> {
    if !matches!(home.routing, Routing::Geolocation { .. }) {
        return Ok(());
    }
    let shared = |(region, record): &(&RegionCode, &Option<DnsRecord>)| {
        *region != to && record.as_ref().is_some_and(|other| same_target(other, home))
    };
    match records.iter().find(shared) {
        None => Ok(()),
        Some((other, _)) => Err(format!(
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
    let led_there = |other: &RegionCode| matches!(draft.before(name, other), Some(Facts::DnsRecord { record: Some(r), .. }) if same_target(r, today));
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
    let target = now
        .get(to)
        .and_then(Option::as_ref)
        .ok_or_else(|| format!("{name} has no known record for {to}."))?;
    let leaving = draft.leaving().and_then(|from| Some((from, now.get(from)?.as_ref()?)));
    let kind = policy(&target.routing);
    if let Some((from, record)) = leaving.filter(|(_, r)| policy(&r.routing) != kind) {
        return Err(format!("{name} is {kind} in {to} and {} in {from}.", policy(&record.routing)));
    }
    let mut wanted = now.clone();
    let mut put = |region: &RegionCode, record: Option<DnsRecord>| {
        wanted.insert(region.clone(), record);
    };
    let routed = |record: &DnsRecord, routing: Routing| Some(DnsRecord { routing, ..record.clone() });
    match &target.routing {
        Routing::Simple => {
            return Err(format!("{name} is a simple record, which does not choose between Regions."));
        }
        Routing::Weighted { weight } => {
            let others = now.iter().filter(|(region, _)| *region != to);
            let heaviest = others.filter_map(|(_, r)| weight_of(r.as_ref())).max().unwrap_or(0);
            let left = leaving.map_or(heaviest, |(_, r)| weight_of(Some(r)).unwrap_or(0));
            // It leads there already, or shares with Regions that stay in service.
            let keeps = *weight > 0 && (draft.is_evacuation() || leaving.is_none() || left == 0);
            let raised = if keeps { *weight } else { (*weight).max(if left == 0 { 100 } else { left }) };
            put(to, routed(target, Routing::Weighted { weight: raised }));
            if let Some((from, record)) = leaving {
                put(from, routed(record, Routing::Weighted { weight: 0 }));
            }
        }
        Routing::Failover { .. } => {
            put(to, routed(target, Routing::Failover { primary: true }));
            for (region, record) in now.iter().filter(|(region, _)| *region != to) {
                if let Some(record) =
                    record.as_ref().filter(|r| r.routing == Routing::Failover { primary: true })
                {
                    put(region, routed(record, Routing::Failover { primary: false }));
                }
            }
        }
        Routing::Cidr { .. } => {
            return Err(format!(
                "{name} is routed by client address (CIDR): which networks another Region should take over is not Holdfast's to say."
            ));
        }
        Routing::Latency { .. } | Routing::Geoproximity { .. } | Routing::Multivalue => {
            // The target's own record stays, so the name keeps an answer.
            if let Some((from, _)) = leaving {
                put(from, None);
            }
        }
        Routing::Geolocation { .. } => match leaving {
            Some((from, record)) => put(
                from,
                Some(DnsRecord {
                    ttl_seconds: target.ttl_seconds,
                    values: target.values.clone(),
                    alias: target.alias.clone(),
                    health_check_id: target.health_check_id.clone(),
                    ..record.clone()
                }),
            ),
            None => {
                let elsewhere = now.iter().any(|(region, other)| {
                    region != to
                        && other
                            .as_ref()
                            .is_some_and(|o| o.alias == target.alias && o.values == target.values)
                });
                if elsewhere {
                    return Err(format!("Where the record of {name} for {to} led before is not recorded."));
                }
            }
        },
    }
    Ok(wanted)
}

fn weight_of(record: Option<&DnsRecord>) -> Option<i64> {
    match record?.routing {
        Routing::Weighted { weight } => Some(weight),
        _ => None,
    }
}

/// Route 53 returns traffic to a healthy primary by itself, and cannot tell health without a check.
fn note_health(draft: &mut Draft<'_>, name: &Name, wanted: &Records) {
    for (region, record) in wanted {
        let Some(record) = record else { continue };
        let checks = record.health_check_id.is_some()
            || record.alias.as_ref().is_some_and(|a| a.evaluate_target_health);
        if record.routing == (Routing::Failover { primary: true }) && !checks {
            draft.note(format!("The record of {name} for {region} becomes primary and has no health check."));
        }
    }
}

/// "us-east-1 weight 0, eu-central-1 weight 100", and with each what else is not as in `other`.
fn text<'a>(
    records: &'a Records,
    other: impl Fn(&RegionCode, &'a DnsRecord) -> Option<&'a DnsRecord>,
) -> String {
    let one = |(region, record): (&RegionCode, &'a Option<DnsRecord>)| match record {
        None => format!("{region} out"),
        Some(record) => {
            let routing = match &record.routing {
                Routing::Weighted { weight } => format!(" weight {weight}"),
                Routing::Failover { primary } => {
                    format!(" {}", if *primary { "primary" } else { "secondary" })
                }
                Routing::Latency { .. } | Routing::Geoproximity { .. } | Routing::Multivalue => " in".into(),
                Routing::Simple | Routing::Geolocation { .. } | Routing::Cidr { .. } => String::new(),
            };
            format!("{region}{routing}{}", details(record, other(region, record)))
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
