//! Functions: the concurrency that is reserved for them, and what is kept warm where something is.

use super::{At, Call, call, count};
use crate::change::Change;
use crate::movement::Intent;
use crate::plan::draft::Draft;
use crate::refusal::Refusal;
use holdfast_domain::facts::LambdaFunctionFacts;
use holdfast_domain::resource::LambdaFunction;
use holdfast_domain::{Facts, Resource, StepId};

const TIMEOUT_SECONDS: u32 = 300;

fn reserved_text(reserved: Option<u32>, unit: &str) -> String {
    reserved.map_or_else(|| "nothing reserved".into(), |n| count(n, unit))
}

pub(super) fn reserve(
    draft: &mut Draft<'_>,
    at: At<'_>,
    spec: &LambdaFunction,
    target: u32,
    after: &[StepId],
) -> Result<Option<StepId>, Refusal> {
    let now = match draft.last(&at.resource.name, at.region) {
        Some(Facts::LambdaFunction(now)) => Some(now.reserved),
        _ => None,
    };
    // At home a function without a reservation shares what is unreserved, as it did before.
    let shares = now == Some(None) && draft.movement.intent == Intent::Failback;
    if shares || now.flatten().is_some_and(|now| now >= target) {
        return Ok(None);
    }
    let value_now = now.map_or_else(|| "not known".into(), |now| reserved_text(now, at.unit));
    set_reserved(draft, at, "reserve", spec, Some(target), value_now, after).map(Some)
}

fn set_reserved(
    draft: &mut Draft<'_>,
    at: At<'_>,
    verb: &str,
    spec: &LambdaFunction,
    reserved: Option<u32>,
    value_now: String,
    after: &[StepId],
) -> Result<StepId, Refusal> {
    let value_to_be = reserved_text(reserved, at.unit);
    let title = match reserved {
        Some(_) => format!("Reserve {value_to_be} for {} in {}", at.resource.name, at.region),
        None => format!("Reserve nothing for {} in {}", at.resource.name, at.region),
    };
    let change =
        Change::SetLambdaConcurrency { region: at.region.clone(), function: spec.function.clone(), reserved };
    call(
        draft,
        at,
        after,
        Call { verb, title, change, value_now, value_to_be, timeout_seconds: TIMEOUT_SECONDS },
    )
}

/// Where both Regions keep an alias warm, the target keeps as much of it warm as the Region being left. Versions
/// have numbers of their own in each Region and are not compared.
pub(super) fn provision(
    draft: &mut Draft<'_>,
    resource: &Resource,
    spec: &LambdaFunction,
    after: &[StepId],
) -> Result<Vec<StepId>, Refusal> {
    let movement = draft.movement;
    let (Some(Facts::LambdaFunction(from)), Some(Facts::LambdaFunction(to))) =
        (draft.last(&resource.name, &movement.from), draft.last(&resource.name, &movement.to))
    else {
        return Ok(Vec::new());
    };
    let at = At { resource, region: &movement.to, unit: "provisioned executions" };
    let mut ids = Vec::new();
    for (place, there) in from.provisioned.iter().enumerate() {
        let here = to.provisioned.iter().find(|p| p.qualifier == there.qualifier);
        let version = there.qualifier.bytes().all(|b| b.is_ascii_digit());
        let Some(here) = here.filter(|here| !version && here.requested < there.requested) else { continue };
        let target = there.requested;
        let set = (there.qualifier.as_str(), here.requested, target);
        ids.push(set_provisioned(draft, at, &format!("warm-{}", place + 1), spec, set, after)?);
    }
    Ok(ids)
}

fn set_provisioned(
    draft: &mut Draft<'_>,
    at: At<'_>,
    verb: &str,
    spec: &LambdaFunction,
    (qualifier, now, target): (&str, u32, u32),
    after: &[StepId],
) -> Result<StepId, Refusal> {
    call(
        draft,
        at,
        after,
        Call {
            verb,
            title: format!("Keep {target} of {} {qualifier} warm in {}", at.resource.name, at.region),
            change: Change::SetLambdaProvisioned {
                region: at.region.clone(),
                function: spec.function.clone(),
                qualifier: qualifier.to_owned(),
                provisioned: target,
            },
            value_now: count(now, at.unit),
            value_to_be: count(target, at.unit),
            timeout_seconds: 900,
        },
    )
}

pub(super) fn lower(
    draft: &mut Draft<'_>,
    at: At<'_>,
    spec: &LambdaFunction,
    (stood, now): (&LambdaFunctionFacts, &LambdaFunctionFacts),
    after: &[StepId],
) -> Result<(), Refusal> {
    let lower = match (stood.reserved, now.reserved) {
        (Some(stood), Some(now)) => stood < now,
        // A failover reserved something where nothing was.
        (None, Some(_)) => true,
        (_, None) => false,
    };
    if lower {
        let value_now = reserved_text(now.reserved, at.unit);
        set_reserved(draft, at, "lower", spec, stood.reserved, value_now, after)?;
    }
    for (place, now) in now.provisioned.iter().enumerate() {
        let before = stood.provisioned.iter().find(|p| p.qualifier == now.qualifier);
        if let Some(before) = before.filter(|before| before.requested < now.requested) {
            let at = At { unit: "provisioned executions", ..at };
            let set = (now.qualifier.as_str(), now.requested, before.requested);
            set_provisioned(draft, at, &format!("cool-{}", place + 1), spec, set, after)?;
        }
    }
    Ok(())
}
