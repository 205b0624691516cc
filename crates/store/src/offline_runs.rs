//! Runs that were carried out without a server: written down ended, as their journal tells them, under a break-glass that is
//! over. The database lets nothing begin this way.

use crate::change::Change;
use crate::journal;
use crate::wire::{time, word};
use crate::{Error, Result};
use holdfast_domain::RunId;
use holdfast_failover::run::{Entry, Run};
use jiff::Timestamp;
use uuid::Uuid;

#[derive(Debug)]
pub struct OfflineRun<'a> {
    pub run: &'a Run,
    /// When its journal's last entry was written.
    pub ended_at: Timestamp,
    pub entries: &'a [Entry],
    /// SHA-256 of the journal, 64 hexadecimal digits.
    pub journal: &'a str,
}

impl Change {
    /// The run of this number, or of this journal, where one was taken in already; with the journal that it came in.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn offline_run(
        &mut self,
        run: RunId,
        journal: &str,
    ) -> Result<Option<(RunId, Option<String>)>> {
        let row: Option<(Uuid, Option<String>)> =
            sqlx::query_as("SELECT id, offline_journal FROM runs WHERE id = $1 OR offline_journal = $2")
                .bind(run.0)
                .bind(journal)
                .fetch_optional(self.connection())
                .await?;
        Ok(row.map(|(id, journal)| (RunId(id), journal)))
    }

    /// Everything of it: the break-glass, the run, its journal.
    ///
    /// # Errors
    /// `NotFound` of its application; a conflict where its holder is nobody here, or it was taken in meanwhile.
    pub async fn insert_offline_run(&mut self, new: &OfflineRun<'_>) -> Result<()> {
        let (run, request) = (new.run, &new.run.request);
        let under = run.break_glass.as_ref().ok_or_else(|| {
            Error::Invalid("a run that was carried out without a server is under break-glass".into())
        })?;
        sqlx::query(
            "INSERT INTO break_glasses (id, holder, holder_email, reason, incident, minutes, opened_with, opened_at)
             VALUES ($1, $2, $3, $4, $5, 60, 'offline_code', $6)",
        )
        .bind(under.id.0)
        .bind(under.by.id.0)
        .bind(&under.by.email)
        .bind(&under.reason)
        .bind(&request.incident)
        .bind(time(run.requested_at))
        .execute(self.connection())
        .await?;
        let made = sqlx::query(
            "INSERT INTO runs (id, application, state, digest, intent, mode, from_region, to_region, dry_run, requested_by,
                               requested_email, reason, requested_at, expires_at, seq, summary, ended_at, offline_journal)
             SELECT $1, name, $3, $4, $5, $6, $7, $8, false, $9, $10, $11, $12, $13, $14, $15, $16, $17
             FROM applications WHERE name = $2",
        )
        .bind(run.id.0)
        .bind(request.application.as_str())
        .bind(word(&run.state))
        .bind(&request.digest.0)
        .bind(word(&request.movement.intent))
        .bind(word(&request.movement.mode))
        .bind(request.movement.from.as_str())
        .bind(request.movement.to.as_str())
        .bind(request.by.id.0)
        .bind(&request.by.email)
        .bind(&request.reason)
        .bind(time(run.requested_at))
        .bind(time(run.expires_at))
        .bind(run.seq)
        .bind(serde_json::to_value(run.summary()).unwrap_or_default())
        .bind(time(new.ended_at))
        .bind(new.journal)
        .execute(self.connection())
        .await?;
        if made.rows_affected() == 0 {
            return Err(Error::NotFound("application"));
        }
        journal::insert_as_it_was(self.connection(), run.id, new.entries).await
    }
}
