//! The steps of a run: what each is, what it calls, how far it is, and the other run that it waits for.

use super::UndoView;
use holdfast_failover::run::{RunState, StepState};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StepView {
    pub id: String,
    pub kind: String,
    pub title: String,
    pub resource: Option<String>,
    #[schema(value_type = String, example = "pending")]
    pub state: StepState,
    pub after: Vec<String>,
    pub plane: String,
    pub irreversible: bool,
    /// Absent of steps that change nothing.
    #[serde(default)]
    pub undo: Option<UndoView>,
    /// The step that it takes back.
    #[serde(default)]
    pub undoes: Option<String>,
    pub timeout_seconds: u32,
    pub value_now: String,
    pub value_to_be: String,
    pub attempt: u32,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub started_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    /// The IAM action of its call and the call's parameters; `None` for steps that only look.
    pub action: Option<String>,
    #[schema(value_type = Option<Object>)]
    pub call: Option<serde_json::Value>,
    pub answers: Vec<CallAnswer>,
    pub note: Option<String>,
    /// Why a person is needed.
    pub parked: Option<Parked>,
    pub skipped: Option<Skipped>,
    /// Values before and after, resource and Region by name.
    #[schema(value_type = Option<Object>)]
    pub before: serde_json::Value,
    #[schema(value_type = Option<Object>)]
    pub after_values: serde_json::Value,
    /// The part of the move that it is of, such as `raise_compute`; absent of steps of one's own.
    #[serde(default)]
    pub phase: Option<String>,
    /// Where it is carried out under a condition alone: which.
    #[serde(default)]
    pub only_if: Option<String>,
    /// Whether this actor may retry or skip it now.
    pub may_retry: bool,
    pub may_skip: bool,
    /// Whether this actor's word would end it now.
    #[serde(default)]
    pub may_confirm: bool,
    /// The run of another application that it has asked for, or that it waits for.
    #[serde(default)]
    pub other_run: Option<OtherRun>,
}

/// A step of another application's run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AskingStep {
    pub application: String,
    pub run: String,
    pub step: String,
}

/// A run of another application, as the step that waits for it has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OtherRun {
    pub application: String,
    pub run: String,
    #[schema(value_type = String, example = "awaiting_approval")]
    pub state: RunState,
    /// What it is doing or waiting for, in a sentence: of approvals, whose.
    pub now: String,
    /// Whether nobody drives it, because workers crashed on it.
    #[serde(default)]
    pub set_aside: bool,
    /// Whether this step asked for it; else it was there, and goes the same way.
    pub asked_for: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CallAnswer {
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    pub action: String,
    pub region: String,
    pub request_id: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Parked {
    pub reason: String,
    pub way_out: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Skipped {
    pub by: String,
    pub reason: String,
}
