//! What holds the data: who writes, which copy follows, and how far behind.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuroraMember {
    pub cluster_arn: String,
    pub writer: bool,
    /// The global cluster's own status, such as `available` or `switching-over`.
    pub global_status: String,
    /// The status of a running switchover or failover, as AWS words it; `None` when none runs.
    pub failover_status: Option<String>,
    /// `connected` or `pending-resync` for a secondary.
    pub synchronization: Option<String>,
    /// The member cluster's own status; `None` when its Region could not be asked.
    pub cluster_status: Option<String>,
    /// Readable and writable instances in this Region; a secondary with none cannot be promoted quickly.
    pub instances: Option<u32>,
    pub instance_classes: Vec<String>,
    /// Only of secondaries.
    pub lag: Option<Lag>,
    /// The cluster's own endpoint in this Region: it leads to the writer once that is here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
}

/// How far a copy is behind, when that was measured, and by which metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lag {
    pub milliseconds: f64,
    pub measured_at: Timestamp,
    pub metric: String,
}
