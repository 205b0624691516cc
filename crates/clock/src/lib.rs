//! What time it is: the database's word, carried on by the machine's monotonic clock. Leases, approvals, sessions and journals are judged by
//! the database's clock; a process that judged by its own would let them live longer, or end them early, by as much as
//! that is wrong. The only place where Holdfast reads the clock of its machine (decision 46).

use jiff::{SignedDuration, Timestamp};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime};

/// The database's time, carried between questions. Clones are the same clock.
#[derive(Debug, Clone)]
pub struct DatabaseClock(Arc<Mutex<Said>>);

/// A time, and when it was heard.
#[derive(Debug, Clone, Copy)]
struct Said {
    at: Timestamp,
    heard: Instant,
}

impl Said {
    fn just_now(at: Timestamp) -> Self {
        Self { at, heard: Instant::now() }
    }

    /// Behind the database by the answer's travel time, never ahead: no deadline is judged over too soon.
    fn now(self) -> Timestamp {
        let passed = SignedDuration::try_from(self.heard.elapsed()).unwrap_or(SignedDuration::ZERO);
        self.at.checked_add(passed).unwrap_or(self.at)
    }
}

impl DatabaseClock {
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(Said::just_now(now))))
    }

    /// What the database has just said.
    pub fn set(&self, now: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Said::just_now(now);
    }

    #[must_use]
    pub fn now(&self) -> Timestamp {
        let said = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        said.now()
    }
}

/// What the database of this process last said.
static DATABASE: Mutex<Option<Said>> = Mutex::new(None);

/// What the database has just said. Whoever asks it tells it here.
pub fn database_said(now: Timestamp) {
    *DATABASE.lock().unwrap_or_else(PoisonError::into_inner) = Some(Said::just_now(now));
}

/// The time, for whatever is judged by it: the database's, and the machine's own only until the database has been asked.
#[must_use]
pub fn now() -> Timestamp {
    let said = *DATABASE.lock().unwrap_or_else(PoisonError::into_inner);
    said.map_or_else(own, Said::now)
}

/// The same, as signatures of requests and credentials take it.
#[must_use]
pub fn system_time() -> SystemTime {
    SystemTime::from(now())
}

/// What the machine's own clock says, to be compared with others and for nothing else.
#[must_use]
pub fn own() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_the_databases_as_soon_as_it_was_asked_and_goes_on_from_there() {
        assert!(now().duration_since(own()).abs() < SignedDuration::from_secs(5), "until then the machine's");
        let years_ahead = own() + SignedDuration::from_hours(24 * 3_650);
        database_said(years_ahead);
        let passed = now().duration_since(years_ahead);
        assert!(passed >= SignedDuration::ZERO && passed < SignedDuration::from_secs(5), "{passed}");
        let ahead = SystemTime::now() + std::time::Duration::from_secs(24 * 3_000 * 3_600);
        assert!(system_time() > ahead);
        assert!(own() < years_ahead);
    }

    #[test]
    fn clones_are_one_clock() {
        let clock = DatabaseClock::at(Timestamp::UNIX_EPOCH);
        let other = clock.clone();
        other.set(Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1));
        assert!(clock.now() >= Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1));
    }
}
