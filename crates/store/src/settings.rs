//! Switches of the whole installation: so far the one that stops all automation.

use crate::Result;
use crate::change::Change;
use crate::store::Store;
use crate::wire::{Time, from_json, maybe_time, to_json};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Automation {
    pub on: bool,
    pub reason: Option<String>,
    /// Who turned it, and when; `None` while nobody has.
    pub changed: Option<(String, Timestamp)>,
}

#[derive(Serialize, Deserialize)]
struct Switch {
    on: bool,
    reason: Option<String>,
}

#[derive(sqlx::FromRow)]
struct SettingRow {
    value: Value,
    changed_by: String,
    changed_at: Time,
}

impl Store {
    /// On until somebody turns it off.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn automation(&self) -> Result<Automation> {
        let row: Option<SettingRow> =
            sqlx::query_as("SELECT value, changed_by, changed_at FROM settings WHERE name = 'automation'")
                .fetch_optional(&self.pool)
                .await?;
        let Some(row) = row else { return Ok(Automation { on: true, reason: None, changed: None }) };
        let switch: Switch = from_json(|| "the automation switch".into(), row.value)?;
        let changed = maybe_time(Some(row.changed_at)).map(|at| (row.changed_by, at));
        Ok(Automation { on: switch.on, reason: switch.reason, changed })
    }
}

impl Change {
    /// # Errors
    /// When the database does not answer.
    pub async fn set_automation(&mut self, on: bool, by: &str, reason: Option<&str>) -> Result<()> {
        sqlx::query(
            "INSERT INTO settings (name, value, changed_by) VALUES ('automation', $1, $2)
             ON CONFLICT (name) DO UPDATE
             SET value = excluded.value, changed_by = excluded.changed_by, changed_at = clock_timestamp()",
        )
        .bind(to_json(&Switch { on, reason: reason.map(str::to_owned) })?)
        .bind(by)
        .execute(self.connection())
        .await?;
        self.notify("automation").await
    }
}
