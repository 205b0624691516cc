//! The audit log as something that can be proved: checkpoints, keys, proofs, and the log whole.

use crate::audit::AuditEntryView;
use crate::problem::Answer;
use async_trait::async_trait;
use holdfast_domain::Actor;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AuditLogView {
    /// The newest checkpoint; absent until the first one is signed.
    pub checkpoint: Option<CheckpointView>,
    /// Entries that are younger than it, counted up to a thousand.
    pub pending: u64,
    /// Where checkpoints are kept outside of the database.
    pub places: Vec<PlaceView>,
    /// Since when no place has a new one, in seconds; absent when nothing was ever to be signed.
    pub seconds_since_written: Option<f64>,
    /// Why no run can start now; absent: the log stands in nobody's way.
    pub blocks_starts: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CheckpointView {
    /// How many entries it covers.
    pub size: u64,
    /// The Merkle tree's root, hexadecimal.
    pub root: String,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// As it was signed: a C2SP note, which tools of others verify.
    pub note: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlaceView {
    /// Such as `file /var/lib/holdfast/audit/checkpoints`.
    pub name: String,
    /// How many entries its newest checkpoint covers.
    pub size: Option<u64>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub written_at: Option<Timestamp>,
    /// Why the last attempt failed.
    pub error: Option<String>,
}

/// A key that signs, or signed. Trust the first one where it was given to you by hand, and the others by its word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AuditKeyView {
    /// `NAME+HASH+KEY`, as C2SP notes have it.
    pub public_key: String,
    /// It signs for logs of more entries than this.
    pub from_size: u64,
    /// The word of the key before it.
    pub handover: Option<String>,
}

/// An entry with the proof that it is in the signed log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AuditProofView {
    pub entry: AuditEntryView,
    /// The same as it was logged, byte for byte, with its salt: what the leaf is made of.
    #[schema(value_type = Object)]
    pub logged: serde_json::Value,
    /// Absent: it is younger than the newest checkpoint, within a minute.
    pub proof: Option<InclusionView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct InclusionView {
    /// Its place in the log, from 0.
    pub index: u64,
    /// Hexadecimal, as `hashes`.
    pub leaf: String,
    /// From the leaf's sibling up (RFC 9162, 2.1.3).
    pub hashes: Vec<String>,
    pub checkpoint: CheckpointView,
}

/// That the log of `from` entries is the beginning of that of `to` (RFC 9162, 2.1.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ConsistencyView {
    pub from: u64,
    pub to: u64,
    /// Hexadecimal.
    pub hashes: Vec<String>,
}

/// Where an export begins: what it will have, and who signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogHead {
    pub origin: String,
    /// How many entries are in the log.
    pub size: u64,
    /// Each the word of one key for the next.
    pub handovers: Vec<String>,
}

/// Some lines of an export, and where the next begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLines {
    pub lines: Vec<String>,
    /// How many of them are entries.
    pub entries: u64,
    pub next: LogPlace,
}

/// How far an export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogPlace {
    /// In the log, from this index.
    Log(u64),
    /// Among the entries that are not in it yet, after this number.
    Pending(i64),
    End,
}

#[async_trait]
pub trait AuditLogs {
    async fn audit_log(&self, actor: &Actor) -> Answer<AuditLogView>;
    async fn audit_keys(&self, actor: &Actor) -> Answer<Vec<AuditKeyView>>;
    async fn audit_proof(&self, actor: &Actor, id: i64) -> Answer<AuditProofView>;
    /// `to`: the newest checkpoint's size when absent.
    async fn audit_consistency(&self, actor: &Actor, from: u64, to: Option<u64>) -> Answer<ConsistencyView>;
    async fn audit_log_head(&self, actor: &Actor) -> Answer<LogHead>;
    /// The next lines of an export of a log of `size` entries.
    async fn audit_log_lines(&self, actor: &Actor, size: u64, from: LogPlace) -> Answer<LogLines>;
}
