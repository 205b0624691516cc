//! Who is on call: a rotation of our own, or what a calendar elsewhere says, and overrides over either. Arithmetic alone: the
//! time is an argument and time zones are data of the binary, so that every replica answers alike.
//!
//! It narrows who hears of something first and nothing else. Nobody on call, or nobody known to be, narrows nothing: then
//! everybody hears.

pub mod calendar;
mod rotation;
pub mod zone;

pub use rotation::{MOST_PEOPLE, MOST_TURN_DAYS, Rotation, Shift, Wrong};

use holdfast_domain::PersonId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// What a calendar said longer ago than this is not known any more.
pub const STALE_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// How many changes ahead are looked at for the next that brings somebody else.
const LOOK_AHEAD: usize = 500;

/// A person on duty for a time, as a calendar says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    pub person: PersonId,
    pub from: Timestamp,
    pub until: Timestamp,
}

/// Somebody takes the duty of everybody else for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    pub person: PersonId,
    pub from: Timestamp,
    pub until: Timestamp,
}

/// Where the answer comes from.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    Rotation(&'a Rotation),
    Calendar(&'a [Span]),
}

/// Who is on call at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duty {
    /// Nobody where it is empty.
    pub people: Vec<PersonId>,
    /// Somebody took it over.
    pub overridden: bool,
    /// When the answer may become another; absent where it stays.
    pub until: Option<Timestamp>,
}

fn holds(from: Timestamp, until: Timestamp, at: Timestamp) -> bool {
    from <= at && at < until
}

/// `overrides`: the one made last first; of two that hold at once it counts.
#[must_use]
pub fn at(source: Source<'_>, overrides: &[Override], at: Timestamp) -> Duty {
    let mut changes: Vec<Timestamp> = overrides.iter().flat_map(|o| [o.from, o.until]).collect();
    let on_duty: Vec<PersonId> = match source {
        Source::Rotation(rotation) => {
            let shift = rotation.shift_at(at);
            changes.extend(shift.as_ref().map_or_else(|| rotation.begins(), |shift| Some(shift.until)));
            shift.map(|shift| shift.person).into_iter().collect()
        }
        Source::Calendar(spans) => {
            changes.extend(spans.iter().flat_map(|s| [s.from, s.until]));
            let mut people: Vec<PersonId> =
                spans.iter().filter(|s| holds(s.from, s.until, at)).map(|s| s.person).collect();
            people.sort_unstable();
            people.dedup();
            people
        }
    };
    let instead = overrides.iter().find(|o| holds(o.from, o.until, at)).map(|o| o.person);
    Duty {
        overridden: instead.is_some(),
        people: instead.map_or(on_duty, |person| vec![person]),
        until: changes.into_iter().filter(|change| *change > at).min(),
    }
}

/// When somebody else is on call, and who; absent where nothing of the kind is in sight.
#[must_use]
pub fn next(source: Source<'_>, overrides: &[Override], now: Timestamp) -> Option<(Timestamp, Duty)> {
    let first = at(source, overrides, now);
    let mut when = first.until?;
    for _ in 0..LOOK_AHEAD {
        let duty = at(source, overrides, when);
        if duty.people != first.people {
            return Some((when, duty));
        }
        when = duty.until?;
    }
    None
}

#[cfg(test)]
mod tests;
