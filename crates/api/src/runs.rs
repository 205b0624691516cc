//! Runs: request, review, drive, read.

mod escalation;
mod steps;
mod undo;

pub use escalation::{
    AwaitedAnswer, EmergencyView, EscalatableStep, EscalateRun, EscalatedView, EscalationReview,
};
pub use steps::{AskingStep, CallAnswer, OtherRun, Parked, Skipped, StepView};
pub use undo::{AbortReview, AbortRun, CommitView, StaysView, UndoView, UndoingView};

use crate::Page;
use crate::problem::Answer;
use crate::shapes::{
    FactShape, ForecastShape, MeasuredShape, MeasurementShape, RefusalShape, ReviewShape, SplitShape,
    TallyShape,
};
use crate::system::GapView;
use async_trait::async_trait;
use holdfast_domain::{Actor, RunId, StepId};
use holdfast_failover::approval::Tally;
use holdfast_failover::compliance::Measured;
use holdfast_failover::evacuation::Direction;
use holdfast_failover::plan::{Fact, Measurement, Split};
use holdfast_failover::run::forecast::Forecast;
use holdfast_failover::run::{Entry, RunState};
use holdfast_failover::{DrillKind, Intent, Mode, Refusal, Review};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a client sends to ask for a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestRun {
    pub application: String,
    #[schema(value_type = String, example = "failover")]
    pub intent: Intent,
    #[schema(value_type = String, example = "planned")]
    pub mode: Mode,
    /// Of a drill: `isolated` where nothing is said, or `live`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "isolated")]
    pub drill: Option<DrillKind>,
    /// Of a live drill: how long the application is served from there before the way back begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drill_minutes: Option<u32>,
    /// Defaults to the Region observed serving.
    #[serde(default)]
    pub from_region: Option<String>,
    /// Defaults to the only recovery Region, or home for a failback.
    #[serde(default)]
    pub to_region: Option<String>,
    /// Of an active-active application that a Region leaves, in the place of `to_region`: which percentage of its load each of the
    /// others takes over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<BTreeMap<String, u8>>,
    #[serde(default)]
    pub dry_run: bool,
    #[serde(default)]
    pub reason: String,
    #[serde(default)]
    pub incident: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub impact_began_at: Option<Timestamp>,
    /// When the impact was noticed: between `impact_began_at` and now. Tells detecting from deciding in what is measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub detected_at: Option<Timestamp>,
    #[serde(default)]
    pub overrides: Vec<String>,
    /// Once traffic has moved, so long (5 to 86,400) for a person's commit; without it the run is taken back.
    #[serde(default)]
    pub commit_within_seconds: Option<u32>,
    /// Start it at once, without approvals, under the break-glass that the requester holds open.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub break_glass: bool,
    /// When given, the plan made now must still have this digest: what the person was shown.
    #[serde(default)]
    pub plan_digest: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    Approve,
    Deny,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewRun {
    pub decision: Decision,
    pub plan_digest: String,
    #[serde(default)]
    pub comment: Option<String>,
}

/// The other leg of a live drill, and when the way back comes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DrillView {
    /// When the way back is asked for; absent where it was.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ends_at: Option<Timestamp>,
    /// The other leg, once it is there.
    pub other: Option<RunSummary>,
    /// Why the way back could not be asked for when it was last tried.
    pub refused: Option<String>,
    /// Whether it can be ended before.
    pub may_end: Option<bool>,
}

/// What a person asks of a run that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunVerb {
    Pause {
        reason: Option<String>,
    },
    Resume,
    Cancel {
        reason: String,
    },
    RetryStep {
        step: StepId,
    },
    SkipStep {
        step: StepId,
        reason: String,
    },
    /// Carry out the emergency variant in the place of what is left of the plan.
    Escalate(EscalateRun),
    /// Take back what was done, as far as it can be.
    Abort(AbortRun),
    /// What the run has done stays.
    Commit {
        comment: Option<String>,
    },
    /// A person says that what the step waits for is so.
    ConfirmStep {
        step: StepId,
        comment: Option<String>,
    },
    Withdraw,
    /// Of a run that is over: somebody has read how it ended.
    Acknowledge,
    /// Of a run that was set aside: workers may drive it again.
    TryAgain,
    /// Of a live drill that is there: the way back is asked for now.
    EndDrill,
    /// Of a request that waits for approval: it starts without, under the break-glass that this person holds open.
    BreakGlass,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RunSummary {
    pub id: String,
    pub application: String,
    #[schema(value_type = String, example = "failover")]
    pub intent: Intent,
    #[schema(value_type = String, example = "planned")]
    pub mode: Mode,
    pub from_region: String,
    pub to_region: String,
    #[schema(value_type = String, example = "awaiting_approval")]
    pub state: RunState,
    pub dry_run: bool,
    /// What a drill is: `isolated` or `live`. Absent of real moves.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "isolated")]
    pub drill: Option<DrillKind>,
    /// Of a live drill: `there` or `back`.
    #[serde(default)]
    pub drill_leg: Option<String>,
    /// The evacuation that it is a part of: it is approved and started with the lot.
    #[serde(default)]
    pub evacuation: Option<String>,
    /// The break-glass under which it was started without approvals.
    #[serde(default)]
    pub break_glass: Option<String>,
    /// It was carried out without a server, from a bundle, and handed in afterwards.
    #[serde(default)]
    pub executed_offline: bool,
    pub requested_by: String,
    pub reason: String,
    #[schema(value_type = String, format = DateTime)]
    pub requested_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    pub steps_done: usize,
    pub steps_total: usize,
    /// What it is doing or waiting for, in a sentence.
    pub now: String,
    /// For runs that wait for approval.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    pub rto_seconds: Option<f64>,
    pub worst_lag_ms: Option<f64>,
    /// Workers crashed on it again and again: nobody drives it until somebody has it tried again.
    #[serde(default)]
    pub set_aside: Option<SetAside>,
}

/// Why nobody drives a run that has not ended, and what can be done about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SetAside {
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What the last crash said.
    pub why: String,
    pub way_out: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RunView {
    #[serde(flatten)]
    pub summary: RunSummary,
    /// Why its journal cannot be read: steps, approvals and measurements are then not known, and not in this view.
    #[serde(default)]
    pub unreadable: Option<String>,
    /// What the database has lost of its journal, newest first.
    #[serde(default)]
    pub gaps: Vec<GapView>,
    /// Of a part of an evacuation: whether the lot moves `out` of a Region, or `home` to it.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "out")]
    pub lot_direction: Option<Direction>,
    /// What an approval binds to.
    pub plan_digest: String,
    pub incident: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub impact_began_at: Option<Timestamp>,
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub detected_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub approved_at: Option<Timestamp>,
    pub rto_objective_seconds: u32,
    pub rpo_objective_seconds: u32,
    pub approval_policy: String,
    #[schema(value_type = TallyShape)]
    pub tally: Tally,
    #[schema(value_type = Vec<ReviewShape>)]
    pub reviews: Vec<Review>,
    pub overrides: Vec<String>,
    pub steps: Vec<StepView>,
    #[schema(value_type = Vec<FactShape>)]
    pub facts: Vec<Fact>,
    #[schema(value_type = Vec<MeasurementShape>)]
    pub measurements: Vec<Measurement>,
    pub notes: Vec<String>,
    /// Of an active-active application that a Region leaves: who takes over what.
    #[serde(default)]
    #[schema(value_type = Option<SplitShape>)]
    pub split: Option<Split>,
    /// What it does instead once it is escalated; absent of emergencies.
    #[serde(default)]
    pub if_escalated: Option<EmergencyView>,
    #[serde(default)]
    pub escalated: Option<EscalatedView>,
    /// Of a live drill.
    #[serde(default)]
    pub live_drill: Option<DrillView>,
    #[serde(default)]
    pub undoing: Option<UndoingView>,
    /// Of runs that were asked to wait for a commit.
    #[serde(default)]
    pub commit: Option<CommitView>,
    #[schema(value_type = MeasuredShape)]
    pub measured: Measured,
    /// When it may be at its end; absent before it begins and when it is over.
    #[serde(default)]
    #[schema(value_type = Option<ForecastShape>)]
    pub forecast: Option<Forecast>,
    pub ending: Option<String>,
    /// The step of another application's run that asked for it.
    #[serde(default)]
    pub asked_by: Option<AskingStep>,
    /// What this actor may do now, each with its refusal where not.
    pub verbs: Vec<VerbView>,
    /// Who has read how it ended; only of runs that are over.
    pub acknowledged_by: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub acknowledged_at: Option<Timestamp>,
    /// Sequence number of the newest event in this view.
    pub seq: i64,
    /// When this view was made, for elapsed times.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// `verb`: approve, deny, withdraw, break_glass, pause, resume, try_again, end_drill, commit, escalate, abort, cancel, acknowledge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct VerbView {
    pub verb: String,
    #[schema(value_type = Option<RefusalShape>)]
    pub refused: Option<Refusal>,
}

/// One line of a run's journal as clients read it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RunEvent {
    pub seq: i64,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Such as `step_started`.
    pub kind: String,
    pub person: Option<String>,
    pub step: Option<String>,
    pub reason: Option<String>,
    /// The whole in a sentence.
    pub words: String,
}

/// What a request would do, before it is made: the review page's content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RunPreview {
    pub request: RequestRun,
    pub from_region: String,
    pub to_region: String,
    pub plan_digest: String,
    pub steps: Vec<StepView>,
    #[schema(value_type = Vec<FactShape>)]
    pub facts: Vec<Fact>,
    #[schema(value_type = Vec<MeasurementShape>)]
    pub measurements: Vec<Measurement>,
    pub notes: Vec<String>,
    /// Of an active-active application that a Region leaves: who takes over what.
    #[serde(default)]
    #[schema(value_type = Option<SplitShape>)]
    pub split: Option<Split>,
    /// What the run does instead once it is escalated; absent of emergencies.
    #[serde(default)]
    pub if_escalated: Option<EmergencyView>,
    /// Guards that the request must override by name; `plan_digest` is of the request that does.
    pub overrides_needed: Vec<OverrideNeeded>,
    pub approval_policy: String,
    #[schema(value_type = TallyShape)]
    pub tally: Tally,
    /// Whoever asks holds break-glass open: with `break_glass` it starts at once, without these approvals.
    #[serde(default)]
    pub holds_break_glass: bool,
    /// What a request would be refused for now.
    #[schema(value_type = Option<RefusalShape>)]
    pub refused: Option<Refusal>,
}

/// A guard that stands against the run and that people may override by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OverrideNeeded {
    /// As `overrides` names it, such as `lag_above_rpo`.
    pub guard: String,
    /// What was found, and since when.
    pub sentence: String,
    /// Who can lift it instead, and how.
    pub way_out: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RunFilter {
    pub application: Option<String>,
    pub state: Option<String>,
    /// Only those that have not ended.
    #[serde(default)]
    pub live: bool,
    /// Only those that nobody drives because workers crashed on them.
    #[serde(default)]
    pub set_aside: bool,
    /// Not the parts of an evacuation that have not begun: that they wait is told of the lot.
    #[serde(default)]
    pub told_singly: bool,
    pub cursor: Option<String>,
    pub limit: Option<u32>,
}

#[async_trait]
pub trait Runs {
    async fn preview_run(&self, actor: &Actor, request: &RequestRun) -> Answer<RunPreview>;
    /// `idempotency_key`: the same key with the same body answers the first run again; with another body
    /// it is refused (`idempotency_key_reused`).
    async fn request_run(&self, actor: &Actor, request: RequestRun, idempotency_key: &str)
    -> Answer<RunView>;
    async fn runs(&self, actor: &Actor, filter: &RunFilter) -> Answer<Page<RunSummary>>;
    async fn run(&self, actor: &Actor, id: RunId) -> Answer<RunView>;
    async fn review_run(&self, actor: &Actor, id: RunId, review: ReviewRun) -> Answer<RunView>;
    /// What an escalation would do now, and what stands against it.
    async fn escalation(&self, actor: &Actor, id: RunId) -> Answer<EscalationReview>;
    /// What an abort would undo now, what it would leave, and what stands against it.
    async fn abort_review(&self, actor: &Actor, id: RunId) -> Answer<AbortReview>;
    async fn drive_run(&self, actor: &Actor, id: RunId, verb: RunVerb) -> Answer<RunView>;
    /// Events after `after_seq`, oldest first, at most 500.
    async fn run_events(&self, actor: &Actor, id: RunId, after_seq: i64) -> Answer<Vec<RunEvent>>;
    /// The journal as stored, for evidence.
    async fn run_journal(&self, actor: &Actor, id: RunId) -> Answer<Vec<Entry>>;
    /// Runs that wait for this actor's review.
    async fn approvals(&self, actor: &Actor) -> Answer<Vec<RunSummary>>;
}
