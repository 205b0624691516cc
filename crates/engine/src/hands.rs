//! Which runs this worker has in hand, and which of its runs rest until somebody speaks.

use futures::FutureExt as _;
use holdfast_domain::RunId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// A run that waits for a person is looked at again this often without any notification: one may be lost.
const REST: Duration = Duration::from_secs(5);
/// One that a worker has crashed on, or let go for another error, is not tried again at every turn: it must not take the
/// others' time.
const AFTER_FAILING: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
struct State {
    /// Each told when something is said about it.
    in_hand: HashMap<RunId, Arc<Notify>>,
    resting: HashMap<RunId, Instant>,
}

#[derive(Debug, Clone, Default)]
pub struct Hands {
    state: Arc<Mutex<State>>,
    /// Told when a run is let go.
    let_go: Arc<Notify>,
}

/// One run in hand; let go when dropped, also by a panic.
#[derive(Debug)]
pub struct Held {
    hands: Hands,
    run: RunId,
    spoken_of: Arc<Notify>,
}

impl Hands {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn count(&self) -> usize {
        self.state().in_hand.len()
    }

    /// `None`: it is in hand already, or rests.
    pub fn take(&self, run: RunId) -> Option<Held> {
        let mut state = self.state();
        match state.resting.get(&run) {
            Some(until) if Instant::now() < *until => return None,
            Some(_) => {
                state.resting.remove(&run);
            }
            None => {}
        }
        if state.in_hand.contains_key(&run) {
            return None;
        }
        let spoken_of = Arc::new(Notify::new());
        state.in_hand.insert(run, spoken_of.clone());
        Some(Held { hands: self.clone(), run, spoken_of })
    }

    /// Something was said about this run: whoever has it in hand hears it. Answers whether nobody here has, and it is to be seen
    /// who drives it.
    pub fn wake(&self, run: RunId) -> bool {
        let mut state = self.state();
        state.resting.remove(&run);
        let held = state.in_hand.get(&run);
        held.inspect(|held| held.notify_one()).is_none()
    }

    /// Until a hand is free that was not.
    pub async fn let_go(&self) {
        self.let_go.notified().await;
    }

    /// Something may have been said about any.
    pub fn wake_all(&self) {
        let mut state = self.state();
        state.resting.clear();
        state.in_hand.values().for_each(|held| held.notify_one());
    }
}

impl Held {
    pub fn run(&self) -> RunId {
        self.run
    }

    /// Until something is said about it, by whomever; what was said since the last time counts.
    pub async fn is_spoken_of(&self) {
        self.spoken_of.notified().await;
    }

    /// Nothing to do until a person, or time, changes something.
    pub fn rest(&self) {
        let mut state = self.hands.state();
        // Somebody may have spoken since the journal was read.
        if self.spoken_of.notified().now_or_never().is_none() {
            state.resting.insert(self.run, Instant::now() + REST);
        }
    }

    /// Longer each time, and not all of them at the same moment.
    pub fn rest_after_failing(&self, count: u32) {
        let pause = AFTER_FAILING.mul_f64(f64::from(count.clamp(1, 60)) * rand::random_range(1.0..1.5));
        self.hands.state().resting.insert(self.run, Instant::now() + pause);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.hands.state().in_hand.remove(&self.run);
        self.hands.let_go.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_in_one_pair_of_hands_until_it_is_let_go() {
        let (hands, run) = (Hands::default(), RunId::fresh());
        let held = hands.take(run).unwrap();
        assert!(hands.take(run).is_none());
        drop(held);
        assert_eq!(hands.count(), 0);
        assert!(hands.take(run).is_some());
    }

    #[tokio::test]
    async fn a_hand_that_is_free_again_is_told_at_once_also_to_whoever_asks_later() {
        let hands = Hands::default();
        let mut told = std::pin::pin!(hands.let_go());
        let held = hands.take(RunId::fresh()).unwrap();
        assert!(futures::poll!(told.as_mut()).is_pending());
        drop(held);
        told.await;
        drop(hands.take(RunId::fresh()));
        hands.let_go().await;
    }

    #[test]
    fn a_run_that_rests_is_taken_up_again_when_somebody_speaks() {
        let (hands, run) = (Hands::default(), RunId::fresh());
        hands.take(run).unwrap().rest();
        assert!(hands.take(run).is_none());
        assert!(hands.wake(run));
        let held = hands.take(run);
        assert!(held.is_some() && !hands.wake(run), "whoever has it hears it");
    }

    #[tokio::test]
    async fn whoever_has_a_run_in_hand_hears_what_was_said_of_it_since_he_took_it_and_nothing_of_others() {
        let (hands, run, other) = (Hands::default(), RunId::fresh(), RunId::fresh());
        let (held, others) = (hands.take(run).unwrap(), hands.take(other).unwrap());
        assert!(!hands.wake(run), "nobody else need see who drives it");
        held.is_spoken_of().await;
        let mut of_others = std::pin::pin!(others.is_spoken_of());
        assert!(futures::poll!(of_others.as_mut()).is_pending());
        hands.wake_all();
        of_others.await;
        held.is_spoken_of().await;
    }
}
