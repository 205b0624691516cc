//! Commands of Systems Manager: sent to the instances with a tag, and done some seconds later. Nothing is run.

use serde::{Deserialize, Serialize};

/// From sending to done everywhere.
pub const RUN_MS: i64 = 2_000;

/// One command.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Command {
    /// Owner.
    pub account: String,
    /// Where it runs.
    pub region: String,
    /// Its id.
    pub id: String,
    /// What is run.
    pub document: String,
    /// How many instances have the tag.
    pub targets: u32,
    /// Virtual time, milliseconds since the epoch.
    pub sent_ms: i64,
}

impl Command {
    /// As `ListCommands` words it.
    pub fn status(&self, now_ms: i64) -> &'static str {
        if now_ms >= self.sent_ms + RUN_MS { "Success" } else { "InProgress" }
    }
}
