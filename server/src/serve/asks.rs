//! What the workers ask of the use cases: a run of another application, for a step that runs its plan; that kept plans are
//! looked after; what a bundle made now would hold.

use async_trait::async_trait;
use holdfast_app::App;
use holdfast_domain::RunId;
use holdfast_engine::Asks;
use holdfast_failover::step::run_plan::{Asking, NotAsked};
use holdfast_offline::Draft;
use holdfast_store::Fence;

/// Applications whose plans one replica takes in hand at once.
const PLANS_AT_ONCE: u32 = 20;

#[derive(Debug)]
pub struct StepRequests(pub App);

#[async_trait]
impl Asks for StepRequests {
    async fn ask(&self, asking: &Asking, fence: &Fence) -> Result<RunId, NotAsked> {
        self.0.ask_for_step(asking, fence).await
    }

    async fn bring_back(&self, drill: RunId) -> Result<RunId, String> {
        self.0.bring_back(drill).await
    }

    async fn bundle_draft(&self) -> Option<Result<Draft, String>> {
        self.0.bundle_draft().await.map_err(|problem| problem.detail).transpose()
    }

    async fn look_after_plans(&self) -> usize {
        match self.0.look_after_plans(PLANS_AT_ONCE).await {
            Ok(looked_after) => looked_after,
            Err(problem) => {
                tracing::warn!(detail = %problem.detail, "plans could not be looked after");
                0
            }
        }
    }
}
