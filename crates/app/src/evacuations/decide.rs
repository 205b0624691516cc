//! What is decided of a lot and of its runs together: asked of the pure core against the newest journals, stored with its
//! audit entries in one transaction.

use super::Loaded;
use crate::App;
use crate::audit::done;
use crate::problems::{of_refusal, of_store};
use crate::runs::break_glass::of_start;
use crate::runs::{set_aside, unreadable};
use holdfast_api::{Answer, Problem};
use holdfast_domain::{Actor, EvacuationId};
use holdfast_failover::evacuation::{Decided, Event};
use holdfast_failover::run::{self, Run, Who};
use holdfast_failover::{Refusal, RunState};
use holdfast_store::{AuditEntry, RunHead};
use jiff::Timestamp;
use serde_json::json;

/// The runs of a lot that may still be decided with it.
pub(super) struct Open {
    pub runs: Vec<Run>,
    /// Those whose journal cannot be read, and why.
    pub unreadable: Vec<(RunHead, String)>,
}

impl Open {
    /// Those that wait with the lot, and of which nobody can say what they would do.
    fn unreadable_waiting(&self) -> impl Iterator<Item = &(RunHead, String)> {
        self.unreadable.iter().filter(|(head, _)| head.state == RunState::AwaitingApproval)
    }

    /// Nothing is agreed to, or taken back, of what cannot be read.
    pub fn must_be_readable(&self) -> Answer<()> {
        match self.unreadable_waiting().next() {
            Some((head, why)) => Err(not_readable(head, why)),
            None => Ok(()),
        }
    }
}

fn not_readable(head: &RunHead, why: &str) -> Problem {
    let way_out = format!(
        "Cancel the run of {} on its own page, which takes it out; or cancel the evacuation with it.",
        head.application
    );
    Problem { way_out, ..unreadable(head.id, why) }
}

/// What becomes of the waiting parts whose journal cannot be read.
pub(super) enum Unreadable<'a> {
    /// They stand against it.
    Refuse,
    PassOver,
    /// They are cancelled with the rest, for this reason.
    GiveUp(&'a str),
}

/// What was decided, and of what.
pub(super) struct Settled {
    pub loaded: Loaded,
    pub open: Open,
    pub decided: Decided,
    pub at: Timestamp,
}

/// What was decided of one part with the lot, found under its run and its application as what is decided singly is. The
/// request's own entry is the lot's.
fn of_part(actor: &Actor, lot: EvacuationId, run: &Run, events: &[run::Event]) -> Option<AuditEntry> {
    let action = match events.last()? {
        run::Event::Approved { .. } => "run.approve",
        run::Event::Denied { .. } => "run.deny",
        run::Event::ApprovalWithdrawn { .. } => "run.withdraw",
        run::Event::Cancelled { .. } => "run.cancel",
        run::Event::BreakGlass { .. } => "run.break_glass",
        run::Event::Committed { .. } => "run.commit",
        _ => return None,
    };
    let detail = json!({ "evacuation": lot, "digest": run.request.digest, "events": events });
    let entry = done(actor, action, &format!("run:{}", run.id)).marked(None);
    Some(entry.of_application(&run.request.application).with(detail))
}

impl App {
    pub(super) async fn open_of(&self, loaded: &Loaded) -> Answer<Open> {
        let mut open = Open { runs: Vec::new(), unreadable: Vec::new() };
        for head in loaded.heads.values().filter(|head| !head.state.is_over()) {
            match self.journal(head.id).await? {
                Ok(run) => open.runs.push(run),
                Err(why) => open.unreadable.push((head.clone(), why)),
            }
        }
        Ok(open)
    }

    /// Whose approval of any part no longer stands.
    pub(super) async fn lapsed_of(&self, runs: &[Run]) -> Answer<Vec<Who>> {
        let mut lapsed: Vec<Who> = Vec::new();
        for run in runs {
            for one in self.lapsed(run).await? {
                if !lapsed.iter().any(|who| who.id == one.who.id) {
                    lapsed.push(one.who);
                }
            }
        }
        Ok(lapsed)
    }

    /// What a person decides, asked of the pure core against the newest journals, stored with its audit entry. Where nothing
    /// comes of it, because it was decided before, nothing is written.
    pub(super) async fn decide(
        &self,
        actor: &Actor,
        id: EvacuationId,
        action: &str,
        unreadable: &Unreadable<'_>,
        decide: impl Fn(&Loaded, &[Run], &[Who], Timestamp) -> Result<Decided, Refusal> + Send + Sync,
    ) -> Answer<Settled> {
        let subject = format!("evacuation:{id}");
        // Another person or a worker may come in between; the pure core is then asked anew.
        for _ in 0..8 {
            let loaded = self.loaded_evacuation(id).await?;
            let open = self.open_of(&loaded).await?;
            if matches!(unreadable, Unreadable::Refuse) {
                open.must_be_readable()?;
            }
            let runs = &open.runs;
            let lapsed = self.lapsed_of(runs).await?;
            let at = self.store.now().await.map_err(of_store)?;
            let decided = decide(&loaded, runs, &lapsed, at).map_err(of_refusal)?;
            if decided == Decided::default() {
                return Ok(Settled { loaded, open, decided, at });
            }
            let starts = decided.events.contains(&Event::Started);
            let detail = json!({
                "region": loaded.evacuation.request.region,
                "digest": loaded.evacuation.request.digest,
                "events": decided.events,
                "runs": decided.of_runs.iter().map(|(run, _)| run).collect::<Vec<_>>(),
                "starts": starts,
            });
            let mut change = self.store.begin().await.map_err(of_store)?;
            let mut given_up = Vec::new();
            let written = async {
                change.decide_evacuation(&loaded.evacuation, runs, &decided, at).await?;
                if let Unreadable::GiveUp(reason) = unreadable {
                    let reason = format!("with the evacuation: {reason}");
                    for (head, why) in open.unreadable_waiting() {
                        let entry =
                            set_aside::given_up(&mut change, actor, head, why, reason.clone()).await?;
                        given_up.push(entry.marked(None));
                    }
                }
                Ok::<_, holdfast_store::Error>(())
            };
            match written.await {
                Ok(()) => {
                    for entry in &given_up {
                        change.also_audit(entry).await.map_err(of_store)?;
                    }
                    for (part, events) in &decided.of_runs {
                        let Some(run) = runs.iter().find(|run| run.id == *part) else { continue };
                        if let Some(entry) = of_part(actor, id, run, events) {
                            change.also_audit(&entry).await.map_err(of_store)?;
                        }
                    }
                    change.commit(done(actor, action, &subject).with(detail)).await.map_err(of_store)?;
                    return Ok(Settled { loaded, open, decided, at });
                }
                Err(
                    holdfast_store::Error::EvacuationMoved { .. } | holdfast_store::Error::RunMoved { .. },
                ) => {}
                Err(error) => return Err(of_start(error)),
            }
        }
        Err(Problem::new(
            409,
            "conflict",
            "Changed meanwhile",
            "The evacuation moved on each time this was tried.",
            "Read it again and repeat.",
        ))
    }
}
