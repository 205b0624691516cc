//! Reading applications, each by itself: one of which something cannot be read by this version is set aside by its name, with the
//! column and what is wrong, and whoever reads all goes on with the others.

use super::{parse, seconds};
use crate::connections::Connection;
use crate::own_plans::{PlanRow, own_plan_rows};
use crate::store::Store;
use crate::wire::{from_text, from_word};
use crate::{Error, Result};
use holdfast_domain::{Application, Name, Objectives, OwnPlan};
use std::fmt;

/// In which section of the inventory's file it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnreadablePart {
    Entry,
    /// Its steps of one's own, and what people have changed about its plans.
    OwnPlan,
}

/// One part of an application that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableApplication {
    pub name: String,
    pub part: UnreadablePart,
    /// The column, and what is wrong with it.
    pub why: String,
}

impl fmt::Display for UnreadableApplication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "application {}: {}", self.name, self.why)
    }
}

impl UnreadableApplication {
    pub(crate) fn new(name: &str, part: UnreadablePart, error: Error) -> Self {
        let why = match error {
            Error::Corrupt(what) => what,
            other => other.to_string(),
        };
        Self { name: name.to_owned(), part, why }
    }
}

/// In the order of their names.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Applications {
    pub readable: Vec<Application>,
    pub unreadable: Vec<UnreadableApplication>,
}

#[derive(sqlx::FromRow)]
struct ApplicationRow {
    name: String,
    owner: String,
    tier: i16,
    environment: Option<String>,
    strategy: String,
    home_region: String,
    recovery_regions: Vec<String>,
    rto_seconds: i64,
    rpo_seconds: i64,
    data_residency: Vec<String>,
    approval_policy: String,
    depends_on: Vec<String>,
    /// Documents as texts: one that cannot be read as one must not take with it what it was read together with.
    load_split: String,
    resources: String,
    waivers: String,
}

impl ApplicationRow {
    fn read(self) -> std::result::Result<Application, UnreadableApplication> {
        let name = self.name.clone();
        self.into_application()
            .map_err(|error| UnreadableApplication::new(&name, UnreadablePart::Entry, error))
    }

    fn into_application(self) -> Result<Application> {
        Ok(Application {
            name: parse("column name", &self.name)?,
            owner: parse("column owner", &self.owner)?,
            tier: u8::try_from(self.tier)
                .map_err(|_| Error::Corrupt(format!("column tier: {}", self.tier)))?,
            environment: self
                .environment
                .as_deref()
                .map(|text| parse("column environment", text))
                .transpose()?,
            strategy: from_word("column strategy", &self.strategy)?,
            home_region: parse("column home_region", &self.home_region)?,
            recovery_regions: parse_all("column recovery_regions", &self.recovery_regions)?,
            objectives: Objectives {
                rto: seconds("column rto_seconds", self.rto_seconds)?,
                rpo: seconds("column rpo_seconds", self.rpo_seconds)?,
            },
            data_residency: parse_all("column data_residency", &self.data_residency)?,
            load_split: from_text("column load_split", &self.load_split)?,
            approval_policy: parse("column approval_policy", &self.approval_policy)?,
            depends_on: parse_all("column depends_on of application_dependencies", &self.depends_on)?,
            resources: from_text("column spec of resources", &self.resources)?,
            waivers: from_text("a column of waivers", &self.waivers)?,
        })
    }
}

fn parse_all<T: std::str::FromStr<Err = holdfast_domain::Invalid>>(
    of: &str,
    texts: &[String],
) -> Result<Vec<T>> {
    texts.iter().map(|text| parse(of, text)).collect()
}

async fn rows(connection: &mut Connection, only: Option<&Name>) -> Result<Vec<ApplicationRow>> {
    Ok(sqlx::query_as(
        "SELECT a.name::text, a.owner::text, a.tier, a.environment::text, a.strategy, a.home_region::text, a.recovery_regions::text[],
                a.rto_seconds, a.rpo_seconds, a.data_residency::text[], a.load_split::text, a.approval_policy::text,
                ARRAY(SELECT d.depends_on::text FROM application_dependencies d
                      WHERE d.application = a.name ORDER BY d.position) AS depends_on,
                coalesce((SELECT jsonb_agg(r.spec || jsonb_build_object('name', r.name, 'account', r.account)
                                 ORDER BY r.position, r.name)
                          FROM resources r WHERE r.application = a.name), '[]')::text AS resources,
                coalesce((SELECT jsonb_agg(jsonb_build_object('step', w.step, 'plane', w.plane, 'by', w.by_whom,
                                                              'reason', w.reason, 'review_on', w.review_on)
                                 ORDER BY w.position)
                          FROM waivers w WHERE w.application = a.name), '[]')::text AS waivers
         FROM applications a
         WHERE a.archived_at IS NULL AND ($1::text IS NULL OR a.name = $1)
         ORDER BY a.name",
    )
    .bind(only.map(Name::as_str))
    .fetch_all(connection)
    .await?)
}

/// Each part that can be read, whosever it is, and each that cannot.
pub(super) struct Parts {
    pub entries: Vec<Application>,
    pub plans: Vec<OwnPlan>,
    pub unreadable: Vec<UnreadableApplication>,
}

impl Parts {
    pub(super) async fn read(connection: &mut Connection) -> Result<Self> {
        let (entries, unread) = apart(rows(connection, None).await?, ApplicationRow::read);
        let (plans, without_plan) = apart(own_plan_rows(connection, None).await?, PlanRow::read);
        let mut unreadable = [unread, without_plan].concat();
        unreadable.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Self { entries, plans, unreadable })
    }

    /// Without any part of an application of which another cannot be read.
    pub(super) fn whole(mut self) -> Self {
        let is_whole = |name: &Name| self.unreadable.iter().all(|one| one.name != name.as_str());
        self.entries.retain(|application| is_whole(&application.name));
        self.plans.retain(|plan| is_whole(&plan.application));
        self
    }
}

fn apart<R, T>(
    rows: Vec<R>,
    read: impl Fn(R) -> std::result::Result<T, UnreadableApplication>,
) -> (Vec<T>, Vec<UnreadableApplication>) {
    let (mut readable, mut unreadable) = (Vec::new(), Vec::new());
    for row in rows {
        match read(row) {
            Ok(found) => readable.push(found),
            Err(one) => unreadable.push(one),
        }
    }
    (readable, unreadable)
}

impl Store {
    /// # Errors
    /// When the database does not answer.
    pub async fn applications(&self) -> Result<Applications> {
        let found = Parts::read(&mut self.pool.acquire().await?).await?.whole();
        Ok(Applications { readable: found.entries, unreadable: found.unreadable })
    }

    /// # Errors
    /// `NotFound` also for one that is archived; `UnreadableApplication` with the column.
    pub async fn application(&self, name: &Name) -> Result<Application> {
        let found = rows(&mut self.pool.acquire().await?, Some(name)).await?;
        let row = found.into_iter().next().ok_or(Error::NotFound("application"))?;
        row.read().map_err(Error::UnreadableApplication)
    }
}
