//! From planned to emergency within the run: what was frozen beside the plan takes its place. What the planned part has
//! reached is seen as reached by the new steps' own checks; only what nothing shows is carried over here.

use super::{CallState, Event, Run, RunState, StepProgress, StepState, Who};
use crate::change::Change;
use crate::movement::{Mode, Movement};
use crate::plan::{EmergencyVariant, Plan, escalated_id};
use crate::refusal::Refusal;
use crate::step::{Step, Work};
use holdfast_domain::{Name, StepId};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// That, by whom, and to what a planned run was escalated.
#[derive(Debug, Clone, PartialEq)]
pub struct Escalated {
    pub by: Who,
    pub at: Timestamp,
    pub reason: String,
    pub overrides: Vec<String>,
    pub movement: Movement,
    pub plan: Plan,
    /// The steps of the variant that took the place of a step of the plan; empty: the whole variant took the whole plan's.
    pub alone: BTreeSet<StepId>,
    /// Where some stand alone: every step that the run has or had, in order.
    pub(super) order: Vec<Step>,
}

impl Escalated {
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.alone.is_empty()
    }
}

impl Run {
    /// What is carried out now: the frozen plan, after an escalation its emergency variant, after an abort the undo.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        self.undoing.as_ref().map_or_else(|| self.carried_out(), |undoing| &undoing.plan)
    }

    /// What moves the application, whether or not it is taken back since.
    #[must_use]
    pub fn carried_out(&self) -> &Plan {
        self.escalated.as_ref().map_or(&self.request.plan, |escalated| &escalated.plan)
    }

    #[must_use]
    pub fn movement(&self) -> &Movement {
        self.escalated.as_ref().map_or(&self.request.movement, |escalated| &escalated.movement)
    }

    /// How this step is judged: one that was escalated alone as of an emergency, which may do without the Region being left.
    #[must_use]
    pub fn movement_of(&self, id: &StepId) -> Movement {
        let movement = self.movement().clone();
        let alone = self.escalated.as_ref().is_some_and(|escalated| escalated.alone.contains(id));
        if alone { Movement { mode: Mode::Emergency, ..movement } } else { movement }
    }

    /// On whose word the run does what it does now.
    #[must_use]
    pub fn on_behalf_of(&self) -> &Who {
        let aborted = self.undoing.as_ref().and_then(|undoing| undoing.by.as_ref());
        let escalated = || self.escalated.as_ref().map(|escalated| &escalated.by);
        aborted.or_else(escalated).unwrap_or(&self.request.by)
    }

    /// Every step that the run has or had: those of the plan, of what an escalation put in its place, of the undo.
    pub fn steps_in_order(&self) -> impl Iterator<Item = &Step> {
        let (planned, escalated): (&[Step], &[Step]) = match &self.escalated {
            None => (&self.request.plan.steps, &[]),
            Some(escalated) if escalated.is_whole() => (&self.request.plan.steps, &escalated.plan.steps),
            Some(escalated) => (&escalated.order, &[]),
        };
        let undoing = self.undoing.iter().flat_map(|undoing| &undoing.plan.steps);
        planned.iter().chain(escalated).chain(undoing)
    }

    /// The call of what was replaced that may still take effect, and until when: nothing is done before.
    #[must_use]
    pub fn awaited_answer(&self, now: Timestamp) -> Option<(&StepId, Timestamp)> {
        self.open().filter(|(_, until)| now < *until)
    }

    /// The replaced step whose call is settled last, as long as nothing of what replaced it has begun.
    pub(super) fn open(&self) -> Option<(&StepId, Timestamp)> {
        self.steps_in_order()
            .filter(|step| self.is_replaced(&step.id))
            .filter_map(|step| {
                let progress = self.progress(&step.id).filter(|p| !p.state.is_done())?;
                Some((&step.id, progress.answer_may_come_until()?))
            })
            .max_by_key(|(_, until)| *until)
    }

    /// Whether the step is one of what an escalation, or an abort, has replaced.
    pub(super) fn is_replaced(&self, id: &StepId) -> bool {
        self.plan().step(id).is_none() && self.step(id).is_some()
    }

    /// What stands against an escalation as the run stands; fresh identity and the guards are the asker's to see to.
    ///
    /// # Errors
    /// Says what, and the way out.
    pub fn may_escalate(&self) -> Result<(), Refusal> {
        let no = |sentence: &str, way_out: &str| Err(Refusal::new("wrong_state", sentence, way_out));
        if self.request.movement.mode == Mode::Emergency {
            return no("The run is an emergency from its beginning.", "Nothing need be done.");
        }
        if self.request.dry_run {
            return Err(Refusal::new(
                "dry_run",
                "A dry run changes nothing, so there is nothing to escalate.",
                "Request an emergency, or a dry run of one.",
            ));
        }
        if let Some(escalated) = self.escalated.as_ref().filter(|escalated| escalated.is_whole()) {
            return no(
                &format!("The run was escalated by {} at {}.", escalated.by.email, escalated.at),
                "It is carried out as an emergency: nothing need be done.",
            );
        }
        match self.state {
            RunState::AwaitingApproval => {
                return no(
                    "The run has not started: it waits for approval.",
                    "Request an emergency: it takes the place of a request that waits.",
                );
            }
            RunState::Running | RunState::Paused | RunState::NeedsPerson if self.undoing.is_none() => {}
            RunState::Running | RunState::Paused | RunState::NeedsPerson | RunState::Undoing => {
                return no(
                    "The run was aborted, and what it did is taken back.",
                    "Wait until it has ended, and request an emergency.",
                );
            }
            RunState::AwaitingCommit => {
                return no(
                    "The planned move is over, and is being settled.",
                    "Wait until the run has ended, and request an emergency.",
                );
            }
            _ => return Err(self.over()),
        }
        if self.all_done() {
            return no(
                "Every step of the planned move is done.",
                "Resume the run, or wait until it says so.",
            );
        }
        match &self.request.emergency {
            Some(EmergencyVariant::Ready { .. }) => Ok(()),
            Some(EmergencyVariant::None { reason }) => Err(Refusal::new(
                "no_emergency_variant",
                format!("No emergency could be planned for it: {}.", reason.trim_end_matches('.')),
                "Cancel the run, and request what is to be done instead.",
            )),
            None => Err(Refusal::new(
                "no_emergency_variant",
                "The request was made by an older version and holds no emergency variant.",
                "Cancel the run, and request an emergency.",
            )),
        }
    }

    /// Takes the escalation in: the variant's steps come in, what is open of the plan goes out.
    pub(super) fn take_escalation(&mut self, event: &Event, at: Timestamp) {
        let Event::Escalated { by, reason, overrides } = event else { return };
        let Some(EmergencyVariant::Ready { steps, roles, notes }) = self.request.emergency.clone() else {
            return;
        };
        let changed_before = self.changed();
        for step in &steps {
            // One that was escalated alone before goes on where it is.
            if !self.steps.contains_key(&step.id) {
                let progress = self.carried_over(step);
                self.steps.insert(step.id.clone(), progress);
            }
        }
        let frozen = &self.request.plan;
        self.escalated = Some(Box::new(Escalated {
            by: by.clone(),
            at,
            reason: reason.clone(),
            overrides: overrides.clone(),
            movement: Movement { mode: Mode::Emergency, ..self.request.movement.clone() },
            plan: Plan {
                steps,
                roles,
                facts: frozen.facts.clone(),
                before: frozen.before.clone(),
                measurements: frozen.measurements.clone(),
                notes,
                changed_before,
                drill: frozen.drill,
                split: frozen.split.clone(),
            },
            alone: BTreeSet::new(),
            order: Vec::new(),
        }));
        self.paused_by = None;
        self.state = RunState::Running;
        self.give_up_what_is_open(at);
        self.settle();
    }

    /// What is open of what was replaced goes out; what may still take effect is waited for first.
    pub(super) fn give_up_what_is_open(&mut self, at: Timestamp) {
        self.of_the_replaced(|progress, by, why| {
            if progress.answer_may_come_until().is_some_and(|until| at < until) && !progress.state.is_done() {
                progress.parked = None;
                if progress.state != StepState::Running {
                    progress.state = StepState::Unknown;
                }
            } else {
                progress.replace(by, why, at);
            }
        });
    }

    /// No answer can come any more to what was still open of what was replaced.
    pub(super) fn settle_replaced(&mut self, at: Timestamp) {
        self.of_the_replaced(|progress, by, why| progress.replace(by, why, at));
    }

    /// The call of a replaced step is settled; the step itself is left out.
    pub(super) fn replaced(&mut self, id: &StepId, at: Timestamp) {
        let Some((by, why)) = self.replacement().filter(|_| self.is_replaced(id)) else { return };
        if let Some(progress) = self.steps.get_mut(id) {
            progress.replace(&by, &why, at);
        }
    }

    fn of_the_replaced(&mut self, change: impl Fn(&mut StepProgress, &Who, &str)) {
        let Some((by, why)) = self.replacement() else { return };
        let replaced: Vec<StepId> =
            self.steps_in_order().map(|s| &s.id).filter(|id| self.is_replaced(id)).cloned().collect();
        for id in replaced {
            if let Some(progress) = self.steps.get_mut(&id) {
                change(progress, &by, &why);
            }
        }
    }

    /// By whom, and why, what is open is left out.
    fn replacement(&self) -> Option<(Who, String)> {
        if let Some(undoing) = &self.undoing {
            let by = undoing.by.clone().unwrap_or_else(|| self.request.by.clone());
            return Some((by, format!("given up when the run was aborted: {}", undoing.reason)));
        }
        let escalated = self.escalated.as_ref()?;
        let what = if escalated.is_whole() { "the escalation" } else { "its escalation" };
        let why = format!("replaced by {what} to an emergency: {}", escalated.reason);
        Some((escalated.by.clone(), why))
    }

    /// The resources that the run has changed so far, or may have. What makes or moves others than its own may have
    /// changed any.
    fn changed(&self) -> BTreeSet<Name> {
        let mut changed = BTreeSet::new();
        for step in self.steps_in_order() {
            let (Some(change), Some(progress)) = (step.change(), self.progress(&step.id)) else { continue };
            if progress.call.is_none() && progress.answers.is_empty() {
                continue;
            }
            if matches!(
                change,
                Change::CreateStack { .. }
                    | Change::UpdateStack { .. }
                    | Change::StartRestoreJob { .. }
                    | Change::StartRegionSwitch { .. }
            ) {
                return self.request.plan.facts.iter().map(|fact| fact.resource.clone()).collect();
            }
            changed.extend(step.resource.clone());
        }
        changed
    }

    /// How the variant's step begins: pending, so that it looks first. What nothing shows is not done again where it was
    /// done, and is for a person where it may have been.
    pub(super) fn carried_over(&self, step: &Step) -> StepProgress {
        let pending = StepProgress::pending();
        let unseen = match &step.work {
            Work::Call { change } => !change.shows(),
            Work::WaitForPerson { .. } | Work::WaitForTime { .. } => true,
            _ => false,
        };
        let planned = self.stands_for(&step.id).filter(|_| unseen);
        let Some(before) = planned.and_then(|planned| self.progress(planned)) else {
            return pending;
        };
        let done = StepProgress {
            state: StepState::Succeeded,
            started_at: before.started_at,
            ended_at: before.ended_at.or(before.started_at),
            note: Some("done before the escalation".into()),
            ..StepProgress::pending()
        };
        match (before.state, &before.call) {
            (StepState::Succeeded, _) => done,
            // The answer is all there is.
            (_, Some(CallState::Answered(answer))) if answer.tracking.is_none() => done,
            (_, Some(_)) => StepProgress {
                state: StepState::NeedsPerson,
                parked: Some((
                    "it was called before the escalation, and nothing shows what came of it".into(),
                    "Find out by what it does: if it happened, skip the step saying so; if not, or if twice does no harm, retry.".into(),
                )),
                ..pending
            },
            (_, None) => pending,
        }
    }

    /// The step of the plan that this one of the variant stands for.
    pub(super) fn stands_for(&self, id: &StepId) -> Option<&StepId> {
        let mut planned = self.request.plan.steps.iter().map(|step| &step.id);
        planned.find(|planned| escalated_id(planned).is_ok_and(|escalated| escalated == *id))
    }

    /// Whether the planned part had cut this store off before the escalation: what it measured then is what was lost.
    pub(super) fn was_cut_before(&self, store: &Name) -> bool {
        self.escalated.is_some()
            && self.steps_in_order().filter(|step| step.resource.as_ref() == Some(store)).any(|step| {
                let Some((change, progress)) = step.change().zip(self.progress(&step.id)) else {
                    return false;
                };
                match change {
                    // Done, it had waited until everything was copied.
                    Change::SwitchAuroraOver { .. }
                    | Change::FailAuroraOver { .. }
                    | Change::FailDatastoreOver { .. } => progress.state == StepState::Succeeded,
                    Change::PromoteReplica { .. }
                    | Change::PromoteReplicaCluster { .. }
                    | Change::StartRestoreJob { .. } => !progress.answers.is_empty(),
                    _ => false,
                }
            })
    }
}

impl StepProgress {
    fn replace(&mut self, by: &Who, why: &str, at: Timestamp) {
        if self.state.is_done() {
            return;
        }
        self.state = StepState::Skipped;
        self.parked = None;
        self.ended_at = Some(at);
        self.skipped_by = Some((by.clone(), why.to_owned()));
    }
}
