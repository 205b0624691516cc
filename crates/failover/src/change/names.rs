//! What AWS calls each call, and who must answer for it.

use super::Change;

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
}
