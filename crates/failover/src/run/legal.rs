//! The one function that knows which events are legal when. Everything that enters a journal passes it, on
//! the way in and on replay.

mod in_flight;
mod steps;

use super::{CallState, Event, Run, RunState, StepProgress, StepState, commit};
use crate::refusal::Refusal;
use crate::step::{Step, Work};
use holdfast_domain::StepId;
use jiff::Timestamp;

pub(super) type Legal = Result<(), Refusal>;

pub(super) fn wrong_state(sentence: impl Into<String>, way_out: impl Into<String>) -> Refusal {
    Refusal::new("wrong_state", sentence, way_out)
}

impl Run {
    /// Whether `event` may be journalled now.
    ///
    /// # Errors
    /// Says what stands against it and the way out.
    pub fn legal(&self, event: &Event, at: Timestamp) -> Legal {
        match event {
            Event::Requested { .. } => {
                Err(wrong_state("This run was requested already.", "Make a new request."))
            }
            Event::Approved { .. }
            | Event::ApprovalWithdrawn { .. }
            | Event::Denied { .. }
            | Event::Expired => self.must_await_approval(),
            Event::TurnRefused { .. } => {
                self.must_await_approval()?;
                self.must_be_of_an_evacuation()
            }
            Event::BreakGlass { .. } => self.may_break_glass(),
            Event::Started => {
                self.must_await_approval()?;
                if self.tally().met || self.break_glass.is_some() {
                    Ok(())
                } else {
                    Err(wrong_state(
                        "The approval policy is not met.",
                        self.tally().waits_for(&self.request.policy).unwrap_or_default(),
                    ))
                }
            }
            Event::TakenOver { worker, epoch } => {
                self.must_be_under_way()?;
                match &self.owner {
                    Some((owner, owned)) if owner == worker && epoch <= owned => Err(wrong_state(
                        format!("Worker {worker} has this run already, with epoch {owned}."),
                        "A later epoch is needed to take it over again.",
                    )),
                    _ => Ok(()),
                }
            }
            Event::StepStarted { .. } => self.may_start_step(event, at),
            Event::CallAnswered { step, .. }
            | Event::CallUnknown { step, .. }
            | Event::CallRefused { step, .. } => {
                self.must_be_under_way()?;
                let (planned, progress) = self.of(step)?;
                match (progress.state, &progress.call) {
                    (StepState::Running, Some(CallState::Intended { .. })) => Ok(()),
                    // A run that was asked for is found by who asked, and with it what the lost answer said.
                    (StepState::Unknown, Some(CallState::Unknown { .. }))
                        if matches!(event, Event::CallAnswered { .. })
                            && planned.runs_plan_of().is_some() =>
                    {
                        Ok(())
                    }
                    _ => Err(wrong_state(
                        format!("No call of `{step}` is out."),
                        "An outcome needs the intent before it.",
                    )),
                }
            }
            Event::LagMeasured { step, .. } => {
                self.must_be_under_way()?;
                let (step, progress) = self.of(step)?;
                if matches!(step.work, Work::RecordLag { .. }) && progress.state.in_flight() {
                    Ok(())
                } else {
                    Err(wrong_state(
                        format!("`{}` does not measure lag now.", step.id),
                        "Only the step that records lag measures it, once it has started.",
                    ))
                }
            }
            Event::StepProgress { step, .. } => {
                self.must_be_under_way()?;
                let (step, progress) = self.of(step)?;
                if progress.state.in_flight() || self.may_begin(step, progress) {
                    Ok(())
                } else {
                    Err(wrong_state(
                        format!("`{}` is {}; there is no news of it.", step.id, progress.state.as_str()),
                        "Only steps that are about to start or have started make progress.",
                    ))
                }
            }
            Event::StepSucceeded { step, .. } => {
                self.must_be_under_way()?;
                let progress = self.of(step)?.1;
                if progress.state.in_flight() {
                    Ok(())
                } else {
                    Err(wrong_state(
                        format!("`{step}` is {} and cannot succeed.", progress.state.as_str()),
                        "A step must be started before it succeeds.",
                    ))
                }
            }
            Event::StepParked { step, .. } => {
                self.must_be_under_way()?;
                let (step, progress) = self.of(step)?;
                if self.is_replaced(&step.id) {
                    Err(self.replaced_by(&step.id))
                } else if progress.state.in_flight()
                    || progress.state == StepState::NeedsPerson
                    || self.may_begin(step, progress)
                {
                    Ok(())
                } else {
                    Err(wrong_state(
                        format!("`{}` is {} and cannot ask a person.", step.id, progress.state.as_str()),
                        "Only a step that is about to start or has started can be parked.",
                    ))
                }
            }
            Event::StepRetried { step, .. } => {
                self.must_be_under_way()?;
                let progress = self.of(step)?.1;
                if progress.state == StepState::NeedsPerson {
                    Ok(())
                } else {
                    Err(wrong_state(
                        format!(
                            "`{step}` is {}; only a step that needs a person is retried.",
                            progress.state.as_str()
                        ),
                        "Wait until it asks, or pause the run.",
                    ))
                }
            }
            Event::StepSkipped { step, reason, .. } => self.may_skip(step, reason, at),
            Event::StepLeftOut { step, failed, .. } => self.may_be_left_out(step, *failed, at),
            Event::StepConfirmed { step, .. } => self.may_confirm(step),
            Event::Paused { .. } => match self.state {
                RunState::Running | RunState::NeedsPerson | RunState::Undoing => Ok(()),
                RunState::AwaitingCommit => Err(commit::waits_for_it()),
                RunState::Paused => {
                    Err(wrong_state("The run is paused already.", "Resume it when it may go on."))
                }
                _ => self.must_be_under_way(),
            },
            Event::Resumed { .. } => match self.state {
                RunState::Paused => Ok(()),
                RunState::Running | RunState::NeedsPerson | RunState::Undoing => {
                    Err(wrong_state("The run is not paused.", "There is nothing to resume."))
                }
                RunState::AwaitingCommit => Err(commit::waits_for_it()),
                _ => self.must_be_under_way(),
            },
            Event::Escalated { reason, .. } => {
                self.may_escalate()?;
                if reason.trim().is_empty() {
                    return Err(Refusal::new("reason_needed", "Escalating needs a reason.", "Say why."));
                }
                Ok(())
            }
            Event::StepEscalated { step, reason, .. } => {
                self.may_escalate_step(step)?;
                if reason.trim().is_empty() {
                    return Err(Refusal::new("reason_needed", "Escalating needs a reason.", "Say why."));
                }
                Ok(())
            }
            Event::Cancelled { reason, .. } => self.may_cancel(reason, at),
            Event::Aborted { reason, .. } => self.may_be_aborted(reason),
            Event::CommitAwaited { .. } => self.may_await_a_commit(),
            Event::Committed { .. } => self.may_commit(),
            Event::CommitWindowEnded { until } => self.may_end_the_window(*until, at),
            Event::RolledBack { .. } => self.may_be_rolled_back(at),
            Event::Completed { .. } => {
                self.must_be_under_way()?;
                if self.state == RunState::Running && self.all_done() && !self.is_due_for_a_commit() {
                    self.must_be_settled(at)
                } else {
                    Err(wrong_state(
                        "Steps are still open, or the run is paused.",
                        "A run completes when every step has succeeded or was skipped by a person.",
                    ))
                }
            }
            Event::Failed { .. } => {
                self.must_be_under_way()?;
                self.nothing_in_flight(at)
            }
        }
    }

    pub(super) fn must_await_approval(&self) -> Legal {
        match self.state {
            RunState::AwaitingApproval => Ok(()),
            state if state.is_over() => Err(self.over()),
            _ => Err(wrong_state(
                "The run has started; approvals are closed.",
                "Pause it, or cancel it while no step is running.",
            )),
        }
    }

    pub(super) fn must_be_under_way(&self) -> Legal {
        match self.state {
            RunState::AwaitingApproval => Err(wrong_state(
                "The run has not started: it waits for approval.",
                self.tally().waits_for(&self.request.policy).unwrap_or_default(),
            )),
            state if state.is_over() => Err(self.over()),
            _ => Ok(()),
        }
    }

    pub(super) fn over(&self) -> Refusal {
        let when = self.ended_at.map(|at| format!(" since {at}")).unwrap_or_default();
        Refusal::new(
            "run_over",
            format!("The run is {}{when}.", self.state.as_str().replace('_', " ")),
            "Make a new request.",
        )
    }

    pub(super) fn of(&self, id: &StepId) -> Result<(&Step, &StepProgress), Refusal> {
        match (self.step(id), self.progress(id)) {
            (Some(step), Some(progress)) => Ok((step, progress)),
            _ => Err(Refusal::new(
                "no_such_step",
                format!("The plan of this run has no step `{id}`."),
                "Use a step id from the run's plan.",
            )),
        }
    }
}
