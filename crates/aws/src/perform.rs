//! From a change to its one call, and to AWS's answer. Adds nothing to the change and repeats nothing: whoever
//! decided it also decides what follows from an error. Each kind's own file makes the call.

use crate::clients::Caller;
use crate::{
    arc_region_switch_plan, arc_routing_control, aurora_global_database, auto_scaling_group, backup_vault,
    cloudfront_distribution, ecs_service, eks_node_group, elasticache_global_datastore, global_accelerator,
    lambda_function, own_calls, rds_read_replica, route53_health_check, route53_records,
    s3_multi_region_access_point, s3_switch_object,
};
use crate::{cloudformation_stack, endpoint_setting};
use aws_types::request_id::RequestId;
use holdfast_cloud::{Error, ErrorKind, Settled};
use holdfast_failover::Change;
use holdfast_failover::run::Answer;

pub(crate) async fn perform(caller: &Caller, change: &Change) -> Result<Answer, Error> {
    let action = change.action();
    match change {
        // ---- compute
        Change::SetEcsDesiredCount { region, cluster, service, desired } => {
            ecs_service::set_desired_count(caller, action, region, cluster, service, *desired).await
        }
        Change::SetEcsScalingBounds { region, cluster, service, bounds } => {
            ecs_service::set_scaling_bounds(caller, action, region, cluster, service, *bounds).await
        }
        Change::SetAutoScalingGroupSize { region, group, size } => {
            auto_scaling_group::set_size(caller, action, region, group, *size).await
        }
        Change::SuspendScalingProcesses { region, group, processes } => {
            auto_scaling_group::suspend(caller, action, region, group, processes).await
        }
        Change::ResumeScalingProcesses { region, group, processes } => {
            auto_scaling_group::resume(caller, action, region, group, processes).await
        }
        Change::SetEksNodeGroupSize { region, cluster, node_group, size } => {
            eks_node_group::set_size(caller, action, region, cluster, node_group, *size).await
        }
        Change::SetLambdaConcurrency { region, function, reserved } => {
            lambda_function::set_concurrency(caller, action, region, function, *reserved).await
        }
        Change::SetLambdaProvisioned { region, function, qualifier, provisioned } => {
            lambda_function::set_provisioned(caller, action, region, function, qualifier, *provisioned).await
        }
        Change::SetEventSource { region, mapping, enabled, .. } => {
            lambda_function::set_event_source(caller, action, region, mapping, *enabled).await
        }
        // ---- stores
        Change::SwitchAuroraOver { region, global_cluster, target_cluster_arn } => {
            aurora_global_database::switch_over(caller, action, region, global_cluster, target_cluster_arn)
                .await
        }
        Change::FailAuroraOver { region, global_cluster, target_cluster_arn } => {
            aurora_global_database::fail_over(caller, action, region, global_cluster, target_cluster_arn)
                .await
        }
        Change::PromoteReplica { region, instance } => {
            rds_read_replica::promote(caller, action, region, instance).await
        }
        Change::PromoteReplicaCluster { region, cluster } => {
            rds_read_replica::promote_cluster(caller, action, region, cluster).await
        }
        Change::CreateReplica { region, instance, source_arn, settings } => {
            rds_read_replica::create(caller, action, region, instance, source_arn, settings).await
        }
        Change::CreateReplicaCluster { region, cluster, source_arn, settings } => {
            rds_read_replica::create_cluster(caller, action, region, cluster, source_arn, settings).await
        }
        Change::CreateClusterInstance { region, cluster, instance, class, engine } => {
            rds_read_replica::create_instance(caller, action, region, cluster, instance, (class, engine))
                .await
        }
        Change::FailDatastoreOver { region, global_datastore, replication_group } => {
            elasticache_global_datastore::fail_over(
                caller,
                action,
                region,
                global_datastore,
                replication_group,
            )
            .await
        }
        Change::StartRestoreJob { region, recovery_point_arn, resource_type, role_arn, metadata, .. } => {
            let token = caller.token.as_deref().unwrap_or_default();
            let restore =
                backup_vault::Restore { recovery_point_arn, resource_type, role_arn, metadata, token };
            backup_vault::start_restore(caller, action, region, restore).await
        }
        Change::DeleteRestored { region, database, is_cluster, .. } => {
            backup_vault::delete_restored(caller, action, region, database, *is_cluster).await
        }
        // ---- traffic
        Change::SetAccessPointRoutes { mrap_arn, routes, via } => {
            s3_multi_region_access_point::set_routes(caller, action, mrap_arn, routes, via).await
        }
        Change::SetAcceleratorGroup { endpoint_group_arn, traffic_dial_percent, endpoints, .. } => {
            global_accelerator::set_group(
                caller,
                action,
                endpoint_group_arn,
                *traffic_dial_percent,
                endpoints,
            )
            .await
        }
        Change::ReplaceRecords { hosted_zone_id, replace } => {
            route53_records::replace(caller, action, hosted_zone_id, replace).await
        }
        Change::SetHealthCheck { health_check_id, version, inverted, disabled } => {
            route53_health_check::set(caller, action, health_check_id, *version, *inverted, *disabled).await
        }
        Change::SetRoutingControls { cluster_arn, endpoints, controls } => {
            arc_routing_control::set(caller, action, cluster_arn, endpoints, controls).await
        }
        Change::SetPrimaryOrigins { distribution_id, etag, primaries } => {
            cloudfront_distribution::set_primaries(caller, action, distribution_id, etag, primaries).await
        }
        Change::SetSwitchObject { region, bucket, key, content, holds, on_etag } => {
            let setting = s3_switch_object::Setting { bucket, key, content, on_etag: on_etag.as_deref() };
            if *holds {
                s3_switch_object::put(caller, action, region, &setting).await
            } else {
                s3_switch_object::delete(caller, action, region, &setting).await
            }
        }
        Change::StartRegionSwitch { region, plan_arn, target, action: what, graceful } => {
            arc_region_switch_plan::start(caller, action, (region, plan_arn), (target, *what), *graceful)
                .await
        }
        // ---- what the recovery Region must have
        Change::CreateStack { region, build } => {
            cloudformation_stack::create(caller, action, region, build).await
        }
        Change::UpdateStack { region, build } => {
            cloudformation_stack::update(caller, action, region, build).await
        }
        Change::SetParameterEndpoint { region, parameter, key, to } => {
            endpoint_setting::set_parameter(caller, action, region, (parameter, key.as_deref()), to).await
        }
        Change::SetSecretEndpoint { region, secret, key, to } => {
            endpoint_setting::set_secret(caller, action, region, (secret, key), to).await
        }
        Change::SetRecordEndpoint { region, hosted_zone_id, record, to } => {
            endpoint_setting::set_record(caller, action, region, (hosted_zone_id, record), to).await
        }
        // ---- steps of one's own
        Change::CallWebhook { .. } => Err(caller
            .call("", action)
            .error(ErrorKind::NotSupported, "a webhook is delivered, not called in AWS")),
        Change::RunPlan { .. } => Err(caller
            .call("", action)
            .error(ErrorKind::NotSupported, "a run is asked for in Holdfast, not called in AWS")),
        Change::InvokeLambda { region, function, payload, .. } => {
            own_calls::invoke(caller, action, region, function, payload).await
        }
        Change::RunDocument { region, document, parameters, target_tag, target_value, .. } => {
            let command = own_calls::Command { document, parameters, target_tag, target_value };
            own_calls::send_command(caller, action, region, &command).await
        }
    }
}

/// What the journal keeps of an accepted call; `tracking` is what AWS follows it by, where it does.
pub(crate) fn answered(
    action: &str,
    region: &str,
    answer: &impl RequestId,
    tracking: Option<String>,
) -> Result<Answer, Error> {
    Ok(Answer {
        action: action.to_owned(),
        region: region.to_owned(),
        request_id: answer.request_id().map(str::to_owned),
        tracking,
    })
}

/// What AWS follows by an id of its own (Route 53 a change's spreading, EKS and CloudFormation an update, SSM a command, AWS
/// Backup a restore); the others are observed.
pub(crate) async fn settled(caller: &Caller, change: &Change, tracking: &str) -> Result<Settled, Error> {
    match change {
        Change::ReplaceRecords { .. } | Change::SetRecordEndpoint { .. } => {
            route53_records::settled(caller, tracking).await
        }
        Change::SetEksNodeGroupSize { region, cluster, node_group, .. } => {
            eks_node_group::settled(caller, region, cluster, node_group, tracking).await
        }
        Change::UpdateStack { region, build } => {
            cloudformation_stack::settled(caller, region, build, tracking).await
        }
        Change::RunDocument { region, .. } => own_calls::command_settled(caller, region, tracking).await,
        Change::StartRestoreJob { region, .. } => backup_vault::settled(caller, region, tracking).await,
        _ => Ok(Settled::Yes),
    }
}
