//! What a lease lets its worker do. The worker judges by its own monotonic clock, counted from the moment before it asked:
//! for it the lease can only end sooner than in the database. `run/tests/model.rs` goes through every order of renewals,
//! stops and lost answers.

use jiff::{SignedDuration, Timestamp};

/// A lease as its worker knows it; `T` is that worker's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Grant<T> {
    /// Given out once; a lease that has run out is taken anew under a higher one.
    pub epoch: i64,
    pub good_until: T,
}

impl<T: PartialOrd> Grant<T> {
    /// Whether what begins now begins under the lease of this epoch. Asked before each changing call: a process that was
    /// stopped and woke up must not go on with what it had in hand.
    #[must_use]
    pub fn holds(&self, epoch: i64, now: T) -> bool {
        self.epoch == epoch && now < self.good_until
    }
}

/// Whether a call that leaves now can take effect only before its journalled intent counts as lost for good. A process that
/// was stopped for less than its lease, or waited long for its journal, must not send what others no longer expect.
#[must_use]
pub fn leaves_in_time(now: Timestamp, deadline: SignedDuration, answer_due: Timestamp) -> bool {
    now.checked_add(deadline).is_ok_and(|at_the_latest| at_the_latest <= answer_due)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::after;

    #[test]
    fn a_lease_ends_at_its_moment_and_covers_no_other_epoch() {
        let grant = Grant { epoch: 4, good_until: 10 };
        assert!(grant.holds(4, 9));
        assert!(!grant.holds(4, 10), "at its end it is over");
        assert!(!grant.holds(3, 9) && !grant.holds(5, 9));
    }

    #[test]
    fn a_call_leaves_only_while_its_effect_is_still_waited_for() {
        let deadline = SignedDuration::from_secs(30);
        assert!(leaves_in_time(after(2), deadline, after(32)));
        assert!(!leaves_in_time(after(3), deadline, after(32)));
        assert!(!leaves_in_time(Timestamp::MAX, deadline, Timestamp::MAX), "time has an end");
    }
}
