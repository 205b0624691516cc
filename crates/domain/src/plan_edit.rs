//! What people change about a generated plan, and the ways that a plan is of. Whether an edit fits is decided where plans are
//! made; a plan's version and the declarative file hold the same edits.

use crate::ids::{Name, RegionCode, StepId};
use crate::movement::{Intent, Mode};
use crate::own_step::{InEmergency, Occasion, OwnStep, OwnWork, Place};
use crate::seconds::Seconds;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::RangeInclusive;

/// The edits over the plan of one way in which an application is moved, in the order in which they are laid over it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanEdits {
    pub intent: Intent,
    pub from: RegionCode,
    pub to: RegionCode,
    pub edits: Vec<Edit>,
}

impl PlanEdits {
    /// Which way it is.
    #[must_use]
    pub fn way(&self) -> (Intent, &RegionCode, &RegionCode) {
        (self.intent, &self.from, &self.to)
    }
}

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

impl Edit {
    #[must_use]
    pub fn is_of(&self, mode: Mode) -> bool {
        self.mode.is_none_or(|only| only == mode)
    }

    /// The step of one's own that it puts in, for a movement of this occasion.
    #[must_use]
    pub fn own_step(&self, occasion: Occasion) -> Option<OwnStep> {
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

    /// Bounds of a step's time: below, it would be over before the first look; above, nobody waits.
    pub const TIMEOUT_SECONDS: RangeInclusive<u32> = 10..=7 * 86_400;
    pub const TRIES: RangeInclusive<u32> = 1..=20;
    /// More over one plan than anybody means; each is laid over it whenever it is generated.
    pub const AT_MOST: usize = 100;

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

/// What is asked of the world when the step's turn comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Condition {
    /// A resource that tells whether something is well says that it is, or that it is not.
    Signal { resource: Name, region: RegionCode, well: bool },
    /// A discrete fact of a resource, as plans list them, has this value.
    Fact { resource: Name, region: RegionCode, what: String, value: String },
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IfItFails {
    /// A person is asked.
    #[default]
    Ask,
    /// The run goes on without it, and completes with an exception.
    GoOn,
}

impl IfItFails {
    #[must_use]
    pub fn is_usual(&self) -> bool {
        *self == Self::Ask
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ask => "ask",
            Self::GoOn => "go_on",
        }
    }
}

impl Condition {
    #[must_use]
    pub fn resource(&self) -> &Name {
        match self {
            Self::Signal { resource, .. } | Self::Fact { resource, .. } => resource,
        }
    }

    #[must_use]
    pub fn region(&self) -> &RegionCode {
        match self {
            Self::Signal { region, .. } | Self::Fact { region, .. } => region,
        }
    }
}

/// What is to be so: `edge in eu-central-1 is well`.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signal { resource, region, well } => {
                let word = if *well { "is" } else { "is not" };
                write!(f, "{resource} in {region} {word} well")
            }
            Self::Fact { resource, region, what, value } => {
                write!(f, "{what} of {resource} in {region} is {value}")
            }
        }
    }
}
