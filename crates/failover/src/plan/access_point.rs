//! S3 Multi-Region Access Point: all routes in one call, which opens the target with what it closes.

use super::draft::{Draft, Making};
use crate::change::{AccessPointRouteTarget, Change};
use crate::refusal::Refusal;
use crate::step::Work;
use holdfast_domain::resource::S3MultiRegionAccessPoint;
use holdfast_domain::{Facts, RegionCode, Resource, StepId};
use std::collections::BTreeMap;

/// The Regions through which routes can be changed (S3 documentation, "failover control plane").
const VIA: [&str; 5] = ["us-east-1", "us-west-2", "eu-west-1", "ap-northeast-1", "ap-southeast-2"];

pub(super) fn route(
    draft: &mut Draft<'_>,
    resource: &Resource,
    spec: &S3MultiRegionAccessPoint,
    after: &[StepId],
) -> Result<Vec<StepId>, Refusal> {
    let name = &resource.name;
    let to = &draft.movement.to;
    let mut now: BTreeMap<RegionCode, (String, u8)> = BTreeMap::new();
    for region in draft.seen_regions(name) {
        if let Some(Facts::AccessPointRoute { bucket, traffic_dial_percent }) = draft.last(name, &region) {
            now.insert(region, (bucket.clone(), *traffic_dial_percent));
        }
    }
    if !now.contains_key(to) {
        return draft.cannot(
            &format!("{name} has no known route to {to}."),
            "Add the Region's bucket to the access point, then refresh.",
        );
    }
    let aim = |region: &RegionCode, dial: u8| match draft.led(name, region) {
        Some(Facts::AccessPointRoute { traffic_dial_percent, .. }) => *traffic_dial_percent,
        _ if region == to => 100,
        _ if draft.leaving() == Some(region) => 0,
        _ => dial,
    };
    let mut routes = BTreeMap::new();
    for (region, (bucket, dial)) in &now {
        // Whatever stood before, the target is open afterwards.
        let wanted = if region == to { 100 } else { aim(region, *dial) };
        if wanted != *dial {
            routes.insert(
                region.clone(),
                AccessPointRouteTarget { bucket: bucket.clone(), traffic_dial_percent: wanted },
            );
        }
    }
    if routes.is_empty() {
        return Ok(Vec::new());
    }
    let text = |dial: &dyn Fn(&RegionCode, u8) -> u8| {
        now.iter().map(|(r, (_, d))| format!("{r} {}", dial(r, *d))).collect::<Vec<_>>().join(", ")
    };
    let value_now = text(&|_, d| d);
    let value_to_be = text(&|r, d| routes.get(r).map_or(d, |t| t.traffic_dial_percent));
    let mut via: Vec<RegionCode> = VIA.iter().filter_map(|code| RegionCode::parse(code).ok()).collect();
    // The Region being left is asked last.
    via.sort_by_key(|r| *r == draft.movement.from);
    let id = draft.add(Making {
        id: ("route", &[name.as_str()]),
        title: format!("Route {name} to {to}"),
        work: Work::Call {
            change: Change::SetAccessPointRoutes { mrap_arn: spec.mrap_arn.clone(), routes, via },
        },
        resource: Some(name),
        regions: now.into_keys().collect(),
        after: after.to_vec(),
        timeout_seconds: 300,
        value_now,
        value_to_be,
        ..Making::default()
    })?;
    Ok(vec![id])
}
