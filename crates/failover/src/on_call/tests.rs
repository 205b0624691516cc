//! Claims about who is on call, around the nights on which clocks change, and about what a calendar elsewhere may say.

use super::*;
use crate::testing::NOW;
use jiff::civil::{date, time};
use proptest::prelude::*;

fn person(number: u128) -> PersonId {
    PersonId(uuid::Uuid::from_u128(number))
}

fn rotation(people: u128, zone: &str, turn_days: u16) -> Rotation {
    Rotation {
        people: (1..=people).map(person).collect(),
        time_zone: zone.to_owned(),
        starts_on: date(2026, 1, 5),
        hand_over: time(9, 0, 0, 0),
        turn_days,
    }
}

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn the_duty_is_handed_over_at_the_same_time_of_day_in_summer_and_in_winter() {
    let weekly = rotation(3, "Europe/Berlin", 7);
    let shift = |at: &str| weekly.shift_at(moment(at)).unwrap();
    // The clocks went on on Sunday 29 March 2026: the turn over it is an hour short.
    let over = shift("2026-03-29T01:30:00Z");
    assert_eq!((over.from, over.until), (moment("2026-03-23T08:00:00Z"), moment("2026-03-30T07:00:00Z")));
    // And back on 25 October: an hour long.
    let over = shift("2026-10-25T01:30:00Z");
    assert_eq!((over.from, over.until), (moment("2026-10-19T07:00:00Z"), moment("2026-10-26T08:00:00Z")));
}

#[test]
fn a_time_that_the_clocks_skip_is_when_they_have_gone_on_and_one_that_they_show_twice_is_the_first() {
    let nightly = Rotation { hand_over: time(2, 30, 0, 0), ..rotation(2, "Europe/Berlin", 1) };
    let until = |at: &str| nightly.shift_at(moment(at)).unwrap().until;
    assert_eq!(until("2026-03-28T12:00:00Z"), moment("2026-03-29T01:30:00Z"), "half past three there");
    assert_eq!(until("2026-10-24T12:00:00Z"), moment("2026-10-25T00:30:00Z"), "still summer time there");
}

#[test]
fn a_day_that_a_zone_left_out_is_nobodys_turn_and_ends_none_early() {
    // Samoa went from 29 to 31 December 2011.
    let daily = Rotation { starts_on: date(2011, 12, 28), ..rotation(3, "Pacific/Apia", 1) };
    let shift = |at: &str| daily.shift_at(moment(at)).unwrap();
    let before = shift("2011-12-29T22:00:00Z");
    let after = shift("2011-12-30T20:00:00Z");
    assert_eq!((before.person, after.person), (person(2), person(1)), "the third has their day left out");
    assert_eq!(before.until, after.from);
}

#[test]
fn before_the_first_hand_over_nobody_is_on_call_and_it_is_told_who_will_be() {
    let weekly = rotation(2, "UTC", 7);
    let before = moment("2026-01-05T08:59:59Z");
    let duty = at(Source::Rotation(&weekly), &[], before);
    assert!(duty.people.is_empty());
    let (when, first) = next(Source::Rotation(&weekly), &[], before).unwrap();
    assert_eq!((when, first.people), (moment("2026-01-05T09:00:00Z"), vec![person(1)]));
}

#[test]
fn a_rotation_of_one_has_nobody_next_and_does_not_look_for_ever() {
    assert_eq!(next(Source::Rotation(&rotation(1, "UTC", 1)), &[], NOW), None);
}

#[test]
fn who_takes_it_over_has_it_alone_for_that_time_and_the_last_word_counts() {
    let weekly = rotation(2, "UTC", 7);
    let monday = moment("2026-01-05T09:00:00Z");
    let hour = |n: i64| monday + SignedDuration::from_hours(n);
    let take = |who, from, until| Override { person: person(who), from: hour(from), until: hour(until) };
    let overrides = [take(8, 2, 4), take(9, 1, 5)];
    let who = |n| at(Source::Rotation(&weekly), &overrides, hour(n)).people;
    assert_eq!([who(0), who(1), who(2), who(3), who(4), who(5)].concat(), [1, 9, 8, 8, 9, 1].map(person));
    let duty = at(Source::Rotation(&weekly), &overrides, hour(1));
    assert!(duty.overridden && duty.until == Some(hour(2)), "{duty:?}");
    let (when, then) = next(Source::Rotation(&weekly), &overrides, hour(0)).unwrap();
    assert_eq!((when, then.people), (hour(1), vec![person(9)]));
}

#[test]
fn of_a_calendar_all_are_on_call_whose_time_it_is_and_between_entries_nobody() {
    let span =
        |who, from: &str, until: &str| Span { person: person(who), from: moment(from), until: moment(until) };
    let spans = [
        span(1, "2026-12-01T00:00:00Z", "2026-12-02T00:00:00Z"),
        span(2, "2026-12-01T12:00:00Z", "2026-12-02T00:00:00Z"),
        span(3, "2026-12-03T00:00:00Z", "2026-12-04T00:00:00Z"),
    ];
    let who = |text: &str| at(Source::Calendar(&spans), &[], moment(text)).people;
    assert_eq!(who("2026-12-01T13:00:00Z"), [person(1), person(2)]);
    assert!(who("2026-12-02T00:00:00Z").is_empty(), "its end is not a part of it");
    let (when, duty) = next(Source::Calendar(&spans), &[], moment("2026-12-02T01:00:00Z")).unwrap();
    assert_eq!((when, duty.people), (moment("2026-12-03T00:00:00Z"), vec![person(3)]));
}

#[test]
fn what_is_no_rotation_is_said_by_its_field() {
    let wrong = |change: fn(&mut Rotation)| {
        let mut one = rotation(2, "UTC", 7);
        change(&mut one);
        one.check().unwrap_err().field
    };
    assert_eq!(wrong(|r| r.people.clear()), "people");
    assert_eq!(wrong(|r| r.turn_days = 0), "turn_days");
    assert_eq!(wrong(|r| r.time_zone = "Europe/Atlantis".into()), "time_zone");
    assert_eq!(wrong(|r| r.starts_on = date(-9_999, 1, 1)), "starts_on");
    assert_eq!(rotation(2, "UTC", 7).check(), Ok(()));
}

const ZONES: [&str; 8] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    // Half an hour of summer time; no whole hour from UTC; a day that was left out; changes at midnight.
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "America/Sao_Paulo",
    "Africa/Casablanca",
];

proptest! {
    #[test]
    fn at_each_moment_since_its_beginning_it_is_exactly_one_persons_turn(
        zone in proptest::sample::select(&ZONES),
        people in 1_u128..6,
        days in 1_u16..30,
        (hour, minute) in (0_i8..24, 0_i8..60),
        start in 0_i64..20_000,
        seconds in 0_i64..2_000_000_000,
    ) {
        let starts_on = date(1970, 1, 1) + jiff::Span::new().days(start);
        let turns = Rotation { starts_on, hand_over: time(hour, minute, 0, 0), ..rotation(people, zone, days) };
        let begins = turns.begins().unwrap();
        let now = begins + SignedDuration::from_secs(seconds);
        prop_assert_eq!(turns.shift_at(begins - SignedDuration::from_secs(1)), None);
        let shift = turns.shift_at(now).unwrap();
        prop_assert!(shift.from <= now && now < shift.until, "{shift:?} at {now}");
        // It is the same from its first second to its last, and the next begins where it ends.
        prop_assert_eq!(turns.shift_at(shift.from), Some(shift.clone()));
        let last = shift.until - SignedDuration::from_nanos(1);
        prop_assert_eq!(turns.shift_at(last), Some(shift.clone()));
        let then = turns.shift_at(shift.until).unwrap();
        prop_assert_eq!(then.from, shift.until);
        // By the clocks of the place it is the time of day that was said, but where they skip it.
        let clocks = zone::named(zone).unwrap();
        let ends = clocks.to_datetime(shift.until);
        let said = clocks.to_ambiguous_timestamp(ends.date().to_datetime(turns.hand_over));
        prop_assert!(ends.time() == turns.hand_over || matches!(said.offset(), jiff::tz::AmbiguousOffset::Gap { .. }) || zone == "Pacific/Apia", "{ends}");
        // No turn is longer or shorter than its days by more than what clocks are changed by in all.
        let off = (shift.until.duration_since(shift.from) - SignedDuration::from_hours(24 * i64::from(days))).abs();
        prop_assert!(off <= SignedDuration::from_hours(if zone == "Pacific/Apia" { 25 } else { 2 }), "{off}");
    }

    #[test]
    fn no_noise_of_a_calendar_is_a_panic(text in "(BEGIN:VCALENDAR\n)?[A-Z;:=\"\n 0-9TZ@.é{}\\[\\]]{0,200}") {
        let _ = calendar::read(&text, NOW);
    }
}

fn ics(event: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nX-WR-TIMEZONE:America/New_York\r\nBEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\n{event}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

const TODAY: &str = "2026-12-01T00:00:00Z";

fn read_one(event: &str) -> (String, String, String) {
    let said = calendar::read(&ics(event), moment(TODAY)).unwrap();
    assert_eq!(said.len(), 1, "{said:?}");
    (said[0].person.clone(), said[0].from.to_string(), said[0].until.to_string())
}

#[test]
fn an_event_is_read_in_utc_in_its_own_zone_and_in_that_of_its_calendar() {
    let who = "ATTENDEE;CN=\"Ann: on call\":MAILTO:Ann@Example.com";
    let (ann, from, until) = ("ann@example.com".to_owned(), "2026-12-07T08:00:00Z", "2026-12-14T08:00:00Z");
    let expected = (ann.clone(), from.to_owned(), until.to_owned());
    assert_eq!(read_one(&format!("DTSTART:20261207T080000Z\r\nDTEND:20261214T080000Z\r\n{who}")), expected);
    let berlin = format!(
        "DTSTART;TZID=Europe/Berlin:20261207T090000\r\nDTEND;TZID=\"Europe/Berlin\":20261214T090000\r\n{who}"
    );
    assert_eq!(read_one(&berlin), expected);
    assert_eq!(read_one(&format!("DTSTART:20261207T030000\r\nDTEND:20261214T030000\r\n{who}")), expected);
    let whole = format!("DTSTART;VALUE=DATE:20261207\r\nDTEND;VALUE=DATE:20261208\r\n{who}");
    assert_eq!(read_one(&whole), (ann, "2026-12-07T05:00:00Z".to_owned(), "2026-12-08T05:00:00Z".to_owned()));
}

#[test]
fn where_nobody_attends_the_address_in_its_words_is_on_call_also_over_a_folded_line() {
    let times = "DTSTART:20261207T080000Z\r\nDTEND:20261208T080000Z";
    let (who, ..) = read_one(&format!(
        "{times}\r\nSUMMARY:On call - bob@exam\r\n ple.com\r\nDESCRIPTION:ring\\ncarol@example.com"
    ));
    assert_eq!(who, "bob@example.com");
    let (who, ..) = read_one(&format!("{times}\r\nSUMMARY:On call\r\nDESCRIPTION:ring\\ncarol@example.com."));
    assert_eq!(who, "carol@example.com");
}

#[test]
fn a_calendar_that_cannot_be_read_whole_is_not_read_at_all() {
    let times = "DTSTART:20261207T080000Z\r\nDTEND:20261208T080000Z";
    let no = |text: &str| calendar::read(text, moment(TODAY)).unwrap_err();
    assert!(no(&ics(&format!("{times}\r\nRRULE:FREQ=WEEKLY"))).contains("RRULE"));
    assert!(no(&ics("DTSTART:20261207T080000Z")).contains("no end"));
    assert!(
        no(&ics("DTSTART;TZID=W. Europe Standard Time:20261207T080000\r\nDTEND:20261208T080000Z"))
            .contains("no time zone")
    );
    assert!(no(&ics("DTSTART:yesterday\r\nDTEND:20261208T080000Z")).contains("`yesterday` is no time"));
    assert!(no(&ics(&format!("{times}\r\nSUMMARY:Ann"))).contains("nobody's e-mail address"));
    let cut = ics(&format!("{times}\r\nATTENDEE:mailto:a@example.com"));
    assert!(no(cut.trim_end().trim_end_matches("END:VCALENDAR")).contains("cut off"));
    assert!(no("<html>sign in</html>").contains("neither"));
    assert!(
        no(r#"[{"person": "Ann", "from": "2026-12-07T08:00:00Z", "until": "2026-12-08T08:00:00Z"}]"#)
            .contains("e-mail")
    );
}

#[test]
fn a_list_is_read_bare_or_under_its_name_and_what_is_far_off_or_cancelled_is_left_out() {
    let entry = |day: &str| {
        format!(r#"{{"person": "Ann@example.com", "from": "{day}T00:00:00Z", "until": "{day}T12:00:00Z"}}"#)
    };
    let (near, past) = (entry("2026-12-07"), entry("2026-01-07"));
    for text in [format!("[{past}, {near}]"), format!("{{\"on_call\": [{near}]}}")] {
        let said = calendar::read(&text, moment(TODAY)).unwrap();
        assert_eq!((said.len(), said[0].person.as_str()), (1, "ann@example.com"), "{text}");
    }
    let cancelled = "DTSTART:20261207T080000Z\r\nDTEND:20261208T080000Z\r\nATTENDEE:mailto:a@example.com\r\nSTATUS:CANCELLED";
    assert_eq!(calendar::read(&ics(cancelled), moment(TODAY)), Ok(vec![]));
    assert_eq!(calendar::read("[]", moment(TODAY)), Ok(vec![]));
}
