//! The audit log: every change and every refusal.

use crate::Page;
use crate::problem::{Answer, Problem};
use async_trait::async_trait;
use holdfast_domain::Actor;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AuditEntryView {
    pub id: i64,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Such as `run.request`.
    pub action: String,
    /// E-mail, `token NAME of EMAIL`, or `holdfast` for its own workers.
    pub actor: String,
    /// Such as `run:0192…` or `application:shop`.
    pub subject: String,
    /// `done` or `refused`.
    pub outcome: String,
    pub code: Option<String>,
    pub reason: Option<String>,
    #[schema(value_type = Object)]
    pub detail: serde_json::Value,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditFilter {
    pub actor: Option<String>,
    pub action: Option<String>,
    pub subject: Option<String>,
    pub outcome: Option<String>,
    pub cursor: Option<String>,
    pub limit: Option<u32>,
}

impl AuditFilter {
    pub const OUTCOMES: [&str; 2] = ["done", "refused"];
}

#[async_trait]
pub trait Audits {
    /// Newest first.
    async fn audit(&self, actor: &Actor, filter: &AuditFilter) -> Answer<Page<AuditEntryView>>;
    /// Writes down that a request (`PATCH /api/v1/regions/eu-west-1`) was refused before it could be asked of anything here:
    /// what it held could not be read, or made no sense.
    async fn turned_away(&self, actor: &Actor, request: &str, problem: &Problem) -> Answer<()>;
}
