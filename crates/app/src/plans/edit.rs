//! An edit of a plan: thought through over what is generated now, and kept as a version with its audit entry in one
//! transaction, or refused with the field that stands in the way.

use super::care::{Sketch, sketch};
use super::is_passable;
use crate::App;
use crate::audit::done;
use crate::authority::Action;
use crate::free_text::{REASON_AT_MOST, free_text};
use crate::problems::of_store;
use holdfast_api::plans::{EditPlan, PlanVersionView};
use holdfast_api::{Answer, FieldProblem, Problem};
use holdfast_domain::{Actor, Name, RegionCode};
use holdfast_failover::plan::edit::{Edit, Editing, Misfit};
use holdfast_failover::plan::sheet::{Form, PlanKey};
use holdfast_failover::{Mode, Picture};
use holdfast_store::{NewPlanVersion, PlanCause, PlanVersion};

impl App {
    pub(super) async fn edit(&self, actor: &Actor, name: &Name, asked: EditPlan) -> Answer<PlanVersionView> {
        let actor = &self.may_over(actor, Action::WriteInventory, name).await?;
        let reason = free_text("reason", asked.reason.as_deref(), REASON_AT_MOST)?;
        if asked.edits.len() > Editing::AT_MOST {
            let message = format!("has more than {} edits", Editing::AT_MOST);
            return Err(Problem::bad_field("edits", message, "Change the inventory instead."));
        }
        let key = key(&asked)?;
        let now = self.store.now().await.map_err(of_store)?;
        let judged = self.judge(name, now).await?;
        if !PlanKey::all(&judged.application).contains(&key) {
            return Err(Problem::bad_field(
                "to_region",
                format!("{name} has no {} plan from {} to {}", key.intent.as_str(), key.from, key.to),
                "Choose one of the application's plans, as they are listed.",
            ));
        }
        if !is_passable(&judged, &key) {
            return Err(Problem::new(
                409,
                "plan_not_generated",
                "The plan cannot be generated now",
                format!(
                    "{name} does not stand where the {} from {} to {} begins, so its plan cannot be generated, \
                     and an edit cannot be tried on it.",
                    key.intent.as_str(),
                    key.from,
                    key.to
                ),
                "Edit it once the application is there: a failback's plan after the failover.",
            ));
        }
        let picture = self.picture(&judged, &key.movement(Mode::Planned), now).await?;
        let sketch = sketch(&Picture { edits: asked.edits.clone(), ..picture }, key)?;
        if let (Form::Refused { refusal }, Form::Refused { .. }) =
            (&sketch.drawn.sheet.planned, &sketch.drawn.sheet.emergency)
        {
            return Err(crate::problems::of_refusal(refusal.clone()));
        }
        if !sketch.drawn.misfits.is_empty() {
            return Err(do_not_fit(&asked.edits, &sketch.drawn.misfits));
        }
        let version = self.keep_edit(actor, name, &asked, reason, sketch).await?;
        // An evaluation on save; what it finds does not undo the edit.
        if let Err(problem) = self.look_after(name, None).await {
            tracing::warn!(application = %name, detail = %problem.detail, "an edited plan was not evaluated");
        }
        let plan = self.version_of(name, version).await?;
        self.version_view(actor, &judged.application, plan).await
    }

    async fn keep_edit(
        &self,
        actor: &Actor,
        name: &Name,
        asked: &EditPlan,
        reason: Option<String>,
        sketch: Sketch,
    ) -> Answer<i32> {
        let mut change = self.store.begin().await.map_err(of_store)?;
        // A file that is being stored holds edits too.
        change.lock_inventory().await.map_err(of_store)?;
        let (current, _) = change.current_plans_for_edit(name).await.map_err(of_store)?;
        let newest = current.iter().find(|plan| plan.head.key == sketch.key);
        must_be_made_on(asked.expected_version, newest)?;
        let before = newest.map(|plan| plan.edits.as_slice()).unwrap_or_default();
        if change.plan_edits(name, &sketch.key).await.map_err(of_store)? != before {
            return Err(Problem::new(
                409,
                "newer_version",
                "Changed meanwhile",
                "The edits of this plan were changed in the inventory, and its version with them is being made.",
                "Read the plan again in a moment, and make the edit on that.",
            ));
        }
        if before == asked.edits {
            return Ok(asked.expected_version);
        }
        let only = |of: &[Edit], but: &[Edit]| -> Vec<String> {
            of.iter().filter(|edit| !but.contains(edit)).map(ToString::to_string).collect()
        };
        let (added, removed) = (only(&asked.edits, before), only(before, &asked.edits));
        let new = NewPlanVersion {
            key: sketch.key,
            digest: sketch.digest,
            basis: sketch.basis,
            cause: PlanCause::Edited,
            made_by: actor.email.clone(),
            person: (!actor.person.0.is_nil()).then_some(actor.person),
            reason,
            edits: asked.edits.clone(),
            misfits: Vec::new(),
            sheet: sketch.drawn.sheet,
        };
        let version = change.insert_plan_version(name, &new).await.map_err(of_store)?;
        let detail = serde_json::json!({
            "version": version, "plan": new.key, "digest": new.digest, "added": added, "removed": removed,
            "reason": new.reason,
        });
        change
            .commit(done(actor, "plan.edit", &format!("application:{name}")).with(detail))
            .await
            .map_err(of_store)?;
        Ok(version)
    }
}

fn key(asked: &EditPlan) -> Answer<PlanKey> {
    let region = |field: &str, text: &str| {
        RegionCode::parse(text.trim()).map_err(|e| {
            Problem::bad_field(
                field,
                e.to_string(),
                "Name a Region of the application, such as `eu-central-1`.",
            )
        })
    };
    Ok(PlanKey {
        intent: asked.intent,
        from: region("from_region", &asked.from_region)?,
        to: region("to_region", &asked.to_region)?,
    })
}

/// # Errors
/// 409 that names the newer version and who made it.
fn must_be_made_on(expected: i32, newest: Option<&PlanVersion>) -> Answer<()> {
    match newest {
        Some(plan) if plan.head.version == expected => Ok(()),
        Some(plan) => {
            let mut problem = Problem::new(
                409,
                "newer_version",
                "Changed meanwhile",
                format!(
                    "Version {} was made by {} at {:.0}; the edit was made on version {expected}.",
                    plan.head.version, plan.head.made_by, plan.head.made_at
                ),
                format!("Read version {} and make the edit on that.", plan.head.version),
            );
            problem.blocked_by = Some(plan.head.version.to_string());
            Err(problem)
        }
        None => Err(Problem::new(
            409,
            "plan_not_generated",
            "There is no plan yet",
            "No version of this plan was made yet: not everything that it rests on was seen.",
            "Refresh the application, and look at its evaluation.",
        )),
    }
}

fn do_not_fit(edits: &[Edit], misfits: &[Misfit]) -> Problem {
    let said = |misfit: &Misfit| {
        let edit = edits.get(misfit.edit).map(ToString::to_string).unwrap_or_default();
        format!("{edit}: {}", misfit.sentence)
    };
    let first = misfits.first().map(said).unwrap_or_default();
    let way_out = misfits.first().map(|m| m.way_out.clone()).unwrap_or_default();
    let mut problem = Problem::new(422, "edit_does_not_fit", "The edit was not stored", first, way_out);
    problem.fields = misfits
        .iter()
        .map(|misfit| FieldProblem {
            line: None,
            column: None,
            path: misfit.path(),
            message: misfit.sentence.clone(),
            way_out: misfit.way_out.clone(),
        })
        .collect();
    problem
}
