//! Compliance: objective against what runs have measured. Nothing measured is unknown, never green.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The worst of the last runs met the objective.
    Met,
    Missed,
    /// No run has measured it, or what it measured is missing.
    Unknown,
}

/// What one finished run measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    pub rto: RtoSplit,
    pub stores: Vec<StoreLag>,
}

/// In seconds. `None`: not known (nobody said when the impact began, say).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct RtoSplit {
    /// Impact began → run requested.
    pub detect_and_decide_seconds: Option<f64>,
    /// Requested → approved.
    pub approve_seconds: Option<f64>,
    /// Approved → the last traffic or data step done.
    pub execute_seconds: Option<f64>,
    /// → seen serving.
    pub verify_seconds: Option<f64>,
    /// From the impact (or, where nobody gave it, from the request) to seen serving.
    pub total_seconds: Option<f64>,
    /// Whether the total starts at the impact or only at the request.
    pub from_impact: bool,
}

/// A store's lag at the cut: what the move could lose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoreLag {
    pub store: holdfast_domain::Name,
    /// `None`: could not be measured; then `reason` says why.
    pub milliseconds: Option<f64>,
    pub metric: Option<String>,
    pub measured_at: Option<jiff::Timestamp>,
    pub reason: Option<String>,
}
