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

    /// What the database has just said.
    pub fn set(&self, now: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (now, Instant::now());
    }

    /// Behind the database by the answer's travel time, never ahead: no deadline is judged over too soon.
    pub fn now(&self) -> Timestamp {
        let (said, heard) = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = SignedDuration::try_from(heard.elapsed()).unwrap_or(SignedDuration::ZERO);
        said.checked_add(passed).unwrap_or(said)
    }
}
