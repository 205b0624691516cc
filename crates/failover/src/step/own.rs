//! Steps of one's own that wait: for a person, for a time, for a signal.

use super::{Seen, Step, Verdict, Work};
use super::{catch_up, outside};
use holdfast_domain::own_step::Until;
use holdfast_domain::{Name, RegionCode, Seconds};
use jiff::{SignedDuration, Timestamp};

/// Asked at once: waiting for people is what a run that needs a person does.
pub(super) fn person(says: &str, group: Option<&Name>) -> Verdict {
    let who =
        group.map_or_else(|| "Whoever may steer runs".to_owned(), |g| format!("Somebody of the group {g}"));
    Verdict::Stuck {
        reason: format!("waits for a person to say: {says}"),
        way_out: format!("{who} confirms the step when it is so; it can be skipped with a reason."),
    }
}

pub(super) fn time(until: &Until, began: Option<Timestamp>, now: Timestamp) -> Verdict {
    let due = match until {
        Until::At(at) => Some(*at),
        Until::For(length) => began.and_then(|at| at.checked_add(length_of(*length)).ok()),
    };
    match due {
        Some(due) if now >= due => Verdict::Reached { note: format!("it is past {due:.0}") },
        Some(due) => Verdict::Wait { note: format!("waits until {due:.0}") },
        None => Verdict::Wait { note: "begins to wait".into() },
    }
}

fn length_of(length: Seconds) -> SignedDuration {
    SignedDuration::from_secs(i64::from(length.get()))
}

pub(super) fn signal(signal: &Name, region: &RegionCode, seen: &Seen) -> Verdict {
    match outside::signal(signal, region, seen) {
        Ok(Ok(())) => Verdict::Reached { note: format!("{signal} in {region} is well") },
        Ok(Err(trouble)) => Verdict::WaitOr {
            note: format!("{signal} in {region}: {trouble}"),
            way_out: format!(
                "Mend what {signal} watches in {region} and retry, or skip the step with a reason if it may go on without."
            ),
        },
        Err(reason) => Verdict::Unseen { reason },
    }
}

impl Step {
    /// The verdict of a wait that is counted from the step's own start, which [`Step::check`] does not know: for a
    /// length of time, or until a copy has what was written before. `None`: not such a step.
    #[must_use]
    pub fn waited(&self, began: Option<Timestamp>, seen: &Seen, now: Timestamp) -> Option<Verdict> {
        match &self.work {
            Work::WaitForTime { until } => Some(time(until, began, now)),
            Work::CatchUp { store, region } => Some(catch_up::check(store, region, began, seen, now)),
            _ => None,
        }
    }

    /// Whether a person's word ends it.
    #[must_use]
    pub fn is_confirmed_by_a_person(&self) -> bool {
        matches!(self.work, Work::WaitForPerson { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::how::{Condition, holds as holds_now};
    use crate::testing::world::{B, key, known, unknown};
    use crate::testing::{NOW, after, name, region};
    use holdfast_domain::facts::{Comparison, MetricFacts, ProbeAnswer};
    use holdfast_domain::{Facts, ObservationMap};

    fn word(verdict: &Verdict) -> &'static str {
        match verdict {
            Verdict::Reached { .. } => "reached",
            Verdict::Wait { .. } | Verdict::WaitOr { .. } => "wait",
            Verdict::Unseen { .. } => "unseen",
            Verdict::Stuck { .. } => "stuck",
            Verdict::Act(_) | Verdict::Drift { .. } => "other",
        }
    }

    #[test]
    fn a_length_of_time_is_counted_from_the_steps_start() {
        let wait = Until::For(Seconds(60));
        assert_eq!(word(&time(&wait, None, NOW)), "wait");
        assert_eq!(word(&time(&wait, Some(NOW), after(59))), "wait");
        assert_eq!(word(&time(&wait, Some(NOW), after(60))), "reached");
        assert_eq!(word(&time(&Until::At(after(5)), None, after(5))), "reached");
        assert_eq!(word(&time(&Until::At(after(6)), Some(NOW), after(5))), "wait");
    }

    #[test]
    fn a_signal_that_cannot_be_seen_is_not_taken_for_well() {
        let probe = |healthy: bool| {
            known(Facts::Probe(ProbeAnswer {
                healthy,
                status: Some(if healthy { 200 } else { 503 }),
                trouble: (!healthy).then(|| "status 503".to_owned()),
                certificate: None,
                milliseconds: 12,
                from: "here".into(),
                at: NOW,
            }))
        };
        for (sight, expected) in [(probe(true), "reached"), (probe(false), "wait"), (unknown(None), "unseen")]
        {
            let seen = ObservationMap::from([(key("healthy", B), sight)]);
            assert_eq!(word(&signal(&name("healthy"), &region(B), &seen)), expected);
        }
    }

    #[test]
    fn a_metric_is_well_by_its_threshold_and_without_a_data_point_meets_no_condition_either_way() {
        let metric = |value: f64| {
            known(Facts::Metric(MetricFacts {
                what: "Average of Shop/CheckoutSuccess".into(),
                value,
                at: NOW,
                well_when: Comparison::AtLeast,
                threshold: 95.0,
            }))
        };
        let well = |well: bool| Condition::Signal { resource: name("success"), region: region(B), well };
        for (sight, expected, holds) in [
            (metric(95.0), "reached", [Ok(true), Ok(false)]),
            (metric(94.9), "wait", [Ok(false), Ok(true)]),
            (unknown(None), "unseen", [Err(()), Err(())]),
            (unknown(Some(Facts::AwsHealth { events: vec![], more: false })), "unseen", [Err(()), Err(())]),
        ] {
            let seen = ObservationMap::from([(key("success", B), sight)]);
            assert_eq!(word(&signal(&name("success"), &region(B), &seen)), expected);
            assert_eq!([true, false].map(|w| holds_now(&well(w), &seen).map_err(drop)), holds);
        }
    }
}
