//! Which step may begin, be skipped, be left out or be confirmed, and when.

use super::in_flight::{follows_another_run, no_answer_can_come};
use super::{Legal, wrong_state};
use crate::movement::Drill;
use crate::refusal::Refusal;
use crate::run::{CallState, Event, Run, RunState, StepProgress, StepState, may_repeat};
use crate::step::how::IfItFails;
use crate::step::{Step, Work};
use holdfast_domain::{Name, StepId};
use jiff::Timestamp;

impl Run {
    /// Pending, with everything before it done, in a run that may begin steps.
    pub(super) fn may_begin(&self, step: &Step, progress: &StepProgress) -> bool {
        matches!(self.state, RunState::Running | RunState::NeedsPerson | RunState::Undoing)
            && progress.state == StepState::Pending
            && self.ready(step)
    }

    pub(super) fn replaced_by(&self, id: &StepId) -> Refusal {
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

    pub(super) fn may_start_step(&self, event: &Event, at: Timestamp) -> Legal {
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

    pub(super) fn may_skip(&self, id: &StepId, reason: &str, at: Timestamp) -> Legal {
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
    pub(super) fn may_be_left_out(&self, id: &StepId, failed: bool, at: Timestamp) -> Legal {
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
    pub(in crate::run) fn goes_on_without(&self, id: &StepId, at: Timestamp) -> bool {
        self.may_be_left_out(id, true, at).is_ok()
    }

    /// A person's word ends only a step that asks for it, in its turn.
    pub(super) fn may_confirm(&self, id: &StepId) -> Legal {
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
    pub(in crate::run) fn may_confirm_in(&self, id: &StepId, groups: &[Name]) -> Legal {
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
}
