//! Global tables, global datastores and replicated buckets.

use crate::harness::{HOME, RECOVERY, acting, acting_in_data, code, newest_metric, sim};
use aws_config::SdkConfig;
use aws_sdk_elasticache::types::GlobalReplicationGroup;
use holdfast_sim::Sim;
use std::time::Duration;

const DATASTORE: &str = "ldgnf-catalog";

async fn datastore(sim: &Sim, region: &str) -> GlobalReplicationGroup {
    let elasticache = aws_sdk_elasticache::Client::new(&acting(sim, region).await);
    let call = elasticache.describe_global_replication_groups().global_replication_group_id(DATASTORE);
    let answer = call.show_member_info(true).send().await.unwrap();
    answer.global_replication_groups()[0].clone()
}

fn primary(group: &GlobalReplicationGroup) -> Option<&str> {
    let member = group.members().iter().find(|m| m.role() == Some("PRIMARY"))?;
    member.replication_group_region()
}

async fn fail_over(
    sim: &Sim,
    region: &str,
) -> Result<
    aws_sdk_elasticache::operation::failover_global_replication_group::FailoverGlobalReplicationGroupOutput,
    aws_smithy_runtime_api::client::result::SdkError<
        aws_sdk_elasticache::operation::failover_global_replication_group::FailoverGlobalReplicationGroupError,
        aws_smithy_runtime_api::http::Response,
    >,
>{
    aws_sdk_elasticache::Client::new(&acting(sim, region).await)
        .failover_global_replication_group()
        .global_replication_group_id(DATASTORE)
        .primary_region(region)
        .primary_replication_group_id(format!("{DATASTORE}-{region}"))
        .send()
        .await
}

#[tokio::test]
async fn a_global_datastore_fails_over_and_its_members_change_their_roles() {
    let sim = sim().await;
    let at_home = datastore(&sim, RECOVERY).await;
    assert_eq!((at_home.status(), primary(&at_home)), (Some("available"), Some(HOME)));
    assert!(at_home.members().iter().all(|m| m.status() == Some("associated")));
    let begun = fail_over(&sim, RECOVERY).await.unwrap();
    assert_eq!(begun.global_replication_group().unwrap().status(), Some("modifying"));
    assert_eq!(primary(&datastore(&sim, RECOVERY).await), Some(HOME), "not before it is done");
    let twice = fail_over(&sim, RECOVERY).await;
    assert_eq!(code(&twice).as_deref(), Some("InvalidGlobalReplicationGroupState"));
    sim.advance(Duration::from_secs(4));
    let moved = datastore(&sim, HOME).await;
    assert_eq!((moved.status(), primary(&moved)), (Some("available"), Some(RECOVERY)));
    let again = fail_over(&sim, RECOVERY).await;
    assert_eq!(code(&again).as_deref(), Some("InvalidParameterValue"));
}

#[tokio::test]
async fn a_failover_out_of_a_dark_region_loses_the_lag_and_the_old_primary_is_associated_later() {
    let sim = sim().await;
    let lag = async || {
        let config = acting(&sim, RECOVERY).await;
        let group = format!("{DATASTORE}-{RECOVERY}");
        let metric = ("AWS/ElastiCache", "GlobalDatastoreReplicationLag");
        newest_metric(&sim, &config, metric, &[("ReplicationGroupId", &group)]).await
    };
    assert!(lag().await.unwrap() < 3.0);
    sim.set_region_dark(HOME, true);
    sim.advance(Duration::from_secs(40));
    assert!(lag().await.unwrap() >= 40.0);
    fail_over(&sim, RECOVERY).await.unwrap();
    sim.advance(Duration::from_secs(4));
    let status = |group: &GlobalReplicationGroup| {
        let old = group.members().iter().find(|m| m.replication_group_region() == Some(HOME)).unwrap();
        old.status().unwrap().to_owned()
    };
    assert_eq!(status(&datastore(&sim, RECOVERY).await), "associating");
    let lost = sim.look(|w| w.stores.datastores.iter().find(|d| d.id == DATASTORE).and_then(|d| d.lost_ms));
    assert!(lost.unwrap() > 40_000.0);
    sim.set_region_dark(HOME, false);
    sim.advance(Duration::from_secs(6));
    assert_eq!(status(&datastore(&sim, RECOVERY).await), "associated");
}

#[tokio::test]
async fn a_stranger_or_a_region_without_a_member_does_not_know_the_datastore() {
    let sim = sim().await;
    for config in [acting_in_data(&sim, HOME).await, acting(&sim, "us-west-2").await] {
        let elasticache = aws_sdk_elasticache::Client::new(&config);
        let call = elasticache.describe_global_replication_groups().global_replication_group_id(DATASTORE);
        assert_eq!(code(&call.send().await).as_deref(), Some("GlobalReplicationGroupNotFoundFault"));
    }
}

async fn table(config: &SdkConfig) -> aws_sdk_dynamodb::types::TableDescription {
    let dynamodb = aws_sdk_dynamodb::Client::new(config);
    dynamodb.describe_table().table_name("ledger-postings").send().await.unwrap().table.unwrap()
}

#[tokio::test]
async fn a_global_table_names_its_replicas_and_its_lag_is_told_where_it_is_written() {
    let sim = sim().await;
    let home = acting_in_data(&sim, "us-east-1").await;
    let away = acting_in_data(&sim, "us-west-2").await;
    let described = table(&home).await;
    assert_eq!(described.table_status().map(|s| s.as_str()), Some("ACTIVE"));
    assert_eq!(described.replicas()[0].region_name(), Some("us-west-2"));
    let metric = ("AWS/DynamoDB", "ReplicationLatency");
    let to = |region| [("TableName", "ledger-postings"), ("ReceivingRegion", region)];
    assert!(newest_metric(&sim, &home, metric, &to("us-west-2")).await.unwrap() > 100.0);
    assert_eq!(newest_metric(&sim, &away, metric, &to("us-east-1")).await, None, "nothing is written there");
    sim.set_link_cut("us-east-1", "us-west-2", true);
    sim.advance(Duration::from_secs(60));
    assert!(newest_metric(&sim, &home, metric, &to("us-west-2")).await.unwrap() > 60_000.0);
    let elsewhere = aws_sdk_dynamodb::Client::new(&acting_in_data(&sim, "eu-west-1").await);
    let missing = elsewhere.describe_table().table_name("ledger-postings").send().await;
    assert_eq!(code(&missing).as_deref(), Some("ResourceNotFoundException"));
}

#[tokio::test]
async fn strong_consistency_and_its_witness_are_told() {
    let sim = sim().await;
    sim.tamper(|world| {
        let table = world.stores.tables.iter_mut().find(|table| table.name == "ledger-postings").unwrap();
        table.strong = true;
        table.witnesses = vec!["us-east-2".into()];
    });
    let described = table(&acting_in_data(&sim, "us-east-1").await).await;
    assert_eq!(described.multi_region_consistency().map(|c| c.as_str()), Some("STRONG"));
    assert_eq!(described.global_table_witnesses()[0].region_name(), Some("us-east-2"));
}

async fn s3(config: &SdkConfig) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::config::Builder::from(config).force_path_style(true).build();
    aws_sdk_s3::Client::from_conf(config)
}

#[tokio::test]
async fn replication_rules_are_told_by_the_buckets_own_region_and_s3_says_no_in_its_own_words() {
    let sim = sim().await;
    let home = s3(&acting_in_data(&sim, "us-west-2").await).await;
    let read = |bucket: &str| home.get_bucket_replication().bucket(bucket).send();
    let answer = read("reports-exports-us-west-2").await.unwrap();
    let rule = &answer.replication_configuration().unwrap().rules()[0];
    assert_eq!(rule.status().as_str(), "Enabled");
    let destination = rule.destination().unwrap();
    assert_eq!(destination.bucket(), "arn:aws:s3:::reports-exports-us-east-1");
    assert_eq!(destination.replication_time().unwrap().status().as_str(), "Enabled");
    assert_eq!(code(&read("nobody-s").await).as_deref(), Some("NoSuchBucket"));
    assert_eq!(code(&read("reports-exports-us-east-1").await).as_deref(), Some("PermanentRedirect"));
    let one_way = s3(&acting_in_data(&sim, "eu-central-1").await).await;
    let none = one_way.get_bucket_replication().bucket("documents-files-eu-central-1").send().await;
    assert_eq!(code(&none).as_deref(), Some("ReplicationConfigurationNotFoundError"));
    let stranger = s3(&acting(&sim, "us-west-2").await).await;
    let denied = stranger.get_bucket_replication().bucket("reports-exports-us-west-2").send().await;
    assert_eq!(code(&denied).as_deref(), Some("AccessDenied"));
}

#[tokio::test]
async fn what_waits_to_be_copied_grows_with_the_latency() {
    let sim = sim().await;
    let config = acting_in_data(&sim, "us-west-2").await;
    let dimensions = [
        ("SourceBucket", "reports-exports-us-west-2"),
        ("DestinationBucket", "reports-exports-us-east-1"),
        ("RuleId", "to-reports-exports-us-east-1"),
    ];
    let metric = async |name| newest_metric(&sim, &config, ("AWS/S3", name), &dimensions).await;
    let before = metric("BytesPendingReplication").await.unwrap();
    assert_eq!(metric("OperationsFailedReplication").await, Some(0.0));
    sim.set_link_cut("us-west-2", "us-east-1", true);
    sim.advance(Duration::from_secs(300));
    assert!(metric("ReplicationLatency").await.unwrap() >= 300.0);
    assert!(metric("BytesPendingReplication").await.unwrap() > before);
    sim.tamper(|world| {
        world.stores.buckets.iter_mut().for_each(|b| b.rules.iter_mut().for_each(|r| r.time_control = false))
    });
    assert_eq!(metric("ReplicationLatency").await, None, "without time control or metrics nothing is told");
}
