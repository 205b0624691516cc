//! Taking a run back: what of it can be is shown first, and whoever aborts it proves who they are.

use super::{said, who};
use crate::App;
use crate::authority::{Action, fresh, may};
use crate::problems::of_store;
use crate::runs::view::planned_steps;
use holdfast_api::Answer;
use holdfast_api::runs::{AbortReview, AbortRun, StaysView};
use holdfast_domain::{Actor, RunId};
use holdfast_failover::run::{Command, Run, Stays};

impl App {
    pub(super) async fn abort_review_of(&self, actor: &Actor, id: RunId) -> Answer<AbortReview> {
        let run = self.replayed(id).await?;
        let refused = run.may_abort().err();
        let taken_back = if refused.is_none() { Some(run.taken_back()) } else { None };
        let (steps, stays) = taken_back.map(|back| (back.steps, back.stays)).unwrap_or_default();
        Ok(AbortReview {
            undone: planned_steps(&steps),
            stays: left_as_they_are(&run, &stays),
            refused,
            run: self.run_view(actor, id).await?,
        })
    }

    pub(super) async fn abort(&self, actor: &Actor, id: RunId, asked: AbortRun) -> Answer<()> {
        let now = self.store.now().await.map_err(of_store)?;
        may(actor, Action::AbortRun)?;
        fresh(actor, now)?;
        let command = Command::Abort {
            by: who(actor),
            reason: said(Some(&asked.reason))?.unwrap_or_default(),
            confirm: asked.confirm,
        };
        self.command(actor, id, command, "run.abort").await
    }
}

/// What nothing takes back, by its step's title and why.
pub(super) fn left_as_they_are(run: &Run, stays: &[Stays]) -> Vec<StaysView> {
    let title = |stays: &Stays| run.step(&stays.step).map(|step| step.title.clone()).unwrap_or_default();
    stays
        .iter()
        .map(|one| StaysView { step: one.step.to_string(), title: title(one), reason: one.reason.clone() })
        .collect()
}
