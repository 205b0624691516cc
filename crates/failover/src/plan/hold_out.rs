//! A planned failover that is done already has nothing to move. It is how the Region that was left is held out once more,
//! when it has come back after an emergency: what still works there is stopped, who writes there is fenced, and what leads
//! traffic there is closed again, and what the strategy does not let run in a Region that stands by goes to rest. No store is promoted, built or restored: what stands there is old.

use super::draft::{Draft, Making};
use super::{Executions, Picture, Plan, compute, confirm_serving, events, guard, move_traffic, own, stores};
use crate::movement::{Intent, Mode, Movement};
use crate::refusal::Refusal;
use crate::serving::serving;
use crate::step::Work;
use holdfast_domain::Strategy;
use holdfast_domain::own_step::Phase;

/// Whether the application is seen in the target, with all its writers, and nowhere else.
pub(crate) fn is_there(picture: &Picture, movement: &Movement) -> bool {
    let (application, to) = (&picture.application, &movement.to);
    if movement.intent != Intent::Failover
        || movement.mode != Mode::Planned
        || application.strategy == Strategy::ActiveActive
    {
        return false;
    }
    serving(application, &picture.observations).is_all_in(to)
}

pub(super) fn once_more(picture: &Picture, movement: &Movement) -> Result<Plan, Refusal> {
    // Of the steps of one's own those that fence; edits are of the move.
    let own = picture.own.iter().filter(|own| !own.fences.is_empty()).cloned().collect();
    let picture = Picture { own, edits: Vec::new(), ..picture.clone() };
    let mut draft = Draft::new(&picture, movement);
    guard::check(&mut draft)?;
    draft.note(format!(
        "{} is served from {} already: nothing is moved. What still works in {} is stopped, and it is held out again.",
        picture.application.name, movement.to, movement.from
    ));
    let observe = draft.add(Making {
        id: ("observe-again", &[]),
        title: "Look at everything again".into(),
        work: Work::ObserveAgain,
        timeout_seconds: 120,
        value_to_be: "everything as it was when the plan was made".into(),
        ..Making::default()
    })?;
    draft.enter(Phase::StopEventSources);
    let stopped = events::stop(&mut draft, &observe)?;
    let ready = if stopped.is_empty() { vec![observe] } else { stopped };
    draft.enter(Phase::RecordLag);
    let ready = stores::fence::ask_again(&mut draft, ready)?;
    let done = move_traffic(&mut draft, ready, Executions::LeaveAlone)?;
    draft.enter(Phase::ConfirmServing);
    let done = confirm_serving(&mut draft, done)?;
    draft.enter(Phase::Lower);
    compute::rest(&mut draft, &done)?;
    own::insert(&mut draft)?;
    let (plan, _) = draft.finish()?;
    Ok(plan)
}
