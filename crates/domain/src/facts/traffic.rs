//! What leads requests to a Region.

use crate::ids::RegionCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    /// By nearness to a Region, a Local Zone group or a place on the map, stretched by the bias (-99 to 99).
    Geoproximity {
        region: Option<String>,
        local_zone_group: Option<String>,
        /// Latitude and longitude as Route 53 writes them.
        coordinates: Option<(String, String)>,
        bias: Option<i32>,
    },
    /// Up to eight healthy records at random.
    Multivalue,
    /// By the client's address: a location of a CIDR collection.
    Cidr {
        collection_id: String,
        location: String,
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
    /// Those of the accelerator's further listeners in the same Region; they have none themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<AcceleratorGroup>,
}

impl AcceleratorGroup {
    /// One of each listener, this one first.
    pub fn of_all_listeners(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.others)
    }

    /// The ARN of its listener.
    #[must_use]
    pub fn listener(&self) -> &str {
        self.endpoint_group_arn.split_once("/endpoint-group/").map_or("", |(listener, _)| listener)
    }

    /// New connections to its own listener go to it.
    #[must_use]
    pub fn takes_connections(&self) -> bool {
        self.traffic_dial_percent > 0 && self.endpoints.iter().any(|e| e.weight > 0)
    }
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

/// A Route 53 health check: the same in every Region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthCheck {
    pub id: String,
    /// `HealthCheckVersion`: what a change must name.
    pub version: i64,
    pub watches: Watched,
    pub inverted: bool,
    pub disabled: bool,
    /// What the checkers report, before inverting and disabling count; `None` where none reports.
    pub checkers: Option<Checkers>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkers {
    pub healthy: u32,
    pub all: u32,
}

/// What a health check looks at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Watched {
    /// A name or an address that is asked over HTTP, HTTPS or TCP.
    Endpoint {
        address: String,
        /// What is asked for there; `None` where nothing is, or it was not told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<String>,
    },
    /// Other health checks, of which so many must be healthy.
    Calculated { children: Vec<String>, threshold: u32 },
    /// A CloudWatch alarm, and what its insufficient data count as (`Healthy`, `Unhealthy`, `LastKnownStatus`).
    Alarm { region: String, name: String, insufficient_data: String },
    /// An ARC routing control.
    RoutingControl { arn: String },
}

impl HealthCheck {
    /// What Route 53 makes of it: healthy when more than 18 % of the checkers say so (Route 53 developer guide, "How
    /// Route 53 determines whether a health check is healthy"); disabled counts as healthy; inverted swaps.
    #[must_use]
    pub fn counts_healthy(&self) -> Option<bool> {
        let seen = || self.checkers.map(|c| u64::from(c.healthy) * 100 > u64::from(c.all) * 18);
        let healthy = if self.disabled { Some(true) } else { seen() };
        healthy.map(|healthy| healthy != self.inverted)
    }

    /// Disabled and inverted: unhealthy whatever happens to what it watches.
    #[must_use]
    pub fn is_held_out(&self) -> bool {
        self.disabled && self.inverted
    }
}

/// An object in S3 that an inverted health check watches: while it is there, the check counts as unhealthy, and the Region
/// whose records follow the check is held out. It is put and taken away by S3's data plane in its own Region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwitchObject {
    pub bucket: String,
    pub key: String,
    /// What a change must name; `None`: it is not there.
    pub etag: Option<String>,
    /// It is there, with the content that the health check looks for where it looks for any.
    pub holds: bool,
    /// The Region that it holds out, as the inventory has it.
    pub holds_out: RegionCode,
    /// The health check that watches it, as the inventory has it.
    pub health_check_id: String,
}

/// An ARC routing control that stands for a Region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutingControl {
    pub cluster_arn: String,
    pub control_arn: String,
    pub on: bool,
    /// The Region of the endpoint that told the state.
    pub told_by: String,
    /// The cluster's endpoints, Region to URL. Kept with what was seen, because only us-west-2 tells them and the
    /// switch must work when us-west-2 does not answer.
    pub endpoints: BTreeMap<String, String>,
    /// Those of its control panel that concern it.
    pub safety_rules: Vec<SafetyRule>,
    /// Ids of the Route 53 health checks that follow it.
    pub health_checks: Vec<String>,
    /// Endpoints, rules and health checks are those of an earlier look: us-west-2 did not answer this time.
    pub configuration_is_old: bool,
}

/// A rule that every change of a control must satisfy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SafetyRule {
    pub name: String,
    pub arn: String,
    #[serde(flatten)]
    pub kind: SafetyRuleKind,
    /// `ATLEAST`, `AND` or `OR`.
    pub matching: String,
    pub threshold: u32,
    pub inverted: bool,
}

/// Controls by ARN.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum SafetyRuleKind {
    /// Must hold over these controls after each change of one of them.
    Assertion { controls: Vec<String> },
    /// The gates decide whether the targets may be changed.
    Gating { gates: Vec<String>, targets: Vec<String> },
}

impl SafetyRule {
    /// Whether the rule lets the controls stand as `on` has them. `None`: it speaks of one that is not known, or in a way that
    /// has no name here.
    #[must_use]
    pub fn holds(&self, on: &BTreeMap<&str, bool>) -> Option<bool> {
        let judged = match &self.kind {
            SafetyRuleKind::Assertion { controls } => controls,
            SafetyRuleKind::Gating { gates, .. } => gates,
        };
        let states: Vec<bool> =
            judged.iter().map(|arn| on.get(arn.as_str()).copied()).collect::<Option<_>>()?;
        let count = states.iter().filter(|on| **on).count();
        let held = match self.matching.as_str() {
            "AND" => count == states.len(),
            "OR" => count > 0,
            "ATLEAST" => u32::try_from(count).is_ok_and(|count| count >= self.threshold),
            _ => return None,
        };
        Some(held != self.inverted)
    }
}

/// A CloudFront distribution, as far as a Region is concerned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DistributionOrigin {
    pub distribution_id: String,
    /// The origins that are in this Region.
    pub origins: Vec<String>,
    /// Every origin group's members by id, the one that is tried first in front.
    pub groups: BTreeMap<String, Vec<String>>,
    /// `Deployed` or `InProgress`.
    pub status: String,
    pub enabled: bool,
    /// What an edit must name.
    pub etag: String,
}

impl DistributionOrigin {
    /// Whether requests are sent here before anywhere else, by any origin group.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.groups.values().any(|members| members.first().is_some_and(|first| self.origins.contains(first)))
    }
}

/// An ARC Region switch plan as its endpoint in a Region tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionSwitch {
    pub plan_arn: String,
    pub name: String,
    pub version: Option<String>,
    /// `activePassive` or `activeActive`.
    pub approach: String,
    pub regions: Vec<String>,
    /// What it can do to this Region: `activate`, `deactivate`.
    pub actions: Vec<String>,
    /// `passed`, `actionRequired`, `pendingEvaluation` or `unknown`; `None` where it was never evaluated.
    pub evaluation: Option<String>,
    pub evaluated_at: Option<Timestamp>,
    pub warnings: Vec<String>,
    /// Newest first, a handful of them.
    pub executions: Vec<SwitchExecution>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwitchExecution {
    pub id: String,
    /// The Region that it activates or deactivates.
    pub region: String,
    pub action: String,
    /// `graceful` or `ungraceful`.
    pub mode: String,
    /// As ARC words it, such as `inProgress`, `completed`, `pausedByFailedStep`.
    pub state: String,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// The step that runs or has failed, where that was told.
    pub step: Option<String>,
}

impl SwitchExecution {
    /// Through, with or without exceptions.
    #[must_use]
    pub fn is_completed(&self) -> bool {
        self.state.starts_with("completed")
    }

    /// Given up for good: it will not go on by itself nor by an operator's word.
    #[must_use]
    pub fn is_given_up(&self) -> bool {
        matches!(self.state.as_str(), "canceled" | "failed" | "planExecutionTimedOut")
    }
}
