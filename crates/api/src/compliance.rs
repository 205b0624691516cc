//! Compliance: objective, the strategy's band, what runs have measured.

use crate::break_glass::BreakGlassView;
use crate::plans::VerificationView;
use crate::problem::Answer;
use crate::shapes::RtoSplitShape;
use async_trait::async_trait;
use holdfast_domain::Actor;
use holdfast_failover::compliance::{Evidence, RtoSplit, Standing};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ComplianceRow {
    pub application: String,
    pub owner: String,
    pub tier: u8,
    pub strategy: String,
    pub rto_objective_seconds: u32,
    pub rpo_objective_seconds: u32,
    pub rto_band: String,
    pub rpo_band: String,
    /// Why the strategy cannot reach the objective, when it cannot.
    pub gaps: Vec<String>,
    #[schema(value_type = String, example = "unknown")]
    pub rto: Standing,
    #[schema(value_type = String, example = "unknown")]
    pub rpo: Standing,
    pub rto_worst_seconds: Option<f64>,
    pub rpo_worst_ms: Option<f64>,
    /// How many runs the worst is of.
    pub runs_counted: usize,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_measured_at: Option<Timestamp>,
    pub last_run: Option<String>,
    /// Break-glasses that started a run of it and whose review is due, by their ids: until it is closed nothing of it is met.
    #[serde(default)]
    pub break_glass_reviews_due: Vec<String>,
    /// Whether what would be carried out today was rehearsed.
    #[serde(default)]
    pub verification: VerificationView,
    /// Where the time of that run went.
    #[serde(default)]
    #[schema(value_type = Option<RtoSplitShape>)]
    pub last_split: Option<RtoSplit>,
    /// What the last completed run was that proves that traffic moves and writers are promoted: `real_run` or `live_drill`.
    /// An isolated drill proves neither.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "real_run")]
    pub proved_by: Option<Evidence>,
    /// Real runs, live drills and isolated ones, each by themselves.
    #[serde(default)]
    pub evidence: Vec<EvidenceOf>,
}

/// The last runs of one sort.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EvidenceOf {
    #[schema(value_type = String, example = "isolated_drill")]
    pub evidence: Evidence,
    pub runs: usize,
    /// Of these the ones that completed.
    pub completed: usize,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_at: Option<Timestamp>,
    pub last_run: Option<String>,
    /// The worst of them; not known where one of them is not.
    pub rto_worst_seconds: Option<f64>,
    pub rpo_worst_ms: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ComplianceView {
    pub rows: Vec<ComplianceRow>,
    pub met: usize,
    pub missed: usize,
    pub unknown: usize,
    /// Every application meets its objectives, and no break-glass review is due.
    #[serde(default)]
    pub green: bool,
    /// Break-glasses whose review nobody has closed, whether or not anything was started under them.
    #[serde(default)]
    pub break_glass_reviews_due: Vec<BreakGlassView>,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

#[async_trait]
pub trait Compliances {
    async fn compliance(&self, actor: &Actor) -> Answer<ComplianceView>;
    /// The same as CSV, cells that a spreadsheet would run as formulas made harmless.
    async fn compliance_csv(&self, actor: &Actor) -> Answer<String>;
}
