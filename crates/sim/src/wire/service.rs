//! The services: how each is told apart, which operations it has, and on which plane they sit.

mod refusals;

use super::{
    Context, Reply, applicationautoscaling, autoscaling, backup, cloudfront, cloudwatch, dynamodb, ecr, ecs,
    eks, elasticache, elbv2, globalaccelerator, lambda, rds, recovery_cluster, recovery_control_config,
    region_switch, route53, s3, s3control, sts,
};
// ---- what the recovery Region must have
use super::{
    cloudformation, config, ec2, health, iam, kms, organizations, secretsmanager, securityhub, servicequotas,
    ssm,
};
use crate::refusal::Refusal;
use crate::world::World;
use http::Method;
use serde_json::{Map, Value};

/// The services and the list of them all, from one telling: a second list was once left behind.
macro_rules! services {
    ($($name:ident,)*) => {
        /// An AWS service that the simulator speaks.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Service {
            $($name,)*
        }

        impl Service {
            pub(super) const ALL: &[Self] = &[$(Self::$name,)*];
        }
    };
}

services! {
    Sts,
    Rds,
    Ecs,
    Route53,
    GlobalAccelerator,
    S3Control,
    CloudWatch,
    CloudFront,
    RecoveryCluster,
    RecoveryControlConfig,
    RegionSwitch,
    // ---- compute
    AutoScaling,
    ElbV2,
    Eks,
    Lambda,
    ApplicationAutoScaling,
    Ecr,
    // ---- what the recovery Region must have
    SecretsManager,
    Ssm,
    Kms,
    Config,
    SecurityHub,
    Health,
    Organizations,
    Quotas,
    CloudFormation,
    Ec2,
    Iam,
    S3,
    DynamoDb,
    ElastiCache,
    Backup,
}

/// How a service is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Query,
    RestXml,
    RestJson,
    Json,
    Cbor,
}

/// What an operation needs to be alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plane {
    /// The data plane of the Region that is called.
    Data,
    /// The control plane of the Region that is called.
    Control,
    /// A global control plane that lives in this Region.
    Global(&'static str),
}

/// One operation.
#[derive(Debug)]
pub(super) struct Operation {
    /// As on the wire.
    pub name: &'static str,
    /// As in an IAM policy.
    pub action: &'static str,
    /// Whether it can change something.
    pub changing: bool,
    /// What it needs to be alive.
    pub plane: Plane,
}

impl Operation {
    pub(super) const fn look(name: &'static str, action: &'static str, plane: Plane) -> Self {
        Self { name, action, changing: false, plane }
    }

    pub(super) const fn change(name: &'static str, action: &'static str, plane: Plane) -> Self {
        Self { name, action, changing: true, plane }
    }
}

impl Service {
    /// The service of a SigV4 credential scope. S3 and its control plane sign alike and differ by path.
    pub(super) fn signed_as(signing_name: &str, path: &str) -> Option<Self> {
        Some(match signing_name {
            "sts" => Self::Sts,
            "rds" => Self::Rds,
            "ecs" => Self::Ecs,
            "route53" => Self::Route53,
            "globalaccelerator" => Self::GlobalAccelerator,
            "s3" if path.starts_with("/v20180820/") => Self::S3Control,
            "s3" => Self::S3,
            "monitoring" => Self::CloudWatch,
            "cloudfront" => Self::CloudFront,
            "route53-recovery-cluster" => Self::RecoveryCluster,
            "route53-recovery-control-config" => Self::RecoveryControlConfig,
            "arc-region-switch" => Self::RegionSwitch,
            // ---- compute
            "autoscaling" => Self::AutoScaling,
            "elasticloadbalancing" => Self::ElbV2,
            "eks" => Self::Eks,
            "lambda" => Self::Lambda,
            "application-autoscaling" => Self::ApplicationAutoScaling,
            "ecr" => Self::Ecr,
            // ---- what the recovery Region must have
            "secretsmanager" => Self::SecretsManager,
            "ssm" => Self::Ssm,
            "kms" => Self::Kms,
            "config" => Self::Config,
            "securityhub" => Self::SecurityHub,
            "health" => Self::Health,
            "organizations" => Self::Organizations,
            "servicequotas" => Self::Quotas,
            "cloudformation" => Self::CloudFormation,
            "ec2" => Self::Ec2,
            "iam" => Self::Iam,
            "dynamodb" => Self::DynamoDb,
            "elasticache" => Self::ElastiCache,
            "backup" => Self::Backup,
            _ => return None,
        })
    }

    /// As the ledger and the faults name it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sts => "sts",
            Self::Rds => "rds",
            Self::Ecs => "ecs",
            Self::Route53 => "route53",
            Self::GlobalAccelerator => "globalaccelerator",
            Self::S3Control => "s3control",
            Self::CloudWatch => "cloudwatch",
            Self::CloudFront => "cloudfront",
            Self::RecoveryCluster => "route53-recovery-cluster",
            Self::RecoveryControlConfig => "route53-recovery-control-config",
            Self::RegionSwitch => "arc-region-switch",
            // ---- compute
            Self::AutoScaling => "autoscaling",
            Self::ElbV2 => "elasticloadbalancing",
            Self::Eks => "eks",
            Self::Lambda => "lambda",
            Self::ApplicationAutoScaling => "application-autoscaling",
            Self::Ecr => "ecr",
            // ---- what the recovery Region must have
            Self::SecretsManager => "secretsmanager",
            Self::Ssm => "ssm",
            Self::Kms => "kms",
            Self::Config => "config",
            Self::SecurityHub => "securityhub",
            Self::Health => "health",
            Self::Organizations => "organizations",
            Self::Quotas => "servicequotas",
            Self::CloudFormation => "cloudformation",
            Self::Ec2 => "ec2",
            Self::Iam => "iam",
            Self::S3 => "s3",
            Self::DynamoDb => "dynamodb",
            Self::ElastiCache => "elasticache",
            Self::Backup => "backup",
        }
    }

    pub(super) fn protocol(self) -> Protocol {
        match self {
            Self::Sts | Self::Rds | Self::ElastiCache => Protocol::Query,
            Self::Route53 | Self::S3Control | Self::S3 | Self::CloudFront => Protocol::RestXml,
            Self::RecoveryControlConfig | Self::Backup => Protocol::RestJson,
            Self::Ecs | Self::GlobalAccelerator | Self::RecoveryCluster | Self::DynamoDb => Protocol::Json,
            Self::CloudWatch | Self::RegionSwitch => Protocol::Cbor,
            // ---- compute
            Self::AutoScaling | Self::ElbV2 => Protocol::Query,
            Self::Eks | Self::Lambda => Protocol::RestJson,
            Self::ApplicationAutoScaling | Self::Ecr => Protocol::Json,
            // ---- what the recovery Region must have
            Self::CloudFormation | Self::Ec2 | Self::Iam => Protocol::Query,
            Self::SecurityHub => Protocol::RestJson,
            Self::SecretsManager
            | Self::Ssm
            | Self::Kms
            | Self::Config
            | Self::Health
            | Self::Organizations
            | Self::Quotas => Protocol::Json,
        }
    }

    fn operations(self) -> &'static [Operation] {
        match self {
            Self::Sts => sts::OPERATIONS,
            Self::Rds => rds::OPERATIONS,
            Self::Ecs => ecs::OPERATIONS,
            Self::Route53 => route53::OPERATIONS,
            Self::GlobalAccelerator => globalaccelerator::OPERATIONS,
            Self::S3Control => s3control::OPERATIONS,
            Self::CloudWatch => cloudwatch::OPERATIONS,
            Self::CloudFront => cloudfront::OPERATIONS,
            Self::RecoveryCluster => recovery_cluster::OPERATIONS,
            Self::RecoveryControlConfig => recovery_control_config::OPERATIONS,
            Self::RegionSwitch => region_switch::OPERATIONS,
            // ---- compute
            Self::AutoScaling => autoscaling::OPERATIONS,
            Self::ElbV2 => elbv2::OPERATIONS,
            Self::Eks => eks::OPERATIONS,
            Self::Lambda => lambda::OPERATIONS,
            Self::ApplicationAutoScaling => applicationautoscaling::OPERATIONS,
            Self::Ecr => ecr::OPERATIONS,
            // ---- what the recovery Region must have
            Self::SecretsManager => secretsmanager::OPERATIONS,
            Self::Ssm => ssm::OPERATIONS,
            Self::Kms => kms::OPERATIONS,
            Self::Config => config::OPERATIONS,
            Self::SecurityHub => securityhub::OPERATIONS,
            Self::Health => health::OPERATIONS,
            Self::Organizations => organizations::OPERATIONS,
            Self::Quotas => servicequotas::OPERATIONS,
            Self::CloudFormation => cloudformation::OPERATIONS,
            Self::Ec2 => ec2::OPERATIONS,
            Self::Iam => iam::OPERATIONS,
            // ---- stores
            Self::S3 => s3::OPERATIONS,
            Self::DynamoDb => dynamodb::OPERATIONS,
            Self::ElastiCache => elasticache::OPERATIONS,
            Self::Backup => backup::OPERATIONS,
        }
    }

    /// Of REST services: the operation at a method and path, and what the path says of its input.
    pub(super) fn route(
        self,
        method: &Method,
        path: &[&str],
        query: &str,
    ) -> Option<(&'static str, Map<String, Value>)> {
        match self {
            Self::Route53 => route53::route(method, path),
            Self::S3Control => s3control::route(method, path),
            Self::CloudFront => cloudfront::route(method, path),
            Self::RecoveryControlConfig => recovery_control_config::route(method, path),
            // ---- compute
            Self::Eks => eks::route(method, path),
            Self::Lambda => lambda::route(method, path),
            // ---- what the recovery Region must have
            Self::SecurityHub => securityhub::route(method, path),
            // ---- stores
            Self::S3 => s3::route(method, path, query),
            Self::Backup => backup::route(method, path),
            _ => None,
        }
    }

    pub(super) fn operation(self, name: &str) -> Option<&'static Operation> {
        self.operations().iter().find(|o| o.name == name)
    }

    /// Whether it alone of all has an endpoint there.
    pub(super) fn has_a_standby_in(self, region: &str) -> bool {
        self == Self::Health && health::REGIONS.contains(&region)
    }

    /// Whether the service has an endpoint for calls signed for this Region.
    pub(super) fn is_at(self, region: &str) -> bool {
        match self {
            Self::Route53 | Self::CloudFront | Self::Iam | Self::Organizations => region == "us-east-1",
            Self::GlobalAccelerator => region == "us-west-2",
            Self::Health => health::REGIONS.contains(&region),
            Self::RecoveryControlConfig => region == recovery_control_config::REGION,
            Self::RecoveryCluster => recovery_cluster::is_at(region),
            _ => true,
        }
    }

    /// The resources that IAM weighs a call by.
    pub(super) fn resources(self, operation: &str, context: &Context<'_>, input: &Value) -> Vec<String> {
        match self {
            Self::Sts | Self::CloudWatch => vec!["*".to_owned()],
            Self::Rds => rds::resources(operation, context, input),
            Self::Ecs => ecs::resources(operation, context, input),
            Self::Route53 => route53::resources(operation, input),
            Self::GlobalAccelerator => globalaccelerator::resources(input),
            Self::S3Control => s3control::resources(operation, context, input),
            Self::CloudFront => cloudfront::resources(context, input),
            Self::RecoveryCluster => recovery_cluster::resources(operation, input),
            Self::RecoveryControlConfig => recovery_control_config::resources(input),
            Self::RegionSwitch => region_switch::resources(input),
            // ---- compute
            Self::AutoScaling => autoscaling::resources(operation, context, input),
            Self::ElbV2 => vec!["*".to_owned()],
            Self::Eks => eks::resources(context, input),
            Self::Lambda => lambda::resources(operation, context, input),
            Self::ApplicationAutoScaling => applicationautoscaling::resources(operation, context),
            Self::Ecr => ecr::resources(operation, context, input),
            // ---- what the recovery Region must have
            Self::SecretsManager => secretsmanager::resources(context, input),
            Self::Ssm => ssm::resources(context, operation, input),
            Self::Kms => kms::resources(context, input),
            Self::CloudFormation => cloudformation::resources(context, input),
            Self::Iam => iam::resources(input),
            Self::Config
            | Self::SecurityHub
            | Self::Health
            | Self::Organizations
            | Self::Quotas
            | Self::Ec2 => {
                vec!["*".to_owned()]
            }
            Self::S3 => s3::resources(input),
            Self::DynamoDb => dynamodb::resources(context, input),
            Self::ElastiCache => elasticache::resources(operation, context, input),
            Self::Backup => backup::resources(operation, context, input),
        }
    }

    pub(super) fn perform(
        self,
        world: &mut World,
        context: &Context<'_>,
        operation: &str,
        input: &Value,
    ) -> Result<Reply, Refusal> {
        match self {
            Self::Sts => sts::perform(world, context, operation, input),
            Self::Rds => rds::perform(world, context, operation, input),
            Self::Ecs => ecs::perform(world, context, operation, input),
            Self::Route53 => route53::perform(world, context, operation, input),
            Self::GlobalAccelerator => globalaccelerator::perform(world, context, operation, input),
            Self::S3Control => s3control::perform(world, context, operation, input),
            Self::CloudWatch => cloudwatch::perform(world, context, operation, input),
            Self::CloudFront => cloudfront::perform(world, context, operation, input),
            Self::RecoveryCluster => recovery_cluster::perform(world, context, operation, input),
            Self::RecoveryControlConfig => recovery_control_config::perform(world, context, operation, input),
            Self::RegionSwitch => region_switch::perform(world, context, operation, input),
            // ---- compute
            Self::AutoScaling => autoscaling::perform(world, context, operation, input),
            Self::ElbV2 => elbv2::perform(world, context, input),
            Self::Eks => eks::perform(world, context, operation, input),
            Self::Lambda => lambda::perform(world, context, operation, input),
            Self::ApplicationAutoScaling => applicationautoscaling::perform(world, context, operation, input),
            Self::Ecr => ecr::perform(world, context, operation, input),
            // ---- what the recovery Region must have
            Self::SecretsManager => secretsmanager::perform(world, context, operation, input),
            Self::Ssm => ssm::perform(world, context, operation, input),
            Self::Kms => kms::perform(world, context, operation, input),
            Self::Config => Ok(config::perform(world, context)),
            Self::SecurityHub => securityhub::perform(world, context, operation, input),
            Self::Health => health::perform(world, context, input),
            Self::Organizations => organizations::perform(world, context, input),
            Self::Quotas => servicequotas::perform(world, context, operation, input),
            Self::CloudFormation => cloudformation::perform(world, context, operation, input),
            Self::Ec2 => ec2::perform(world, context, operation, input),
            Self::Iam => iam::perform(world, context, input),
            Self::S3 => s3::perform(world, context, operation, input),
            Self::DynamoDb => dynamodb::perform(world, context, input),
            Self::ElastiCache => elasticache::perform(world, context, operation, input),
            Self::Backup => backup::perform(world, context, operation, input),
        }
    }
}
