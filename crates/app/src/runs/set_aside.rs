//! Runs that workers crash on, and those whose journal cannot be read: what is shown of them, and what a person may do.

use super::{view, who};
use crate::App;
use crate::audit::done;
use crate::authority::{Action, may};
use crate::problems::{as_refusal, of_refusal, of_store};
use holdfast_api::runs::{RunView, SetAside, VerbView};
use holdfast_api::{Answer, Problem};
use holdfast_domain::{Actor, RunId};
use holdfast_failover::approval::Tally;
use holdfast_failover::compliance::{Measured, RtoSplit};
use holdfast_failover::run::{Command, Event, Run, Summary};
use holdfast_failover::{Refusal, RunState};
use holdfast_store::{Advance, AuditEntry, Change, RunHead};

const WAY_OUT: &str = "What was moved so far stays as it is. The server's log says more under this run's id. When the cause is mended, \
     by a newer version or a journal put back, have it tried again; where that cannot wait, cancel it and ask for the move anew.";

/// As it is shown.
pub fn shown(set_aside: holdfast_store::SetAside) -> SetAside {
    SetAside { at: set_aside.at, why: set_aside.why, way_out: WAY_OUT.into() }
}

impl App {
    /// The run as its journal tells it, or why it cannot be read.
    pub(crate) async fn journal(&self, id: RunId) -> Answer<Result<Run, String>> {
        match self.store.entries(id, 0).await {
            Ok(entries) if entries.is_empty() => Err(Problem::not_found("run", &id.to_string())),
            Ok(entries) => Ok(Run::replay(id, &entries).map_err(|corrupt| corrupt.to_string())),
            Err(holdfast_store::Error::Corrupt(what)) => Ok(Err(what)),
            Err(error) => Err(of_store(error)),
        }
    }

    /// What is known of a run without its journal.
    pub(super) async fn view_of_unreadable(&self, actor: &Actor, id: RunId, why: String) -> Answer<RunView> {
        let head = self.store.run_head(id).await.map_err(of_store)?;
        let objectives = self.store.application(&head.application).await.ok().map(|a| a.objectives);
        let at = self.store.now().await.map_err(of_store)?;
        let refused = may(actor, Action::DriveRun).err().map(as_refusal);
        let verb = |verb: &str| VerbView { verb: verb.into(), refused: refused.clone() };
        let mut verbs = Vec::new();
        if head.set_aside.is_some() {
            verbs.push(verb("try_again"));
        }
        if !head.state.is_over() {
            verbs.push(verb("cancel"));
        }
        let (acknowledged_by, acknowledged_at) = head.acknowledged.clone().unzip();
        Ok(RunView {
            summary: view::head(&head),
            unreadable: Some(why),
            gaps: self.gaps_of(id).await?,
            lot_direction: self.direction_of_lot(head.evacuation).await?,
            plan_digest: head.digest.to_string(),
            incident: None,
            impact_began_at: None,
            detected_at: None,
            approved_at: None,
            rto_objective_seconds: objectives.map_or(0, |o| o.rto.get()),
            rpo_objective_seconds: objectives.map_or(0, |o| o.rpo.get()),
            approval_policy: String::new(),
            tally: Tally { rules: Vec::new(), met: false },
            reviews: Vec::new(),
            overrides: Vec::new(),
            steps: Vec::new(),
            facts: Vec::new(),
            measurements: Vec::new(),
            notes: Vec::new(),
            split: None,
            if_escalated: None,
            escalated: None,
            live_drill: None,
            undoing: None,
            commit: None,
            asked_by: None,
            measured: head.measured.unwrap_or_else(unmeasured),
            forecast: None,
            ending: None,
            verbs,
            acknowledged_by,
            acknowledged_at,
            seq: head.seq,
            at,
        })
    }

    /// Workers may drive it again, and begin to count anew.
    pub(super) async fn try_again(&self, actor: &Actor, id: RunId) -> Answer<()> {
        let (action, subject) = ("run.try_again", format!("run:{id}"));
        may(actor, Action::DriveRun)?;
        let head = self.store.run_head(id).await.map_err(of_store)?;
        // It sets the run going as a resume does, and is the holder's no longer once their hour is over.
        if let Ok(run) = self.journal(id).await?
            && let Some(refusal) = run.not_after_its_end(&Command::Resume { by: who(actor) })
            && !self.holds_open(actor.person).await?
        {
            return Err(of_refusal(refusal));
        }
        let mut change = self.store.begin().await.map_err(of_store)?;
        if !change.take_up_again(id).await.map_err(of_store)? {
            let refusal = Refusal::new(
                "wrong_state",
                "The run is not set aside: workers drive it, or it is over.",
                "Nothing need be done.",
            );
            drop(change);
            return Err(of_refusal(refusal));
        }
        let entry = done(actor, action, &subject)
            .of_application(&head.application)
            .with(serde_json::json!({ "crash": head.set_aside.map(|s| s.why) }));
        change.commit(entry).await.map_err(of_store)?;
        Ok(())
    }

    /// Ends a run whose journal cannot be read, so that the application is free: what it did is not known, and stays.
    pub(super) async fn give_up(&self, actor: &Actor, id: RunId, why: &str, reason: String) -> Answer<()> {
        may(actor, Action::DriveRun)?;
        let head = self.store.run_head(id).await.map_err(of_store)?;
        if let Some(refusal) = not_to_give_up(&head, &reason) {
            return Err(of_refusal(refusal));
        }
        let mut change = self.store.begin().await.map_err(of_store)?;
        let entry = given_up(&mut change, actor, &head, why, reason).await.map_err(of_store)?;
        change.commit(entry).await.map_err(of_store)?;
        Ok(())
    }
}

/// Ends it in this change; with the entry of the audit log that belongs to it.
pub(crate) async fn given_up(
    change: &mut Change,
    actor: &Actor,
    head: &RunHead,
    why: &str,
    reason: String,
) -> Result<AuditEntry, holdfast_store::Error> {
    let summary: Summary = serde_json::from_value(head.summary.clone()).unwrap_or_default();
    let now = format!("Cancelled by {}: {reason}. Its journal could not be read.", actor.email);
    let began = summary.began && !head.dry_run;
    let events = [Event::Cancelled { by: who(actor), reason: reason.clone() }];
    let advance = Advance {
        run: head.id,
        expected_seq: head.seq,
        events: &events,
        state: RunState::Cancelled,
        summary: serde_json::to_value(Summary { now, ..summary }).ok(),
    };
    change.append(&advance).await?;
    // Compliance must not rest on older, luckier runs alone.
    if began {
        change.record_measured(head.id, &unmeasured()).await?;
    }
    Ok(done(actor, "run.cancel", &format!("run:{}", head.id))
        .of_application(&head.application)
        .because(reason)
        .with(serde_json::json!({ "unreadable": why })))
}

fn not_to_give_up(head: &RunHead, reason: &str) -> Option<Refusal> {
    if head.state.is_over() {
        return Some(Refusal::new("wrong_state", "The run is over.", "Nothing need be done."));
    }
    reason.is_empty().then(|| {
        Refusal::new("reason_needed", "A run is not given up without a reason.", "Say why; auditors read it.")
    })
}

fn unmeasured() -> Measured {
    Measured { rto: RtoSplit::default(), stores: Vec::new() }
}
