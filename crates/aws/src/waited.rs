//! How long a look has waited for its turns. That is our own doing and no slowness of AWS's, so the look's deadline
//! moves by it. What one look asks at once waits at once: time in which several of its calls wait counts once.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

#[derive(Debug, Default)]
pub(crate) struct Waited(Mutex<Turns>);

impl Waited {
    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn total(&self) -> Duration {
        self.turns().total(Instant::now())
    }

    /// Waits until what is returned is dropped.
    pub(crate) fn begin(&self) -> Waiting<'_> {
        self.turns().begin(Instant::now());
        Waiting(self)
    }
}

#[derive(Debug)]
pub(crate) struct Waiting<'a>(&'a Waited);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.turns().end(Instant::now());
    }
}

#[derive(Debug, Default)]
struct Turns {
    waiting: usize,
    since: Option<Instant>,
    before: Duration,
}

impl Turns {
    fn begin(&mut self, now: Instant) {
        self.waiting += 1;
        self.since.get_or_insert(now);
    }

    fn end(&mut self, now: Instant) {
        self.waiting = self.waiting.saturating_sub(1);
        if self.waiting == 0 {
            self.before = self.total(now);
            self.since = None;
        }
    }

    fn total(&self, now: Instant) -> Duration {
        self.before + self.since.map(|since| now.saturating_duration_since(since)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_side_by_side_counts_once_and_what_follows_adds_to_it() {
        let (mut turns, start) = (Turns::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        turns.begin(at(0));
        turns.begin(at(1));
        turns.end(at(2));
        assert_eq!(turns.total(at(2)), Duration::from_secs(2), "one still waits");
        turns.end(at(3));
        assert_eq!(turns.total(at(9)), Duration::from_secs(3), "nobody waits any more");
        turns.begin(at(10));
        assert_eq!(turns.total(at(11)), Duration::from_secs(4));
    }
}
