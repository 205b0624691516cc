//! The ledger: every call that reached the simulator, whatever became of it. Judges outside Holdfast
//! read it to see what was really done, by whom, and how often.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::Arc;

/// Calls kept in memory and told over HTTP; the file is cut to these when it has grown to twice as many.
pub const KEPT: usize = 100_000;

/// What a call did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Something is different now.
    Changed,
    /// Accepted; it was so already.
    Unchanged,
    /// Refused.
    Refused,
    /// A look, or a call that was swallowed before it did anything.
    None,
}

/// One call. The field names are a contract with whoever reads the ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Real time, RFC 3339.
    pub at: String,
    /// From 1, without gaps.
    pub seq: u64,
    /// As `wire` names it: `sts`, `rds`, `ecs`, `route53`, `globalaccelerator`, …; or as signed for.
    pub service: String,
    /// The operation.
    pub operation: String,
    /// As IAM names it; empty for an operation that the simulator does not know.
    #[serde(default)]
    pub action: String,
    /// The Region that the call was signed for.
    pub region: String,
    /// The caller's account; empty when it could not be told.
    pub account: String,
    /// The caller's ARN; empty when it could not be told.
    pub principal: String,
    /// Of an assumed role.
    pub session_name: Option<String>,
    /// Of an assumed role.
    pub source_identity: Option<String>,
    /// The inline policy that the session was narrowed by, as it was given.
    pub session_policy: Option<String>,
    /// As sent.
    pub user_agent: String,
    /// As answered.
    pub request_id: String,
    /// Whether the operation is one that can change something.
    pub changing: bool,
    /// What it did.
    pub effect: Effect,
    /// The request's parameters.
    pub body: Value,
}

/// The calls in memory.
#[derive(Debug, Default)]
pub struct Ledger {
    entries: VecDeque<Arc<Entry>>,
    last_seq: u64,
}

impl Ledger {
    /// A ledger that goes on from what is on disk.
    pub fn resume(entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut ledger = Self::default();
        for entry in entries {
            ledger.push(entry);
        }
        ledger
    }

    /// The number of the next call.
    pub fn next_seq(&self) -> u64 {
        self.last_seq + 1
    }

    /// Adds a call.
    pub fn push(&mut self, entry: Entry) -> Arc<Entry> {
        self.last_seq = self.last_seq.max(entry.seq);
        let entry = Arc::new(entry);
        self.entries.push_back(Arc::clone(&entry));
        if self.entries.len() > KEPT {
            self.entries.pop_front();
        }
        entry
    }

    /// The number of the last call; 0 before the first.
    pub fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// All calls kept, oldest first.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Arc<Entry>> {
        self.entries.iter()
    }
}
