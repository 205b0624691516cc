//! Before a planned promotion: the copy has everything that was written until nothing wrote any more. A lag of zero would
//! not say so while writes go on, and a lag above it may be as good as none: what counts is up to when the copy has
//! everything, which is the time of a measurement less the lag that it told.

use super::check::known;
use super::lag::measured;
use super::{Seen, Verdict};
use holdfast_domain::{Name, RegionCode};
use jiff::{SignedDuration, Timestamp};

const WAY_OUT: &str = "See what still writes to the old writer, or why the copy does not catch up, and retry; or escalate the run to an emergency, which accepts the loss.";

/// `since`: the fence holds from then on; `None` before the step has begun.
pub(super) fn check(
    store: &Name,
    region: &RegionCode,
    since: Option<Timestamp>,
    seen: &Seen,
    now: Timestamp,
) -> Verdict {
    let facts = match known(seen, store, region) {
        Ok(facts) => facts,
        Err(reason) => return Verdict::Unseen { reason },
    };
    if facts.writes() == Some(true) {
        return Verdict::Drift {
            expected: format!("{store} in {region} copies"),
            found: "it takes writes of its own".into(),
        };
    }
    let waits = |note: String| Verdict::WaitOr { note, way_out: WAY_OUT.into() };
    let Some(since) = since else { return waits(format!("begins to wait for {store} in {region}")) };
    let lag = facts.lag();
    let lag = match measured(lag.as_ref(), now) {
        Ok(lag) => lag,
        Err(reason) => {
            return waits(format!("up to when {store} in {region} has everything is not known: {reason}"));
        }
    };
    let behind = SignedDuration::try_from_secs_f64(lag.milliseconds / 1000.0).unwrap_or(SignedDuration::MAX);
    // A point of a metric has the time at which its minute began: what it tells was measured then or later.
    match lag.measured_at.checked_sub(behind) {
        Ok(has) if has >= since => Verdict::Reached {
            note: format!(
                "{store} in {region} had everything written until {has:.0}, and nothing wrote after {since:.0}"
            ),
        },
        _ => waits(format!(
            "{store} in {region} was {:.1} s behind at {:.0}; it must have what was written until {since:.0}",
            lag.milliseconds / 1000.0,
            lag.measured_at
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::stores::{db_arn, replica_member};
    use crate::testing::world::{A, B, key, known as seen_now, unknown};
    use crate::testing::{after, name, region};
    use holdfast_domain::facts::Lag;
    use holdfast_domain::{Facts, ObservationMap};

    fn copy(milliseconds: f64, at: i64) -> Facts {
        let mut member = replica_member(B, "books-replica", Some(db_arn(A, "books")));
        member.lag = Some(Lag { milliseconds, measured_at: after(at), metric: "ReplicaLag".into() });
        Facts::ReplicaMember(member)
    }

    fn word(facts: Option<Facts>, since: Option<i64>, now: i64) -> &'static str {
        let sight = facts.map_or_else(|| unknown(None), seen_now);
        let seen = ObservationMap::from([(key("books", B), sight)]);
        match check(&name("books"), &region(B), since.map(after), &seen, after(now)) {
            Verdict::Reached { .. } => "reached",
            Verdict::WaitOr { .. } => "wait",
            Verdict::Unseen { .. } => "unseen",
            Verdict::Drift { .. } => "drift",
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_copy_has_everything_when_it_reaches_back_to_the_fence_and_not_when_its_lag_is_small() {
        for (milliseconds, at, expected) in [
            (0.0, 59, "wait"),
            (0.0, 60, "reached"),
            (900.0, 60, "wait"),
            (900.0, 61, "reached"),
            (200_000.0, 120, "wait"),
            (200_000.0, 260, "reached"),
        ] {
            let told = word(Some(copy(milliseconds, at)), Some(60), at.max(60) + 10);
            assert_eq!(told, expected, "{milliseconds} ms at {at}");
        }
    }

    #[test]
    fn nothing_is_taken_for_caught_up_that_was_not_measured_after_the_fence() {
        assert_eq!(word(Some(copy(0.0, 0)), None, 5), "wait", "the step has not begun");
        assert_eq!(word(Some(copy(0.0, 60)), Some(60), 60 + 301), "wait", "the measurement is old");
        assert_eq!(word(Some(copy(f64::NAN, 90)), Some(60), 95), "wait");
        let mut never = replica_member(B, "books-replica", Some(db_arn(A, "books")));
        never.lag = None;
        assert_eq!(word(Some(Facts::ReplicaMember(never)), Some(60), 95), "wait");
        assert_eq!(word(None, Some(60), 95), "unseen");
        let promoted = Facts::ReplicaMember(replica_member(B, "books-replica", None));
        assert_eq!(word(Some(promoted), Some(60), 95), "drift", "somebody else promoted it");
    }
}
