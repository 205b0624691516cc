//! The first page: is anything wrong, is anything moving, what waits for me?

use crate::App;
use crate::applications::{recovery, summaries};
use crate::authority::{Action, may};
use crate::clocks::clock_view;
use crate::evacuations::Live;
use crate::gaps::gap_view;
use crate::picture::Judged;
use crate::problems::of_store;
use crate::regions::regions_view;
use async_trait::async_trait;
use holdfast_api::Answer;
use holdfast_api::applications::ApplicationSummary;
use holdfast_api::break_glass::BreakGlassView;
use holdfast_api::now::{Need, NowView, Nows};
use holdfast_api::runs::{RunFilter, RunSummary, Runs};
use holdfast_api::system::{ClockView, GapView, UnreadableView};
use holdfast_domain::Actor;
use holdfast_failover::evacuation::State;
use holdfast_failover::gap::TOLD_FOR;
use holdfast_failover::run::RunState;
use holdfast_failover::serving::RecoveryState;

#[async_trait]
impl Nows for App {
    async fn now(&self, actor: &Actor) -> Answer<NowView> {
        may(actor, Action::ReadStatus)?;
        let seen = self.seen(actor).await?;
        let now = holdfast_clock::now();
        let (judged, unread) = self.judge_all(&seen, now).await?;
        let ended = self.store.last_ended_runs_of_all(20, true).await.map_err(of_store)?;
        let declared = self.store.declared_regions().await.map_err(of_store)?;
        let due = self.reviews_due(&seen).await?;
        let applications = summaries(&judged, &ended, &due);
        let live = RunFilter { live: true, told_singly: true, limit: Some(100), ..RunFilter::default() };
        let active_runs = self.run_page(&live, seen.names()).await?.items;
        let approvals_for_me = self.approvals(actor).await?;
        let evacuations = self.live_evacuations(actor).await?;
        let blocked = self.log_view().await?.blocks_starts;
        let lots = of_evacuations(&evacuations);
        let of_the_rest = needs(&applications, &active_runs, &approvals_for_me, &lots, blocked);
        let mut needs: Vec<Need> = unread.iter().map(unreadable).chain(of_the_rest).collect();
        needs.extend(away_from_home(&judged));
        needs.extend(due.all.iter().filter(|glass| !glass.open).map(review_due));
        Ok(NowView {
            at: now,
            picture_at: self.store.last_sweep().await.map_err(of_store)?.finished_at,
            regions: regions_view(&judged, &declared),
            needs,
            applications,
            active_runs,
            approvals_for_me,
        })
    }

    async fn clocks(&self, actor: &Actor) -> Answer<Vec<ClockView>> {
        may(actor, Action::ReadStatus)?;
        let found = self.store.clocks().await.map_err(of_store)?;
        Ok(found.into_iter().map(|one| clock_view(one, holdfast_clock::now())).collect())
    }

    async fn gaps(&self, actor: &Actor) -> Answer<Vec<GapView>> {
        may(actor, Action::ReadRuns)?;
        let within = self.seen(actor).await?.names();
        let found = self.store.gaps(TOLD_FOR, within.as_deref()).await.map_err(of_store)?;
        Ok(found.into_iter().map(gap_view).collect())
    }

    async fn unreadable_applications(&self, actor: &Actor) -> Answer<Vec<UnreadableView>> {
        may(actor, Action::ReadStatus)?;
        self.unreadable(&self.seen(actor).await?).await
    }

    async fn ready(&self) -> Result<(), String> {
        self.store.now().await.map_err(|e| format!("the database does not answer: {e}"))?;
        if self.settings.ready_after_first_sweep {
            let sweep = self.store.last_sweep().await.map_err(|e| e.to_string())?;
            if sweep.finished_at.is_none() {
                return Err("the first sweep of the accounts has not ended".into());
            }
        }
        Ok(())
    }
}

/// Worst first: runs that wait for a person, what would not survive, what is not known, what moves.
fn needs(
    applications: &[ApplicationSummary],
    live: &[RunSummary],
    for_me: &[RunSummary],
    lots: &[Need],
    blocked: Option<String>,
) -> Vec<Need> {
    let mut needs = Vec::new();
    let lots_that = |state: &'static str| lots.iter().filter(move |lot| lot.state == state).cloned();
    let need = |state: &str, title: String, detail: String, href: String, verb: &str| Need {
        state: state.into(),
        title,
        detail,
        href,
        verb: verb.into(),
    };
    if let Some(why) = blocked {
        needs.push(need("bad", "No run can start".into(), why, "/audit".into(), "Audit log"));
    }
    needs.extend(lots_that("bad"));
    let (set_aside, driven): (Vec<&RunSummary>, Vec<&RunSummary>) =
        live.iter().partition(|run| run.set_aside.is_some());
    for run in set_aside {
        let title = format!("{} → {} is set aside: nobody drives it", run.application, run.to_region);
        let detail = run.set_aside.as_ref().map(|s| format!("{}. {}", s.why, s.way_out)).unwrap_or_default();
        needs.push(need("bad", title, detail, format!("/runs/{}", run.id), "Open"));
    }
    for run in driven.iter().filter(|r| r.state == RunState::NeedsPerson) {
        let title = format!("{} → {} needs a person", run.application, run.to_region);
        needs.push(need("bad", title, run.now.clone(), format!("/runs/{}", run.id), "Open"));
    }
    for run in driven.iter().filter(|r| r.state == RunState::AwaitingCommit) {
        let title = format!("{} → {} waits for a commit", run.application, run.to_region);
        needs.push(need("watch", title, run.now.clone(), format!("/runs/{}", run.id), "Open"));
    }
    needs.extend(lots_that("watch"));
    for run in for_me {
        let title = format!(
            "Approve: {} → {}, {} {}",
            run.application,
            run.to_region,
            run.mode.as_str(),
            run.intent.as_str()
        );
        let detail = format!("asked by {}: {}", run.requested_by, run.reason);
        needs.push(need("watch", title, detail, format!("/runs/{}", run.id), "Review"));
    }
    needs.extend(lots_that("moving"));
    for run in driven.iter().filter(|r| matches!(r.state, RunState::Running | RunState::Paused)) {
        let title = format!("{} → {}", run.application, run.to_region);
        let detail = format!("step {} of {}: {}", run.steps_done, run.steps_total, run.now);
        needs.push(need("moving", title, detail, format!("/runs/{}", run.id), "Watch"));
    }
    for run in driven.iter().filter(|r| r.state == RunState::Undoing) {
        let title = format!("{} → {} is taken back", run.application, run.to_region);
        let detail = format!("step {} of {}: {}", run.steps_done, run.steps_total, run.now);
        needs.push(need("moving", title, detail, format!("/runs/{}", run.id), "Watch"));
    }
    for (word, state, says) in [("no", "bad", "would not survive"), ("unknown", "unknown", "cannot be told")]
    {
        for a in applications.iter().filter(|a| a.would_survive == word) {
            let detail = a.because.clone().unwrap_or_default();
            needs.push(need(
                state,
                format!("{}: {says}", a.name),
                detail,
                format!("/applications/{}", a.name),
                "Why",
            ));
        }
    }
    needs
}

/// Nobody can tell how it stands, nor move it.
fn unreadable(one: &UnreadableView) -> Need {
    Need {
        state: "bad".into(),
        title: format!("{}: cannot be read, and is left out everywhere", one.application),
        detail: format!("{}. {}", one.why, one.way_out),
        href: "/system".into(),
        verb: "Open".into(),
    }
}

/// Open ones are told on every page.
fn review_due(glass: &BreakGlassView) -> Need {
    Need {
        state: "watch".into(),
        title: format!("The break-glass of {} waits for its review", glass.holder),
        detail: format!(
            "{}. Compliance is not green until somebody else closes it.",
            glass.reason.trim_end_matches('.')
        ),
        href: format!("/break-glass/{}", glass.id),
        verb: "Review".into(),
    }
}

/// What is not where it belongs and that no run moves: what protects it, and whether it could go back.
fn away_from_home(judged: &[Judged]) -> Vec<Need> {
    let told = |one: &Judged| {
        let (state, says) = match one.state {
            RecoveryState::PartlyMoved => ("bad", "partly moved"),
            RecoveryState::MovedOutside => ("watch", "moved outside Holdfast"),
            RecoveryState::FailedOver => ("watch", "failed over, its protection is not known"),
            RecoveryState::Reprotecting => ("watch", "not protected yet"),
            RecoveryState::ReadyToFailBack => ("watch", "ready to fail back"),
            _ => return None,
        };
        let name = &one.application.name;
        Some(Need {
            state: state.into(),
            title: format!("{name}: {says}"),
            detail: recovery(one).sentence,
            href: format!("/applications/{name}"),
            verb: "Open".into(),
        })
    };
    judged.iter().filter(|one| one.active.is_none()).filter_map(told).collect()
}

/// Lots that stopped, that this person may review, and that move.
fn of_evacuations(live: &[Live]) -> Vec<Need> {
    live.iter()
        .filter_map(|live| {
            let evacuation = &live.summary;
            let (state, title, verb) = match evacuation.state {
                State::Stopped => ("bad", "stopped", "Open"),
                State::AwaitingApproval if live.for_me => ("watch", "waits for your approval", "Review"),
                State::Running => ("moving", "is under way", "Watch"),
                _ => return None,
            };
            let lot = if evacuation.direction.is_out() { "evacuation of" } else { "return home to" };
            Some(Need {
                state: state.into(),
                title: format!("The {lot} {} {title}", evacuation.region),
                detail: evacuation.now.clone(),
                href: format!("/evacuations/{}", evacuation.id),
                verb: verb.into(),
            })
        })
        .collect()
}
