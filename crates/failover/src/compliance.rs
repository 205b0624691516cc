//! Compliance: objective against what runs have measured. Nothing measured is unknown, never green.

use crate::movement::Drill;
use crate::plan::Plan;
use crate::run::{Run, StepState};
use crate::step::{Step, Work};
use holdfast_domain::{Objectives, StepId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The worst of the last runs met the objective.
    Met,
    Missed,
    /// No run has measured it, or what it measured is missing; or a break-glass review is due, and nobody vouches for it.
    Unknown,
}

impl Standing {
    /// What may be claimed while a review of a break-glass is due that started a run of the application: never that it is met.
    #[must_use]
    pub fn while_review_is_due(self) -> Self {
        match self {
            Self::Met | Self::Unknown => Self::Unknown,
            Self::Missed => Self::Missed,
        }
    }

    /// Both objectives in one word: missed where either is, met where both are.
    #[must_use]
    pub fn of_both(rto: Self, rpo: Self) -> Self {
        match (rto, rpo) {
            (Self::Missed, _) | (_, Self::Missed) => Self::Missed,
            (Self::Met, Self::Met) => Self::Met,
            _ => Self::Unknown,
        }
    }
}

/// Whether all of them, by both of their objectives, are met, and nothing was started without approvals that nobody has reviewed.
/// Of nothing that is not so.
#[must_use]
pub fn green(of_both: &[Standing], reviews_due: usize) -> bool {
    reviews_due == 0 && !of_both.is_empty() && of_both.iter().all(|standing| *standing == Standing::Met)
}

/// What a run was, and so what it is evidence of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    RealRun,
    LiveDrill,
    IsolatedDrill,
}

impl Evidence {
    pub const ALL: [Self; 3] = [Self::RealRun, Self::LiveDrill, Self::IsolatedDrill];

    #[must_use]
    pub fn of(drill: Option<Drill>) -> Self {
        match drill {
            None => Self::RealRun,
            Some(Drill::Isolated) => Self::IsolatedDrill,
            Some(Drill::There { .. } | Drill::Back { .. }) => Self::LiveDrill,
        }
    }

    /// Whether traffic was moved and a writer promoted: what compliance may rest on. An isolated drill shows that there is
    /// capacity, and that a backup can be restored.
    #[must_use]
    pub fn proves_traffic_and_promotion(self) -> bool {
        self != Self::IsolatedDrill
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RealRun => "real_run",
            Self::LiveDrill => "live_drill",
            Self::IsolatedDrill => "isolated_drill",
        }
    }
}

/// What one finished run measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    pub rto: RtoSplit,
    pub stores: Vec<StoreLag>,
}

/// In seconds. `None`: not known (nobody said when the impact began, or when it was detected).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct RtoSplit {
    /// Impact began → run requested: the next two together, known also where nothing tells them apart.
    pub detect_and_decide_seconds: Option<f64>,
    /// Impact began → detected.
    #[serde(default)]
    pub detect_seconds: Option<f64>,
    /// Detected → run requested.
    #[serde(default)]
    pub decide_seconds: Option<f64>,
    /// Requested → approved.
    pub approve_seconds: Option<f64>,
    /// Approved → the last traffic or data step done.
    pub execute_seconds: Option<f64>,
    /// → seen serving.
    pub verify_seconds: Option<f64>,
    /// From the impact (or, where nobody gave it, from the request) to seen serving.
    pub total_seconds: Option<f64>,
    /// Whether the total starts at the impact or only at the request.
    pub from_impact: bool,
}

/// A store's lag at the cut: what the move could lose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoreLag {
    pub store: holdfast_domain::Name,
    /// `None`: could not be measured; then `reason` says why.
    pub milliseconds: Option<f64>,
    pub metric: Option<String>,
    pub measured_at: Option<Timestamp>,
    pub reason: Option<String>,
}

/// What a run measured, from its own journal. A dry run measures nothing.
#[must_use]
pub fn measured(run: &Run) -> Measured {
    if run.request.dry_run {
        return Measured { rto: RtoSplit::default(), stores: Vec::new() };
    }
    Measured { rto: split(run), stores: stores(run) }
}

fn split(run: &Run) -> RtoSplit {
    let confirms = |plan: &Plan| {
        plan.steps.iter().find(|s| matches!(s.work, Work::ConfirmServing { .. })).map(|s| s.id.clone())
    };
    let is_seen = |id: &StepId| run.progress(id).is_some_and(|p| p.state == StepState::Succeeded);
    // Seen serving before an escalation is seen serving.
    let plan = match confirms(&run.request.plan) {
        Some(id) if is_seen(&id) => &run.request.plan,
        _ => run.carried_out(),
    };
    let confirm = confirms(plan).and_then(|id| plan.step(&id));
    let serving_at = confirm.and_then(|s| run.progress(&s.id)).and_then(|p| {
        // Skipped means that nobody saw it serving.
        (p.state == StepState::Succeeded).then_some(p.ended_at).flatten()
    });
    let moved_at = confirm.and_then(|confirm| {
        let before = ancestors(&plan.steps, &confirm.id);
        before.iter().filter_map(|id| run.progress(id)?.ended_at).max()
    });
    // An impact said to begin after the request cannot be where the clock starts.
    let impact = run.request.impact_began_at.filter(|at| *at <= run.requested_at);
    // Nor can it have been detected before it began, or after it was acted on.
    let detected = run
        .request
        .detected_at
        .filter(|at| *at <= run.requested_at && impact.is_none_or(|began| began <= *at));
    RtoSplit {
        detect_and_decide_seconds: seconds(impact, Some(run.requested_at)),
        detect_seconds: seconds(impact, detected),
        decide_seconds: seconds(detected, Some(run.requested_at)),
        approve_seconds: seconds(Some(run.requested_at), run.approved_at),
        execute_seconds: seconds(run.approved_at, moved_at.filter(|_| serving_at.is_some())),
        verify_seconds: seconds(moved_at, serving_at),
        total_seconds: seconds(Some(impact.unwrap_or(run.requested_at)), serving_at),
        from_impact: impact.is_some(),
    }
}

fn seconds(from: Option<Timestamp>, to: Option<Timestamp>) -> Option<f64> {
    Some(to?.duration_since(from?).as_secs_f64())
}

/// All that a step comes after, directly or not.
fn ancestors(steps: &[Step], of: &StepId) -> BTreeSet<StepId> {
    let mut found = BTreeSet::new();
    let mut open = vec![of.clone()];
    while let Some(id) = open.pop() {
        let Some(step) = steps.iter().find(|s| s.id == id) else { continue };
        for before in &step.after {
            if found.insert(before.clone()) {
                open.push(before.clone());
            }
        }
    }
    found
}

/// Every store that the plan meant to measure; one without a measurement says so.
fn stores(run: &Run) -> Vec<StoreLag> {
    let mut stores = run.lag_at_cut.clone();
    for step in &run.carried_out().steps {
        let Work::RecordLag { stores: wanted, .. } = &step.work else { continue };
        // While it may still come, it is not missing.
        if !run.state.is_over() && run.progress(&step.id).is_some_and(|p| !p.state.is_done()) {
            continue;
        }
        for store in wanted {
            if !stores.iter().any(|lag| lag.store == *store) {
                stores.push(StoreLag {
                    store: store.clone(),
                    milliseconds: None,
                    metric: None,
                    measured_at: None,
                    reason: Some("not measured: the step that records the lag did not run".into()),
                });
            }
        }
    }
    stores
}

impl Measured {
    /// The lag of the store that is furthest behind; `None` when any store's is not known, or there is none.
    #[must_use]
    pub fn worst_lag_ms(&self) -> Option<f64> {
        let lags: Option<Vec<f64>> = self.stores.iter().map(|s| s.milliseconds).collect();
        lags?.into_iter().reduce(f64::max)
    }
}

/// RTO and RPO against the objectives, by the worst of the last runs. A miss is a miss even where another run
/// measured nothing; met is met only when every one of them measured it.
#[must_use]
pub fn standing(objectives: &Objectives, last_k: &[Measured]) -> (Standing, Standing) {
    let rto_limit = f64::from(objectives.rto.get());
    let rpo_limit_ms = f64::from(objectives.rpo.get()) * 1000.0;
    let rto = worst(last_k.iter().map(|m| judge(m.rto.total_seconds, rto_limit)));
    let rpo = worst(last_k.iter().map(|m| {
        let each = worst(m.stores.iter().map(|s| judge(s.milliseconds, rpo_limit_ms)));
        if m.stores.is_empty() { Standing::Unknown } else { each }
    }));
    (rto, rpo)
}

fn judge(value: Option<f64>, limit: f64) -> Standing {
    match value {
        Some(value) if value <= limit => Standing::Met,
        Some(value) if value > limit => Standing::Missed,
        // Not known, or not a number.
        _ => Standing::Unknown,
    }
}

fn worst(standings: impl Iterator<Item = Standing>) -> Standing {
    let all: Vec<Standing> = standings.collect();
    if all.contains(&Standing::Missed) {
        Standing::Missed
    } else if all.is_empty() || all.contains(&Standing::Unknown) {
        Standing::Unknown
    } else {
        Standing::Met
    }
}

#[cfg(test)]
mod tests;
