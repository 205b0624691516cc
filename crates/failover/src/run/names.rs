//! The words of states and events as they are stored and shown. A contract: never renamed.

use super::{Event, RunState, StepState};

impl RunState {
    pub const ALL: [Self; 13] = [
        Self::AwaitingApproval,
        Self::Running,
        Self::Paused,
        Self::NeedsPerson,
        Self::Undoing,
        Self::AwaitingCommit,
        Self::Completed,
        Self::CompletedWithExceptions,
        Self::RolledBack,
        Self::Cancelled,
        Self::Denied,
        Self::Expired,
        Self::Failed,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AwaitingApproval => "awaiting_approval",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::NeedsPerson => "needs_person",
            Self::Undoing => "undoing",
            Self::AwaitingCommit => "awaiting_commit",
            Self::Completed => "completed",
            Self::CompletedWithExceptions => "completed_with_exceptions",
            Self::RolledBack => "rolled_back",
            Self::Cancelled => "cancelled",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Failed => "failed",
        }
    }

    /// Nothing more will happen; the application is free for another run.
    #[must_use]
    pub fn is_over(self) -> bool {
        match self {
            Self::AwaitingApproval
            | Self::Running
            | Self::Paused
            | Self::NeedsPerson
            | Self::Undoing
            | Self::AwaitingCommit => false,
            Self::Completed
            | Self::CompletedWithExceptions
            | Self::RolledBack
            | Self::Cancelled
            | Self::Denied
            | Self::Expired
            | Self::Failed => true,
        }
    }

    /// Begun and not over: a worker must own it.
    #[must_use]
    pub fn is_under_way(self) -> bool {
        !self.is_over() && self != Self::AwaitingApproval
    }
}

/// Whether a run in this state is over.
#[must_use]
pub fn is_over(state: RunState) -> bool {
    state.is_over()
}

impl std::str::FromStr for RunState {
    type Err = holdfast_domain::Invalid;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|s| s.as_str() == text).ok_or_else(|| {
            let all: Vec<_> = Self::ALL.iter().map(|s| s.as_str()).collect();
            holdfast_domain::Invalid(format!("`{text}` is not a run state: {}", all.join(", ")))
        })
    }
}

impl StepState {
    pub const ALL: [Self; 9] = [
        Self::Pending,
        Self::Running,
        Self::Waiting,
        Self::Unknown,
        Self::NeedsPerson,
        Self::Succeeded,
        Self::Skipped,
        Self::Undone,
        Self::Failed,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Unknown => "unknown",
            Self::NeedsPerson => "needs_person",
            Self::Succeeded => "succeeded",
            Self::Skipped => "skipped",
            Self::Undone => "undone",
            Self::Failed => "failed",
        }
    }

    /// Started and not yet known to be there: a worker must see to it.
    #[must_use]
    pub fn in_flight(self) -> bool {
        matches!(self, Self::Running | Self::Waiting | Self::Unknown)
    }

    /// What comes after it may start; nothing of it is open any more.
    #[must_use]
    pub fn is_done(self) -> bool {
        matches!(self, Self::Succeeded | Self::Skipped | Self::Undone)
    }
}

impl Event {
    /// Its `kind` as stored.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Requested { .. } => "requested",
            Self::Approved { .. } => "approved",
            Self::ApprovalWithdrawn { .. } => "approval_withdrawn",
            Self::Denied { .. } => "denied",
            Self::Expired => "expired",
            Self::TurnRefused { .. } => "turn_refused",
            Self::BreakGlass { .. } => "break_glass",
            Self::Started => "started",
            Self::TakenOver { .. } => "taken_over",
            Self::StepStarted { .. } => "step_started",
            Self::CallAnswered { .. } => "call_answered",
            Self::CallUnknown { .. } => "call_unknown",
            Self::CallRefused { .. } => "call_refused",
            Self::StepProgress { .. } => "step_progress",
            Self::LagMeasured { .. } => "lag_measured",
            Self::StepSucceeded { .. } => "step_succeeded",
            Self::StepParked { .. } => "step_parked",
            Self::StepRetried { .. } => "step_retried",
            Self::StepSkipped { .. } => "step_skipped",
            Self::StepLeftOut { .. } => "step_left_out",
            Self::StepConfirmed { .. } => "step_confirmed",
            Self::Paused { .. } => "paused",
            Self::Resumed { .. } => "resumed",
            Self::Escalated { .. } => "escalated",
            Self::StepEscalated { .. } => "step_escalated",
            Self::Cancelled { .. } => "cancelled",
            Self::Aborted { .. } => "aborted",
            Self::CommitAwaited { .. } => "commit_awaited",
            Self::Committed { .. } => "committed",
            Self::CommitWindowEnded { .. } => "commit_window_ended",
            Self::RolledBack { .. } => "rolled_back",
            Self::Completed { .. } => "completed",
            Self::Failed { .. } => "failed",
        }
    }

    /// The step that it is about, where it is about one.
    #[must_use]
    pub fn step(&self) -> Option<&holdfast_domain::StepId> {
        match self {
            Self::StepStarted { step, .. }
            | Self::StepEscalated { step, .. }
            | Self::CallAnswered { step, .. }
            | Self::CallUnknown { step, .. }
            | Self::CallRefused { step, .. }
            | Self::StepProgress { step, .. }
            | Self::LagMeasured { step, .. }
            | Self::StepSucceeded { step, .. }
            | Self::StepParked { step, .. }
            | Self::StepRetried { step, .. }
            | Self::StepSkipped { step, .. }
            | Self::StepLeftOut { step, .. }
            | Self::StepConfirmed { step, .. } => Some(step),
            _ => None,
        }
    }

    /// The person behind it, where there is one.
    #[must_use]
    pub fn person(&self) -> Option<super::Who> {
        match self {
            Self::Requested { request } => Some(request.by.clone()),
            Self::Approved { review, .. } => {
                Some(super::Who { id: review.person, email: review.email.clone() })
            }
            Self::BreakGlass { under } => Some(under.by.clone()),
            Self::ApprovalWithdrawn { by }
            | Self::Denied { by, .. }
            | Self::StepRetried { by, .. }
            | Self::StepSkipped { by, .. }
            | Self::StepConfirmed { by, .. }
            | Self::Paused { by, .. }
            | Self::Resumed { by }
            | Self::Escalated { by, .. }
            | Self::StepEscalated { by, .. }
            | Self::Aborted { by, .. }
            | Self::Committed { by, .. }
            | Self::Cancelled { by, .. } => Some(by.clone()),
            _ => None,
        }
    }
}
