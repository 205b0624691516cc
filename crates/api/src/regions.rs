//! Regions: observed beside declared.

use crate::problem::Answer;
use crate::version::IfMatch;
use async_trait::async_trait;
use holdfast_domain::{Actor, Declaration, RegionCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RegionView {
    pub code: String,
    pub name: String,
    pub latitude: f64,
    pub longitude: f64,
    pub declared: String,
    pub declared_reason: Option<String>,
    /// By what answers in the Region itself: `good` (all of it was seen), `partial` (some could not be), `dark`
    /// (nothing could be), `stale`, `unknown` (nothing there answers for itself, or not looked yet).
    pub observed: String,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub observed_at: Option<Timestamp>,
    pub known: usize,
    pub stale: usize,
    pub unknown: usize,
    /// The different reasons for what is unknown, most frequent first.
    pub reasons: Vec<String>,
    /// Applications at home here, serving from here, and able to recover here.
    pub home_of: Vec<String>,
    pub serving: Vec<String>,
    pub recovery_of: Vec<String>,
}

/// A replication arc for the map: from the writer's Region to the copy's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Replication {
    pub from: String,
    pub to: String,
    pub stores: usize,
    /// The worst known lag on it; `None`: not known.
    pub worst_lag_ms: Option<f64>,
    /// Whether some store on it is above its RPO objective.
    pub above_objective: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RegionsView {
    pub regions: Vec<RegionView>,
    pub replication: Vec<Replication>,
}

#[async_trait]
pub trait Regions {
    /// Those that the inventory uses.
    async fn regions(&self, actor: &Actor) -> Answer<RegionsView>;
    async fn region(&self, actor: &Actor, code: &RegionCode) -> Answer<RegionView>;
    async fn declare_region(
        &self,
        actor: &Actor,
        code: &RegionCode,
        declared: Declaration,
        reason: Option<String>,
        if_match: &IfMatch,
    ) -> Answer<RegionView>;
}
