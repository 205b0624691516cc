//! The decisions of Holdfast, pure: no clock, no randomness, no I/O; time and what was seen are arguments.
//! What a plan holds, whether a run may start, what it does next, whether a step is there yet, who may
//! approve, what readiness finds, what compliance may claim.
#![allow(
    clippy::result_large_err,
    reason = "a verdict carries the whole call that it asks for, and is made once a step"
)]

pub mod approval;
pub mod break_glass;
pub mod change;
pub mod clock;
pub mod compliance;
pub mod digest;
pub mod evacuation;
pub mod evaluation;
pub mod gap;
pub mod guard;
pub mod kept;
pub mod lease;
pub mod movement;
pub mod notice;
pub mod on_call;
pub mod plan;
pub mod readiness;
pub mod refusal;
pub mod run;
pub mod serving;
pub mod shared;
pub mod step;
#[cfg(test)]
mod testing;
pub mod undo;

pub use approval::{FrozenPolicy, Review, Tally};
pub use change::{Change, Idempotency};
pub use digest::Digest;
pub use evacuation::Evacuation;
pub use movement::{Drill, DrillKind, Intent, Mode, Movement};
pub use plan::{Fact, Measurement, Picture, Plan};
pub use readiness::{Finding, Severity};
pub use refusal::Refusal;
pub use run::{Command, Event, Next, Request, Run, RunState, StepState};
pub use step::{Step, Verdict};
