//! Edits over the generated plan. They are kept beside it and laid over whatever is generated next, so that a change of
//! the inventory neither loses them nor freezes the plan: what no longer applies is said, edit by edit. What must not be
//! edited away is [`safety`]'s to say.

mod apply;
mod safety;

pub(super) use apply::lay_over;
pub(super) use safety::Laid;

use crate::movement::Mode;
use crate::step::how::{Condition, IfItFails};
use holdfast_domain::own_step::{InEmergency, Occasion, OwnWork, Place};
use holdfast_domain::{Name, OwnStep, Seconds, StepId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One edit, and in which of the plan's two forms it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// `None`: in both. It then has to fit at least one of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    pub edit: Editing,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Editing {
    /// `step` comes after `other` too.
    WaitFor {
        step: StepId,
        other: StepId,
    },
    /// `step` no longer waits for `other`: what does not depend on each other goes side by side.
    DoNotWaitFor {
        step: StepId,
        other: StepId,
    },
    /// From start to verified; then a person is asked.
    Timeout {
        step: StepId,
        seconds: u32,
    },
    /// How often a call that AWS refuses is made in all.
    Tries {
        step: StepId,
        tries: u32,
    },
    OnlyIf {
        step: StepId,
        condition: Condition,
    },
    IfItFails {
        step: StepId,
        then: IfItFails,
    },
    /// The plan goes without it; with `mode`, only when planned or only in an emergency.
    LeaveOut {
        step: StepId,
    },
    /// A step of one's own that waits, at a place. One that calls something is written in the inventory, where the rights
    /// and the secrets that it needs are kept.
    Insert {
        name: Name,
        place: Place,
        work: OwnWork,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout: Option<Seconds>,
    },
}

/// An edit that does not fit the plan as it is generated now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Misfit {
    /// Which of the edits, from 0, and the field of it that stands in the way.
    pub edit: usize,
    pub field: String,
    pub mode: Mode,
    pub sentence: String,
    pub way_out: String,
}

impl Misfit {
    /// Where it stands in what was sent: `edits[2].edit.other`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("edits[{}].edit.{}", self.edit, self.field)
    }
}

impl Edit {
    #[must_use]
    pub fn is_of(&self, mode: Mode) -> bool {
        self.mode.is_none_or(|only| only == mode)
    }

    /// The step of one's own that it puts in, for a movement of this occasion.
    pub(super) fn own_step(&self, occasion: Occasion) -> Option<OwnStep> {
        let Editing::Insert { name, place, work, timeout } = &self.edit else { return None };
        Some(OwnStep {
            name: name.clone(),
            place: place.clone(),
            moves: vec![occasion],
            in_emergency: InEmergency::CarriedOut,
            timeout: *timeout,
            fences: Vec::new(),
            work: work.clone(),
        })
    }
}

impl Editing {
    /// As stored and sent: a contract.
    pub const KINDS: [&str; 8] =
        ["wait_for", "do_not_wait_for", "timeout", "tries", "only_if", "if_it_fails", "leave_out", "insert"];

    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::WaitFor { .. } => "wait_for",
            Self::DoNotWaitFor { .. } => "do_not_wait_for",
            Self::Timeout { .. } => "timeout",
            Self::Tries { .. } => "tries",
            Self::OnlyIf { .. } => "only_if",
            Self::IfItFails { .. } => "if_it_fails",
            Self::LeaveOut { .. } => "leave_out",
            Self::Insert { .. } => "insert",
        }
    }

    /// The step that it is about; of one that is put in, the id that it gets.
    #[must_use]
    pub fn step(&self) -> String {
        match self {
            Self::WaitFor { step, .. }
            | Self::DoNotWaitFor { step, .. }
            | Self::Timeout { step, .. }
            | Self::Tries { step, .. }
            | Self::OnlyIf { step, .. }
            | Self::IfItFails { step, .. }
            | Self::LeaveOut { step } => step.to_string(),
            Self::Insert { name, .. } => format!("own-{name}"),
        }
    }
}

/// As a person reads it: `switch-orders waits for own-bank-told too`.
impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.edit {
            Editing::WaitFor { step, other } => write!(f, "{step} waits for {other} too")?,
            Editing::DoNotWaitFor { step, other } => write!(f, "{step} no longer waits for {other}")?,
            Editing::Timeout { step, seconds } => {
                write!(f, "{step} may take {}", Seconds(*seconds))?;
            }
            Editing::Tries { step, tries } => {
                write!(f, "{step} is tried {tries} times where AWS refuses it")?
            }
            Editing::OnlyIf { step, condition } => write!(f, "{step} only where {condition}")?,
            Editing::IfItFails { step, then: IfItFails::GoOn } => {
                write!(f, "the run goes on where {step} fails")?;
            }
            Editing::IfItFails { step, then: IfItFails::Ask } => {
                write!(f, "a person is asked where {step} fails")?
            }
            Editing::LeaveOut { step } => write!(f, "{step} is left out")?,
            Editing::Insert { name, work, .. } => {
                write!(f, "own-{name} ({}) is put in", work.kind().replace('_', " "))?
            }
        }
        match self.mode {
            Some(Mode::Planned) => f.write_str(", when planned"),
            Some(Mode::Emergency) => f.write_str(", in an emergency"),
            None => Ok(()),
        }
    }
}
