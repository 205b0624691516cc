//! What leads requests to a Region.

use serde::{Deserialize, Serialize};

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
