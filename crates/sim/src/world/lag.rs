//! Replication lag of one secondary as a function of virtual time.
//!
//! A history of segments rather than samples: any past instant can be asked for, so the metrics that
//! CloudWatch answers agree with what a failover lost, and nothing has to tick.

use serde::{Deserialize, Serialize};

/// Segments kept; a link that flaps for a day must not fill the state file.
const KEPT_SEGMENTS: usize = 256;
/// The world is older than the simulator: a first look finds metrics of the last three hours.
const PAST_MS: i64 = 3 * 3_600_000;
/// Lag that drains this many times faster than it grew.
const DRAIN_FACTOR: f64 = 9.0;

/// What replication is doing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// No replication and so no metric: this member is the writer, or waits to be resynchronised.
    Absent,
    /// Replicating; lag sways around its base, or is still draining down to it.
    Flowing,
    /// Cut off: every second adds a second.
    Stopped,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Segment {
    from_ms: i64,
    condition: Condition,
    /// The lag when this segment began.
    start_ms: f64,
    /// What it sways around when all is well.
    base_ms: f64,
}

/// The history of one secondary's lag.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Lag {
    segments: Vec<Segment>,
}

impl Lag {
    /// Says what holds from `at_ms` on; the same as before changes nothing.
    pub fn set(&mut self, at_ms: i64, condition: Condition, base_ms: f64) {
        if let Some(last) = self.segments.last()
            && last.condition == condition
            && last.base_ms == base_ms
        {
            return;
        }
        // A new link speed shows at once; only a backlog drains.
        let was_stopped = self.segments.last().is_some_and(|s| s.condition == Condition::Stopped);
        let draining =
            self.segments.last().is_some_and(|s| s.condition == Condition::Flowing && s.base_ms == base_ms);
        let start_ms = match (condition, self.at(at_ms)) {
            (Condition::Absent, _) | (_, None) => base_ms,
            (Condition::Stopped, Some(lag)) => lag,
            (Condition::Flowing, Some(lag)) if was_stopped || draining => lag.max(base_ms),
            (Condition::Flowing, Some(_)) => base_ms,
        };
        let from_ms = if self.segments.is_empty() { at_ms - PAST_MS } else { at_ms };
        self.segments.push(Segment { from_ms, condition, start_ms, base_ms });
        if self.segments.len() > KEPT_SEGMENTS {
            self.segments.remove(0);
        }
    }

    /// The lag at an instant in milliseconds; `None` where no metric would exist.
    pub fn at(&self, at_ms: i64) -> Option<f64> {
        let segment = self.segments.iter().rev().find(|s| s.from_ms <= at_ms)?;
        let elapsed = (at_ms - segment.from_ms) as f64;
        match segment.condition {
            Condition::Absent => None,
            Condition::Stopped => Some(segment.start_ms + elapsed),
            Condition::Flowing => {
                let drained = segment.start_ms - elapsed * DRAIN_FACTOR;
                Some(drained.max(segment.base_ms * sway(at_ms)))
            }
        }
    }

    /// Whether nothing passes now.
    pub fn is_stopped(&self) -> bool {
        self.segments.last().is_some_and(|s| s.condition == Condition::Stopped)
    }

    /// Since when the present condition holds.
    pub fn since_ms(&self) -> Option<i64> {
        self.segments.last().map(|s| s.from_ms)
    }
}

/// 0.8 to 1.2, smooth and the same for the same instant: two incommensurate waves.
fn sway(at_ms: i64) -> f64 {
    let seconds = (at_ms.rem_euclid(86_400_000)) as f64 / 1_000.0;
    1.0 + 0.13 * (seconds / 37.0).sin() + 0.07 * (seconds / 5.3).sin()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_link_adds_a_second_each_second_and_drains_afterwards() {
        let mut lag = Lag::default();
        lag.set(0, Condition::Flowing, 500.0);
        lag.set(10_000, Condition::Stopped, 500.0);
        let cut = lag.at(10_000).unwrap_or_default();
        assert!((400.0..600.0).contains(&cut), "{cut}");
        assert_eq!(lag.at(70_000), Some(cut + 60_000.0));
        lag.set(70_000, Condition::Flowing, 500.0);
        assert!(lag.at(71_000).is_some_and(|l| l > 50_000.0));
        assert!(lag.at(80_000).is_some_and(|l| l < 700.0));
    }

    #[test]
    fn a_writer_has_no_lag_metric() {
        let mut lag = Lag::default();
        lag.set(0, Condition::Absent, 500.0);
        assert_eq!(lag.at(5), None);
        assert_eq!(Lag::default().at(5), None);
    }

    #[test]
    fn a_slower_link_shows_at_once() {
        let mut lag = Lag::default();
        lag.set(0, Condition::Flowing, 500.0);
        lag.set(1_000, Condition::Flowing, 48_000.0);
        assert!(lag.at(1_001).is_some_and(|l| l > 38_000.0));
        lag.set(2_000, Condition::Flowing, 500.0);
        assert!(lag.at(2_001).is_some_and(|l| l < 700.0));
    }
}
