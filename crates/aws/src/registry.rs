//! The way from a resource to the adapter of its kind.

use crate::clients::Caller;
use crate::{
    arc_region_switch_plan, arc_routing_control, aurora_global_database, auto_scaling_group, backup_vault,
    cloudfront_distribution, dynamodb_global_table, ecr_repository, ecs_service, eks_node_group,
    elasticache_global_datastore, global_accelerator, lambda_function, rds_read_replica,
    route53_health_check, route53_records, s3_multi_region_access_point, s3_replication, s3_switch_object,
};
// ---- what the recovery Region must have
use crate::{
    aws_health, cloudformation_stack, cloudwatch_alarm, cloudwatch_metric, config_recorder, endpoint_setting,
    kms_key, secret, security_hub, service_quota, ssm_parameter, transit_gateway,
};
use holdfast_cloud::{Error, ErrorKind, Looked};
use holdfast_domain::{RegionCode, Resource, ResourceKind, ResourceSpec};

/// The IAM actions that one look at a resource of this kind needs.
pub(crate) fn look_actions(kind: ResourceKind) -> &'static [&'static str] {
    match kind {
        ResourceKind::Route53Records => route53_records::LOOK,
        ResourceKind::Route53HealthCheck => route53_health_check::LOOK,
        ResourceKind::GlobalAccelerator => global_accelerator::LOOK,
        ResourceKind::CloudfrontDistribution => cloudfront_distribution::LOOK,
        ResourceKind::ArcRoutingControl => arc_routing_control::LOOK,
        ResourceKind::ArcRegionSwitchPlan => arc_region_switch_plan::LOOK,
        ResourceKind::S3MultiRegionAccessPoint => s3_multi_region_access_point::LOOK,
        ResourceKind::S3SwitchObject => s3_switch_object::LOOK,
        ResourceKind::AuroraGlobalDatabase => aurora_global_database::LOOK,
        // ---- compute
        ResourceKind::RdsReadReplica => rds_read_replica::LOOK,
        ResourceKind::DynamodbGlobalTable => dynamodb_global_table::LOOK,
        ResourceKind::ElasticacheGlobalDatastore => elasticache_global_datastore::LOOK,
        ResourceKind::S3Replication => s3_replication::LOOK,
        ResourceKind::BackupVault => backup_vault::LOOK,
        ResourceKind::EcsService => ecs_service::LOOK,
        ResourceKind::AutoScalingGroup => auto_scaling_group::LOOK,
        ResourceKind::EksNodeGroup => eks_node_group::LOOK,
        ResourceKind::LambdaFunction => lambda_function::LOOK,
        ResourceKind::EcrRepository => ecr_repository::LOOK,
        // ---- what the recovery Region must have
        ResourceKind::Secret => secret::LOOK,
        ResourceKind::SsmParameter => ssm_parameter::LOOK,
        ResourceKind::KmsKey => kms_key::LOOK,
        ResourceKind::CloudwatchAlarm => cloudwatch_alarm::LOOK,
        ResourceKind::CloudwatchMetric => cloudwatch_metric::LOOK,
        ResourceKind::ServiceQuota => service_quota::LOOK,
        ResourceKind::TransitGateway => transit_gateway::LOOK,
        ResourceKind::ConfigRecorder => config_recorder::LOOK,
        ResourceKind::SecurityHub => security_hub::LOOK,
        ResourceKind::AwsHealth => aws_health::LOOK,
        ResourceKind::CloudformationStack => cloudformation_stack::LOOK,
        ResourceKind::EndpointSetting => endpoint_setting::LOOK,
        // ---- the outside view: no role is asked for it
        ResourceKind::Probe => &[],
    }
}

/// The IAM actions that the steps of this kind need beside the look: their changes, and what follows or prepares one.
pub(crate) fn change_actions(kind: ResourceKind) -> &'static [&'static str] {
    match kind {
        ResourceKind::Route53Records => route53_records::CHANGES,
        ResourceKind::Route53HealthCheck => route53_health_check::CHANGES,
        ResourceKind::GlobalAccelerator => global_accelerator::CHANGES,
        ResourceKind::CloudfrontDistribution => cloudfront_distribution::CHANGES,
        ResourceKind::ArcRoutingControl => arc_routing_control::CHANGES,
        ResourceKind::ArcRegionSwitchPlan => arc_region_switch_plan::CHANGES,
        ResourceKind::S3MultiRegionAccessPoint => s3_multi_region_access_point::CHANGES,
        ResourceKind::S3SwitchObject => s3_switch_object::CHANGES,
        ResourceKind::AuroraGlobalDatabase => aurora_global_database::CHANGES,
        ResourceKind::RdsReadReplica => rds_read_replica::CHANGES,
        ResourceKind::ElasticacheGlobalDatastore => elasticache_global_datastore::CHANGES,
        ResourceKind::BackupVault => backup_vault::CHANGES,
        ResourceKind::EcsService => ecs_service::CHANGES,
        ResourceKind::AutoScalingGroup => auto_scaling_group::CHANGES,
        ResourceKind::EksNodeGroup => eks_node_group::CHANGES,
        ResourceKind::LambdaFunction => lambda_function::CHANGES,
        ResourceKind::CloudformationStack => cloudformation_stack::CHANGES,
        ResourceKind::EndpointSetting => endpoint_setting::CHANGES,
        ResourceKind::DynamodbGlobalTable
        | ResourceKind::S3Replication
        | ResourceKind::EcrRepository
        | ResourceKind::Secret
        | ResourceKind::SsmParameter
        | ResourceKind::KmsKey
        | ResourceKind::CloudwatchAlarm
        | ResourceKind::CloudwatchMetric
        | ResourceKind::ServiceQuota
        | ResourceKind::TransitGateway
        | ResourceKind::ConfigRecorder
        | ResourceKind::SecurityHub
        | ResourceKind::AwsHealth
        | ResourceKind::Probe => &[],
    }
}

pub(crate) async fn look(caller: &Caller, resource: &Resource, regions: &[RegionCode]) -> Looked {
    match &resource.spec {
        ResourceSpec::Route53Records(spec) => route53_records::look(caller, spec, regions).await,
        ResourceSpec::Route53HealthCheck(spec) => route53_health_check::look(caller, spec, regions).await,
        ResourceSpec::GlobalAccelerator(spec) => global_accelerator::look(caller, spec, regions).await,
        ResourceSpec::CloudfrontDistribution(spec) => {
            cloudfront_distribution::look(caller, spec, regions).await
        }
        ResourceSpec::ArcRoutingControl(spec) => arc_routing_control::look(caller, spec, regions).await,
        ResourceSpec::ArcRegionSwitchPlan(spec) => arc_region_switch_plan::look(caller, spec, regions).await,
        ResourceSpec::S3MultiRegionAccessPoint(spec) => {
            s3_multi_region_access_point::look(caller, spec, regions).await
        }
        ResourceSpec::S3SwitchObject(spec) => s3_switch_object::look(caller, spec, regions).await,
        ResourceSpec::AuroraGlobalDatabase(spec) => aurora_global_database::look(caller, spec, regions).await,
        // ---- compute
        ResourceSpec::RdsReadReplica(spec) => rds_read_replica::look(caller, spec, regions).await,
        ResourceSpec::DynamodbGlobalTable(spec) => dynamodb_global_table::look(caller, spec, regions).await,
        ResourceSpec::ElasticacheGlobalDatastore(spec) => {
            elasticache_global_datastore::look(caller, spec, regions).await
        }
        ResourceSpec::S3Replication(spec) => s3_replication::look(caller, spec, regions).await,
        ResourceSpec::BackupVault(spec) => backup_vault::look(caller, spec, regions).await,
        ResourceSpec::EcsService(spec) => ecs_service::look(caller, spec, regions).await,
        ResourceSpec::AutoScalingGroup(spec) => auto_scaling_group::look(caller, spec, regions).await,
        ResourceSpec::EksNodeGroup(spec) => eks_node_group::look(caller, spec, regions).await,
        ResourceSpec::LambdaFunction(spec) => lambda_function::look(caller, spec, regions).await,
        ResourceSpec::EcrRepository(spec) => ecr_repository::look(caller, spec, regions).await,
        // ---- what the recovery Region must have. Without a key of its own it is called as the entry is.
        ResourceSpec::Secret(spec) => {
            let name = spec.secret.as_deref().unwrap_or(resource.name.as_str());
            secret::look(caller, name, regions).await
        }
        ResourceSpec::SsmParameter(spec) => {
            let name = spec.parameter.as_deref().unwrap_or(resource.name.as_str());
            ssm_parameter::look(caller, name, regions).await
        }
        ResourceSpec::KmsKey(spec) => kms_key::look(caller, spec, regions).await,
        ResourceSpec::CloudwatchAlarm(spec) => cloudwatch_alarm::look(caller, spec, regions).await,
        ResourceSpec::CloudwatchMetric(spec) => cloudwatch_metric::look(caller, spec, regions).await,
        ResourceSpec::ServiceQuota(spec) => service_quota::look(caller, spec, regions).await,
        ResourceSpec::TransitGateway(spec) => transit_gateway::look(caller, spec, regions).await,
        ResourceSpec::ConfigRecorder(spec) => config_recorder::look(caller, spec, regions).await,
        ResourceSpec::SecurityHub(spec) => security_hub::look(caller, spec, regions).await,
        ResourceSpec::AwsHealth(spec) => aws_health::look(caller, spec, regions).await,
        ResourceSpec::CloudformationStack(spec) => cloudformation_stack::look(caller, spec, regions).await,
        ResourceSpec::EndpointSetting(spec) => endpoint_setting::look(caller, spec, regions).await,
        ResourceSpec::Probe(_) => {
            let outside = caller
                .call("", "")
                .error(ErrorKind::NotSupported, "a probe is asked from outside, not in AWS");
            everywhere(regions, &outside)
        }
    }
}

/// One reason for all Regions.
pub(crate) fn everywhere(regions: &[RegionCode], error: &Error) -> Looked {
    regions.iter().map(|region| (region.clone(), Err(error.clone()))).collect()
}
