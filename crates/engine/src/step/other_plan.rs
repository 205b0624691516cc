//! A step that runs another application's plan: looks at that application and its runs, asks for a run where one is
//! needed, and follows it to its end.

use super::call::{Intent, Outcome};
use super::words::rehearsed;
use super::{Replica, StepDrive, Turn};
use crate::asks::ASKING_AT_MOST;
use crate::collector::look_at_application;
use crate::journal::Lost;
use crate::look::Ground;
use holdfast_domain::observation::sights;
use holdfast_domain::{Application, Name, RunId};
use holdfast_failover::Step;
use holdfast_failover::Verdict;
use holdfast_failover::change::Change;
use holdfast_failover::movement::Movement;
use holdfast_failover::run::{Answer, CallState, Event, Run, StepProgress, StepState, may_repeat};
use holdfast_failover::serving::{Serving, serving};
use holdfast_failover::step::Seen;
use holdfast_failover::step::run_plan::{AskedBy, Asking, NotAsked, Other, OtherRun, run_plan};
use holdfast_store::RunHead;
use jiff::SignedDuration;

/// What was looked at just now is not stale yet, however slowly the look was written down.
const JUST_NOW: SignedDuration = SignedDuration::from_secs(90);

impl StepDrive {
    pub(super) async fn other_plan(
        &self,
        run: &Run,
        step: &Step,
        progress: &StepProgress,
        (name, movement): (&Name, &Movement),
    ) -> Result<Turn, Lost> {
        let Some(change) = step.change() else { return Ok(Turn::Over) };
        let Some(replica) = &self.replica else {
            let reason = format!("the plan of {name} is run by the server, which is not here");
            let way_out = "Carry that application out from the same bundle, then skip this step saying so.";
            return self.park(step, reason, way_out).await;
        };
        let asked_at = self.now();
        let other = self.look_at_other(replica, run, step, progress, name).await?;
        if progress.state != StepState::Pending
            && let Some(CallState::Intended { .. } | CallState::Unknown { .. }) = &progress.call
        {
            match &other.asked {
                Some(asked) => {
                    let answer = answer(change, asked.id);
                    let found = Event::CallAnswered { step: step.id.clone(), answer };
                    self.journal.record(vec![found], self.now()).await?;
                    return Ok(Turn::Moved);
                }
                None if matches!(&progress.call, Some(CallState::Intended { .. })) => {
                    return self.lost_with_its_worker(step).await;
                }
                None => {}
            }
        }
        let verdict = run_plan(change, name, movement, &other);
        let seen = Seen::new();
        if run.request.dry_run {
            let note = rehearsed(step, &verdict);
            return self.succeed(step, progress, &seen, Vec::new(), note).await;
        }
        match (&progress.call, verdict) {
            (Some(call @ (CallState::Intended { .. } | CallState::Unknown { .. })), Verdict::Act(_))
                if !may_repeat(call, self.now()) =>
            {
                let note = format!("whether the run of {name} was asked for is not known; looking for it");
                // It is asked again once the answer can no longer come, long before the step's time is over.
                let turn = self.wait(step, progress, &seen, Vec::new(), &note, "Retry the step.").await?;
                Ok(match (turn, progress.answer_may_come_until()) {
                    (Turn::Again, Some(due)) => Turn::Until(due),
                    (turn, _) => turn,
                })
            }
            (_, Verdict::Act(change)) => {
                self.intend_and_call(run, step, progress, (&seen, asked_at), &change).await
            }
            (_, verdict) => self.follow(step, progress, &seen, Vec::new(), verdict, None).await,
        }
    }

    fn asked_by(&self, run: &Run, step: &Step, retries: u32) -> AskedBy {
        AskedBy { run: run.id, application: run.request.application.clone(), step: step.id.clone(), retries }
    }

    /// Its runs, and where they leave it open, its traffic: looked at afresh, since what is decided then is whether it
    /// is moved.
    async fn look_at_other(
        &self,
        replica: &Replica,
        run: &Run,
        step: &Step,
        progress: &StepProgress,
        name: &Name,
    ) -> Result<Other, Lost> {
        let application = match replica.store.application(name).await {
            Ok(application) => Some(application),
            Err(holdfast_store::Error::NotFound(_)) => None,
            Err(error) => return Err(error.into()),
        };
        let asked_by = self.asked_by(run, step, progress.retries);
        let asked = match replica.store.run_asked_by(&asked_by).await? {
            Some(id) => Some(other_run(run, &replica.store.run_head(id).await?)),
            None => None,
        };
        let live = replica.store.active_run(name).await?.as_ref().map(|head| other_run(run, head));
        let settled = asked.as_ref().map_or(live.is_none(), |run| run.state.is_over());
        let serving = match &application {
            Some(application) if settled => self.serving(replica, application).await?,
            _ => Serving::default(),
        };
        Ok(Other { application, serving, asked, live })
    }

    async fn serving(&self, replica: &Replica, application: &Application) -> Result<Serving, Lost> {
        let ground = Ground { application: application.clone(), accounts: self.ground.accounts.clone() };
        let seen_by = (&replica.store, &self.cloud, &self.clock);
        look_at_application(seen_by, &ground, replica.looks_at_once).await;
        let observed = replica.store.observations(&application.name).await?;
        Ok(serving(application, &sights(application, &observed, self.now(), JUST_NOW)))
    }

    /// The request, once its intent stands in the journal.
    pub(super) async fn ask_for_run(
        &self,
        run: &Run,
        step: &Step,
        change: &Change,
        (name, movement): (&Name, &Movement),
        intent: &Intent,
    ) -> Result<Outcome, Lost> {
        let retries = run.steps.get(&step.id).map_or(0, |progress| progress.retries);
        let asking = Asking {
            asked_by: self.asked_by(run, step, retries),
            by: run.on_behalf_of().clone(),
            application: name.clone(),
            movement: movement.clone(),
            reason: run.request.reason.clone(),
            incident: run.request.incident.clone(),
            impact_began_at: run.request.impact_began_at,
            detected_at: run.request.detected_at,
        };
        let Some(replica) = &self.replica else { return Ok(Outcome::TooLate) };
        if !self.may_leave(intent)? {
            return Ok(Outcome::TooLate);
        }
        let asked = tokio::time::timeout(ASKING_AT_MOST, replica.asks.ask(&asking, &replica.fence)).await;
        Ok(match asked {
            Ok(Ok(id)) => Outcome::Told(Ok(answer(change, id))),
            Ok(Err(NotAsked::Refused(refusal))) => Outcome::NotCalled {
                reason: format!("no run of {name} was made: {}", refusal.sentence),
                way_out: refusal.way_out,
            },
            Ok(Err(NotAsked::Overtaken(what))) => Outcome::Overtaken(what),
            Ok(Err(NotAsked::Unknown(reason))) => Outcome::Lost(reason),
            Err(_) => Outcome::Lost(format!("no answer within {} s", ASKING_AT_MOST.as_secs())),
        })
    }
}

/// The run is what the request came to, whether its answer was heard or the run was found.
fn answer(change: &Change, run: RunId) -> Answer {
    Answer {
        action: change.action().to_owned(),
        region: "holdfast".to_owned(),
        request_id: Some(run.to_string()),
        tracking: None,
    }
}

fn other_run(run: &Run, head: &RunHead) -> OtherRun {
    // As the last writer left it: a run without these words is shown by its state alone.
    let now = head.summary.get("now").and_then(|now| now.as_str()).unwrap_or_default();
    OtherRun {
        id: head.id,
        by: head.requested_by.email.clone(),
        movement: head.movement.clone(),
        state: head.state,
        of_the_same_lot: head.evacuation.is_some() && head.evacuation == run.request.evacuation,
        rehearses: head.drill.is_some(),
        now: now.to_owned(),
        set_aside: head.set_aside.as_ref().map(|set_aside| set_aside.why.clone()),
    }
}
