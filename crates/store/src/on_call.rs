//! Who is on call, by team: a rotation, or what a calendar elsewhere said when it was read last, and overrides. Where a calendar
//! is read is sealed: many such addresses are secrets.

use crate::change::Change;
use crate::store::Store;
use crate::wire::{Time, from_json, maybe_time, time, to_json};
use crate::{Error, Result};
use holdfast_domain::{Name, PersonId};
use holdfast_failover::on_call::Rotation;
use holdfast_failover::on_call::calendar::Said;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnCallSchedule {
    pub team: Name,
    pub source: OnCallSource,
    /// Those that hold or will; the one made last first.
    pub overrides: Vec<OnCallOverride>,
    pub kept_by: String,
    pub kept_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnCallSource {
    Rotation(Rotation),
    Calendar(Calendar),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// What may be shown of its address.
    pub leads_to: String,
    /// As it was read last, at `read_at`; `None`: never.
    pub said: Vec<Said>,
    pub read_at: Option<Timestamp>,
    /// Why it could not be read since.
    pub failure: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnCallOverride {
    pub id: Uuid,
    pub person: PersonId,
    pub from: Timestamp,
    pub until: Timestamp,
    pub made_by: String,
}

/// What a team's schedule shall be.
#[derive(Clone)]
pub enum NewOnCall {
    Rotation(Rotation),
    Calendar { url: String, leads_to: String },
}

impl fmt::Debug for NewOnCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rotation(rotation) => f.debug_tuple("Rotation").field(rotation).finish(),
            Self::Calendar { leads_to, .. } => write!(f, "Calendar({leads_to})"),
        }
    }
}

/// A calendar that is to be read now, in this worker's hands.
#[derive(Clone)]
pub struct DueCalendar {
    pub team: Name,
    /// Or why this server cannot read where it is.
    pub url: Result<String, String>,
    sealed: Vec<u8>,
}

impl fmt::Debug for DueCalendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DueCalendar({})", self.team)
    }
}

/// What it is and whose, so that nobody can put one into another's place.
fn sealed_as(team: &str) -> String {
    format!("on-call calendar of {team}")
}

#[derive(sqlx::FromRow)]
struct ScheduleRow {
    team: String,
    rotation: Option<Value>,
    leads_to: Option<String>,
    said: Option<Value>,
    read_at: Option<Time>,
    failure: Option<String>,
    kept_by: String,
    kept_at: Time,
}

#[derive(sqlx::FromRow)]
struct OverrideRow {
    id: Uuid,
    team: String,
    person: Uuid,
    starts_at: Time,
    ends_at: Time,
    made_by: String,
}

fn team_of(text: &str) -> Result<Name> {
    Name::parse(text).map_err(|e| Error::Corrupt(format!("on-call schedule {text}: {e}")))
}

impl ScheduleRow {
    fn into_schedule(self, overrides: Vec<OnCallOverride>) -> Result<OnCallSchedule> {
        let of = || format!("on-call schedule {}", self.team);
        let source = match (self.rotation, self.leads_to) {
            (Some(rotation), _) => OnCallSource::Rotation(from_json(of, rotation)?),
            (None, leads_to) => OnCallSource::Calendar(Calendar {
                leads_to: leads_to.unwrap_or_default(),
                said: self.said.map(|said| from_json(of, said)).transpose()?.unwrap_or_default(),
                read_at: maybe_time(self.read_at),
                failure: self.failure,
            }),
        };
        let (team, kept_at) = (team_of(&self.team)?, self.kept_at.into());
        Ok(OnCallSchedule { team, source, overrides, kept_by: self.kept_by, kept_at })
    }
}

impl Store {
    /// Of every team, in order. One that cannot be read is logged and left out: then everybody of the team hears.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn on_call_schedules(&self) -> Result<Vec<OnCallSchedule>> {
        let rows: Vec<ScheduleRow> = sqlx::query_as(
            "SELECT team::text, rotation, leads_to, said, read_at, failure, kept_by, kept_at
             FROM on_call_schedules ORDER BY team",
        )
        .fetch_all(&self.pool)
        .await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let overrides: Vec<OverrideRow> = sqlx::query_as(
            "SELECT id, team::text, person, starts_at, ends_at, made_by FROM on_call_overrides
             WHERE ends_at > clock_timestamp() ORDER BY made_at DESC, id DESC",
        )
        .fetch_all(&self.pool)
        .await?;
        let mut of: BTreeMap<String, Vec<OnCallOverride>> = BTreeMap::new();
        for row in overrides {
            let OverrideRow { id, team, person, starts_at, ends_at, made_by } = row;
            let (person, from, until) = (PersonId(person), starts_at.into(), ends_at.into());
            of.entry(team).or_default().push(OnCallOverride { id, person, from, until, made_by });
        }
        let read = |row: ScheduleRow| {
            let overrides = of.remove(&row.team).unwrap_or_default();
            let read = row.into_schedule(overrides);
            read.inspect_err(|error| tracing::error!(%error, "who is on call cannot be read")).ok()
        };
        Ok(rows.into_iter().filter_map(read).collect())
    }

    /// Takes the calendars that are to be read in hand; each is due again after `every`, whatever comes of it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn take_calendars(&self, every: Duration) -> Result<Vec<DueCalendar>> {
        let rows: Vec<(String, Vec<u8>)> = sqlx::query_as(
            "UPDATE on_call_schedules SET due_at = clock_timestamp() + make_interval(secs => $1)
             WHERE due_at <= clock_timestamp() RETURNING team::text, sealed",
        )
        .bind(every.as_secs_f64())
        .fetch_all(&self.pool)
        .await?;
        let opened = |(team, sealed): (String, Vec<u8>)| {
            let url = match &self.sealing {
                None => Err("this server was not given the key that its address is sealed with".to_owned()),
                Some(sealing) => sealing
                    .open(&sealed_as(&team), &sealed)
                    .ok()
                    .and_then(|bytes| String::from_utf8(bytes).ok())
                    .ok_or_else(|| {
                        "its address was sealed with a key that this server does not have".to_owned()
                    }),
            };
            Ok(DueCalendar { team: team_of(&team)?, url, sealed })
        };
        rows.into_iter().map(opened).collect()
    }

    /// Keeps what a calendar said, or why it could not be read: then what it said before stays, with its age. Nothing where the
    /// schedule has become another meanwhile.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn calendar_said(&self, due: &DueCalendar, said: &Result<Vec<Said>, String>) -> Result<()> {
        let (said, failure) = match said {
            Ok(said) => (Some(to_json(said)?), None),
            Err(why) => (None, Some(why.as_str())),
        };
        sqlx::query(
            "UPDATE on_call_schedules
             SET said = coalesce($3, said), failure = $4,
                 read_at = CASE WHEN $3 IS NULL THEN read_at ELSE clock_timestamp() END
             WHERE team = $1 AND sealed = $2",
        )
        .bind(due.team.as_str())
        .bind(&due.sealed)
        .bind(said)
        .bind(failure)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

impl Change {
    /// In place of the one that there was; overrides stay.
    ///
    /// # Errors
    /// `NoSecretsKey` where a calendar's address cannot be sealed.
    pub async fn put_on_call(&mut self, team: &Name, new: &NewOnCall, by: &str) -> Result<()> {
        let (rotation, leads_to, sealed) = match new {
            NewOnCall::Rotation(rotation) => (Some(to_json(rotation)?), None, None),
            NewOnCall::Calendar { url, leads_to } => {
                let sealing = self.sealing.as_ref().ok_or(Error::NoSecretsKey)?;
                let sealed =
                    sealing.seal(&sealed_as(team.as_str()), url.as_bytes()).map_err(Error::Invalid)?;
                (None, Some(leads_to.as_str()), Some(sealed))
            }
        };
        sqlx::query(
            "INSERT INTO on_call_schedules AS s (team, rotation, leads_to, sealed, due_at, kept_by)
             VALUES ($1, $2, $3, $4, CASE WHEN $4 IS NOT NULL THEN clock_timestamp() END, $5)
             ON CONFLICT (team) DO UPDATE
             SET rotation = excluded.rotation, leads_to = excluded.leads_to, sealed = excluded.sealed, due_at = excluded.due_at,
                 kept_by = excluded.kept_by, kept_at = clock_timestamp(), said = NULL, read_at = NULL, failure = NULL",
        )
        .bind(team.as_str())
        .bind(rotation)
        .bind(leads_to)
        .bind(sealed)
        .bind(by)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// # Errors
    /// `NotFound` when the team has none.
    pub async fn remove_on_call(&mut self, team: &Name) -> Result<()> {
        let removed = sqlx::query("DELETE FROM on_call_schedules WHERE team = $1")
            .bind(team.as_str())
            .execute(self.connection())
            .await?;
        if removed.rows_affected() == 1 { Ok(()) } else { Err(Error::NotFound("on-call schedule")) }
    }

    /// # Errors
    /// `Conflict("on_call_overrides_team_fkey")` when the team has no schedule.
    pub async fn override_on_call(&mut self, team: &Name, new: &OnCallOverride) -> Result<()> {
        sqlx::query(
            "INSERT INTO on_call_overrides (id, team, person, starts_at, ends_at, made_by) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(new.id)
        .bind(team.as_str())
        .bind(new.person.0)
        .bind(time(new.from))
        .bind(time(new.until))
        .bind(&new.made_by)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// # Errors
    /// `NotFound` when it is over, or there is none.
    pub async fn end_override(&mut self, team: &Name, id: Uuid) -> Result<()> {
        let ended = sqlx::query(
            "DELETE FROM on_call_overrides WHERE id = $1 AND team = $2 AND ends_at > clock_timestamp()",
        )
        .bind(id)
        .bind(team.as_str())
        .execute(self.connection())
        .await?;
        if ended.rows_affected() == 1 { Ok(()) } else { Err(Error::NotFound("override")) }
    }
}
