//! How kept plans come to be: whenever their application is looked after, a plan whose way could be gone now is drawn up
//! from what is known, and kept as a version where it is another than the last. Then all of them are evaluated.
//!
//! A picture in which something is not known makes no version: what is kept must not follow what could not be seen.

use super::is_passable;
use crate::App;
use crate::audit::author;
use crate::picture::Judged;
use crate::problems::of_store;
use holdfast_api::Answer;
use holdfast_domain::{Actor, Name, Sight};
use holdfast_failover::evaluation::{Check, EVERY, Evaluated, Evaluation, Outcome, Topic, evaluate};
use holdfast_failover::plan::sheet::{Drawn, PlanKey, basis, draw};
use holdfast_failover::{Digest, Mode, Picture};
use holdfast_store::{AuditActor, AuditEntry, Changed, NewPlanVersion, PlanCause, PlanVersion};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// A worker that dies over an application's plans leaves them for so long.
const CLAIM: SignedDuration = SignedDuration::from_mins(2);
/// As long as a plan that could be made is not there yet, because something was not seen.
const AGAIN: SignedDuration = SignedDuration::from_mins(1);

/// A plan as it would be kept now.
pub(super) struct Sketch {
    pub key: PlanKey,
    pub drawn: Drawn,
    pub digest: Digest,
    pub basis: Digest,
}

impl App {
    /// Looks after the plans of those applications whose turn it is, at most `limit`; answers with how many there were.
    ///
    /// # Errors
    /// When the database does not answer. One application that cannot be looked after is logged, and comes again.
    pub async fn look_after_plans(&self, limit: u32) -> Answer<usize> {
        let due = self.store.claim_plan_care(limit, CLAIM).await.map_err(of_store)?;
        for application in &due {
            match self.look_after(application, None).await {
                Ok(()) => {}
                Err(problem) if problem.status == 404 => {}
                Err(problem) => {
                    tracing::warn!(%application, detail = %problem.detail, "plans could not be looked after");
                }
            }
        }
        Ok(due.len())
    }

    /// `asked`: a person wants it now, which is written down.
    pub(super) async fn look_after(&self, name: &Name, asked: Option<&Actor>) -> Answer<()> {
        let now = self.store.now().await.map_err(of_store)?;
        let judged = self.judge(name, now).await?;
        let seen = is_seen(&judged);
        let mut sketches = Vec::new();
        // While a run moves it, what is seen is on its way.
        if seen && judged.active.is_none() {
            for key in PlanKey::all(&judged.application) {
                if is_passable(&judged, &key) {
                    let picture = self.picture(&judged, &key.movement(Mode::Planned), now).await?;
                    sketches.push(sketch(&picture, key)?);
                }
            }
        }
        let current = self.keep(name, sketches).await?;
        let evaluation = evaluated(&judged, &current, now);
        let made = PlanKey::all(&judged.application)
            .iter()
            .filter(|key| is_passable(&judged, key))
            .all(|key| current.iter().any(|plan| plan.head.key == *key));
        let again_in = if made && seen { EVERY } else { AGAIN };
        self.store.keep_evaluation(name, &evaluation, again_in).await.map_err(of_store)?;
        if let Some(actor) = asked {
            let change = self.store.begin().await.map_err(of_store)?;
            let entry = AuditEntry::done("plan.evaluate", author(actor), "application", name)
                .of_application(name)
                .in_request(actor.request)
                .with(serde_json::json!({ "outcome": evaluation.outcome }));
            change.commit(entry).await.map_err(of_store)?;
        }
        Ok(())
    }

    /// Makes a version of each that is another plan than the newest; answers with the newest of all plans then.
    async fn keep(&self, name: &Name, sketches: Vec<Sketch>) -> Answer<Vec<PlanVersion>> {
        let current = self.store.current_plans(name).await.map_err(of_store)?;
        let settles = self.store.plan_care(name).await.map_err(of_store)?.changed.is_some();
        let news = |current: &[PlanVersion]| sketches.iter().any(|s| cause(s, current).is_some());
        if sketches.is_empty() || !(settles || news(&current)) {
            return Ok(current);
        }
        let mut change = self.store.begin().await.map_err(of_store)?;
        let (current, changed) = change.current_plans_for_edit(name).await.map_err(of_store)?;
        let mut made = Vec::new();
        for sketch in &sketches {
            // Edited since it was drawn up: the next time, then.
            let edits = change.plan_edits(name, &sketch.key).await.map_err(of_store)?;
            if edits != sketch.drawn.edits {
                continue;
            }
            let Some(cause) = cause(sketch, &current) else { continue };
            let new = version(sketch, cause, changed.as_ref());
            let number = change.insert_plan_version(name, &new).await.map_err(of_store)?;
            made.push(serde_json::json!({
                "version": number, "plan": new.key, "cause": new.cause, "digest": new.digest, "by": new.made_by,
            }));
        }
        change.settle_changed_plans(name).await.map_err(of_store)?;
        let holdfast = AuditActor::System { name: "holdfast".into() };
        let entry = AuditEntry::done("plan.generate", holdfast, "application", name)
            .of_application(name)
            .with(serde_json::json!({ "versions": made, "changed_by": changed.map(|c| c.by) }));
        change.commit(entry).await.map_err(of_store)?;
        self.store.current_plans(name).await.map_err(of_store)
    }
}

pub(super) fn sketch(picture: &Picture, key: PlanKey) -> Answer<Sketch> {
    let drawn = draw(picture, &key);
    let roles: BTreeMap<Name, String> =
        picture.accounts.iter().map(|a| (a.name.clone(), a.act_role_arn.clone())).collect();
    let basis = basis(&picture.application, &roles, &picture.own, &picture.edits);
    let digest = drawn.sheet.digest(&picture.application.name, &key);
    let not_canonical = |e: serde_json::Error| {
        holdfast_api::Problem::new(
            500,
            "internal",
            "The plan has no digest",
            e.to_string(),
            "Look at the server's log.",
        )
    };
    Ok(Sketch { digest: digest.map_err(not_canonical)?, basis: basis.map_err(not_canonical)?, drawn, key })
}

fn newest<'a>(current: &'a [PlanVersion], key: &PlanKey) -> Option<&'a PlanVersion> {
    current.iter().find(|plan| plan.head.key == *key)
}

/// Why the sketch is another plan than the newest version; `None`: it is the same.
fn cause(sketch: &Sketch, current: &[PlanVersion]) -> Option<PlanCause> {
    let Some(plan) = newest(current, &sketch.key) else { return Some(PlanCause::First) };
    let edited = plan.edits != sketch.drawn.edits;
    if !edited && plan.head.digest == sketch.digest && plan.misfits == sketch.drawn.misfits {
        return None;
    }
    if edited || plan.head.basis != sketch.basis {
        return Some(PlanCause::Inventory);
    }
    let other = !plan.sheet.has_the_shape_of(&sketch.drawn.sheet) || plan.misfits != sketch.drawn.misfits;
    other.then_some(PlanCause::Seen)
}

fn version(sketch: &Sketch, cause: PlanCause, changed: Option<&Changed>) -> NewPlanVersion {
    let of_changed = changed.filter(|_| cause != PlanCause::Seen);
    NewPlanVersion {
        key: sketch.key.clone(),
        digest: sketch.digest.clone(),
        basis: sketch.basis.clone(),
        cause,
        made_by: of_changed.map_or_else(|| "holdfast".to_owned(), |changed| changed.by.clone()),
        person: of_changed.and_then(|changed| changed.person),
        reason: of_changed.map(|changed| changed.reason.clone()),
        edits: sketch.drawn.edits.clone(),
        misfits: sketch.drawn.misfits.clone(),
        sheet: sketch.drawn.sheet.clone(),
    }
}

/// Whether everything that plans rest on was seen lately.
fn is_seen(judged: &Judged) -> bool {
    judged.application.resources.iter().filter(|r| !r.spec.kind().is_for_readiness_only()).all(|resource| {
        judged.application.regions().filter(|region| resource.spec.is_in(region)).all(|region| {
            let sight = judged.observations.get(&(resource.name.clone(), region.clone()));
            // What AWS says is not there has been looked at; the plan says what becomes of that.
            matches!(sight, Some(Sight::Known { .. } | Sight::Unknown { absent: true, .. }))
        })
    })
}

fn evaluated(judged: &Judged, current: &[PlanVersion], now: Timestamp) -> Evaluation {
    let ways = PlanKey::all(&judged.application);
    let there: Vec<&PlanVersion> = current.iter().filter(|plan| ways.contains(&plan.head.key)).collect();
    let plans: Vec<Evaluated<'_>> = there
        .iter()
        .map(|plan| Evaluated {
            key: &plan.head.key,
            sheet: &plan.sheet,
            edits: &plan.edits,
            misfits: &plan.misfits,
            passable: is_passable(judged, &plan.head.key),
        })
        .collect();
    let mut evaluation = evaluate(&judged.application, &plans, &judged.findings, now);
    for key in ways.iter().filter(|key| is_passable(judged, key)) {
        if !there.iter().any(|plan| plan.head.key == *key) {
            evaluation.add(Check {
                topic: Topic::Plan,
                outcome: Outcome::Unknown,
                plan: Some(key.clone()),
                sentence: format!(
                    "No {} plan from {} to {} could be made yet: not everything that it rests on was seen.",
                    key.intent.as_str(),
                    key.from,
                    key.to
                ),
                way_out: "Refresh the application, and see its findings for what cannot be seen.".into(),
            });
        }
    }
    evaluation
}
