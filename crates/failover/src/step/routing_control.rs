//! Setting ARC routing controls. What is read may come from any of the cluster's endpoints: which Region it is
//! about makes no difference to whether it can be seen.

use super::Verdict;
use super::check::Look;
use super::traffic::last_one;
use crate::change::{Change, RoutingControlTarget};
use holdfast_domain::facts::RoutingControl;
use holdfast_domain::{Facts, RegionCode};
use std::collections::BTreeMap;

pub(super) fn check(
    look: &Look<'_>,
    change: &Change,
    controls: &BTreeMap<RegionCode, RoutingControlTarget>,
    regions: &[RegionCode],
) -> Verdict {
    let mut wrong = false;
    let mut told_by = Vec::new();
    for (region, target) in controls {
        let control = match control(look, region) {
            Ok(control) => control,
            Err(verdict) => return verdict,
        };
        if control.control_arn != target.control_arn {
            return Verdict::Drift {
                expected: target.control_arn.clone(),
                found: control.control_arn.clone(),
            };
        }
        if control.on == target.on {
            told_by.push(control.told_by.as_str());
            continue;
        }
        wrong = true;
        if let Some(Facts::RoutingControl(stood)) = look.stood(region)
            && stood.on != control.on
        {
            let word = |on: bool| if on { "On" } else { "Off" };
            return Verdict::Drift {
                expected: format!("the control of {region} is {} or {}", word(stood.on), word(target.on)),
                found: format!("it is {}", word(control.on)),
            };
        }
    }
    if !wrong {
        told_by.dedup();
        return Verdict::Reached {
            note: format!("the controls stand as planned, read in {}", told_by.join(" and ")),
        };
    }
    let stays_on = |region: &&RegionCode| match controls.get(*region) {
        Some(target) => target.on,
        None => control(look, region).is_ok_and(|control| control.on),
    };
    if regions.iter().any(|region| stays_on(&region)) { Verdict::Act(change.clone()) } else { last_one(look) }
}

fn control<'a>(look: &'a Look<'_>, region: &RegionCode) -> Result<&'a RoutingControl, Verdict> {
    match look.at(region) {
        Ok(Facts::RoutingControl(control)) => Ok(control),
        Ok(other) => Err(look.not_what_it_was(region, other)),
        Err(reason) => Err(Verdict::Unseen { reason }),
    }
}
