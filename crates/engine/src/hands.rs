//! Which runs this worker has in hand, and which of its runs rest until somebody speaks.

use holdfast_domain::RunId;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A run that waits for a person is looked at again this often without any notification: one may be lost.
const REST: Duration = Duration::from_secs(5);
/// One that a worker has crashed on is not tried again at every turn: it must not take the others' time.
const AFTER_A_CRASH: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
struct State {
    in_hand: HashSet<RunId>,
    resting: HashMap<RunId, Instant>,
}

#[derive(Debug, Clone, Default)]
pub struct Hands(Arc<Mutex<State>>);

/// One run in hand; let go when dropped, also by a panic.
#[derive(Debug)]
pub struct Held {
    hands: Hands,
    run: RunId,
}

impl Hands {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// Something was said about this run.
    pub fn wake(&self, run: RunId) {
        self.state().resting.remove(&run);
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
    pub fn rest_after_crash(&self, count: u32) {
        let pause = AFTER_A_CRASH.mul_f64(f64::from(count.clamp(1, 60)) * rand::random_range(1.0..1.5));
        self.hands.state().resting.insert(self.run, Instant::now() + pause);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.hands.state().in_hand.remove(&self.run);
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

    #[test]
    fn a_run_that_rests_is_taken_up_again_when_somebody_speaks() {
        let (hands, run) = (Hands::default(), RunId::fresh());
        hands.take(run).unwrap().rest();
        assert!(hands.take(run).is_none());
        hands.wake(run);
        assert!(hands.take(run).is_some());
    }
}
