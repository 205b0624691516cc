//! The lag of every store at the cut: what a move could lose. Missing or old is none, with the reason.

use super::Seen;
use crate::compliance::StoreLag;
use holdfast_domain::facts::Lag;
use holdfast_domain::{Name, RegionCode};
use jiff::{SignedDuration, Timestamp};

/// A lag measured longer ago than this says nothing of now.
pub const LAG_MAX_AGE_SECONDS: i64 = 300;

/// Each store's lag in `target`.
#[must_use]
pub fn lags(stores: &[Name], target: &RegionCode, seen: &Seen, now: Timestamp) -> Vec<StoreLag> {
    stores.iter().map(|store| lag(store, target, seen, now)).collect()
}

fn lag(store: &Name, target: &RegionCode, seen: &Seen, now: Timestamp) -> StoreLag {
    let none = |reason: String| StoreLag {
        store: store.clone(),
        milliseconds: None,
        metric: None,
        measured_at: None,
        reason: Some(reason),
    };
    let Some(sight) = seen.get(&(store.clone(), target.clone())) else {
        return none(format!("{store} was not looked at in {target}"));
    };
    match sight.known() {
        None => none(format!("{store} in {target} is {}", sight.word())),
        // One that was promoted, or never was a copy: of what was written elsewhere it may have anything or nothing.
        Some(facts) if facts.writes() == Some(true) && facts.leaves_old_writer() => none(format!(
            "{store} in {target} takes writes of its own and copies nothing; what it has of other Regions' writes is not known"
        )),
        Some(facts) if facts.writes() == Some(true) => StoreLag {
            store: store.clone(),
            milliseconds: Some(0.0),
            metric: Some("writer".into()),
            measured_at: Some(now),
            reason: None,
        },
        Some(facts) => {
            let lag = facts.lag();
            match measured(lag.as_ref(), now) {
                Err(reason) => none(reason),
                Ok(lag) => StoreLag {
                    store: store.clone(),
                    milliseconds: Some(lag.milliseconds),
                    metric: Some(lag.metric.clone()),
                    measured_at: Some(lag.measured_at),
                    reason: None,
                },
            }
        }
    }
}

/// The measurement, where it says something of now.
///
/// # Errors
/// Why it does not.
pub(crate) fn measured(lag: Option<&Lag>, now: Timestamp) -> Result<&Lag, String> {
    let lag = lag.ok_or("no lag was measured")?;
    if now.duration_since(lag.measured_at) > SignedDuration::from_secs(LAG_MAX_AGE_SECONDS) {
        return Err(format!("the newest measurement is of {}", lag.measured_at));
    }
    if !lag.milliseconds.is_finite() || lag.milliseconds < 0.0 {
        return Err(format!("{} gave {}, which is no lag", lag.metric, lag.milliseconds));
    }
    Ok(lag)
}
