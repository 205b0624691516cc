//! From planned to emergency: the guards of an emergency are asked as things stand now, and whoever escalates proves who
//! they are.

use super::sent::{codes, guards, overrides_needed};
use super::{said, who};
use crate::App;
use crate::authority::{Action, fresh, may};
use crate::problems::{of_refusal, of_store};
use holdfast_api::runs::{EscalatableStep, EscalateRun, EscalationReview};
use holdfast_api::{Answer, Problem};
use holdfast_domain::{Actor, RunId, StepId};
use holdfast_failover::guard::{Guard, Ruled, RunKind, raised, rule};
use holdfast_failover::run::{Command, Run};
use holdfast_failover::{Mode, Movement};
use jiff::Timestamp;
use std::collections::BTreeSet;

impl App {
    pub(super) async fn escalation_review(&self, actor: &Actor, id: RunId) -> Answer<EscalationReview> {
        let now = self.store.now().await.map_err(of_store)?;
        let run = self.replayed(id).await?;
        let (mut needed, mut refused) = (Vec::new(), run.may_escalate().err());
        if refused.is_none() {
            let ruled = self.as_an_emergency(&run, &BTreeSet::new(), now).await?;
            needed = overrides_needed(&ruled.needed);
            // What people may override is asked of them, not held against them.
            refused = Ruled { needed: Vec::new(), ..ruled }.refusal();
        }
        let steps = run.escalatable().map(|(step, becomes)| EscalatableStep {
            step: step.id.to_string(),
            becomes: becomes.title.clone(),
        });
        let steps = steps.collect();
        Ok(EscalationReview {
            run: self.run_view(actor, id).await?,
            steps,
            overrides_needed: needed,
            refused,
        })
    }

    pub(super) async fn escalate(&self, actor: &Actor, id: RunId, asked: EscalateRun) -> Answer<()> {
        let now = self.store.now().await.map_err(of_store)?;
        may(actor, Action::EscalateRun)?;
        fresh(actor, now)?;
        let overrides = guards(&asked.overrides)?;
        let step = asked.step.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let step = step.map(StepId::parse).transpose().map_err(|e| {
            Problem::bad_field(
                "step",
                e.to_string(),
                "Name a step of the run, or leave it out for all of it.",
            )
        })?;
        let run = self.replayed(id).await?;
        if run.may_escalate().is_ok()
            && let Some(refusal) = self.as_an_emergency(&run, &overrides, now).await?.refusal()
        {
            return Err(of_refusal(refusal));
        }
        let (by, confirm, overrides) = (who(actor), asked.confirm, codes(&overrides));
        let reason = said(Some(&asked.reason))?.unwrap_or_default();
        let command = match step {
            Some(step) => Command::EscalateStep { by, step, reason, confirm, overrides },
            None => Command::Escalate { by, reason, confirm, overrides },
        };
        self.command(actor, id, command, "run.escalate").await
    }

    /// What the guards say of going on as an emergency now. What the request overrides was approved with it.
    async fn as_an_emergency(&self, run: &Run, overrides: &BTreeSet<Guard>, now: Timestamp) -> Answer<Ruled> {
        let application = &run.request.application;
        let movement = Movement { mode: Mode::Emergency, ..run.request.movement.clone() };
        let judged = self.judge(application, now).await?;
        let picture = self.picture(&judged, &movement, now).await?;
        let standing = self.standing(application).await?;
        let mut overridden = guards(&run.request.overrides)?;
        overridden.extend(overrides);
        Ok(rule(RunKind::of(&movement), raised(&picture, &movement, &standing), &overridden))
    }
}
