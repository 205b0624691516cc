//! The one call of a step: its intent, the call itself, and what came of it.

use super::words::{parked, way_out_of};
use super::{ANSWER_MARGIN, StepDrive, Turn};
use crate::asks::ASKING_AT_MOST;
use crate::journal::Lost;
use crate::webhook::delivery;
use holdfast_cloud::Error;
use holdfast_failover::change::Change;
use holdfast_failover::lease::leaves_in_time;
use holdfast_failover::run::{Answer, Event, Run, StepProgress, may_repeat_unseen};
use holdfast_failover::step::Seen;
use holdfast_failover::{Idempotency, Step};
use holdfast_store::sealing::Unreadable;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// What the intent of a call says of its time.
pub(super) struct Intent {
    /// From its leaving to the last moment at which it may take effect.
    deadline: Duration,
    /// When others take it for lost.
    answer_due: Timestamp,
}

/// A call that did not run, and what was seen when it was decided.
pub(super) struct Unexecuted {
    change: Change,
    seen: Seen,
    looked_at: Timestamp,
}

impl Unexecuted {
    pub(super) fn may_be_repeated(&self, progress: &StepProgress, now: Timestamp) -> bool {
        may_repeat_unseen(progress, &self.change, self.looked_at, now)
    }
}

/// What came of trying to call.
pub(super) enum Outcome {
    Told(Result<Answer, Error>),
    /// Something of our own is missing, or refuses: nothing left this process.
    NotCalled {
        reason: String,
        way_out: String,
    },
    /// Its time was used up before it could leave.
    TooLate,
    /// Somebody else came first: look again.
    Overtaken(String),
    /// A request of our own whose answer did not come.
    Lost(String),
}

/// Nothing was changed, and why.
struct Refused<'a> {
    reason: String,
    may_pass: bool,
    not_executed: bool,
    way_out: &'a str,
}

fn unreadable(why: Unreadable) -> Outcome {
    let reason = match why {
        Unreadable::OtherKey => "the webhook's secret is sealed with a key that this worker was not given",
        Unreadable::Changed => "what is stored of the webhook's secret is not what was stored",
    };
    let way_out = "Give this worker the keys that the servers have (HOLDFAST_SECRETS_KEY), or make a new secret for the \
                   webhook and give that to the receiver; then retry.";
    Outcome::NotCalled { reason: reason.to_owned(), way_out: way_out.to_owned() }
}

/// Without a server: whoever carries it out does it, and says so.
fn by_hand(what: &str, how: &str) -> Outcome {
    Outcome::NotCalled {
        reason: format!("{what} needs the server, which is not here"),
        way_out: format!("{how} by hand, then skip the step saying that it was done."),
    }
}

impl StepDrive {
    /// Intent first: what was seen, what will be called, by when an answer can come. Then the call.
    pub(super) async fn intend_and_call(
        &self,
        run: &Run,
        step: &Step,
        progress: &StepProgress,
        (seen, looked_at): (&Seen, Timestamp),
        change: &Change,
    ) -> Result<Turn, Lost> {
        let deadline = match change {
            Change::RunPlan { .. } => ASKING_AT_MOST,
            _ => self.cloud.call_deadline(&self.acting(run, step)),
        };
        let answer_due = self.later(deadline + ANSWER_MARGIN);
        let started = self.started(step, progress.attempt + 1, seen, Some(change.clone()), answer_due);
        self.journal.record(vec![started], self.now()).await?;
        let event = match self.call(run, step, change, &Intent { deadline, answer_due }).await? {
            Outcome::Told(Ok(answer)) => return self.answered(step, change, answer).await,
            Outcome::Told(Err(error)) if error.outcome_unknown => {
                Event::CallUnknown { step: step.id.clone(), reason: error.to_string() }
            }
            Outcome::Told(Err(error)) => {
                let refused = Refused {
                    reason: format!("AWS refused it: {error}"),
                    may_pass: error.kind.may_pass(),
                    not_executed: error.not_executed(),
                    way_out: way_out_of(error.kind),
                };
                let turn = self.refused(step, progress, refused).await?;
                let unexecuted = || Unexecuted { change: change.clone(), seen: seen.clone(), looked_at };
                return Ok(match turn {
                    Turn::Again if error.not_executed() => Turn::Repeat(Box::new(unexecuted())),
                    turn => turn,
                });
            }
            Outcome::NotCalled { reason, way_out } => {
                let refused = Refused { reason, may_pass: false, not_executed: false, way_out: &way_out };
                return self.refused(step, progress, refused).await;
            }
            Outcome::TooLate => {
                let reason = "the journal took too long; nothing was called".to_owned();
                let way_out = "See why the database answers slowly, then retry.";
                // What was seen is old by now: that it never left is no reason not to look.
                let refused = Refused { reason, may_pass: true, not_executed: false, way_out };
                return self.refused(step, progress, refused).await;
            }
            Outcome::Overtaken(reason) => {
                let way_out = "Look at it again: retry.";
                let refused = Refused { reason, may_pass: true, not_executed: false, way_out };
                return self.refused(step, progress, refused).await;
            }
            Outcome::Lost(reason) => Event::CallUnknown { step: step.id.clone(), reason },
        };
        self.journal.record(vec![event], self.now()).await?;
        Ok(Turn::Moved)
    }

    /// The same call from the same look: all that was heard since is that it did not run.
    pub(super) async fn repeat(
        &self,
        run: &Run,
        step: &Step,
        progress: &StepProgress,
        call: &Unexecuted,
    ) -> Result<Turn, Lost> {
        if let Some(turn) = self.ground_has_moved(run, step).await? {
            return Ok(turn);
        }
        self.intend_and_call(run, step, progress, (&call.seen, call.looked_at), &call.change).await
    }

    /// What the answer says is seen again by whoever looks, but not where the answer is all there is, or has the id that AWS
    /// is followed by; and where a second call
    /// would be a second deed, no moment is lost before it is written that there was a first.
    async fn answered(&self, step: &Step, change: &Change, answer: Answer) -> Result<Turn, Lost> {
        let followed_by_it = answer.tracking.is_some();
        let answered = vec![Event::CallAnswered { step: step.id.clone(), answer }];
        if change.shows() && !followed_by_it && change.idempotency() != Idempotency::OneShot {
            self.journal.hold(answered, self.now()).await?;
        } else {
            self.journal.record(answered, self.now()).await?;
        }
        Ok(Turn::Moved)
    }

    /// The call, once its intent stands in the journal.
    async fn call(&self, run: &Run, step: &Step, change: &Change, intent: &Intent) -> Result<Outcome, Lost> {
        if let Change::CallWebhook { url, application, movement, step: name } = change {
            let Some(replica) = &self.replica else {
                return Ok(by_hand("the webhook", &format!("Call {url}")));
            };
            let Some(secret) = replica.store.webhook_secret(application, name).await? else {
                return Ok(Outcome::NotCalled {
                    reason: "the inventory no longer has the webhook, and its secret went with it".to_owned(),
                    way_out:
                        "Put the step back, make a new secret for it, give that to the receiver, then retry."
                            .to_owned(),
                });
            };
            let secret = match secret {
                Ok(secret) => secret,
                Err(why) => return Ok(unreadable(why)),
            };
            let delivery = delivery((run.id, step), (application, movement), url, secret);
            if !self.may_leave(intent)? {
                return Ok(Outcome::TooLate);
            }
            return Ok(Outcome::Told(self.cloud.deliver(&delivery).await));
        }
        if let Change::RunPlan { application, movement } = change {
            return self.ask_for_run(run, step, change, (application, movement), intent).await;
        }
        let Some(account) = self.account(step) else {
            return Ok(Outcome::NotCalled {
                reason: "the inventory no longer has the account".to_owned(),
                way_out: "Put the account back and retry.".to_owned(),
            });
        };
        if !self.may_leave(intent)? {
            return Ok(Outcome::TooLate);
        }
        Ok(Outcome::Told(self.cloud.perform(account, &self.acting(run, step), change).await))
    }

    /// Nothing was changed. What may pass is tried again as long as the step has time: how often chance lets AWS refuse
    /// one and the same call says nothing. Where the plan says how often, that counts, whatever the refusal.
    async fn refused(
        &self,
        step: &Step,
        progress: &StepProgress,
        refused: Refused<'_>,
    ) -> Result<Turn, Lost> {
        let Refused { reason, may_pass, not_executed, way_out } = refused;
        let retry =
            step.is_tried_again(may_pass, progress.attempt + 1) && !progress.is_overdue(step, self.now());
        let mut events =
            vec![Event::CallRefused { step: step.id.clone(), reason: reason.clone(), retry, not_executed }];
        if !retry {
            events.push(parked(step, reason, way_out));
        }
        self.journal.record(events, self.now()).await?;
        Ok(if retry { Turn::Again } else { Turn::Over })
    }

    /// Between the intent and the socket this process may have been stopped: for longer than its lease, or for long enough
    /// that the call might take effect after others take it for lost. A slow write of the intent uses up the same time.
    pub(super) fn may_leave(&self, intent: &Intent) -> Result<bool, Lost> {
        if self.replica.as_ref().is_some_and(|replica| !replica.lease.holds(self.journal.epoch())) {
            return Err(Lost::Fenced);
        }
        let deadline = SignedDuration::try_from(intent.deadline).unwrap_or(SignedDuration::MAX);
        Ok(leaves_in_time(self.now(), deadline, intent.answer_due))
    }
}
