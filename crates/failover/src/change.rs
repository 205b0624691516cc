//! The changing AWS calls that a step can make. Each sets a target value; none toggles. The adapter
//! translates a change to the wire and adds nothing to it.

use crate::movement::Movement;
use holdfast_domain::facts::{
    AcceleratorEndpoint, AutoScalingGroupFacts, DnsRecord, EksNodeGroupFacts, ReplicaSettings, ScalingBounds,
};
use holdfast_domain::resource::SettingHolder;
use holdfast_domain::{Facts, Name, RegionCode, StepId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "snake_case")]
pub enum Change {
    // ---- compute
    /// `ecs:UpdateService` in `region`.
    SetEcsDesiredCount { region: RegionCode, cluster: String, service: String, desired: u32 },
    /// `application-autoscaling:RegisterScalableTarget` in `region`: what an ECS service's count is kept within.
    SetEcsScalingBounds { region: RegionCode, cluster: String, service: String, bounds: ScalingBounds },
    /// `autoscaling:UpdateAutoScalingGroup` in `region`.
    SetAutoScalingGroupSize { region: RegionCode, group: String, size: GroupSize },
    /// `autoscaling:SuspendProcesses` in `region`.
    SuspendScalingProcesses { region: RegionCode, group: String, processes: Vec<String> },
    /// `autoscaling:ResumeProcesses` in `region`.
    ResumeScalingProcesses { region: RegionCode, group: String, processes: Vec<String> },
    /// `eks:UpdateNodegroupConfig` in `region`.
    SetEksNodeGroupSize { region: RegionCode, cluster: String, node_group: String, size: GroupSize },
    /// `lambda:PutFunctionConcurrency` in `region`, or `DeleteFunctionConcurrency` where nothing is to be reserved.
    SetLambdaConcurrency { region: RegionCode, function: String, reserved: Option<u32> },
    /// `lambda:PutProvisionedConcurrencyConfig` in `region`.
    SetLambdaProvisioned { region: RegionCode, function: String, qualifier: String, provisioned: u32 },
    /// `lambda:UpdateEventSourceMapping` in `region`.
    SetEventSource { region: RegionCode, function: String, mapping: String, enabled: bool },

    // ---- stores
    /// `rds:SwitchoverGlobalCluster`, called in the Region of the present writer.
    SwitchAuroraOver { region: RegionCode, global_cluster: String, target_cluster_arn: String },
    /// `rds:FailoverGlobalCluster` with `AllowDataLoss`, called in the target's Region.
    FailAuroraOver { region: RegionCode, global_cluster: String, target_cluster_arn: String },
    /// `rds:PromoteReadReplica` in the replica's Region: it takes writes from then on and never copies again.
    PromoteReplica { region: RegionCode, instance: String },
    /// `rds:PromoteReadReplicaDBCluster`, the same for a cluster.
    PromoteReplicaCluster { region: RegionCode, cluster: String },
    /// `rds:CreateDBInstanceReadReplica` in the Region that is to have a copy again. The name must be free.
    CreateReplica { region: RegionCode, instance: String, source_arn: String, settings: ReplicaSettings },
    /// `rds:CreateDBCluster` of a replica, in the Region that is to have a copy again. The name must be free.
    CreateReplicaCluster {
        region: RegionCode,
        cluster: String,
        source_arn: String,
        settings: ReplicaSettings,
    },
    /// `rds:CreateDBInstance` in a cluster, which copies nothing without one. The name must be free.
    CreateClusterInstance {
        region: RegionCode,
        cluster: String,
        instance: String,
        class: String,
        engine: String,
    },
    /// `elasticache:FailoverGlobalReplicationGroup`, called in the Region of the primary to be.
    FailDatastoreOver { region: RegionCode, global_datastore: String, replication_group: String },
    /// `backup:StartRestoreJob` in the vault's Region, of one recovery point and with exactly this metadata.
    StartRestoreJob {
        region: RegionCode,
        vault: String,
        resource_arn: String,
        recovery_point_arn: String,
        resource_type: String,
        role_arn: String,
        metadata: BTreeMap<String, String>,
    },
    /// `rds:DeleteDBInstance` or `rds:DeleteDBCluster` in `region`, without a last snapshot: of the database that the
    /// step `made_by` of the same run has restored from this recovery point, under a name that only it was given.
    DeleteRestored {
        region: RegionCode,
        database: String,
        is_cluster: bool,
        recovery_point_arn: String,
        made_by: StepId,
    },

    // ---- traffic
    /// `s3control:SubmitMultiRegionAccessPointRoutes`, through any Region of `via` that answers.
    SetAccessPointRoutes {
        mrap_arn: String,
        routes: BTreeMap<RegionCode, AccessPointRouteTarget>,
        via: Vec<RegionCode>,
    },
    /// `globalaccelerator:UpdateEndpointGroup` in us-west-2, with the full list of endpoints.
    SetAcceleratorGroup {
        endpoint_group_region: RegionCode,
        endpoint_group_arn: String,
        traffic_dial_percent: u8,
        endpoints: Vec<AcceleratorEndpoint>,
    },
    /// `route53:ChangeResourceRecordSets`: one atomic batch of exact DELETEs and CREATEs.
    ReplaceRecords { hosted_zone_id: String, replace: Vec<RecordReplacement> },
    /// `route53:UpdateHealthCheck` under the version that was seen.
    SetHealthCheck { health_check_id: String, version: i64, inverted: bool, disabled: bool },
    /// `route53-recovery-cluster:UpdateRoutingControlStates`: all of them at once, through any of the cluster's
    /// endpoints (Region to URL). No safety rule is overridden.
    SetRoutingControls {
        cluster_arn: String,
        endpoints: BTreeMap<String, String>,
        controls: BTreeMap<RegionCode, RoutingControlTarget>,
    },
    /// `cloudfront:UpdateDistribution` of the configuration that `etag` names: of each origin group (by id), the origin
    /// that is tried first.
    SetPrimaryOrigins { distribution_id: String, etag: String, primaries: BTreeMap<String, String> },
    /// `s3:PutObject` in `region` where the object is to hold its Region out, else `s3:DeleteObject`; only on the version
    /// that `on_etag` names, and where it names none, only if there is no object.
    SetSwitchObject {
        region: RegionCode,
        bucket: String,
        key: String,
        content: String,
        holds: bool,
        on_etag: Option<String>,
    },
    /// `arc-region-switch:StartPlanExecution`, called in `region`.
    StartRegionSwitch {
        region: RegionCode,
        plan_arn: String,
        target: RegionCode,
        action: SwitchAction,
        graceful: bool,
    },

    // ---- what the recovery Region must have
    /// `cloudformation:CreateStack` in `region`, without any capability: a template that makes IAM is refused.
    CreateStack { region: RegionCode, build: StackBuild },
    /// `cloudformation:UpdateStack`, the same for a stack that stands.
    UpdateStack { region: RegionCode, build: StackBuild },
    /// `ssm:PutParameter` with `Overwrite`; everything else of the parameter stays.
    SetParameterEndpoint { region: RegionCode, parameter: String, key: Option<String>, to: StoreEndpoint },
    /// `secretsmanager:PutSecretValue`; the secret's other keys stay.
    SetSecretEndpoint { region: RegionCode, secret: String, key: String, to: StoreEndpoint },
    /// `route53:ChangeResourceRecordSets`: the DELETE of the CNAME as it stands and the CREATE of the same with another
    /// value, in one batch. `region` is where it is read.
    SetRecordEndpoint { region: RegionCode, hosted_zone_id: String, record: String, to: StoreEndpoint },

    // ---- steps of one's own
    /// A signed POST to `url` that tells of the move.
    CallWebhook { step: Name, url: String, application: Name, movement: Movement },
    /// `lambda:Invoke` in `region`, synchronous.
    InvokeLambda { account: Name, region: RegionCode, function: String, payload: String },
    /// `ssm:SendCommand` in `region`, to the instances that have the tag.
    RunDocument {
        account: Name,
        region: RegionCode,
        document: String,
        parameters: BTreeMap<String, String>,
        target_tag: String,
        target_value: String,
    },
    /// Holdfast's own request for a run of another application; the run is decided on as any other is.
    RunPlan { application: Name, movement: Movement },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackBuild {
    pub stack: String,
    pub template_url: String,
    pub parameters: BTreeMap<String, String>,
    /// What CloudFormation works as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
}

/// Where the writer of a store is reached in the call's Region. In a plan it is a rule: what it comes to is often known
/// only when the store has been promoted or restored. The step resolves it, and what it then sets stands in the journal
/// before the call is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreEndpoint {
    pub store: Name,
    /// `None` in a plan, unless a failback puts back what stood before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The version of the setting that the step has seen; the call is not made on another. `None` in a plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_version: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessPointRouteTarget {
    pub bucket: String,
    /// 0 or 100: S3 takes nothing between.
    pub traffic_dial_percent: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutingControlTarget {
    pub control_arn: String,
    pub on: bool,
}

/// What a Region switch plan does to its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SwitchAction {
    Activate,
    Deactivate,
}

impl SwitchAction {
    /// As ARC words it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Activate => "activate",
            Self::Deactivate => "deactivate",
        }
    }
}

/// The three sizes of a group, always set together: one that is left out may stand in the way of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupSize {
    pub min: u32,
    pub max: u32,
    pub desired: u32,
}

impl GroupSize {
    /// Of a group of machines.
    #[must_use]
    pub fn of(facts: &Facts) -> Option<Self> {
        match facts {
            Facts::AutoScalingGroup(group) => Some(group.into()),
            Facts::EksNodeGroup(group) => Some(group.into()),
            _ => None,
        }
    }
}

impl From<&AutoScalingGroupFacts> for GroupSize {
    fn from(group: &AutoScalingGroupFacts) -> Self {
        Self { min: group.min, max: group.max, desired: group.desired }
    }
}

impl From<&EksNodeGroupFacts> for GroupSize {
    fn from(group: &EksNodeGroupFacts) -> Self {
        Self { min: group.min, max: group.max, desired: group.desired }
    }
}

/// `old` must be there to the letter; `new` stands afterwards. Either may be absent, not both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordReplacement {
    pub region: RegionCode,
    pub old: Option<DnsRecord>,
    pub new: Option<DnsRecord>,
}

/// What a repeat of the call would do, which decides how a lost answer is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Idempotency {
    /// AWS refuses a second one.
    CompareAndSet,
    /// A second one changes nothing.
    SetState,
    /// AWS takes a client token and answers a second one as it answered the first. The token follows from run, step
    /// and the number of times that a person had the step tried again.
    Token,
    /// A second one would be a second effect: look first, repeat only after the first call's deadline.
    OneShot,
}

impl Change {
    /// The IAM action, as session policies and the audit name it.
    #[must_use]
    pub fn action(&self) -> &'static str {
        match self {
            Self::SetEcsDesiredCount { .. } => "ecs:UpdateService",
            Self::SetEcsScalingBounds { .. } => "application-autoscaling:RegisterScalableTarget",
            Self::SetAutoScalingGroupSize { .. } => "autoscaling:UpdateAutoScalingGroup",
            Self::SuspendScalingProcesses { .. } => "autoscaling:SuspendProcesses",
            Self::ResumeScalingProcesses { .. } => "autoscaling:ResumeProcesses",
            Self::SetEksNodeGroupSize { .. } => "eks:UpdateNodegroupConfig",
            Self::SetLambdaConcurrency { reserved: Some(_), .. } => "lambda:PutFunctionConcurrency",
            Self::SetLambdaConcurrency { reserved: None, .. } => "lambda:DeleteFunctionConcurrency",
            Self::SetLambdaProvisioned { .. } => "lambda:PutProvisionedConcurrencyConfig",
            Self::SetEventSource { .. } => "lambda:UpdateEventSourceMapping",
            Self::SwitchAuroraOver { .. } => "rds:SwitchoverGlobalCluster",
            Self::FailAuroraOver { .. } => "rds:FailoverGlobalCluster",
            Self::PromoteReplica { .. } => "rds:PromoteReadReplica",
            Self::PromoteReplicaCluster { .. } => "rds:PromoteReadReplicaDBCluster",
            Self::CreateReplica { .. } => "rds:CreateDBInstanceReadReplica",
            Self::CreateReplicaCluster { .. } => "rds:CreateDBCluster",
            Self::CreateClusterInstance { .. } => "rds:CreateDBInstance",
            Self::FailDatastoreOver { .. } => "elasticache:FailoverGlobalReplicationGroup",
            Self::StartRestoreJob { .. } => "backup:StartRestoreJob",
            Self::DeleteRestored { is_cluster: false, .. } => "rds:DeleteDBInstance",
            Self::DeleteRestored { is_cluster: true, .. } => "rds:DeleteDBCluster",
            Self::SetAccessPointRoutes { .. } => "s3:SubmitMultiRegionAccessPointRoutes",
            Self::SetAcceleratorGroup { .. } => "globalaccelerator:UpdateEndpointGroup",
            Self::ReplaceRecords { .. } => "route53:ChangeResourceRecordSets",
            Self::SetHealthCheck { .. } => "route53:UpdateHealthCheck",
            Self::SetRoutingControls { .. } => "route53-recovery-cluster:UpdateRoutingControlStates",
            Self::SetPrimaryOrigins { .. } => "cloudfront:UpdateDistribution",
            Self::SetSwitchObject { holds: true, .. } => "s3:PutObject",
            Self::SetSwitchObject { holds: false, .. } => "s3:DeleteObject",
            Self::StartRegionSwitch { .. } => "arc-region-switch:StartPlanExecution",
            // ---- steps of one's own
            Self::CallWebhook { .. } => "webhook:Post",
            Self::InvokeLambda { .. } => "lambda:InvokeFunction",
            Self::RunDocument { .. } => "ssm:SendCommand",
            Self::RunPlan { .. } => "holdfast:RequestRun",
            // ---- what the recovery Region must have
            Self::CreateStack { .. } => "cloudformation:CreateStack",
            Self::UpdateStack { .. } => "cloudformation:UpdateStack",
            Self::SetParameterEndpoint { .. } => "ssm:PutParameter",
            Self::SetSecretEndpoint { .. } => "secretsmanager:PutSecretValue",
            Self::SetRecordEndpoint { .. } => "route53:ChangeResourceRecordSets",
        }
    }

    #[must_use]
    pub fn idempotency(&self) -> Idempotency {
        match self {
            // AWS refuses a name that is taken, and to delete what is being deleted.
            Self::ReplaceRecords { .. }
            | Self::SetHealthCheck { .. }
            | Self::SetPrimaryOrigins { .. }
            | Self::SetSwitchObject { .. }
            | Self::CreateReplica { .. }
            | Self::CreateReplicaCluster { .. }
            | Self::CreateClusterInstance { .. }
            | Self::DeleteRestored { .. } => Idempotency::CompareAndSet,
            Self::SetEcsDesiredCount { .. }
            | Self::SetEcsScalingBounds { .. }
            | Self::SetAutoScalingGroupSize { .. }
            | Self::SuspendScalingProcesses { .. }
            | Self::ResumeScalingProcesses { .. }
            | Self::SetEksNodeGroupSize { .. }
            | Self::SetLambdaConcurrency { .. }
            | Self::SetLambdaProvisioned { .. }
            | Self::SetEventSource { .. }
            | Self::SetAccessPointRoutes { .. }
            | Self::SetAcceleratorGroup { .. }
            | Self::SetRoutingControls { .. } => Idempotency::SetState,
            Self::StartRestoreJob { .. } => Idempotency::Token,
            Self::SwitchAuroraOver { .. }
            | Self::FailAuroraOver { .. }
            | Self::PromoteReplica { .. }
            | Self::PromoteReplicaCluster { .. }
            | Self::FailDatastoreOver { .. }
            | Self::StartRegionSwitch { .. } => Idempotency::OneShot,
            // ---- steps of one's own: a receiver keeps webhooks' ids; a function's effect is its own affair.
            // A step has asked for one run, however often its request is sent.
            Self::CallWebhook { .. } | Self::RunPlan { .. } => Idempotency::Token,
            Self::InvokeLambda { .. } | Self::RunDocument { .. } => Idempotency::OneShot,
            // ---- what the recovery Region must have
            Self::CreateStack { .. } | Self::UpdateStack { .. } | Self::SetSecretEndpoint { .. } => {
                Idempotency::Token
            }
            Self::SetParameterEndpoint { .. } => Idempotency::SetState,
            Self::SetRecordEndpoint { .. } => Idempotency::CompareAndSet,
        }
    }

    /// Where it makes a database of its own, with names and endpoints that nothing has yet.
    #[must_use]
    pub fn makes_anew(&self) -> Option<&RegionCode> {
        match self {
            Self::CreateReplica { region, .. }
            | Self::CreateReplicaCluster { region, .. }
            | Self::StartRestoreJob { region, .. } => Some(region),
            _ => None,
        }
    }

    /// Whether an isolated drill may make it: sizes of what stands by, what is restored under a name of its own and deleted
    /// again, and code of one's own that the inventory names for drills. What moves a writer, traffic, events or a setting
    /// is none of it, nor is whatever is not named here.
    #[must_use]
    pub fn stays_beside_production(&self) -> bool {
        matches!(
            self,
            Self::SetEcsDesiredCount { .. }
                | Self::SetEcsScalingBounds { .. }
                | Self::SetAutoScalingGroupSize { .. }
                | Self::SuspendScalingProcesses { .. }
                | Self::ResumeScalingProcesses { .. }
                | Self::SetEksNodeGroupSize { .. }
                | Self::SetLambdaConcurrency { .. }
                | Self::SetLambdaProvisioned { .. }
                | Self::StartRestoreJob { .. }
                | Self::DeleteRestored { .. }
                | Self::CallWebhook { .. }
                | Self::InvokeLambda { .. }
                | Self::RunDocument { .. }
        )
    }

    /// The step whose work this call takes away again.
    #[must_use]
    pub fn deletes_what(&self) -> Option<&StepId> {
        match self {
            Self::DeleteRestored { made_by, .. } => Some(made_by),
            _ => None,
        }
    }

    /// The store that a setting is pointed at.
    #[must_use]
    pub fn endpoint_of(&self) -> Option<&StoreEndpoint> {
        match self {
            Self::SetParameterEndpoint { to, .. }
            | Self::SetSecretEndpoint { to, .. }
            | Self::SetRecordEndpoint { to, .. } => Some(to),
            _ => None,
        }
    }

    /// The same call, of a setting, to this endpoint.
    #[must_use]
    pub fn pointed_at(&self, endpoint: StoreEndpoint) -> Self {
        let mut call = self.clone();
        if let Self::SetParameterEndpoint { to, .. }
        | Self::SetSecretEndpoint { to, .. }
        | Self::SetRecordEndpoint { to, .. } = &mut call
        {
            *to = endpoint;
        }
        call
    }

    /// The same call, of a distribution or an object, on this version of it.
    #[must_use]
    pub fn on_etag(&self, seen: Option<&str>) -> Self {
        let mut call = self.clone();
        match &mut call {
            Self::SetPrimaryOrigins { etag, .. } => seen.unwrap_or_default().clone_into(etag),
            Self::SetSwitchObject { on_etag, .. } => *on_etag = seen.map(str::to_owned),
            _ => {}
        }
        call
    }

    /// What holds the setting that it points at a store, and where that is read.
    #[must_use]
    pub fn setting(&self) -> Option<(&RegionCode, SettingHolder<'_>)> {
        match self {
            Self::SetParameterEndpoint { region, parameter, key, .. } => {
                Some((region, SettingHolder::Parameter { name: parameter, key: key.as_deref() }))
            }
            Self::SetSecretEndpoint { region, secret, key, .. } => {
                Some((region, SettingHolder::Secret { name: secret, key }))
            }
            Self::SetRecordEndpoint { region, hosted_zone_id, record, .. } => {
                Some((region, SettingHolder::Record { hosted_zone_id, name: record }))
            }
            _ => None,
        }
    }

    /// Whether making this call carries out the one that was planned: the same to the letter, but for what a rule
    /// leaves to the step to find out.
    #[must_use]
    pub fn carries_out(&self, planned: &Self) -> bool {
        let (Some(to), Some(rule)) = (self.endpoint_of(), planned.endpoint_of()) else {
            let any_version = match planned {
                Self::SetPrimaryOrigins { etag, .. } => etag.is_empty(),
                Self::SetSwitchObject { holds: false, on_etag, .. } => on_etag.is_none(),
                _ => false,
            };
            return if any_version { self.on_etag(None) == *planned } else { self == planned };
        };
        let endpoint = to.endpoint.clone().filter(|_| rule.endpoint.is_some());
        let on_version = rule.on_version.clone();
        self.pointed_at(StoreEndpoint { store: to.store.clone(), endpoint, on_version }) == *planned
    }

    /// The plane that must answer for this call, as `service@region`.
    #[must_use]
    pub fn plane(&self) -> String {
        match self {
            Self::SetEcsDesiredCount { region, .. } => format!("ecs@{region}"),
            Self::SetEcsScalingBounds { region, .. } => format!("application-autoscaling@{region}"),
            Self::SetAutoScalingGroupSize { region, .. }
            | Self::SuspendScalingProcesses { region, .. }
            | Self::ResumeScalingProcesses { region, .. } => format!("autoscaling@{region}"),
            Self::SetEksNodeGroupSize { region, .. } => format!("eks@{region}"),
            Self::SetLambdaConcurrency { region, .. }
            | Self::SetLambdaProvisioned { region, .. }
            | Self::SetEventSource { region, .. } => format!("lambda@{region}"),
            Self::SwitchAuroraOver { region, .. }
            | Self::FailAuroraOver { region, .. }
            | Self::PromoteReplica { region, .. }
            | Self::PromoteReplicaCluster { region, .. }
            | Self::CreateReplica { region, .. }
            | Self::CreateReplicaCluster { region, .. }
            | Self::CreateClusterInstance { region, .. }
            | Self::DeleteRestored { region, .. } => format!("rds@{region}"),
            Self::FailDatastoreOver { region, .. } => format!("elasticache@{region}"),
            Self::StartRestoreJob { region, .. } => format!("backup@{region}"),
            Self::SetAccessPointRoutes { .. } => "s3-mrap-routes@any-of-five".into(),
            Self::SetAcceleratorGroup { .. } => "globalaccelerator@us-west-2".into(),
            Self::ReplaceRecords { .. } | Self::SetHealthCheck { .. } | Self::SetRecordEndpoint { .. } => {
                "route53@us-east-1".into()
            }
            Self::SetRoutingControls { .. } => "arc-cluster@any-of-five".into(),
            Self::SetPrimaryOrigins { .. } => "cloudfront@us-east-1".into(),
            Self::SetSwitchObject { region, .. } => format!("s3@{region}"),
            Self::StartRegionSwitch { region, .. } => format!("arc-region-switch@{region}"),
            // ---- steps of one's own
            Self::CallWebhook { .. } => "webhook@outside".into(),
            Self::InvokeLambda { region, .. } => format!("lambda@{region}"),
            Self::RunDocument { region, .. } => format!("ssm@{region}"),
            Self::RunPlan { application, .. } => format!("a run of {application}"),
            // ---- what the recovery Region must have
            Self::CreateStack { region, .. } | Self::UpdateStack { region, .. } => {
                format!("cloudformation@{region}")
            }
            Self::SetParameterEndpoint { region, .. } => format!("ssm@{region}"),
            Self::SetSecretEndpoint { region, .. } => format!("secretsmanager@{region}"),
        }
    }

    /// Of a step of one's own: the account whose act role makes the call. Others are made in their resource's account.
    #[must_use]
    pub fn account(&self) -> Option<&Name> {
        match self {
            Self::InvokeLambda { account, .. } | Self::RunDocument { account, .. } => Some(account),
            _ => None,
        }
    }

    /// Whether what it does shows in what is observed. What does not is done when it was answered, and nothing but a
    /// person can tell what became of a one-shot call whose answer was lost.
    #[must_use]
    pub fn shows(&self) -> bool {
        !matches!(self, Self::CallWebhook { .. } | Self::InvokeLambda { .. } | Self::RunDocument { .. })
    }
}
