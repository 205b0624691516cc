//! The port through which runs are asked for: a step's of another application, and the way back of a live drill. Behind it stands the use case that a person's
//! request goes through; no rule about who may, or when, is the engine's.

use async_trait::async_trait;
use holdfast_domain::RunId;
use holdfast_failover::step::run_plan::{Asking, NotAsked};
use holdfast_offline::bundle::Draft;
use holdfast_store::Fence;
use std::time::Duration;

#[async_trait]
pub trait Asks: Send + Sync + std::fmt::Debug {
    /// Asks once: the same asking, sent again by whoever drives the step's run by then, answers with the run that is
    /// there. Nothing is made once the fence no longer holds.
    async fn ask(&self, asking: &Asking, fence: &Fence) -> Result<RunId, NotAsked>;

    /// Asks for the way back of a live drill whose time is over; once, whoever asks. A no is kept with the drill.
    async fn bring_back(&self, drill: RunId) -> Result<RunId, String>;

    /// Looks after the plans of the applications whose turn it is: generates, keeps, evaluates. Answers with how many
    /// there were. Workers that only carry runs out have nothing to look after.
    async fn look_after_plans(&self) -> usize {
        0
    }

    /// What a bundle made now would hold. `None`: workers that only carry runs out make none.
    async fn bundle_draft(&self) -> Option<Result<Draft, String>> {
        None
    }
}

/// What a request takes at most; an answer that comes later is not waited for, and the run is looked for.
pub(crate) const ASKING_AT_MOST: Duration = Duration::from_secs(10);
