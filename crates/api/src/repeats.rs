//! Requests that are sent twice: the second gets the first one's answer and has no effect of its own.

use crate::problem::Answer;
use async_trait::async_trait;
use holdfast_domain::Actor;
use serde::{Deserialize, Serialize};

/// An answer as it was given, kept for 24 hours. Secrets that are shown once are not in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptAnswer {
    pub status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    pub body: String,
}

/// What is known of a request by its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Earlier {
    /// It was not sent before, or changed nothing then.
    Nothing,
    Answered(KeptAnswer),
    /// It has taken effect, and the answer is still being made.
    UnderWay,
}

/// The others ask about the key that came with the request (`Actor::sent`); without one there is nothing to know or keep.
#[async_trait]
pub trait Repeats {
    /// By what the body of a request that was sent under this key is known again. Whoever reads where it is kept must not learn by
    /// guessing what was sent: a password may be in it.
    fn known_by(&self, key: &str, body: &[u8]) -> [u8; 32];
    /// # Errors
    /// 409 `idempotency_key_reused` when the key stands for another request.
    async fn earlier_answer(&self, actor: &Actor) -> Answer<Earlier>;
    async fn keep_answer(&self, actor: &Actor, answer: &KeptAnswer) -> Answer<()>;
}
