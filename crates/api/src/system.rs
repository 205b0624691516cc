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
    /// What the database has lost of runs' journals, noticed within the last seven days, newest first.
    #[serde(default)]
    pub gaps: Vec<GapView>,
    /// Applications that are left out wherever all are looked at, because something of them cannot be read.
    #[serde(default)]
    pub unreadable: Vec<UnreadableView>,
    /// Of every worker that lives.
    #[serde(default)]
    pub clocks: Vec<ClockView>,
    pub audit: AuditLogView,
}

/// Entries of a run's journal that the database has lost, being promoted from a copy without the last commits or put back from a
/// backup, as a worker remembers them that had read or written them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct GapView {
    pub application: String,
    /// It may be lost itself: then there is no page of it.
    pub run: String,
    pub entries: i64,
    /// The number of the first that was lost, and of the last.
    pub first: i64,
    pub last: i64,
    /// When the last was written.
    #[schema(value_type = String, format = DateTime)]
    pub last_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub noticed_at: Timestamp,
    /// The worker.
    pub noticed_by: String,
    pub says: String,
    pub way_out: String,
}

/// An application of which something that is stored cannot be read by this version: it is swept, judged, moved and exported by
/// nobody, and all others are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UnreadableView {
    pub application: String,
    /// The column, and what is wrong with it.
    pub why: String,
    pub way_out: String,
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
