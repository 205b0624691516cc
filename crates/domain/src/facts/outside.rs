//! What is seen from outside AWS's own word: what a health endpoint answers, what a zone's name servers say.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What one health endpoint answered to one question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeAnswer {
    /// It gave the status and the text that the inventory expects.
    pub healthy: bool,
    /// `None`: no answer.
    pub status: Option<u16>,
    /// What is wrong; `None` exactly when it is healthy.
    pub trouble: Option<String>,
    /// What is wrong with its certificate, where that is it.
    pub certificate: Option<String>,
    /// From the question to the answer, or to giving up.
    pub milliseconds: u32,
    /// The Region or name of the replica that asked.
    pub from: String,
    pub at: Timestamp,
}

/// What the zone's own name servers say of a name, as far as one Region is concerned. Beside the record: the record is
/// what Route 53 was told, this is what it tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "seen", rename_all = "snake_case")]
pub enum NameAnswer {
    Known {
        /// Questions that were answered, and those of them whose answer leads to this Region.
        answers: u32,
        here: u32,
        /// How long caches may keep the answer that leads here.
        ttl_seconds: Option<u32>,
        from: String,
        at: Timestamp,
    },
    /// It could not be asked, or its answers lead to no Region that can be told.
    Unknown { reason: String, from: String, at: Timestamp },
}
