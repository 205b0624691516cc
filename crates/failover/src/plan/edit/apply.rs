//! Lays edits over a generated plan, one after the other: each is taken only if what comes of it is still a plan.

use super::safety::{self, Laid};
use super::{Edit, Editing, Misfit};
use crate::movement::Mode;
use crate::plan::own::{following, in_order};
use crate::step::how::{Condition, IfItFails};
use crate::step::{Step, Work};
use holdfast_domain::{Application, StepId};

/// A field of an edit, what is wrong with it, and the way out.
pub(super) type No = (&'static str, String, String);

pub(super) fn no(field: &'static str, sentence: impl Into<String>, way_out: impl Into<String>) -> No {
    (field, sentence.into(), way_out.into())
}

/// `laid` is the plan as it was generated, steps of one's own included, with the part of the plan that each step is of.
/// What comes back beside the steps is what did not fit.
pub(in crate::plan) fn lay_over(
    laid: &Laid,
    edits: &[Edit],
    mode: Mode,
    application: &Application,
) -> (Vec<Step>, Vec<Misfit>) {
    let mut steps = laid.steps.clone();
    let mut misfits = Vec::new();
    for (at, edit) in edits.iter().enumerate().filter(|(_, edit)| edit.is_of(mode)) {
        // Put in already, with the other steps of one's own.
        if matches!(edit.edit, Editing::Insert { .. }) {
            continue;
        }
        let mut next = steps.clone();
        let taken = one(&mut next, &edit.edit, laid, mode, application)
            .and_then(|()| safety::check(laid, &next, &edit.edit));
        match taken {
            Ok(()) => steps = next,
            Err((field, sentence, way_out)) => {
                misfits.push(Misfit { edit: at, field: field.to_owned(), mode, sentence, way_out });
            }
        }
    }
    (steps, misfits)
}

fn find<'a>(steps: &'a mut [Step], id: &StepId, field: &'static str) -> Result<&'a mut Step, No> {
    steps.iter_mut().find(|s| s.id == *id).ok_or_else(|| unknown(id, field))
}

fn unknown(id: &StepId, field: &'static str) -> No {
    no(
        field,
        format!("The plan has no step `{id}`."),
        "Name a step that the plan lists, or take the edit back if the step is gone.",
    )
}

fn one(
    steps: &mut Vec<Step>,
    edit: &Editing,
    laid: &Laid,
    mode: Mode,
    application: &Application,
) -> Result<(), No> {
    match edit {
        Editing::WaitFor { step, other } => {
            if !steps.iter().any(|s| s.id == *other) {
                return Err(unknown(other, "other"));
            }
            if step == other || following(steps, &[step.clone()].into()).contains(other) {
                return Err(no(
                    "other",
                    format!("`{other}` comes after `{step}` already: each would wait for the other."),
                    "Take the other order away first, or choose a step that comes earlier.",
                ));
            }
            let step = find(steps, step, "step")?;
            if step.after.contains(other) {
                return Err(no(
                    "other",
                    format!("`{}` waits for `{other}` already.", step.id),
                    "Nothing need be done.",
                ));
            }
            step.after.push(other.clone());
            in_order(steps);
            Ok(())
        }
        Editing::DoNotWaitFor { step, other } => {
            let index = steps.iter().position(|s| s.id == *step).ok_or_else(|| unknown(step, "step"))?;
            let Some(waited) = steps[index].after.iter().position(|a| a == other) else {
                return Err(no(
                    "other",
                    format!("`{step}` does not wait for `{other}` itself."),
                    "Name a step that it is listed to come after.",
                ));
            };
            // What stood behind the step that is no longer waited for is waited for still: only this one order goes.
            let behind = steps.iter().find(|s| s.id == *other).map(|s| s.after.clone()).unwrap_or_default();
            let step = &mut steps[index];
            step.after.remove(waited);
            for id in behind {
                if !step.after.contains(&id) {
                    step.after.push(id);
                }
            }
            in_order(steps);
            Ok(())
        }
        Editing::Timeout { step, seconds } => {
            if !Editing::TIMEOUT_SECONDS.contains(seconds) {
                return Err(no(
                    "seconds",
                    format!("{seconds} is not between 10 seconds and seven days."),
                    "Give the time that the step takes on a bad day.",
                ));
            }
            let step = find(steps, step, "step")?;
            if matches!(step.work, Work::WaitForTime { .. }) {
                return Err(no(
                    "step",
                    format!("`{}` waits for a time, and is over when that is.", step.id),
                    "Change what it waits for.",
                ));
            }
            step.timeout_seconds = *seconds;
            Ok(())
        }
        Editing::Tries { step, tries } => {
            if !Editing::TRIES.contains(tries) {
                return Err(no("tries", format!("{tries} is not between 1 and 20."), "Choose fewer tries."));
            }
            let step = find(steps, step, "step")?;
            if step.change().is_none() {
                return Err(no(
                    "step",
                    format!("`{}` makes no call that could be refused: it looks until it sees.", step.id),
                    "Give it more time instead.",
                ));
            }
            step.how.tries = Some(*tries);
            Ok(())
        }
        Editing::OnlyIf { step, condition } => {
            let step = find(steps, step, "step")?;
            laid.may_be_left_out(step)?;
            tells(condition, application)?;
            step.how.only_if = Some(condition.clone());
            Ok(())
        }
        Editing::IfItFails { step, then } => {
            let step = find(steps, step, "step")?;
            if *then == IfItFails::GoOn {
                laid.may_be_gone_on_without(step, mode)?;
            }
            step.how.if_it_fails = *then;
            Ok(())
        }
        Editing::LeaveOut { step } => {
            laid.may_be_left_out(find(steps, step, "step")?)?;
            leave_out(steps, step);
            Ok(())
        }
        Editing::Insert { .. } => Ok(()),
    }
}

/// What waited for it waits for what it waited for.
fn leave_out(steps: &mut Vec<Step>, id: &StepId) {
    let Some(at) = steps.iter().position(|s| s.id == *id) else { return };
    let behind = steps.remove(at).after;
    for step in steps.iter_mut() {
        let Some(waited) = step.after.iter().position(|a| a == id) else { continue };
        step.after.remove(waited);
        for before in &behind {
            if !step.after.contains(before) {
                step.after.push(before.clone());
            }
        }
    }
}

/// Whether the condition asks something that can be told at all.
fn tells(condition: &Condition, application: &Application) -> Result<(), No> {
    let (name, region) = (condition.resource(), condition.region());
    let Some(resource) = application.resource(name) else {
        return Err(no(
            "condition.resource",
            format!("{} has no resource `{name}`.", application.name),
            "Name one that the inventory has.",
        ));
    };
    if !application.regions().any(|r| r == region) || !resource.spec.is_in(region) {
        return Err(no(
            "condition.region",
            format!("{name} is not in {region}."),
            "Name a Region in which the inventory has it.",
        ));
    }
    Ok(())
}
