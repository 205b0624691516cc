//! Readiness: would a failover work right now, and why not.

use holdfast_domain::{Name, RegionCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// `Blocker`: a failover would fail or lose more than the objective allows. `Unknown`: cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Note,
    Warning,
    Unknown,
    Blocker,
}

/// One thing that stands in the way, with its way out and what it was seen by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable, such as `lag_above_rpo`.
    pub code: String,
    pub severity: Severity,
    pub resource: Option<Name>,
    pub region: Option<RegionCode>,
    pub sentence: String,
    pub way_out: String,
    /// When the evidence was seen; `None` for what the inventory alone shows.
    pub seen_at: Option<Timestamp>,
}
