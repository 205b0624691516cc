//! Which runs this worker has in hand, and which of its runs rest until somebody speaks.

use holdfast_domain::RunId;
use std::collections::{HashMap, HashSet};
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
    in_hand: HashSet<RunId>,
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
        state.in_hand.insert(run).then(|| Held { hands: self.clone(), run })
    }

    /// Something was said about this run. Answers whether it is to be seen who drives it: whoever has it in hand hears it too.
    pub fn wake(&self, run: RunId) -> bool {
        let mut state = self.state();
        state.resting.remove(&run);
        !state.in_hand.contains(&run)
    }

    /// Until a hand is free that was not.
    pub async fn let_go(&self) {
        self.let_go.notified().await;
    }

    /// Something may have been said about any.
    pub fn wake_all(&self) {
        self.state().resting.clear();
    }
}

impl Held {
    pub fn run(&self) -> RunId {
        self.run
    }

    /// Nothing to do until a person, or time, changes something.
    pub fn rest(&self) {
        self.hands.state().resting.insert(self.run, Instant::now() + REST);
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
}
