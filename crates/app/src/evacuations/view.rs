//! Evacuations as pages and clients see them.

use super::Loaded;
use super::lot::left_out;
use crate::App;
use crate::authority::{Action, may};
use crate::problems::{as_refusal, of_store};
use crate::runs::view::head;
use crate::runs::who;
use holdfast_api::Answer;
use holdfast_api::evacuations::{EvacuationEvent, EvacuationSummary, EvacuationView, PolicyTally};
use holdfast_api::runs::VerbView;
use holdfast_domain::{Actor, EvacuationId};
use holdfast_failover::break_glass::BreakGlass;
use holdfast_failover::evacuation::{Decided, Direction, Entry, Event, Next, State};
use holdfast_failover::run::{Run, Who};
use holdfast_failover::{FrozenPolicy, Refusal, Review, RunState, Tally};
use jiff::Timestamp;

pub(super) fn summary(loaded: &Loaded) -> EvacuationSummary {
    let (evacuation, parts) = (&loaded.evacuation, loaded.parts());
    let request = &evacuation.request;
    let state = evacuation.state(&parts);
    EvacuationSummary {
        id: evacuation.id.to_string(),
        region: request.region.to_string(),
        direction: request.direction,
        mode: request.mode,
        state,
        dry_run: request.dry_run,
        requested_by: request.by.email.clone(),
        reason: request.reason.clone(),
        requested_at: evacuation.requested_at,
        started_at: evacuation.started_at,
        ended_at: evacuation.ended_at,
        expires_at: (state == State::AwaitingApproval).then_some(evacuation.expires_at),
        applications: request.parts().count(),
        moved: parts.values().filter(|state| state.is_completed() && !request.dry_run).count(),
        left_out_total: request.left_out.len(),
        waves_total: request.waves.len(),
        now: evacuation.now_words(&parts),
    }
}

/// The tally of each policy once, with the applications that are under it.
pub(super) fn tallies(parts: impl Iterator<Item = (String, FrozenPolicy, Tally)>) -> Vec<PolicyTally> {
    let mut tallies: Vec<(FrozenPolicy, PolicyTally)> = Vec::new();
    for (application, policy, tally) in parts {
        match tallies.iter_mut().find(|(known, _)| *known == policy) {
            Some((_, known)) => known.applications.push(application),
            None => {
                let name = policy.name.to_string();
                tallies.push((policy, PolicyTally { policy: name, applications: vec![application], tally }));
            }
        }
    }
    tallies.into_iter().map(|(_, tally)| tally).collect()
}

/// What this actor's approval would bring about, or why it would be refused.
pub(super) fn would_approve(
    actor: &Actor,
    loaded: &Loaded,
    runs: &[Run],
    lapsed: &[Who],
    now: Timestamp,
) -> Result<Decided, Refusal> {
    let review = Review { at: now, ..Review::supposed(&who(actor), &actor.groups, &actor.others) };
    loaded.evacuation.approve(runs, lapsed, review, &loaded.evacuation.request.digest, now)
}

impl App {
    /// Which way the lot moves that a run is a part of; of one whose journal cannot be read it is not known.
    pub(crate) async fn direction_of_lot(&self, lot: Option<EvacuationId>) -> Answer<Option<Direction>> {
        let Some(id) = lot else { return Ok(None) };
        let entries = match self.store.evacuation_entries(id).await {
            Err(holdfast_store::Error::Corrupt(_)) => return Ok(None),
            entries => entries.map_err(of_store)?,
        };
        Ok(entries.into_iter().find_map(|entry| match entry.event {
            Event::Requested { request } => Some(request.direction),
            _ => None,
        }))
    }

    pub(super) async fn evacuation_view(&self, actor: &Actor, id: EvacuationId) -> Answer<EvacuationView> {
        let loaded = self.loaded_evacuation(id).await?;
        let parts = loaded.parts();
        let now = self.store.now().await.map_err(of_store)?;
        let evacuation = &loaded.evacuation;
        let waits = evacuation.started_at.is_none() && evacuation.ended_at.is_none();
        let (mut runs, mut lapsed, mut not_now) = (Vec::new(), Vec::new(), NotNow::default());
        if waits {
            let open = self.open_of(&loaded).await?;
            not_now.decided = open.must_be_readable().err().map(as_refusal);
            not_now.approved = not_now.decided.clone().or(self.audit_not_kept().await?);
            runs = open.runs;
            lapsed = self.lapsed_of(&runs).await?;
        }
        let glass = match evacuation.ended_at {
            None => self.store.open_break_glass_of(actor.person).await.map_err(of_store)?,
            Some(_) => None,
        };
        let seen = self.seen(actor).await?;
        let asked = loaded.asked(&seen).unwrap_or_default();
        let verbs = verbs((actor, &asked), &loaded, &runs, &lapsed, not_now, glass.as_ref(), now);
        for run in &mut runs {
            run.reviews.retain(|review| !lapsed.iter().any(|who| who.id == review.person));
        }
        let stands = |review: &&Review| !lapsed.iter().any(|who| who.id == review.person);
        let request = &evacuation.request;
        let names = |circle: &Vec<holdfast_domain::Name>| circle.iter().map(ToString::to_string).collect();
        Ok(EvacuationView {
            summary: summary(&loaded),
            plan_digest: request.digest.to_string(),
            incident: request.incident.clone(),
            concurrency: request.concurrency,
            stop_on_failure: request.stop_on_failure,
            waves: request
                .waves
                .iter()
                .map(|wave| wave.iter().filter_map(|part| loaded.heads.get(&part.run)).map(head).collect())
                .collect(),
            left_out: request.left_out.iter().map(left_out).collect(),
            circles: request.circles.iter().map(names).collect(),
            policies: tallies(
                runs.iter().map(|run| {
                    (run.request.application.to_string(), run.request.policy.clone(), run.tally())
                }),
            ),
            reviews: evacuation.reviews.iter().filter(stands).cloned().collect(),
            stopped_after: match evacuation.next(&parts) {
                Next::Stopped { wave, .. } => Some(wave),
                _ => None,
            },
            exceptions: evacuation.exceptions(&parts),
            ending: evacuation.ending.as_ref().map(|(_, ending)| ending.clone()),
            verbs,
            events: loaded.entries.iter().map(event).collect(),
            at: now,
        })
    }
}

/// What of the surroundings stands against a decision, beside the rules.
#[derive(Default)]
struct NotNow {
    approved: Option<Refusal>,
    decided: Option<Refusal>,
}

/// Each verb asked of the rules themselves, so that what a page offers and what is refused cannot differ.
fn verbs(
    (actor, asked): (&Actor, &[&Actor]),
    loaded: &Loaded,
    runs: &[Run],
    lapsed: &[Who],
    not_now: NotNow,
    glass: Option<&BreakGlass>,
    now: Timestamp,
) -> Vec<VerbView> {
    let evacuation = &loaded.evacuation;
    if evacuation.ended_at.is_some() {
        return Vec::new();
    }
    let by = who(actor);
    // Over every application of it.
    let right = |action| asked.iter().find_map(|asked| may(asked, action).err()).map(as_refusal);
    let mut verbs = Vec::new();
    let mut add = |verb: &str, refused| verbs.push(VerbView { verb: verb.into(), refused });
    if evacuation.started_at.is_none() {
        let own = would_approve(actor, loaded, runs, lapsed, now).err();
        add("approve", right(Action::ReviewRun).or(not_now.approved).or(own));
        let digest = &evacuation.request.digest;
        let own = evacuation.deny(runs, &by, &actor.groups, digest, None, now).err();
        add("deny", right(Action::ReviewRun).or(not_now.decided.clone()).or(own));
        if not_now.decided.is_none() && evacuation.withdraw(runs, &by).is_ok() {
            add("withdraw", right(Action::ReviewRun));
        }
    }
    if evacuation.started_at.is_none()
        && let Some(Ok(under)) = glass.map(|glass| glass.mark(now))
    {
        let own = evacuation.break_glass(runs, under, now);
        if !matches!(&own, Err(refusal) if refusal.code == "not_for_break_glass") {
            add("break_glass", right(Action::RequestRun).or(not_now.decided.clone()).or_else(|| own.err()));
        }
    }
    if loaded.heads.values().any(|head| head.state == RunState::AwaitingCommit) {
        let over = evacuation.not_after_its_end(&by).filter(|_| glass.is_none());
        add("commit", right(Action::CommitRun).or(over));
    }
    if evacuation.go_on(&loaded.parts(), &by, "?").is_ok() {
        let over = evacuation.not_after_its_end(&by).filter(|_| glass.is_none());
        add("go_on", right(Action::DriveRun).or(over));
    }
    if evacuation.cancelled.is_none() {
        add("cancel", right(Action::DriveRun).or_else(|| evacuation.cancel(runs, &by, "?").err()));
    }
    verbs
}

fn event(entry: &Entry) -> EvacuationEvent {
    let (person, words) = match &entry.event {
        Event::Requested { request } => {
            let what = if request.direction.is_out() { "evacuate" } else { "bring applications home to" };
            let words = format!("asked to {what} {}, {}", request.region, request.mode.as_str());
            (Some(request.by.email.clone()), words)
        }
        Event::Approved { review, .. } => (Some(review.email.clone()), "approved the lot".to_owned()),
        Event::ApprovalWithdrawn { by } => (Some(by.email.clone()), "the approval was taken back".to_owned()),
        Event::Denied { by, comment } => {
            let comment = comment.as_deref().map(|c| format!(": {c}")).unwrap_or_default();
            (Some(by.email.clone()), format!("denied it{comment}"))
        }
        Event::Expired => (None, "the approvals did not come in time".to_owned()),
        Event::BreakGlass { under } => {
            let words = format!("broke the glass, no approval is waited for: {}", under.reason);
            (Some(under.by.email.clone()), words)
        }
        Event::Started => (None, "nothing is waited for any more: the first wave begins".to_owned()),
        Event::TurnCame { runs } if runs.len() == 1 => (None, "the turn of one run came".to_owned()),
        Event::TurnCame { runs } => (None, format!("the turn of {} runs came", runs.len())),
        Event::WentOn { by, wave, reason } => {
            (Some(by.email.clone()), format!("went on after wave {wave}: {reason}"))
        }
        Event::Committed { by, comment, runs } => {
            let what = if runs.len() == 1 { "one run".to_owned() } else { format!("{} runs", runs.len()) };
            let comment = comment.as_deref().map(|c| format!(": {c}")).unwrap_or_default();
            (Some(by.email.clone()), format!("committed {what}{comment}"))
        }
        Event::Cancelled { by, reason } => (Some(by.email.clone()), format!("cancelled the rest: {reason}")),
        Event::Completed { exceptions } if exceptions.is_empty() => (None, "every part completed".to_owned()),
        Event::Completed { exceptions } => {
            (None, format!("over, with exceptions: {}", exceptions.join("; ")))
        }
        Event::Ended => (None, "the last part is over".to_owned()),
    };
    EvacuationEvent { seq: entry.seq, at: entry.at, kind: entry.event.kind().to_owned(), person, words }
}
