//! Evacuating a Region: preview, request, review, steer, read. Each application's part is a run with a page of its own.

use crate::Page;
use crate::problem::Answer;
use crate::runs::{Decision, OverrideNeeded, RunSummary, VerbView};
use crate::shapes::{RefusalShape, ReviewShape, TallyShape};
use async_trait::async_trait;
use holdfast_domain::{Actor, EvacuationId};
use holdfast_failover::approval::Tally;
use holdfast_failover::evacuation::{Direction, State};
use holdfast_failover::{Intent, Mode, Refusal, Review};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a client sends to ask for an evacuation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestEvacuation {
    /// The Region to leave, or to come home to.
    #[schema(example = "us-east-1")]
    pub region: String,
    /// `out` where nothing is said; `home` fails back to the Region what is at home there.
    #[serde(default, skip_serializing_if = "Direction::is_out")]
    #[schema(value_type = String, example = "out")]
    pub direction: Direction,
    #[schema(value_type = String, example = "planned")]
    pub mode: Mode,
    #[serde(default)]
    pub reason: String,
    #[serde(default)]
    pub incident: Option<String>,
    /// Runs that may move at once, 1 to 64; 8 when absent.
    #[serde(default)]
    pub concurrency: Option<u16>,
    /// Whether a wave that did not go well holds the next ones until a person says go on; `true` when absent.
    #[serde(default)]
    pub stop_on_failure: Option<bool>,
    #[serde(default)]
    pub dry_run: bool,
    /// Guards that are overridden, by their codes, wherever they stand against a part.
    #[serde(default)]
    pub overrides: Vec<String>,
    /// Only these; absent: every application with a foot in the Region. What is not named is left out, and said.
    #[serde(default)]
    pub applications: Option<Vec<String>>,
    /// Once its traffic has moved, so long (5 to 86,400) for a person's commit of each part; without it that part is taken back. Parts
    /// that have done by then what nothing takes back are moved without, and say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit_within_seconds: Option<u32>,
    /// When given, the lot made now must still have this digest: what the person was shown.
    #[serde(default)]
    pub plan_digest: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewEvacuation {
    pub decision: Decision,
    pub plan_digest: String,
    #[serde(default)]
    pub comment: Option<String>,
}

/// What a person asks of an evacuation that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EvacuationVerb {
    Withdraw,
    /// It starts without the approvals that it waits for, under the break-glass that this person holds open.
    BreakGlass,
    /// Past a wave that did not go well.
    GoOn {
        reason: String,
    },
    /// No further part begins.
    Cancel {
        reason: String,
    },
}

/// One application as it would be moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlannedPart {
    pub application: String,
    pub tier: u8,
    pub strategy: String,
    #[schema(value_type = String, example = "failover")]
    pub intent: Intent,
    pub to_region: String,
    pub steps: usize,
    /// Steps that call AWS to change something.
    pub changes: usize,
    pub irreversible: usize,
    /// Guards that its run overrides by name.
    pub overrides: Vec<String>,
    /// Runs that wait for approval and that are cancelled by the request.
    pub takes_the_place_of: Vec<String>,
    pub approval_policy: String,
    /// Its commit window, where one was asked for and it can have one.
    #[serde(default)]
    pub commit_within_seconds: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LeftOutView {
    pub application: String,
    #[schema(value_type = RefusalShape)]
    pub because: Refusal,
}

/// An application that has nothing in the Region that would have to move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StaysView {
    pub application: String,
    pub because: String,
}

/// A policy that parts of the lot are under, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PolicyTally {
    pub policy: String,
    pub applications: Vec<String>,
    #[schema(value_type = TallyShape)]
    pub tally: Tally,
}

/// What a request would do, before it is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EvacuationPreview {
    pub request: RequestEvacuation,
    pub concurrency: u16,
    pub stop_on_failure: bool,
    pub plan_digest: String,
    /// In order.
    pub waves: Vec<Vec<PlannedPart>>,
    /// Applications with a foot in the Region that would not be moved.
    pub left_out: Vec<LeftOutView>,
    pub stays: Vec<StaysView>,
    /// Applications that depend on each other in a circle, and so share a wave.
    pub circles: Vec<Vec<String>>,
    /// Guards that hold applications out of the lot, and that the request may override by name.
    pub overridable: Vec<OverrideNeeded>,
    pub policies: Vec<PolicyTally>,
    /// What a request would be refused for now.
    #[schema(value_type = Option<RefusalShape>)]
    pub refused: Option<Refusal>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EvacuationSummary {
    pub id: String,
    pub region: String,
    /// `out` of the Region, or `home` to it.
    #[serde(default)]
    #[schema(value_type = String, example = "out")]
    pub direction: Direction,
    #[schema(value_type = String, example = "planned")]
    pub mode: Mode,
    #[schema(value_type = String, example = "awaiting_approval")]
    pub state: State,
    pub dry_run: bool,
    pub requested_by: String,
    pub reason: String,
    #[schema(value_type = String, format = DateTime)]
    pub requested_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub started_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    /// While it waits for approval.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    pub applications: usize,
    /// Of them, those whose run completed; of a dry run none.
    pub moved: usize,
    pub left_out_total: usize,
    pub waves_total: usize,
    /// What it is doing or waiting for, in a sentence.
    pub now: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EvacuationView {
    #[serde(flatten)]
    pub summary: EvacuationSummary,
    /// What an approval binds to.
    pub plan_digest: String,
    pub incident: Option<String>,
    pub concurrency: u16,
    pub stop_on_failure: bool,
    /// The runs, wave by wave.
    pub waves: Vec<Vec<RunSummary>>,
    pub left_out: Vec<LeftOutView>,
    pub circles: Vec<Vec<String>>,
    pub policies: Vec<PolicyTally>,
    #[schema(value_type = Vec<ReviewShape>)]
    pub reviews: Vec<Review>,
    /// The wave (from 1) that holds the next ones.
    pub stopped_after: Option<usize>,
    /// What did not go as planned so far.
    pub exceptions: Vec<String>,
    pub ending: Option<String>,
    /// What this actor may do now, each with its refusal where not: approve, deny, withdraw, break_glass, commit, go_on,
    /// cancel.
    pub verbs: Vec<VerbView>,
    /// The lot's own journal; each run has one of its own.
    pub events: Vec<EvacuationEvent>,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// What became of one word for every part that waits for its commit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CommittedEvacuation {
    /// Every part that was asked to wait for a commit, in the order of their waves.
    pub parts: Vec<PartCommit>,
    pub evacuation: EvacuationView,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PartCommit {
    pub application: String,
    pub run: String,
    pub outcome: CommitOutcome,
    /// Whose word stands; absent where it is refused.
    pub by: Option<String>,
    /// What stands against it, and the way out.
    #[schema(value_type = Option<RefusalShape>)]
    pub refused: Option<Refusal>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CommitOutcome {
    /// By this word.
    Committed,
    /// By an earlier one: nothing was done.
    CommittedBefore,
    Refused,
}

/// One line of the lot's journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EvacuationEvent {
    pub seq: i64,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Such as `turn_came`.
    pub kind: String,
    pub person: Option<String>,
    /// The whole in a sentence.
    pub words: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvacuationFilter {
    /// Only those that have not ended.
    pub live: bool,
    pub cursor: Option<String>,
    pub limit: Option<u32>,
}

#[async_trait]
pub trait Evacuations {
    async fn preview_evacuation(
        &self,
        actor: &Actor,
        request: &RequestEvacuation,
    ) -> Answer<EvacuationPreview>;
    /// `idempotency_key` as for runs.
    async fn request_evacuation(
        &self,
        actor: &Actor,
        request: RequestEvacuation,
        idempotency_key: &str,
    ) -> Answer<EvacuationView>;
    /// Newest first.
    async fn evacuations(&self, actor: &Actor, filter: &EvacuationFilter) -> Answer<Page<EvacuationSummary>>;
    async fn evacuation(&self, actor: &Actor, id: EvacuationId) -> Answer<EvacuationView>;
    async fn review_evacuation(
        &self,
        actor: &Actor,
        id: EvacuationId,
        review: ReviewEvacuation,
    ) -> Answer<EvacuationView>;
    async fn drive_evacuation(
        &self,
        actor: &Actor,
        id: EvacuationId,
        verb: EvacuationVerb,
    ) -> Answer<EvacuationView>;
    /// Every run of it that waits for its commit, each as if it were committed alone; said again it changes nothing.
    async fn commit_evacuation(
        &self,
        actor: &Actor,
        id: EvacuationId,
        comment: Option<String>,
    ) -> Answer<CommittedEvacuation>;
    /// Those that wait for this actor's review.
    async fn evacuations_to_review(&self, actor: &Actor) -> Answer<Vec<EvacuationSummary>>;
}
