//! How a step is carried out where that differs from what is usual: under a condition, with its own number of tries,
//! with something to do when it fails. It is frozen into the plan with the step, and hashed with it.

use super::check::known;
use super::outside;
use super::{Seen, Step};
use crate::plan::facts_of;
use holdfast_domain::{Name, RegionCode};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Absent of a step that is carried out as usual, so that the digests of plans without any stay as they were.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct How {
    /// Only where this holds when the step's turn comes; else it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_if: Option<Condition>,
    /// How often its call is made in all where AWS refuses it, and so changes nothing. `None`: as often as the step's
    /// time allows where the refusal may pass, else once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tries: Option<u32>,
    #[serde(default, skip_serializing_if = "IfItFails::is_usual")]
    pub if_it_fails: IfItFails,
}

impl How {
    #[must_use]
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// What an operator should know of it before the step's turn comes; `None`: it is carried out as usual.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        let mut words = Vec::new();
        words.extend(self.only_if.as_ref().map(|condition| format!("only where {condition}")));
        words.extend(self.tries.map(|tries| format!("tried {tries} times where AWS refuses it")));
        if self.if_it_fails == IfItFails::GoOn {
            words.push("where it fails, the run goes on without it".into());
        }
        (!words.is_empty()).then(|| words.join("; "))
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

    /// Whether it holds; `Err`: why that cannot be told.
    ///
    /// # Errors
    /// What could not be seen is never taken for one answer or the other.
    pub fn holds(&self, seen: &Seen) -> Result<bool, String> {
        match self {
            Self::Signal { resource, region, well } => {
                Ok(outside::signal(resource, region, seen)?.is_ok() == *well)
            }
            Self::Fact { resource, region, what, value } => {
                let facts = known(seen, resource, region)?;
                Ok(facts_of(resource, region, facts).iter().any(|f| f.what == *what && f.value == *value))
            }
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

impl Step {
    /// Why the step is to be left out now; `None`: its condition holds, or it has none.
    ///
    /// # Errors
    /// Why that cannot be told.
    pub fn left_out_now(&self, seen: &Seen) -> Result<Option<String>, String> {
        let Some(condition) = &self.how.only_if else { return Ok(None) };
        Ok((!condition.holds(seen)?).then(|| format!("only where {condition}, and that is not so")))
    }

    /// Whether a refused call is made again without anybody being asked: `made` times it was made so far.
    #[must_use]
    pub fn is_tried_again(&self, may_pass: bool, made: u32) -> bool {
        self.how.tries.map_or(may_pass, |tries| made < tries)
    }
}
