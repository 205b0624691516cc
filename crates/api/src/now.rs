//! The first page: is anything wrong, is anything moving?

use crate::applications::ApplicationSummary;
use crate::problem::Answer;
use crate::regions::RegionsView;
use crate::runs::RunSummary;
use crate::system::{ClockView, GapView, UnreadableView};
use async_trait::async_trait;
use holdfast_domain::Actor;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NowView {
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// When the last sweep ended; `None`: none has.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub picture_at: Option<Timestamp>,
    pub regions: RegionsView,
    pub applications: Vec<ApplicationSummary>,
    pub active_runs: Vec<RunSummary>,
    pub approvals_for_me: Vec<RunSummary>,
    /// What needs somebody, worst first.
    pub needs: Vec<Need>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Need {
    /// `bad`, `watch`, `moving` or `unknown`.
    pub state: String,
    pub title: String,
    pub detail: String,
    /// Where to go, a path of ours.
    pub href: String,
    pub verb: String,
}

#[async_trait]
pub trait Nows {
    async fn now(&self, actor: &Actor) -> Answer<NowView>;
    /// Of every worker that lives, how its clock and AWS's stand beside the database's.
    async fn clocks(&self, actor: &Actor) -> Answer<Vec<ClockView>>;
    /// What the database has lost of runs' journals, noticed within the last seven days, newest first, at most 200.
    async fn gaps(&self, actor: &Actor) -> Answer<Vec<GapView>>;
    /// Applications of which something cannot be read, in the order of their names.
    async fn unreadable_applications(&self, actor: &Actor) -> Answer<Vec<UnreadableView>>;
    /// What `/readyz` says: `Err` names what is not ready.
    async fn ready(&self) -> Result<(), String>;
}
