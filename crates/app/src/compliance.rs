//! Compliance: the objective, what the strategy can reach, what runs have measured.

mod csv;

use crate::App;
use crate::authority::{Action, may};
use crate::problems::of_store;
use async_trait::async_trait;
use holdfast_api::Answer;
use holdfast_api::compliance::{ComplianceRow, ComplianceView, Compliances, EvidenceOf};
use holdfast_api::plans::VerificationView;
use holdfast_domain::{Actor, Application, Name};
use holdfast_failover::compliance::{Evidence, Measured, RtoSplit, Standing, green, measured, standing};
use holdfast_failover::run::Run;
use holdfast_store::RunHead;
use std::collections::BTreeSet;

/// Compliance rests on the worst of this many last runs.
const LAST_RUNS: usize = 3;

/// Those of an application's ended runs, newest first, that compliance rests on: a request that was denied or
/// cancelled before it began measured nothing and hides nothing, and an isolated drill moved nothing.
pub(crate) fn counted<'a>(ended: impl Iterator<Item = &'a RunHead>) -> Vec<&'a RunHead> {
    let counts = |run: &&RunHead| {
        run.measured.is_some() && evidence(run).proves_traffic_and_promotion() && !was_there(run)
    };
    ended.filter(counts).take(LAST_RUNS).collect()
}

/// The application was there already when the run was planned: nothing was moved, and nothing is proved.
pub(crate) fn was_there(run: &RunHead) -> bool {
    run.summary["was_there"] == true
}

fn evidence(run: &RunHead) -> Evidence {
    Evidence::of(run.drill)
}

/// Each sort of run by itself: the worst of its last ones.
fn by_sort(ended: &[&RunHead]) -> Vec<EvidenceOf> {
    let of = |sort: Evidence| {
        let runs: Vec<&&RunHead> = ended
            .iter()
            .filter(|run| evidence(run) == sort && run.measured.is_some() && !was_there(run))
            .take(LAST_RUNS)
            .collect();
        let measured: Vec<Measured> = runs.iter().filter_map(|run| of_head(run)).collect();
        EvidenceOf {
            evidence: sort,
            runs: runs.len(),
            completed: runs.iter().filter(|run| run.state.is_completed()).count(),
            last_at: runs.first().and_then(|run| run.ended_at),
            last_run: runs.first().map(|run| run.id.to_string()),
            rto_worst_seconds: worst(&measured, |m| m.rto.total_seconds),
            rpo_worst_ms: worst(&measured, Measured::worst_lag_ms),
        }
    };
    Evidence::ALL.into_iter().map(of).collect()
}

/// One that is not known makes the worst not known.
fn worst(of_runs: &[Measured], of: fn(&Measured) -> Option<f64>) -> Option<f64> {
    of_runs.iter().map(of).collect::<Option<Vec<_>>>().and_then(|all| all.into_iter().reduce(f64::max))
}

/// What a run measured. One that was given up on its way recovered nothing, whatever had been seen by then: its
/// time to recover is not known.
pub(crate) fn of_run(run: &Run) -> Measured {
    let measured = measured(run);
    if run.state.is_over() && !run.state.is_completed() { given_up(measured) } else { measured }
}

/// The same of a run in a list, whoever recorded it.
pub(crate) fn of_head(run: &RunHead) -> Option<Measured> {
    let measured = run.measured.clone()?;
    Some(if run.state.is_completed() { measured } else { given_up(measured) })
}

fn given_up(measured: Measured) -> Measured {
    let rto = RtoSplit { execute_seconds: None, verify_seconds: None, total_seconds: None, ..measured.rto };
    Measured { rto, ..measured }
}

#[async_trait]
impl Compliances for App {
    async fn compliance(&self, actor: &Actor) -> Answer<ComplianceView> {
        may(actor, Action::ReadStatus)?;
        let seen = self.seen(actor).await?;
        let found = self.store.applications().await.map_err(of_store)?;
        // Nobody can tell whether those meet what they promise.
        let unread: BTreeSet<&str> = found
            .unreadable
            .iter()
            .map(|one| one.name.as_str())
            .filter(|name| seen.sees_text(name))
            .collect();
        let mut applications = found.readable;
        applications.retain(|application| seen.sees(&application.name));
        let ended = self.store.last_ended_runs_of_all(20, true).await.map_err(of_store)?;
        let isolated = self.store.last_isolated_drills_of_all(20).await.map_err(of_store)?;
        let evaluations = self.store.plan_evaluations().await.map_err(of_store)?;
        let now = self.store.now().await.map_err(of_store)?;
        let evaluation = |name: &Name| evaluations.get(name).map(|(evaluation, at)| (evaluation, *at));
        let due = self.reviews_due(&seen).await?;
        let verified = self.verifications(&applications, &ended, evaluation, now).await?;
        let rows: Vec<_> = applications
            .iter()
            .zip(verified)
            .map(|(a, verification)| {
                let all = ended.iter().chain(&isolated);
                let of_it: Vec<&RunHead> = all.filter(|run| run.application == a.name).collect();
                ComplianceRow {
                    verification,
                    proved_by: of_it
                        .iter()
                        .filter(|run| run.state.is_completed() && !was_there(run))
                        .map(|run| evidence(run))
                        .find(|sort| sort.proves_traffic_and_promotion()),
                    evidence: by_sort(&of_it),
                    ..row(a, &counted(of_it.iter().copied()), due.of(&a.name))
                }
            })
            .collect();
        let standings: Vec<Standing> = rows.iter().map(|r| Standing::of_both(r.rto, r.rpo)).collect();
        let count = |standing| standings.iter().filter(|s| **s == standing).count();
        Ok(ComplianceView {
            met: count(Standing::Met),
            missed: count(Standing::Missed),
            unknown: count(Standing::Unknown) + unread.len(),
            green: green(&standings, due.all.len()) && unread.is_empty(),
            break_glass_reviews_due: due.all,
            rows,
            at: holdfast_clock::now(),
        })
    }

    async fn compliance_csv(&self, actor: &Actor) -> Answer<String> {
        Ok(csv::csv(&self.compliance(actor).await?.rows))
    }
}

pub(crate) fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Met => "met",
        Standing::Missed => "missed",
        Standing::Unknown => "unknown",
    }
}

pub(crate) fn row(application: &Application, measured: &[&RunHead], reviews_due: &[String]) -> ComplianceRow {
    let band = application.strategy.band();
    let of_runs: Vec<Measured> = measured.iter().filter_map(|run| of_head(run)).collect();
    let (mut rto, mut rpo) = standing(&application.objectives, &of_runs);
    if !reviews_due.is_empty() {
        (rto, rpo) = (rto.while_review_is_due(), rpo.while_review_is_due());
    }
    ComplianceRow {
        application: application.name.to_string(),
        owner: application.owner.to_string(),
        tier: application.tier,
        strategy: application.strategy.as_str().to_owned(),
        rto_objective_seconds: application.objectives.rto.get(),
        rpo_objective_seconds: application.objectives.rpo.get(),
        rto_band: band.rto_words.to_owned(),
        rpo_band: band.rpo_words.to_owned(),
        gaps: application.strategy.gaps(&application.objectives),
        rto,
        rpo,
        rto_worst_seconds: worst(&of_runs, |m| m.rto.total_seconds),
        rpo_worst_ms: worst(&of_runs, Measured::worst_lag_ms),
        runs_counted: measured.len(),
        last_measured_at: measured.iter().filter_map(|m| m.ended_at).max(),
        last_run: measured.first().map(|m| m.id.to_string()),
        break_glass_reviews_due: reviews_due.to_vec(),
        // Asked of the plans, by whoever shows it.
        verification: VerificationView::default(),
        last_split: measured.first().and_then(|run| of_head(run)).map(|measured| measured.rto),
        proved_by: None,
        evidence: Vec::new(),
    }
}

pub(crate) fn application_has_store(application: &Application) -> bool {
    application.resources.iter().any(|r| r.spec.kind().is_store())
}
