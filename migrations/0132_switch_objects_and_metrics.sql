-- Objects in S3 that hold a Region out, and bare CloudWatch metrics that are signals, are kinds of resources.

ALTER TABLE resources DROP CONSTRAINT resources_kind_known;
ALTER TABLE resources ADD CONSTRAINT resources_kind_known CHECK (kind IN (
    'route53_records', 'route53_health_check', 'global_accelerator', 'cloudfront_distribution',
    'arc_routing_control', 'arc_region_switch_plan', 's3_replication', 's3_multi_region_access_point',
    's3_switch_object', 'cloudwatch_metric',
    'aurora_global_database', 'rds_read_replica', 'dynamodb_global_table', 'elasticache_global_datastore',
    'ecs_service', 'auto_scaling_group', 'eks_node_group', 'lambda_function', 'ecr_repository',
    'backup_vault', 'secret', 'ssm_parameter', 'kms_key', 'cloudwatch_alarm', 'aws_health', 'service_quota',
    'transit_gateway', 'config_recorder', 'security_hub', 'cloudformation_stack', 'endpoint_setting',
    'probe'));
