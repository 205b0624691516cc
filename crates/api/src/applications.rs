//! Applications: what stands where, whether it would survive, and why not.

use crate::Page;
use crate::plans::VerificationView;
use crate::problem::Answer;
use crate::runs::RunSummary;
use crate::shapes::{FactsShape, FindingShape, RefusalShape, ServingShape, StoreProtectionShape};
use crate::version::IfMatch;
use async_trait::async_trait;
use holdfast_domain::{Actor, Application, Name, OwnStep};
use holdfast_failover::readiness::Finding;
use holdfast_failover::serving::{RecoveryState, Serving, StoreProtection};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One line of the list. Times in seconds unless the name says otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ApplicationSummary {
    pub name: String,
    pub owner: String,
    pub tier: u8,
    pub strategy: String,
    pub home_region: String,
    pub recovery_regions: Vec<String>,
    #[schema(value_type = String, example = "steady")]
    pub recovery_state: RecoveryState,
    #[schema(value_type = ServingShape)]
    pub serving: Serving,
    pub rto_objective_seconds: u32,
    pub rpo_objective_seconds: u32,
    /// Worst of the last runs; `None`: never measured.
    pub rto_measured_seconds: Option<f64>,
    /// Worst store now; `None`: not known.
    pub lag_now_ms: Option<f64>,
    pub has_store: bool,
    /// `yes`, `no` or `unknown`.
    pub would_survive: String,
    /// The finding that decides it, in a sentence.
    pub because: Option<String>,
    /// `met`, `missed` or `unknown`.
    pub compliance: String,
    pub active_run: Option<String>,
    /// When the oldest part of the picture was seen; `None`: never.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub picture_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ApplicationView {
    pub summary: ApplicationSummary,
    /// As the inventory has it.
    #[schema(value_type = Object)]
    pub application: Application,
    /// The steps of one's own that its plans are given, as the inventory has them.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    pub own_steps: Vec<OwnStep>,
    #[serde(default)]
    pub recovery: RecoveryView,
    pub resources: Vec<ResourceStatus>,
    #[schema(value_type = Vec<FindingShape>)]
    pub findings: Vec<Finding>,
    pub runs: Vec<RunSummary>,
    /// Per store and Region, oldest first.
    pub lag: Vec<LagSeries>,
    /// What this actor may start now, each with its refusal where it may not.
    pub moves: Vec<Move>,
    /// Whether what would be carried out today was rehearsed.
    #[serde(default)]
    pub verification: VerificationView,
}

/// Where the application stands between home and recovery, and what protects each of its stores.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RecoveryView {
    /// What the state means and what comes next.
    pub sentence: String,
    /// Of each store, where the application is seen to be.
    #[schema(value_type = Vec<StoreProtectionShape>)]
    pub stores: Vec<StoreProtection>,
}

/// What a webhook is signed with from now on.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WebhookSecret {
    /// `whsec_` and base64, as libraries for Standard Webhooks take it. Shown once: the answer to a repeat of the request
    /// that made it is without it. When it got lost, make another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookSecret(hidden)")
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LagSeries {
    pub store: String,
    pub region: String,
    #[schema(value_type = Vec<(String, f64)>)]
    pub points: Vec<(Timestamp, f64)>,
}

/// A run that could be requested.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Move {
    /// `failover` or `failback`.
    pub intent: String,
    pub from: String,
    pub to: String,
    /// Why not, when it is refused now.
    #[schema(value_type = Option<RefusalShape>)]
    pub refused: Option<holdfast_failover::Refusal>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ApplicationStatus {
    pub application: String,
    #[schema(value_type = String, example = "steady")]
    pub recovery_state: RecoveryState,
    #[schema(value_type = ServingShape)]
    pub serving: Serving,
    #[serde(default)]
    pub recovery: RecoveryView,
    pub resources: Vec<ResourceStatus>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ResourceStatus {
    pub name: String,
    pub kind: String,
    pub account: String,
    pub regions: Vec<RegionStatus>,
}

/// `state`: `known`, `stale` or `unknown`. `values` is what was last seen, whatever the state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RegionStatus {
    pub region: String,
    pub state: String,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub observed_at: Option<Timestamp>,
    pub reason: Option<String>,
    #[schema(value_type = Option<FactsShape>)]
    pub values: Option<holdfast_domain::Facts>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ApplicationFilter {
    pub strategy: Option<String>,
    pub region: Option<String>,
    pub tier: Option<u8>,
    pub owner: Option<String>,
    pub recovery_state: Option<String>,
    pub compliance: Option<String>,
    /// Part of a name or owner.
    pub search: Option<String>,
    /// What the page before gave as `next`.
    pub cursor: Option<String>,
    /// 200 when absent.
    pub limit: Option<u32>,
}

/// The words that the filters of lists know: on pages, and by REST, which refuses any other.
impl ApplicationFilter {
    /// Whether it leaves any application out, apart from which page of them is shown.
    #[must_use]
    pub fn narrows(&self) -> bool {
        Self { cursor: None, limit: None, ..self.clone() } != Self::default()
    }

    pub const COMPLIANCE: [&str; 3] = ["met", "missed", "unknown"];
    pub const TIERS: [u8; 4] = [1, 2, 3, 4];
    pub const RECOVERY_STATES: [RecoveryState; 11] = [
        RecoveryState::Steady,
        RecoveryState::FailingOver,
        RecoveryState::FailedOver,
        RecoveryState::Reprotecting,
        RecoveryState::ReadyToFailBack,
        RecoveryState::FailingBack,
        RecoveryState::PartlyMoved,
        RecoveryState::MovedOutside,
        RecoveryState::Evacuated,
        RecoveryState::ReHomed,
        RecoveryState::Unknown,
    ];
}

#[async_trait]
pub trait Applications {
    /// In the order of their names.
    async fn applications(
        &self,
        actor: &Actor,
        filter: &ApplicationFilter,
    ) -> Answer<Page<ApplicationSummary>>;
    async fn application(&self, actor: &Actor, name: &Name) -> Answer<ApplicationView>;
    async fn put_application(
        &self,
        actor: &Actor,
        application: Application,
        if_match: &IfMatch,
    ) -> Answer<ApplicationView>;
    async fn remove_application(&self, actor: &Actor, name: &Name, if_match: &IfMatch) -> Answer<()>;
    async fn application_status(&self, actor: &Actor, name: &Name) -> Answer<ApplicationStatus>;
    async fn application_readiness(&self, actor: &Actor, name: &Name) -> Answer<Vec<Finding>>;
    /// A new secret for a webhook among the application's own steps; the one before signs nothing any more.
    async fn new_webhook_secret(&self, actor: &Actor, name: &Name, step: &Name) -> Answer<String>;
    /// Asks the collector to look again soon; the answer does not wait for it.
    async fn refresh_application(&self, actor: &Actor, name: &Name) -> Answer<()>;
}
