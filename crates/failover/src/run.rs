//! A run: one execution of a plan. Its journal of events is the truth; everything else is replayed from it.
//! `handle` says which events a command makes, or refuses; `apply` takes one event in; `next` says what the
//! engine should do now.

mod acknowledge;
mod break_glass;
mod commit;
pub mod drill;
mod escalation;
mod evacuated;
pub mod forecast;
mod handle;
mod legal;
mod names;
mod next;
mod replay;
mod step_escalation;
mod summary;
mod undo;

pub use commit::{Commit, WINDOW_SECONDS, may_hold};
pub use escalation::Escalated;
pub use names::is_over;
pub use next::{may_repeat, may_repeat_unseen};
pub use replay::Corrupt;
pub use summary::Summary;
pub use undo::{Stays, TakenBack, Undoing};

use crate::approval::{FrozenPolicy, Review};
use crate::break_glass::UnderBreakGlass;
use crate::change::Change;
use crate::compliance::StoreLag;
use crate::digest::Digest;
use crate::movement::Movement;
use crate::plan::{Before, EmergencyVariant, Plan};
use crate::step::run_plan::AskedBy;
use holdfast_domain::{EvacuationId, Name, Objectives, PersonId, RegionCode, RunId, StepId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A person, as events name them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    pub id: PersonId,
    pub email: String,
}

/// What was asked for, frozen. `digest` covers application, movement, steps, roles, facts, the emergency variant, policy
/// and overrides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    pub application: Name,
    pub movement: Movement,
    pub plan: Plan,
    /// What a planned run does instead once it is escalated; absent of emergencies, and of requests older than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emergency: Option<EmergencyVariant>,
    pub policy: FrozenPolicy,
    pub objectives: Objectives,
    pub overrides: Vec<String>,
    /// What it holds beside its application, from request to end: whatever it may change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<String>,
    pub dry_run: bool,
    /// Once traffic has moved, so long for a person's commit; without it the run is taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit_within_seconds: Option<u32>,
    pub digest: Digest,
    pub by: Who,
    pub reason: String,
    pub incident: Option<String>,
    pub impact_began_at: Option<Timestamp>,
    /// When the impact was noticed, where somebody or something tells: nothing here can know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detected_at: Option<Timestamp>,
    /// The step of another application's run that asked for it, in the name of that run's requester.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_by: Option<AskedBy>,
    /// The evacuation that it is a part of: it is then approved and started with the lot, never singly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evacuation: Option<EvacuationId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    AwaitingApproval,
    Running,
    Paused,
    NeedsPerson,
    Undoing,
    AwaitingCommit,
    Completed,
    CompletedWithExceptions,
    RolledBack,
    Cancelled,
    Denied,
    Expired,
    Failed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    Pending,
    Running,
    /// The call was accepted; AWS works on it.
    Waiting,
    /// The call was sent and no answer is known: look, do not repeat.
    Unknown,
    NeedsPerson,
    Succeeded,
    Skipped,
    Undone,
    Failed,
}

/// What AWS answered to a changing call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Such as `rds:SwitchoverGlobalCluster`.
    pub action: String,
    pub region: String,
    pub request_id: Option<String>,
    /// What to ask after (a Route 53 change id); `None` where observing tells all.
    pub tracking: Option<String>,
}

/// One entry of a run's journal, without its number and time. Stored names: a contract.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    Requested {
        request: Box<Request>,
    },
    Approved {
        review: Review,
        digest: Digest,
    },
    ApprovalWithdrawn {
        by: Who,
    },
    Denied {
        by: Who,
        comment: Option<String>,
    },
    Expired,
    /// Somebody starts it without the approvals that it waits for. It is marked by this for ever.
    BreakGlass {
        under: UnderBreakGlass,
    },
    /// Of a part of an evacuation: when its turn came, something stood against its start.
    TurnRefused {
        reason: String,
    },
    /// The last approval was given, or the glass was broken; the engine may begin.
    Started,
    /// Another worker, or this one after a restart, carries on.
    TakenOver {
        worker: String,
        epoch: i64,
    },
    /// Intent, written before any call: what was seen, what will be called, and until when an answer may come.
    StepStarted {
        step: StepId,
        attempt: u32,
        epoch: i64,
        before: Vec<Before>,
        change: Option<Change>,
        answer_due: Timestamp,
    },
    CallAnswered {
        step: StepId,
        answer: Answer,
    },
    /// The answer was lost (time-out, broken connection, a crash between intent and outcome).
    CallUnknown {
        step: StepId,
        reason: String,
    },
    /// The call was refused or never left: nothing changed. The step is parked or tried again.
    CallRefused {
        step: StepId,
        reason: String,
        retry: bool,
        /// It surely did not run, for a reason that says nothing of what it would have changed: throttled, or never sent.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        not_executed: bool,
    },
    /// News while waiting; written only when the note differs from the last.
    StepProgress {
        step: StepId,
        note: String,
    },
    LagMeasured {
        step: StepId,
        stores: Vec<StoreLag>,
    },
    StepSucceeded {
        step: StepId,
        note: String,
        after: Vec<Before>,
    },
    /// The run asks a person.
    StepParked {
        step: StepId,
        reason: String,
        way_out: String,
    },
    StepRetried {
        step: StepId,
        by: Who,
    },
    StepSkipped {
        step: StepId,
        by: Who,
        reason: String,
    },
    /// As the plan says of the step: its condition does not hold, or it failed and the run goes on without it.
    StepLeftOut {
        step: StepId,
        reason: String,
        failed: bool,
    },
    /// A person says that what the step waits for is so.
    StepConfirmed {
        step: StepId,
        by: Who,
        comment: Option<String>,
    },
    Paused {
        by: Who,
        reason: Option<String>,
    },
    Resumed {
        by: Who,
    },
    /// From here on the emergency variant is carried out in the plan's place.
    Escalated {
        by: Who,
        reason: String,
        /// Guards that the escalation overrides by name, beside those of the request.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        overrides: Vec<String>,
    },
    /// From here on this one step is carried out as the emergency variant has it; the run stays planned.
    StepEscalated {
        step: StepId,
        by: Who,
        reason: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        overrides: Vec<String>,
    },
    Cancelled {
        by: Who,
        reason: String,
    },
    /// From here on what was done is taken back.
    Aborted {
        by: Who,
        reason: String,
    },
    /// Traffic is seen where it was moved: until then a person may say that it stays.
    CommitAwaited {
        until: Timestamp,
    },
    Committed {
        by: Who,
        comment: Option<String>,
    },
    /// Nobody committed in time: from here on what was done is taken back.
    CommitWindowEnded {
        until: Timestamp,
    },
    /// What could be taken back is, but for what a person left out.
    RolledBack {
        exceptions: Vec<String>,
    },
    /// Every step is done or skipped, and the resources were seen again.
    Completed {
        exceptions: Vec<String>,
    },
    Failed {
        reason: String,
    },
}

/// What is asked of a run. People's commands carry who; the engine's carry what it saw or heard.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    Approve {
        review: Review,
        digest: Digest,
    },
    Withdraw {
        by: Who,
    },
    Deny {
        by: Who,
        groups: Vec<Name>,
        digest: Digest,
        comment: Option<String>,
    },
    Pause {
        by: Who,
        reason: Option<String>,
    },
    Resume {
        by: Who,
    },
    Cancel {
        by: Who,
        reason: String,
    },
    /// Take back what was done. `confirm` is the application's name, typed where something of it cannot be.
    Abort {
        by: Who,
        reason: String,
        confirm: String,
    },
    RetryStep {
        by: Who,
        step: StepId,
    },
    SkipStep {
        by: Who,
        step: StepId,
        reason: String,
    },
    ConfirmStep {
        by: Who,
        groups: Vec<Name>,
        step: StepId,
        comment: Option<String>,
    },
    /// `confirm` is the application's name, typed: what was not copied is given up.
    Escalate {
        by: Who,
        reason: String,
        confirm: String,
        overrides: Vec<String>,
    },
    /// The same of one step alone.
    EscalateStep {
        by: Who,
        step: StepId,
        reason: String,
        confirm: String,
        overrides: Vec<String>,
    },
    /// Start it without the approvals that it waits for.
    BreakGlass {
        under: UnderBreakGlass,
    },
    /// The database's clock passed the request's expiry.
    Expire,
    /// What the run has done stays.
    Commit {
        by: Who,
        comment: Option<String>,
    },
    /// The engine's: traffic has moved, and the commit window begins.
    AwaitCommit,
    /// The engine's: the window has ended by the database's clock.
    RollBack,
    /// The engine's: an event it wants to journal; refused when it is not legal now.
    Record(Event),
    /// The engine found nothing left to do.
    Conclude,
}

/// One journal entry as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// From 1, without gaps.
    pub seq: i64,
    pub at: Timestamp,
    pub event: Event,
}

#[derive(Debug, Clone, PartialEq)]
pub enum CallState {
    /// Intent is written, no outcome yet; no answer can come after `answer_due`.
    Intended {
        answer_due: Timestamp,
    },
    Answered(Answer),
    Unknown {
        answer_due: Timestamp,
        reason: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    pub reason: String,
    /// It was tried and failed; else its condition did not hold.
    pub failed: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct StepProgress {
    pub state: StepState,
    pub attempt: u32,
    /// How often a person has had it tried again. A client token follows from it: an automatic repeat is the same
    /// call to AWS, a person's is a new one.
    pub retries: u32,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub before: Vec<Before>,
    /// What was seen when the step was about to act, and nothing of it had taken effect: what an undo puts back.
    pub stood: Vec<Before>,
    pub after: Vec<Before>,
    pub call: Option<CallState>,
    /// The last call did not run, and nothing has come since that would ask for another look before the next.
    pub not_executed: bool,
    /// Every answer of every attempt, for the audit.
    pub answers: Vec<(Timestamp, Answer)>,
    pub note: Option<String>,
    /// Why a person is needed, and the way out.
    pub parked: Option<(String, String)>,
    pub skipped_by: Option<(Who, String)>,
    /// Why the plan itself went on without it.
    pub left_out: Option<LeftOut>,
}

/// A run as its journal tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    pub id: RunId,
    /// Never another: a worker hands its run around for each step, and a plan is long.
    pub request: Arc<Request>,
    pub state: RunState,
    /// Sequence number of the last entry applied.
    pub seq: i64,
    pub reviews: Vec<Review>,
    /// In no order; [`Run::steps_in_order`] has it.
    pub steps: BTreeMap<StepId, StepProgress>,
    pub requested_at: Timestamp,
    pub expires_at: Timestamp,
    pub approved_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub lag_at_cut: Vec<StoreLag>,
    /// Who paused it and why, while it is paused.
    pub paused_by: Option<(Who, Option<String>)>,
    /// Under which break-glass it was started without approvals.
    pub break_glass: Option<Box<UnderBreakGlass>>,
    pub escalated: Option<Box<Escalated>>,
    pub undoing: Option<Box<Undoing>>,
    pub commit: Commit,
    /// How it ended, in a sentence.
    pub ending: Option<String>,
    pub owner: Option<(String, i64)>,
}

/// What the engine should do now.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// These may begin or go on, side by side.
    Drive { steps: Vec<StepId> },
    /// All done: `Command::Conclude`.
    Conclude,
    /// Traffic has moved: `Command::AwaitCommit`.
    AwaitCommit,
    /// Nobody committed in time: `Command::RollBack`.
    RollBack,
    /// Nothing before this moment: until then a call of what was replaced may take effect.
    Until { at: Timestamp, why: String },
    /// Nothing until a person changes something.
    Wait { why: String },
    /// It is over.
    Ended,
}

/// Where a run moves to, for lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    pub from: RegionCode,
    pub to: RegionCode,
}

#[cfg(test)]
mod tests;
