//! A call whose answer is not known: its effect is looked for before anything is repeated.

use super::{LOOK_IN_AWS, StepDrive, Turn};
use crate::journal::Lost;
use holdfast_failover::run::{CallState, Run, StepProgress, StepState, may_repeat};
use holdfast_failover::step::Seen;
use holdfast_failover::{Idempotency, Step, Verdict};
use jiff::Timestamp;

impl StepDrive {
    /// Whether the call took effect is not known: look, and repeat only when it is seen that it did not and, since before
    /// that look, no answer can come any more.
    pub(super) async fn look_up(
        &self,
        run: &Run,
        step: &Step,
        progress: &StepProgress,
        call: &CallState,
        (seen, asked_at): (&Seen, Timestamp),
    ) -> Result<Turn, Lost> {
        let (plan, movement) = (run.plan(), &run.movement_of(&step.id));
        if let Verdict::Act(change) = step.check_retried(seen, plan, movement, self.now(), progress.retries) {
            if !may_repeat(call, asked_at) {
                let reason = match call {
                    CallState::Unknown { reason, .. } => format!(" ({reason})"),
                    CallState::Intended { .. } | CallState::Answered(_) => String::new(),
                };
                let note = format!(
                    "whether the call took effect is not known{reason}; looking before anything is repeated"
                );
                let turn = self.wait(step, progress, seen, Vec::new(), &note, LOOK_IN_AWS).await?;
                return Ok(match (turn, progress.answer_may_come_until()) {
                    (Turn::Again, Some(due)) => Turn::Until(due),
                    (turn, _) => turn,
                });
            }
            // A person who has it tried again has decided that a second one does no harm.
            let blind = !change.shows() && change.idempotency() == Idempotency::OneShot;
            if blind && progress.state != StepState::Pending {
                return self
                    .park(
                        step,
                        format!("the answer of {} was lost, and nothing shows whether it happened", change.action()),
                        "Find out by what it does: if it happened, skip the step saying so; if not, or if twice does no harm, retry.",
                    )
                    .await;
            }
            return self.intend_and_call(run, step, progress, (seen, asked_at), &change).await;
        }
        self.verify(run, step, progress, seen, Some("the answer to the call was lost, its effect was seen"))
            .await
    }
}
