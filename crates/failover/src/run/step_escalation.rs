//! One step goes on as an emergency, in the place that it has in the plan; what comes before and after it stays planned.
//! What it does was frozen and approved with the plan, as for the whole run.

use super::escalation::Escalated;
use super::{Event, Run, StepState};
use crate::movement::Mode;
use crate::plan::{EmergencyVariant, Plan, escalated_id};
use crate::refusal::Refusal;
use crate::step::{Step, Work};
use holdfast_domain::StepId;
use jiff::Timestamp;

impl Run {
    /// The steps that may be escalated alone as the run stands, each with what it becomes.
    pub fn escalatable(&self) -> impl Iterator<Item = (&Step, &Step)> {
        let steps = self.carried_out().steps.iter().filter(|step| self.may_escalate_step(&step.id).is_ok());
        steps.filter_map(|step| Some((step, self.variant_of(&step.id)?)))
    }

    /// What stands against escalating this step alone; fresh identity and the guards are the asker's to see to.
    ///
    /// # Errors
    /// Says what, and the way out.
    pub fn may_escalate_step(&self, id: &StepId) -> Result<(), Refusal> {
        let (step, progress) = self.of(id)?;
        self.may_escalate()?;
        let no = |sentence: String, way_out: &str| Err(Refusal::new("wrong_state", sentence, way_out));
        if self.is_replaced(id) || self.movement_of(id).mode == Mode::Emergency {
            return no(
                format!("`{id}` is a part of an escalation already."),
                "The step that took its place goes on.",
            );
        }
        match progress.state {
            StepState::Pending if !self.ready(step) => {
                return no(
                    format!("`{id}` is not next: steps before it are not done."),
                    "Finish or skip those first, or escalate the whole run.",
                );
            }
            state if state.is_done() => {
                return no(format!("`{id}` is {} already.", state.as_str()), "There is nothing to escalate.");
            }
            _ => {}
        }
        if self.variant_of(id).is_some() {
            return Ok(());
        }
        Err(Refusal::new(
            "no_emergency_variant",
            format!("`{id}` calls nothing that an emergency would do in its place."),
            "Skip it with a reason, or escalate the whole run.",
        ))
    }

    /// The call of the variant that stands for this one.
    fn variant_of(&self, id: &StepId) -> Option<&Step> {
        let Some(EmergencyVariant::Ready { steps, .. }) = &self.request.emergency else { return None };
        let own = self.request.plan.step(id).filter(|step| matches!(step.work, Work::Call { .. }))?;
        let id = escalated_id(&own.id).ok()?;
        steps.iter().find(|step| step.id == id && matches!(step.work, Work::Call { .. }))
    }

    /// Takes it in: the variant's step stands where the plan's stood.
    pub(super) fn take_step_escalation(&mut self, event: &Event, at: Timestamp) {
        let Event::StepEscalated { step: id, by, reason, overrides } = event else { return };
        let Some(EmergencyVariant::Ready { roles, .. }) = &self.request.emergency else { return };
        let Some((replaced, mut step)) =
            self.carried_out().step(id).cloned().zip(self.variant_of(id).cloned())
        else {
            return;
        };
        let roles = roles.clone();
        step.after.clone_from(&replaced.after);
        let progress = self.carried_over(&step);
        self.steps.insert(step.id.clone(), progress);
        let follow = |mut other: Step| {
            other
                .after
                .iter_mut()
                .filter(|before| *before == id)
                .for_each(|before| before.clone_from(&step.id));
            other
        };
        let mut plan: Plan = self.carried_out().clone();
        plan.roles.extend(roles);
        let stands = |other: Step| if other.id == *id { step.clone() } else { follow(other) };
        plan.steps = plan.steps.into_iter().map(stands).collect();
        let both = |other: &Step| {
            if other.id == *id { vec![other.clone(), step.clone()] } else { vec![follow(other.clone())] }
        };
        let order = self.steps_in_order().flat_map(both).collect();
        let mut alone = self.escalated.as_ref().map(|escalated| escalated.alone.clone()).unwrap_or_default();
        alone.insert(step.id.clone());
        self.escalated = Some(Box::new(Escalated {
            by: by.clone(),
            at,
            reason: reason.clone(),
            overrides: overrides.clone(),
            movement: self.request.movement.clone(),
            plan,
            alone,
            order,
        }));
        self.give_up_what_is_open(at);
        self.settle();
    }
}
