//! The database's time, carried between questions by the local monotonic clock: what workers compare
//! deadlines with, so that a machine whose clock is wrong does not judge by it.

use jiff::{SignedDuration, Timestamp};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

#[derive(Debug, Clone)]
pub struct DatabaseClock(Arc<Mutex<(Timestamp, Instant)>>);

impl DatabaseClock {
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new((now, Instant::now()))))
    }

    /// What the database said, `asked` being the moment before the question left.
    pub fn set(&self, now: Timestamp, asked: Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (now, asked);
    }

    /// Never ahead of the database by more than one answer's travel time.
    pub fn now(&self) -> Timestamp {
        let (said, asked) = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = SignedDuration::try_from(asked.elapsed()).unwrap_or(SignedDuration::ZERO);
        said.checked_add(passed).unwrap_or(said)
    }
}
