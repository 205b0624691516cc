//! The steps of one's own, put at their places in the generated plan: each before or after a phase or a step, with
//! the order between the others as it was.

use super::draft::{Draft, Making};
use crate::change::Change;
use crate::movement::{Intent, Mode, Movement};
use crate::refusal::Refusal;
use crate::serving::words;
use crate::step::run_plan::cannot_make;
use crate::step::{Step, Work};
use holdfast_domain::own_step::{InEmergency, Occasion, OwnWork, Phase, Place, Side, Until, Where};
use holdfast_domain::{Name, OwnStep, RegionCode, StepId};
use std::collections::BTreeSet;

/// Beside the time that a wait takes by itself.
const MARGIN_SECONDS: u32 = 300;
/// A wait until a date is not overdue before that date, whenever it is.
const UNTIL_A_DATE_SECONDS: u32 = 366 * 86_400;
/// Another run waits for its own approvals first; what becomes of those is told by the run itself.
const ANOTHER_RUN_SECONDS: u32 = 12 * 3_600;

/// Puts them in; answers with the ids of the steps that were generated.
pub(super) fn insert(draft: &mut Draft<'_>) -> Result<BTreeSet<StepId>, Refusal> {
    let generated: Vec<(Phase, StepId)> = draft.placed().collect();
    let mut behind: Vec<(Place, StepId)> = Vec::new();
    for own in &draft.picture.own {
        match put_in(draft, own, &generated, &mut behind)? {
            Ok(()) => {}
            Err((sentence, way_out)) => {
                draft.cannot(&sentence, &way_out)?;
            }
        }
    }
    for (at, edit) in draft.picture.edits.iter().enumerate() {
        let (movement, mode) = (draft.movement, draft.movement.mode);
        let Some(own) = edit.own_step(occasion(movement.intent)).filter(|_| edit.is_of(mode)) else {
            continue;
        };
        let (field, sentence, way_out) = match may_be_put_in(draft, &own) {
            Err(no) => no,
            Ok(()) => match put_in(draft, &own, &generated, &mut behind) {
                Ok(Ok(())) => continue,
                Ok(Err((sentence, way_out))) => ("place", sentence, way_out),
                Err(refusal) => ("work", refusal.sentence, refusal.way_out),
            },
        };
        draft.misfit(at, field, sentence, way_out);
    }
    Ok(generated.into_iter().map(|(_, id)| id).collect())
}

/// What an edit may put in: a wait, under a name that no other step has.
fn may_be_put_in(draft: &Draft<'_>, own: &OwnStep) -> Result<(), (&'static str, String, String)> {
    let waits = matches!(
        own.work,
        OwnWork::WaitForPerson { .. } | OwnWork::WaitForTime { .. } | OwnWork::WaitForSignal { .. }
    );
    if !waits {
        return Err((
            "work",
            format!("`{}` calls something, and an edit puts in what waits only.", own.name),
            "Write it under `plans` in the inventory: the rights and secrets that it needs are kept there."
                .into(),
        ));
    }
    let id = format!("own-{}", own.name);
    if draft.placed().any(|(_, have)| have.as_str() == id) {
        return Err((
            "name",
            format!("The plan has a step of its own named `{}` already.", own.name),
            "Choose another name.".into(),
        ));
    }
    Ok(())
}

/// One of them at its place; `Ok(Err)`: why it has none.
fn put_in(
    draft: &mut Draft<'_>,
    own: &OwnStep,
    generated: &[(Phase, StepId)],
    behind: &mut Vec<(Place, StepId)>,
) -> Result<Result<(), (String, String)>, Refusal> {
    let movement = draft.movement;
    if !own.moves.contains(&occasion(movement.intent)) {
        return Ok(Ok(()));
    }
    if movement.intent == Intent::Drill
        && let Some(other) = own.work.other_application()
    {
        draft.note(format!(
            "The own step `{}` is left out: an isolated drill asks for no run of {other}; drill that application by itself.",
            own.name
        ));
        return Ok(Ok(()));
    }
    if movement.mode == Mode::Emergency && own.in_emergency == InEmergency::LeftOut {
        draft.note(format!("The own step `{}` is left out of an emergency, as the plan says.", own.name));
        return Ok(Ok(()));
    }
    let Some(mut place) = place(generated, &own.place) else { return Ok(Err(nowhere(own))) };
    if let Some(making) = making(draft, own, movement)? {
        let about = [own.name.as_str()];
        let id = draft.add(Making { id: ("own", &about), ..making })?;
        if let Spot::After(these) = &mut place {
            // Those of one place follow each other as they were written.
            these.extend(behind.iter().filter(|(at, _)| *at == own.place).map(|(_, id)| id.clone()));
            behind.push((own.place.clone(), id.clone()));
        }
        draft.put(&id, &place);
    }
    Ok(Ok(()))
}

pub(super) fn occasion(intent: Intent) -> Occasion {
    match intent {
        Intent::Failover => Occasion::Failover,
        Intent::Failback => Occasion::Failback,
        Intent::Drill => Occasion::Drill,
    }
}

/// Generated steps that a step of one's own comes before, or after, all of.
pub(super) enum Spot {
    Before(BTreeSet<StepId>),
    After(BTreeSet<StepId>),
}

/// A phase in which nothing is to be done lends its place: before it is before the next that has something, after it
/// is after the last before it.
fn place(generated: &[(Phase, StepId)], place: &Place) -> Option<Spot> {
    let of = |phase: Phase| -> BTreeSet<StepId> {
        generated.iter().filter(|(p, _)| *p == phase).map(|(_, id)| id.clone()).collect()
    };
    let one = |id: &str| -> Option<BTreeSet<StepId>> {
        generated.iter().find(|(_, have)| have.as_str() == id).map(|(_, id)| BTreeSet::from([id.clone()]))
    };
    let first_from = |phase: Phase| generated.iter().map(|(p, _)| *p).filter(|p| *p >= phase).min();
    let last_to = |phase: Phase| generated.iter().map(|(p, _)| *p).filter(|p| *p <= phase).max();
    match place {
        // A run looks before it does anything, its own steps too.
        Place::Before(Phase::Observe) => Some(Spot::After(of(Phase::Observe))),
        Place::Before(phase) => match first_from(*phase) {
            Some(phase) => Some(Spot::Before(of(phase))),
            // Nothing comes at or after it: at the end, then.
            None => last_to(*phase).map(|phase| Spot::After(of(phase))),
        },
        Place::After(phase) => last_to(*phase).map(|phase| Spot::After(of(phase))),
        Place::BeforeStep(id) if of(Phase::Observe).iter().any(|o| o.as_str() == id) => {
            one(id).map(Spot::After)
        }
        Place::BeforeStep(id) => one(id).map(Spot::Before),
        Place::AfterStep(id) => one(id).map(Spot::After),
    }
}

fn nowhere(own: &OwnStep) -> (String, String) {
    let id = match &own.place {
        Place::BeforeStep(id) | Place::AfterStep(id) => id.as_str(),
        Place::Before(phase) | Place::After(phase) => phase.as_str(),
    };
    (
        format!("The own step `{}` stands beside `{id}`, and this plan has no such step.", own.name),
        "Give it a phase instead, or say under `moves` which moves have it.".into(),
    )
}

/// The step that has another application make the same move; `None`: it cannot, and the emergency goes on without.
fn run_plan(
    draft: &mut Draft<'_>,
    own: &OwnStep,
    other: &Name,
    movement: &Movement,
) -> Result<Option<Making<'static>>, Refusal> {
    let found = draft.picture.others.iter().find(|(application, _)| application.name == *other);
    let trouble = match found {
        Some((application, _)) => cannot_make(application, movement),
        None => {
            Some((format!("There is no application `{other}`."), "Mend the step in the inventory.".into()))
        }
    };
    if let Some((sentence, way_out)) = trouble {
        draft
            .cannot(&format!("The own step `{}` runs the plan of {other}. {sentence}", own.name), &way_out)?;
        return Ok(None);
    }
    let serves = match found {
        Some((_, serving)) if !serving.regions.is_empty() => {
            format!("{other} is served from {}", words(&serving.regions))
        }
        _ => format!("which Region serves {other} is not known"),
    };
    let intent = movement.intent.as_str();
    Ok(Some(Making {
        title: format!("Run the {intent} plan of {other} to {}", movement.to),
        work: Work::Call {
            change: Change::RunPlan { application: other.clone(), movement: movement.clone() },
        },
        timeout_seconds: own.timeout.map_or(ANOTHER_RUN_SECONDS, |t| t.get()),
        value_now: serves,
        value_to_be: format!("{other} is served from {}, by a run of its own", movement.to),
        ..Making::default()
    }))
}

fn making(
    draft: &mut Draft<'_>,
    own: &OwnStep,
    movement: &Movement,
) -> Result<Option<Making<'static>>, Refusal> {
    let application = &draft.picture.application;
    let region = |place: &Where| match place {
        Where::Side(Side::Target) => movement.to.clone(),
        Where::Side(Side::Source) => movement.from.clone(),
        Where::Region(region) => region.clone(),
    };
    let own_seconds = |usual: u32| own.timeout.map_or(usual, |t| t.get());
    let call = |title: String, change: Change, to_be: &str, usual: u32| {
        (title, Work::Call { change }, to_be.to_owned(), own_seconds(usual))
    };
    let (title, work, value_to_be, timeout_seconds) = match &own.work {
        OwnWork::RunPlan { application: other } => return run_plan(draft, own, other, movement),
        OwnWork::Webhook { url } => call(
            format!("Tell {} by webhook", host(url)),
            Change::CallWebhook {
                step: own.name.clone(),
                url: url.clone(),
                application: application.name.clone(),
                movement: movement.clone(),
            },
            "the receiver took it",
            MARGIN_SECONDS,
        ),
        OwnWork::LambdaInvoke { account, region: place, function, payload } => {
            let region = region(place);
            let payload = payload.clone().unwrap_or_else(|| told(&application.name, movement));
            call(
                format!("Invoke {function} in {region}"),
                Change::InvokeLambda {
                    account: account.clone(),
                    region,
                    function: function.clone(),
                    payload,
                },
                "the function returned without an error",
                MARGIN_SECONDS,
            )
        }
        OwnWork::SsmDocument { account, region: place, document, parameters, target_tag, target_value } => {
            let region = region(place);
            call(
                format!("Run {document} on {target_tag}={target_value} in {region}"),
                Change::RunDocument {
                    account: account.clone(),
                    region,
                    document: document.clone(),
                    parameters: parameters.clone(),
                    target_tag: target_tag.clone(),
                    target_value: target_value.clone(),
                },
                "the command succeeded on every instance",
                1_800,
            )
        }
        OwnWork::WaitForPerson { says, group } => (
            format!("Wait until a person says: {says}"),
            Work::WaitForPerson { says: says.clone(), group: group.clone() },
            "confirmed".to_owned(),
            own_seconds(MARGIN_SECONDS),
        ),
        OwnWork::WaitForTime { until } => {
            let (title, takes) = match until {
                Until::For(length) => (format!("Wait {length}"), length.get().saturating_add(MARGIN_SECONDS)),
                Until::At(at) => (format!("Wait until {at}"), UNTIL_A_DATE_SECONDS),
            };
            // Never shorter than the wait itself, whatever was written.
            (
                title,
                Work::WaitForTime { until: until.clone() },
                "the time is over".to_owned(),
                own_seconds(0).max(takes),
            )
        }
        OwnWork::WaitForSignal { signal, region: place } => {
            let region = region(place);
            if !application.resource(signal).is_some_and(|r| r.spec.is_in(&region)) {
                draft.cannot(
                    &format!(
                        "The own step `{}` waits for {signal} in {region}, where it has nothing.",
                        own.name
                    ),
                    &format!("Add {region} to `per_region` of {signal}, or name another Region in the step."),
                )?;
                return Ok(None);
            }
            (
                format!("Wait until {signal} in {region} is well"),
                Work::WaitForSignal { signal: signal.clone(), region },
                "well".to_owned(),
                own_seconds(900),
            )
        }
    };
    Ok(Some(Making {
        title,
        regions: regions(&work),
        work,
        timeout_seconds,
        value_to_be,
        ..Making::default()
    }))
}

fn regions(work: &Work) -> Vec<RegionCode> {
    match work {
        Work::WaitForSignal { region, .. } => vec![region.clone()],
        _ => Vec::new(),
    }
}

/// What a function is told where the plan gives it nothing else: what a webhook's `data` has of the move.
fn told(application: &Name, movement: &Movement) -> String {
    serde_json::json!({ "application": application, "movement": movement }).to_string()
}

/// The host of a URL, for a title.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}

/// Puts `id`, which stands last and comes after nothing, at its place among `steps`, which stay in an order in which
/// each comes after those that it waits for.
pub(super) fn put(steps: &mut Vec<Step>, id: &StepId, spot: &Spot) {
    let mut after = BTreeSet::new();
    match spot {
        Spot::Before(these) => {
            // What the others of the place wait for, but not what waits for one of them itself.
            let following = following(steps, these);
            for step in steps.iter_mut().filter(|s| these.contains(&s.id)) {
                after.extend(
                    step.after.iter().filter(|b| !these.contains(*b) && !following.contains(*b)).cloned(),
                );
                step.after.push(id.clone());
            }
        }
        Spot::After(these) => {
            after.extend(these.iter().cloned());
            // But not what one of the place waits for itself, such as a step of one's own in its middle.
            let within: BTreeSet<StepId> = steps
                .iter()
                .map(|step| step.id.clone())
                .filter(|step| !following(steps, &BTreeSet::from([step.clone()])).is_disjoint(these))
                .collect();
            let outside = |step: &Step| !these.contains(&step.id) && !within.contains(&step.id);
            for step in steps.iter_mut().filter(|s| outside(s) && s.id != *id) {
                if step.after.iter().any(|before| these.contains(before)) {
                    step.after.push(id.clone());
                }
            }
        }
    }
    if let Some(own) = steps.iter_mut().find(|s| s.id == *id) {
        own.after = after.into_iter().collect();
    }
    in_order(steps);
}

/// All that wait, directly or not, for one of `these`.
pub(super) fn following(steps: &[Step], these: &BTreeSet<StepId>) -> BTreeSet<StepId> {
    let mut found: BTreeSet<StepId> = BTreeSet::new();
    for step in steps {
        if step.after.iter().any(|before| these.contains(before) || found.contains(before)) {
            found.insert(step.id.clone());
        }
    }
    found
}

/// Stable: a step moves only as far back as what it waits for.
pub(super) fn in_order(steps: &mut Vec<Step>) {
    let mut left = std::mem::take(steps);
    while !left.is_empty() {
        let ready = left.iter().position(|step| step.after.iter().all(|b| steps.iter().any(|s| s.id == *b)));
        // A circle cannot come about; were there one, the journal would refuse the plan, and nothing be done.
        steps.push(left.remove(ready.unwrap_or(0)));
    }
}
