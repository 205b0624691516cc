//! Change freezes: declared by a person for a time, lifted early by a person, never edited.

use crate::change::Change;
use crate::store::Store;
use crate::wire::{Time, time};
use crate::{Error, Result};
use holdfast_domain::Name;
use jiff::Timestamp;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeFreeze {
    pub id: Uuid,
    /// `None`: every application.
    pub application: Option<Name>,
    pub reason: String,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub declared_by: String,
    pub declared_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFreeze {
    pub application: Option<Name>,
    pub reason: String,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub declared_by: String,
}

#[derive(sqlx::FromRow)]
struct FreezeRow {
    id: Uuid,
    application: Option<String>,
    reason: String,
    starts_at: Time,
    ends_at: Time,
    declared_by: String,
    declared_at: Time,
}

impl FreezeRow {
    fn into_freeze(self) -> Result<ChangeFreeze> {
        let application = self
            .application
            .map(|name| Name::parse(&name))
            .transpose()
            .map_err(|e| Error::Corrupt(format!("change freeze {}: {e}", self.id)))?;
        Ok(ChangeFreeze {
            id: self.id,
            application,
            reason: self.reason,
            starts_at: self.starts_at.into(),
            ends_at: self.ends_at.into(),
            declared_by: self.declared_by,
            declared_at: self.declared_at.into(),
        })
    }
}

impl Store {
    /// Those that hold now or will, neither over nor lifted, by the database's clock; the next to begin first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn freezes(&self) -> Result<Vec<ChangeFreeze>> {
        let rows: Vec<FreezeRow> = sqlx::query_as(
            "SELECT id, application::text, reason, starts_at, ends_at, declared_by, declared_at FROM change_freezes
             WHERE lifted_at IS NULL AND ends_at > clock_timestamp() ORDER BY starts_at, id LIMIT 500",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(FreezeRow::into_freeze).collect()
    }
}

impl Change {
    /// # Errors
    /// `Conflict` when the application is not there or the end is not after the beginning.
    pub async fn declare_freeze(&mut self, new: &NewFreeze) -> Result<Uuid> {
        let id = Uuid::now_v7();
        sqlx::query(
            "INSERT INTO change_freezes (id, application, reason, starts_at, ends_at, declared_by)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(id)
        .bind(new.application.as_ref().map(Name::as_str))
        .bind(&new.reason)
        .bind(time(new.starts_at))
        .bind(time(new.ends_at))
        .bind(&new.declared_by)
        .execute(self.connection())
        .await?;
        self.notify("freezes").await?;
        Ok(id)
    }

    /// The end of a freeze before its time; answers with what it was.
    ///
    /// # Errors
    /// `NotFound` when there is none of this id that still holds or will.
    pub async fn lift_freeze(&mut self, id: Uuid, by: &str) -> Result<ChangeFreeze> {
        let row: Option<FreezeRow> = sqlx::query_as(
            "UPDATE change_freezes SET lifted_by = $2, lifted_at = clock_timestamp()
             WHERE id = $1 AND lifted_at IS NULL AND ends_at > clock_timestamp()
             RETURNING id, application::text, reason, starts_at, ends_at, declared_by, declared_at",
        )
        .bind(id)
        .bind(by)
        .fetch_optional(self.connection())
        .await?;
        self.notify("freezes").await?;
        row.ok_or(Error::NotFound("change freeze"))?.into_freeze()
    }
}
