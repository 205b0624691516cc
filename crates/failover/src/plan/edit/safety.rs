//! What cannot be edited away: a run looks before it acts, the lag is recorded before a store is cut off, no traffic
//! moves before the stores have, nothing takes away the last Region that serves. The generated plan holds all of that;
//! an edit may add to its order, and takes away only what stands side by side by nature.

use super::Editing;
use super::apply::{No, no};
use crate::movement::Mode;
use crate::step::{Step, Work};
use holdfast_domain::StepId;
use holdfast_domain::own_step::Phase;
use std::collections::{BTreeMap, BTreeSet};

/// A plan as it was generated.
#[derive(Debug, Clone)]
pub(in crate::plan) struct Laid {
    pub steps: Vec<Step>,
    /// Of the generated steps; one's own are in none.
    pub phases: BTreeMap<StepId, Phase>,
}

impl Laid {
    fn phase(&self, id: &StepId) -> Option<Phase> {
        self.phases.get(id).copied()
    }

    /// Steps without which the move is no less safe, only less complete.
    pub(super) fn may_be_left_out(&self, step: &Step) -> Result<(), No> {
        match self.phase(&step.id) {
            None | Some(Phase::StopEventSources | Phase::StartEventSources | Phase::Lower) => Ok(()),
            Some(phase) => Err(no(
                "step",
                format!(
                    "`{}` is a part of the plan that it cannot go without ({}).",
                    step.id,
                    phase.as_str().replace('_', " ")
                ),
                "Steps that stop or start event sources, lower what was raised, or are your own may be left out; \
                 a person can skip any other in the run, with a reason.",
            )),
        }
    }

    /// In an emergency, with what capacity there is rather than not at all.
    pub(super) fn may_be_gone_on_without(&self, step: &Step, mode: Mode) -> Result<(), No> {
        match (self.phase(&step.id), mode) {
            (Some(Phase::RaiseCompute), Mode::Emergency) => Ok(()),
            (Some(Phase::RaiseCompute), Mode::Planned) => Err(no(
                "step",
                format!("`{}` raises what is to serve: a planned move waits for it.", step.id),
                "Say it for an emergency only, with `mode`.",
            )),
            _ => self.may_be_left_out(step),
        }
    }

    /// The orders of the generated plan that must stand, whatever is edited. `after` waits for `before`.
    fn is_fixed(&self, after: &Step, before: &StepId) -> bool {
        let (Some(later), Some(earlier)) = (self.phase(&after.id), self.phase(before)) else {
            // Between a step of one's own and another: where it was put is where it may be put elsewhere.
            return false;
        };
        match (earlier, later) {
            (Phase::Observe, _) => true,
            // What stands in the Region moved to need not wait until the other has stopped listening.
            (Phase::StopEventSources, Phase::Build | Phase::RaiseCompute) => false,
            (Phase::StopEventSources, Phase::StopEventSources)
            | (Phase::StartEventSources, Phase::StartEventSources)
            | (Phase::Lower, Phase::Lower)
            | (Phase::RaiseCompute, Phase::RaiseCompute) => {
                // Of one thing the bounds come before the count.
                self.resource(before).is_some_and(|of| Some(of) == after.resource.as_ref())
            }
            _ => true,
        }
    }

    fn resource(&self, id: &StepId) -> Option<&holdfast_domain::Name> {
        self.steps.iter().find(|s| s.id == *id)?.resource.as_ref()
    }
}

/// Whether `steps` is still a plan, and as safe as what was generated.
pub(super) fn check(laid: &Laid, steps: &[Step], edit: &Editing) -> Result<(), No> {
    let field = match edit {
        Editing::WaitFor { .. } | Editing::DoNotWaitFor { .. } => "other",
        _ => "step",
    };
    let before = ancestors(steps);
    for (at, step) in steps.iter().enumerate() {
        if !step.after.iter().all(|b| steps[..at].iter().any(|s| s.id == *b)) {
            return Err(no(
                field,
                format!("`{}` would wait for itself, by way of others.", step.id),
                "Take one of the orders of the circle away.",
            ));
        }
        let none = BTreeSet::new();
        let behind = before.get(&step.id).unwrap_or(&none);
        if !matches!(step.work, Work::ObserveAgain)
            && !steps.iter().any(|s| matches!(s.work, Work::ObserveAgain) && behind.contains(&s.id))
        {
            return Err(no(
                field,
                format!("`{}` would begin before the run has looked at anything.", step.id),
                "Leave it after the first look.",
            ));
        }
        let Some(generated) = laid.steps.iter().find(|s| s.id == step.id) else { continue };
        for must in generated.after.iter().filter(|b| laid.is_fixed(generated, b)) {
            let there = steps.iter().any(|s| s.id == *must);
            if there && !behind.contains(must) {
                return Err(no(
                    field,
                    format!("`{}` must come after `{must}`: {}.", step.id, why(laid, must)),
                    "Leave this order; steps of the same part about different things may go side by side.",
                ));
            }
        }
    }
    Ok(())
}

fn why(laid: &Laid, before: &StepId) -> &'static str {
    match laid.phase(before) {
        Some(Phase::Observe) => "a run looks before it acts",
        Some(Phase::RecordLag) => "what could be lost is measured before a store is cut off",
        Some(Phase::SwitchStores | Phase::PointEndpoints) => "traffic goes where the stores already are",
        Some(Phase::RaiseCompute | Phase::Build) => "nothing is moved to what does not stand yet",
        Some(Phase::MoveTraffic) => "no Region is taken out before another serves",
        _ => "what comes later rests on it",
    }
}

/// Of each step all that it waits for, directly or not; `steps` are in an order in which that comes first.
fn ancestors(steps: &[Step]) -> BTreeMap<StepId, BTreeSet<StepId>> {
    let mut all: BTreeMap<StepId, BTreeSet<StepId>> = BTreeMap::new();
    for step in steps {
        let mut behind: BTreeSet<StepId> = step.after.iter().cloned().collect();
        for before in &step.after {
            behind.extend(all.get(before).into_iter().flatten().cloned());
        }
        all.insert(step.id.clone(), behind);
    }
    all
}
