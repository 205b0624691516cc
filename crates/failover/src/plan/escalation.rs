//! The emergency variant of a planned move: made from the same picture, frozen and approved with it, and carried out in
//! its place when the run is escalated.

use super::{Picture, is_there, plan};
use crate::movement::{Intent, Mode, Movement};
use crate::step::Step;
use holdfast_domain::{Invalid, Name, StepId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a planned run does instead once it is escalated. It rests on the facts of the plan beside which it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EmergencyVariant {
    Ready {
        steps: Vec<Step>,
        roles: BTreeMap<Name, String>,
        notes: Vec<String>,
    },
    /// None can be made, and why.
    None {
        reason: String,
    },
}

/// No two steps of one run have the same id: by it the calls of the planned part and of the emergency are told apart.
const PREFIX: &str = "emergency-";

/// The id of the variant's step that stands for this one of the plan.
///
/// # Errors
/// When the id would be too long.
pub fn escalated_id(id: &StepId) -> Result<StepId, Invalid> {
    StepId::parse(&format!("{PREFIX}{id}"))
}

/// The variant of a planned move; `None` of one that is an emergency already.
#[must_use]
pub fn emergency_variant(picture: &Picture, movement: &Movement) -> Option<EmergencyVariant> {
    if movement.mode == Mode::Emergency {
        return None;
    }
    if movement.intent == Intent::Drill {
        return none("A drill never accepts the loss of data.");
    }
    if is_there(picture, movement) {
        return none("The application is there already: nothing is left to move.");
    }
    let movement = Movement { mode: Mode::Emergency, ..movement.clone() };
    let mut planned = match plan(picture, &movement) {
        Ok(planned) => planned,
        Err(refusal) => return none(&refusal.to_string()),
    };
    let mut notes = std::mem::take(&mut planned.notes);
    for step in &planned.steps {
        let (old, new) = (format!("`{}`", step.id), format!("`{PREFIX}{}`", step.id));
        notes.iter_mut().for_each(|note| *note = note.replace(&old, &new));
    }
    match planned.steps.into_iter().map(renamed).collect::<Result<_, _>>() {
        Ok(steps) => Some(EmergencyVariant::Ready { steps, roles: planned.roles, notes }),
        Err(invalid) => none(&invalid.to_string()),
    }
}

fn none(reason: &str) -> Option<EmergencyVariant> {
    Some(EmergencyVariant::None { reason: reason.to_owned() })
}

fn renamed(mut step: Step) -> Result<Step, Invalid> {
    step.id = escalated_id(&step.id)?;
    step.after = step.after.iter().map(escalated_id).collect::<Result<_, _>>()?;
    step.title = format!("Emergency: {}", step.title);
    Ok(step)
}
