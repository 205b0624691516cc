//! The world's clock: real time, times a speed, plus what a test or a trainer has advanced it by.
//!
//! Processes in the world (a switchover, a scale-out, lag that grows) run on *virtual* time. Whatever is
//! shown to a caller is shown in *wall* time, shifted so that the two agree now: a caller's own clock has
//! not been advanced, and a metric that seems an hour old would be read as missing.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Virtual time as a function of real time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Clock {
    virtual_base_ms: i64,
    real_base_ms: i64,
    speed: f64,
}

impl Clock {
    /// A clock that shows real time now and runs at `speed` from here on; 0 stands still.
    pub fn starting(real_ms: i64, speed: f64) -> Self {
        Self { virtual_base_ms: real_ms, real_base_ms: real_ms, speed }
    }

    /// Virtual time, in milliseconds since the epoch.
    pub fn at(&self, real_ms: i64) -> Moment {
        let elapsed = real_ms.saturating_sub(self.real_base_ms).max(0) as f64;
        Moment { virtual_ms: self.virtual_base_ms.saturating_add((elapsed * self.speed) as i64), real_ms }
    }

    /// Runs at another speed from now on; what has passed has passed.
    pub fn set_speed(&mut self, real_ms: i64, speed: f64) {
        self.virtual_base_ms = self.at(real_ms).virtual_ms;
        self.real_base_ms = real_ms;
        self.speed = speed;
    }

    /// Jumps ahead.
    pub fn advance(&mut self, by_ms: i64) {
        self.virtual_base_ms = self.virtual_base_ms.saturating_add(by_ms.max(0));
    }

    /// Virtual seconds per real second.
    pub fn speed(&self) -> f64 {
        self.speed
    }
}

/// One instant on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The world's time, milliseconds since the epoch.
    pub virtual_ms: i64,
    /// The machine's time, milliseconds since the epoch.
    pub real_ms: i64,
}

impl Moment {
    /// A virtual instant as a caller's clock would show it.
    pub fn wall(&self, virtual_ms: i64) -> Timestamp {
        timestamp(self.real_ms.saturating_add(virtual_ms.saturating_sub(self.virtual_ms)))
    }

    /// A caller's instant as the world's clock would show it.
    pub fn to_virtual(&self, wall_ms: i64) -> i64 {
        wall_ms.saturating_add(self.virtual_ms.saturating_sub(self.real_ms))
    }
}

/// Milliseconds since the epoch as a timestamp; the nearest one that exists when out of range.
pub fn timestamp(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(if ms < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frozen_clock_moves_only_when_advanced() {
        let mut clock = Clock::starting(1_000, 0.0);
        assert_eq!(clock.at(9_000).virtual_ms, 1_000);
        clock.advance(500);
        assert_eq!(clock.at(9_000).virtual_ms, 1_500);
    }

    #[test]
    fn a_change_of_speed_does_not_jump() {
        let mut clock = Clock::starting(0, 10.0);
        assert_eq!(clock.at(1_000).virtual_ms, 10_000);
        clock.set_speed(1_000, 1.0);
        assert_eq!(clock.at(1_000).virtual_ms, 10_000);
        assert_eq!(clock.at(2_000).virtual_ms, 11_000);
    }

    #[test]
    fn now_is_shown_as_now_even_after_an_advance() {
        let mut clock = Clock::starting(0, 1.0);
        clock.advance(3_600_000);
        let now = clock.at(5_000);
        assert_eq!(now.wall(now.virtual_ms), timestamp(5_000));
        assert_eq!(now.to_virtual(5_000), now.virtual_ms);
    }
}
