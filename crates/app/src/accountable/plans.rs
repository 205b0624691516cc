//! Kept plans: versions, edits, evaluations, waivers.

use super::Accountable;
use async_trait::async_trait;
use holdfast_api::plans::{EditPlan, NewWaiver, PlanDiff, PlanHeadView, PlanVersionView, Plans, PlansView};
use holdfast_api::{Answer, Page};
use holdfast_domain::{Actor, Name};

#[async_trait]
impl Plans for Accountable {
    async fn plans(&self, actor: &Actor, application: &Name) -> Answer<PlansView> {
        self.read(actor, "plan", self.0.plans(actor, application)).await
    }

    async fn plan_versions(
        &self,
        actor: &Actor,
        application: &Name,
        cursor: Option<&str>,
    ) -> Answer<Page<PlanHeadView>> {
        self.read(actor, "plan", self.0.plan_versions(actor, application, cursor)).await
    }

    async fn plan_version(&self, actor: &Actor, application: &Name, version: i32) -> Answer<PlanVersionView> {
        self.read(actor, "plan", self.0.plan_version(actor, application, version)).await
    }

    async fn compare_plans(
        &self,
        actor: &Actor,
        application: &Name,
        before: Option<i32>,
        after: i32,
    ) -> Answer<PlanDiff> {
        self.read(actor, "plan", self.0.compare_plans(actor, application, before, after)).await
    }

    async fn edit_plan(&self, actor: &Actor, application: &Name, edit: EditPlan) -> Answer<PlanVersionView> {
        let subject = format!("application:{application}");
        self.change(actor, "plan.edit", &subject, self.0.edit_plan(actor, application, edit)).await
    }

    async fn evaluate_plans(&self, actor: &Actor, application: &Name, version: i32) -> Answer<PlansView> {
        let subject = format!("application:{application}");
        let asked = self.0.evaluate_plans(actor, application, version);
        self.change(actor, "plan.evaluate", &subject, asked).await
    }

    async fn waive(&self, actor: &Actor, application: &Name, waiver: NewWaiver) -> Answer<PlansView> {
        let subject = format!("application:{application}");
        self.change(actor, "waiver.add", &subject, self.0.waive(actor, application, waiver)).await
    }

    async fn end_waiver(
        &self,
        actor: &Actor,
        application: &Name,
        step: &str,
        plane: &str,
    ) -> Answer<PlansView> {
        let subject = format!("application:{application}");
        let asked = self.0.end_waiver(actor, application, step, plane);
        self.change(actor, "waiver.end", &subject, asked).await
    }
}
