//! How people are told: their channels, which they keep themselves, and what the outbox has for whom. Sending is not done here.

mod address;
mod channels;

pub(crate) use channels::host;

use crate::App;
use crate::problems::of_store;
use holdfast_api::Answer;
use holdfast_api::notices::DeliveryView;
use holdfast_domain::{Actor, Receiver, Role};
use holdfast_store::{Attempt, DeliveryStand, DeliveryState, NoticeOf};
use uuid::Uuid;

/// More deliveries of one run than this are not shown: the newest are.
const SHOWN_AT_MOST: u32 = 500;

/// What a channel's destination is sealed as, so that nobody can put it in another's place.
fn sealed_as(channel: Uuid) -> String {
    format!("channel {channel}")
}

impl App {
    /// Whether this server was given the key that channels are sealed with: without it the others deliver.
    #[must_use]
    pub fn opens_channels(&self) -> bool {
        self.settings.sealing.is_some()
    }

    /// Where an attempt goes.
    ///
    /// # Errors
    /// Why it cannot be read: no key, or another.
    pub fn receiver(&self, attempt: &Attempt) -> Result<Receiver, String> {
        let sealing = self.settings.sealing.as_ref();
        let sealing = sealing.ok_or("this server was not given the key that channels are sealed with")?;
        let opened = sealing
            .open(&sealed_as(attempt.channel), &attempt.sealed)
            .map_err(|_| "the channel was sealed with a key that this server does not have")?;
        serde_json::from_slice(&opened).map_err(|_| "what was sealed is no channel".to_owned())
    }

    /// `drives`: whether they may steer what it is of.
    async fn told_of(&self, actor: &Actor, drives: bool, of: NoticeOf) -> Answer<Vec<DeliveryView>> {
        let all = self.store.deliveries(of, SHOWN_AT_MOST).await.map_err(of_store)?;
        // Who may have to ring somebody up sees whom; so does who was told themselves. What a receiver answered is its owner's.
        let names = drives || all.iter().any(|one| one.email == actor.email);
        let admin = actor.has(Role::Admin);
        let shown = |one: DeliveryStand| {
            let own = one.email == actor.email;
            let view = delivery(one);
            match (names, own || admin) {
                (_, true) => view,
                (true, false) => DeliveryView { error: None, ..view },
                (false, false) => nameless(view),
            }
        };
        Ok(all.into_iter().map(shown).collect())
    }
}

/// That somebody was told, and whether it reached them.
fn nameless(view: DeliveryView) -> DeliveryView {
    DeliveryView {
        person: "somebody".to_owned(),
        channel: view.channel.map(|_| "a channel".to_owned()),
        error: None,
        ..view
    }
}

fn delivery(stand: DeliveryStand) -> DeliveryView {
    DeliveryView {
        id: stand.id.to_string(),
        matter: word(&stand.message.matter),
        title: stand.message.title,
        person: stand.email,
        channel: stand.channel.map(|(kind, name)| format!("{} {name}", kind.words())),
        round: stand.round,
        state: stand.state.as_str().to_owned(),
        attempts: stand.attempts,
        error: stand.last_error,
        at: stand.message.at,
        next_attempt_at: (stand.state == DeliveryState::Waiting).then_some(stand.due_at),
        ended_at: stand.ended_at,
    }
}

fn word<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}
