//! A run that a step of another application's run asks for, in the name of that run's requester: the same use case as
//! that person's own request, with their rights as they are now, the application's own policy, guards and hold.

use super::once::Once;
use super::sent::{codes, unasked};
use super::view::other_run;
use crate::App;
use crate::authority::Action;
use crate::free_text::REASON_AT_MOST;
use crate::problems::{HELD, as_refusal, of_store};
use holdfast_api::people::People as _;
use holdfast_api::runs::{OtherRun, RequestRun};
use holdfast_api::{Answer, Problem};
use holdfast_domain::{Actor, RunId, StepId};
use holdfast_failover::Refusal;
use holdfast_failover::run::{Run, StepState};
use holdfast_failover::step::run_plan::{Asking, NotAsked, goes_the_same_way, leaves};
use holdfast_store::Fence;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// An impact that began longer ago than a request may say is left out: the step's own run has it.
const IMPACT_AT_MOST: SignedDuration = SignedDuration::from_hours(6 * 24);

impl App {
    /// Asked again for the same step it answers with the run that is there.
    ///
    /// # Errors
    /// Why there is no run, or that this is not known.
    pub async fn ask_for_step(&self, asking: &Asking, fence: &Fence) -> Result<RunId, NotAsked> {
        self.asked_for_step(asking, fence).await.map_err(|problem| not_asked(asking, problem))
    }

    async fn asked_for_step(&self, asking: &Asking, fence: &Fence) -> Answer<RunId> {
        if let Some(made) = self.store.run_asked_by(&asking.asked_by).await.map_err(of_store)? {
            return Ok(made);
        }
        let actor = match self.actor_of_session(asking.by.id, None).await {
            Err(problem) if problem.status == 401 => return Err(nobody(asking)),
            other => other?,
        };
        let subject = format!("application:{}", asking.application);
        match self.asked_in_their_name(&actor, asking, fence).await {
            // The step asks again.
            Err(problem) if overtaken(&problem) => Err(problem),
            made => self.keep_refusal(&actor, "run.request", &subject, made).await,
        }
    }

    async fn asked_in_their_name(&self, actor: &Actor, asking: &Asking, fence: &Fence) -> Answer<RunId> {
        let actor = &self.may_over(actor, Action::RequestRun, &asking.application).await?;
        let now = self.store.now().await.map_err(of_store)?;
        let judged = self.judge(&asking.application, now).await?;
        let from = leaves(judged.application.strategy, &judged.serving, &asking.movement);
        let request = RequestRun {
            application: asking.application.to_string(),
            intent: asking.movement.intent,
            mode: asking.movement.mode,
            drill: None,
            drill_minutes: None,
            from_region: from.map(ToString::to_string),
            to_region: Some(asking.movement.to.to_string()),
            split: None,
            dry_run: false,
            reason: reason(asking),
            incident: asking.incident.clone(),
            impact_began_at: asking.impact_began_at.filter(|began| is_recent(*began, now)),
            detected_at: asking.detected_at.filter(|at| is_recent(*at, now)),
            overrides: codes(&unasked(asking.movement.mode)),
            commit_within_seconds: None,
            break_glass: false,
            plan_digest: None,
        };
        let once = Once::Step { asked_by: &asking.asked_by, fence };
        self.make_once(actor, request, once).await
    }
}

impl App {
    /// The runs of other applications that the steps of a run have asked for, and those that its steps wait for
    /// because they go the same way.
    pub(super) async fn others_of(&self, run: &Run) -> Answer<BTreeMap<StepId, OtherRun>> {
        let mut others = BTreeMap::new();
        if !run.steps_in_order().any(|step| step.runs_plan_of().is_some()) {
            return Ok(others);
        }
        for (step, head) in self.store.runs_asked_by(run.id).await.map_err(of_store)? {
            others.insert(step, other_run(&head, true));
        }
        for step in run.steps_in_order() {
            if others.contains_key(&step.id) {
                continue;
            }
            let waits = run.progress(&step.id).is_some_and(|progress| progress.state == StepState::Waiting);
            let Some((name, movement)) = step.runs_plan_of().filter(|_| waits) else { continue };
            let live = self.store.active_run(name).await.map_err(of_store)?;
            if let Some(head) = live.filter(|head| goes_the_same_way(&head.movement, movement)) {
                others.insert(step.id.clone(), other_run(&head, false));
            }
        }
        Ok(others)
    }
}

fn is_recent(began: Timestamp, now: Timestamp) -> bool {
    now.duration_since(began) < IMPACT_AT_MOST
}

/// Where it comes from, and why that run is.
fn reason(asking: &Asking) -> String {
    let by = &asking.asked_by;
    let all = format!("Step {} of run {} of {}: {}", by.step, by.run, by.application, asking.reason);
    all.chars().take(REASON_AT_MOST).collect()
}

fn nobody(asking: &Asking) -> Problem {
    Problem::new(
        403,
        "requester_gone",
        "Nobody to ask for",
        format!("{} may not sign in any more, so that nothing is asked for in their name.", asking.by.email),
        "Let somebody who may request runs ask for it.",
    )
}

/// Somebody else's write came first: what is there now decides. That a run holds what this one would change is no such
/// thing: it may last for hours, and a person is asked at once.
fn overtaken(problem: &Problem) -> bool {
    problem.code == "conflict" || (problem.code == "run_active" && problem.title != HELD)
}

fn not_asked(asking: &Asking, problem: Problem) -> NotAsked {
    if overtaken(&problem) {
        return NotAsked::Overtaken(problem.detail);
    }
    if problem.status >= 500 {
        return NotAsked::Unknown(problem.detail);
    }
    let way_out = format!(
        "{} Then retry. Or request the run of {} yourself: retried, the step waits for it.",
        problem.way_out, asking.application
    );
    NotAsked::Refused(Refusal { way_out, ..as_refusal(problem) })
}
