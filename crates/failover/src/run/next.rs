//! What the engine should do now, from the journal alone. It never looks at AWS: whether a step is there yet
//! is the step's own verdict.

use super::{CallState, Next, Run, RunState, StepProgress, StepState};
use crate::approval::{Tally, tally};
use crate::change::{Change, Idempotency};
use crate::step::Step;
use holdfast_domain::StepId;
use jiff::{SignedDuration, Timestamp};

impl Run {
    /// What the engine should do now: drive steps, conclude, wait, or nothing.
    #[must_use]
    pub fn next(&self, now: Timestamp) -> Next {
        match self.state {
            RunState::AwaitingApproval => {
                let why = if now >= self.expires_at {
                    format!("The request expired at {}.", self.expires_at)
                } else {
                    self.tally()
                        .waits_for(&self.request.policy)
                        .unwrap_or_else(|| "The policy is met.".into())
                };
                Next::Wait { why }
            }
            RunState::Running | RunState::Paused | RunState::NeedsPerson | RunState::Undoing => {
                self.next_under_way(now)
            }
            RunState::AwaitingCommit => match self.commit.until {
                Some(at) if now < at => {
                    Next::Until { at, why: format!("It is taken back at {at} unless somebody commits it.") }
                }
                _ => Next::RollBack,
            },
            _ => Next::Ended,
        }
    }

    fn next_under_way(&self, now: Timestamp) -> Next {
        if let Some((step, at)) = self.awaited_answer(now) {
            let why =
                format!("What became of the call of `{step}` is not known: nothing is done before {at}.");
            return Next::Until { at, why };
        }
        let may_start = self.state != RunState::Paused;
        let steps: Vec<StepId> = self
            .plan()
            .steps
            .iter()
            .filter(|step| {
                self.progress(&step.id).is_some_and(|p| {
                    p.state.in_flight() || (may_start && p.state == StepState::Pending && self.ready(step))
                })
            })
            .map(|step| step.id.clone())
            .collect();
        if !steps.is_empty() {
            return Next::Drive { steps };
        }
        if self.is_due_for_a_commit() && may_start {
            return Next::AwaitCommit;
        }
        if self.all_done() && may_start {
            return Next::Conclude;
        }
        if let Some((who, reason)) = &self.paused_by {
            let reason = reason.as_deref().map(|r| format!(": {r}")).unwrap_or_default();
            return Next::Wait { why: format!("Paused by {}{reason}.", who.email) };
        }
        let parked = self
            .plan()
            .steps
            .iter()
            .find_map(|s| self.progress(&s.id)?.parked.as_ref().map(|(reason, _)| (&s.id, reason)));
        let why = match parked {
            Some((step, reason)) => format!("`{step}` needs a person: {reason}"),
            None => "No step can start.".into(),
        };
        Next::Wait { why }
    }

    #[must_use]
    pub fn step(&self, id: &StepId) -> Option<&Step> {
        self.steps_in_order().find(|s| &s.id == id)
    }

    #[must_use]
    pub fn progress(&self, id: &StepId) -> Option<&StepProgress> {
        self.steps.get(id)
    }

    /// Whether all that the step comes after is done or was skipped by a person.
    #[must_use]
    pub fn ready(&self, step: &Step) -> bool {
        step.after.iter().all(|before| self.progress(before).is_some_and(|p| p.state.is_done()))
            && !self.is_held(step)
    }

    /// Of what is carried out now; what an escalation replaced is done with.
    #[must_use]
    pub fn all_done(&self) -> bool {
        self.plan().steps.iter().all(|s| self.progress(&s.id).is_some_and(|p| p.state.is_done()))
    }

    /// Whether all that is left of it goes on side by side and only looks: the world stays as the run has left it.
    #[must_use]
    pub fn only_looks_are_left(&self) -> bool {
        let goes_on = |step: &Step, p: &StepProgress| {
            p.state.in_flight() || (p.state == StepState::Pending && self.ready(step))
        };
        self.plan().steps.iter().all(|step| {
            let progress = self.progress(&step.id);
            progress.is_some_and(|p| p.state.is_done() || (step.change().is_none() && goes_on(step, p)))
        })
    }

    /// Approvals so far; the requester never counts, whatever the journal holds.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let counted: Vec<_> =
            self.reviews.iter().filter(|r| r.person != self.request.by.id).cloned().collect();
        tally(&self.request.policy, &counted)
    }
}

impl StepProgress {
    /// How often a person has had it tried again, for deciding whether what ended badly is begun anew: that counts for
    /// what stood when the retry was pressed. What ends badly after the step went on is for a person once more.
    #[must_use]
    pub fn retries_of_what_stood(&self) -> u32 {
        if self.state == StepState::Pending { self.retries } else { 0 }
    }

    /// Whether the step has had longer than its plan gives it, a refusal that was to be tried again included.
    #[must_use]
    pub fn is_overdue(&self, step: &Step, now: Timestamp) -> bool {
        let limit = SignedDuration::from_secs(i64::from(step.timeout_seconds));
        let goes_on = self.state.in_flight() || self.state == StepState::Pending;
        goes_on && self.started_at.is_some_and(|at| now.duration_since(at) > limit)
    }

    /// The moment until which an answer to a call without a known outcome may still come.
    #[must_use]
    pub fn answer_may_come_until(&self) -> Option<Timestamp> {
        match &self.call {
            Some(CallState::Intended { answer_due } | CallState::Unknown { answer_due, .. }) => {
                Some(*answer_due)
            }
            Some(CallState::Answered(_)) | None => None,
        }
    }
}

/// For how long a look is believed where the call that it led to did not run.
const BELIEVED: SignedDuration = SignedDuration::from_secs(5);

/// Whether this call, which did not run, may be made again as it was decided from a look that began at `looked_at`. What
/// turned it away says nothing of the world, so that another look would see the same, unless others have had the time to
/// change it. One whose repeat would be a second deed is compared with the world first all the same.
///
/// Only for the worker that looked: another has not seen it.
#[must_use]
pub fn may_repeat_unseen(
    progress: &StepProgress,
    change: &Change,
    looked_at: Timestamp,
    now: Timestamp,
) -> bool {
    let just_seen = looked_at <= now && now.duration_since(looked_at) <= BELIEVED;
    progress.not_executed
        && progress.state == StepState::Pending
        && change.idempotency() != Idempotency::OneShot
        && just_seen
}

/// Whether a call may be made again after an earlier one of the same step, when the step's check has just
/// said [`crate::Verdict::Act`] from facts that were really seen: everything still stands as it did before.
///
/// After a lost answer every call waits until none can come any more, those that set a value too: what AWS has
/// accepted may be seen only later (routes, records), and a look in between would take it for not done. A call that
/// AWS accepted is never sent again by itself; a person's retry forgets the acceptance and looks afresh.
#[must_use]
pub fn may_repeat(call: &CallState, now: Timestamp) -> bool {
    match call {
        CallState::Intended { answer_due } | CallState::Unknown { answer_due, .. } => now >= *answer_due,
        CallState::Answered(_) => false,
    }
}
