//! When a run that is under way may be at its end: from what its steps took in earlier runs, and where a step never
//! ran, from the time limit in its plan, which says no more than "at most". It is for people; nothing is decided by it.

use super::Run;
use crate::step::Step;
use holdfast_domain::StepId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What steps took in earlier runs of the same application and kind, in seconds, by their ids.
pub type Took = BTreeMap<StepId, Vec<f64>>;

/// In seconds from now. `None` as the earliest: some step has never run, so that nothing is known but its limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// When each step takes what it took in the middle one of its runs.
    pub likely_seconds: Option<f64>,
    /// When each step takes what it took at worst, or its limit where it never ran.
    pub latest_seconds: f64,
    /// The steps that decide the end, in order: a delay of any of them delays it.
    pub critical_path: Vec<StepId>,
    /// Of the steps that are still to be done: how many have run before, and how many never did.
    pub steps_that_ran_before: usize,
    pub steps_that_never_ran: usize,
    /// At most so many runs stand behind each step.
    pub earlier_runs: usize,
}

/// What is left of a step.
#[derive(Debug, Clone, Copy, Default)]
struct Left {
    likely: Option<f64>,
    latest: f64,
}

/// `None`: the run is over, or has not begun.
#[must_use]
pub fn forecast(run: &Run, took: &Took, now: Timestamp) -> Option<Forecast> {
    if !run.state.is_under_way() {
        return None;
    }
    let steps = &run.plan().steps;
    let (mut ran, mut never, mut runs) = (0, 0, 0);
    let mut ends: BTreeMap<&StepId, (Left, Option<&StepId>)> = BTreeMap::new();
    for step in steps {
        let of_plan = || run.stands_for(&step.id).and_then(|id| took.get(id));
        let before = took.get(&step.id).or_else(of_plan).map(Vec::as_slice).unwrap_or_default();
        let is_done = run.progress(&step.id).is_some_and(|p| p.state.is_done());
        match (is_done, before.is_empty()) {
            (true, _) => {}
            (false, true) => never += 1,
            (false, false) => ran += 1,
        }
        runs = runs.max(before.len());
        let own = left(run, step, before, now);
        // A plan lists a step after those that it waits for, so their ends are known.
        let last = step
            .after
            .iter()
            .filter_map(|id| ends.get_key_value(id))
            .max_by(|(_, (a, _)), (_, (b, _))| a.latest.total_cmp(&b.latest));
        let begins = last.map(|(_, (end, _))| *end).unwrap_or(Left { likely: Some(0.0), latest: 0.0 });
        let likely = step
            .after
            .iter()
            .filter_map(|id| ends.get(id))
            .map(|(end, _)| end.likely)
            .try_fold(0.0_f64, |most, end| Some(most.max(end?)));
        let end = Left {
            likely: likely.zip(own.likely).map(|(begin, own)| begin + own),
            latest: begins.latest + own.latest,
        };
        ends.insert(&step.id, (end, last.map(|(id, _)| *id)));
    }
    let likely = ends.values().map(|(end, _)| end.likely).try_fold(0.0_f64, |most, end| Some(most.max(end?)));
    // Of several that end last, the plan's last one.
    let last = steps.iter().map(|s| &s.id).reduce(|best, id| {
        let of = |id: &StepId| ends.get(id).map_or(0.0, |(end, _)| end.latest);
        if of(id) >= of(best) { id } else { best }
    });
    let mut critical_path = Vec::new();
    let mut at = last;
    while let Some(id) = at {
        critical_path.push(id.clone());
        at = ends.get(id).and_then(|(_, before)| *before);
    }
    critical_path.reverse();
    Some(Forecast {
        likely_seconds: likely,
        latest_seconds: ends.values().map(|(end, _)| end.latest).fold(0.0, f64::max),
        critical_path,
        steps_that_ran_before: ran,
        steps_that_never_ran: never,
        earlier_runs: runs,
    })
}

fn left(run: &Run, step: &Step, before: &[f64], now: Timestamp) -> Left {
    let Some(progress) = run.progress(&step.id) else { return of(step, before) };
    if progress.state.is_done() {
        return Left { likely: Some(0.0), latest: 0.0 };
    }
    let whole = of(step, before);
    let gone = progress.started_at.map_or(0.0, |at| now.duration_since(at).as_secs_f64().max(0.0));
    // Longer than ever before: what is left is then known from its limit alone.
    let limit = f64::from(step.timeout_seconds);
    let latest = if gone < whole.latest { whole.latest - gone } else { (limit - gone).max(0.0) };
    Left { likely: whole.likely.map(|likely| (likely - gone).max(0.0)), latest }
}

fn of(step: &Step, before: &[f64]) -> Left {
    let mut sorted = before.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.last() {
        Some(worst) => Left { likely: sorted.get(sorted.len() / 2).copied(), latest: *worst },
        None => Left { likely: None, latest: f64::from(step.timeout_seconds) },
    }
}
