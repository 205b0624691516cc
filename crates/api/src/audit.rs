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

/// A changing call to AWS, as an entry of the log tells of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AuditCallView {
    /// The entry: `/audit/{id}` proves it.
    pub entry: i64,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    pub run: String,
    pub application: Option<String>,
    pub step: Option<String>,
    /// In whose name: the source identity of the session.
    pub person: String,
    /// Such as `rds:FailoverGlobalCluster`.
    pub action: Option<String>,
    pub region: Option<String>,
    /// What AWS's own logs know it by.
    pub request_id: Option<String>,
    /// `answered`, `refused` or, where no answer came, `unknown`.
    pub outcome: String,
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallFilter {
    /// In whose name, by e-mail.
    pub person: Option<String>,
    pub run: Option<String>,
    /// An entry in which a person set a run going: what was called on that word, until the next one.
    pub click: Option<i64>,
    pub cursor: Option<String>,
    pub limit: Option<u32>,
}

/// What a person says that sets a run going, or going on: calls follow from it.
pub const SETS_GOING: [&str; 12] = [
    "run.request",
    "run.approve",
    "run.resume",
    "run.retry_step",
    "run.skip_step",
    "run.confirm_step",
    "run.escalate",
    "run.abort",
    "run.commit",
    "run.end_drill",
    "run.try_again",
    "run.break_glass",
];

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
    /// What was called in AWS: newest first.
    async fn audit_calls(&self, actor: &Actor, filter: &CallFilter) -> Answer<Page<AuditCallView>>;
    /// Writes down that a request (`PATCH /api/v1/regions/eu-west-1`) was refused before it could be asked of anything here:
    /// what it held could not be read, or made no sense.
    async fn turned_away(&self, actor: &Actor, request: &str, problem: &Problem) -> Answer<()>;
}
