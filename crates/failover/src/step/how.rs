//! How a step is carried out where that differs from what is usual: under a condition, with its own number of tries,
//! with something to do when it fails. It is frozen into the plan with the step, and hashed with it.

use super::check::known;
use super::outside;
use super::{Seen, Step};
use crate::plan::facts_of;
pub use holdfast_domain::plan_edit::{Condition, IfItFails};
use serde::{Deserialize, Serialize};

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

/// Whether the condition holds; `Err`: why that cannot be told. What could not be seen is never taken for one answer or the
/// other.
pub(super) fn holds(condition: &Condition, seen: &Seen) -> Result<bool, String> {
    match condition {
        Condition::Signal { resource, region, well } => {
            Ok(outside::signal(resource, region, seen)?.is_ok() == *well)
        }
        Condition::Fact { resource, region, what, value } => {
            let facts = known(seen, resource, region)?;
            Ok(facts_of(resource, region, facts).iter().any(|f| f.what == *what && f.value == *value))
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
        Ok((!holds(condition, seen)?).then(|| format!("only where {condition}, and that is not so")))
    }

    /// Whether a refused call is made again without anybody being asked: `made` times it was made so far.
    #[must_use]
    pub fn is_tried_again(&self, may_pass: bool, made: u32) -> bool {
        self.how.tries.map_or(may_pass, |tries| made < tries)
    }
}
