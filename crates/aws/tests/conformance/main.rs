//! Conformance: one suite runs the adapters against the simulator and against the peers that nobody here wrote,
//! wherever a peer has the operation, so that states and typed errors agree. A difference is a bug in the simulator
//! unless AWS's documents say otherwise.
//!
//! One file per kind of resource, with its scenarios, and one row per kind in `suite.rs`, from which `docs/AWS.md` is
//! made. `sessions.rs`, `failures.rs` and `collected.rs` are about what all kinds share. How to add a kind: `docs/TESTING.md`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test is a panic")]

#[macro_use]
mod peers;
mod suite;
mod table;
mod words;

mod accounts;
mod checkpoint_bucket;
mod collected;
mod compute;
mod distorted;
mod failures;
mod outside_view;
mod repeats;
mod roles;
mod sessions;
mod switches;

mod arc_region_switch_plan;
mod arc_routing_control;
mod aurora_global_database;
mod auto_scaling_group;
mod aws_health;
mod backup_vault;
mod cloudformation_stack;
mod cloudfront_distribution;
mod cloudwatch_alarm;
mod cloudwatch_metric;
mod config_recorder;
mod dynamodb_global_table;
mod ecr_repository;
mod ecs_service;
mod eks_node_group;
mod elasticache_global_datastore;
mod endpoint_setting;
mod global_accelerator;
mod kms_key;
mod lambda_function;
mod probe;
mod rds_read_replica;
mod route53_health_check;
mod route53_records;
mod s3_multi_region_access_point;
mod s3_replication;
mod s3_switch_object;
mod secret;
mod security_hub;
mod service_quota;
mod ssm_parameter;
mod transit_gateway;
mod wrapped_keys;
