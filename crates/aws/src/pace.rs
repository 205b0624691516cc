//! How fast one account's service may be asked. AWS throttles per account and API, so a throttled answer slows the
//! looks at that service of that account and nobody else's. Changing calls are never held back: their step asks again.

use crate::settings::Service;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The rate that the first throttled answer sets, in calls a second; each further one halves it.
const FIRST_RATE: f64 = 8.0;
const LOWEST_RATE: f64 = 0.5;
/// Answers come from calls that were sent at the old rate too: one slowing in this time counts for all of them.
const ONE_SLOWING: Duration = Duration::from_millis(500);
/// What each good answer adds to the rate; beyond the last the service is as free as before.
const FASTER: f64 = 1.2;
const FREE_RATE: f64 = 64.0;
/// A look that would wait longer than this says so instead: its own deadline is near, and what is known ages meanwhile.
const LONGEST_WAIT: Duration = Duration::from_secs(3);

#[derive(Debug)]
struct Slow {
    rate: f64,
    next: Instant,
    slowed_at: Instant,
}

#[derive(Debug, Default)]
pub(crate) struct Pace(Mutex<HashMap<(String, Service), Slow>>);

/// Whether a look may go now.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    In(Duration),
    /// The turn would come too late to wait for.
    NotNow,
}

impl Pace {
    fn slow(&self) -> MutexGuard<'_, HashMap<(String, Service), Slow>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the next turn, unless it would come too late.
    pub(crate) fn turn(&self, account: &str, service: Service, now: Instant) -> Turn {
        let mut slow = self.slow();
        // Nobody is throttled most of the time, and then no key is made.
        if slow.is_empty() {
            return Turn::In(Duration::ZERO);
        }
        let Some(one) = slow.get_mut(&(account.to_owned(), service)) else { return Turn::In(Duration::ZERO) };
        let at = one.next.max(now);
        let wait = at.saturating_duration_since(now);
        if wait > LONGEST_WAIT {
            return Turn::NotNow;
        }
        one.next = at + Duration::from_secs_f64(1.0 / one.rate);
        Turn::In(wait)
    }

    pub(crate) fn throttled(&self, account: &str, service: Service, now: Instant) {
        let mut slow = self.slow();
        let one = slow.entry((account.to_owned(), service)).or_insert(Slow {
            rate: FIRST_RATE * 2.0,
            next: now,
            slowed_at: now.checked_sub(ONE_SLOWING).unwrap_or(now),
        });
        if now.saturating_duration_since(one.slowed_at) >= ONE_SLOWING || one.rate > FIRST_RATE {
            one.rate = (one.rate / 2.0).clamp(LOWEST_RATE, FIRST_RATE);
            one.slowed_at = now;
        }
    }

    pub(crate) fn answered(&self, account: &str, service: Service) {
        let mut slow = self.slow();
        if slow.is_empty() {
            return;
        }
        let key = (account.to_owned(), service);
        if let Some(one) = slow.get_mut(&key) {
            one.rate *= FASTER;
            if one.rate > FREE_RATE {
                slow.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ECS: Service = Service::Ecs;

    fn waits(pace: &Pace, account: &str, now: Instant, calls: usize) -> Vec<Turn> {
        (0..calls).map(|_| pace.turn(account, ECS, now)).collect()
    }

    #[test]
    fn a_throttled_account_takes_turns_and_the_others_do_not_wait() {
        let (pace, now) = (Pace::default(), Instant::now());
        pace.throttled("1", ECS, now);
        let step = Duration::from_millis(125);
        assert_eq!(waits(&pace, "1", now, 3), [Turn::In(Duration::ZERO), Turn::In(step), Turn::In(step * 2)]);
        assert_eq!(waits(&pace, "2", now, 3), [const { Turn::In(Duration::ZERO) }; 3]);
        assert_eq!(pace.turn("1", Service::Rds, now), Turn::In(Duration::ZERO));
    }

    #[test]
    fn a_crowd_of_throttled_answers_slows_once_and_later_ones_slow_further() {
        let (pace, now) = (Pace::default(), Instant::now());
        for _ in 0..20 {
            pace.throttled("1", ECS, now);
        }
        assert_eq!(waits(&pace, "1", now, 2)[1], Turn::In(Duration::from_millis(125)));
        let later = now + Duration::from_secs(10);
        pace.throttled("1", ECS, later);
        assert_eq!(waits(&pace, "1", later, 2)[1], Turn::In(Duration::from_millis(250)));
    }

    #[test]
    fn who_would_wait_too_long_is_told_at_once_and_takes_no_turn() {
        let (pace, now) = (Pace::default(), Instant::now());
        pace.throttled("1", ECS, now);
        let turns = waits(&pace, "1", now, 100);
        assert_eq!(turns.iter().filter(|turn| **turn != Turn::NotNow).count(), 25);
        assert_eq!(pace.turn("1", ECS, now + LONGEST_WAIT), Turn::In(Duration::from_millis(125)));
    }

    #[test]
    fn good_answers_set_it_free_again() {
        let (pace, now) = (Pace::default(), Instant::now());
        pace.throttled("1", ECS, now);
        for _ in 0..20 {
            pace.answered("1", ECS);
        }
        assert_eq!(waits(&pace, "1", now, 2), [const { Turn::In(Duration::ZERO) }; 2]);
    }
}
