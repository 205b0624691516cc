//! System health: what an admin should know of the server itself.

use crate::audit_log::AuditLogView;
use crate::runs::RunSummary;
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
    pub audit: AuditLogView,
}
