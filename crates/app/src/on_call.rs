//! Who is on call: schedules that people keep, read together with the people there are. Calendars elsewhere are read by the
//! workers that tell people ([`calendars`]); what they said and its age is all that is known here.

mod calendars;
mod standing;

use crate::App;
use crate::audit::done;
use crate::authority::{Action, may};
use crate::notices::host;
use crate::problems::{no_secrets_key, of_store};
use async_trait::async_trait;
use holdfast_api::on_call::{NewOverride, OnCallView, OnCalls, PutOnCall, RotationView};
use holdfast_api::{Answer, Problem};
use holdfast_domain::{Actor, Name};
use holdfast_failover::on_call::{MOST_PEOPLE, Rotation};
use holdfast_store::{Error, NewOnCall, OnCallOverride, OnCallSchedule, Person};
use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use uuid::Uuid;

/// A duty that is taken over for longer is a change of the schedule.
const LONGEST_OVERRIDE: SignedDuration = SignedDuration::from_hours(24 * 92);
/// More of one team than this nobody reads.
const MOST_OVERRIDES: usize = 100;

#[async_trait]
impl OnCalls for App {
    async fn on_call(&self, actor: &Actor) -> Answer<Vec<OnCallView>> {
        may(actor, Action::ReadStatus)?;
        let (schedules, people, now) = self.schedules().await?;
        Ok(schedules.into_iter().map(|schedule| standing::view(schedule, &people, now)).collect())
    }

    async fn put_on_call(&self, actor: &Actor, team: &Name, put: PutOnCall) -> Answer<OnCallView> {
        may(actor, Action::KeepOnCall)?;
        let people = self.store.people().await.map_err(of_store)?;
        let (new, detail) = match (put.rotation, put.calendar_url) {
            (Some(view), None) => {
                let rotation = rotation(&view, &people)?;
                (NewOnCall::Rotation(rotation), json!({ "rotation": view }))
            }
            (None, Some(url)) => {
                let url = url.trim().to_owned();
                let leads_to = host(&url).map_err(|problem| under("calendar_url", problem))?;
                self.is_spoken_to("calendar_url", &leads_to)?;
                let detail = json!({ "calendar": leads_to });
                (NewOnCall::Calendar { url, leads_to }, detail)
            }
            _ => {
                return Err(Problem::bad_field(
                    "rotation",
                    "and `calendar_url`: one of the two is needed",
                    "Name those who take turns, or the address of a calendar.",
                ));
            }
        };
        self.is_a_team(team).await?;
        let mut change = self.store.begin().await.map_err(of_store)?;
        change.put_on_call(team, &new, &actor.email).await.map_err(of_keeping)?;
        change
            .commit(done(actor, "on_call.put", &format!("on_call:{team}")).with(detail))
            .await
            .map_err(of_store)?;
        self.on_call_of(team).await
    }

    async fn remove_on_call(&self, actor: &Actor, team: &Name) -> Answer<()> {
        may(actor, Action::KeepOnCall)?;
        let mut change = self.store.begin().await.map_err(of_store)?;
        change.remove_on_call(team).await.map_err(of_store)?;
        let entry = done(actor, "on_call.remove", &format!("on_call:{team}"));
        change.commit(entry).await.map(|_| ()).map_err(of_store)
    }

    async fn override_on_call(&self, actor: &Actor, team: &Name, new: NewOverride) -> Answer<OnCallView> {
        may(actor, Action::KeepOnCall)?;
        let (schedules, people, now) = self.schedules().await?;
        let schedule = schedules.iter().find(|s| &s.team == team).ok_or_else(|| none_of(team))?;
        if schedule.overrides.len() >= MOST_OVERRIDES {
            let title = "Not one more";
            let detail = format!("There are {MOST_OVERRIDES} overrides of this team already.");
            return Err(Problem::new(409, "too_many_overrides", title, detail, "End some of them first."));
        }
        let person = named("person", &new.person, &people)?;
        let (from, until) = (new.from.unwrap_or(now), new.until);
        let lasts = until.duration_since(from);
        if until <= now || lasts <= SignedDuration::ZERO || lasts > LONGEST_OVERRIDE {
            let message = format!(
                "is not between its beginning and {} days later, or already over",
                LONGEST_OVERRIDE.as_hours() / 24
            );
            return Err(Problem::bad_field(
                "until",
                message,
                "Give the time at which it ends, with its zone.",
            ));
        }
        let new = OnCallOverride {
            id: Uuid::now_v7(),
            person: person.id,
            from,
            until,
            made_by: actor.email.clone(),
        };
        let mut change = self.store.begin().await.map_err(of_store)?;
        change.override_on_call(team, &new).await.map_err(of_store)?;
        let detail = json!({ "id": new.id, "person": person.email, "from": from, "until": until });
        let entry = done(actor, "on_call.override", &format!("on_call:{team}")).with(detail);
        change.commit(entry).await.map_err(of_store)?;
        self.on_call_of(team).await
    }

    async fn end_override(&self, actor: &Actor, team: &Name, id: Uuid) -> Answer<OnCallView> {
        may(actor, Action::KeepOnCall)?;
        let mut change = self.store.begin().await.map_err(of_store)?;
        change.end_override(team, id).await.map_err(of_store)?;
        let entry = done(actor, "on_call.end_override", &format!("on_call:{team}"));
        change.commit(entry.with(json!({ "id": id }))).await.map_err(of_store)?;
        self.on_call_of(team).await
    }
}

impl App {
    async fn schedules(&self) -> Answer<(Vec<OnCallSchedule>, Vec<Person>, Timestamp)> {
        let now = self.store.now().await.map_err(of_store)?;
        let schedules = self.store.on_call_schedules().await.map_err(of_store)?;
        let people = self.store.people().await.map_err(of_store)?;
        Ok((schedules, people, now))
    }

    async fn on_call_of(&self, team: &Name) -> Answer<OnCallView> {
        let (schedules, people, now) = self.schedules().await?;
        let found = schedules.into_iter().find(|schedule| &schedule.team == team);
        found.map(|schedule| standing::view(schedule, &people, now)).ok_or_else(|| none_of(team))
    }

    /// A schedule of a name that nothing asks for would never call anybody.
    async fn is_a_team(&self, team: &Name) -> Answer<()> {
        let groups = self.store.groups().await.map_err(of_store)?;
        if groups.iter().any(|group| &group.name == team) {
            return Ok(());
        }
        let applications = self.store.applications().await.map_err(of_store)?.readable;
        if applications.iter().any(|application| &application.owner == team) {
            return Ok(());
        }
        Err(Problem::bad_field(
            "team",
            format!("`{team}` is neither a group nor the owner of an application"),
            "Write a group that approves, or an application's owner.",
        ))
    }
}

fn of_keeping(error: Error) -> Problem {
    match error {
        Error::NoSecretsKey => no_secrets_key("seal the calendar's address"),
        other => of_store(other),
    }
}

fn none_of(team: &Name) -> Problem {
    Problem::not_found("on-call schedule", team.as_str())
}

/// The same problem, by the name that the field has here.
fn under(field: &str, mut problem: Problem) -> Problem {
    for named in &mut problem.fields {
        field.clone_into(&mut named.path);
    }
    problem
}

/// Somebody who can be called.
fn named<'a>(field: &str, email: &str, people: &'a [Person]) -> Answer<&'a Person> {
    let wanted = email.trim().to_lowercase();
    people.iter().find(|p| p.email == wanted && p.disabled_at.is_none()).ok_or_else(|| {
        let shown: String = email.chars().take(100).collect();
        Problem::bad_field(
            field,
            format!("`{shown}` is nobody who can sign in here"),
            "Look them up on the people page.",
        )
    })
}

fn rotation(view: &RotationView, people: &[Person]) -> Answer<Rotation> {
    let bad = |field: &str, message: String, way_out: &str| {
        Problem::bad_field(&format!("rotation.{field}"), message, way_out)
    };
    if view.people.len() > MOST_PEOPLE {
        return Err(bad(
            "people",
            format!("is not 1 to {MOST_PEOPLE} people"),
            "Name those who take turns, in order.",
        ));
    }
    let starts_on: Date = view.starts_on.trim().parse().map_err(|_| {
        bad("starts_on", "is no day".to_owned(), "Write the day of the first hand-over, such as 2026-12-07.")
    })?;
    let hand_over: Time = view
        .hand_over
        .trim()
        .parse()
        .map_err(|_| bad("hand_over", "is no time of day".to_owned(), "Write it as 09:00."))?;
    let turns = view.people.iter().map(|email| named("rotation.people", email, people).map(|p| p.id));
    let rotation = Rotation {
        people: turns.collect::<Answer<_>>()?,
        time_zone: view.time_zone.trim().to_owned(),
        starts_on,
        hand_over,
        turn_days: view.turn_days,
    };
    rotation.check().map_err(|wrong| bad(wrong.field, wrong.message, wrong.way_out))?;
    Ok(rotation)
}
