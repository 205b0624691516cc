//! What is asked of a run, and what becomes of it: events, or a no with a way out.

use super::{Command, Event, Request, Run};
use crate::approval::{may_deny, may_review, tally};
use crate::digest::{Digest, Manner, request_digest};
use crate::refusal::Refusal;
use holdfast_domain::RunId;
use jiff::Timestamp;

impl Request {
    pub(crate) fn manner(&self) -> Manner<'_> {
        Manner {
            overrides: &self.overrides,
            dry_run: self.dry_run,
            commit_within_seconds: self.commit_within_seconds,
        }
    }

    /// The digest of what the request holds now, worked out afresh; it must equal `digest`.
    ///
    /// # Errors
    /// `not_canonical` when the plan holds a number that JSON cannot carry.
    pub fn digest_now(&self) -> Result<Digest, Refusal> {
        request_digest(
            &self.application,
            &self.movement,
            &self.plan,
            self.emergency.as_ref(),
            &self.policy,
            self.manner(),
        )
        .map_err(|e| {
            Refusal::new(
                "not_canonical",
                format!("The plan cannot be written as canonical JSON: {e}."),
                "Plan again.",
            )
        })
    }

    /// Whether the frozen bytes still are what the digest says.
    ///
    /// # Errors
    /// `stale_plan` when they differ.
    pub fn check_digest(&self) -> Result<(), Refusal> {
        let now = self.digest_now()?;
        if now == self.digest {
            return Ok(());
        }
        Err(Refusal::new(
            "stale_plan",
            format!(
                "The stored plan has digest {} and not {}: it was changed after the request.",
                now.short(),
                self.digest.short()
            ),
            "Nothing of it is carried out. Make a new request, and find out in the audit log who changed it.",
        ))
    }
}

impl Run {
    /// The first events of a run. A policy that asks nobody starts it at once.
    #[must_use]
    pub fn request(_id: RunId, request: Request, _now: Timestamp) -> Vec<Event> {
        let asks_nobody = tally(&request.policy, &[]).met;
        let waits_for_its_wave = request.evacuation.is_some();
        let mut events = vec![Event::Requested { request: Box::new(request) }];
        if asks_nobody && !waits_for_its_wave {
            events.push(Event::Started);
        }
        events
    }

    /// The events that a command makes, to be journalled together; the run itself is not changed.
    ///
    /// # Errors
    /// A refusal with a stable code, what stands against it, and the way out.
    pub fn handle(&self, command: Command, now: Timestamp) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::Approve { .. }
            | Command::Withdraw { .. }
            | Command::Deny { .. }
            | Command::BreakGlass { .. }
            | Command::Expire
                if self.request.evacuation.is_some() =>
            {
                Err(self.decided_with_the_lot())
            }
            Command::Approve { review, digest } => {
                let event = Event::Approved { review: review.clone(), digest: digest.clone() };
                self.may_decide(&event, &digest, now)?;
                may_review(&self.request, &self.reviews, &review)?;
                let mut after = self.clone();
                after.take(&event, now);
                let mut events = vec![event];
                if after.tally().met {
                    events.push(Event::Started);
                }
                Ok(events)
            }
            Command::Withdraw { by } => {
                let event = Event::ApprovalWithdrawn { by: by.clone() };
                self.legal(&event, now)?;
                if self.reviews.iter().any(|r| r.person == by.id) {
                    Ok(vec![event])
                } else {
                    Err(Refusal::new(
                        "nothing_to_withdraw",
                        format!("{} has not approved this request.", by.email),
                        "Only one's own approval can be withdrawn.",
                    ))
                }
            }
            Command::Deny { by, groups, digest, comment } => {
                let event = Event::Denied { by: by.clone(), comment };
                self.may_decide(&event, &digest, now)?;
                may_deny(&self.request, &by, &groups)?;
                Ok(vec![event])
            }
            Command::Pause { by, reason } => self.one(Event::Paused { by, reason }, now),
            Command::Resume { by } => self.one(Event::Resumed { by }, now),
            Command::Cancel { by, reason } => self.one(Event::Cancelled { by, reason }, now),
            Command::Escalate { by, reason, confirm, overrides } => {
                let escalated = Event::Escalated { by, reason, overrides };
                self.legal(&escalated, now)?;
                self.must_be_confirmed(&confirm)?;
                self.request.check_digest()?;
                Ok(vec![escalated])
            }
            Command::EscalateStep { by, step, reason, confirm, overrides } => {
                let escalated = Event::StepEscalated { step, by, reason, overrides };
                self.legal(&escalated, now)?;
                self.must_be_confirmed(&confirm)?;
                self.request.check_digest()?;
                Ok(vec![escalated])
            }
            Command::Abort { by, reason, confirm } => {
                let aborted = Event::Aborted { by, reason };
                self.legal(&aborted, now)?;
                self.must_confirm_what_stays(&confirm)?;
                self.request.check_digest()?;
                Ok(vec![aborted])
            }
            Command::RetryStep { by, step } => self.one(Event::StepRetried { step, by }, now),
            Command::SkipStep { by, step, reason } => self.one(Event::StepSkipped { step, by, reason }, now),
            Command::ConfirmStep { by, groups, step, comment } => {
                self.may_confirm_in(&step, &groups)?;
                self.one(Event::StepConfirmed { step, by, comment }, now)
            }
            Command::BreakGlass { under } => self.start_under(under, now),
            Command::Expire => {
                self.legal(&Event::Expired, now)?;
                if now >= self.expires_at {
                    Ok(vec![Event::Expired])
                } else {
                    Err(Refusal::new(
                        "wrong_state",
                        format!("The request may be approved until {}.", self.expires_at),
                        "Nothing need be done.",
                    ))
                }
            }
            Command::Commit { by, comment } => {
                let committed = Event::Committed { by, comment };
                self.legal(&committed, now)?;
                self.in_the_window(now)?;
                Ok(vec![committed])
            }
            Command::AwaitCommit => match self.commit_window(now) {
                Some(event) => self.one(event, now),
                None => Ok(Vec::new()),
            },
            Command::RollBack => {
                let until = self.commit.until.unwrap_or(now);
                self.one(Event::CommitWindowEnded { until }, now)
            }
            Command::Record(event) => self.record(event, now),
            Command::Conclude if self.undoing.is_some() => {
                self.one(Event::RolledBack { exceptions: self.skipped() }, now)
            }
            Command::Conclude => self.one(Event::Completed { exceptions: self.skipped() }, now),
        }
    }

    fn one(&self, event: Event, now: Timestamp) -> Result<Vec<Event>, Refusal> {
        self.legal(&event, now)?;
        Ok(vec![event])
    }

    /// Giving up what was not copied is typed, not clicked.
    fn must_be_confirmed(&self, typed: &str) -> Result<(), Refusal> {
        let name = &self.request.application;
        if typed.trim() == name.as_str() {
            return Ok(());
        }
        Err(Refusal::new(
            "confirmation_needed",
            format!(
                "An emergency gives up what was not copied to {}, which cannot be undone.",
                self.request.movement.to
            ),
            format!("Type the application's name, {name}, as the confirmation."),
        ))
    }

    /// What stays as the run has made it is confirmed by typing, not by a click.
    fn must_confirm_what_stays(&self, typed: &str) -> Result<(), Refusal> {
        let stays = self.taken_back().stays;
        let name = &self.request.application;
        if stays.is_empty() || typed.trim() == name.as_str() {
            return Ok(());
        }
        let each: Vec<String> = stays.iter().map(|s| format!("`{}` ({})", s.step, s.reason)).collect();
        Err(Refusal::new(
            "confirmation_needed",
            format!("Not everything can be taken back: {}.", each.join("; ")),
            format!("Type the application's name, {name}, as the confirmation."),
        ))
    }

    /// What an approval and a denial have in common: still awaited, in time, and about these very bytes.
    fn may_decide(&self, event: &Event, digest: &Digest, now: Timestamp) -> Result<(), Refusal> {
        self.legal(event, now)?;
        if now >= self.expires_at {
            return Err(Refusal::new(
                "expired",
                format!("The request expired at {}.", self.expires_at),
                "Request it again.",
            ));
        }
        if *digest != self.request.digest {
            return Err(Refusal::new(
                "stale_plan",
                format!(
                    "The review is of plan {}, and this request is plan {}.",
                    digest.short(),
                    self.request.digest.short()
                ),
                "Read the plan as it is now and review that.",
            ));
        }
        self.request.check_digest()
    }

    /// The engine's events. What people decide does not come this way.
    fn record(&self, event: Event, now: Timestamp) -> Result<Vec<Event>, Refusal> {
        match &event {
            // Nobody need be asked about a step that was replaced.
            Event::StepParked { step, .. } if self.is_replaced(step) => Ok(Vec::new()),
            // Nor about one that the plan goes on without where it fails.
            Event::StepParked { step, reason, .. } if self.goes_on_without(step, now) => {
                let reason = reason.clone();
                self.one(Event::StepLeftOut { step: step.clone(), reason, failed: true }, now)
            }
            Event::StepStarted { .. } => {
                self.legal(&event, now)?;
                // Hashed again before every step: what runs is what was approved.
                self.request.check_digest()?;
                Ok(vec![event])
            }
            Event::TakenOver { .. }
            | Event::CallAnswered { .. }
            | Event::CallUnknown { .. }
            | Event::CallRefused { .. }
            | Event::StepProgress { .. }
            | Event::LagMeasured { .. }
            | Event::StepSucceeded { .. }
            | Event::StepParked { .. }
            | Event::StepLeftOut { .. }
            | Event::Failed { .. } => self.one(event, now),
            Event::Requested { .. }
            | Event::Approved { .. }
            | Event::ApprovalWithdrawn { .. }
            | Event::Denied { .. }
            | Event::Expired
            | Event::BreakGlass { .. }
            | Event::TurnRefused { .. }
            | Event::Started
            | Event::StepRetried { .. }
            | Event::StepSkipped { .. }
            | Event::StepConfirmed { .. }
            | Event::Paused { .. }
            | Event::Resumed { .. }
            | Event::Escalated { .. }
            | Event::StepEscalated { .. }
            | Event::Cancelled { .. }
            | Event::Aborted { .. }
            | Event::CommitAwaited { .. }
            | Event::Committed { .. }
            | Event::CommitWindowEnded { .. }
            | Event::RolledBack { .. }
            | Event::Completed { .. } => Err(Refusal::new(
                "not_the_engines",
                format!("The engine cannot record `{}`: it follows from a command.", event.kind()),
                "Use the command of that name.",
            )),
        }
    }
}
