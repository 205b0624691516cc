//! How often, and after which pauses, a message is tried again.

use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// After the first failure; three times as long after each further one.
    pub first: Duration,
    /// No pause is longer.
    pub longest: Duration,
    /// Then it is given up.
    pub attempts: u32,
}

impl Default for Patience {
    /// About four hours: longer than any request waits for approval.
    fn default() -> Self {
        Self { first: Duration::from_secs(5), longest: Duration::from_secs(900), attempts: 20 }
    }
}

impl Patience {
    /// The pause after the attempt of this number; none: it was the last. Not the same for all that failed together.
    #[must_use]
    pub fn after(&self, attempt: u32) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        let grown = self.first.saturating_mul(3_u32.saturating_pow(attempt.saturating_sub(1)));
        Some(grown.min(self.longest).mul_f64(rand::random_range(0.8..=1.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_the_longest_and_then_there_is_an_end() {
        let patience = Patience { attempts: 6, ..Patience::default() };
        let pauses: Vec<f64> = (1..6).map(|n| patience.after(n).unwrap().as_secs_f64()).collect();
        for (pause, whole) in pauses.iter().zip([5.0, 15.0, 45.0, 135.0, 405.0]) {
            assert!((whole * 0.8..=whole).contains(pause), "{pauses:?}");
        }
        assert_eq!(patience.after(6), None);
        assert!(Patience::default().after(19).unwrap() <= Duration::from_secs(900));
    }
}
