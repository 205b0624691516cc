//! Accounts and the roles in them that another account may assume. Not users, groups or a policy
//! language: a role carries a list of allowed actions, which is all that the callers here need.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a role for looking may do.
const READ_ACTIONS: &[&str] = &[
    "application-autoscaling:Describe*",
    "arc-region-switch:Get*",
    "arc-region-switch:List*",
    "autoscaling:Describe*",
    "cloudfront:Get*",
    "backup:Describe*",
    "backup:Get*",
    "backup:List*",
    "cloudwatch:Describe*",
    "cloudwatch:Get*",
    "cloudwatch:List*",
    "ecr:Describe*",
    "dynamodb:Describe*",
    "ecs:Describe*",
    "ecs:List*",
    "eks:Describe*",
    "elasticloadbalancing:Describe*",
    "elasticache:Describe*",
    "globalaccelerator:Describe*",
    "globalaccelerator:List*",
    "lambda:Get*",
    "lambda:List*",
    "rds:Describe*",
    "route53-recovery-cluster:Get*",
    "route53-recovery-cluster:List*",
    "route53-recovery-control-config:Describe*",
    "route53-recovery-control-config:List*",
    "route53:Get*",
    "route53:List*",
    "s3:GetMultiRegionAccessPoint*",
    "s3:GetObject",
    "s3:GetReplicationConfiguration",
    "s3:ListBucket",
    "s3:ListMultiRegionAccessPoints",
    // ---- what the recovery Region must have
    "cloudformation:Describe*",
    "config:Describe*",
    "ec2:DescribeTransitGateway*",
    "ec2:DescribeVpcPeeringConnections",
    "iam:SimulatePrincipalPolicy",
    "kms:DescribeKey",
    "organizations:ListAccounts",
    "secretsmanager:DescribeSecret",
    "health:DescribeEvents",
    "securityhub:DescribeHub",
    "securityhub:GetFindings",
    "servicequotas:Get*",
    "ssm:GetParameter",
];

/// What a role for failing over may do beside looking.
const ACT_ACTIONS: &[&str] = &[
    "application-autoscaling:RegisterScalableTarget",
    "arc-region-switch:StartPlanExecution",
    "autoscaling:ResumeProcesses",
    "autoscaling:SuspendProcesses",
    "autoscaling:UpdateAutoScalingGroup",
    "cloudfront:UpdateDistribution",
    "backup:StartRestoreJob",
    "ecs:UpdateService",
    "eks:UpdateNodegroupConfig",
    "elasticache:FailoverGlobalReplicationGroup",
    "globalaccelerator:UpdateEndpointGroup",
    "lambda:DeleteFunctionConcurrency",
    "lambda:InvokeFunction",
    "lambda:PutFunctionConcurrency",
    "lambda:PutProvisionedConcurrencyConfig",
    "lambda:UpdateEventSourceMapping",
    "iam:PassRole",
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "rds:CreateDBCluster",
    "rds:CreateDBInstance",
    "rds:CreateDBInstanceReadReplica",
    "rds:DeleteDBCluster",
    "rds:DeleteDBInstance",
    "rds:FailoverGlobalCluster",
    "rds:PromoteReadReplica",
    "rds:PromoteReadReplicaDBCluster",
    "rds:SwitchoverGlobalCluster",
    "route53-recovery-cluster:UpdateRoutingControlState",
    "route53-recovery-cluster:UpdateRoutingControlStates",
    "route53:ChangeResourceRecordSets",
    "route53:UpdateHealthCheck",
    "s3:SubmitMultiRegionAccessPointRoutes",
    // ---- what the recovery Region must have
    "cloudformation:CreateStack",
    "cloudformation:UpdateStack",
    "s3:DeleteObject",
    "s3:GetObjectVersion",
    "s3:PutObject",
    "secretsmanager:GetSecretValue",
    "secretsmanager:PutSecretValue",
    "ssm:ListCommands",
    "ssm:PutParameter",
    "ssm:SendCommand",
];

/// One AWS account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// Its name in the inventory.
    pub name: String,
    /// By role name.
    pub roles: BTreeMap<String, Role>,
}

/// A role and its trust policy.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Role {
    /// The account whose principals may assume it.
    pub trusted_account: String,
    /// `sts:ExternalId` that the trust policy demands; `None` demands nothing.
    pub external_id: Option<String>,
    /// IAM actions, `*` and `?` allowed.
    pub allow: Vec<String>,
    /// Whether the trust policy lists `sts:TagSession`.
    pub may_tag_session: bool,
    /// Whether the trust policy lists `sts:SetSourceIdentity`.
    pub may_set_source_identity: bool,
    /// The role's `MaxSessionDuration`, in seconds.
    pub max_session_s: u32,
}

impl Role {
    fn trusting(control_account: &str, external_id: &str, allow: Vec<String>) -> Self {
        Self {
            trusted_account: control_account.to_owned(),
            external_id: Some(external_id.to_owned()),
            allow,
            may_tag_session: true,
            may_set_source_identity: true,
            max_session_s: 3_600,
        }
    }
}

impl Account {
    /// An account with the two roles of Holdfast, `holdfast-read` and `holdfast-act`.
    pub fn with_roles(id: &str, name: &str, control_account: &str, external_id: &str) -> Self {
        let read: Vec<String> = READ_ACTIONS.iter().map(|a| (*a).to_owned()).collect();
        let act = READ_ACTIONS.iter().chain(ACT_ACTIONS).map(|a| (*a).to_owned()).collect();
        let roles = BTreeMap::from([
            ("holdfast-read".to_owned(), Role::trusting(control_account, external_id, read)),
            ("holdfast-act".to_owned(), Role::trusting(control_account, external_id, act)),
        ]);
        Self { id: id.to_owned(), name: name.to_owned(), roles }
    }
}
