//! Keeps what the sweeps see. Looks of all accounts come in one by one and are written together: whatever has come in
//! while the last write was under way is the next.

use holdfast_store::{Error, LagPoint, Look, Store};
use tokio::sync::{mpsc, oneshot};

/// As many messages as one write takes; each is a resource with its Regions.
const AT_ONCE: usize = 250;

enum Message {
    Looks(Vec<Look>),
    /// Answered when everything before it is written.
    Mark(oneshot::Sender<()>),
}

/// Writes until the last clone is gone.
#[derive(Debug, Clone)]
pub(super) struct Keeper(mpsc::Sender<Message>);

impl Keeper {
    pub(super) fn start(store: Store) -> Self {
        let (to, mut from) = mpsc::channel(2 * AT_ONCE);
        tokio::spawn(async move {
            let mut batch = Vec::new();
            while from.recv_many(&mut batch, AT_ONCE).await > 0 {
                let (mut looks, mut marks) = (Vec::new(), Vec::new());
                for message in batch.drain(..) {
                    match message {
                        Message::Looks(more) => looks.extend(more),
                        Message::Mark(mark) => marks.push(mark),
                    }
                }
                write(&store, &looks).await;
                for mark in marks {
                    // A sweep that was ended meanwhile waits for nothing.
                    mark.send(()).ok();
                }
            }
        });
        Self(to)
    }

    pub(super) async fn keep(&self, looks: Vec<Look>) {
        // The writer ends with the process only.
        self.0.send(Message::Looks(looks)).await.ok();
    }

    /// Until all that was given before is written.
    pub(super) async fn all_kept(&self) {
        let (mark, written) = oneshot::channel();
        if self.0.send(Message::Mark(mark)).await.is_ok() {
            written.await.ok();
        }
    }
}

pub(super) async fn write(store: &Store, looks: &[Look]) {
    match store.record_observations(looks).await {
        Ok(()) => {}
        // Something in one of them that the database does not take must not cost all the others.
        Err(Error::Invalid(_)) if looks.len() > 1 => {
            for look in looks {
                write_one(store, look).await;
            }
        }
        Err(error) => tracing::warn!(looks = looks.len(), %error, "what was seen could not be kept"),
    }
    let lags: Vec<_> = looks.iter().filter_map(lag).collect();
    if let Err(error) = store.record_lag(&lags).await {
        tracing::warn!(%error, "the history of lag could not be kept");
    }
}

async fn write_one(store: &Store, look: &Look) {
    if let Err(error) = store.record_observations(std::slice::from_ref(look)).await {
        tracing::warn!(application = %look.application, resource = %look.resource, %error, "what was seen could not be kept");
    }
}

fn lag(look: &Look) -> Option<(holdfast_domain::Name, LagPoint)> {
    let lag = look.outcome.as_ref().ok()?.lag()?;
    let point = LagPoint {
        resource: look.resource.clone(),
        region: look.region.clone(),
        at: lag.measured_at,
        milliseconds: lag.milliseconds,
    };
    Some((look.application.clone(), point))
}
