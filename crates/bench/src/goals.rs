//! What a sweep must reach, as ratios of one run, and what it missed.

use std::fmt;

/// Of one number of calls at once: the median time over that of the calls really made, one after the other in so many
/// lanes. Others have no goal of their own.
const TIMES_THE_LIMIT: [(usize, f64); 2] = [(64, 1.25), (256, 1.6)];
/// What a Region that does not answer may cost the others, in the sweep that finds it dark and in those that know.
const BESIDE_A_DARK_REGION: f64 = 1.05;
/// How much older than the interval a sight may become.
const STALENESS_OVER_INTERVAL_SECONDS: f64 = 5.0;

/// What was measured with so many calls at once; medians where there were several rounds.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    pub lanes: usize,
    pub times_the_limit: f64,
    pub beside_a_dark_region: f64,
    /// Of all sights the 99th percentile: how long one was shown before the next took its place.
    pub staleness_seconds: f64,
    pub interval_seconds: f64,
    pub sessions: usize,
    pub accounts: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Miss {
    pub lanes: usize,
    pub what: &'static str,
    pub goal: f64,
    pub reached: f64,
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lanes, what, goal, reached } = self;
        write!(f, "{what} at {lanes} calls at once is {reached:.2}, and the goal is at most {goal:.2}")
    }
}

/// What is no number is missed too.
#[must_use]
pub fn missed(measured: &Measured) -> Vec<Miss> {
    let ratio = TIMES_THE_LIMIT.iter().find(|(lanes, _)| *lanes == measured.lanes);
    let goals = [
        ratio.map(|(_, goal)| ("the time over its limit", *goal, measured.times_the_limit)),
        Some((
            "the other Regions' time beside a dark one",
            BESIDE_A_DARK_REGION,
            measured.beside_a_dark_region,
        )),
        Some((
            "the staleness in seconds",
            measured.interval_seconds + STALENESS_OVER_INTERVAL_SECONDS,
            measured.staleness_seconds,
        )),
        Some(("the sessions per account", 1.0, measured.sessions as f64 / measured.accounts.max(1) as f64)),
    ];
    goals
        .into_iter()
        .flatten()
        .filter(|(_, goal, reached)| reached.partial_cmp(goal).is_none_or(std::cmp::Ordering::is_gt))
        .map(|(what, goal, reached)| Miss { lanes: measured.lanes, what, goal, reached })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Measured = Measured {
        lanes: 64,
        times_the_limit: 1.25,
        beside_a_dark_region: 1.05,
        staleness_seconds: 34.9,
        interval_seconds: 30.0,
        sessions: 50,
        accounts: 50,
    };

    fn words(measured: Measured) -> Vec<&'static str> {
        missed(&measured).into_iter().map(|miss| miss.what).collect()
    }

    #[test]
    fn each_figure_is_held_to_its_own_goal() {
        assert_eq!(words(GOOD), [""; 0]);
        assert_eq!(words(Measured { times_the_limit: 1.26, ..GOOD }), ["the time over its limit"]);
        assert_eq!(words(Measured { times_the_limit: 1.59, lanes: 256, ..GOOD }), [""; 0]);
        assert_eq!(words(Measured { times_the_limit: 9.0, lanes: 8, ..GOOD }), [""; 0], "it has no goal");
        assert_eq!(words(Measured { beside_a_dark_region: 1.06, ..GOOD }).len(), 1);
        assert_eq!(words(Measured { staleness_seconds: 35.1, ..GOOD }), ["the staleness in seconds"]);
        assert_eq!(words(Measured { sessions: 51, ..GOOD }), ["the sessions per account"]);
    }

    #[test]
    fn what_could_not_be_measured_is_missed() {
        assert_eq!(words(Measured { times_the_limit: f64::NAN, ..GOOD }), ["the time over its limit"]);
        assert_eq!(words(Measured { staleness_seconds: f64::NAN, ..GOOD }).len(), 1);
    }
}
