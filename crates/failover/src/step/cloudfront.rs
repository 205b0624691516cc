//! Swapping the origins of a CloudFront distribution: reached when the groups stand as planned and every edge has
//! them. One sight will do, since each Region's holds all groups.

use super::Verdict;
use super::check::Look;
use crate::change::Change;
use holdfast_domain::{Facts, RegionCode};

pub(super) fn check(look: &Look<'_>, change: &Change, regions: &[RegionCode]) -> Verdict {
    let Change::SetPrimaryOrigins { distribution_id, etag, primaries } = change else {
        return Verdict::Stuck { reason: "not a distribution's call".into(), way_out: "Plan again.".into() };
    };
    let mut reasons = Vec::new();
    for region in regions {
        let origin = match look.at(region) {
            Ok(Facts::DistributionOrigin(origin)) => origin,
            Ok(other) => return look.not_what_it_was(region, other),
            Err(reason) => {
                reasons.push(reason);
                continue;
            }
        };
        if origin.distribution_id != *distribution_id {
            return Verdict::Drift {
                expected: distribution_id.clone(),
                found: origin.distribution_id.clone(),
            };
        }
        let first = |group: &String| origin.groups.get(group).and_then(|members| members.first());
        if primaries.iter().all(|(group, wanted)| first(group) == Some(wanted)) {
            return if origin.status == "Deployed" {
                Verdict::Reached { note: "the origins stand as planned and are deployed".into() }
            } else {
                Verdict::Wait { note: format!("the distribution is {}", origin.status) }
            };
        }
        // An undo names no version: the step that it takes back made one of its own.
        if origin.etag != *etag && !look.undoing() {
            return Verdict::Drift {
                expected: format!("version {etag} of the distribution"),
                found: format!("version {}: somebody has edited it since the plan was made", origin.etag),
            };
        }
        let absent = |(group, wanted): &(&String, &String)| {
            !origin.groups.get(*group).is_some_and(|members| members.contains(wanted))
        };
        if let Some((group, wanted)) = primaries.iter().find(absent) {
            return Verdict::Drift {
                expected: format!("origin {wanted} in group {group}"),
                found: "it is not a member".into(),
            };
        }
        return Verdict::Act(change.on_etag(Some(&origin.etag)));
    }
    Verdict::Unseen { reason: reasons.join("; ") }
}
