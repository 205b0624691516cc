//! Plans as they are kept: read, compared, edited, evaluated and waived. How they come to be is [`care`]'s.

mod care;
mod declared;
mod edit;
mod waivers;

use crate::App;
use crate::authority::{Action, may};
use crate::compliance::was_there;
use crate::picture::Judged;
use crate::problems::of_store;
use crate::runs::view::planned_steps;
use async_trait::async_trait;
use holdfast_api::plans::{
    EditPlan, EditView, EvaluationView, FormView, NewWaiver, PlanDiff, PlanHeadView, PlanLine,
    PlanVersionView, Plans, PlansView, VerificationView, WaiverView,
};
use holdfast_api::{Answer, Page, Problem};
use holdfast_domain::{Actor, Application, Name};
use holdfast_failover::Intent;
use holdfast_failover::evaluation::{Evaluation, Outcome, Rehearsal, STALE_AFTER, Standing, verification};
use holdfast_failover::plan::sheet::{Form, PlanKey, compare, is_in_time, lint};
use holdfast_failover::run::RunState;
use holdfast_store::{PlanCause, PlanHead, PlanVersion, RunHead};
use jiff::Timestamp;

/// Versions of a list at once.
const PAGE: u32 = 50;
/// Versions of one plan beside the one that is shown.
const SHOWN_BESIDE: u32 = 200;

#[async_trait]
impl Plans for App {
    async fn plans(&self, actor: &Actor, application: &Name) -> Answer<PlansView> {
        self.may_over(actor, Action::ReadStatus, application).await?;
        self.plans_view(application).await
    }

    async fn plan_versions(
        &self,
        actor: &Actor,
        application: &Name,
        cursor: Option<&str>,
    ) -> Answer<Page<PlanHeadView>> {
        self.may_over(actor, Action::ReadStatus, application).await?;
        self.application_named(application).await?;
        let before = match cursor.map(str::trim).filter(|text| !text.is_empty()) {
            None => None,
            Some(text) => Some(text.parse::<i32>().map_err(|_| {
                let way_out = "Leave it out to start at the newest.";
                Problem::bad_field("cursor", "is not one that an answer gave", way_out)
            })?),
        };
        let heads = self.store.plan_heads(application, before, PAGE).await.map_err(of_store)?;
        let next =
            (heads.len() == PAGE as usize).then(|| heads.last().map(|h| h.version.to_string())).flatten();
        Ok(Page { items: heads.iter().map(head).collect(), next })
    }

    async fn plan_version(&self, actor: &Actor, application: &Name, version: i32) -> Answer<PlanVersionView> {
        let actor = &self.may_over(actor, Action::ReadStatus, application).await?;
        let application = self.application_named(application).await?;
        let plan = self.version_of(&application.name, version).await?;
        self.version_view(actor, &application, plan).await
    }

    async fn compare_plans(
        &self,
        actor: &Actor,
        application: &Name,
        before: Option<i32>,
        after: i32,
    ) -> Answer<PlanDiff> {
        self.may_over(actor, Action::ReadStatus, application).await?;
        self.application_named(application).await?;
        let after = self.version_of(application, after).await?;
        let before = match before {
            Some(before) => self.version_of(application, before).await?,
            None => self.version_before(application, &after).await?,
        };
        if before.head.key != after.head.key {
            return Err(Problem::bad_field(
                "with",
                format!(
                    "version {} is of another plan than version {}",
                    before.head.version, after.head.version
                ),
                "Compare versions of one plan: the same move from the same Region to the same.",
            ));
        }
        let words = |of: &PlanVersion, but: &PlanVersion| {
            let only = of.edits.iter().filter(|edit| !but.edits.contains(edit));
            only.map(ToString::to_string).collect::<Vec<_>>()
        };
        Ok(PlanDiff {
            application: application.to_string(),
            compared: compare(&before.sheet, &after.sheet),
            edits_added: words(&after, &before),
            edits_removed: words(&before, &after),
            before: head(&before.head),
            after: head(&after.head),
        })
    }

    async fn edit_plan(&self, actor: &Actor, application: &Name, edit: EditPlan) -> Answer<PlanVersionView> {
        self.edit(actor, application, edit).await
    }

    async fn evaluate_plans(&self, actor: &Actor, application: &Name, version: i32) -> Answer<PlansView> {
        self.may_over(actor, Action::ReadStatus, application).await?;
        self.application_named(application).await?;
        self.version_of(application, version).await?;
        self.look_after(application, Some(actor)).await?;
        self.plans_view(application).await
    }

    async fn waive(&self, actor: &Actor, application: &Name, waiver: NewWaiver) -> Answer<PlansView> {
        self.add_waiver(actor, application, waiver).await?;
        self.plans_view(application).await
    }

    async fn end_waiver(
        &self,
        actor: &Actor,
        application: &Name,
        step: &str,
        plane: &str,
    ) -> Answer<PlansView> {
        self.take_waiver_back(actor, application, step, plane).await?;
        self.plans_view(application).await
    }
}

impl App {
    async fn plans_view(&self, name: &Name) -> Answer<PlansView> {
        let now = self.store.now().await.map_err(of_store)?;
        let judged = self.judge(name, now).await?;
        let current = self.store.current_plans(name).await.map_err(of_store)?;
        let care = self.store.plan_care(name).await.map_err(of_store)?;
        let ended = self.store.last_ended_runs(name, 20).await.map_err(of_store)?;
        let evaluation = care.evaluation.as_ref().map(|(evaluation, at)| (evaluation, *at));
        let verification = self.verification(&judged.application, &ended, evaluation, now).await?;
        let plans = PlanKey::all(&judged.application)
            .into_iter()
            .map(|key| {
                let newest = current.iter().find(|plan| plan.head.key == key);
                PlanLine {
                    intent: key.intent,
                    from_region: key.from.to_string(),
                    to_region: key.to.to_string(),
                    passable: is_passable(&judged, &key),
                    edits: newest.map_or(0, |plan| plan.edits.len()),
                    misfits: newest.map_or(0, |plan| plan.misfits.len()),
                    newest: newest.map(|plan| head(&plan.head)),
                }
            })
            .collect();
        Ok(PlansView {
            application: name.to_string(),
            plans,
            evaluation: evaluation_view(evaluation, now),
            verification,
            waivers: waivers(&judged.application, now),
            at: now,
        })
    }

    /// Whether what would be carried out today is what was rehearsed, of one application.
    pub(crate) async fn verification(
        &self,
        application: &Application,
        ended: &[RunHead],
        evaluation: Option<(&Evaluation, Timestamp)>,
        now: Timestamp,
    ) -> Answer<VerificationView> {
        let one = std::slice::from_ref(application);
        let found = self.verifications(one, ended, |_| evaluation, now).await?;
        Ok(found.into_iter().next().unwrap_or_default())
    }

    /// The same of many, in their order, from one query.
    pub(crate) async fn verifications<'a>(
        &self,
        applications: &[Application],
        ended: &[RunHead],
        evaluation: impl Fn(&Name) -> Option<(&'a Evaluation, Timestamp)> + Send,
        now: Timestamp,
    ) -> Answer<Vec<VerificationView>> {
        // The newest of each comes first.
        let rehearsed = |application: &Application| {
            ended.iter().find(|run| run.application == application.name && is_rehearsal(run))
        };
        let asked: Vec<_> = applications
            .iter()
            .filter_map(|application| {
                let run = rehearsed(application)?;
                let key = PlanKey::of(&run.movement);
                Some([(&application.name, key.clone(), run.requested_at), (&application.name, key, now)])
            })
            .flatten()
            .collect();
        let mut found = self.store.plans_as_of(&asked).await.map_err(of_store)?.into_iter();
        Ok(applications
            .iter()
            .map(|application| {
                let (mut rehearsal, mut standing) = (None, None);
                if let Some(run) = rehearsed(application) {
                    let (then, today) = (found.next().flatten(), found.next().flatten());
                    rehearsal = Some(Rehearsal {
                        run: run.id,
                        at: run.ended_at.unwrap_or(run.requested_at),
                        basis: then.map(|plan| plan.basis),
                    });
                    standing = today.map(|plan| Standing {
                        version: plan.version,
                        basis: plan.basis,
                        made_by: plan.made_by,
                        made_at: plan.made_at,
                    });
                }
                let evaluation = evaluation(&application.name);
                verification(application.tier, rehearsal.as_ref(), standing.as_ref(), evaluation, now).into()
            })
            .collect())
    }

    async fn version_of(&self, application: &Name, version: i32) -> Answer<PlanVersion> {
        match self.store.plan_version(application, version).await {
            Err(holdfast_store::Error::NotFound(_)) => {
                Err(Problem::not_found("plan version", &format!("{application}/{version}")))
            }
            found => found.map_err(of_store),
        }
    }

    /// Of the same plan; of its first version, that itself.
    async fn version_before(&self, application: &Name, of: &PlanVersion) -> Answer<PlanVersion> {
        let older = self.store.plan_heads(application, Some(of.head.version), SHOWN_BESIDE).await;
        match older.map_err(of_store)?.iter().find(|head| head.key == of.head.key) {
            Some(head) => self.version_of(application, head.version).await,
            None => Ok(of.clone()),
        }
    }

    async fn version_view(
        &self,
        actor: &Actor,
        application: &Application,
        plan: PlanVersion,
    ) -> Answer<PlanVersionView> {
        let now = self.store.now().await.map_err(of_store)?;
        let heads = self.store.plan_heads(&application.name, None, SHOWN_BESIDE).await.map_err(of_store)?;
        let of_this: Vec<_> = heads.iter().filter(|h| h.key == plan.head.key).map(head).collect();
        let edits = plan.edits.iter().enumerate().map(|(at, edit)| EditView {
            words: edit.to_string(),
            step: edit.edit.step(),
            edit: edit.clone(),
            misfit: plan.misfits.iter().find(|misfit| misfit.edit == at).cloned(),
        });
        Ok(PlanVersionView {
            application: application.name.to_string(),
            newest: of_this.iter().map(|h| h.version).max().unwrap_or(plan.head.version),
            edits: edits.collect(),
            planned: form(&plan.sheet.planned),
            emergency: form(&plan.sheet.emergency),
            split: plan.sheet.split.clone(),
            shares: plan.sheet.shares.clone(),
            lint: lint(&plan.sheet, &plan.head.key, application, now),
            versions: of_this,
            may_edit: may(actor, Action::WriteInventory).is_ok(),
            head: head(&plan.head),
        })
    }
}

/// Whether the application stands where this way begins. Where nothing shows who serves, the plans from home are kept:
/// they are read, and no run rests on them.
pub(crate) fn is_passable(judged: &Judged, key: &PlanKey) -> bool {
    let at_home = std::slice::from_ref(&judged.application.home_region);
    let serves = if judged.serving.regions.is_empty() { at_home } else { &judged.serving.regions };
    serves.contains(&key.from) && (key.intent != Intent::Failback || !serves.contains(&key.to))
}

/// What proved that the plan works: traffic and stores were moved by it, and nothing was left out.
fn is_rehearsal(run: &RunHead) -> bool {
    let completed = run.movement.intent == Intent::Failover && run.state == RunState::Completed;
    completed && !run.dry_run && !was_there(run)
}

fn form(of: &Form) -> FormView {
    match of {
        Form::Made { steps, notes, .. } => {
            FormView { steps: planned_steps(steps), notes: notes.clone(), refused: None }
        }
        Form::Refused { refusal } => {
            FormView { steps: Vec::new(), notes: Vec::new(), refused: Some(refusal.clone()) }
        }
    }
}

fn head(of: &PlanHead) -> PlanHeadView {
    PlanHeadView {
        version: of.version,
        intent: of.key.intent,
        from_region: of.key.from.to_string(),
        to_region: of.key.to.to_string(),
        digest: of.digest.to_string(),
        cause: match of.cause {
            PlanCause::First => "first",
            PlanCause::Inventory => "inventory",
            PlanCause::Edited => "edited",
            PlanCause::Seen => "seen",
        }
        .to_owned(),
        made_by: of.made_by.clone(),
        reason: of.reason.clone(),
        made_at: of.made_at,
    }
}

fn evaluation_view(of: Option<(&Evaluation, Timestamp)>, now: Timestamp) -> EvaluationView {
    EvaluationView {
        outcome: Evaluation::now(of, now),
        at: of.map(|(_, at)| at),
        stale: of.is_some_and(|(evaluation, at)| {
            evaluation.outcome != Outcome::Unknown && now.duration_since(at) > STALE_AFTER
        }),
        found: of.map(|(evaluation, _)| evaluation.clone()),
    }
}

fn waivers(application: &Application, now: Timestamp) -> Vec<WaiverView> {
    application
        .waivers
        .iter()
        .map(|waiver| WaiverView {
            step: waiver.step.to_string(),
            plane: waiver.plane.clone(),
            by: waiver.by.clone(),
            reason: waiver.reason.clone(),
            review_on: waiver.review_on,
            expired: !is_in_time(waiver, now),
        })
        .collect()
}
