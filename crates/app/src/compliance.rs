//! Compliance: the objective, what the strategy can reach, what runs have measured.

use crate::App;
use crate::authority::{Action, may};
use crate::problems::of_store;
use async_trait::async_trait;
use holdfast_api::Answer;
use holdfast_api::compliance::{ComplianceRow, ComplianceView, Compliances};
use holdfast_api::plans::VerificationView;
use holdfast_domain::{Actor, Application, Name};
use holdfast_failover::compliance::{Measured, RtoSplit, Standing, measured, standing};
use holdfast_failover::run::Run;
use holdfast_store::RunHead;
use jiff::Timestamp;
use std::fmt::Write as _;

/// Compliance rests on the worst of this many last runs.
const LAST_RUNS: usize = 3;

/// Those of an application's ended runs, newest first, that compliance rests on: a request that was denied or
/// cancelled before it began measured nothing and hides nothing.
pub(crate) fn counted<'a>(ended: impl Iterator<Item = &'a RunHead>) -> Vec<&'a RunHead> {
    ended.filter(|run| run.measured.is_some()).take(LAST_RUNS).collect()
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
        let applications = self.store.applications().await.map_err(of_store)?;
        let ended = self.store.last_ended_runs_of_all(20).await.map_err(of_store)?;
        let evaluations = self.store.plan_evaluations().await.map_err(of_store)?;
        let now = self.store.now().await.map_err(of_store)?;
        let evaluation = |name: &Name| evaluations.get(name).map(|(evaluation, at)| (evaluation, *at));
        let verified = self.verifications(&applications, &ended, evaluation, now).await?;
        let rows: Vec<_> = applications
            .iter()
            .zip(verified)
            .map(|(a, verification)| ComplianceRow {
                verification,
                ..row(a, &counted(ended.iter().filter(|run| run.application == a.name)))
            })
            .collect();
        let whole = |row: &ComplianceRow| match (row.rto, row.rpo) {
            (Standing::Missed, _) | (_, Standing::Missed) => Standing::Missed,
            (Standing::Met, Standing::Met) => Standing::Met,
            _ => Standing::Unknown,
        };
        let count = |standing| rows.iter().filter(|r| whole(r) == standing).count();
        Ok(ComplianceView {
            met: count(Standing::Met),
            missed: count(Standing::Missed),
            unknown: count(Standing::Unknown),
            rows,
            at: Timestamp::now(),
        })
    }

    async fn compliance_csv(&self, actor: &Actor) -> Answer<String> {
        let view = self.compliance(actor).await?;
        let mut csv = String::from(
            "application,owner,tier,strategy,rto_objective_seconds,rto_worst_measured_seconds,rto,\
             rpo_objective_seconds,rpo_worst_measured_ms,rpo,runs_counted,last_measured_at,last_run,strategy_gaps,\
             verified,last_rehearsed_at,needs_rehearsal_because\r\n",
        );
        for r in &view.rows {
            let number = |n: Option<f64>| n.map_or_else(|| "unknown".to_owned(), |n| format!("{n:.1}"));
            let cells = [
                r.application.clone(),
                r.owner.clone(),
                r.tier.to_string(),
                r.strategy.clone(),
                r.rto_objective_seconds.to_string(),
                number(r.rto_worst_seconds),
                word(r.rto).to_owned(),
                r.rpo_objective_seconds.to_string(),
                number(r.rpo_worst_ms),
                word(r.rpo).to_owned(),
                r.runs_counted.to_string(),
                r.last_measured_at.map_or_else(|| "never".to_owned(), |t| t.to_string()),
                r.last_run.clone().unwrap_or_default(),
                r.gaps.join("; "),
                r.verification.state.clone(),
                r.verification.rehearsed_at.map_or_else(|| "never".to_owned(), |t| t.to_string()),
                r.verification.reasons.iter().map(|r| r.sentence.as_str()).collect::<Vec<_>>().join(" "),
            ];
            let line: Vec<String> = cells.iter().map(|c| cell(c)).collect();
            // Writing to a String cannot fail.
            let _ = write!(csv, "{}\r\n", line.join(","));
        }
        Ok(csv)
    }
}

pub(crate) fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Met => "met",
        Standing::Missed => "missed",
        Standing::Unknown => "unknown",
    }
}

/// Quoted as RFC 4180 says; a leading `=`, `+`, `-`, `@`, tab or return would be a formula to a spreadsheet.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains(['"', ',', '\n', '\r']) || formula {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

pub(crate) fn row(application: &Application, measured: &[&RunHead]) -> ComplianceRow {
    let band = application.strategy.band();
    let of_runs: Vec<Measured> = measured.iter().filter_map(|run| of_head(run)).collect();
    let (rto, rpo) = standing(&application.objectives, &of_runs);
    // One that is not known makes the worst not known.
    let worst = |of: fn(&Measured) -> Option<f64>| {
        of_runs.iter().map(of).collect::<Option<Vec<_>>>().and_then(|all| all.into_iter().reduce(f64::max))
    };
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
        rto_worst_seconds: worst(|m| m.rto.total_seconds),
        rpo_worst_ms: worst(Measured::worst_lag_ms),
        runs_counted: measured.len(),
        last_measured_at: measured.iter().filter_map(|m| m.ended_at).max(),
        last_run: measured.first().map(|m| m.id.to_string()),
        // Asked of the plans, by whoever shows it.
        verification: VerificationView::default(),
    }
}

pub(crate) fn application_has_store(application: &Application) -> bool {
    application.resources.iter().any(|r| r.spec.kind().is_store())
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn a_cell_that_a_spreadsheet_would_run_is_made_text() {
        for payload in ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1"] {
            let made = cell(payload);
            assert!(made.starts_with("\"'"), "{payload:?} became {made:?}");
        }
        assert_eq!(cell("plain"), "plain");
        assert_eq!(cell("a,\"b\""), "\"a,\"\"b\"\"\"");
    }
}
