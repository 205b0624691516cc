//! The one function that knows which events are legal when. Everything that enters a journal passes it, on
//! the way in and on replay.

use super::{CallState, Event, Run, RunState, StepProgress, StepState, commit, may_repeat};
use crate::movement::Drill;
use crate::refusal::Refusal;
use crate::step::how::IfItFails;
use crate::step::{Step, Work};
use holdfast_domain::{Name, StepId};
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

    /// Nothing of an emergency, or of an undo, is done while a call of what it replaced may still take effect.
    pub(super) fn must_be_settled(&self, at: Timestamp) -> Legal {
        match self.awaited_answer(at) {
            Some((id, until)) => Err(wrong_state(
                format!(
                    "What became of the call of `{id}` is not known, and it may take effect until {until}."
                ),
                format!("Wait until {until}: the run goes on by itself then."),
            )),
            None => Ok(()),
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

    /// Pending, with everything before it done, in a run that may begin steps.
    fn may_begin(&self, step: &Step, progress: &StepProgress) -> bool {
        matches!(self.state, RunState::Running | RunState::NeedsPerson | RunState::Undoing)
            && progress.state == StepState::Pending
            && self.ready(step)
    }

    fn replaced_by(&self, id: &StepId) -> Refusal {
        if self.undoing.is_some() {
            return wrong_state(
                format!("`{id}` was given up when the run was aborted."),
                "What was done is taken back, and nothing more is.",
            );
        }
        wrong_state(
            format!("`{id}` was replaced by the escalation to an emergency."),
            "The steps of the emergency go on in its place.",
        )
    }

    fn may_start_step(&self, event: &Event, at: Timestamp) -> Legal {
        let Event::StepStarted { step: id, attempt, epoch, change, .. } = event else { return Ok(()) };
        self.must_be_under_way()?;
        let (step, progress) = self.of(id)?;
        if self.is_replaced(id) {
            return Err(self.replaced_by(id));
        }
        self.must_be_settled(at)?;
        if self.owner.as_ref().is_some_and(|(_, owned)| epoch < owned) {
            return Err(wrong_state(
                format!("Epoch {epoch} is over: another worker has taken the run."),
                "Leave the run to its owner.",
            ));
        }
        // A repeat after a lost answer, or a first call after waiting without one, is a new attempt of a step
        // that has begun: a pause lets it go on to its end.
        let begun = progress.state.in_flight()
            && change.is_some()
            && matches!(progress.call, None | Some(CallState::Unknown { .. }));
        if !begun {
            if self.state == RunState::Paused {
                return Err(wrong_state("The run is paused: no step starts.", "Resume it."));
            }
            if progress.state != StepState::Pending {
                return Err(wrong_state(
                    format!("`{id}` is {} and cannot be started.", progress.state.as_str()),
                    "A step starts once per attempt.",
                ));
            }
            if !self.ready(step) {
                return Err(wrong_state(
                    format!("`{id}` comes after steps that are not done."),
                    "Finish, or skip with a reason, what stands before it.",
                ));
            }
        }
        if *attempt != progress.attempt + 1 {
            return Err(wrong_state(
                format!("The next attempt of `{id}` is number {}, not {attempt}.", progress.attempt + 1),
                "Read the journal again: somebody else has started it.",
            ));
        }
        let Some(change) = change else { return Ok(()) };
        if self.request.dry_run {
            return Err(Refusal::new("dry_run", "A dry run makes no changing call.", "Request a real run."));
        }
        if self.request.plan.drill == Some(Drill::Isolated) && !change.stays_beside_production() {
            return Err(Refusal::new(
                "not_in_a_drill",
                format!("{} would touch production, and this is an isolated drill.", change.action()),
                "Skip the step with a reason.",
            ));
        }
        if let Some(maker) = change.deletes_what()
            && !self.progress(maker).is_some_and(|p| p.call.is_some() || !p.answers.is_empty())
        {
            return Err(Refusal::new(
                "not_made_here",
                format!("`{id}` would delete what `{maker}` makes, and this run has not made it."),
                "Skip the step with a reason: there is nothing of this run to delete.",
            ));
        }
        if !step.change().is_some_and(|planned| change.carries_out(planned)) {
            return Err(Refusal::new(
                "not_in_plan",
                format!("The call is not the one that was approved for `{id}`."),
                "Only the plan's own calls are made; anything else is a new request.",
            ));
        }
        match &progress.call {
            Some(call) if !may_repeat(call, at) => Err(wrong_state(
                format!("The call of `{id}` may still be answered, or has been accepted."),
                "Look before repeating, and wait until no answer can come any more.",
            )),
            _ => Ok(()),
        }
    }

    fn may_skip(&self, id: &StepId, reason: &str, at: Timestamp) -> Legal {
        self.must_be_under_way()?;
        let (step, progress) = self.of(id)?;
        if reason.trim().is_empty() {
            return Err(Refusal::new(
                "reason_needed",
                "Skipping a step needs a reason.",
                "Say why it is safe to go on without it.",
            ));
        }
        let rests_on_it = matches!(step.work, Work::ObserveAgain) && step.after.is_empty();
        if rests_on_it && self.movement().mode == crate::Mode::Planned {
            return Err(Refusal::new(
                "not_skippable",
                "A planned run rests on the facts that this step compares, so it cannot be skipped.",
                "Retry it; where the facts have changed, cancel and request the move again, or request an emergency.",
            ));
        }
        match progress.state {
            StepState::Pending if self.ready(step) => {}
            StepState::Pending => {
                return Err(wrong_state(
                    format!("`{id}` is not next: steps before it are not done."),
                    "Finish or skip those first.",
                ));
            }
            StepState::NeedsPerson => {}
            // A step that only looks holds nobody up: a dead Region must not keep people from going on.
            StepState::Running | StepState::Waiting if progress.call.is_none() => {}
            StepState::Waiting if follows_another_run(step, progress) => {}
            StepState::Running | StepState::Waiting | StepState::Unknown => {
                return Err(wrong_state(
                    format!("`{id}` is {}.", progress.state.as_str()),
                    "Wait until it succeeds or asks a person.",
                ));
            }
            _ => {
                return Err(wrong_state(
                    format!("`{id}` is {} already.", progress.state.as_str()),
                    "There is nothing to skip.",
                ));
            }
        }
        no_answer_can_come(id, progress, at)
    }

    /// Only as the approved plan says of the step, and never while a call of it may still take effect.
    fn may_be_left_out(&self, id: &StepId, failed: bool, at: Timestamp) -> Legal {
        self.must_be_under_way()?;
        let (step, progress) = self.of(id)?;
        let says = if failed { step.how.if_it_fails == IfItFails::GoOn } else { step.how.only_if.is_some() };
        if !says {
            return Err(Refusal::new(
                "not_in_plan",
                format!("The plan does not say that the run goes on without `{id}`."),
                "A person skips it, with a reason.",
            ));
        }
        let begun = progress.state.in_flight() || (failed && progress.state == StepState::NeedsPerson);
        if self.is_replaced(id) || !(begun || self.may_begin(step, progress)) {
            return Err(wrong_state(
                format!("`{id}` is {} and cannot be left out.", progress.state.as_str()),
                "Only a step that is about to start or has started is left out.",
            ));
        }
        if matches!(progress.call, Some(CallState::Answered(_))) {
            return Err(wrong_state(
                format!("AWS has accepted the call of `{id}` and may be working on it."),
                "A person looks, and skips it with a reason.",
            ));
        }
        no_answer_can_come(id, progress, at)
    }

    /// Whether the run goes on by itself where this step fails now.
    pub(super) fn goes_on_without(&self, id: &StepId, at: Timestamp) -> bool {
        self.may_be_left_out(id, true, at).is_ok()
    }

    /// A person's word ends only a step that asks for it, in its turn.
    fn may_confirm(&self, id: &StepId) -> Legal {
        self.must_be_under_way()?;
        let (step, progress) = self.of(id)?;
        if !step.is_confirmed_by_a_person() {
            return Err(Refusal::new(
                "not_confirmable",
                format!("`{id}` is ended by what is seen, not by a person's word."),
                "Wait until it succeeds, or skip it with a reason.",
            ));
        }
        match progress.state {
            StepState::NeedsPerson | StepState::Running | StepState::Waiting => Ok(()),
            StepState::Pending if self.ready(step) => Ok(()),
            StepState::Pending => Err(wrong_state(
                format!("`{id}` is not next: steps before it are not done."),
                "Wait for its turn: what it confirms must be so then.",
            )),
            state => Err(wrong_state(
                format!("`{id}` is {} already.", state.as_str()),
                "There is nothing to confirm.",
            )),
        }
    }

    /// Whether somebody of these groups may say it.
    pub(super) fn may_confirm_in(&self, id: &StepId, groups: &[Name]) -> Legal {
        match self.of(id)?.0.work {
            Work::WaitForPerson { group: Some(ref group), .. } if !groups.contains(group) => {
                Err(Refusal::new(
                    "not_the_owner",
                    format!("`{id}` is confirmed by the group {group} only."),
                    format!("Ask somebody of {group}."),
                ))
            }
            _ => Ok(()),
        }
    }

    fn may_cancel(&self, reason: &str, at: Timestamp) -> Legal {
        if self.state.is_over() {
            return Err(self.over());
        }
        if reason.trim().is_empty() {
            return Err(Refusal::new("reason_needed", "Cancelling needs a reason.", "Say why."));
        }
        self.leaves_nothing_of_a_drill()?;
        self.nothing_in_flight(at)
    }

    /// What an isolated drill has made, its own last steps take away, or an abort.
    fn leaves_nothing_of_a_drill(&self) -> Legal {
        if self.request.plan.drill != Some(Drill::Isolated) || self.request.dry_run {
            return Ok(());
        }
        let acted = |step: &Step| {
            step.change().is_some()
                && self.progress(&step.id).is_some_and(|p| p.call.is_some() || !p.answers.is_empty())
        };
        let open = |step: &Step| {
            step.change().is_some_and(|change| change.deletes_what().is_some())
                && self.progress(&step.id).is_some_and(|p| !p.state.is_done())
        };
        match &self.undoing {
            None if self.steps_in_order().any(acted) => Err(wrong_state(
                "What the drill has raised or restored would be left standing.",
                "Abort it, which takes that away. Or skip the step that does not go on, with a reason: the last steps of the drill do the same.",
            )),
            Some(undoing) if undoing.plan.steps.iter().any(open) => Err(wrong_state(
                "What the drill has restored would be left standing.",
                "Wait until it is deleted. Retry the step that does not go on, or skip it with a reason: the run ends by itself then.",
            )),
            _ => Ok(()),
        }
    }

    /// AWS works on nothing that this run started, as far as can be known.
    fn nothing_in_flight(&self, at: Timestamp) -> Legal {
        for step in self.steps_in_order() {
            let Some(progress) = self.progress(&step.id) else { continue };
            if follows_another_run(step, progress) {
                continue;
            }
            // Of what was replaced nobody waits for more than for its answer.
            let waited_for = progress.state.in_flight() && !self.is_replaced(&step.id);
            if waited_for && progress.call.is_some() {
                return Err(wrong_state(
                    format!("`{}` is {}: AWS may be working on it.", step.id, progress.state.as_str()),
                    "Pause the run, so that nothing further starts, and cancel when that step is done or asks a person.",
                ));
            }
            no_answer_can_come(&step.id, progress, at)?;
        }
        Ok(())
    }
}

/// The run that the step asked for is there, and goes on by itself: of this run nothing is out.
fn follows_another_run(step: &Step, progress: &StepProgress) -> bool {
    step.runs_plan_of().is_some() && matches!(progress.call, Some(CallState::Answered(_)))
}

fn no_answer_can_come(id: &StepId, progress: &StepProgress, at: Timestamp) -> Legal {
    match progress.answer_may_come_until() {
        Some(due) if at < due => Err(wrong_state(
            format!(
                "What became of the call of `{id}` is not known, and it may still take effect until {due}."
            ),
            format!("Wait until {due}, or retry the step: it looks before it acts."),
        )),
        _ => Ok(()),
    }
}
