//! The end of a live drill: the way back is asked for in the name of whoever asked for the drill, when its time is over
//! or somebody ends it before. It starts on the approval of the way there where it only takes back what that has changed.

use super::once::Once;
use super::view::head;
use crate::App;
use crate::authority::{Action, may};
use crate::free_text::REASON_AT_MOST;
use crate::problems::{of_refusal, of_store};
use holdfast_api::people::People as _;
use holdfast_api::runs::{DrillView, RequestRun};
use holdfast_api::{Answer, Problem};
use holdfast_domain::{Actor, Declaration, RunId};
use holdfast_failover::run::Run;
use holdfast_failover::{Drill, Intent, Mode, Refusal};
use holdfast_store::RunFilter;
use jiff::SignedDuration;

impl App {
    /// The engine's, when the time there is over. Asked again it answers with the run that is there.
    ///
    /// # Errors
    /// Why there is no way back yet, in a sentence; it is kept with the drill.
    pub async fn bring_back(&self, there: RunId) -> Result<RunId, String> {
        match self.ask_for_way_back(there, None).await {
            Ok(id) => Ok(id),
            Err(problem) => {
                let why = format!("{} {}", problem.detail, problem.way_out);
                let news = self.store.note_drill_refused(there, &why).await;
                // Tried again and again, it is an entry of the audit log once.
                if news.unwrap_or(false)
                    && let Ok(run) = self.replayed(there).await
                    && let Ok(actor) = self.actor_of_session(run.request.by.id, None).await
                {
                    let subject = format!("run:{there}");
                    // What cannot be written down is in the server's log, and on the drill's page.
                    let _ = self.keep_refusal::<()>(&actor, "run.bring_back", &subject, Err(problem)).await;
                }
                Err(why)
            }
        }
    }

    /// Somebody ends the drill before its time.
    pub(super) async fn end_drill(&self, actor: &Actor, there: RunId) -> Answer<()> {
        may(actor, Action::DriveRun)?;
        self.ask_for_way_back(there, Some(actor)).await.map(|_| ())
    }

    async fn ask_for_way_back(&self, there: RunId, ended_by: Option<&Actor>) -> Answer<RunId> {
        let run = self.replayed(there).await?;
        if let Some(refusal) = not_to_bring_back(&run) {
            return Err(of_refusal(refusal));
        }
        self.may_go_back(&run, ended_by.is_some()).await?;
        let actor = match self.actor_of_session(run.request.by.id, None).await {
            Err(problem) if problem.status == 401 => return Err(nobody(&run)),
            other => other?,
        };
        let movement = &run.request.movement;
        let by = ended_by.map(|by| format!(", ended by {}", by.email)).unwrap_or_default();
        let reason = format!("The way back of the live drill {there}{by}: {}", run.request.reason);
        let asked = RequestRun {
            application: run.request.application.to_string(),
            intent: Intent::Failback,
            mode: Mode::Planned,
            drill: None,
            drill_minutes: None,
            from_region: Some(movement.to.to_string()),
            to_region: Some(movement.from.to_string()),
            split: None,
            dry_run: false,
            reason: reason.chars().take(REASON_AT_MOST).collect(),
            incident: run.request.incident.clone(),
            impact_began_at: None,
            detected_at: None,
            commit_within_seconds: None,
            overrides: Vec::new(),
            break_glass: false,
            plan_digest: None,
        };
        let standing = self.as_if_reviewed_today(&run).await?;
        self.make_once(&actor, asked, Once::WayBack { there: &run, standing: &standing }).await
    }

    /// Approvals that were given for the whole drill are not used for a move that somebody has made in between; and nobody
    /// is brought back by a clock into a Region that is declared impaired.
    async fn may_go_back(&self, there: &Run, by_hand: bool) -> Answer<()> {
        if !by_hand {
            let home = &there.request.movement.from;
            let declared = self.store.declared_regions().await.map_err(of_store)?;
            if declared.iter().any(|d| d.code == *home && d.declared != Declaration::Normal) {
                return Err(of_refusal(Refusal::new(
                    "guard_refused",
                    format!("{home} is not declared normal, and the drill's end alone takes nothing there."),
                    format!("Declare {home} normal again, or end the drill by hand."),
                )));
            }
        }
        if self.is_overtaken(there).await? {
            return Err(of_refusal(Refusal::new(
                "wrong_state",
                "A later run has moved the application: the drill is over.",
                "Request a failback.",
            )));
        }
        Ok(())
    }

    async fn is_overtaken(&self, there: &Run) -> Answer<bool> {
        let question = RunFilter {
            application: Some(there.request.application.clone()),
            live: Some(false),
            began: true,
            moving: true,
            not_restored: true,
            limit: 1,
            ..RunFilter::default()
        };
        let last = self.store.runs(&question).await.map_err(of_store)?.pop();
        let way_back = self.store.way_back(there.id).await.map_err(of_store)?;
        Ok(way_back.is_none() && last.is_some_and(|last| last.id != there.id))
    }

    /// The two legs as one of them shows them.
    pub(super) async fn drill_view(&self, run: &Run) -> Answer<Option<DrillView>> {
        let Some(drill) = run.request.plan.drill else { return Ok(None) };
        let mut view = DrillView { ends_at: None, other: None, refused: None, may_end: None };
        match drill {
            Drill::Isolated => return Ok(None),
            Drill::Back { of } => {
                view.other = Some(head(&self.store.run_head(of).await.map_err(of_store)?));
            }
            Drill::There { lasts } => {
                view.other = self.store.way_back(run.id).await.map_err(of_store)?.as_ref().map(head);
                if view.other.is_none() && run.state.is_completed() && !self.is_overtaken(run).await? {
                    let lasts = SignedDuration::from_secs(i64::from(lasts.get()));
                    view.ends_at = run.ended_at.and_then(|at| at.checked_add(lasts).ok());
                    view.refused =
                        self.store.drill_refused(run.id).await.map_err(of_store)?.map(|(why, _)| why);
                    view.may_end = Some(true);
                }
            }
        }
        Ok(Some(view))
    }
}

fn not_to_bring_back(run: &Run) -> Option<Refusal> {
    if !matches!(run.request.plan.drill, Some(Drill::There { .. })) || run.request.dry_run {
        return Some(Refusal::new(
            "not_a_live_drill",
            "This run is not the way there of a live drill.",
            "Request a failback.",
        ));
    }
    (!run.state.is_completed()).then(|| {
        Refusal::new(
            "wrong_state",
            format!("The way there is {} and not completed.", run.state.as_str().replace('_', " ")),
            "Wait until it has completed; where it ended otherwise, request a failback.",
        )
    })
}

fn nobody(run: &Run) -> Problem {
    Problem::new(
        403,
        "requester_gone",
        "Nobody to ask for",
        format!(
            "{} may not sign in any more, so that nothing is asked for in their name.",
            run.request.by.email
        ),
        "Let somebody who may request runs ask for a failback.",
    )
}
