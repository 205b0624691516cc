//! An isolated drill: what a failover would need in the recovery Region is raised and restored there, beside
//! production, looked at, and taken away again. Nothing is promoted, no traffic moves; the stores that copies follow are
//! looked at and no more.

use super::draft::{Draft, Making};
use super::edit::Misfit;
use super::stores::rehearse;
use super::{Plan, compute, own};
use crate::refusal::Refusal;
use crate::serving::{is_traffic, serving, words};
use crate::step::Work;
use crate::undo::Undo;
use holdfast_domain::own_step::Phase;
use holdfast_domain::{Name, ResourceSpec, StepId, Strategy};

/// How long a health endpoint may take to answer once what stands behind it runs.
const PROBE_TIMEOUT_SECONDS: u32 = 600;

pub(super) fn isolated(mut draft: Draft<'_>) -> Result<(Plan, Vec<Misfit>), Refusal> {
    let stands_by = target_stands_by(&mut draft)?;
    let observe = draft.add(Making {
        id: ("observe-again", &[]),
        title: "Look at everything again".into(),
        work: Work::ObserveAgain,
        timeout_seconds: 120,
        value_to_be: "everything as it was when the plan was made".into(),
        ..Making::default()
    })?;
    let first = vec![observe];
    let mut tried = Vec::new();
    draft.enter(Phase::Build);
    say_what_is_not_built(&mut draft);
    let restored = rehearse::restore(&mut draft, &first)?;
    tried.extend(restored.iter().map(|copy| copy.made_by.clone()));
    draft.enter(Phase::RaiseCompute);
    if stands_by {
        tried.extend(compute::raise(&mut draft, &first)?);
    }
    draft.enter(Phase::RecordLag);
    tried.extend(record_lag(&mut draft, &first)?);
    draft.enter(Phase::ConfirmServing);
    let tried = if tried.is_empty() { first } else { tried };
    let probed = probe(&mut draft, &tried)?;
    let tried = if probed.is_empty() { tried } else { probed };

    draft.enter(Phase::Lower);
    let mut cleaned = rehearse::delete(&mut draft, &restored, &tried)?;
    cleaned.extend(compute::take_back(&mut draft, &tried)?);
    let done = if cleaned.is_empty() { tried } else { cleaned };
    draft.enter(Phase::ConfirmProtected);
    draft.add(Making {
        id: ("confirm-untouched", &[]),
        title: format!("See that {} stands as it stood before the drill", draft.picture.application.name),
        work: Work::ObserveAgain,
        after: done,
        timeout_seconds: 600,
        value_to_be: "everything as it was when the plan was made".into(),
        ..Making::default()
    })?;
    // Nothing is edited of it: what takes away what was made must not be left out.
    own::insert(&mut draft)?;
    let (mut plan, misfits) = draft.finish()?;
    declare_deletions(&mut plan);
    Ok((plan, misfits))
}

/// An abort takes a copy away as the drill itself would.
fn declare_deletions(plan: &mut Plan) {
    let deleted: Vec<StepId> =
        plan.steps.iter().filter_map(|step| step.change()?.deletes_what().cloned()).collect();
    for step in plan.steps.iter_mut().filter(|step| deleted.contains(&step.id)) {
        let restores = "nothing of it: what it restored is deleted, by the name that this drill gave it";
        step.undo = Some(Undo::PutBack { restores: restores.into() });
    }
}

/// Whether what stands in the target is there to be raised. Where the application serves from it, it is production.
fn target_stands_by(draft: &mut Draft<'_>) -> Result<bool, Refusal> {
    let (application, to) = (&draft.picture.application, &draft.movement.to);
    if application.strategy == Strategy::ActiveActive {
        draft.note(format!(
            "Every Region of {} serves, so that what runs in {to} is production: nothing of it is raised. The drill looks whether it answers and how far its stores are behind; only a live one proves more.",
            application.name
        ));
        return Ok(false);
    }
    let serving = serving(application, &draft.picture.observations);
    let shows = application.resources.iter().any(|r| is_traffic(r.spec.kind()) || r.spec.kind().has_writer());
    if shows && !serving.certain {
        return Err(Refusal::new(
            "not_ready",
            format!(
                "Which Region serves {} is not known, and what runs in {to} may be production: {}.",
                application.name,
                serving.reasons.join("; ")
            ),
            "Refresh the application's status and try again.",
        ));
    }
    if serving.regions.contains(to) {
        return Err(Refusal::new(
            "already_serving",
            format!(
                "{} is served from {}: nothing stands by in {to} that could be tried beside it.",
                application.name,
                words(&serving.regions)
            ),
            "Choose a Region that it would move to.",
        ));
    }
    if !shows {
        if *to == application.home_region {
            return Err(Refusal::new(
                "already_serving",
                format!(
                    "{to} is the home Region of {}, and nothing in the inventory shows that it serves from elsewhere.",
                    application.name
                ),
                "Choose a recovery Region.",
            ));
        }
        draft.note(format!(
            "Nothing in the inventory shows which Region serves {}; the drill takes it that {to} does not.",
            application.name
        ));
    }
    Ok(true)
}

fn say_what_is_not_built(draft: &mut Draft<'_>) {
    for resource in &draft.picture.application.resources {
        let to = &draft.movement.to;
        match &resource.spec {
            ResourceSpec::CloudformationStack(spec)
                if spec.per_region.get(to).is_some_and(|place| place.template_url.is_some()) =>
            {
                draft.note(format!(
                    "{} is neither created nor updated: what a stack makes is more than one name that could be taken away again.",
                    resource.name
                ));
            }
            spec if spec.kind().is_store() && !matches!(spec, ResourceSpec::BackupVault(_)) => {
                draft.note(format!(
                    "{} goes on copying to {to} and is not promoted: the drill records how far it is behind, and only a live one proves more.",
                    resource.name
                ));
            }
            _ => {}
        }
    }
}

/// How far each copy is behind, and how old each backup is; it stops nothing, because nothing is cut.
fn record_lag(draft: &mut Draft<'_>, after: &[StepId]) -> Result<Option<StepId>, Refusal> {
    let target = draft.movement.to.clone();
    let stores: Vec<Name> = draft
        .picture
        .application
        .resources
        .iter()
        .filter(|r| r.spec.kind().is_store() && r.spec.is_in(&target))
        .map(|r| r.name.clone())
        .collect();
    if stores.is_empty() {
        return Ok(None);
    }
    let names: Vec<_> = stores.iter().map(Name::as_str).collect();
    let title = format!("Record how far {} is behind in {target}", names.join(", "));
    draft
        .add(Making {
            id: ("record-lag", &[]),
            title,
            work: Work::RecordLag { stores, target: target.clone(), limit_ms: None },
            regions: vec![target],
            after: after.to_vec(),
            timeout_seconds: 120,
            value_to_be: super::LAG_WHATEVER.into(),
            ..Making::default()
        })
        .map(Some)
}

/// Whether the recovery Region answers, where the inventory says what to ask.
fn probe(draft: &mut Draft<'_>, after: &[StepId]) -> Result<Vec<StepId>, Refusal> {
    let to = draft.movement.to.clone();
    let mut ids = Vec::new();
    for resource in &draft.picture.application.resources {
        if !matches!(resource.spec, ResourceSpec::Probe(_)) || !resource.spec.is_in(&to) {
            continue;
        }
        ids.push(draft.add(Making {
            id: ("probe", &[resource.name.as_str()]),
            title: format!("See that {} answers in {to}", resource.name),
            work: Work::WaitForSignal { signal: resource.name.clone(), region: to.clone() },
            resource: Some(&resource.name),
            regions: vec![to.clone()],
            after: after.to_vec(),
            timeout_seconds: PROBE_TIMEOUT_SECONDS,
            value_to_be: format!("{} answers as expected", resource.name),
            ..Making::default()
        })?);
    }
    if ids.is_empty() {
        draft.note(format!(
            "The inventory names no health endpoint in {to}: that what was raised would serve is not proved by this drill."
        ));
    }
    Ok(ids)
}
