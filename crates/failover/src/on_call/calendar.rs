//! What a calendar elsewhere says of who is on call: iCalendar (RFC 5545) with its events written out one by one, as on-call
//! tools publish it, or a list as JSON. Whoever cannot be read fully is not read at all: half a calendar would name the wrong person.

use super::zone;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// More entries than this near today are no calendar of who is on call.
pub const MOST_ENTRIES: usize = 2_000;
/// What ended, or begins, further away than this is left out.
const NEAR: SignedDuration = SignedDuration::from_hours(24 * 60);

/// One entry: an address on duty for a time. Stored as it is: names are a contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// E-mail address, in lower case.
    pub person: String,
    pub from: Timestamp,
    pub until: Timestamp,
}

/// Those near `now`, in order of their beginning.
///
/// # Errors
/// What in it cannot be read.
pub fn read(text: &str, now: Timestamp) -> Result<Vec<Said>, String> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let mut said = if text.get(..15).is_some_and(|head| head.eq_ignore_ascii_case("BEGIN:VCALENDAR")) {
        icalendar(text)?
    } else if text.starts_with(['[', '{']) {
        json(text)?
    } else {
        return Err("it is neither iCalendar nor JSON".to_owned());
    };
    said.retain(|one| one.from < one.until && near(one, now));
    if said.len() > MOST_ENTRIES {
        return Err(format!("it has more than {MOST_ENTRIES} entries near today"));
    }
    said.sort_by(|a, b| (a.from, &a.person).cmp(&(b.from, &b.person)));
    Ok(said)
}

fn near(one: &Said, now: Timestamp) -> bool {
    now.duration_since(one.until) <= NEAR && one.from.duration_since(now) <= NEAR
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Listed {
    Bare(Vec<Said>),
    Under { on_call: Vec<Said> },
}

fn json(text: &str) -> Result<Vec<Said>, String> {
    let shape = "it is no list of {\"person\", \"from\", \"until\"}, nor an object whose `on_call` is one";
    let listed: Listed = serde_json::from_str(text).map_err(|_| shape.to_owned())?;
    let (Listed::Bare(mut all) | Listed::Under { on_call: mut all }) = listed;
    for one in &mut all {
        one.person = address(&one.person).ok_or("an entry's `person` is no e-mail address")?;
    }
    Ok(all)
}

/// One line of iCalendar, unfolded: `NAME;PARAMETER=…:VALUE`.
struct Line {
    name: String,
    zone: Option<String>,
    value: String,
}

fn icalendar(text: &str) -> Result<Vec<Said>, String> {
    let lines = unfolded(text);
    let mut lines = lines.iter().filter_map(|line| split(line));
    let (mut all, mut whole) = (Vec::new(), false);
    let mut of_all: Option<String> = None;
    while let Some(line) = lines.next() {
        match (line.name.as_str(), line.value.as_str()) {
            ("BEGIN", "VEVENT") => {
                let mut event = Event::default();
                loop {
                    let line = lines.next().ok_or("an event has no end")?;
                    match (line.name.as_str(), line.value.as_str()) {
                        ("END", "VEVENT") => break,
                        // An alarm within the event has times and texts of its own.
                        ("BEGIN", inner) => skip(&mut lines, inner)?,
                        _ => event.take(line)?,
                    }
                }
                all.extend(event.said(of_all.as_deref())?);
            }
            // Rules of zones: ours come by their names.
            ("BEGIN", "VTIMEZONE") => skip(&mut lines, "VTIMEZONE")?,
            ("X-WR-TIMEZONE", zone) => of_all = Some(zone.to_owned()),
            ("END", "VCALENDAR") => whole = true,
            _ => {}
        }
    }
    if whole { Ok(all) } else { Err("it is cut off: its last line is missing".to_owned()) }
}

fn skip(lines: &mut impl Iterator<Item = Line>, what: &str) -> Result<(), String> {
    lines
        .find(|line| line.name == "END" && line.value == what)
        .map(|_| ())
        .ok_or_else(|| format!("a {} has no end", what.chars().take(30).collect::<String>()))
}

/// A line that begins with a space goes on with the one before it.
fn unfolded(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some(last)) => last.push_str(rest),
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}

fn split(line: &str) -> Option<Line> {
    let mut quoted = false;
    let colon = line.find(|c: char| {
        quoted ^= c == '"';
        c == ':' && !quoted
    })?;
    let (head, value) = line.split_at(colon);
    let mut parts = head.split(';');
    let name = parts.next()?.to_ascii_uppercase();
    let zone = parts
        .filter_map(|part| part.split_once('='))
        .find(|(key, _)| key.eq_ignore_ascii_case("TZID"))
        .map(|(_, zone)| zone.trim_matches('"').to_owned());
    Some(Line { name, zone, value: value[1..].trim().to_owned() })
}

#[derive(Default)]
struct Event {
    from: Option<Line>,
    until: Option<Line>,
    attendees: Vec<String>,
    texts: Vec<String>,
    cancelled: bool,
}

impl Event {
    fn take(&mut self, line: Line) -> Result<(), String> {
        match line.name.as_str() {
            "DTSTART" => self.from = Some(line),
            "DTEND" => self.until = Some(line),
            "ATTENDEE" => self.attendees.extend(mailbox(&line.value)),
            "SUMMARY" | "DESCRIPTION" => self.texts.push(line.value),
            "STATUS" => self.cancelled = line.value.eq_ignore_ascii_case("CANCELLED"),
            "RRULE" | "RDATE" | "DURATION" => {
                return Err(format!(
                    "an event has {}: only events with a beginning and an end, written out one by one, are read",
                    line.name
                ));
            }
            _ => {}
        }
        Ok(())
    }

    /// For each address in it: its attendees, or else the first text that has any.
    fn said(self, of_all: Option<&str>) -> Result<Vec<Said>, String> {
        if self.cancelled {
            return Ok(Vec::new());
        }
        let (Some(from), Some(until)) = (&self.from, &self.until) else {
            return Err("an event has no beginning or no end".to_owned());
        };
        let (from, until) = (time(from, of_all)?, time(until, of_all)?);
        let mut people = self.attendees;
        if people.is_empty() {
            people =
                self.texts.iter().map(|t| addresses(t)).find(|found| !found.is_empty()).unwrap_or_default();
        }
        if people.is_empty() {
            return Err("an event has nobody's e-mail address".to_owned());
        }
        people.sort();
        people.dedup();
        Ok(people.into_iter().map(|person| Said { person, from, until }).collect())
    }
}

/// `20261207T090000Z`, the same without `Z` in a zone, or a whole day.
fn time(line: &Line, of_all: Option<&str>) -> Result<Timestamp, String> {
    let text = line.value.as_str();
    let wrong = || format!("`{}` is no time", text.chars().take(40).collect::<String>());
    let zone = match (text.strip_suffix(['Z', 'z']), line.zone.as_deref().or(of_all)) {
        (Some(_), _) | (None, None) => TimeZone::UTC,
        (None, Some(name)) => zone::named(name)
            .ok_or_else(|| format!("`{}` is no time zone", name.chars().take(60).collect::<String>()))?,
    };
    let text = text.trim_end_matches(['Z', 'z']);
    let text = if text.contains('T') { text.to_owned() } else { format!("{text}T000000") };
    let civil = DateTime::strptime("%Y%m%dT%H%M%S", &text).map_err(|_| wrong())?;
    zone.to_ambiguous_timestamp(civil).compatible().map_err(|_| wrong())
}

fn mailbox(value: &str) -> Option<String> {
    let rest = value.get(..7).filter(|head| head.eq_ignore_ascii_case("mailto:")).map(|_| &value[7..]);
    address(rest.unwrap_or(value))
}

fn addresses(text: &str) -> Vec<String> {
    let apart = |c: char| c.is_whitespace() || "<>()[],;:\"'\\".contains(c);
    // A line break is written as two characters there.
    text.replace("\\n", " ").replace("\\N", " ").split(apart).filter_map(address).collect()
}

fn address(word: &str) -> Option<String> {
    let word = word.trim().trim_end_matches('.');
    let (name, host) = word.split_once('@')?;
    let plain = |text: &str| !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c == '@');
    (plain(name) && plain(host) && host.contains('.') && word.len() <= 254).then(|| word.to_lowercase())
}
