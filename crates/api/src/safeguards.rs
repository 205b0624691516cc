//! What holds runs back beside the approvals: change freezes, and the switch that stops all automation.

use crate::problem::Answer;
use async_trait::async_trait;
use holdfast_domain::Actor;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FreezeView {
    #[schema(value_type = String, format = Uuid)]
    pub id: Uuid,
    /// `None`: every application.
    pub application: Option<String>,
    pub reason: String,
    #[schema(value_type = String, format = DateTime)]
    pub starts_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub ends_at: Timestamp,
    pub declared_by: String,
    #[schema(value_type = String, format = DateTime)]
    pub declared_at: Timestamp,
    /// It holds now, by the database's clock.
    pub holds: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclareFreeze {
    /// Left out: every application.
    #[serde(default)]
    pub application: Option<String>,
    pub reason: String,
    /// Left out: from now on.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub starts_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    pub ends_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AutomationView {
    /// Off: nothing that no person asked for is started.
    pub on: bool,
    pub reason: Option<String>,
    pub changed_by: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub changed_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SwitchAutomation {
    pub on: bool,
    /// Needed to switch it off.
    #[serde(default)]
    pub reason: Option<String>,
}

#[async_trait]
pub trait Safeguards {
    async fn automation(&self, actor: &Actor) -> Answer<AutomationView>;
    async fn switch_automation(&self, actor: &Actor, switch: SwitchAutomation) -> Answer<AutomationView>;
    /// Those that hold or will; the next to begin first.
    async fn freezes(&self, actor: &Actor) -> Answer<Vec<FreezeView>>;
    async fn declare_freeze(&self, actor: &Actor, freeze: DeclareFreeze) -> Answer<FreezeView>;
    async fn lift_freeze(&self, actor: &Actor, id: Uuid) -> Answer<()>;
}
