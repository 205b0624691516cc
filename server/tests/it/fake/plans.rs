//! Plans of the fake control plane: one, in two versions.

use super::Fake;
use async_trait::async_trait;
use holdfast_api::{Answer, Page, Problem, plans::*};
use holdfast_domain::{Actor, Name};
use holdfast_failover::Intent;
use holdfast_failover::evaluation::Outcome;
use jiff::Timestamp;

fn head(version: i32) -> PlanHeadView {
    PlanHeadView {
        version,
        intent: Intent::Failover,
        from_region: "us-east-1".into(),
        to_region: "eu-central-1".into(),
        digest: "d".repeat(64),
        cause: "first".into(),
        made_by: "holdfast".into(),
        reason: None,
        made_at: Timestamp::UNIX_EPOCH,
    }
}

fn form() -> FormView {
    FormView { steps: vec![], notes: vec![], refused: None }
}

fn version_view(version: i32) -> PlanVersionView {
    PlanVersionView {
        application: "shop".into(),
        head: head(version),
        newest: 2,
        edits: vec![],
        planned: form(),
        emergency: form(),
        split: None,
        shares: vec![],
        lint: vec![],
        versions: vec![head(2), head(1)],
        may_edit: true,
    }
}

fn plans_view() -> PlansView {
    PlansView {
        application: "shop".into(),
        plans: vec![PlanLine {
            intent: Intent::Failover,
            from_region: "us-east-1".into(),
            to_region: "eu-central-1".into(),
            newest: Some(head(2)),
            edits: 0,
            misfits: 0,
            passable: true,
        }],
        evaluation: EvaluationView { outcome: Outcome::Good, at: None, stale: false, found: None },
        verification: VerificationView {
            state: "needs_rehearsal".into(),
            reasons: vec![],
            rehearsed_at: None,
            rehearsed_by: None,
        },
        waivers: vec![],
        at: Timestamp::UNIX_EPOCH,
    }
}

#[async_trait]
impl Plans for Fake {
    async fn plans(&self, _: &Actor, _: &Name) -> Answer<PlansView> {
        Ok(plans_view())
    }

    async fn plan_versions(&self, _: &Actor, _: &Name, _cursor: Option<&str>) -> Answer<Page<PlanHeadView>> {
        Ok(Page { items: vec![head(2), head(1)], next: None })
    }

    async fn plan_version(&self, _: &Actor, _: &Name, version: i32) -> Answer<PlanVersionView> {
        match version {
            1 | 2 => Ok(version_view(version)),
            other => Err(Problem::not_found("plan version", &other.to_string())),
        }
    }

    async fn compare_plans(&self, _: &Actor, _: &Name, before: Option<i32>, after: i32) -> Answer<PlanDiff> {
        Ok(PlanDiff {
            application: "shop".into(),
            before: head(before.unwrap_or(1)),
            after: head(after),
            compared: vec![],
            edits_added: vec![],
            edits_removed: vec![],
        })
    }

    async fn edit_plan(&self, actor: &Actor, _: &Name, edit: EditPlan) -> Answer<PlanVersionView> {
        if edit.expected_version != 2 {
            let mut problem =
                Problem::new(409, "newer_version", "Changed meanwhile", "Version 2.", "Read it.");
            problem.blocked_by = Some("2".into());
            return Err(problem);
        }
        self.change(actor, format!("edit plan: {} edits", edit.edits.len()))?;
        Ok(version_view(2))
    }

    async fn evaluate_plans(&self, actor: &Actor, _: &Name, _version: i32) -> Answer<PlansView> {
        self.change(actor, "evaluate plans")?;
        Ok(plans_view())
    }

    async fn waive(&self, actor: &Actor, _: &Name, waiver: NewWaiver) -> Answer<PlansView> {
        self.change(actor, format!("waive {} {}", waiver.step, waiver.plane))?;
        Ok(plans_view())
    }

    async fn end_waiver(&self, actor: &Actor, _: &Name, step: &str, plane: &str) -> Answer<PlansView> {
        self.change(actor, format!("end waiver {step} {plane}"))?;
        Ok(plans_view())
    }
}
