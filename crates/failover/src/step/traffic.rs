//! Moving traffic: record sets, accelerator groups, access point routes. Each refuses to take away the last
//! Region that traffic is routed to, whatever happened between the plan and now.

use super::Verdict;
use super::check::Look;
use crate::change::{AccessPointRouteTarget, Change, RecordReplacement};
use crate::plan::record_text;
use holdfast_domain::facts::{AcceleratorEndpoint, AcceleratorGroup, DnsRecord};
use holdfast_domain::{Facts, RegionCode};
use std::collections::BTreeMap;

pub(super) fn last_one(look: &Look<'_>) -> Verdict {
    Verdict::Stuck {
        reason: format!("this would take away the last Region that {} leads to", look.resource),
        way_out: "Open another Region first, then retry the step.".into(),
    }
}

pub(super) fn records(
    look: &Look<'_>,
    change: &Change,
    replace: &[RecordReplacement],
    regions: &[RegionCode],
) -> Verdict {
    let mut now: BTreeMap<&RegionCode, &Facts> = BTreeMap::new();
    for region in regions.iter().chain(replace.iter().map(|r| &r.region)) {
        match look.at(region) {
            Ok(facts @ Facts::DnsRecord { .. }) => {
                now.insert(region, facts);
            }
            Ok(other) => return look.not_what_it_was(region, other),
            Err(reason) => return Verdict::Unseen { reason },
        }
    }
    // The record that a replacement is of: by its set identifier, and the Region's one record where there is one only.
    let found = |r: &RecordReplacement| -> Option<&DnsRecord> {
        let facts = now.get(&r.region)?;
        let set = r.old.as_ref().or(r.new.as_ref())?.set_identifier.as_ref();
        let alone = || {
            let only = replace.iter().filter(|other| other.region == r.region).count() == 1;
            let mut records = facts.dns_records();
            records.next().filter(|_| only && records.next().is_none())
        };
        facts.dns_records().find(|record| record.set_identifier.as_ref() == set).or_else(alone)
    };
    if replace.iter().all(|r| found(r) == r.new.as_ref()) {
        return Verdict::Reached { note: "the records stand as planned".into() };
    }
    if let Some(other) = replace.iter().find(|r| found(r) != r.old.as_ref()) {
        return Verdict::Drift {
            expected: record_text(other.old.as_ref()),
            found: record_text(found(other)),
        };
    }
    let stays = |record: &&DnsRecord| !replace.iter().any(|r| r.old.as_ref() == Some(*record));
    let left = now.values().flat_map(|facts| facts.dns_records()).filter(stays).count();
    if left == 0 && replace.iter().all(|r| r.new.is_none()) {
        return last_one(look);
    }
    Verdict::Act(change.clone())
}

pub(super) fn access_point(
    look: &Look<'_>,
    change: &Change,
    routes: &BTreeMap<RegionCode, AccessPointRouteTarget>,
) -> Verdict {
    let mut wrong = Vec::new();
    for (region, target) in routes {
        let facts = match look.at(region) {
            Ok(facts) => facts,
            Err(reason) => return Verdict::Unseen { reason },
        };
        let Facts::AccessPointRoute { bucket, traffic_dial_percent } = facts else {
            return look.not_what_it_was(region, facts);
        };
        if *bucket != target.bucket {
            return Verdict::Drift {
                expected: format!("{} leads to bucket {} in {region}", look.resource, target.bucket),
                found: format!("it leads to {bucket}"),
            };
        }
        if *traffic_dial_percent == target.traffic_dial_percent {
            continue;
        }
        match look.stood(region) {
            Some(Facts::AccessPointRoute { traffic_dial_percent: stood, .. })
                if stood != traffic_dial_percent =>
            {
                return Verdict::Drift {
                    expected: format!(
                        "the route to {region} is at {stood} or {}",
                        target.traffic_dial_percent
                    ),
                    found: format!("it is at {traffic_dial_percent}"),
                };
            }
            _ => wrong.push(region),
        }
    }
    if wrong.is_empty() {
        return Verdict::Reached { note: "the routes stand as planned".into() };
    }
    // S3 refuses a batch that closes every route; a plan that closes one always opens another with it.
    if routes.values().all(|r| r.traffic_dial_percent == 0) && !other_route_open(look, routes) {
        return last_one(look);
    }
    Verdict::Act(change.clone())
}

fn other_route_open(look: &Look<'_>, routes: &BTreeMap<RegionCode, AccessPointRouteTarget>) -> bool {
    look.seen.iter().any(|((resource, region), sight)| {
        resource == look.resource
            && !routes.contains_key(region)
            && matches!(sight.known(), Some(Facts::AccessPointRoute { traffic_dial_percent, .. }) if *traffic_dial_percent > 0)
    })
}

pub(super) fn accelerator(
    look: &Look<'_>,
    change: &Change,
    region: &RegionCode,
    regions: &[RegionCode],
) -> Verdict {
    let Change::SetAcceleratorGroup { endpoint_group_arn, traffic_dial_percent, endpoints, .. } = change
    else {
        return Verdict::Stuck { reason: "not an accelerator's call".into(), way_out: "Plan again.".into() };
    };
    let facts = match look.at(region) {
        Ok(facts) => facts,
        Err(reason) => return Verdict::Unseen { reason },
    };
    let Facts::AcceleratorGroup(first) = facts else { return look.not_what_it_was(region, facts) };
    let ours = |first: &AcceleratorGroup| {
        first.of_all_listeners().find(|group| group.endpoint_group_arn == *endpoint_group_arn).cloned()
    };
    let Some(group) = ours(first).filter(|group| ids(&group.endpoints) == ids(endpoints)) else {
        let there = ours(first).unwrap_or_else(|| first.clone());
        return Verdict::Drift {
            expected: format!("{endpoint_group_arn} with endpoints {}", ids(endpoints).join(", ")),
            found: format!(
                "{} with endpoints {}",
                there.endpoint_group_arn,
                ids(&there.endpoints).join(", ")
            ),
        };
    };
    if stands(&group, *traffic_dial_percent, endpoints) {
        return if group.accelerator_status == "DEPLOYED" {
            Verdict::Reached { note: "the endpoint group stands as planned and is deployed".into() }
        } else {
            Verdict::Wait { note: format!("the accelerator is {}", group.accelerator_status) }
        };
    }
    if let Some(Facts::AcceleratorGroup(stood)) = look.stood(region)
        && let Some(stood) = ours(stood)
        && !stands(&group, stood.traffic_dial_percent, &stood.endpoints)
    {
        return Verdict::Drift { expected: settings(&stood), found: settings(&group) };
    }
    let closing = *traffic_dial_percent == 0 || endpoints.iter().all(|e| e.weight == 0);
    if closing {
        let mut reasons = Vec::new();
        let mut open = false;
        for other in regions.iter().filter(|r| *r != region) {
            match look.at(other) {
                Ok(Facts::AcceleratorGroup(there)) => {
                    let mut same = there.of_all_listeners().filter(|g| g.listener() == group.listener());
                    open |= same.any(AcceleratorGroup::takes_connections);
                }
                Ok(other_facts) => return look.not_what_it_was(other, other_facts),
                Err(reason) => reasons.push(reason),
            }
        }
        if !open {
            return if reasons.is_empty() {
                last_one(look)
            } else {
                Verdict::Unseen { reason: reasons.join("; ") }
            };
        }
    }
    Verdict::Act(change.clone())
}

fn ids(endpoints: &[AcceleratorEndpoint]) -> Vec<&str> {
    let mut ids: Vec<_> = endpoints.iter().map(|e| e.id.as_str()).collect();
    ids.sort_unstable();
    ids
}

/// Dial and weights as wanted; health is not ours to set.
fn stands(group: &AcceleratorGroup, dial: u8, endpoints: &[AcceleratorEndpoint]) -> bool {
    group.traffic_dial_percent == dial
        && endpoints.iter().all(|e| group.endpoints.iter().any(|g| g.id == e.id && g.weight == e.weight))
}

fn settings(group: &AcceleratorGroup) -> String {
    let weights: Vec<_> = group.endpoints.iter().map(|e| e.weight.to_string()).collect();
    format!("dial {}, weights {}", group.traffic_dial_percent, weights.join(", "))
}
