//! What a planned promotion of a replica begins with: nothing writes to the old writer any more, and the copy has all
//! that it had taken. AWS has no call that fences a database's writers, so a step of one's own does, or a person says so.

use super::{How, Move, Moves};
use crate::movement::Mode;
use crate::plan::draft::{Draft, Making};
use crate::plan::own::occasion;
use crate::refusal::Refusal;
use crate::step::Work;
use holdfast_domain::{Facts, Name, OwnStep, StepId};

/// A metric a minute old, once a minute, and a copy that is minutes behind.
const CATCH_UP_TIMEOUT_SECONDS: u32 = 1_800;
const ASKED: &str = "fence";

/// The steps of one's own that fence this store on such a move.
pub(super) fn fencing<'a: 's, 's>(
    draft: &Draft<'a>,
    store: &'s Name,
) -> impl Iterator<Item = &'a OwnStep> + use<'a, 's> {
    let occasion = occasion(draft.movement.intent);
    let own = draft.picture.own.iter();
    own.filter(move |own| own.fences.contains(store) && own.moves.contains(&occasion))
}

/// Asks a person about each store to be promoted whose writers no step of one's own stops.
pub(in crate::plan) fn ask(
    draft: &mut Draft<'_>,
    moves: &Moves,
    after: Vec<StepId>,
) -> Result<Vec<StepId>, Refusal> {
    let mut asked = Vec::new();
    let planned = draft.movement.mode == Mode::Planned;
    for m in moves.writers.iter().filter(|m| planned && !m.stands) {
        if !matches!(m.how, How::Replica { .. }) || fencing(draft, &m.store).next().is_some() {
            continue;
        }
        asked.push(ask_about(draft, &m.store, &after)?);
    }
    Ok(if asked.is_empty() { after } else { asked })
}

/// Asks about each old writer that is seen in the Region that was left, where another has taken its place.
pub(in crate::plan) fn ask_again(draft: &mut Draft<'_>, after: Vec<StepId>) -> Result<Vec<StepId>, Refusal> {
    let mut asked = Vec::new();
    for resource in &draft.picture.application.resources {
        let (store, from) = (&resource.name, &draft.movement.from);
        let old = draft.known(store, from).filter(|facts| facts.leaves_old_writer());
        if old.and_then(Facts::writes) == Some(true) && fencing(draft, store).next().is_none() {
            asked.push(ask_about(draft, store, &after)?);
        }
    }
    Ok(if asked.is_empty() { after } else { asked })
}

fn ask_about(draft: &mut Draft<'_>, store: &Name, after: &[StepId]) -> Result<StepId, Refusal> {
    let from = &draft.movement.from;
    draft.add(Making {
        id: (ASKED, &[store.as_str()]),
        title: format!("See that nothing writes to {store} in {from} any more"),
        work: Work::WaitForPerson {
            says: format!(
                "nothing writes to {store} in {from} any more (its clients are stopped or refused, and stay so)"
            ),
            group: None,
        },
        after: after.to_vec(),
        value_now: format!("{from} takes writes"),
        value_to_be: "no writer".into(),
        ..Making::default()
    })
}

/// The step that waits until the copy has all that was written before it began.
pub(super) fn catch_up(draft: &mut Draft<'_>, m: &Move, after: &[StepId]) -> Result<Vec<StepId>, Refusal> {
    if draft.movement.mode == Mode::Emergency {
        return Ok(after.to_vec());
    }
    let region = draft.movement.to.clone();
    let id = draft.add(Making {
        id: ("catch-up", &[m.store.as_str()]),
        title: format!("Wait until {} in {region} has all that was written", m.store),
        work: Work::CatchUp { store: m.store.clone(), region: region.clone() },
        regions: vec![region],
        after: after.to_vec(),
        timeout_seconds: CATCH_UP_TIMEOUT_SECONDS,
        value_to_be: "everything from before the fence".into(),
        ..Making::default()
    })?;
    Ok(vec![id])
}

/// A step of one's own that fences a store too late, or perhaps, fences nothing; an edit may have made it so.
pub(in crate::plan) fn stand_before(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    for (catch_up, store) in draft.catching_up() {
        let idle: Vec<String> = fencing(draft, &store)
            .filter(|own| {
                let step = StepId::parse(&format!("own-{}", own.name));
                !step.is_ok_and(|own| draft.waits_for(&catch_up, &own) && draft.is_unconditional(&own))
            })
            .map(|own| own.name.to_string())
            .collect();
        if !idle.is_empty() {
            draft.cannot(
                &format!(
                    "The own step `{}` is to fence {store}, and this plan has it on a condition, not at all, or behind the moment from which the copy counts as complete.",
                    idle.join("`, `")
                ),
                "Give it a place before `record_lag`, and take back the edits of it.",
            )?;
        }
    }
    Ok(())
}
