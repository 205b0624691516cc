//! What is different for a run that is a part of an evacuation: the lot is approved, denied and started together.

use super::{Event, Run};
use crate::refusal::Refusal;
use jiff::Timestamp;

impl Run {
    /// Why nobody approves, denies or starts it by itself.
    pub(super) fn decided_with_the_lot(&self) -> Refusal {
        let lot = self.request.evacuation.map(|id| id.to_string()).unwrap_or_default();
        Refusal::new(
            "part_of_an_evacuation",
            format!("This run is a part of evacuation {lot}, and is decided and started with it."),
            "Review the evacuation; or cancel this run, which takes the application out of it.",
        )
    }

    pub(super) fn must_be_of_an_evacuation(&self) -> Result<(), Refusal> {
        match self.request.evacuation {
            Some(_) => Ok(()),
            None => Err(Refusal::new(
                "wrong_state",
                "The run is no part of an evacuation and has no turn.",
                "It starts with its last approval.",
            )),
        }
    }

    /// The run after these events, which must be legal one after the other.
    ///
    /// # Errors
    /// What stands against the first that is not.
    pub fn after(&self, events: &[Event], now: Timestamp) -> Result<Self, Refusal> {
        let mut run = self.clone();
        for event in events {
            run.legal(event, now)?;
            run.take(event, now);
            run.seq += 1;
        }
        Ok(run)
    }
}
