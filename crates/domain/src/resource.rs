//! One AWS thing that takes part in an application's recovery, and what the inventory says of it.

mod kinds;
mod places;

pub use places::SettingHolder;

use crate::facts::Comparison;
use crate::ids::{Name, RegionCode};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    pub name: Name,
    /// The account's name.
    pub account: Name,
    #[serde(flatten)]
    pub spec: ResourceSpec,
}

type PerRegion<T> = BTreeMap<RegionCode, T>;

/// How a key of a kind is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyShape {
    Text,
    Number,
    /// A list of Region codes.
    Regions,
    /// One of the application's Regions.
    Region,
    /// One of these.
    Word(&'static [&'static str]),
    /// Region code to a text.
    TextPerRegion,
    /// Region code to an object with these keys.
    ObjectPerRegion(&'static [Key]),
    /// A list of texts.
    Texts,
    /// An object of texts.
    TextMap,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    pub name: &'static str,
    pub shape: KeyShape,
    pub required: bool,
}

// Macros, not functions: what a constant function returns is not `'static` inside another's argument.
macro_rules! must {
    ($name:literal, $shape:expr) => {
        Key { name: $name, shape: $shape, required: true }
    };
}
macro_rules! may {
    ($name:literal, $shape:expr) => {
        Key { name: $name, shape: $shape, required: false }
    };
}

macro_rules! kinds {
    ($( $(#[$doc:meta])* $variant:ident($spec:ident) = $text:literal { $($key:expr),* $(,)? } )*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum ResourceKind {
            $( #[serde(rename = $text)] $variant, )*
        }
        impl ResourceKind {
            pub const ALL: &[Self] = &[$(Self::$variant),*];
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
            /// The keys that an entry of this kind has in the inventory file, in canonical order,
            /// beside `name`, `kind` and `account`.
            #[must_use]
            pub fn keys(self) -> &'static [Key] {
                match self { $(Self::$variant => { const KEYS: &[Key] = &[$($key),*]; KEYS }),* }
            }
        }
        /// What the inventory says of a resource, by kind.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "kind")]
        pub enum ResourceSpec {
            $( $(#[$doc])* #[serde(rename = $text)] $variant($spec), )*
        }
        impl ResourceSpec {
            #[must_use]
            pub fn kind(&self) -> ResourceKind {
                match self { $(Self::$variant(_) => ResourceKind::$variant),* }
            }
        }
    };
}

use KeyShape::{Number, ObjectPerRegion, Region, Regions, Text, TextMap, TextPerRegion, Texts, Word};

kinds! {
    Route53Records(Route53Records) = "route53_records" {
        must!("hosted_zone_id", Text), must!("record", Text), must!("type", Text), may!("set_identifiers", TextPerRegion) }
    Route53HealthCheck(Route53HealthCheck) = "route53_health_check" { must!("health_check_id", Text) }
    GlobalAccelerator(GlobalAccelerator) = "global_accelerator" { must!("accelerator_arn", Text) }
    CloudfrontDistribution(CloudfrontDistribution) = "cloudfront_distribution" { must!("distribution_id", Text) }
    ArcRoutingControl(ArcRoutingControl) = "arc_routing_control" {
        must!("cluster_arn", Text), must!("per_region", ObjectPerRegion(&[must!("control_arn", Text)])) }
    ArcRegionSwitchPlan(ArcRegionSwitchPlan) = "arc_region_switch_plan" { must!("plan_arn", Text) }
    S3Replication(S3Replication) = "s3_replication" { must!("per_region", ObjectPerRegion(&[must!("bucket", Text)])) }
    S3MultiRegionAccessPoint(S3MultiRegionAccessPoint) = "s3_multi_region_access_point" { must!("mrap_arn", Text) }
    S3SwitchObject(S3SwitchObject) = "s3_switch_object" {
        must!("per_region", ObjectPerRegion(&[
            must!("bucket", Text), must!("key", Text), may!("content", Text), must!("holds_out", Region),
            must!("health_check_id", Text)])) }
    AuroraGlobalDatabase(AuroraGlobalDatabase) = "aurora_global_database" { must!("global_cluster", Text) }
    RdsReadReplica(RdsReadReplica) = "rds_read_replica" {
        must!("per_region", ObjectPerRegion(&[may!("instance", Text), may!("cluster", Text)])) }
    DynamodbGlobalTable(DynamodbGlobalTable) = "dynamodb_global_table" { must!("table", Text) }
    ElasticacheGlobalDatastore(ElasticacheGlobalDatastore) = "elasticache_global_datastore" { must!("global_datastore", Text) }
    EcsService(EcsService) = "ecs_service" {
        must!("per_region", ObjectPerRegion(&[must!("cluster", Text), must!("service", Text), may!("desired_in_recovery", Number)])) }
    AutoScalingGroup(AutoScalingGroup) = "auto_scaling_group" {
        must!("per_region", ObjectPerRegion(&[must!("group", Text), may!("target_group_arn", Text), may!("desired_in_recovery", Number)])) }
    EksNodeGroup(EksNodeGroup) = "eks_node_group" {
        must!("per_region", ObjectPerRegion(&[must!("cluster", Text), must!("node_group", Text), may!("desired_in_recovery", Number)])) }
    LambdaFunction(LambdaFunction) = "lambda_function" {
        must!("function", Text), must!("per_region", ObjectPerRegion(&[may!("concurrency", Number), may!("event_source_mappings", Texts)])) }
    EcrRepository(EcrRepository) = "ecr_repository" { must!("repository", Text) }
    BackupVault(BackupVault) = "backup_vault" {
        must!("per_region", ObjectPerRegion(&[must!("vault", Text), may!("restore_role_arn", Text), may!("protected", Texts), may!("restore_metadata", TextMap)])) }
    Secret(Secret) = "secret" { may!("secret", Text) }
    SsmParameter(SsmParameter) = "ssm_parameter" { may!("parameter", Text) }
    KmsKey(KmsKey) = "kms_key" { must!("per_region", ObjectPerRegion(&[must!("key_id", Text)])) }
    CloudwatchAlarm(CloudwatchAlarm) = "cloudwatch_alarm" { must!("per_region", ObjectPerRegion(&[must!("alarm", Text)])) }
    CloudwatchMetric(CloudwatchMetric) = "cloudwatch_metric" {
        must!("namespace", Text), must!("metric", Text), must!("statistic", Text), must!("period", Text),
        must!("well_when", Word(Comparison::WORDS)), must!("threshold", Text),
        must!("per_region", ObjectPerRegion(&[may!("dimensions", TextMap)])) }
    ServiceQuota(ServiceQuota) = "service_quota" { must!("service", Text), must!("quota", Text) }
    TransitGateway(TransitGateway) = "transit_gateway" { must!("per_region", ObjectPerRegion(&[must!("attachment", Text)])) }
    ConfigRecorder(InRegions) = "config_recorder" { must!("regions", Regions) }
    SecurityHub(InRegions) = "security_hub" { must!("regions", Regions) }
    AwsHealth(InRegions) = "aws_health" { must!("regions", Regions) }
    CloudformationStack(CloudformationStack) = "cloudformation_stack" {
        must!("per_region", ObjectPerRegion(&[
            must!("stack", Text), may!("template_url", Text), may!("parameters", TextMap), may!("role_arn", Text)])) }
    EndpointSetting(EndpointSetting) = "endpoint_setting" {
        may!("store", Text), must!("per_region", ObjectPerRegion(&[
            may!("parameter", Text), may!("secret", Text), may!("key", Text), may!("hosted_zone_id", Text), may!("record", Text)])) }
    Probe(Probe) = "probe" {
        must!("per_region", ObjectPerRegion(&[must!("url", Text), may!("expect", Text), may!("timeout", Text)])) }
}

macro_rules! specs {
    ($( $(#[$doc:meta])* $name:ident { $( $(#[$attr:meta])* $field:ident : $ty:ty ),* $(,)? } )*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
            pub struct $name { $( $(#[$attr])* pub $field: $ty, )* }
        )*
    };
}

// A secret or parameter without a key of its own is called in AWS what the entry is called here.
specs! {
    Route53Records {
        hosted_zone_id: String,
        record: String,
        #[serde(rename = "type")] record_type: String,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")] set_identifiers: PerRegion<String>,
    }
    Route53HealthCheck { health_check_id: String }
    GlobalAccelerator { accelerator_arn: String }
    CloudfrontDistribution { distribution_id: String }
    ArcRoutingControl { cluster_arn: String, per_region: PerRegion<ArcPlace> }
    ArcPlace { control_arn: String }
    ArcRegionSwitchPlan { plan_arn: String }
    S3Replication { per_region: PerRegion<BucketPlace> }
    BucketPlace { bucket: String }
    S3MultiRegionAccessPoint { mrap_arn: String }
    S3SwitchObject { per_region: PerRegion<SwitchObjectPlace> }
    /// An object that a health check watches from outside, inverted: while it is there, the records that follow the check
    /// count as unhealthy, and another Region's are answered.
    SwitchObjectPlace {
        bucket: String,
        key: String,
        // What is in it while it holds the Region out, where the health check looks for a text. Without it, that it is there
        // is enough.
        #[serde(default, skip_serializing_if = "Option::is_none")] content: Option<String>,
        holds_out: RegionCode,
        health_check_id: String,
    }
    AuroraGlobalDatabase { global_cluster: String }
    RdsReadReplica { per_region: PerRegion<RdsPlace> }
    RdsPlace {
        #[serde(default, skip_serializing_if = "Option::is_none")] instance: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")] cluster: Option<String>,
    }
    DynamodbGlobalTable { table: String }
    ElasticacheGlobalDatastore { global_datastore: String }
    EcsService { per_region: PerRegion<EcsPlace> }
    EcsPlace {
        cluster: String,
        service: String,
        #[serde(default, skip_serializing_if = "Option::is_none")] desired_in_recovery: Option<u32>,
    }
    AutoScalingGroup { per_region: PerRegion<AutoScalingPlace> }
    AutoScalingPlace {
        group: String,
        #[serde(default, skip_serializing_if = "Option::is_none")] target_group_arn: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")] desired_in_recovery: Option<u32>,
    }
    EksNodeGroup { per_region: PerRegion<NodeGroupPlace> }
    NodeGroupPlace {
        cluster: String,
        node_group: String,
        #[serde(default, skip_serializing_if = "Option::is_none")] desired_in_recovery: Option<u32>,
    }
    LambdaFunction { function: String, per_region: PerRegion<LambdaPlace> }
    LambdaPlace {
        #[serde(default, skip_serializing_if = "Option::is_none")] concurrency: Option<u32>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")] event_source_mappings: Vec<String>,
    }
    EcrRepository { repository: String }
    BackupVault { per_region: PerRegion<VaultPlace> }
    VaultPlace {
        vault: String,
        #[serde(default, skip_serializing_if = "Option::is_none")] restore_role_arn: Option<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")] protected: Vec<String>,
        // What a restore here must be told otherwise than at home: subnet group, security groups, name.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")] restore_metadata: BTreeMap<String, String>,
    }
    Secret { #[serde(default, skip_serializing_if = "Option::is_none")] secret: Option<String> }
    SsmParameter { #[serde(default, skip_serializing_if = "Option::is_none")] parameter: Option<String> }
    KmsKey { per_region: PerRegion<KeyPlace> }
    KeyPlace { key_id: String }
    CloudwatchAlarm { per_region: PerRegion<AlarmPlace> }
    AlarmPlace { alarm: String }
    /// What is measured, and when it is well. Which thing it is measured of is each Region's own.
    CloudwatchMetric {
        namespace: String,
        metric: String,
        statistic: String,
        period: String,
        /// One of [`Comparison::WORDS`].
        well_when: String,
        threshold: String,
        per_region: PerRegion<MetricPlace>,
    }
    #[derive(Default)]
    MetricPlace {
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")] dimensions: BTreeMap<String, String>,
    }
    ServiceQuota { service: String, quota: String }
    TransitGateway { per_region: PerRegion<AttachmentPlace> }
    AttachmentPlace { attachment: String }
    InRegions { regions: Vec<RegionCode> }
    CloudformationStack { per_region: PerRegion<StackPlace> }
    StackPlace {
        stack: String,
        #[serde(default, skip_serializing_if = "Option::is_none")] template_url: Option<String>,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")] parameters: BTreeMap<String, String>,
        /// What CloudFormation makes the stack's resources as: a step's own session may make none of them.
        #[serde(default, skip_serializing_if = "Option::is_none")] role_arn: Option<String>,
    }
    EndpointSetting {
        /// Which of the application's stores; may be left out where there is only one.
        #[serde(default, skip_serializing_if = "Option::is_none")] store: Option<String>,
        per_region: PerRegion<SettingPlace>,
    }
    #[derive(Default)]
    SettingPlace {
        #[serde(default, skip_serializing_if = "Option::is_none")] parameter: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")] secret: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")] key: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")] hosted_zone_id: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")] record: Option<String>,
    }
    Probe { per_region: PerRegion<ProbePlace> }
    ProbePlace {
        url: String,
        #[serde(default, skip_serializing_if = "Option::is_none")] expect: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")] timeout: Option<String>,
    }
}

impl std::str::FromStr for ResourceKind {
    type Err = crate::Invalid;
    fn from_str(text: &str) -> Result<Self, crate::Invalid> {
        Self::ALL.iter().copied().find(|k| k.as_str() == text).ok_or_else(|| {
            crate::Invalid(format!(
                "`{}` is not a kind of resource",
                text.chars().take(60).collect::<String>()
            ))
        })
    }
}

impl ResourceSpec {
    /// Whether the inventory has the resource in this Region; kinds that name no Regions count as being in all.
    #[must_use]
    pub fn is_in(&self, region: &RegionCode) -> bool {
        match self {
            Self::ArcRoutingControl(spec) => spec.per_region.contains_key(region),
            Self::S3Replication(spec) => spec.per_region.contains_key(region),
            Self::RdsReadReplica(spec) => spec.per_region.contains_key(region),
            Self::EcsService(spec) => spec.per_region.contains_key(region),
            Self::AutoScalingGroup(spec) => spec.per_region.contains_key(region),
            Self::EksNodeGroup(spec) => spec.per_region.contains_key(region),
            Self::LambdaFunction(spec) => spec.per_region.contains_key(region),
            Self::BackupVault(spec) => spec.per_region.contains_key(region),
            Self::KmsKey(spec) => spec.per_region.contains_key(region),
            Self::CloudwatchAlarm(spec) => spec.per_region.contains_key(region),
            Self::CloudwatchMetric(spec) => spec.per_region.contains_key(region),
            Self::S3SwitchObject(spec) => spec.per_region.contains_key(region),
            Self::TransitGateway(spec) => spec.per_region.contains_key(region),
            Self::CloudformationStack(spec) => spec.per_region.contains_key(region),
            Self::EndpointSetting(spec) => spec.per_region.contains_key(region),
            Self::Probe(spec) => spec.per_region.contains_key(region),
            Self::ConfigRecorder(spec) | Self::SecurityHub(spec) | Self::AwsHealth(spec) => {
                spec.regions.contains(region)
            }
            Self::Route53Records(_)
            | Self::Route53HealthCheck(_)
            | Self::GlobalAccelerator(_)
            | Self::CloudfrontDistribution(_)
            | Self::ArcRegionSwitchPlan(_)
            | Self::S3MultiRegionAccessPoint(_)
            | Self::AuroraGlobalDatabase(_)
            | Self::DynamodbGlobalTable(_)
            | Self::ElasticacheGlobalDatastore(_)
            | Self::EcrRepository(_)
            | Self::Secret(_)
            | Self::SsmParameter(_)
            | Self::ServiceQuota(_) => true,
        }
    }
}

impl ResourceSpec {
    /// Of compute: the size that the inventory wants in a Region that takes the load over.
    #[must_use]
    pub fn recovery_size(&self, region: &RegionCode) -> Option<u32> {
        match self {
            Self::EcsService(spec) => spec.per_region.get(region)?.desired_in_recovery,
            Self::AutoScalingGroup(spec) => spec.per_region.get(region)?.desired_in_recovery,
            Self::EksNodeGroup(spec) => spec.per_region.get(region)?.desired_in_recovery,
            Self::LambdaFunction(spec) => spec.per_region.get(region)?.concurrency,
            _ => None,
        }
    }
}
