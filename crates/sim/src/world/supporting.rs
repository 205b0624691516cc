//! What a Region must have beside traffic, stores and compute: secrets and their replicas, parameters, keys, alarms,
//! quotas, network attachments, recorders, Security Hub; and the organization that the accounts belong to.

use super::commands::Command;
use super::stacks::{Stack, Template};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// From a change of a secret to its being in every replica.
pub const REPLICATE_MS: i64 = 3_000;

/// All of it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Supporting {
    /// Secrets Manager.
    pub secrets: Vec<Secret>,
    /// SSM parameters.
    pub parameters: Vec<Parameter>,
    /// KMS keys, one entry per Region.
    pub keys: Vec<Key>,
    /// CloudWatch metric alarms.
    pub alarms: Vec<Alarm>,
    /// CloudWatch metrics of the application's own.
    #[serde(default)]
    pub metrics: Vec<Metric>,
    /// Service quotas.
    pub quotas: Vec<Quota>,
    /// Transit Gateway attachments.
    pub attachments: Vec<Attachment>,
    /// AWS Config recorders.
    pub recorders: Vec<Recorder>,
    /// Security Hubs that are enabled.
    pub hubs: Vec<Hub>,
    /// What AWS Health has open.
    #[serde(default)]
    pub events: Vec<HealthEvent>,
    /// Accounts whose support plan does not include AWS Health's API.
    #[serde(default)]
    pub without_support_plan: Vec<String>,
    /// CloudFormation stacks.
    pub stacks: Vec<Stack>,
    /// CloudFormation templates, by URL.
    pub templates: BTreeMap<String, Template>,
    /// SSM commands.
    #[serde(default)]
    pub commands: Vec<Command>,
    /// The organization, where the accounts are in one.
    pub organization: Option<Organization>,
}

/// A secret with its replicas.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Secret {
    /// Owner.
    pub account: String,
    /// Its name in every Region.
    pub name: String,
    /// Where it is written.
    pub primary: String,
    /// Its copies.
    pub replicas: Vec<Replica>,
    /// Newest last; the last one is current.
    pub versions: Vec<SecretVersion>,
    /// Marked for deletion.
    pub deleted: bool,
}

/// One version of a secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SecretVersion {
    /// The `ClientRequestToken` that it was put with.
    pub id: String,
    /// What it holds.
    pub content: String,
}

/// A secret's copy in another Region.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Replica {
    /// Where.
    pub region: String,
    /// The number of versions that have arrived.
    pub has: usize,
    /// When all will have arrived: virtual milliseconds since the epoch.
    pub synced_ms: i64,
    /// Why replication has failed for good.
    pub failed: Option<String>,
}

/// A secret's ARN: AWS adds six characters to the name.
pub(crate) fn arn_of(account: &str, region: &str, name: &str) -> String {
    let suffix = super::build::digits_of(&format!("secret {name}"), 6);
    format!("arn:aws:secretsmanager:{region}:{account}:secret:{name}-{suffix}")
}

impl Secret {
    /// The ARN in a Region.
    pub fn arn(&self, region: &str) -> String {
        arn_of(&self.account, region, &self.name)
    }

    /// Whether the secret can be named like this in a Region.
    pub fn is(&self, id: &str, region: &str) -> bool {
        self.name == id || self.arn(region) == id
    }

    /// The replica of a Region.
    pub fn replica(&self, region: &str) -> Option<&Replica> {
        self.replicas.iter().find(|r| r.region == region)
    }

    /// What readers get in a Region; `None` where the secret is not.
    pub fn current(&self, region: &str) -> Option<&SecretVersion> {
        if region == self.primary {
            return self.versions.last();
        }
        let replica = self.replica(region)?;
        replica.has.checked_sub(1).and_then(|last| self.versions.get(last))
    }

    /// Puts a version, which replicas get a little later.
    pub fn put(&mut self, id: &str, content: &str, now_ms: i64) {
        self.versions.push(SecretVersion { id: id.to_owned(), content: content.to_owned() });
        for replica in self.replicas.iter_mut().filter(|r| r.failed.is_none()) {
            replica.synced_ms = now_ms + REPLICATE_MS;
        }
    }

    /// Lets versions arrive that are due; a cut link holds them up.
    pub(super) fn settle(&mut self, now_ms: i64, reachable: &dyn Fn(&str, &str) -> bool) -> bool {
        let all = self.versions.len();
        let mut changed = false;
        for replica in self.replicas.iter_mut().filter(|r| r.failed.is_none() && r.has < all) {
            if !reachable(&self.primary, &replica.region) {
                replica.synced_ms = now_ms + REPLICATE_MS;
            } else if now_ms >= replica.synced_ms {
                replica.has = all;
                changed = true;
            }
        }
        changed
    }
}

impl Replica {
    /// `Status` of a `ReplicationStatusType`.
    pub fn status(&self, versions: usize) -> &'static str {
        if self.failed.is_some() {
            "Failed"
        } else if self.has < versions {
            "InProgress"
        } else {
            "InSync"
        }
    }
}

/// A parameter of one Region.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Parameter {
    /// Owner.
    pub account: String,
    /// Its Region.
    pub region: String,
    /// Its name.
    pub name: String,
    /// `String` or `SecureString`.
    pub kind: String,
    /// What it holds.
    pub value: String,
    /// Grows with each put.
    pub version: i64,
}

/// A key in one Region.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Key {
    /// Owner.
    pub account: String,
    /// Its Region.
    pub region: String,
    /// `mrk-…` for one that is in several Regions.
    pub id: String,
    /// `KeyState`.
    pub state: String,
    /// Where the primary of a multi-Region key is.
    pub primary: Option<String>,
}

impl Key {
    /// The ARN in a Region.
    pub fn arn_in(&self, region: &str) -> String {
        format!("arn:aws:kms:{region}:{}:key/{}", self.account, self.id)
    }
}

/// A metric alarm of one Region.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Alarm {
    /// Owner.
    pub account: String,
    /// Its Region.
    pub region: String,
    /// Its name.
    pub name: String,
    /// Such as `AWS/RDS`.
    pub namespace: String,
    /// Such as `AuroraGlobalDBProgressLag`.
    pub metric: String,
    /// `DBClusterIdentifier` for the lag of an Aurora member.
    pub dimensions: BTreeMap<String, String>,
    /// Above it is `ALARM`.
    pub threshold: f64,
    /// Whether it tells anybody.
    pub actions_enabled: bool,
    /// What it says where the world has no such metric to look at.
    pub otherwise: String,
}

/// A metric that is published all the time, until it falls silent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Metric {
    /// Owner.
    pub account: String,
    /// Its Region.
    pub region: String,
    /// Such as `Shop`.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What it is of.
    pub dimensions: BTreeMap<String, String>,
    /// What it always is; one sample a minute.
    pub value: f64,
    /// From when on nothing is published; virtual.
    pub silent_from_ms: Option<i64>,
}

/// A quota of one Region.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Quota {
    /// Owner.
    pub account: String,
    /// Its Region.
    pub region: String,
    /// `ServiceCode`.
    pub service: String,
    /// `QuotaCode`.
    pub code: String,
    /// `QuotaName`.
    pub name: String,
    /// AWS's own.
    pub default: f64,
    /// What it was raised to.
    pub applied: Option<f64>,
}

/// A Transit Gateway attachment of one Region, or one side of a VPC peering connection.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attachment {
    /// Owner.
    pub account: String,
    /// Its Region.
    pub region: String,
    /// `tgw-attach-…` or `pcx-…`; a peering has the same on both sides.
    pub id: String,
    /// `tgw-…` or `vpc-…` of this side.
    pub gateway: String,
    /// `available`, `pendingAcceptance`, …; of a VPC peering connection `active`, …
    pub state: String,
    /// Of a peering: the Region and the gateway of the other side. Without it it is a VPC's.
    pub peer: Option<(String, String)>,
}

/// An open event of AWS Health, which every account is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HealthEvent {
    /// E.g. `EC2`.
    pub service: String,
    /// E.g. `AWS_EC2_OPERATIONAL_ISSUE`.
    pub code: String,
    /// Its Region, or `global`.
    pub region: String,
    /// Virtual milliseconds since the epoch.
    pub began_ms: i64,
}

/// A configuration recorder of one Region.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Recorder {
    /// Owner.
    pub account: String,
    /// Its Region.
    pub region: String,
    /// Whether it records.
    pub recording: bool,
    /// Why the last delivery failed.
    pub failure: Option<String>,
}

/// Security Hub, enabled in one Region.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Hub {
    /// Owner.
    pub account: String,
    /// Its Region.
    pub region: String,
    /// Open findings of this gravity.
    pub critical: usize,
    /// The same one below.
    pub high: usize,
}

/// An organization.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Organization {
    /// The accounts that may ask about it: the management account, and delegated administrators.
    pub administrators: Vec<String>,
    /// All of its accounts, those that no world knows included.
    pub members: Vec<Member>,
}

/// An account of an organization.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Member {
    /// Twelve digits.
    pub id: String,
    /// Its name in the organization.
    pub name: String,
    /// `ACTIVE` or `SUSPENDED`.
    pub status: String,
}

impl Supporting {
    /// Brings everything up to an instant; `true` when something came to an end.
    pub(super) fn settle(&mut self, now_ms: i64, reachable: &dyn Fn(&str, &str) -> bool) -> bool {
        let mut changed = false;
        for secret in &mut self.secrets {
            changed |= secret.settle(now_ms, reachable);
        }
        for stack in &mut self.stacks {
            changed |= stack.settle(now_ms);
        }
        changed
    }
}
