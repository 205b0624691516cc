//! How people are told: each person's own channels, and who was told of a run or an evacuation.

use crate::problem::Answer;
use async_trait::async_trait;
use holdfast_domain::{Actor, ChannelKind, EvacuationId, RunId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A way to reach somebody. Where it leads is kept sealed, and only the host or address of it is shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ChannelView {
    pub id: String,
    #[schema(value_type = String, example = "email")]
    pub kind: ChannelKind,
    pub name: String,
    pub leads_to: String,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// What became of the last message through it; absent before there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<LastMessage>,
    /// What signs a webhook's messages: shown once, when the channel is made, and never again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

impl fmt::Debug for ChannelView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChannelView({} {})", self.kind.as_str(), self.id)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LastMessage {
    /// `waiting`, `delivered`, `failed` (given up) or `overtaken` (no longer of use).
    pub state: String,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Why the last attempt did not succeed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What is needed depends on the kind.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewChannel {
    /// `email`, `webhook`, `slack` or `pagerduty`.
    #[schema(value_type = String, example = "webhook")]
    pub kind: ChannelKind,
    #[schema(example = "my phone")]
    pub name: String,
    /// Of an e-mail channel; one's own address when absent.
    #[serde(default)]
    pub address: Option<String>,
    /// Of a webhook, or Slack's incoming webhook.
    #[serde(default)]
    #[schema(format = Password)]
    pub url: Option<String>,
    /// Of a PagerDuty service's Events API v2 integration.
    #[serde(default)]
    #[schema(format = Password)]
    pub routing_key: Option<String>,
}

impl fmt::Debug for NewChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewChannel({})", self.kind.as_str())
    }
}

/// One message to one person by one channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DeliveryView {
    pub id: String,
    /// Such as `approval_wanted`, `emergency`, `needs_person`.
    pub matter: String,
    pub title: String,
    /// E-mail address of who is told; `somebody` for readers who neither steer runs nor were told of this one.
    pub person: String,
    /// Kind and name of the channel; absent where the person has none and was not told. Without them as `person`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// 1: when it happened. More: told again, since nobody acted.
    pub round: u16,
    /// `waiting`, `delivered`, `failed` (given up), `overtaken` (no longer of use) or `no_channel`.
    pub state: String,
    pub attempts: u32,
    /// For the person themselves, and for administrators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When it happened that this tells of.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Of what waits: the next attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_attempt_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
}

#[async_trait]
pub trait Notices {
    /// One's own.
    async fn channels(&self, actor: &Actor) -> Answer<Vec<ChannelView>>;
    /// Sealed as it comes; a webhook's secret is in this answer alone.
    async fn add_channel(&self, actor: &Actor, new: NewChannel) -> Answer<ChannelView>;
    async fn remove_channel(&self, actor: &Actor, id: &str) -> Answer<()>;
    /// Sends a message through it; what became of it is told by [`Notices::channels`].
    async fn test_channel(&self, actor: &Actor, id: &str) -> Answer<ChannelView>;
    /// Who was told of a run, newest first.
    async fn told_of_run(&self, actor: &Actor, id: RunId) -> Answer<Vec<DeliveryView>>;
    async fn told_of_evacuation(&self, actor: &Actor, id: EvacuationId) -> Answer<Vec<DeliveryView>>;
}
