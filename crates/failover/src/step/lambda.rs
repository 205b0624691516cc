//! A function's concurrency, and what brings it events.

use super::Verdict;
use super::capacity::set_before;
use super::check::Look;
use crate::change::Change;
use holdfast_domain::facts::LambdaFunctionFacts;
use holdfast_domain::{Facts, RegionCode};

fn function<'a>(look: &'a Look<'_>, region: &RegionCode) -> Result<&'a LambdaFunctionFacts, Verdict> {
    match look.at(region) {
        Ok(Facts::LambdaFunction(function)) => Ok(function),
        Ok(other) => Err(look.not_what_it_was(region, other)),
        Err(reason) => Err(Verdict::Unseen { reason }),
    }
}

/// `None` stands for "nothing reserved", which is a state of its own and not the least number.
pub(super) fn concurrency(
    look: &Look<'_>,
    change: &Change,
    region: &RegionCode,
    reserved: Option<u32>,
) -> Verdict {
    let now = match function(look, region) {
        Ok(function) => function.reserved,
        Err(verdict) => return verdict,
    };
    let words = |reserved: Option<u32>| match reserved {
        Some(count) => format!("{count} concurrent executions are reserved"),
        None => "nothing is reserved".to_owned(),
    };
    if now == reserved {
        return Verdict::Reached { note: words(now) };
    }
    let set = set_before(look, change, |earlier| match earlier {
        Change::SetLambdaConcurrency { region: at, reserved, .. } if at == region => Some(*reserved),
        _ => None,
    });
    match look.stood(region) {
        Some(Facts::LambdaFunction(stood)) if stood.reserved != now && set != Some(now) => {
            Verdict::Drift { expected: words(stood.reserved), found: words(now) }
        }
        _ => Verdict::Act(change.clone()),
    }
}

pub(super) fn provisioned(
    look: &Look<'_>,
    change: &Change,
    region: &RegionCode,
    qualifier: &str,
    target: u32,
) -> Verdict {
    let function = match function(look, region) {
        Ok(function) => function,
        Err(verdict) => return verdict,
    };
    let of = |f: &'_ LambdaFunctionFacts| f.provisioned.iter().find(|p| p.qualifier == qualifier).cloned();
    let raised_to = set_before(look, change, |earlier| match earlier {
        Change::SetLambdaProvisioned { region: at, qualifier: of, provisioned, .. }
            if at == region && of == qualifier =>
        {
            Some(*provisioned)
        }
        _ => None,
    });
    let lowering = raised_to.is_some_and(|most| most > target)
        || matches!(look.stood(region),
            Some(Facts::LambdaFunction(stood)) if of(stood).is_some_and(|p| p.requested > target));
    let stands = |now: u32| {
        if look.undoing() {
            now == target
        } else if lowering {
            now <= target
        } else {
            now >= target
        }
    };
    match of(function) {
        Some(p) if stands(p.requested) => match p.status.as_str() {
            "READY" => Verdict::Reached { note: format!("{} are provisioned", p.available) },
            "FAILED" => Verdict::Stuck {
                reason: format!("provisioning {target} for {qualifier} in {region} failed"),
                way_out: "Look at the account's concurrency in that Region, then retry the step.".into(),
            },
            _ => Verdict::Wait { note: format!("{} of {target} are provisioned", p.available) },
        },
        Some(_) => Verdict::Act(change.clone()),
        None => Verdict::Drift {
            expected: format!("{} in {region} has provisioned concurrency for {qualifier}", look.resource),
            found: "it has none any more".into(),
        },
    }
}

/// On: reached when it brings events. Off: reached when it no longer does. In between, Lambda refuses a change.
pub(super) fn event_source(
    look: &Look<'_>,
    change: &Change,
    region: &RegionCode,
    mapping: &str,
    enabled: bool,
) -> Verdict {
    let function = match function(look, region) {
        Ok(function) => function,
        Err(verdict) => return verdict,
    };
    let Some(found) = function.mappings.iter().find(|m| m.uuid == mapping) else {
        return Verdict::Drift {
            expected: format!("{} in {region} has the event source mapping {mapping}", look.resource),
            found: "it has no such mapping any more".into(),
        };
    };
    let note = || format!("the mapping is {}", found.state);
    match (found.state.as_str(), enabled) {
        ("Enabled", true) | ("Disabled", false) => Verdict::Reached { note: note() },
        ("Enabled", false) | ("Disabled", true) => Verdict::Act(change.clone()),
        ("Enabling" | "Disabling" | "Creating" | "Updating", _) => Verdict::Wait { note: note() },
        (state, _) => Verdict::Stuck {
            reason: format!("the event source mapping {mapping} in {region} is {state}"),
            way_out: "Create the mapping again as its stack has it, name it in the inventory, and request the run anew."
                .into(),
        },
    }
}
