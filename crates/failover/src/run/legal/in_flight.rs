//! What AWS may still be working on, and what must wait for it: an end of the run, an emergency, an undo.

use super::{Legal, wrong_state};
use crate::movement::Drill;
use crate::refusal::Refusal;
use crate::run::{CallState, Run, StepProgress};
use crate::step::Step;
use holdfast_domain::StepId;
use jiff::Timestamp;

impl Run {
    /// Nothing of an emergency, or of an undo, is done while a call of what it replaced may still take effect.
    pub(in crate::run) fn must_be_settled(&self, at: Timestamp) -> Legal {
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

    pub(super) fn may_cancel(&self, reason: &str, at: Timestamp) -> Legal {
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
    pub(super) fn nothing_in_flight(&self, at: Timestamp) -> Legal {
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
pub(super) fn follows_another_run(step: &Step, progress: &StepProgress) -> bool {
    step.runs_plan_of().is_some() && matches!(progress.call, Some(CallState::Answered(_)))
}

pub(super) fn no_answer_can_come(id: &StepId, progress: &StepProgress, at: Timestamp) -> Legal {
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
