//! The commit window: a run that was asked to waits, once traffic is seen where it was moved, for a person to say that it
//! stays. Without that word in time it is taken back by itself, so that nothing may have been done by then that cannot be.

use super::legal::{Legal, wrong_state};
use super::{Event, Run, RunState, Who};
use crate::change::Change;
use crate::plan::Plan;
use crate::refusal::Refusal;
use crate::step::{Step, Work};
use crate::undo::Undo;
use holdfast_domain::StepId;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// Shorter than this nobody can look; longer than a day it is no window.
pub const WINDOW_SECONDS: std::ops::RangeInclusive<u32> = 5..=86_400;

/// How a run that waits for a commit stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Commit {
    /// When it is taken back by itself; before traffic has moved, and after the word, not told.
    pub until: Option<Timestamp>,
    pub by: Option<Who>,
}

/// Whether everything that this plan does before traffic is confirmed can be taken back.
///
/// # Errors
/// Names what cannot.
pub fn may_hold(plan: &Plan) -> Result<(), Refusal> {
    let confirms = plan.steps.iter().any(is_confirmation);
    if !confirms {
        return Err(Refusal::new(
            "no_commit_window",
            "Nothing in the plan sees where traffic is, so nothing says when a commit window would begin.",
            "Leave the window out; the run can be aborted while it is under way.",
        ));
    }
    let held = after_confirmation(plan);
    let stays: Vec<String> = plan
        .steps
        .iter()
        .filter(|step| !held.contains(&step.id))
        .filter_map(|step| match &step.undo {
            // That somebody was told does not stand in the way of telling them something else.
            Some(Undo::None { reason }) if !matches!(step.change(), Some(Change::CallWebhook { .. })) => {
                Some(format!("`{}` ({reason})", step.id))
            }
            _ => None,
        })
        .collect();
    if stays.is_empty() {
        return Ok(());
    }
    Err(Refusal::new(
        "no_commit_window",
        format!("Nothing would be taken back by itself after what cannot be: {}.", stays.join("; ")),
        "Leave the commit window out; the run can be aborted by a person, who sees what stays.",
    ))
}

fn is_confirmation(step: &Step) -> bool {
    matches!(step.work, Work::ConfirmServing { .. })
}

/// The steps that come after traffic was confirmed, directly or not.
fn after_confirmation(plan: &Plan) -> BTreeSet<&StepId> {
    let confirmations: BTreeSet<&StepId> =
        plan.steps.iter().filter(|step| is_confirmation(step)).map(|step| &step.id).collect();
    let mut held = BTreeSet::new();
    // A plan lists a step after those that it waits for.
    for step in &plan.steps {
        if step.after.iter().any(|before| confirmations.contains(before) || held.contains(before)) {
            held.insert(&step.id);
        }
    }
    held
}

impl Run {
    /// Whether the run is one that waits for a commit and has not been given it. What was escalated is not held: it may
    /// have done what cannot be taken back.
    fn asks_for_a_commit(&self) -> bool {
        self.request.commit_within_seconds.is_some()
            && !self.request.dry_run
            && self.escalated.is_none()
            && self.undoing.is_none()
            && self.commit.by.is_none()
    }

    /// Whether the step's turn comes only after the commit.
    pub(super) fn is_held(&self, step: &Step) -> bool {
        self.asks_for_a_commit() && after_confirmation(&self.request.plan).contains(&step.id)
    }

    /// Everything up to the confirmation is done, and nobody was asked for the commit yet.
    pub(super) fn is_due_for_a_commit(&self) -> bool {
        if !self.asks_for_a_commit() || self.commit.until.is_some() {
            return false;
        }
        let held = after_confirmation(&self.request.plan);
        let done = |id: &StepId| self.progress(id).is_some_and(|p| p.state.is_done());
        self.request.plan.steps.iter().all(|step| held.contains(&step.id) || done(&step.id))
    }

    /// The window, from now on.
    pub(super) fn commit_window(&self, now: Timestamp) -> Option<Event> {
        let seconds = self.request.commit_within_seconds.filter(|_| self.is_due_for_a_commit())?;
        let window = SignedDuration::from_secs(i64::from(seconds));
        Some(Event::CommitAwaited { until: now.checked_add(window).unwrap_or(Timestamp::MAX) })
    }

    /// # Errors
    /// Why nobody is asked for a commit now.
    pub fn may_commit(&self) -> Result<(), Refusal> {
        let no = |sentence: &str, way_out: &str| Err(Refusal::new("wrong_state", sentence, way_out));
        if self.state.is_over() {
            return Err(self.over());
        }
        if self.request.commit_within_seconds.is_none() || self.request.dry_run {
            return no(
                "The run was not asked to wait for a commit.",
                "It goes on by itself: nothing need be done.",
            );
        }
        if let Some(by) = &self.commit.by {
            return no(&format!("{} has committed it.", by.email), "Nothing need be done.");
        }
        if self.undoing.is_some() {
            return no("The run is taken back.", "Wait until it has ended, and request it again.");
        }
        if self.escalated.is_some() {
            return no(
                "An emergency is not held for a commit.",
                "It goes on by itself: nothing need be done.",
            );
        }
        match self.state {
            RunState::AwaitingCommit => Ok(()),
            RunState::AwaitingApproval => no("The run has not started.", "Wait until traffic has moved."),
            _ => {
                no("Traffic has not been seen where it is moved to.", "Wait until it has: the run asks then.")
            }
        }
    }

    pub(super) fn may_await_a_commit(&self) -> Legal {
        self.must_be_under_way()?;
        if self.state == RunState::Running && self.is_due_for_a_commit() {
            return Ok(());
        }
        Err(wrong_state(
            "The run does not wait for a commit now.",
            "It does once traffic is seen where it was moved, where it was asked to.",
        ))
    }

    pub(super) fn may_end_the_window(&self, until: Timestamp, at: Timestamp) -> Legal {
        self.must_be_under_way()?;
        if self.state == RunState::AwaitingCommit && self.commit.until == Some(until) && at >= until {
            return Ok(());
        }
        Err(wrong_state("The commit window has not ended.", "Wait until it has, or abort the run."))
    }

    /// # Errors
    /// The word came after the window had ended.
    pub(super) fn in_the_window(&self, now: Timestamp) -> Result<(), Refusal> {
        match self.commit.until {
            Some(until) if now >= until => Err(Refusal::new(
                "expired",
                format!("The commit window ended at {until}."),
                "The run is taken back by itself; request it again.",
            )),
            _ => Ok(()),
        }
    }

    /// Takes the word in: what came after the confirmation may begin.
    pub(super) fn take_commit(&mut self, by: &Who) {
        self.commit = Commit { until: None, by: Some(by.clone()) };
        self.state = RunState::Running;
        self.settle();
    }
}

pub(super) fn waits_for_it() -> Refusal {
    wrong_state(
        "The run has done what it could, and waits for a commit.",
        "Commit it, or abort it; without a word it is taken back when its window ends.",
    )
}
