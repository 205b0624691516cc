//! The changing AWS calls that a step can make. Each sets a target value; none toggles. The adapter
//! translates a change to the wire and adds nothing to it.

mod names;
mod repeats;
mod values;

pub use repeats::Idempotency;
pub use values::{
    AccessPointRouteTarget, GroupSize, RecordReplacement, RoutingControlTarget, StackBuild, StoreEndpoint,
    SwitchAction,
};

use crate::movement::Movement;
use holdfast_domain::facts::{AcceleratorEndpoint, ReplicaSettings, ScalingBounds};
use holdfast_domain::resource::SettingHolder;
use holdfast_domain::{Name, RegionCode, StepId};
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

impl Change {
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
