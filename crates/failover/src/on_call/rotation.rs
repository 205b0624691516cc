//! People who take turns: the duty is handed over every so many days at a time of day, where the clocks of a place say so.

use super::zone;
use holdfast_domain::PersonId;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

pub const MOST_PEOPLE: usize = 50;
pub const MOST_TURN_DAYS: u16 = 92;

/// Stored as it is: names are a contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotation {
    /// In turn.
    pub people: Vec<PersonId>,
    /// IANA's name, such as `Europe/Berlin`.
    pub time_zone: String,
    /// The day of the first hand-over; before it nobody is on call.
    pub starts_on: Date,
    /// By the clocks of the zone. Where they skip it, it is when they have gone on; where they show it twice, the first time.
    pub hand_over: Time,
    pub turn_days: u16,
}

/// One turn of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    pub person: PersonId,
    pub from: Timestamp,
    pub until: Timestamp,
}

/// Why a rotation is none: the field, what is wrong with it, what to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    pub field: &'static str,
    pub message: String,
    pub way_out: &'static str,
}

impl Rotation {
    /// # Errors
    /// What keeps it from saying who is on call.
    pub fn check(&self) -> Result<(), Wrong> {
        let wrong = |field, message: String, way_out| Err(Wrong { field, message, way_out });
        if self.people.is_empty() || self.people.len() > MOST_PEOPLE {
            let message = format!("is not 1 to {MOST_PEOPLE} people");
            return wrong("people", message, "Name those who take turns, in order.");
        }
        if self.turn_days == 0 || self.turn_days > MOST_TURN_DAYS {
            let message = format!("is not 1 to {MOST_TURN_DAYS}");
            return wrong("turn_days", message, "Write 1 for a day, 7 for a week, 14 for two.");
        }
        if zone::named(&self.time_zone).is_none() {
            let message =
                format!("`{}` is no time zone", self.time_zone.chars().take(60).collect::<String>());
            return wrong("time_zone", message, "Write an IANA name, such as Europe/Berlin or UTC.");
        }
        if !(1970..=2200).contains(&self.starts_on.year()) {
            let message = "is not between the years 1970 and 2200".to_owned();
            return wrong("starts_on", message, "Write the day of the first hand-over, such as 2026-12-07.");
        }
        Ok(())
    }

    /// When its first turn begins.
    #[must_use]
    pub fn begins(&self) -> Option<Timestamp> {
        self.handed_over(&zone::named(&self.time_zone)?, 0)
    }

    /// Whose turn it is; `None` before the first, or where the rotation is none ([`Rotation::check`]).
    #[must_use]
    pub fn shift_at(&self, at: Timestamp) -> Option<Shift> {
        let zone = zone::named(&self.time_zone)?;
        let days = i64::from(self.turn_days);
        let today = zone.to_datetime(at).date();
        let passed = self.starts_on.duration_until(today).as_hours() / 24;
        // The day alone tells it but for the hour of the hand-over, and for days that a zone left out.
        let mut turn = passed.checked_div_euclid(days)?;
        let mut from = self.handed_over(&zone, turn)?;
        while from > at {
            turn -= 1;
            from = self.handed_over(&zone, turn)?;
        }
        let mut until = self.handed_over(&zone, turn + 1)?;
        while until <= at {
            turn += 1;
            from = until;
            until = self.handed_over(&zone, turn + 1)?;
        }
        let turn = usize::try_from(turn).ok()?;
        let person = *self.people.get(turn.checked_rem(self.people.len())?)?;
        Some(Shift { person, from, until })
    }

    /// When the turn of this number begins.
    fn handed_over(&self, zone: &TimeZone, turn: i64) -> Option<Timestamp> {
        let days = Span::new().try_days(turn.checked_mul(i64::from(self.turn_days))?).ok()?;
        let day = self.starts_on.checked_add(days).ok()?;
        zone.to_ambiguous_timestamp(day.to_datetime(self.hand_over)).compatible().ok()
    }
}
