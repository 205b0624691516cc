//! From journal to run: `apply` takes one entry in, `replay` all of them. An entry that was not legal when it
//! was written makes the journal corrupt, and a corrupt run is set aside, never guessed at.

use super::{CallState, Commit, Entry, Event, LeftOut, Run, RunState, StepProgress, StepState};
use crate::plan::EmergencyVariant;
use crate::step::Step;
use holdfast_domain::{Name, RunId, StepId};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Why a journal cannot be what a run wrote.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("entry {seq} of the run's journal cannot be: {reason}")]
pub struct Corrupt {
    pub seq: i64,
    pub reason: String,
}

impl Run {
    /// The run that these entries tell of.
    ///
    /// # Errors
    /// [`Corrupt`] with the first entry that cannot be.
    pub fn replay(id: RunId, entries: &[Entry]) -> Result<Self, Corrupt> {
        let corrupt = |seq, reason: &str| Corrupt { seq, reason: reason.to_owned() };
        let (first, rest) = entries.split_first().ok_or_else(|| corrupt(1, "the journal is empty"))?;
        if first.seq != 1 {
            return Err(corrupt(first.seq, "the journal does not begin at 1"));
        }
        let mut run = Self::begin(id, first)?;
        for entry in rest {
            run.apply(entry)?;
        }
        Ok(run)
    }

    fn begin(id: RunId, first: &Entry) -> Result<Self, Corrupt> {
        let Event::Requested { request } = &first.event else {
            return Err(Corrupt {
                seq: first.seq,
                reason: "the journal does not begin with the request".into(),
            });
        };
        let mut steps = BTreeMap::new();
        let escalated = match &request.emergency {
            Some(EmergencyVariant::Ready { steps, .. }) => steps.as_slice(),
            _ => &[],
        };
        for step in request.plan.steps.iter().chain(escalated) {
            if !step.after.iter().all(|before| steps.contains_key(before)) {
                return Err(Corrupt {
                    seq: first.seq,
                    reason: format!(
                        "step `{}` comes after one that the plan does not have before it",
                        step.id
                    ),
                });
            }
            if steps.insert(step.id.clone(), StepProgress::pending()).is_some() {
                return Err(Corrupt { seq: first.seq, reason: format!("step `{}` is there twice", step.id) });
            }
        }
        // They come in when the run is escalated.
        escalated.iter().for_each(|step| drop(steps.remove(&step.id)));
        let expires_at = expiry(first.at, request.policy.expires_after_seconds);
        Ok(Self {
            id,
            request: Arc::new((**request).clone()),
            state: RunState::AwaitingApproval,
            seq: first.seq,
            reviews: Vec::new(),
            steps,
            requested_at: first.at,
            expires_at,
            approved_at: None,
            ended_at: None,
            lag_at_cut: Vec::new(),
            paused_by: None,
            break_glass: None,
            escalated: None,
            undoing: None,
            commit: Commit::default(),
            ending: None,
            owner: None,
        })
    }

    /// Takes one entry in; the run is untouched when it is refused.
    ///
    /// # Errors
    /// [`Corrupt`] when the entry is not the next one or was not legal.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), Corrupt> {
        if entry.seq != self.seq + 1 {
            return Err(Corrupt {
                seq: entry.seq,
                reason: format!("entry {} should come next", self.seq + 1),
            });
        }
        // Whether it was in time was judged when it was written; a database whose clock was set back, or a standby a
        // little behind, must not turn a good journal into a corrupt one.
        self.legal(&entry.event, Timestamp::MAX).map_err(|refusal| Corrupt {
            seq: entry.seq,
            reason: format!("{}: {refusal}", entry.event.kind()),
        })?;
        self.take(&entry.event, entry.at);
        self.seq = entry.seq;
        Ok(())
    }

    /// Takes a legal event in. Matches every event, so that a new one cannot be forgotten.
    pub(super) fn take(&mut self, event: &Event, at: Timestamp) {
        match event {
            // Refused by `legal`: a journal begins with it and never holds a second.
            Event::Requested { .. } => {}
            Event::Approved { review, .. } => self.reviews.push(review.clone()),
            Event::ApprovalWithdrawn { by } => self.reviews.retain(|r| r.person != by.id),
            Event::Denied { by, comment } => {
                let comment = comment.as_deref().map(|c| format!(": {c}")).unwrap_or_default();
                self.end(RunState::Denied, at, format!("Denied by {}{comment}", by.email));
            }
            Event::Expired => {
                self.end(RunState::Expired, at, "The approvals did not come in time.".into());
            }
            Event::BreakGlass { under } => self.break_glass = Some(Box::new(under.clone())),
            Event::TurnRefused { reason } => self.end(RunState::Cancelled, at, reason.clone()),
            Event::Started => {
                self.state = RunState::Running;
                self.approved_at = Some(at);
            }
            Event::TakenOver { worker, epoch } => self.owner = Some((worker.clone(), *epoch)),
            Event::StepStarted { step, attempt, before, change, answer_due, .. } => {
                self.settle_replaced(at);
                self.with(step, |p| {
                    p.state = StepState::Running;
                    p.attempt = *attempt;
                    p.started_at = p.started_at.or(Some(at));
                    p.before.clone_from(before);
                    if change.is_some() && p.call.is_none() && p.answers.is_empty() {
                        p.stood.clone_from(before);
                    }
                    match (change, &p.call) {
                        (Some(_), _) => p.call = Some(CallState::Intended { answer_due: *answer_due }),
                        // Looking does not settle what became of an earlier call.
                        (None, Some(CallState::Unknown { .. })) => {}
                        (None, _) => p.call = None,
                    }
                    p.not_executed = false;
                    p.note = None;
                });
            }
            Event::CallAnswered { step, answer } => {
                self.with(step, |p| {
                    p.state = StepState::Waiting;
                    p.call = Some(CallState::Answered(answer.clone()));
                    p.answers.push((at, answer.clone()));
                });
                self.replaced(step, at);
            }
            Event::CallUnknown { step, reason } => self.with(step, |p| {
                p.state = StepState::Unknown;
                if let Some(answer_due) = p.answer_may_come_until() {
                    p.call = Some(CallState::Unknown { answer_due, reason: reason.clone() });
                }
                p.note = Some(reason.clone());
            }),
            Event::CallRefused { step, reason, retry, not_executed } => {
                self.with(step, |p| {
                    p.call = None;
                    p.not_executed = *not_executed;
                    p.note = Some(reason.clone());
                    p.state = StepState::Pending;
                });
                if self.is_replaced(step) {
                    self.replaced(step, at);
                } else if !retry {
                    self.park(
                        step,
                        reason.clone(),
                        "Nothing was changed. Mend what AWS refuses and retry the step, or skip it with a reason.".into(),
                    );
                }
            }
            Event::StepProgress { step, note } => self.with(step, |p| {
                if p.state == StepState::Running && p.call.is_none() {
                    p.state = StepState::Waiting;
                }
                p.note = Some(note.clone());
            }),
            // Backups are measured when the restore begins, copies when the writer moves: each store's last word counts.
            // What was cut off before an escalation was measured then.
            Event::LagMeasured { stores, .. } => {
                let measured = |store: &Name| self.lag_at_cut.iter().any(|lag| lag.store == *store);
                let kept = |store: &Name| measured(store) && self.was_cut_before(store);
                let stores: Vec<_> = stores.iter().filter(|s| !kept(&s.store)).cloned().collect();
                self.lag_at_cut.retain(|lag| !stores.iter().any(|s| s.store == lag.store));
                self.lag_at_cut.extend(stores);
            }
            Event::StepSucceeded { step, note, after } => {
                self.with(step, |p| {
                    p.state = StepState::Succeeded;
                    p.ended_at = Some(at);
                    p.after.clone_from(after);
                    p.note = Some(note.clone());
                    p.parked = None;
                });
                self.mark_undone(step);
            }
            Event::StepParked { step, reason, way_out } => self.park(step, reason.clone(), way_out.clone()),
            Event::StepRetried { step, .. } => {
                self.with(step, |p| {
                    p.state = StepState::Pending;
                    p.parked = None;
                    p.not_executed = false;
                    p.started_at = None;
                    p.retries += 1;
                    // An accepted call is forgotten: the person wants it made again where the check says so.
                    // One whose outcome is not known is kept: it may still come.
                    p.call = match p.call.take() {
                        Some(CallState::Intended { answer_due }) => Some(CallState::Unknown {
                            answer_due,
                            reason: "the step was parked before an outcome was known".into(),
                        }),
                        unknown @ Some(CallState::Unknown { .. }) => unknown,
                        Some(CallState::Answered(_)) | None => None,
                    };
                });
                self.settle();
            }
            Event::StepSkipped { step, by, reason } => {
                self.with(step, |p| {
                    p.state = StepState::Skipped;
                    p.parked = None;
                    p.ended_at = Some(at);
                    p.skipped_by = Some((by.clone(), reason.clone()));
                });
                self.settle();
            }
            Event::StepLeftOut { step, reason, failed } => {
                self.with(step, |p| {
                    p.state = StepState::Skipped;
                    p.parked = None;
                    p.ended_at = Some(at);
                    p.left_out = Some(LeftOut { reason: reason.clone(), failed: *failed });
                });
                self.settle();
            }
            Event::StepConfirmed { step, by, comment } => {
                let said = comment.as_deref().map(|c| format!(": {c}")).unwrap_or_default();
                self.with(step, |p| {
                    p.state = StepState::Succeeded;
                    p.parked = None;
                    p.started_at = p.started_at.or(Some(at));
                    p.ended_at = Some(at);
                    p.note = Some(format!("confirmed by {}{said}", by.email));
                });
                self.settle();
            }
            Event::Paused { by, reason } => {
                self.state = RunState::Paused;
                self.paused_by = Some((by.clone(), reason.clone()));
            }
            Event::Resumed { .. } => {
                self.paused_by = None;
                self.state = self.under_way();
                // A refused call that was to be tried again could not be: the pause takes none of its time, and what was seen
                // before it is old.
                for pending in self.steps.values_mut().filter(|p| p.state == StepState::Pending) {
                    pending.started_at = None;
                    pending.not_executed = false;
                }
                self.settle();
            }
            Event::Escalated { .. } => self.take_escalation(event, at),
            Event::StepEscalated { .. } => self.take_step_escalation(event, at),
            Event::Cancelled { by, reason } => {
                self.end(RunState::Cancelled, at, format!("Cancelled by {}: {reason}", by.email));
            }
            Event::Aborted { by, reason } => self.take_abort(Some(by.clone()), reason.clone(), at),
            Event::CommitAwaited { until } => {
                self.commit.until = Some(*until);
                self.state = RunState::AwaitingCommit;
            }
            Event::Committed { by, .. } => self.take_commit(by),
            Event::CommitWindowEnded { until } => {
                let reason = format!("nobody committed it by {until}");
                self.take_abort(None, reason, at);
            }
            Event::RolledBack { exceptions } => {
                let stays =
                    self.undoing.iter().flat_map(|undoing| &undoing.stays).map(|s| s.step.to_string());
                let left: Vec<String> = stays.chain(exceptions.iter().cloned()).collect();
                let ending = if left.is_empty() {
                    "Taken back: what stood before stands again.".to_owned()
                } else {
                    format!("Taken back, without {}.", left.join(", "))
                };
                self.end(RunState::RolledBack, at, ending);
            }
            Event::Completed { exceptions } => {
                if exceptions.is_empty() {
                    self.end(RunState::Completed, at, "Every step succeeded.".into());
                } else {
                    let ending = format!("Completed, without {}.", exceptions.join(", "));
                    self.end(RunState::CompletedWithExceptions, at, ending);
                }
            }
            Event::Failed { reason } => self.end(RunState::Failed, at, reason.clone()),
        }
    }

    fn with(&mut self, step: &StepId, change: impl FnOnce(&mut StepProgress)) {
        if let Some(progress) = self.steps.get_mut(step) {
            change(progress);
        }
    }

    fn park(&mut self, step: &StepId, reason: String, way_out: String) {
        self.with(step, |p| {
            p.state = StepState::NeedsPerson;
            p.parked = Some((reason, way_out));
        });
        self.settle();
    }

    /// While it is not paused, a run needs a person exactly as long as one of its steps does.
    pub(super) fn settle(&mut self) {
        if matches!(self.state, RunState::Running | RunState::NeedsPerson | RunState::Undoing) {
            let parked = self.steps.values().any(|p| p.state == StepState::NeedsPerson);
            self.state = if parked { RunState::NeedsPerson } else { self.under_way() };
        }
    }

    /// What the run is when nobody holds it and it waits for nobody.
    fn under_way(&self) -> RunState {
        if self.undoing.is_some() { RunState::Undoing } else { RunState::Running }
    }

    fn end(&mut self, state: RunState, at: Timestamp, ending: String) {
        self.settle_replaced(at);
        self.state = state;
        self.ended_at = Some(at);
        self.ending = Some(ending);
        self.paused_by = None;
    }

    /// The steps that a person took out of what was carried out, and those that failed and were gone on without, in the
    /// plan's order. One whose condition did not hold is none of them: that is the plan.
    #[must_use]
    pub fn skipped(&self) -> Vec<String> {
        let skipped = |s: &&Step| {
            self.progress(&s.id).is_some_and(|p| {
                p.state == StepState::Skipped && p.left_out.as_ref().is_none_or(|left| left.failed)
            })
        };
        self.plan().steps.iter().filter(skipped).map(|s| s.id.to_string()).collect()
    }
}

/// Saturates at the end of time rather than fail: an absurd policy must not stop a run from being read.
fn expiry(requested_at: Timestamp, seconds: u32) -> Timestamp {
    requested_at.checked_add(SignedDuration::from_secs(i64::from(seconds))).unwrap_or(Timestamp::MAX)
}

impl StepProgress {
    pub(super) fn pending() -> Self {
        Self {
            state: StepState::Pending,
            attempt: 0,
            retries: 0,
            started_at: None,
            ended_at: None,
            before: Vec::new(),
            stood: Vec::new(),
            after: Vec::new(),
            call: None,
            not_executed: false,
            answers: Vec::new(),
            note: None,
            parked: None,
            skipped_by: None,
            left_out: None,
        }
    }
}
