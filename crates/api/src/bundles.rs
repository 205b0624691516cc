//! The bundle for where no server is: whether there is one, where, how old; the codes that open it; and what is handed in
//! afterwards.

use crate::problem::Answer;
use async_trait::async_trait;
use holdfast_domain::Actor;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// What there would be to act with if this server and its database were lost now.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BundleView {
    /// Of the newest; absent before the first.
    #[schema(value_type = Option<String>, format = Uuid)]
    pub id: Option<Uuid>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub made_at: Option<Timestamp>,
    /// By the database's clock.
    pub age_seconds: Option<f64>,
    /// It is older than a quarter of an hour, or there is none, or no place holds one that is fresh: what has changed since could
    /// not be carried out without a server.
    pub stale: bool,
    pub applications: u32,
    /// Plans that can be carried out from it.
    pub plans: u32,
    pub places: Vec<BundlePlaceView>,
    /// Whose codes open it.
    pub opened_by: Vec<OfflineCodeView>,
    /// What is wrong, in sentences; empty: nothing.
    pub problems: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BundlePlaceView {
    pub name: String,
    /// When the one that it holds was made; absent: it got none yet.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub made_at: Option<Timestamp>,
    pub age_seconds: Option<f64>,
    pub stale: bool,
    #[schema(value_type = String, format = DateTime)]
    pub tried_at: Timestamp,
    /// Why the last try failed.
    pub error: Option<String>,
}

/// A person's own code, without the code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OfflineCodeView {
    #[schema(value_type = String, format = Uuid)]
    pub id: Uuid,
    /// E-mail address.
    pub person: String,
    #[schema(value_type = String, format = DateTime)]
    pub made_at: Timestamp,
}

/// Shown once. It opens every bundle that is made from now on, until it is ended or its person makes another.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NewOfflineCodeView {
    #[schema(value_type = String, format = Uuid)]
    pub id: Uuid,
    pub code: String,
}

impl fmt::Debug for NewOfflineCodeView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewOfflineCodeView").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What was carried out without a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandInJournal {
    /// The file as it was written.
    pub journal: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HandedInView {
    pub run: String,
    /// Its review is due.
    pub break_glass: String,
    pub application: String,
    /// Entries of its journal.
    pub entries: usize,
    /// This very journal was handed in before: nothing was changed.
    pub already: bool,
}

#[async_trait]
pub trait Bundles {
    async fn bundle(&self, actor: &Actor) -> Answer<BundleView>;
    /// The newest as it is written: sealed, so that only who has a code reads it.
    async fn bundle_copy(&self, actor: &Actor) -> Answer<String>;
    /// One's own, in the place of the one before. Wants fresh identity by a second factor that has stood for a day.
    async fn make_offline_code(&self, actor: &Actor) -> Answer<NewOfflineCodeView>;
    /// One's own, or as an administrator anybody's: the next bundle is not opened by it.
    async fn end_offline_code(&self, actor: &Actor, id: Uuid) -> Answer<()>;
    /// Takes in a run that was carried out without a server. The same journal again changes nothing.
    async fn hand_in_journal(&self, actor: &Actor, journal: HandInJournal) -> Answer<HandedInView>;
}
