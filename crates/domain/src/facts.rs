//! What can be seen of one resource in one Region, per kind. Values as AWS gives them, units in names.

mod compute;
mod outside;
mod stores;
mod supporting;
mod traffic;

pub use compute::{
    AutoScalingGroupFacts, Beside, EcrImage, EcrRepositoryFacts, EcsServiceFacts, EksNodeGroupFacts,
    EventSourceMapping, LambdaFunctionFacts, ProvisionedConcurrency, ScalingBounds, TargetHealth, Unread,
    hinders,
};
pub use outside::{NameAnswer, ProbeAnswer};
pub use stores::{
    AuroraMember, BucketReplication, ClusterInstance, Consistency, DatastoreMember, Lag, LagFrom, LeftBehind,
    Protected, RecoveryPoint, ReplicaMember, ReplicaSettings, ReplicationRule, RestoreJob, TableReplica,
    VaultFacts, database_of_arn, region_of_arn,
};
pub use supporting::{
    AlarmFacts, AttachmentFacts, Comparison, HealthEvent, HubFacts, KmsKeyFacts, MetricFacts, ParameterFacts,
    QuotaFacts, RecorderFacts, SecretFacts, SettingFacts, StackFacts, StackStanding,
};
pub use traffic::{
    AcceleratorEndpoint, AcceleratorGroup, AliasTarget, Checkers, DistributionOrigin, DnsRecord, HealthCheck,
    RegionSwitch, Routing, RoutingControl, SafetyRule, SafetyRuleKind, SwitchExecution, SwitchObject,
    Watched,
};

use crate::ids::RegionCode;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Facts {
    // ---- traffic
    /// The record set that leads to this Region; `None` when the Region has been taken out of the set.
    DnsRecord {
        record: Option<DnsRecord>,
        /// Further record sets of the same name that lead to this Region, by their set identifiers.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        more: Vec<DnsRecord>,
        /// What the zone's name servers answer; `None` where nobody asked them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        outside: Option<NameAnswer>,
    },
    /// The endpoint group of a Global Accelerator listener in this Region.
    AcceleratorGroup(AcceleratorGroup),
    /// The route of an S3 Multi-Region Access Point to this Region's bucket.
    AccessPointRoute {
        bucket: String,
        traffic_dial_percent: u8,
    },
    /// A Route 53 health check, which is the same seen from every Region.
    HealthCheck(HealthCheck),
    /// The ARC routing control that stands for this Region.
    RoutingControl(RoutingControl),
    /// The object in this Region that holds another one out while it is there.
    SwitchObject(SwitchObject),
    /// This Region's place in the origin groups of a CloudFront distribution.
    DistributionOrigin(DistributionOrigin),
    /// An ARC Region switch plan, as its endpoint in this Region tells it.
    RegionSwitch(RegionSwitch),

    // ---- stores
    /// A member of an Aurora Global Database.
    AuroraMember(AuroraMember),
    /// A database instance or cluster, one of a pair of which one copies from the other.
    ReplicaMember(ReplicaMember),
    /// A DynamoDB global table's replica.
    TableReplica(TableReplica),
    /// A member of an ElastiCache Global Datastore.
    DatastoreMember(DatastoreMember),
    /// A bucket with the replication rules from and to it.
    BucketReplication(BucketReplication),
    /// A backup vault.
    BackupVault(VaultFacts),

    // ---- compute
    EcsService(EcsServiceFacts),
    AutoScalingGroup(AutoScalingGroupFacts),
    EksNodeGroup(EksNodeGroupFacts),
    LambdaFunction(LambdaFunctionFacts),
    EcrRepository(EcrRepositoryFacts),
    // ---- what the recovery Region must have. `None`: it is not there.
    Secret {
        secret: Option<SecretFacts>,
    },
    Parameter {
        parameter: Option<ParameterFacts>,
    },
    KmsKey {
        key: Option<KmsKeyFacts>,
    },
    Alarm {
        alarm: Option<AlarmFacts>,
    },
    Metric(MetricFacts),
    Quota(QuotaFacts),
    Attachment {
        attachment: Option<AttachmentFacts>,
    },
    ConfigRecorder {
        recorder: Option<RecorderFacts>,
    },
    /// `None`: Security Hub is not enabled.
    SecurityHub {
        hub: Option<HubFacts>,
    },
    /// What AWS Health says is open of this Region, and of what has none.
    AwsHealth {
        events: Vec<HealthEvent>,
        /// There are more than AWS tells at once.
        more: bool,
    },
    Stack {
        stack: Option<StackFacts>,
    },
    Setting {
        setting: Option<SettingFacts>,
    },

    // ---- the outside view
    /// What the health endpoint of a Region answered.
    Probe(ProbeAnswer),
}

/// What the deciding code asks of any kind, so that it need not know them all. `None`: the question does not arise
/// for this kind.
impl Facts {
    /// Of a store with one writer: whether it is here.
    #[must_use]
    pub fn writes(&self) -> Option<bool> {
        stores::writes(self)
    }

    /// Of a copy: whether it is getting the data from its source.
    #[must_use]
    pub fn follows(&self) -> Option<bool> {
        stores::follows(self)
    }

    /// Of a store: whether what is here would bring back what is written in `place`. `None`: not known.
    #[must_use]
    pub fn protects(&self, place: &RegionCode) -> Option<bool> {
        stores::protects(self, place)
    }

    /// Of a copy: how far it is behind, where that was measured. Of a vault: the age of what it would bring back.
    #[must_use]
    pub fn lag(&self) -> Option<Lag> {
        stores::lag(self)
    }

    /// Of a store: whether an old writer goes on taking writes, with data of its own, after another was made one.
    #[must_use]
    pub fn leaves_old_writer(&self) -> bool {
        matches!(self, Self::ReplicaMember(_))
    }

    /// Of a signal: that it is well, or what is wrong.
    #[must_use]
    pub fn signal(&self) -> Option<Result<(), String>> {
        match self {
            Self::Alarm { alarm: None } => Some(Err("the alarm is not there".into())),
            Self::Alarm { alarm: Some(alarm) } if alarm.state == "OK" => Some(Ok(())),
            Self::Alarm { alarm: Some(alarm) } => {
                let reason = alarm.reason.as_deref().map(|r| format!(": {r}")).unwrap_or_default();
                Some(Err(format!("the alarm is {}{reason}", alarm.state)))
            }
            Self::Metric(metric) if metric.is_well() => Some(Ok(())),
            Self::Metric(metric) => Some(Err(format!(
                "{} was {} at {:.0}, and it is well when it is {} {}",
                metric.what,
                metric.value,
                metric.at,
                metric.well_when.words(),
                metric.threshold
            ))),
            Self::AwsHealth { events, more } => Some(match events.as_slice() {
                [] => Ok(()),
                [first, ..] => Err(format!(
                    "{}{} open of AWS Health, such as {} ({})",
                    if *more { "more than " } else { "" },
                    if events.len() == 1 {
                        "one event is".to_owned()
                    } else {
                        format!("{} events are", events.len())
                    },
                    first.code,
                    first.service
                )),
            }),
            Self::Probe(answer) => {
                let trouble = || answer.trouble.clone().unwrap_or_else(|| "it is not healthy".into());
                Some(if answer.healthy { Ok(()) } else { Err(trouble()) })
            }
            _ => None,
        }
    }

    /// Of a store: where its writer is reached in this Region, once it is here. A vault has none of its own: which of its
    /// restores counts is for a move to say.
    #[must_use]
    pub fn endpoint(&self) -> Option<&str> {
        match self {
            Self::AuroraMember(member) => member.endpoint.as_deref(),
            Self::ReplicaMember(member) => member.endpoint.as_deref(),
            _ => None,
        }
    }

    /// A record set that nobody asked the name servers about.
    #[must_use]
    pub fn record(record: Option<DnsRecord>) -> Self {
        Self::DnsRecord { record, more: Vec::new(), outside: None }
    }

    /// The same of all that lead to one Region.
    #[must_use]
    pub fn records(mut records: Vec<DnsRecord>) -> Self {
        records.sort_by(|a, b| a.set_identifier.cmp(&b.set_identifier));
        let mut records = records.into_iter();
        Self::DnsRecord { record: records.next(), more: records.collect(), outside: None }
    }

    /// Every record set that leads to this Region; of what is no record set, none.
    pub fn dns_records(&self) -> impl Iterator<Item = &DnsRecord> {
        let (record, more): (_, &[DnsRecord]) = match self {
            Self::DnsRecord { record, more, .. } => (record.as_ref(), more),
            _ => (None, &[]),
        };
        record.into_iter().chain(more)
    }

    /// Of compute: how many units are wanted, and how many run.
    #[must_use]
    pub fn capacity(&self) -> Option<Capacity> {
        let (desired, running, unit) = match self {
            Self::EcsService(service) => (service.desired, Some(service.running), "tasks"),
            Self::AutoScalingGroup(group) => (group.desired, Some(group.in_service), "instances"),
            Self::EksNodeGroup(group) => (group.desired, group.in_service, "nodes"),
            Self::LambdaFunction(function) => {
                // What is reserved is there at once: nothing has to start.
                let reserved = function.reserved?;
                (reserved, Some(reserved), "concurrent executions")
            }
            _ => return None,
        };
        Some(Capacity { desired, running, unit })
    }

    /// Of compute behind a load balancer: what the balancer says of it.
    #[must_use]
    pub fn target_health(&self) -> Option<&TargetHealth> {
        match self {
            Self::EcsService(service) => service.targets.as_ref(),
            Self::AutoScalingGroup(group) => group.targets.as_ref(),
            _ => None,
        }
    }

    /// What stands beside the main answer and could not be asked.
    #[must_use]
    pub fn unread(&self) -> &[Unread] {
        match self {
            Self::EcsService(service) => &service.unread,
            Self::AutoScalingGroup(group) => &group.unread,
            Self::EksNodeGroup(group) => &group.unread,
            Self::EcrRepository(repository) => &repository.unread,
            _ => &[],
        }
    }
}

/// How much is wanted and how much runs, in whatever unit the kind counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    pub desired: u32,
    /// `None`: what is wanted is known, and how much of it runs is not.
    pub running: Option<u32>,
    /// Plural, such as `tasks`.
    pub unit: &'static str,
}
