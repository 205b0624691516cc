//! What an account's roles are needed for, so that an action which one of them lacks is told to those whom it concerns.

use crate::own_step::OwnCall;
use crate::resource::ResourceKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Written as the kind's or the step's own word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Need {
    Kind(ResourceKind),
    OwnStep(OwnCall),
}

impl Need {
    /// Whether a step may change something for it, which takes the act role.
    #[must_use]
    pub fn acts(self) -> bool {
        match self {
            // A probe asks from outside, as nobody in particular.
            Self::Kind(kind) => !kind.is_for_readiness_only() && kind != ResourceKind::Probe,
            Self::OwnStep(_) => true,
        }
    }
}

/// An action that a role may not do and will be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// In IAM's words, such as `ecs:UpdateService`.
    pub action: String,
    /// Empty where that is not known: then it may concern anybody.
    pub needed_by: BTreeSet<Need>,
}

impl Missing {
    #[must_use]
    pub fn concerns(&self, needs: &BTreeSet<Need>) -> bool {
        self.needed_by.is_empty() || !self.needed_by.is_disjoint(needs)
    }
}
