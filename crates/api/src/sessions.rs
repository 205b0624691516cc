//! The sessions of whoever asks: where they are signed in, and ending that; and ending everybody's.

use crate::problem::Answer;
use async_trait::async_trait;
use holdfast_domain::Actor;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OwnSession {
    /// Of the session, not its secret: nobody can sign in with it.
    pub id: String,
    #[schema(value_type = String, format = DateTime)]
    pub signed_in_at: Timestamp,
    /// To the minute.
    #[schema(value_type = String, format = DateTime)]
    pub last_seen_at: Timestamp,
    /// The address that it was signed in from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What the browser called itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The one that asks.
    pub current: bool,
}

/// What is typed to end everybody's.
pub const EVERYBODY: &str = "everybody";

/// `current` is the id of the session that asks.
#[async_trait]
pub trait Sessions {
    /// The newest first.
    async fn own_sessions(&self, actor: &Actor, current: Option<&str>) -> Answer<Vec<OwnSession>>;
    /// That is at once, on every replica, and its open streams end with it.
    async fn end_session(&self, actor: &Actor, id: &str) -> Answer<()>;
    /// All of them, or all but the one that asks. How many ended.
    async fn end_sessions(&self, actor: &Actor, but: Option<&str>) -> Answer<u64>;
    /// Everybody's, one's own too: something has got out, and nobody knows whose. `confirm` is [`EVERYBODY`]. Wants fresh identity.
    /// How many ended.
    async fn end_everybodys_sessions(&self, actor: &Actor, confirm: &str) -> Answer<u64>;
}
