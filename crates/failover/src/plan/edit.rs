//! Edits over the generated plan. They are kept beside it and laid over whatever is generated next, so that a change of
//! the inventory neither loses them nor freezes the plan: what no longer applies is said, edit by edit. What must not be
//! edited away is [`safety`]'s to say.

mod apply;
mod safety;

pub(super) use apply::lay_over;
pub(super) use safety::Laid;

use crate::movement::Mode;
pub use holdfast_domain::plan_edit::{Edit, Editing};
use serde::{Deserialize, Serialize};

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
