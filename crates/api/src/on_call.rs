//! Who is on call for a team, and the schedules that say so: people who take turns, or a calendar elsewhere.

use crate::problem::Answer;
use async_trait::async_trait;
use holdfast_domain::{Actor, Name};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OnCallView {
    /// A group of approvers, or the owner of applications.
    pub team: String,
    /// `known`, or `unknown`: a calendar could not be read lately. Whoever is on call hears first; where nobody is, or nobody is
    /// known to be, a request for approval asks everybody at once, and what a planned run needs a person for is told first to whoever
    /// asked for it. In an emergency everybody hears at once.
    pub state: String,
    /// Why it is unknown, or why it names nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// E-mail addresses of who is on call now; nobody where it is empty.
    pub now: Vec<String>,
    /// Somebody took it over from whose turn it is.
    pub overridden: bool,
    /// Who is on call after that; absent where nobody else is in sight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<NextOnCall>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<RotationView>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<CalendarView>,
    /// Those that hold or will.
    pub overrides: Vec<OverrideView>,
    pub kept_by: String,
    #[schema(value_type = String, format = DateTime)]
    pub kept_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NextOnCall {
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// E-mail addresses; nobody where it is empty.
    pub people: Vec<String>,
}

/// People who take turns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotationView {
    /// E-mail addresses, in turn.
    pub people: Vec<String>,
    /// IANA's name.
    #[schema(example = "Europe/Berlin")]
    pub time_zone: String,
    /// The day of the first hand-over.
    #[schema(example = "2026-12-07")]
    pub starts_on: String,
    /// The time of day, by the clocks of the zone.
    #[schema(example = "09:00")]
    pub hand_over: String,
    /// 7: weekly.
    pub turn_days: u16,
}

/// A calendar elsewhere. Where it is read is kept sealed; its host alone is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CalendarView {
    pub leads_to: String,
    /// When it was read last; absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub read_at: Option<Timestamp>,
    /// Why it could not be read since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// Addresses in it that are nobody's here.
    pub strangers: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OverrideView {
    #[schema(value_type = String, format = Uuid)]
    pub id: Uuid,
    pub person: String,
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
    pub made_by: String,
}

/// One of the two.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutOnCall {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<RotationView>,
    /// Address of an iCalendar file or of a list as JSON, over https.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = Password)]
    pub calendar_url: Option<String>,
}

/// The address may be a secret.
impl fmt::Debug for PutOnCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PutOnCall").field("rotation", &self.rotation).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOverride {
    /// E-mail address of who takes it over.
    pub person: String,
    /// Left out: from now on.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub from: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
}

#[async_trait]
pub trait OnCalls {
    /// Every team that has a schedule.
    async fn on_call(&self, actor: &Actor) -> Answer<Vec<OnCallView>>;
    async fn put_on_call(&self, actor: &Actor, team: &Name, put: PutOnCall) -> Answer<OnCallView>;
    async fn remove_on_call(&self, actor: &Actor, team: &Name) -> Answer<()>;
    /// Somebody takes it over for a time; of two that hold at once the one made last counts.
    async fn override_on_call(&self, actor: &Actor, team: &Name, new: NewOverride) -> Answer<OnCallView>;
    async fn end_override(&self, actor: &Actor, team: &Name, id: Uuid) -> Answer<OnCallView>;
}
