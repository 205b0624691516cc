//! Taking a run back: what is asked, what would come of it, and what is shown of one that is. And what keeps it from that:
//! a commit.

use super::{AwaitedAnswer, RunView, StepView};
use crate::shapes::RefusalShape;
use holdfast_failover::Refusal;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Take back what a run has done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AbortRun {
    pub reason: String,
    /// The application's name, typed, where something cannot be taken back.
    #[serde(default)]
    #[schema(example = "shop")]
    pub confirm: String,
}

/// What an abort of a run would do now, and what stands against it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AbortReview {
    pub run: RunView,
    /// The steps that would undo what was done, in their order.
    pub undone: Vec<StepView>,
    /// What would stay as the run has made it.
    pub stays: Vec<StaysView>,
    /// What it would be refused for now.
    #[schema(value_type = Option<RefusalShape>)]
    pub refused: Option<Refusal>,
}

/// A step that nothing takes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StaysView {
    pub step: String,
    pub title: String,
    pub reason: String,
}

/// That a run is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UndoingView {
    /// Absent where the commit window ended without anybody's word.
    pub by: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    pub reason: String,
    pub stays: Vec<StaysView>,
    /// The step whose call may still take effect, and until when: nothing is done before.
    pub awaits: Option<AwaitedAnswer>,
}

/// That a run waits, or waited, for a person's commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CommitView {
    pub within_seconds: u32,
    /// While it waits: when it is taken back by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Timestamp>,
    /// Who has committed it.
    pub by: Option<String>,
}

/// Whether, and how, a step can be taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UndoView {
    pub possible: bool,
    /// What is put back; where nothing is, why not.
    pub words: String,
}
