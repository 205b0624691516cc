//! The worker's lease: renewed each second, good for three by the database's clock. Whoever holds no lease
//! makes no changing call and writes nothing.

use holdfast_clock::DatabaseClock;
use holdfast_failover::lease::Grant;
use holdfast_store::{Fence, Store};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// How long a lease lasts without renewal.
const TTL: Duration = Duration::from_secs(holdfast_store::LEASE_SECONDS as u64);
const RENEW_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug, Clone)]
pub struct Lease {
    store: Store,
    worker: String,
    /// As the last renewal left it.
    grant: Arc<Mutex<Grant<Instant>>>,
    clock: DatabaseClock,
}

impl Lease {
    /// # Errors
    /// When the database does not answer.
    pub async fn take(store: Store, worker: String) -> Result<Self, holdfast_store::Error> {
        let asked = Instant::now();
        let granted = store.worker_start(&worker).await?;
        let now = store.now().await?;
        Ok(Self {
            store,
            worker,
            grant: Arc::new(Mutex::new(Grant { epoch: granted, good_until: asked + TTL })),
            clock: DatabaseClock::at(now),
        })
    }

    pub fn fence(&self) -> Fence {
        Fence { worker: self.worker.clone(), epoch: self.epoch() }
    }
    pub fn epoch(&self) -> i64 {
        self.grant().epoch
    }
    pub fn clock(&self) -> &DatabaseClock {
        &self.clock
    }

    /// Whether a call that starts now starts under the lease of this epoch.
    pub fn holds(&self, epoch: i64) -> bool {
        self.grant().holds(epoch, Instant::now())
    }

    fn grant(&self) -> Grant<Instant> {
        *self.grant.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn granted(&self, epoch: i64, asked: Instant) {
        let grant = Grant { epoch, good_until: asked + TTL };
        *self.grant.lock().unwrap_or_else(PoisonError::into_inner) = grant;
    }

    /// Renews until told to stop; a lost lease is taken anew under a higher epoch, so that this worker's older
    /// writes are refused.
    pub async fn keep(self, stop: CancellationToken) {
        let mut tick = tokio::time::interval(RENEW_EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = tick.tick() => {}
            }
            self.renew().await;
            self.set_clock().await;
        }
    }

    async fn set_clock(&self) {
        match self.store.now().await {
            Ok(now) => self.clock.set(now),
            Err(error) => tracing::debug!(%error, "the database's time could not be asked"),
        }
    }

    async fn renew(&self) {
        let (asked, epoch) = (Instant::now(), self.epoch());
        match self.store.worker_renew(&self.worker, epoch).await {
            Ok(true) => self.granted(epoch, asked),
            Ok(false) => match self.store.worker_start(&self.worker).await {
                Ok(epoch) => {
                    tracing::warn!(worker = %self.worker, epoch, "the lease had run out: taken anew under a new epoch");
                    self.granted(epoch, asked);
                }
                Err(error) => tracing::warn!(%error, "the lease has run out and cannot be taken anew yet"),
            },
            Err(error) => tracing::warn!(%error, "the lease could not be renewed"),
        }
    }

    /// Gives the lease back at a clean stop, so that nobody waits for it to run out.
    pub async fn give_back(&self) {
        if let Err(error) = self.store.worker_stop(&self.worker, self.epoch()).await {
            tracing::warn!(%error, "the lease could not be given back; it runs out by itself");
        }
    }
}
