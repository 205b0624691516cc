//! Plans as they are kept: versions, what differs between them, edits over them, what was found of them, and waivers.

use crate::Page;
use crate::problem::Answer;
use crate::runs::StepView;
use crate::shapes::{RefusalShape, ShareShape};
use async_trait::async_trait;
use holdfast_domain::{Actor, Name};
use holdfast_failover::evaluation::{Evaluation, Outcome, Verification};
use holdfast_failover::plan::Share;
use holdfast_failover::plan::edit::{Edit, Misfit};
use holdfast_failover::plan::sheet::{Compared, LintFinding};
use holdfast_failover::{Intent, Refusal};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// An application's plans, and whether they would work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlansView {
    pub application: String,
    /// One for each way that the application can be moved.
    pub plans: Vec<PlanLine>,
    pub evaluation: EvaluationView,
    pub verification: VerificationView,
    pub waivers: Vec<WaiverView>,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlanLine {
    #[schema(value_type = String, example = "failover")]
    pub intent: Intent,
    pub from_region: String,
    pub to_region: String,
    /// The newest; absent where none was made yet.
    pub newest: Option<PlanHeadView>,
    pub edits: usize,
    /// Edits that no longer apply.
    pub misfits: usize,
    /// Whether the way could be gone from where the application is now.
    pub passable: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlanHeadView {
    /// Numbered over all plans of the application.
    pub version: i32,
    #[schema(value_type = String, example = "failover")]
    pub intent: Intent,
    pub from_region: String,
    pub to_region: String,
    /// SHA-256 over the canonical JSON (RFC 8785) of both forms of the plan.
    pub digest: String,
    /// `first`, `inventory`, `edited` or `seen`.
    pub cause: String,
    /// An e-mail address, or `holdfast`.
    pub made_by: String,
    pub reason: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub made_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlanVersionView {
    pub application: String,
    #[serde(flatten)]
    pub head: PlanHeadView,
    /// The newest version of the same plan: an edit is made on that.
    pub newest: i32,
    pub edits: Vec<EditView>,
    pub planned: FormView,
    pub emergency: FormView,
    /// How an active-active application's load is split when one of its Regions goes.
    pub split: Option<String>,
    /// The same Region by Region, as it was when the version was made.
    #[serde(default)]
    #[schema(value_type = Vec<ShareShape>)]
    pub shares: Vec<Share>,
    /// What it needs of planes that it should not need, form by form.
    #[schema(value_type = Vec<Object>)]
    pub lint: Vec<LintFinding>,
    /// Versions of the same plan, the newest first.
    pub versions: Vec<PlanHeadView>,
    /// Whether this actor may edit it.
    pub may_edit: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EditView {
    pub words: String,
    /// The step that it is about.
    pub step: String,
    #[schema(value_type = Object)]
    pub edit: Edit,
    /// Why it does not apply to what is generated now.
    #[schema(value_type = Option<Object>)]
    pub misfit: Option<Misfit>,
}

/// One form of a plan; `refused`: none can be made, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FormView {
    pub steps: Vec<StepView>,
    pub notes: Vec<String>,
    #[schema(value_type = Option<RefusalShape>)]
    pub refused: Option<Refusal>,
}

/// One version against another of the same plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlanDiff {
    pub application: String,
    pub before: PlanHeadView,
    pub after: PlanHeadView,
    /// Form by form: steps added, removed, moved and changed, field by field. Empty: they would do the same.
    #[schema(value_type = Vec<Object>)]
    pub compared: Vec<Compared>,
    /// Edits that only one of them has.
    pub edits_added: Vec<String>,
    pub edits_removed: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EvaluationView {
    /// `good`, `unknown` or `failed`; one that is too old is unknown.
    #[schema(value_type = String, example = "unknown")]
    pub outcome: Outcome,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<Timestamp>,
    /// It was made, and is too old to be believed.
    pub stale: bool,
    /// As it was found then, worst first.
    #[schema(value_type = Option<Object>)]
    pub found: Option<Evaluation>,
}

/// Verified, or what makes it need a rehearsal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct VerificationView {
    /// `verified` or `needs_rehearsal`.
    pub state: String,
    #[schema(value_type = Vec<RefusalShape>)]
    pub reasons: Vec<Refusal>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub rehearsed_at: Option<Timestamp>,
    /// The run that rehearsed it last.
    pub rehearsed_by: Option<String>,
}

impl From<Verification> for VerificationView {
    fn from(of: Verification) -> Self {
        Self {
            state: if of.verified { "verified" } else { "needs_rehearsal" }.into(),
            reasons: of.reasons,
            rehearsed_at: of.rehearsed_at,
            rehearsed_by: of.rehearsed_by.map(|run| run.to_string()),
        }
    }
}

impl VerificationView {
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.state == "verified"
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WaiverView {
    /// The resource or step that it covers.
    pub step: String,
    /// Such as `route53@us-east-1`.
    pub plane: String,
    pub by: String,
    pub reason: String,
    #[schema(value_type = String, format = Date)]
    pub review_on: Date,
    /// Its review date is over: it counts as none.
    pub expired: bool,
}

/// The edits that the plan is to have, all of them; and the version that they were made on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditPlan {
    #[schema(value_type = String, example = "failover")]
    pub intent: Intent,
    pub from_region: String,
    pub to_region: String,
    /// The version that was read: refused when there is a newer one.
    pub expected_version: i32,
    /// Such as `{"mode": "emergency", "edit": {"kind": "timeout", "step": "switch-orders", "seconds": 600}}`; without
    /// `mode` in both forms. Kinds: wait_for, do_not_wait_for, timeout, tries, only_if, if_it_fails, leave_out, insert.
    #[schema(value_type = Vec<Object>)]
    pub edits: Vec<Edit>,
    #[serde(default)]
    pub reason: Option<String>,
}

/// Somebody answers for a plane that a step needs, by name and until a date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWaiver {
    /// The resource or step that it covers.
    pub step: String,
    /// Such as `route53@us-east-1`.
    pub plane: String,
    pub reason: String,
    #[schema(value_type = String, format = Date)]
    pub review_on: Date,
}

#[async_trait]
pub trait Plans {
    async fn plans(&self, actor: &Actor, application: &Name) -> Answer<PlansView>;
    /// Of all its plans, the newest first.
    async fn plan_versions(
        &self,
        actor: &Actor,
        application: &Name,
        cursor: Option<&str>,
    ) -> Answer<Page<PlanHeadView>>;
    async fn plan_version(&self, actor: &Actor, application: &Name, version: i32) -> Answer<PlanVersionView>;
    /// What differs in `after`: from the version before it, or from another of the same plan.
    async fn compare_plans(
        &self,
        actor: &Actor,
        application: &Name,
        before: Option<i32>,
        after: i32,
    ) -> Answer<PlanDiff>;
    /// Makes a version. What does not fit names the field and the way out, and nothing is stored.
    async fn edit_plan(&self, actor: &Actor, application: &Name, edit: EditPlan) -> Answer<PlanVersionView>;
    /// Looks all its plans over now; `version` is the one that was looked at.
    async fn evaluate_plans(&self, actor: &Actor, application: &Name, version: i32) -> Answer<PlansView>;
    async fn waive(&self, actor: &Actor, application: &Name, waiver: NewWaiver) -> Answer<PlansView>;
    async fn end_waiver(
        &self,
        actor: &Actor,
        application: &Name,
        step: &str,
        plane: &str,
    ) -> Answer<PlansView>;
}
