//! Setting a Route 53 health check under its version. It is the same seen from every Region, so one sight will do.

use super::Verdict;
use super::check::Look;
use crate::change::Change;
use holdfast_domain::{Facts, RegionCode};

pub(super) fn check(look: &Look<'_>, change: &Change, regions: &[RegionCode]) -> Verdict {
    let Change::SetHealthCheck { health_check_id, version, inverted, disabled } = change else {
        return Verdict::Stuck { reason: "not a health check's call".into(), way_out: "Plan again.".into() };
    };
    let mut reasons = Vec::new();
    for region in regions {
        let check = match look.at(region) {
            Ok(Facts::HealthCheck(check)) => check,
            Ok(other) => return look.not_what_it_was(region, other),
            Err(reason) => {
                reasons.push(reason);
                continue;
            }
        };
        if check.id != *health_check_id {
            return Verdict::Drift { expected: health_check_id.clone(), found: check.id.clone() };
        }
        if (check.inverted, check.disabled) == (*inverted, *disabled) {
            return Verdict::Reached {
                note: format!("the health check stands as planned, at version {}", check.version),
            };
        }
        if check.version != *version {
            return Verdict::Drift {
                expected: format!("version {version} of the health check"),
                found: format!("version {}", check.version),
            };
        }
        return Verdict::Act(change.clone());
    }
    Verdict::Unseen { reason: reasons.join("; ") }
}
