//! The one state behind the wire, the control API and the page, and the rule for touching it: lock,
//! bring the world up to now, do, write down.

use crate::faults::{FaultKind, Faults};
use crate::ledger::{Effect, Entry, Ledger};
use crate::persist::Persist;
use crate::wire::earlier::Earlier;
use crate::wire::hands::Hands;
use crate::world::World;
use crate::world::clock::Moment;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Everything that changes.
#[derive(Debug)]
pub(crate) struct State {
    pub world: World,
    pub faults: Faults,
    pub ledger: Ledger,
    /// What looks were answered, for answers that lag behind.
    pub earlier: Earlier,
    /// What answers pass through, if anything.
    pub hands: Option<Hands>,
    /// How often each has gone wrong.
    pub struck: BTreeMap<FaultKind, usize>,
    persist: Persist,
}

impl State {
    pub(crate) fn new(world: World, faults: Faults, ledger: Ledger, persist: Persist) -> Self {
        Self {
            world,
            faults,
            ledger,
            earlier: Earlier::default(),
            hands: None,
            struck: BTreeMap::new(),
            persist,
        }
    }

    /// Writes a call into the ledger, and the state before it if the call changed anything.
    pub(crate) fn append(&mut self, entry: Entry) {
        let changed = entry.effect == Effect::Changed;
        if changed && let Err(error) = self.persist.save(&self.world, &self.faults, Some(&entry)) {
            tracing::error!(%error, "the simulator's state could not be written");
        }
        if let Err(error) = self.persist.append(&entry).and_then(|()| self.persist.cut_ledger(&self.ledger)) {
            tracing::error!(%error, "the simulator's ledger could not be written");
        }
        self.ledger.push(entry);
    }

    /// Writes the state; for changes that are no AWS call.
    pub(crate) fn save(&self) {
        if let Err(error) = self.persist.save(&self.world, &self.faults, None) {
            tracing::error!(%error, "the simulator's state could not be written");
        }
    }
}

/// The state, shared by all connections.
#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    stop: CancellationToken,
    /// Real milliseconds between a call and its answer, beside what the work takes.
    latency_ms: AtomicU64,
    /// How far AWS's clock is ahead of this machine's.
    ahead_ms: AtomicI64,
}

/// The machine's clock, in milliseconds since the epoch.
pub(crate) fn real_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

impl Shared {
    pub(crate) fn new(state: State, stop: CancellationToken) -> Self {
        Self { state: Mutex::new(state), stop, latency_ms: AtomicU64::new(0), ahead_ms: AtomicI64::new(0) }
    }

    pub(crate) fn set_latency(&self, latency: Duration) {
        self.latency_ms.store(u64::try_from(latency.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(crate) fn latency(&self) -> Duration {
        Duration::from_millis(self.latency_ms.load(Ordering::Relaxed))
    }

    pub(crate) fn set_clock_ahead_ms(&self, ahead_ms: i64) {
        self.ahead_ms.store(ahead_ms, Ordering::Relaxed);
    }

    /// What time AWS takes it to be.
    pub(crate) fn aws_ms(&self) -> i64 {
        real_ms().saturating_add(self.ahead_ms.load(Ordering::Relaxed))
    }

    /// Does something with the world as it is now.
    pub(crate) fn with<R>(&self, act: impl FnOnce(&mut State, Moment) -> R) -> R {
        // A panic elsewhere left at worst one call half done; the others still want their answers.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = state.world.clock.at(self.aws_ms());
        if state.world.settle(now) {
            state.save();
        }
        act(&mut state, now)
    }

    /// Ends when the simulator is told to stop.
    pub(crate) async fn stopping(&self) {
        self.stop.cancelled().await;
    }
}
