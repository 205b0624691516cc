//! A run in a line: what lists show without replaying its journal. Kept beside the run by whoever writes to it.

use super::{Request, Run, RunState, StepProgress};
use crate::serving::serving_of;
use crate::step::Step;
use holdfast_domain::Sight;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct Summary {
    /// It was approved: from then on it may have moved something.
    pub began: bool,
    pub steps_done: usize,
    pub steps_total: usize,
    /// What it is doing or waiting for, in a sentence.
    pub now: String,
    /// It was asked for as planned, and is an emergency since.
    #[serde(default)]
    pub escalated: bool,
    /// It was started without approvals, under break-glass.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub break_glass: bool,
    /// It was taken back whole: what stood before stands again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restored: bool,
    /// The application was there already when the run was planned: it says nothing of how long a move takes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub was_there: bool,
    /// The worst store at the cut, in milliseconds; `None`: not measured, or one of them is not known.
    pub worst_lag_ms: Option<f64>,
}

impl Request {
    /// Whether the application served from the target, and from nowhere else, when this was planned.
    fn was_there(&self) -> bool {
        let (plan, to) = (&self.plan, &self.movement.to);
        let regions: Vec<_> = plan.regions().into_iter().collect();
        let (traffic, stores): (Vec<_>, Vec<_>) =
            (plan.traffic().into_iter().collect(), plan.stores().into_iter().collect());
        let stood = plan.before.iter().map(|b| {
            (
                (b.resource.clone(), b.region.clone()),
                Sight::Known { at: Timestamp::UNIX_EPOCH, facts: b.facts.clone() },
            )
        });
        serving_of(&regions, &traffic, &stores, &stood.collect(), None).is_all_in(to)
    }
}

impl Run {
    #[must_use]
    pub fn summary(&self) -> Summary {
        Summary {
            began: self.approved_at.is_some(),
            steps_done: self.plan().steps.iter().filter(|s| self.is_done(s)).count(),
            steps_total: self.plan().steps.len(),
            escalated: self.escalated.as_ref().is_some_and(|escalated| escalated.is_whole()),
            break_glass: self.break_glass.is_some(),
            restored: self.is_restored(),
            was_there: self.state.is_over() && self.request.was_there(),
            now: self.now_words(),
            worst_lag_ms: self
                .lag_at_cut
                .iter()
                .map(|s| s.milliseconds)
                .collect::<Option<Vec<_>>>()
                .and_then(|all| all.into_iter().reduce(f64::max)),
        }
    }

    fn is_done(&self, step: &Step) -> bool {
        self.progress(&step.id).is_some_and(|p| p.state.is_done())
    }

    fn now_words(&self) -> String {
        match self.state {
            RunState::AwaitingApproval => self.waits_for().unwrap_or_else(|| match self.request.evacuation {
                Some(_) => "Waits for its turn in the evacuation.".into(),
                None => "Approved; about to start.".into(),
            }),
            RunState::AwaitingCommit => match self.commit.until {
                Some(until) => {
                    format!("Traffic has moved. It is taken back at {until:.0} unless somebody commits it")
                }
                None => "Waits for a commit".into(),
            },
            RunState::Running | RunState::Paused | RunState::NeedsPerson | RunState::Undoing => {
                self.under_way_words()
            }
            _ => self.ending.clone().unwrap_or_else(|| self.state.as_str().replace('_', " ")),
        }
    }

    /// Under break-glass it waits for nobody.
    fn waits_for(&self) -> Option<String> {
        self.tally().waits_for(&self.request.policy).filter(|_| self.break_glass.is_none())
    }

    fn under_way_words(&self) -> String {
        if let Some((step, progress)) = self.first(|p| p.parked.is_some()) {
            let reason = progress.parked.as_ref().map(|(r, _)| r.as_str()).unwrap_or_default();
            return format!("{}: needs a person: {reason}", step.title);
        }
        if let Some((step, until)) = self.open() {
            let since = if self.undoing.is_some() { "Taken back" } else { "Escalated to an emergency" };
            return format!(
                "{since}. What became of the call of `{step}` is not known: nothing is done before {until}"
            );
        }
        if let Some((step, progress)) = self.first(|p| p.state.in_flight()) {
            return match &progress.note {
                Some(note) => format!("{}: {note}", step.title),
                None => step.title.clone(),
            };
        }
        if let Some((who, reason)) = &self.paused_by {
            let reason = reason.as_deref().map(|r| format!(": {r}")).unwrap_or_default();
            return format!("Paused by {}{reason}", who.email);
        }
        "Starting the next step".into()
    }

    fn first(&self, wanted: fn(&StepProgress) -> bool) -> Option<(&Step, &StepProgress)> {
        self.plan().steps.iter().find_map(|step| {
            let progress = self.progress(&step.id)?;
            wanted(progress).then_some((step, progress))
        })
    }
}
