//! Notifications, as hints that something changed. What changed is asked of the tables; whoever listens
//! also looks now and then without being told, since a hint can be lost with its connection.

use crate::connections::{SIGN_OF_LIFE_WITHIN, in_time};
use crate::store::{Inner, Store};
use holdfast_domain::{EvacuationId, Name, PersonId, RunId};
use sqlx::postgres::{PgListener, PgPoolOptions};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::broadcast;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wakeup {
    Run(RunId),
    /// An evacuation's own journal went on.
    Evacuation(EvacuationId),
    Inventory,
    Observations(Name),
    /// Somebody asked for an application to be looked at now.
    Refresh,
    Automation,
    /// Roles, groups or sessions of this person changed.
    Person(PersonId),
    /// Hints may have been lost: look at everything.
    LookAgain,
}

/// One listener's view. Every process has one connection to the database for all of them.
#[derive(Debug)]
pub struct Wakeups {
    receiver: broadcast::Receiver<Wakeup>,
    first: bool,
}

const HELD: usize = 1_024;
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

impl Wakeups {
    /// Waits for the next. Safe to drop half-way, in a `select!` say. The first is always `LookAgain`.
    pub async fn next(&mut self) -> Wakeup {
        if std::mem::take(&mut self.first) {
            return Wakeup::LookAgain;
        }
        match self.receiver.recv().await {
            Ok(wakeup) => wakeup,
            // Too slow for the stream.
            Err(broadcast::error::RecvError::Lagged(_)) => Wakeup::LookAgain,
            // The store is gone, and with it whatever there was to wait for.
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

impl Store {
    /// Begins to listen with the first call.
    #[must_use]
    pub fn wakeups(&self) -> Wakeups {
        let sender = self.inner().wakeups.get_or_init(|| {
            let (sender, _) = broadcast::channel(HELD);
            tokio::spawn(listen(Arc::downgrade(self.inner()), sender.clone()));
            sender
        });
        Wakeups { receiver: sender.subscribe(), first: true }
    }
}

/// Ends with the store.
async fn listen(store: Weak<Inner>, sender: broadcast::Sender<Wakeup>) {
    let mut pause = Duration::from_millis(100);
    loop {
        let Some(options) = store.upgrade().map(|inner| inner.options.clone()) else { return };
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .max_lifetime(None)
            .idle_timeout(None)
            .acquire_timeout(Duration::from_secs(5))
            .connect_lazy_with(options.application_name("holdfast wakeups"));
        let outcome = listen_once(&store, &sender, &pool, &mut pause).await;
        if let Err(error) = outcome {
            tracing::warn!(%error, "lost the connection for notifications; listening again");
        }
        // Not `pool.close()`: that would wait for a connection that may never answer.
        drop(pool);
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Returns when the connection is lost, and when the store is gone.
async fn listen_once(
    store: &Weak<Inner>,
    sender: &broadcast::Sender<Wakeup>,
    pool: &sqlx::PgPool,
    pause: &mut Duration,
) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    // Reconnecting is this file's work: the listener's own leaves a gap that nobody hears of.
    listener.eager_reconnect(false);
    in_time(SIGN_OF_LIFE_WITHIN, listener.listen("holdfast")).await?;
    sender.send(Wakeup::LookAgain).ok();
    *pause = Duration::from_millis(100);
    loop {
        // Now and then it is seen whether the store is still there.
        let heard = tokio::time::timeout(Duration::from_secs(5), listener.try_recv()).await;
        if store.strong_count() == 0 {
            return Ok(());
        }
        match heard {
            // Nothing was said, or nothing comes through any more.
            Err(_) => {
                in_time(SIGN_OF_LIFE_WITHIN, sqlx::query("SELECT").execute(&mut listener)).await?;
            }
            Ok(Ok(Some(notification))) => {
                sender.send(parse(notification.payload())).ok();
            }
            Ok(Ok(None)) => return Ok(()),
            Ok(Err(error)) => return Err(error),
        }
    }
}

fn parse(payload: &str) -> Wakeup {
    let wakeup = match payload.split_once(':') {
        Some(("run", id)) => id.parse().ok().map(Wakeup::Run),
        Some(("evacuation", id)) => id.parse().ok().map(Wakeup::Evacuation),
        Some(("observations", name)) => Name::parse(name).ok().map(Wakeup::Observations),
        Some(("person", id)) => id.parse().ok().map(Wakeup::Person),
        None if payload == "inventory" => Some(Wakeup::Inventory),
        None if payload == "refresh" => Some(Wakeup::Refresh),
        None if payload == "automation" => Some(Wakeup::Automation),
        _ => None,
    };
    // A newer version's word for something that changed.
    wakeup.unwrap_or(Wakeup::LookAgain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_that_is_not_understood_means_look_again() {
        assert_eq!(parse("inventory"), Wakeup::Inventory);
        assert_eq!(parse("observations:shop"), Wakeup::Observations(Name::parse("shop").unwrap()));
        for payload in ["", "run:", "run:7", "observations:No Name", "something:new"] {
            assert_eq!(parse(payload), Wakeup::LookAgain, "{payload}");
        }
    }
}
