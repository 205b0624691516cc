//! Runs that their workers crash on: how often, and which are set aside for it. What counts as a crash is the engine's.

use crate::change::Change;
use crate::journal::Fence;
use crate::store::Store;
use crate::wire::Time;
use crate::{Error, Result};
use holdfast_domain::{Name, RunId};
use jiff::Timestamp;

/// So many crashes without a step done in between, by whichever workers, and a run is set aside.
pub const CRASHES_AT_MOST: u16 = 3;

/// Why nobody drives a run that has begun and not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    pub at: Timestamp,
    /// What the last crash said.
    pub why: String,
}

/// A crash as it was counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crash {
    pub application: Name,
    /// Since a step was done, or somebody had the run tried again.
    pub count: u32,
    /// It was the last one: the run is nobody's now.
    pub set_aside: bool,
}

impl Change {
    /// Counts a crash: of a worker that is alive, only while it holds the run, since what became of the run in other hands is
    /// theirs to say; of a process that has died (no fence), whoever holds the run by now. `None`: it is not counted, or
    /// the run has ended or is set aside already.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn record_crash(
        &mut self,
        run: RunId,
        fence: Option<&Fence>,
        why: &str,
    ) -> Result<Option<Crash>> {
        let row: Option<(String, i32, bool)> = sqlx::query_as(
            "WITH counted AS (SELECT id, crashes + 1 >= $3 AS last FROM runs
                              WHERE id = $1 AND ended_at IS NULL AND set_aside_at IS NULL
                                AND ($4::text IS NULL OR (owner_worker = $4 AND epoch = $5 AND EXISTS (
                                    SELECT FROM workers w
                                    WHERE w.id = $4 AND w.epoch = $5 AND w.expires_at > clock_timestamp())))
                              FOR UPDATE)
             UPDATE runs r
             SET crashes = r.crashes + 1, crash = $2,
                 set_aside_at = CASE WHEN last THEN clock_timestamp() END,
                 owner_worker = CASE WHEN NOT last THEN r.owner_worker END,
                 epoch = CASE WHEN NOT last THEN r.epoch END
             FROM counted WHERE r.id = counted.id
             RETURNING r.application::text, r.crashes, last",
        )
        .bind(run.0)
        .bind(why)
        .bind(i32::from(CRASHES_AT_MOST))
        .bind(fence.map(|f| f.worker.as_str()))
        .bind(fence.map(|f| f.epoch))
        .fetch_optional(self.connection())
        .await?;
        let Some((application, count, set_aside)) = row else { return Ok(None) };
        if set_aside {
            self.notify(&format!("run:{run}")).await?;
        }
        let application = Name::parse(&application).map_err(|e| Error::Corrupt(format!("run {run}: {e}")))?;
        Ok(Some(Crash { application, count: u32::try_from(count).unwrap_or(0), set_aside }))
    }

    /// Any worker may claim it again, and its count begins anew. False: it was not set aside.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn take_up_again(&mut self, run: RunId) -> Result<bool> {
        let taken_up = sqlx::query(
            "UPDATE runs SET crashes = 0, set_aside_at = NULL
             WHERE id = $1 AND ended_at IS NULL AND set_aside_at IS NOT NULL",
        )
        .bind(run.0)
        .execute(self.connection())
        .await?
        .rows_affected()
            == 1;
        if taken_up {
            self.notify(&format!("run:{run}")).await?;
        }
        Ok(taken_up)
    }
}

impl Store {
    /// `None`: it is not set aside, has ended, or is not there.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn set_aside(&self, run: RunId) -> Result<Option<SetAside>> {
        let row: Option<(Time, String)> = sqlx::query_as(
            "SELECT set_aside_at, crash FROM runs WHERE id = $1 AND ended_at IS NULL AND set_aside_at IS NOT NULL",
        )
        .bind(run.0)
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|(at, why)| SetAside { at: at.into(), why }))
    }
}
