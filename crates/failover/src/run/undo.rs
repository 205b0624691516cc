//! Taking a run back: what it has done is undone by steps of their own, in the reverse of the order in which it was done.
//! They are made at the abort from the journal alone, and are driven, parked, retried and taken over as any step is.

use super::legal::{Legal, wrong_state};
use super::{Run, RunState, StepState, Who};
use crate::change::Change;
use crate::plan::{Before, Plan};
use crate::refusal::Refusal;
use crate::step::{How, Step, Work};
use crate::undo::{Undo, Undoes, lowers, put_back};
use holdfast_domain::{RegionCode, StepId};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// That a run is taken back, and by which steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Undoing {
    /// `None`: the commit window ended without anybody's word.
    pub by: Option<Who>,
    pub at: Timestamp,
    pub reason: String,
    pub plan: Plan,
    pub stays: Vec<Stays>,
}

/// What the run has done, or may have, and what nothing takes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stays {
    pub step: StepId,
    pub reason: String,
}

/// What an abort would do.
#[derive(Debug, Clone, PartialEq)]
pub struct TakenBack {
    pub steps: Vec<Step>,
    pub stays: Vec<Stays>,
}

const PREFIX: &str = "undo-";
/// Looks whether traffic is where it came from, before any capacity is taken away.
const SEE_SERVING: &str = "undo-see-serving";

impl Run {
    /// What stands against an abort as the run stands; fresh identity is the asker's to see to.
    ///
    /// # Errors
    /// Says what, and the way out.
    pub fn may_abort(&self) -> Result<(), Refusal> {
        let no = |sentence: &str, way_out: &str| Err(Refusal::new("wrong_state", sentence, way_out));
        if self.request.dry_run {
            return Err(Refusal::new(
                "dry_run",
                "A dry run changes nothing, so there is nothing to take back.",
                "Cancel it.",
            ));
        }
        match (&self.undoing, self.state) {
            (_, state) if state.is_over() => Err(self.over()),
            (_, RunState::AwaitingApproval) => {
                no("The run has not started: nothing was done that could be taken back.", "Cancel it.")
            }
            (Some(undoing), _) => no(
                &format!("The run is taken back since {}.", undoing.at),
                "Wait until it has ended; a step that needs a person can be retried or skipped.",
            ),
            (None, _) => Ok(()),
        }
    }

    pub(super) fn may_be_aborted(&self, reason: &str) -> Legal {
        self.may_abort()?;
        if reason.trim().is_empty() {
            return Err(Refusal::new("reason_needed", "Aborting needs a reason.", "Say why."));
        }
        Ok(())
    }

    pub(super) fn may_be_rolled_back(&self, at: Timestamp) -> Legal {
        self.must_be_under_way()?;
        if self.state == RunState::Undoing && self.all_done() {
            return self.must_be_settled(at);
        }
        Err(wrong_state(
            "The run is not taken back, or steps of that are still open.",
            "It has been taken back when every step of the undo has succeeded or was skipped by a person.",
        ))
    }

    /// What an abort would undo now, in the order in which it would, and what it would leave.
    #[must_use]
    pub fn taken_back(&self) -> TakenBack {
        let mut stays = Vec::new();
        let mut undone: BTreeMap<&StepId, (&Step, Change)> = BTreeMap::new();
        for step in self.steps_in_order() {
            let Some(change) = step.change() else { continue };
            // What a drill has deleted is its own copy, which the undo of what made that sees gone.
            if change.deletes_what().is_some() {
                continue;
            }
            let floor = self.floor_beneath(step, change);
            if floor.is_none() && !self.may_have_acted(&step.id) {
                continue;
            }
            match self.undo_of(step, change, floor.unwrap_or(&step.id)) {
                Ok(Some(back)) => {
                    undone.insert(&step.id, (step, back));
                }
                Ok(None) => {}
                Err(reason) => stays.push(Stays { step: step.id.clone(), reason }),
            }
        }
        TakenBack { steps: self.undo_steps(&undone), stays }
    }

    /// Whether a call of the step has, or may have, taken effect.
    fn may_have_acted(&self, id: &StepId) -> bool {
        self.progress(id).is_some_and(|p| p.call.is_some() || !p.answers.is_empty())
    }

    /// The step that has moved the floor beneath a service's count: the count may have moved with it, whether or not its own
    /// step had anything left to do.
    fn floor_beneath(&self, step: &Step, change: &Change) -> Option<&StepId> {
        let Change::SetEcsDesiredCount { region, cluster, service, .. } = change else { return None };
        let moves_it = |floor: &&Step| {
            step.after.contains(&floor.id)
                && self.may_have_acted(&floor.id)
                && matches!(floor.change(), Some(Change::SetEcsScalingBounds { region: r, cluster: c, service: s, .. })
                    if (r, c, s) == (region, cluster, service))
        };
        self.steps_in_order().find(moves_it).map(|floor| &floor.id)
    }

    /// `acted`: the step whose journal entry tells what stood.
    fn undo_of(&self, step: &Step, change: &Change, acted: &StepId) -> Result<Option<Change>, String> {
        match &step.undo {
            Some(Undo::PutBack { .. }) => {}
            Some(Undo::Nothing) => return Ok(None),
            Some(Undo::None { reason }) => return Err(reason.clone()),
            None => return Err("the request was made by an older version and says no undo of it".into()),
        }
        if let Some((deletion, back)) = self.deletion_of(&step.id) {
            return match self.progress(deletion).map(|p| p.state) {
                Some(StepState::Succeeded) => Ok(None),
                Some(StepState::Skipped) => {
                    Err("a person skipped its deletion: what it restored stays".into())
                }
                _ => Ok(Some(back.clone())),
            };
        }
        let Some(resource) = &step.resource else { return Err("it names no resource".into()) };
        let stood = self.progress(acted).map(|p| p.stood.as_slice()).unwrap_or_default();
        put_back(change, resource, stood)
    }

    /// The step of the plan that takes away again what this one makes: its call was approved with the rest.
    fn deletion_of(&self, maker: &StepId) -> Option<(&StepId, &Change)> {
        let mut changes = self.carried_out().steps.iter().filter_map(|step| Some((&step.id, step.change()?)));
        changes.find(|(_, change)| change.deletes_what() == Some(maker))
    }

    /// In an order in which each comes after those that it waits for.
    fn undo_steps(&self, undone: &BTreeMap<&StepId, (&Step, Change)>) -> Vec<Step> {
        let ids = self.undo_ids(undone);
        let forward = self.forward_order(undone);
        let mut after: BTreeMap<&StepId, Vec<StepId>> = BTreeMap::new();
        for (id, comes_after) in &forward {
            for before in comes_after {
                after.entry(before).or_default().extend(ids.get(id).cloned());
            }
        }
        let mut steps = Vec::new();
        for (id, _) in forward.iter().rev() {
            let (Some((step, back)), Some(own)) = (undone.get(id), ids.get(id)) else { continue };
            steps.push(Step {
                id: own.clone(),
                title: format!("Take back: {}", step.title),
                work: Work::Call { change: back.clone() },
                resource: step.resource.clone(),
                regions: self.regions_looked_at(step, back),
                after: after.remove(id).unwrap_or_default(),
                timeout_seconds: step.timeout_seconds,
                irreversible: false,
                plane: back.plane(),
                value_now: step.value_to_be.clone(),
                value_to_be: match back.deletes_what() {
                    Some(_) => "gone".into(),
                    None => self.stood_in_words(step),
                },
                how: How::default(),
                undo: Some(Undo::Nothing),
                undoes: Some(Box::new(Undoes {
                    step: step.id.clone(),
                    seen: self.was_seen(&step.id),
                    accepted: self.accepted(&step.id),
                    left: self.left_by(step),
                })),
            });
        }
        self.see_serving_before_lowering(steps, undone)
    }

    /// Nothing of it may show later: its effect was seen, or it had none of its own.
    fn was_seen(&self, id: &StepId) -> bool {
        let succeeded = self.progress(id).is_some_and(|p| p.state == StepState::Succeeded);
        succeeded || !self.may_have_acted(id)
    }

    fn accepted(&self, id: &StepId) -> u32 {
        let answers = self.progress(id).map_or(0, |progress| progress.answers.len());
        u32::try_from(answers).unwrap_or(u32::MAX)
    }

    /// What leads traffic is looked at everywhere: what opened a Region looked at no other, and its undo closes it.
    fn regions_looked_at(&self, step: &Step, back: &Change) -> Vec<RegionCode> {
        let mut regions = step.regions.clone();
        let leads = leads_traffic(back);
        let facts = self
            .request
            .plan
            .facts
            .iter()
            .filter(|fact| leads && step.resource.as_ref() == Some(&fact.resource));
        for fact in facts {
            if !regions.contains(&fact.region) {
                regions.push(fact.region.clone());
            }
        }
        regions
    }

    /// An id of its own for each: by it the calls of the undo are told apart from those of what it takes back.
    fn undo_ids<'a>(&self, undone: &BTreeMap<&'a StepId, (&Step, Change)>) -> BTreeMap<&'a StepId, StepId> {
        let mut taken: BTreeSet<StepId> = self.steps_in_order().map(|step| step.id.clone()).collect();
        taken.extend(StepId::parse(SEE_SERVING).ok());
        let mut ids = BTreeMap::new();
        for (place, id) in (1..).zip(undone.keys().copied()) {
            let names = std::iter::once(format!("{PREFIX}{id}"))
                .chain((0_u32..).map(|again| format!("{PREFIX}step-{place}-{again}")));
            let own = names.filter_map(|text| StepId::parse(&text).ok()).find(|own| !taken.contains(own));
            if let Some(own) = own {
                taken.insert(own.clone());
                ids.insert(id, own);
            }
        }
        ids
    }

    /// The steps that are undone, in the order in which they were done, each with those of them that it came after:
    /// directly, or by way of steps that are not undone.
    fn forward_order<'a>(
        &self,
        undone: &BTreeMap<&'a StepId, (&'a Step, Change)>,
    ) -> Vec<(&'a StepId, BTreeSet<&'a StepId>)> {
        let mut behind: BTreeMap<&StepId, BTreeSet<&'a StepId>> = BTreeMap::new();
        let mut order: Vec<(&'a StepId, BTreeSet<&'a StepId>)> = Vec::new();
        let of_plan: BTreeSet<&StepId> = self.request.plan.steps.iter().map(|step| &step.id).collect();
        for step in self.steps_in_order() {
            let mut nearest: BTreeSet<&'a StepId> =
                step.after.iter().filter_map(|before| behind.get(before)).flatten().copied().collect();
            // What stands for another step comes after that one.
            if let Some(replaced) = self.stands_for(&step.id) {
                nearest.extend(behind.get(replaced).into_iter().flatten().copied());
            }
            // All of an emergency comes after all of the plan whose place it took.
            if step.after.is_empty() && !of_plan.contains(&step.id) {
                nearest.extend(order.iter().map(|(id, _)| *id).filter(|id| of_plan.contains(id)));
            }
            match undone.get_key_value(&step.id) {
                Some((id, _)) => {
                    order.push((id, nearest));
                    behind.insert(&step.id, BTreeSet::from([*id]));
                }
                None => {
                    behind.insert(&step.id, nearest);
                }
            }
        }
        swap_floors(&mut order, undone);
        order
    }

    /// No capacity is taken away before traffic is seen where it came from: the last Region with traffic is not to lose
    /// what serves it, whatever a person has skipped.
    fn see_serving_before_lowering(
        &self,
        mut steps: Vec<Step>,
        undone: &BTreeMap<&StepId, (&Step, Change)>,
    ) -> Vec<Step> {
        let lowering = |step: &Step| {
            let of = step.undoes.as_ref().and_then(|undoes| undone.get(&undoes.step));
            of.is_some_and(|(done, back)| done.change().is_some_and(|change| lowers(change, back)))
        };
        let shows = !(self.carried_out().traffic().is_empty() && self.carried_out().stores().is_empty());
        // What is taken away before traffic has its way back is none that serves it: it was given after the move.
        let moves =
            |step: &Step| step.change().is_some_and(|change| leads_traffic(change) || moves_a_writer(change));
        let back = steps.iter().rposition(moves).map_or(0, |last| last + 1);
        let first = steps.iter().skip(back).position(lowering).map(|at| back + at);
        let Some(first) = first.filter(|_| shows) else { return steps };
        let Ok(id) = StepId::parse(SEE_SERVING) else { return steps };
        let (moved, rest) = steps.split_at_mut(first);
        rest.iter_mut().filter(|step| lowering(step)).for_each(|step| step.after.push(id.clone()));
        let (movement, frozen) = (self.movement(), self.carried_out());
        let confirms = frozen.steps.iter().find(|step| matches!(step.work, Work::ConfirmServing { .. }));
        let see = Step {
            id,
            title: format!("See that {} is served from {}", self.request.application, movement.from),
            work: Work::ConfirmServing { region: movement.from.clone(), not_from: None, probes: Vec::new() },
            resource: None,
            regions: frozen.regions().into_iter().collect(),
            after: moved.iter().map(|step| step.id.clone()).collect(),
            timeout_seconds: 600,
            irreversible: false,
            plane: confirms.map(|step| step.plane.clone()).unwrap_or_default(),
            value_now: String::new(),
            value_to_be: format!("served from {}, before any capacity is taken away", movement.from),
            how: How::default(),
            undo: Some(Undo::Nothing),
            undoes: None,
        };
        steps.insert(first, see);
        steps
    }

    /// As the plan words it, where that is what stood when the step was about to act.
    fn stood_in_words(&self, step: &Step) -> String {
        let stood = self.progress(&step.id).map(|p| p.stood.as_slice()).unwrap_or_default();
        let plan =
            if self.request.plan.step(&step.id).is_some() { &self.request.plan } else { self.carried_out() };
        let same = stood.iter().all(|b| plan.stood(&b.resource, &b.region) == Some(&b.facts));
        if same && !step.value_now.is_empty() {
            return step.value_now.clone();
        }
        match &step.undo {
            Some(Undo::PutBack { restores }) => restores.clone(),
            _ => "what stood before".into(),
        }
    }

    /// Takes the abort in: what is open goes out, the steps that undo what was done come in.
    pub(super) fn take_abort(&mut self, by: Option<Who>, reason: String, at: Timestamp) {
        let TakenBack { steps, stays } = self.taken_back();
        for step in &steps {
            self.steps.insert(step.id.clone(), super::StepProgress::pending());
        }
        let frozen = self.carried_out();
        let mut roles = self.request.plan.roles.clone();
        roles.extend(frozen.roles.clone());
        let plan = Plan {
            steps,
            roles,
            facts: self.request.plan.facts.clone(),
            before: self.request.plan.before.clone(),
            measurements: Vec::new(),
            notes: Vec::new(),
            changed_before: BTreeSet::new(),
            drill: self.request.plan.drill,
            split: None,
        };
        self.undoing = Some(Box::new(Undoing { by, at, reason, plan, stays }));
        self.paused_by = None;
        self.state = RunState::Undoing;
        self.give_up_what_is_open(at);
        self.settle();
    }

    /// How the step left its resource, where it has acted and its effect was seen.
    fn left_by(&self, step: &Step) -> Vec<Before> {
        let progress = self.progress(&step.id).filter(|p| p.state == StepState::Succeeded);
        let seen = progress.filter(|_| self.may_have_acted(&step.id)).map(|p| p.after.as_slice());
        let own = |seen: &&Before| step.resource.as_ref() == Some(&seen.resource);
        seen.unwrap_or_default().iter().filter(own).cloned().collect()
    }

    /// Nothing of what it did stands any more, nor was left out by a person.
    pub(super) fn is_restored(&self) -> bool {
        let whole = self.undoing.as_ref().is_some_and(|undoing| undoing.stays.is_empty());
        self.state == RunState::RolledBack && whole && self.skipped().is_empty()
    }

    /// The undo of a step is done: so is the step's own effect.
    pub(super) fn mark_undone(&mut self, id: &StepId) {
        let undone = self.step(id).and_then(|step| step.undoes.as_ref()).map(|undoes| undoes.step.clone());
        if let Some(progress) = undone.and_then(|step| self.steps.get_mut(&step)) {
            progress.state = StepState::Undone;
        }
    }
}

fn leads_traffic(change: &Change) -> bool {
    matches!(
        change,
        Change::SetAcceleratorGroup { .. }
            | Change::ReplaceRecords { .. }
            | Change::SetRoutingControls { .. }
            | Change::SetAccessPointRoutes { .. }
            | Change::SetHealthCheck { .. }
            | Change::SetPrimaryOrigins { .. }
            | Change::SetSwitchObject { .. }
    )
}

fn moves_a_writer(change: &Change) -> bool {
    matches!(change, Change::SwitchAuroraOver { .. })
}

/// A service's count and the floor beneath it change their places: taken back in the reverse of their order, the floor
/// that still stood would lift the count again.
fn swap_floors<'a>(
    order: &mut [(&'a StepId, BTreeSet<&'a StepId>)],
    undone: &BTreeMap<&'a StepId, (&'a Step, Change)>,
) {
    let change = |id: &StepId| undone.get(id).and_then(|(step, _)| step.change());
    for at in 1..order.len() {
        let Some((count, comes_after)) = order.get(at).cloned() else { continue };
        let Some(Change::SetEcsDesiredCount { region, cluster, service, .. }) = change(count) else {
            continue;
        };
        let floor = comes_after.iter().copied().find(|id| {
            matches!(change(id), Some(Change::SetEcsScalingBounds { region: r, cluster: c, service: s, .. })
                if (r, c, s) == (region, cluster, service))
        });
        let Some(floor) = floor else { continue };
        let swap = |id: &'a StepId| match id {
            id if id == count => floor,
            id if id == floor => count,
            other => other,
        };
        for (id, after) in order.iter_mut() {
            *id = swap(id);
            *after = after.iter().map(|id| swap(id)).collect();
        }
    }
}
