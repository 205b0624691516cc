//! Calendars elsewhere, for the workers that fetch them: which are due, and what one said.

use crate::App;
use holdfast_failover::on_call::calendar;
use holdfast_store::{DueCalendar, Error};
use std::time::Duration;

/// Each is read so often; what was read stays good for an hour.
const EVERY: Duration = Duration::from_secs(300);

impl App {
    /// Those to read now, in this worker's hands. A server without the key that addresses are sealed with leaves them to the others.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn due_calendars(&self) -> Result<Vec<DueCalendar>, Error> {
        if self.settings.sealing.is_none() {
            return Ok(Vec::new());
        }
        self.store.take_calendars(EVERY).await
    }

    /// Keeps what came of reading one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn keep_calendar(&self, due: &DueCalendar, text: Result<String, String>) -> Result<(), Error> {
        let now = self.store.now().await?;
        let said = text.and_then(|text| calendar::read(&text, now));
        if let Err(why) = &said {
            tracing::warn!(team = %due.team, why, "the calendar of who is on call could not be read");
        }
        self.store.calendar_said(due, &said).await
    }
}
