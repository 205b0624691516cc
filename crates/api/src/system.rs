//! System health: what an admin should know of the server itself.

use crate::audit_log::AuditLogView;
use crate::runs::RunSummary;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SystemView {
    pub version: String,
    /// `local` or `production`.
    pub mode: String,
    /// What keeps it from its work; absent when it is ready.
    pub not_ready: Option<String>,
    /// How it is set up, where that is worth knowing: such as which role it works as in the database.
    pub notes: Vec<String>,
    /// Runs that nobody drives because workers crashed on them, newest first, at most 200.
    #[serde(default)]
    pub set_aside: Vec<RunSummary>,
    /// Of every worker that lives.
    #[serde(default)]
    pub clocks: Vec<ClockView>,
    pub audit: AuditLogView,
}

/// How the clock of a worker, and AWS's as it hears it, stand beside the database's, by which everything is judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ClockView {
    pub worker: String,
    /// `good`, `bad` (two are apart, which is an alarm) or `unknown`.
    pub state: String,
    /// What is not good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub way_out: Option<String>,
    /// Below zero: behind. Absent: not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own_ahead_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aws_ahead_seconds: Option<f64>,
    #[schema(value_type = String, format = DateTime)]
    pub compared_at: Timestamp,
}
