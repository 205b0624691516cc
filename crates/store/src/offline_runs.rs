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

/// What the database takes of a break-glass's words. Whoever carried it out was asked by no server for fewer: the whole words
/// are in the run's entries.
const REASON_AT_MOST: usize = 2_000;
const LINE_AT_MOST: usize = 500;

fn cut(text: &str, at_most: usize) -> &str {
    text.char_indices().nth(at_most).map_or(text, |(end, _)| &text[..end])
}

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
        let incident = request.incident.as_deref().map(str::trim).filter(|incident| !incident.is_empty());
        sqlx::query(
            "INSERT INTO break_glasses (id, holder, holder_email, reason, incident, minutes, opened_with, opened_at)
             VALUES ($1, $2, $3, $4, $5, 60, 'offline_code', $6)",
        )
        .bind(under.id.0)
        .bind(under.by.id.0)
        .bind(&under.by.email)
        .bind(cut(&under.reason, REASON_AT_MOST))
        .bind(incident.map(|incident| cut(incident, LINE_AT_MOST)))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_cut_between_letters_and_only_where_they_are_too_long() {
        assert_eq!(cut("größe", 3), "grö");
        assert_eq!(cut("größe", 5), "größe");
        assert_eq!(cut(&"ä".repeat(600), LINE_AT_MOST).chars().count(), LINE_AT_MOST);
    }
}
