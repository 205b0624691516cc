//! How a run ended, and whether somebody must say that they have read it.

use super::{Run, RunState};
use crate::Refusal;

impl RunState {
    /// It is over and did what it was to do.
    #[must_use]
    pub fn is_completed(self) -> bool {
        matches!(self, Self::Completed | Self::CompletedWithExceptions)
    }
}

impl Run {
    /// Why nobody need say that they have read how the run ended.
    #[must_use]
    pub fn not_to_acknowledge(&self) -> Option<Refusal> {
        if !self.state.is_over() {
            return Some(Refusal::new(
                "wrong_state",
                format!("The run is {} and not over.", self.state.as_str().replace('_', " ")),
                "Acknowledge it once it has ended.",
            ));
        }
        (self.approved_at.is_none() || self.request.dry_run || self.state.is_completed()).then(|| {
            Refusal::new(
                "wrong_state",
                "The run completed, or never began: nothing of it need be acknowledged.",
                "Nothing need be done.",
            )
        })
    }
}
