//! What can be seen of one resource in one Region, per kind. Values as AWS gives them, units in names.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Facts {
    /// The record set that leads to this Region; `None` when the Region has been taken out of the set.
    DnsRecord {
        record: Option<DnsRecord>,
    },
    /// The endpoint group of a Global Accelerator listener in this Region.
    AcceleratorGroup(AcceleratorGroup),
    /// The route of an S3 Multi-Region Access Point to this Region's bucket.
    AccessPointRoute {
        bucket: String,
        traffic_dial_percent: u8,
    },
    /// A member of an Aurora Global Database.
    AuroraMember(AuroraMember),
    EcsService(EcsServiceFacts),
}

/// One Route 53 record set, whole: a DELETE must match every value, so nothing may be lost in reading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsRecord {
    /// Without the trailing dot.
    pub name: String,
    #[serde(rename = "type")]
    pub record_type: String,
    pub set_identifier: Option<String>,
    pub routing: Routing,
    pub ttl_seconds: Option<i64>,
    pub values: Vec<String>,
    pub alias: Option<AliasTarget>,
    pub health_check_id: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AliasTarget {
    pub hosted_zone_id: String,
    pub dns_name: String,
    pub evaluate_target_health: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "policy", rename_all = "snake_case")]
pub enum Routing {
    Simple,
    /// 0 to 255.
    Weighted {
        weight: i64,
    },
    Failover {
        primary: bool,
    },
    Latency {
        region: String,
    },
    /// As Route 53 spells a place: continent, country and subdivision codes; `*` is the default.
    Geolocation {
        continent: Option<String>,
        country: Option<String>,
        subdivision: Option<String>,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AcceleratorGroup {
    pub endpoint_group_arn: String,
    /// 0 to 100.
    pub traffic_dial_percent: u8,
    pub endpoints: Vec<AcceleratorEndpoint>,
    /// `DEPLOYED` or `IN_PROGRESS`.
    pub accelerator_status: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceleratorEndpoint {
    pub id: String,
    /// 0 to 255.
    pub weight: i32,
    pub client_ip_preservation: bool,
    /// `HEALTHY`, `UNHEALTHY` or `INITIAL`; `None` where AWS gives none.
    pub health: Option<String>,
}

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
}

/// How far a copy is behind, when that was measured, and by which metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lag {
    pub milliseconds: f64,
    pub measured_at: Timestamp,
    pub metric: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EcsServiceFacts {
    pub desired: u32,
    pub running: u32,
    pub pending: u32,
    /// `COMPLETED`, `IN_PROGRESS` or `FAILED`.
    pub rollout: Option<String>,
    /// `ACTIVE`, `DRAINING` or `INACTIVE`.
    pub status: String,
}
