//! Drives one step: check, act, verify. What was seen before and what will be called is journalled before the
//! call leaves; an answer that does not come makes the outcome unknown, and the next move is to look.

use crate::asks::Asks;
use crate::journal::{Journal, Lost};
use crate::lease::Lease;
use crate::look::Ground;
use call::Unexecuted;
use holdfast_clock::DatabaseClock;
use holdfast_cloud::{Access, Acting, Cloud, Direction, Settled};
use holdfast_domain::{Account, StepId};
use holdfast_failover::change::Change;
use holdfast_failover::run::{CallState, Event, Run, StepProgress, StepState};
use holdfast_failover::step::{Seen, Work, lags, resource_matches};
use holdfast_failover::{Step, Verdict};
use holdfast_store::{Fence, Store};
use jiff::{SignedDuration, Timestamp};
use pauses::Pauses;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use words::{drifted, parked, rehearsed, values};

mod call;
mod lost_answer;
mod other_plan;
mod pauses;
mod words;

#[derive(Debug, Clone)]
pub struct StepDrive {
    pub journal: Arc<Journal>,
    pub cloud: Arc<dyn Cloud>,
    pub clock: DatabaseClock,
    pub ground: Arc<Ground>,
    /// None where no server is: then only what AWS and the plan know is known.
    pub replica: Option<Replica>,
    pub poll_interval: Duration,
    pub stop: CancellationToken,
}

/// What a worker has beside AWS and the run's own journal.
#[derive(Debug, Clone)]
pub struct Replica {
    pub store: Store,
    pub lease: Lease,
    pub fence: Fence,
    pub asks: Arc<dyn Asks>,
    /// Looks begun at once per account, where a whole application is looked at.
    pub looks_at_once: usize,
}

/// The way out of a wait that took too long, where its kind knows no better one.
const LOOK_IN_AWS: &str = "Look in AWS what it waits for; then retry, or skip with a reason.";
/// Added to a call's own deadline before its answer counts as lost for good.
const ANSWER_MARGIN: Duration = Duration::from_secs(2);

/// Where the step goes from here.
enum Turn {
    /// Look again after a pause.
    Again,
    /// Make the same call again after a pause, without another look where that may be.
    Repeat(Box<Unexecuted>),
    /// Look again seldom: until then an answer may come, and nothing may be done before.
    Until(Timestamp),
    /// The step's state has changed: read it anew.
    Moved,
    /// Succeeded, parked, or no longer ours to drive.
    Over,
}

/// How a step came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looked {
    /// By what it found: nothing was waited for.
    AtOnce,
    Again,
}

/// Goes on until the step has succeeded, is parked for a person, or the process stops.
///
/// # Errors
/// [`Lost`] when the run is no longer this worker's.
pub async fn drive(parts: StepDrive, id: StepId) -> Result<Looked, Lost> {
    let mut looked = Looked::AtOnce;
    let mut pauses = Pauses::new(parts.poll_interval);
    let mut unexecuted: Option<Box<Unexecuted>> = None;
    loop {
        let run = parts.journal.run().await;
        let (Some(step), Some(progress)) = (run.step(&id), run.steps.get(&id)) else {
            return Err(Lost::Corrupt(format!("the plan has no step `{id}`")));
        };
        let turn = match progress.state {
            StepState::Pending | StepState::Running | StepState::Waiting | StepState::Unknown => {
                let repeat = unexecuted.take().filter(|call| call.may_be_repeated(progress, parts.now()));
                match repeat {
                    Some(call) => parts.repeat(&run, step, progress, &call).await?,
                    None => parts.turn(&run, step, progress).await?,
                }
            }
            _ => Turn::Over,
        };
        let wait = match turn {
            Turn::Over => return Ok(looked),
            Turn::Moved => {
                pauses = Pauses::new(parts.poll_interval);
                None
            }
            Turn::Again => Some(pauses.before_a_look()),
            Turn::Repeat(call) => {
                unexecuted = Some(call);
                Some(pauses.before_a_call())
            }
            Turn::Until(due) => {
                let left = Duration::try_from(due.duration_since(parts.now())).unwrap_or_default();
                Some(pauses.until(left))
            }
        };
        if let Some(wait) = wait {
            looked = Looked::Again;
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = parts.stop.cancelled() => return Ok(looked),
            }
            parts.journal.refresh().await?;
        }
        // A clean stop leaves at a journalled point; whoever comes next looks first.
        if parts.stop.is_cancelled() {
            return Ok(looked);
        }
    }
}

impl StepDrive {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn turn(&self, run: &Run, step: &Step, progress: &StepProgress) -> Result<Turn, Lost> {
        if let Some(turn) = self.ground_has_moved(run, step).await? {
            return Ok(turn);
        }
        if let Some(other) = step.runs_plan_of() {
            return self.other_plan(run, step, progress, other).await;
        }
        if let Some(CallState::Intended { .. }) = &progress.call
            && progress.state != StepState::Pending
        {
            return self.lost_with_its_worker(step).await;
        }
        let access = Access::Act(self.acting(run, step));
        if let Some(CallState::Answered(answer)) = &progress.call
            && let (Some(tracking), Some(change)) = (&answer.tracking, step.change())
            && let Some(turn) = self.not_settled(step, progress, change, &access, tracking).await?
        {
            return Ok(turn);
        }
        // What a look saw may have changed by the time it comes back: what may be repeated is judged by when it began.
        let asked_at = self.now();
        let seen = self.ground.look(self.cloud.as_ref(), &access, step, run.plan(), asked_at).await;
        match &progress.call {
            None => self.check(run, step, progress, (&seen, asked_at)).await,
            // Nothing shows its effect: the answer is all there is.
            Some(CallState::Answered(answer)) if step.change().is_some_and(|change| !change.shows()) => {
                let note = answer.request_id.clone().unwrap_or_else(|| "no request id".into());
                self.succeed(step, progress, &seen, Vec::new(), format!("answered ({note})")).await
            }
            Some(CallState::Answered(_)) => self.verify(run, step, progress, &seen, None).await,
            Some(call @ (CallState::Intended { .. } | CallState::Unknown { .. })) => {
                self.look_up(run, step, progress, call, (&seen, asked_at)).await
            }
        }
    }

    /// Nothing of ours is in flight here: whoever sent it has died between the intent and the outcome.
    async fn lost_with_its_worker(&self, step: &Step) -> Result<Turn, Lost> {
        let reason = "the worker stopped between the call's intent and its outcome".to_owned();
        let unknown = Event::CallUnknown { step: step.id.clone(), reason };
        self.journal.record(vec![unknown], self.now()).await?;
        Ok(Turn::Moved)
    }

    fn acting(&self, run: &Run, step: &Step) -> Acting {
        Acting {
            run: run.id,
            step: step.id.clone(),
            source_identity: run.on_behalf_of().id.to_string(),
            epoch: self.journal.epoch(),
            retries: run.steps.get(&step.id).map_or(0, |progress| progress.retries),
            direction: if step.undoes.is_some() { Direction::Undo } else { Direction::Do },
            timeout: Duration::from_secs(step.timeout_seconds.into()),
            change: step.change().cloned(),
        }
    }

    /// The roles that the approval showed must be the roles that would be assumed.
    async fn ground_has_moved(&self, run: &Run, step: &Step) -> Result<Option<Turn>, Lost> {
        let looks = self.ground.looks(step, run.plan());
        let own = step.change().and_then(Change::account);
        for name in looks.iter().map(|(resource, _)| &resource.account).chain(own) {
            let approved = run.plan().roles.get(name);
            let present = self.ground.account(name).map(|a| &a.act_role_arn);
            if approved != present {
                let reason = format!(
                    "account {name}: the approval covers the role {}, the inventory now says {}",
                    approved.map_or("none", String::as_str),
                    present.map_or("none", String::as_str),
                );
                return self
                    .park(step, reason, "Put the role back and retry, or cancel and request the run anew.")
                    .await
                    .map(Some);
            }
        }
        let Some(name) = &step.resource else { return Ok(None) };
        let (reason, way_out) = match self.ground.application.resource(name) {
            None => (
                format!("the inventory no longer has the resource `{name}`"),
                "Put the resource back and retry, or skip the step with a reason.",
            ),
            Some(resource) => match resource_matches(step, &resource.spec) {
                Ok(()) => return Ok(None),
                // Looked at would be one thing, and called another.
                Err(difference) => (
                    difference,
                    "Put the inventory back as the approval showed it and retry, or cancel and request the run anew.",
                ),
            },
        };
        self.park(step, reason, way_out).await.map(Some)
    }

    /// Nothing has been called yet in this attempt.
    async fn check(
        &self,
        run: &Run,
        step: &Step,
        progress: &StepProgress,
        (seen, asked_at): (&Seen, Timestamp),
    ) -> Result<Turn, Lost> {
        match step.left_out_now(seen) {
            Ok(None) => {}
            Ok(Some(reason)) => return self.leave_out(run, step, progress, seen, reason).await,
            // A condition that cannot be seen is neither so nor not so.
            Err(reason) if !run.request.dry_run => {
                let unseen = Verdict::Unseen { reason: format!("whether its condition holds: {reason}") };
                return self.follow(step, progress, seen, Vec::new(), unseen, None).await;
            }
            Err(_) => {}
        }
        let (plan, movement) = (run.plan(), &run.movement_of(&step.id));
        let retries = progress.retries_of_what_stood();
        let verdict = step
            .waited(progress.started_at, seen, self.now())
            .unwrap_or_else(|| step.check_retried(seen, plan, movement, self.now(), retries));
        let mut events = Vec::new();
        // The measurement that decides, not one that was only the first.
        let decides =
            !matches!(verdict, Verdict::Wait { .. } | Verdict::WaitOr { .. } | Verdict::Unseen { .. })
                || progress.is_overdue(step, self.now())
                || run.request.dry_run;
        if let (Work::RecordLag { stores, target, .. }, true) = (&step.work, decides) {
            events.push(Event::LagMeasured {
                step: step.id.clone(),
                stores: lags(stores, target, seen, self.now()),
            });
        }
        if run.request.dry_run {
            let note = rehearsed(step, &verdict);
            return self.succeed(step, progress, seen, events, note).await;
        }
        match verdict {
            Verdict::Act(change) => {
                self.intend_and_call(run, step, progress, (seen, asked_at), &change).await
            }
            verdict => self.follow(step, progress, seen, events, verdict, None).await,
        }
    }

    /// Its condition does not hold. As long as nothing was called, that is asked anew with each look.
    async fn leave_out(
        &self,
        run: &Run,
        step: &Step,
        progress: &StepProgress,
        seen: &Seen,
        reason: String,
    ) -> Result<Turn, Lost> {
        if run.request.dry_run {
            let note = format!("dry run: would be left out: {reason}");
            return self.succeed(step, progress, seen, Vec::new(), note).await;
        }
        let left_out = Event::StepLeftOut { step: step.id.clone(), reason, failed: false };
        self.journal.hold(vec![left_out], self.now()).await?;
        Ok(Turn::Over)
    }

    /// What comes of a verdict that calls for nothing.
    async fn follow(
        &self,
        step: &Step,
        progress: &StepProgress,
        seen: &Seen,
        mut events: Vec<Event>,
        verdict: Verdict,
        caution: Option<&str>,
    ) -> Result<Turn, Lost> {
        let asks = match verdict {
            Verdict::Reached { note } => {
                let note = caution.map_or_else(|| note.clone(), |caution| format!("{note}; {caution}"));
                return self.succeed(step, progress, seen, events, note).await;
            }
            Verdict::Wait { note } => {
                return self.wait(step, progress, seen, events, &note, LOOK_IN_AWS).await;
            }
            Verdict::WaitOr { note, way_out } => {
                return self.wait(step, progress, seen, events, &note, &way_out).await;
            }
            Verdict::Unseen { reason } => {
                let before = match &progress.call {
                    None => "",
                    Some(CallState::Answered(_)) => "accepted; ",
                    Some(CallState::Intended { .. } | CallState::Unknown { .. }) => {
                        "whether the call took effect is not known; "
                    }
                };
                let note = format!("{before}cannot be seen: {reason}");
                return self.wait(step, progress, seen, events, &note, LOOK_IN_AWS).await;
            }
            // After its call a step acts no more by itself.
            Verdict::Act(_) => return Ok(Turn::Again),
            Verdict::Drift { expected, found } => drifted(step, &expected, &found),
            Verdict::Stuck { reason, way_out } => parked(step, reason, &way_out),
        };
        let mut all = self.begun(step, progress, seen);
        all.append(&mut events);
        all.push(asks);
        self.journal.record(all, self.now()).await?;
        Ok(Turn::Over)
    }

    async fn succeed(
        &self,
        step: &Step,
        progress: &StepProgress,
        seen: &Seen,
        events: Vec<Event>,
        note: String,
    ) -> Result<Turn, Lost> {
        let mut all = self.begun(step, progress, seen);
        all.extend(events);
        all.push(Event::StepSucceeded { step: step.id.clone(), note, after: values(seen) });
        // Once calls were made, no look finds everything as it was approved.
        if matches!(step.work, Work::ObserveAgain) {
            self.journal.record(all, self.now()).await?;
        } else {
            self.journal.hold(all, self.now()).await?;
        }
        Ok(Turn::Over)
    }

    /// AWS accepted the change; it has not reached every place yet.
    async fn not_settled(
        &self,
        step: &Step,
        progress: &StepProgress,
        change: &Change,
        access: &Access,
        tracking: &str,
    ) -> Result<Option<Turn>, Lost> {
        let Some(account) = self.account(step) else { return Ok(None) };
        let note = match self.cloud.settled(account, access, change, tracking).await {
            Ok(Settled::Yes) => return Ok(None),
            Ok(Settled::NotYet(says)) => format!("accepted; AWS says {says}"),
            Ok(Settled::Failed(says)) => {
                let way_out = "Mend what AWS names and retry, or skip the step with a reason.";
                return self
                    .park(step, format!("AWS accepted it and then failed: {says}"), way_out)
                    .await
                    .map(Some);
            }
            Ok(Settled::NotKnown(says)) => format!("AWS no longer knows the change: {says}"),
            Err(error) => format!("accepted; its progress cannot be read: {error}"),
        };
        self.wait(step, progress, &Seen::new(), Vec::new(), &note, LOOK_IN_AWS).await.map(Some)
    }

    async fn verify(
        &self,
        run: &Run,
        step: &Step,
        progress: &StepProgress,
        seen: &Seen,
        caution: Option<&str>,
    ) -> Result<Turn, Lost> {
        let (plan, movement) = (run.plan(), &run.movement_of(&step.id));
        let verdict = step.verify_retried(seen, plan, movement, self.now(), progress.retries);
        self.follow(step, progress, seen, Vec::new(), verdict, caution).await
    }

    /// Notes what it waits for (once per different note), and asks a person when the step's time is up, with the way out.
    async fn wait(
        &self,
        step: &Step,
        progress: &StepProgress,
        seen: &Seen,
        mut more: Vec<Event>,
        note: &str,
        way_out: &str,
    ) -> Result<Turn, Lost> {
        let mut events = self.begun(step, progress, seen);
        events.append(&mut more);
        if progress.is_overdue(step, self.now()) {
            let reason = format!("not there after {} s: {note}", step.timeout_seconds);
            events.push(parked(step, reason, way_out));
            self.journal.record(events, self.now()).await?;
            return Ok(Turn::Over);
        }
        if progress.note.as_deref() != Some(note) {
            events.push(Event::StepProgress { step: step.id.clone(), note: note.to_owned() });
        }
        if !events.is_empty() {
            self.journal.record(events, self.now()).await?;
        }
        Ok(Turn::Again)
    }

    async fn park(&self, step: &Step, reason: String, way_out: &str) -> Result<Turn, Lost> {
        let run = self.journal.run().await;
        let mut events =
            run.steps.get(&step.id).map(|p| self.begun(step, p, &Seen::new())).unwrap_or_default();
        events.push(parked(step, reason, way_out));
        self.journal.record(events, self.now()).await?;
        Ok(Turn::Over)
    }

    /// The start of a step that has not started: without a call, for steps that only look or need none.
    fn begun(&self, step: &Step, progress: &StepProgress, seen: &Seen) -> Vec<Event> {
        if progress.state == StepState::Pending {
            vec![self.started(step, progress.attempt + 1, seen, None, self.now())]
        } else {
            Vec::new()
        }
    }

    fn started(
        &self,
        step: &Step,
        attempt: u32,
        seen: &Seen,
        change: Option<Change>,
        answer_due: Timestamp,
    ) -> Event {
        let (id, epoch) = (step.id.clone(), self.journal.epoch());
        Event::StepStarted { step: id, attempt, epoch, before: values(seen), change, answer_due }
    }

    fn account(&self, step: &Step) -> Option<&Account> {
        if let Some(own) = step.change().and_then(Change::account) {
            return self.ground.account(own);
        }
        let resource = self.ground.application.resource(step.resource.as_ref()?)?;
        self.ground.account(&resource.account)
    }

    fn later(&self, by: Duration) -> Timestamp {
        let now = self.now();
        SignedDuration::try_from(by).ok().and_then(|by| now.checked_add(by).ok()).unwrap_or(now)
    }
}
