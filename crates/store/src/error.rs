//! What can go wrong between Holdfast and its database, as callers must tell it apart.

use crate::inventory::UnreadableApplication;
use holdfast_domain::{EvacuationId, RunId};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The name of the constraint that the write would break.
    #[error("the write conflicts with what is stored ({0})")]
    Conflict(String),
    #[error("run {id} holds this application")]
    ActiveRun { id: RunId },
    #[error("run {run} of {application} holds {resource}")]
    ResourceHeld { resource: String, run: RunId, application: String },
    /// Somebody wrote the run's next entry first: load it again and decide again.
    #[error("run {run} has moved on: its journal ends at {found}, not at {expected}")]
    RunMoved { run: RunId, expected: i64, found: i64 },
    /// Somebody wrote the evacuation's next entry first: load it again and decide again.
    #[error("evacuation {id} has moved on")]
    EvacuationMoved { id: EvacuationId },
    /// The writer's lease ended, or the run belongs to another worker: it must let go of the run.
    #[error("run {run} is no longer this worker's")]
    Fenced { run: RunId },
    /// Try again later: the database cannot be reached, is starting, stopping or overloaded.
    #[error("the database is not available: {0}")]
    Unavailable(#[source] sqlx::Error),
    #[error("what is stored cannot be read: {0}")]
    Corrupt(String),
    #[error("what is stored cannot be read: {0}")]
    UnreadableApplication(UnreadableApplication),
    /// A secret that has to be read again is stored encrypted or not at all.
    #[error("this server has no key to keep secrets with: set HOLDFAST_SECRETS_KEY")]
    NoSecretsKey,
    /// A value that the database cannot hold, such as a text with a NUL character.
    #[error("the value cannot be stored: {0}")]
    Invalid(String),
    #[error(
        "the database role lacks a right: {0}. Run `holdfast migrate` with HOLDFAST_MIGRATION_DATABASE_URL, \
         or have the owner run `GRANT holdfast_app TO` this role"
    )]
    Forbidden(String),
    #[error("the migration failed: {0}")]
    Migration(#[source] sqlx::migrate::MigrateError),
    #[error("the database answered with an error: {0}")]
    Unexpected(#[source] sqlx::Error),
}

impl Error {
    /// Whether it names this constraint.
    #[must_use]
    pub fn is_conflict(&self, constraint: &str) -> bool {
        matches!(self, Self::Conflict(name) if name == constraint)
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match &error {
            E::RowNotFound => Self::NotFound("row"),
            E::Io(_) | E::Tls(_) | E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed | E::Protocol(_) => {
                Self::Unavailable(error)
            }
            E::ColumnDecode { .. } | E::Decode(_) => Self::Corrupt(error.to_string()),
            E::Encode(_) => Self::Invalid(error.to_string()),
            E::Database(said) => {
                let code = said.code().unwrap_or_default().into_owned();
                let constraint = || said.constraint().unwrap_or("unnamed").to_owned();
                match code.as_str() {
                    "23505" | "23503" | "23514" | "23502" | "23P01" => Self::Conflict(constraint()),
                    "42501" => Self::Forbidden(said.message().to_owned()),
                    "22021" | "22P05" | "22001" | "22003" | "22P02" => {
                        Self::Invalid(said.message().to_owned())
                    }
                    // Connection lost, out of something, shutting down, lost a race that another try may win.
                    "40001" | "40P01" | "55P03" | "57014" | "25P03" | "25006" => Self::Unavailable(error),
                    c if c.starts_with("08") || c.starts_with("53") || c.starts_with("57P") => {
                        Self::Unavailable(error)
                    }
                    _ => Self::Unexpected(error),
                }
            }
            _ => Self::Unexpected(error),
        }
    }
}
