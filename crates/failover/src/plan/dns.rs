//! Route 53: one atomic batch per name, of exact deletes and creates. After it, some Region's record with
//! traffic remains, whatever the policy.

use super::draft::{Draft, Making};
use crate::change::{Change, RecordReplacement};
use crate::refusal::Refusal;
use crate::serving::{answering, policy};
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
        if let Some(Facts::DnsRecord { record }) = draft.last(name, &region) {
            now.insert(region, record.clone());
        }
    }
    let wanted = match restored(draft, name, &now) {
        Some(wanted) => wanted,
        None => match moved(draft, name, &now) {
            Ok(wanted) => wanted,
            Err(sentence) => {
                let simple = now.values().flatten().all(|r| r.routing == Routing::Simple);
                if simple && others_lead(draft, resource) {
                    draft.note(sentence);
                    return Ok(Vec::new());
                }
                return draft
                    .cannot(&sentence, "Give both Regions a record with a routing policy, then refresh.");
            }
        },
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
        value_now: text(&now),
        value_to_be: text(&wanted),
        ..Making::default()
    })?;
    Ok(vec![id])
}

fn others_lead(draft: &Draft<'_>, resource: &Resource) -> bool {
    let lead =
        |kind| matches!(kind, ResourceKind::GlobalAccelerator | ResourceKind::S3MultiRegionAccessPoint);
    let all = &draft.picture.application.resources;
    all.iter().any(|r| r.name != resource.name && lead(r.spec.kind()))
}

fn answers(records: &Records, region: &RegionCode) -> bool {
    let there = records.iter().filter_map(|(r, record)| record.as_ref().map(|record| (r, record))).collect();
    answering(&there).contains(&region)
}

/// A failback's aim: the exact records that stood before, as long as they lead home.
fn restored(draft: &Draft<'_>, name: &Name, now: &Records) -> Option<Records> {
    let mut wanted = now.clone();
    let mut any = false;
    for (region, record) in &mut wanted {
        if let Some(Facts::DnsRecord { record: before }) = draft.before(name, region) {
            record.clone_from(before);
            any = true;
        }
    }
    let to = &draft.movement.to;
    // All weights at zero are answered too, as an equal split: never an aim.
    let weightless = weight_of(wanted.get(to)?.as_ref()) == Some(0);
    (any && !weightless && answers(&wanted, to)).then_some(wanted)
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
        Routing::Latency { .. } => {
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

/// "us-east-1 weight 0, eu-central-1 weight 100".
fn text(records: &Records) -> String {
    let one = |(region, record): (&RegionCode, &Option<DnsRecord>)| match record {
        None => format!("{region} out"),
        Some(record) => match &record.routing {
            Routing::Simple => format!("{region} {}", target(record)),
            Routing::Weighted { weight } => format!("{region} weight {weight}"),
            Routing::Failover { primary } => {
                format!("{region} {}", if *primary { "primary" } else { "secondary" })
            }
            Routing::Latency { .. } => format!("{region} in"),
            Routing::Geolocation { .. } => format!("{region} to {}", target(record)),
        },
    };
    records.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn target(record: &DnsRecord) -> String {
    record.alias.as_ref().map_or_else(|| record.values.join(" "), |a| a.dns_name.clone())
}
