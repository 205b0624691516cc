//! The write transaction. The only way to commit it hands over the audit entry that goes with it.

use crate::Result;
use crate::audit::{self, AuditEntry};
use crate::connections::Connection;
use crate::sealing::Sealing;
use jiff::Timestamp;
use std::fmt;

/// Rolled back when dropped.
#[must_use = "a change that is not committed is rolled back"]
pub struct Change {
    transaction: Connection,
    pub(crate) sealing: Option<Sealing>,
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Change").finish_non_exhaustive()
    }
}

impl Change {
    pub(crate) fn new(transaction: Connection, sealing: Option<Sealing>) -> Self {
        Self { transaction, sealing }
    }

    pub(crate) fn connection(&mut self) -> &mut Connection {
        &mut self.transaction
    }

    /// The database's clock.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn now(&mut self) -> Result<Timestamp> {
        let now: jiff_sqlx::Timestamp =
            sqlx::query_scalar("SELECT clock_timestamp()").fetch_one(self.connection()).await?;
        Ok(now.into())
    }

    /// A further entry of a change that touches several subjects. It comes before the one of the commit.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn also_audit(&mut self, entry: &AuditEntry) -> Result<i64> {
        audit::insert(self.connection(), entry).await
    }

    /// Answers with the number of the audit entry.
    ///
    /// # Errors
    /// When the entry or the change cannot be written; then neither is.
    pub async fn commit(mut self, entry: AuditEntry) -> Result<i64> {
        let id = audit::insert(self.connection(), &entry).await?;
        self.transaction.commit().await?;
        Ok(id)
    }

    /// Tells whoever listens, when and if the change commits.
    pub(crate) async fn notify(&mut self, payload: &str) -> Result<()> {
        sqlx::query("SELECT pg_notify('holdfast', $1)").bind(payload).execute(self.connection()).await?;
        Ok(())
    }
}
