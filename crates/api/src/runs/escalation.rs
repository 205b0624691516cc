//! From planned to emergency, in the run itself: what is asked, what would come of it, and what is shown of one that was.

use super::{OverrideNeeded, RunView, StepView};
use crate::shapes::RefusalShape;
use holdfast_failover::Refusal;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// From planned to emergency, in the run itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EscalateRun {
    pub reason: String,
    /// The application's name, typed: what was not copied is given up.
    #[schema(example = "shop")]
    pub confirm: String,
    /// Only this step, which goes on as the emergency has it; absent: all that is left of the run.
    #[serde(default)]
    #[schema(example = "switch-orders")]
    pub step: Option<String>,
    /// Guards that the escalation overrides, by their codes.
    #[serde(default)]
    pub overrides: Vec<String>,
}

/// What a planned run does instead once it is escalated: frozen with it, and approved with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EmergencyView {
    pub steps: Vec<StepView>,
    pub notes: Vec<String>,
    /// Why there is none.
    pub none_because: Option<String>,
}

/// That a run was escalated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EscalatedView {
    pub by: String,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    pub reason: String,
    pub overrides: Vec<String>,
    /// The steps that were escalated alone; empty: all that was left of the run.
    #[serde(default)]
    pub steps: Vec<String>,
    /// The replaced step whose call may still take effect, and until when: nothing is done before.
    pub awaits: Option<AwaitedAnswer>,
}

/// A step that may be escalated alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EscalatableStep {
    pub step: String,
    /// What it does instead.
    pub becomes: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AwaitedAnswer {
    pub step: String,
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
}

/// What an escalation of a run would do now, and what stands against it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EscalationReview {
    pub run: RunView,
    /// The steps that may be escalated alone now.
    #[serde(default)]
    pub steps: Vec<EscalatableStep>,
    /// Guards that it must override by name.
    pub overrides_needed: Vec<OverrideNeeded>,
    /// What it would be refused for now.
    #[schema(value_type = Option<RefusalShape>)]
    pub refused: Option<Refusal>,
}
