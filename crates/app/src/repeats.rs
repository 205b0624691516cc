//! Requests that are sent twice. Use cases commit their effect together with the key (`audit::done` hands it on);
//! what they answered is kept beside it.

use crate::App;
use crate::problems::of_store;
use async_trait::async_trait;
use holdfast_api::repeats::{Earlier, KeptAnswer, Repeats};
use holdfast_api::{Answer, Problem};
use holdfast_domain::Actor;
use holdfast_store::{Kept, Mark};
use sha2::{Digest as _, Sha256};

#[async_trait]
impl Repeats for App {
    fn known_by(&self, key: &str, body: &[u8]) -> [u8; 32] {
        let sent = [key.as_bytes(), &[0], body].concat();
        let keyed = self.settings.sealing.as_ref().and_then(|sealing| sealing.hash(&sent));
        // Without a key of secrets by the sender's own alone: whoever guesses has to begin anew with each row.
        keyed.unwrap_or_else(|| Sha256::digest(&sent).into())
    }

    async fn earlier_answer(&self, actor: &Actor) -> Answer<Earlier> {
        let Some(mark) = Mark::of(actor) else { return Ok(Earlier::Nothing) };
        match self.store.kept_answer(&mark).await.map_err(of_store)? {
            Kept::Nothing => Ok(Earlier::Nothing),
            Kept::Unanswered => Ok(Earlier::UnderWay),
            Kept::Reused => Err(key_reused()),
            Kept::Answer(value) => serde_json::from_value(value).map(Earlier::Answered).map_err(|error| {
                tracing::error!(%error, "a kept answer cannot be read");
                Problem::new(
                    500,
                    "internal",
                    "Something is wrong inside",
                    "The request took effect before, and its answer cannot be read.",
                    "Look at what it was to change before sending it under another key.",
                )
            }),
        }
    }

    async fn keep_answer(&self, actor: &Actor, answer: &KeptAnswer) -> Answer<()> {
        let Some(mark) = Mark::of(actor) else { return Ok(()) };
        let value = serde_json::to_value(answer).map_err(|error| {
            Problem::new(500, "internal", "Something is wrong inside", error.to_string(), "Try again.")
        })?;
        self.store.keep_answer(&mark, answer.status, &value).await.map_err(of_store)
    }
}

pub(crate) fn key_reused() -> Problem {
    Problem::new(
        409,
        "idempotency_key_reused",
        "The idempotency key stands for another request",
        "This key was sent before with different content.",
        "Use a fresh key for a new request; the same key only repeats the same one.",
    )
}
