//! Break-glass: opened by one person with a strong factor and a reason, for at most an hour; ended; reviewed by somebody else.

use crate::Page;
use crate::problem::Answer;
use async_trait::async_trait;
use holdfast_domain::{Actor, BreakGlassId};
use holdfast_failover::break_glass::OpenedWith;
use holdfast_failover::run::RunState;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// One time that the glass was broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BreakGlassView {
    pub id: String,
    /// E-mail address of whoever broke it.
    pub holder: String,
    pub reason: String,
    pub incident: Option<String>,
    #[schema(value_type = String, example = "second_factor")]
    pub opened_with: OpenedWith,
    #[schema(value_type = String, format = DateTime)]
    pub opened_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// Something may be started under it now, by the database's clock.
    pub open: bool,
    /// Before its time by a person, or when its time was over.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    pub ended_by: Option<String>,
    /// What was started under it.
    pub runs: Vec<RunUnderView>,
    /// Absent: its review is due, and compliance is not green.
    pub review: Option<BreakGlassReviewView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RunUnderView {
    pub id: String,
    pub application: String,
    #[schema(value_type = String, example = "running")]
    pub state: RunState,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BreakGlassReviewView {
    pub by: String,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    pub words: String,
}

/// Whether the glass is broken now: what every page says, and what an alarm asks.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BreakGlassState {
    pub open: Vec<BreakGlassView>,
    /// Those that are over and whose review nobody has closed.
    pub reviews_due: Vec<BreakGlassView>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenBreakGlass {
    pub reason: String,
    #[serde(default)]
    pub incident: Option<String>,
    /// 1 to 60; an hour where nothing is said.
    #[serde(default)]
    pub minutes: Option<u16>,
    /// In place of a second factor: it is used up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed_code: Option<String>,
}

impl fmt::Debug for OpenBreakGlass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenBreakGlass").field("reason", &self.reason).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewBreakGlass {
    /// What was found: whether it was rightly broken, and what follows from it.
    pub words: String,
}

/// A code under seal, without the code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SealedCodeView {
    #[schema(value_type = String, format = Uuid)]
    pub id: Uuid,
    /// Where it is kept.
    pub kept_at: String,
    pub made_by: String,
    #[schema(value_type = String, format = DateTime)]
    pub made_at: Timestamp,
    pub used_by: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub used_at: Option<Timestamp>,
    pub withdrawn_by: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub withdrawn_at: Option<Timestamp>,
}

impl SealedCodeView {
    /// It would break the glass.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.used_at.is_none() && self.withdrawn_at.is_none()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MakeSealedCode {
    /// Where it will be kept, such as `the safe in Dublin`.
    pub kept_at: String,
}

/// Shown once. It breaks the glass one time, for anybody but whoever made it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NewSealedCodeView {
    #[schema(value_type = String, format = Uuid)]
    pub id: Uuid,
    pub kept_at: String,
    pub code: String,
}

impl fmt::Debug for NewSealedCodeView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewSealedCodeView").field("kept_at", &self.kept_at).finish_non_exhaustive()
    }
}

#[async_trait]
pub trait BreakGlasses {
    async fn break_glass_state(&self, actor: &Actor) -> Answer<BreakGlassState>;
    /// The newest first.
    async fn break_glasses(
        &self,
        actor: &Actor,
        cursor: Option<&str>,
        limit: Option<u32>,
    ) -> Answer<Page<BreakGlassView>>;
    async fn break_glass(&self, actor: &Actor, id: BreakGlassId) -> Answer<BreakGlassView>;
    /// Wants fresh identity, by a second factor or beside a sealed code. For operators and administrators.
    async fn open_break_glass(&self, actor: &Actor, open: OpenBreakGlass) -> Answer<BreakGlassView>;
    /// By its holder or an administrator.
    async fn end_break_glass(&self, actor: &Actor, id: BreakGlassId) -> Answer<BreakGlassView>;
    /// By an approver or an administrator who is not its holder; wants fresh identity.
    async fn review_break_glass(
        &self,
        actor: &Actor,
        id: BreakGlassId,
        review: ReviewBreakGlass,
    ) -> Answer<BreakGlassView>;
    async fn sealed_codes(&self, actor: &Actor) -> Answer<Vec<SealedCodeView>>;
    /// Wants fresh identity.
    async fn make_sealed_code(&self, actor: &Actor, make: MakeSealedCode) -> Answer<NewSealedCodeView>;
    async fn withdraw_sealed_code(&self, actor: &Actor, id: Uuid) -> Answer<()>;
}
