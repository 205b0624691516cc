//! Who is on call now and next, as far as it is known, among the people there are.

use crate::App;
use holdfast_api::on_call::{CalendarView, NextOnCall, OnCallView, OverrideView, RotationView};
use holdfast_domain::{Name, PersonId};
use holdfast_failover::on_call::{self, Duty, Override, STALE_AFTER, Source, Span};
use holdfast_store::{Calendar, Error, OnCallSchedule, OnCallSource, Person};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// A schedule as it stands.
struct Standing {
    now: Duty,
    next: Option<(Timestamp, Duty)>,
    /// Why a calendar's word is not taken.
    unknown: Option<String>,
}

fn standing(schedule: &OnCallSchedule, people: &[Person], now: Timestamp) -> Standing {
    let take =
        |o: &holdfast_store::OnCallOverride| Override { person: o.person, from: o.from, until: o.until };
    let overrides: Vec<Override> = schedule.overrides.iter().map(take).collect();
    let (spans, unknown) = match &schedule.source {
        OnCallSource::Rotation(rotation) => {
            let source = Source::Rotation(rotation);
            let next = on_call::next(source, &overrides, now);
            return Standing { now: on_call::at(source, &overrides, now), next, unknown: None };
        }
        OnCallSource::Calendar(calendar) => match unknown(calendar, now) {
            Some(why) => (Vec::new(), Some(why)),
            None => (spans(calendar, people), None),
        },
    };
    let source = Source::Calendar(&spans);
    Standing {
        now: on_call::at(source, &overrides, now),
        next: on_call::next(source, &overrides, now),
        unknown,
    }
}

/// What was said too long ago may name the wrong person.
fn unknown(calendar: &Calendar, now: Timestamp) -> Option<String> {
    let why = calendar.failure.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    match calendar.read_at {
        None => Some(format!("The calendar was not read yet{why}.")),
        Some(at) if now.duration_since(at) > STALE_AFTER => {
            Some(format!("The calendar was not read for more than an hour{why}."))
        }
        Some(_) => None,
    }
}

fn spans(calendar: &Calendar, people: &[Person]) -> Vec<Span> {
    let of: BTreeMap<&str, PersonId> = people.iter().map(|p| (p.email.as_str(), p.id)).collect();
    let span = |said: &on_call::calendar::Said| {
        let person = *of.get(said.person.as_str())?;
        Some(Span { person, from: said.from, until: said.until })
    };
    calendar.said.iter().filter_map(span).collect()
}

/// Why it names nobody.
fn nobody(source: &OnCallSource, now: Timestamp) -> &'static str {
    match source {
        OnCallSource::Calendar(calendar) if calendar.said.iter().any(|s| s.from <= now && now < s.until) => {
            "Whoever is on call by the calendar has no account here."
        }
        _ => "Nobody is on call now.",
    }
}

pub(super) fn view(schedule: OnCallSchedule, people: &[Person], now: Timestamp) -> OnCallView {
    let standing = standing(&schedule, people, now);
    let email = |id: &PersonId| {
        let person = people.iter().find(|p| p.id == *id);
        person.map_or_else(|| id.to_string(), |p| p.email.clone())
    };
    let emails = |ids: &[PersonId]| ids.iter().map(email).collect::<Vec<_>>();
    let shut_out = |id: &&PersonId| people.iter().any(|p| p.id == **id && p.disabled_at.is_some());
    let disabled = standing.now.people.iter().find(shut_out).map(|id| format!("{} is disabled.", email(id)));
    let nobody = standing.now.people.is_empty().then(|| nobody(&schedule.source, now).to_owned());
    let (rotation, calendar) = match &schedule.source {
        OnCallSource::Rotation(rotation) => {
            let view = RotationView {
                people: emails(&rotation.people),
                time_zone: rotation.time_zone.clone(),
                starts_on: rotation.starts_on.to_string(),
                hand_over: rotation.hand_over.strftime("%H:%M").to_string(),
                turn_days: rotation.turn_days,
            };
            (Some(view), None)
        }
        OnCallSource::Calendar(calendar) => {
            let here: BTreeSet<&str> = people.iter().map(|p| p.email.as_str()).collect();
            let all = calendar.said.iter().map(|said| said.person.as_str());
            let strangers: BTreeSet<&str> = all.filter(|email| !here.contains(email)).collect();
            let view = CalendarView {
                leads_to: calendar.leads_to.clone(),
                read_at: calendar.read_at,
                failure: calendar.failure.clone(),
                strangers: strangers.into_iter().map(str::to_owned).collect(),
            };
            (None, Some(view))
        }
    };
    OnCallView {
        team: schedule.team.to_string(),
        state: if standing.unknown.is_some() { "unknown" } else { "known" }.to_owned(),
        now: emails(&standing.now.people),
        overridden: standing.now.overridden,
        reason: standing.unknown.or(disabled).or(nobody),
        next: standing.next.map(|(at, duty)| NextOnCall { at, people: emails(&duty.people) }),
        rotation,
        calendar,
        overrides: schedule
            .overrides
            .iter()
            .map(|o| OverrideView {
                id: o.id,
                person: email(&o.person),
                from: o.from,
                until: o.until,
                made_by: o.made_by.clone(),
            })
            .collect(),
        kept_by: schedule.kept_by,
        kept_at: schedule.kept_at,
    }
}

impl App {
    /// For whom each person is on call now who can be reached. What cannot be read narrows nothing: then everybody hears.
    pub(crate) async fn on_call_now(&self, people: &[Person]) -> BTreeMap<PersonId, Vec<Name>> {
        self.reached_on_call(people).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "who is on call is not known, so everybody is told");
            BTreeMap::new()
        })
    }

    async fn reached_on_call(&self, people: &[Person]) -> Result<BTreeMap<PersonId, Vec<Name>>, Error> {
        let (schedules, now) = (self.store.on_call_schedules().await?, self.store.now().await?);
        let mut of: BTreeMap<PersonId, Vec<Name>> = BTreeMap::new();
        for schedule in schedules {
            for person in standing(&schedule, people, now).now.people {
                of.entry(person).or_default().push(schedule.team.clone());
            }
        }
        // What is asked of somebody without a channel alone is heard by nobody.
        let on_call: Vec<PersonId> = of.keys().copied().collect();
        let channels = self.store.channels(&on_call).await?;
        let reached: BTreeSet<PersonId> = channels.iter().map(|stand| stand.channel.person).collect();
        of.retain(|person, _| reached.contains(person));
        Ok(of)
    }
}
