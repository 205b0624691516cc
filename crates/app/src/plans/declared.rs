//! Edits that the declarative file holds: each that is new is tried as an edit in place is, over the plan as it is generated from
//! what is seen now. Where none can be generated, because the application does not stand there or was never seen, it is
//! taken as it is written, and said; the evaluation tells later what does not fit.

use super::care::sketch;
use super::is_passable;
use crate::App;
use crate::authority::{Action, may};
use crate::problems::{of_file, of_store};
use holdfast_api::Answer;
use holdfast_domain::plan_edit::{Condition, Edit, Editing};
use holdfast_domain::{Actor, Inventory, OwnPlan, PlanEdits};
use holdfast_failover::plan::edit::Misfit;
use holdfast_failover::plan::sheet::{Form, PlanKey};
use holdfast_failover::{Mode, Picture};
use holdfast_inventory::{Problem, Source, apply};
use jiff::Timestamp;

impl App {
    /// Answers with what could not be tried. What this actor may not change is not tried: the file is refused for it later, and
    /// what does not fit would show them a plan that they may not know of.
    ///
    /// # Errors
    /// The edits that do not fit, each at its line.
    pub(crate) async fn try_declared_edits(
        &self,
        actor: &Actor,
        sent: &Inventory,
        source: &Source,
        prune: bool,
    ) -> Answer<Vec<String>> {
        if sent.plans.iter().flatten().all(|plan| plan.edits.is_empty()) {
            return Ok(Vec::new());
        }
        let stored = self.store.load_inventory().await.map_err(of_store)?;
        let seen = self.seen(actor).await?;
        let merged = apply(&stored, sent, prune);
        let now = self.store.now().await.map_err(of_store)?;
        let (mut problems, mut untried) = (Vec::new(), Vec::new());
        for plan in sent.plans.iter().flatten() {
            let is_there = stored.applications.iter().flatten().any(|a| a.name == plan.application);
            let asked = seen.over(&plan.application);
            if is_there && asked.is_none_or(|asked| may(asked, Action::WriteInventory).is_err()) {
                continue;
            }
            let before = stored.plans.iter().flatten().find(|other| other.application == plan.application);
            for (at, way) in plan.edits.iter().enumerate() {
                if before.is_some_and(|before| before.edits.contains(way)) {
                    continue;
                }
                match self.misfits_of(&stored, &merged, plan, way, now).await? {
                    Some(misfits) => problems.extend(misfits.iter().map(|m| problem(plan, (at, way), m))),
                    None => untried.push(format!(
                        "{}: the edits of its {} plan from {} to {} could not be tried, because that plan cannot be generated now",
                        plan.application,
                        way.intent.as_str(),
                        way.from,
                        way.to
                    )),
                }
            }
        }
        if problems.is_empty() {
            return Ok(untried);
        }
        source.locate(&mut problems);
        Err(of_file("inventory", problems))
    }

    /// What does not fit; `None`: the plan cannot be generated now.
    async fn misfits_of(
        &self,
        stored: &Inventory,
        merged: &Inventory,
        plan: &OwnPlan,
        way: &PlanEdits,
        now: Timestamp,
    ) -> Answer<Option<Vec<Misfit>>> {
        let named =
            |all: &Inventory| all.applications.iter().flatten().find(|a| a.name == plan.application).cloned();
        let key = PlanKey { intent: way.intent, from: way.from.clone(), to: way.to.clone() };
        let (Some(_), Some(application)) = (named(stored), named(merged)) else { return Ok(None) };
        // What the comparison of the file says at its line.
        if !application.goes(key.intent, &key.from, &key.to) {
            return Ok(None);
        }
        let mut judged = self.judge(&plan.application, now).await?;
        judged.application = application;
        if !is_passable(&judged, &key) {
            return Ok(None);
        }
        let picture = match self.picture(&judged, &key.movement(Mode::Planned), now).await {
            // What stood before cannot be read: that plan waits for the journal, and the file does not.
            Err(problem) if problem.code == "journal_corrupt" => return Ok(None),
            picture => picture?,
        };
        let picture = Picture { edits: way.edits.clone(), own: plan.steps.clone(), ..picture };
        let drawn = sketch(&picture, key)?.drawn;
        let made = |form: &Form| matches!(form, Form::Made { .. });
        let any = made(&drawn.sheet.planned) || made(&drawn.sheet.emergency);
        Ok(any.then_some(drawn.misfits))
    }
}

fn problem(plan: &OwnPlan, (at, way): (usize, &PlanEdits), misfit: &Misfit) -> Problem {
    let edit = way.edits.get(misfit.edit);
    let path = format!("plans.{}.edits[{at}].edits[{}]", plan.application, misfit.edit);
    let said = edit.map(|edit| format!("{edit}: ")).unwrap_or_default();
    Problem::of_value(
        format!("{path}.{}", edit.map_or("edit", |edit| key(edit, &misfit.field))),
        format!("{said}{}", misfit.sentence),
        misfit.way_out.clone(),
    )
}

/// The file's key for a field of an edit.
fn key<'f>(edit: &Edit, field: &'f str) -> &'f str {
    match (field, &edit.edit) {
        ("seconds", _) => "timeout",
        ("condition.resource", Editing::OnlyIf { condition: Condition::Signal { .. }, .. }) => "signal",
        ("condition.resource", _) => "resource",
        ("condition.region", _) => "region",
        ("work", _) => "kind",
        ("place", _) => "name",
        (field, _) => field,
    }
}
