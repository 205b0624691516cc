//! Starting a request that waits for approval without it, by whoever holds the glass broken. What else stands against its start
//! stands under break-glass too.

use crate::App;
use crate::authority::Action;
use crate::problems::{of_refusal, of_store};
use holdfast_api::{Answer, Problem};
use holdfast_domain::{Actor, RunId};
use holdfast_failover::break_glass::not_open;
use holdfast_failover::run::Command;
use holdfast_store::Error;

impl App {
    pub(super) async fn start_under_break_glass(&self, actor: &Actor, id: RunId) -> Answer<()> {
        self.may_freshly(actor, Action::RequestRun).await?;
        self.may_start_unapproved(actor, id).await?;
        let now = self.store.now().await.map_err(of_store)?;
        let under = self.mark_of(actor, now).await?;
        if let Some(refusal) = self.audit_stops(true).await? {
            return Err(of_refusal(refusal));
        }
        self.command(actor, id, Command::BreakGlass { under }, "run.break_glass").await
    }
}

/// It may have ended between the question and the start: the database has the last word.
pub(crate) fn of_start(error: Error) -> Problem {
    if error.is_conflict("run_events_break_glass_is_open") {
        return of_refusal(not_open());
    }
    of_store(error)
}
