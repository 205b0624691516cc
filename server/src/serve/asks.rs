//! What the workers ask of the use cases: a run of another application, for a step that runs its plan.

use async_trait::async_trait;
use holdfast_app::App;
use holdfast_domain::RunId;
use holdfast_engine::Asks;
use holdfast_failover::step::run_plan::{Asking, NotAsked};
use holdfast_store::Fence;

#[derive(Debug)]
pub struct StepRequests(pub App);

#[async_trait]
impl Asks for StepRequests {
    async fn ask(&self, asking: &Asking, fence: &Fence) -> Result<RunId, NotAsked> {
        self.0.ask_for_step(asking, fence).await
    }
}
