//! What the recovery Region must have beside traffic, stores and compute: images, secrets, keys, alarms, quotas,
//! networks, recorders. Mostly looked at, seldom changed. That something is not there is an answer, not a failed
//! look: it is told as `None` in the fact of its kind.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A secret's presence in one Region. Its content is in none of our facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretFacts {
    pub arn: String,
    /// Where the secret that this one copies is; `None` for one that was never replicated.
    pub primary_region: Option<String>,
    /// `InSync`, `InProgress` or `Failed`, as the primary tells of this Region's replica; `None` of the primary itself,
    /// and where the primary could not be asked.
    pub replication: Option<String>,
    /// Why replication failed, in AWS's words.
    pub message: Option<String>,
    /// The id of the version that readers get.
    pub current_version: Option<String>,
    /// Marked for deletion: nobody can read it.
    pub deleted: bool,
}

/// An SSM parameter. The value is compared while looking and then forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterFacts {
    pub version: i64,
    /// `String`, `StringList` or `SecureString`.
    pub parameter_type: String,
    /// Regions, of those looked at together with this one, whose value is another. `None` where it cannot be compared:
    /// what is encrypted is not decrypted for this.
    pub differs_from: Option<Vec<String>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KmsKeyFacts {
    pub arn: String,
    /// `Enabled`, `Disabled`, `PendingDeletion` and so on.
    pub state: String,
    /// The ARN of the primary where this is a multi-Region key or a replica of one. Two Regions with the same primary
    /// can read what the other has encrypted.
    pub primary_arn: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmFacts {
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state: String,
    pub reason: Option<String>,
    pub since: Option<Timestamp>,
    /// Such as `AWS/RDS`; `None` for metric math and composite alarms.
    pub namespace: Option<String>,
    pub metric: Option<String>,
    /// Which of the things that have the metric it watches.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dimensions: BTreeMap<String, String>,
    /// Whether a change of state tells anybody.
    pub actions_enabled: bool,
}

/// The newest data point of a metric, and what it is held against. Where none came in time there is no such fact: missing
/// data are neither well nor unwell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricFacts {
    /// With its namespace and statistic, such as `Average of Shop/CheckoutSuccess`.
    pub what: String,
    pub value: f64,
    /// The data point's own time.
    pub at: Timestamp,
    pub well_when: Comparison,
    pub threshold: f64,
}

impl MetricFacts {
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.well_when.holds(self.value, self.threshold)
    }
}

/// How a value is held against a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    Above,
    AtLeast,
    AtMost,
    Below,
}

impl Comparison {
    pub const WORDS: &'static [&'static str] = &["above", "at_least", "at_most", "below"];

    #[must_use]
    pub fn holds(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::Above => value > threshold,
            Self::AtLeast => value >= threshold,
            Self::AtMost => value <= threshold,
            Self::Below => value < threshold,
        }
    }

    /// As a sentence has it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Above => "above",
            Self::AtLeast => "at least",
            Self::AtMost => "at most",
            Self::Below => "below",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuotaFacts {
    pub name: String,
    pub value: f64,
    /// Whether it was ever raised in this account; otherwise it is AWS's default.
    pub applied: bool,
    pub adjustable: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachmentFacts {
    /// Or, of a VPC peering connection, the VPC of this side.
    pub transit_gateway: String,
    /// `vpc`, `peering`, `vpn` and so on; `vpc-peering` for a connection of two VPCs without a gateway.
    pub resource_type: String,
    /// `available`, `pendingAcceptance`, `failed` and so on; of a VPC peering connection `active` where it stands.
    pub state: String,
    /// Of a peering: the Region on the other side.
    pub peer_region: Option<String>,
    pub message: Option<String>,
}

impl AttachmentFacts {
    /// What [`AttachmentFacts::resource_type`] says of a connection of two VPCs, which AWS has no word for there.
    pub const VPC_PEERING: &'static str = "vpc-peering";

    /// Whether traffic can take this way.
    #[must_use]
    pub fn stands(&self) -> bool {
        self.state == if self.resource_type == Self::VPC_PEERING { "active" } else { "available" }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecorderFacts {
    pub name: String,
    pub recording: bool,
    /// `SUCCESS`, `PENDING` or `FAILURE`.
    pub last_status: Option<String>,
    pub message: Option<String>,
}

/// An event of AWS Health that is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthEvent {
    /// Such as `EC2`.
    pub service: String,
    /// Such as `AWS_EC2_OPERATIONAL_ISSUE`.
    pub code: String,
    /// As AWS has it; `global` for what has no Region.
    pub region: String,
    pub since: Option<Timestamp>,
}

/// Open findings: active, and neither resolved nor suppressed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HubFacts {
    pub critical: u32,
    pub high: u32,
    /// There are more of them than were counted.
    pub more: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackFacts {
    pub id: String,
    /// `CREATE_COMPLETE`, `UPDATE_IN_PROGRESS`, `ROLLBACK_COMPLETE` and so on.
    pub status: String,
    pub reason: Option<String>,
    /// When it was last created or updated.
    pub changed_at: Option<Timestamp>,
    /// What CloudFormation works as, where the stack has a role of its own.
    pub role_arn: Option<String>,
}

/// What a status of a stack means for whoever builds on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StackStanding {
    Complete,
    UnderWay,
    /// It stands, its last update does not: it may be updated again.
    NotUpdated,
    /// It can be neither created nor updated as it is, and will not become complete by itself.
    Failed,
}

impl StackFacts {
    #[must_use]
    pub fn standing(&self) -> StackStanding {
        match self.status.as_str() {
            "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "IMPORT_COMPLETE" => StackStanding::Complete,
            "UPDATE_ROLLBACK_COMPLETE" => StackStanding::NotUpdated,
            status if status.contains("ROLLBACK") || status.contains("DELETE") => StackStanding::Failed,
            // New resources stand while what they replace is removed, and that may fail without harm.
            status if status.ends_with("_IN_PROGRESS") => StackStanding::UnderWay,
            _ => StackStanding::Failed,
        }
    }
}

/// Where an application reads which store to use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingFacts {
    /// What holds the setting has this version now.
    pub version: String,
    /// The endpoint, and nothing else of what stands there.
    pub endpoint: Option<String>,
    /// Why no endpoint is told.
    pub not_told: Option<String>,
    /// It is a copy of another Region's and cannot be written here.
    pub is_replica: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use StackStanding::{Complete, Failed, NotUpdated, UnderWay};

    #[test]
    fn each_comparison_has_its_word_and_takes_the_threshold_itself_where_it_says_so() {
        let all = [Comparison::Above, Comparison::AtLeast, Comparison::AtMost, Comparison::Below];
        for (comparison, word) in all.iter().zip(Comparison::WORDS) {
            assert_eq!(serde_json::to_value(comparison).unwrap(), serde_json::json!(word));
        }
        let held = |value: f64| all.map(|comparison| comparison.holds(value, 5.0));
        assert_eq!(held(4.0), [false, false, true, true]);
        assert_eq!(held(5.0), [false, true, true, false]);
        assert_eq!(held(6.0), [true, true, false, false]);
    }

    #[test]
    fn each_status_of_a_stack_is_there_on_its_way_to_be_updated_again_or_of_no_use() {
        for (status, standing) in [
            ("CREATE_COMPLETE", Complete),
            ("UPDATE_COMPLETE", Complete),
            ("REVIEW_IN_PROGRESS", UnderWay),
            ("CREATE_IN_PROGRESS", UnderWay),
            ("UPDATE_IN_PROGRESS", UnderWay),
            ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", UnderWay),
            ("CREATE_FAILED", Failed),
            ("ROLLBACK_IN_PROGRESS", Failed),
            ("ROLLBACK_COMPLETE", Failed),
            ("UPDATE_ROLLBACK_IN_PROGRESS", Failed),
            ("UPDATE_ROLLBACK_COMPLETE", NotUpdated),
            ("UPDATE_FAILED", Failed),
            ("UPDATE_ROLLBACK_FAILED", Failed),
            ("DELETE_IN_PROGRESS", Failed),
            ("something new", Failed),
        ] {
            let stack = StackFacts {
                id: String::new(),
                status: status.into(),
                reason: None,
                changed_at: None,
                role_arn: None,
            };
            assert_eq!(stack.standing(), standing, "{status}");
        }
    }
}
