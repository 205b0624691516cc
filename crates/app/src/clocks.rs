//! How clocks stand, for every page: who reads times has to know whether they are right.

use holdfast_api::system::ClockView;
use holdfast_failover::clock::{Comparison, Standing, judge};
use jiff::{SignedDuration, Timestamp};

pub(crate) fn clock_view(found: Comparison, now: Timestamp) -> ClockView {
    let (state, says, way_out) = match judge(&found, now) {
        Standing::Together => ("good", None, None),
        Standing::Apart { says, way_out } => ("bad", Some(says), Some(way_out.to_owned())),
        Standing::Unknown { says } => ("unknown", Some(says), None),
    };
    // What was compared too long ago is no figure of now.
    let lately = now.duration_since(found.at) <= holdfast_failover::clock::COMPARED_WITHIN;
    let seconds = |ahead: SignedDuration| ahead.as_secs_f64();
    ClockView {
        worker: found.worker,
        state: state.into(),
        says,
        way_out,
        own_ahead_seconds: found.own_ahead.filter(|_| lately).map(seconds),
        aws_ahead_seconds: found.aws_ahead.filter(|_| lately).map(seconds),
        compared_at: found.at,
    }
}
