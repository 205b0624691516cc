//! System health: what an admin should know of the server itself.

use crate::audit_log::AuditLogView;
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
    pub audit: AuditLogView,
}
