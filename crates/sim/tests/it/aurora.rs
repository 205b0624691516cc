use crate::harness::{HOME, RECOVERY, acting, code, sim, sim_with};
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat, ScanBy};
use aws_sdk_rds::types::GlobalCluster;
use aws_smithy_types::DateTime;
use holdfast_sim::ledger::Effect;
use holdfast_sim::world::World;
use holdfast_sim::{Sim, demo_world};
use std::time::{Duration, SystemTime};

async fn rds(sim: &Sim, region: &str) -> aws_sdk_rds::Client {
    aws_sdk_rds::Client::new(&acting(sim, region).await)
}

async fn orders(rds: &aws_sdk_rds::Client) -> GlobalCluster {
    let found = rds.describe_global_clusters().global_cluster_identifier("orders").send().await.unwrap();
    found.global_clusters().first().unwrap().clone()
}

fn writer(global: &GlobalCluster) -> String {
    let members = global.global_cluster_members();
    let writers: Vec<_> = members.iter().filter(|m| m.is_writer() == Some(true)).collect();
    assert_eq!(writers.len(), 1);
    writers[0].db_cluster_arn().unwrap().to_owned()
}

fn arn(region: &str) -> String {
    format!("arn:aws:rds:{region}:222222222222:cluster:orders-{region}")
}

async fn lag_ms(sim: &Sim, region: &str, metric: &str) -> Option<f64> {
    let cloudwatch = aws_sdk_cloudwatch::Client::new(&acting(sim, region).await);
    let dimension =
        Dimension::builder().name("DBClusterIdentifier").value(format!("orders-{region}")).build();
    let metric = Metric::builder().namespace("AWS/RDS").metric_name(metric).dimensions(dimension).build();
    let stat = MetricStat::builder().metric(metric).period(60).stat("Maximum").build();
    let now = SystemTime::now();
    let answer = cloudwatch
        .get_metric_data()
        .metric_data_queries(MetricDataQuery::builder().id("lag").metric_stat(stat).build())
        .start_time(DateTime::from(now - Duration::from_secs(600)))
        .end_time(DateTime::from(now + Duration::from_secs(1)))
        .scan_by(ScanBy::TimestampDescending)
        .send()
        .await
        .unwrap();
    let result = answer.metric_data_results().first().unwrap();
    assert_eq!(result.timestamps().len(), result.values().len());
    result.values().first().copied()
}

#[tokio::test]
async fn a_global_database_shows_members_readers_and_synchronization() {
    let sim = sim().await;
    let global = orders(&rds(&sim, RECOVERY).await).await;
    assert_eq!(global.status(), Some("available"));
    assert!(global.failover_state().is_none());
    assert_eq!(writer(&global), arn(HOME));
    let home = &global.global_cluster_members()[0];
    assert_eq!(home.readers(), [arn(RECOVERY)]);
    let recovery = &global.global_cluster_members()[1];
    assert_eq!(recovery.synchronization_status().map(|s| s.as_str()), Some("connected"));
}

#[tokio::test]
async fn clusters_and_instances_are_described_in_their_region() {
    let sim = sim().await;
    let rds = rds(&sim, RECOVERY).await;
    let clusters =
        rds.describe_db_clusters().db_cluster_identifier("orders-eu-central-1").send().await.unwrap();
    let cluster = clusters.db_clusters().first().unwrap();
    assert_eq!(cluster.db_cluster_members().len(), 1);
    assert_eq!(cluster.db_cluster_arn(), Some(arn(RECOVERY).as_str()));
    let member = cluster.db_cluster_members()[0].db_instance_identifier().unwrap();
    let instances = rds.describe_db_instances().db_instance_identifier(member).send().await.unwrap();
    assert_eq!(instances.db_instances()[0].db_instance_class(), Some("db.r7g.large"));
    let missing = rds.describe_db_clusters().db_cluster_identifier("orders-us-east-1").send().await;
    assert!(missing.is_err_and(|e| e.into_service_error().is_db_cluster_not_found_fault()));
}

#[tokio::test]
async fn a_switchover_passes_its_states_and_moves_the_writer_without_loss() {
    let sim = sim().await;
    let rds = rds(&sim, HOME).await;
    let call = rds.switchover_global_cluster().global_cluster_identifier("orders");
    let begun = call.target_db_cluster_identifier(arn(RECOVERY)).send().await.unwrap();
    let state = begun.global_cluster().unwrap().failover_state().unwrap().clone();
    assert_eq!(state.status().map(|s| s.as_str()), Some("pending"));
    assert_eq!(state.is_data_loss_allowed(), Some(false));
    sim.advance(Duration::from_secs(1));
    let during = orders(&rds).await;
    assert_eq!(during.status(), Some("switching-over"));
    assert_eq!(during.failover_state().unwrap().status().map(|s| s.as_str()), Some("switching-over"));
    assert_eq!(writer(&during), arn(HOME));
    sim.advance(Duration::from_secs(4));
    let after = orders(&rds).await;
    assert_eq!(after.status(), Some("available"));
    assert!(after.failover_state().is_none());
    assert_eq!(writer(&after), arn(RECOVERY));
    assert_eq!(sim.look(|w| w.global_clusters[0].history[0].lost_ms), 0.0);
}

#[tokio::test]
async fn a_move_is_guarded() {
    let sim = sim().await;
    let home = rds(&sim, HOME).await;
    let recovery = rds(&sim, RECOVERY).await;
    let switch = |rds: &aws_sdk_rds::Client, target: String| {
        rds.switchover_global_cluster()
            .global_cluster_identifier("orders")
            .target_db_cluster_identifier(target)
            .send()
    };
    let elsewhere = switch(&recovery, arn(RECOVERY)).await;
    assert_eq!(code(&elsewhere).as_deref(), Some("InvalidDBClusterStateFault"));
    let itself = switch(&home, arn(HOME)).await;
    assert_eq!(code(&itself).as_deref(), Some("InvalidDBClusterStateFault"));
    let stranger = switch(&home, arn("eu-west-1")).await;
    assert_eq!(code(&stranger).as_deref(), Some("DBClusterNotFoundFault"));
    sim.set_link_cut(HOME, RECOVERY, true);
    let apart = switch(&home, arn(RECOVERY)).await;
    assert_eq!(code(&apart).as_deref(), Some("InvalidGlobalClusterStateFault"));
    sim.set_link_cut(HOME, RECOVERY, false);
    assert!(switch(&home, arn(RECOVERY)).await.is_ok());
    let twice = switch(&home, arn(RECOVERY)).await;
    assert_eq!(code(&twice).as_deref(), Some("InvalidGlobalClusterStateFault"));
    let both = home.failover_global_cluster().global_cluster_identifier("orders");
    let both =
        both.target_db_cluster_identifier(arn(RECOVERY)).allow_data_loss(true).switchover(true).send().await;
    assert_eq!(code(&both).as_deref(), Some("InvalidParameterCombination"));
}

#[tokio::test]
async fn a_member_without_instances_cannot_be_promoted() {
    let mut world = demo_world();
    world.global_clusters[0].members[1].instances.clear();
    let sim = sim_with(world, None, 0.0).await;
    let call = rds(&sim, RECOVERY).await.failover_global_cluster().global_cluster_identifier("orders");
    let refused = call.target_db_cluster_identifier(arn(RECOVERY)).allow_data_loss(true).send().await;
    assert_eq!(code(&refused).as_deref(), Some("InvalidDBClusterStateFault"));
}

#[tokio::test]
async fn a_switchover_that_loses_a_region_is_rolled_back() {
    let sim = sim().await;
    let home = rds(&sim, HOME).await;
    let call = home.switchover_global_cluster().global_cluster_identifier("orders");
    call.target_db_cluster_identifier(arn(RECOVERY)).send().await.unwrap();
    sim.advance(Duration::from_secs(1));
    sim.set_link_cut(HOME, RECOVERY, true);
    let during = orders(&home).await;
    assert_eq!(during.failover_state().unwrap().status().map(|s| s.as_str()), Some("cancelling"));
    sim.advance(Duration::from_secs(5));
    assert_eq!(writer(&orders(&home).await), arn(HOME));
}

#[tokio::test]
async fn a_failover_out_of_a_dark_region_loses_the_lag_and_resynchronises_later() {
    let sim = sim().await;
    let recovery = rds(&sim, RECOVERY).await;
    sim.set_region_dark(HOME, true);
    sim.advance(Duration::from_secs(20));
    let lag = lag_ms(&sim, RECOVERY, "AuroraGlobalDBProgressLag").await.unwrap();
    assert!(lag > 20_000.0, "lag grows while the primary is gone: {lag}");
    let call = || recovery.failover_global_cluster().global_cluster_identifier("orders");
    let call = call().target_db_cluster_identifier(arn(RECOVERY)).allow_data_loss(true);
    let begun = call.send().await.unwrap();
    assert_eq!(begun.global_cluster().unwrap().failover_state().unwrap().is_data_loss_allowed(), Some(true));
    assert_eq!(sim.ledger().last().map(|e| e.effect), Some(Effect::Changed));
    sim.advance(Duration::from_secs(4));
    let after = orders(&recovery).await;
    assert_eq!(writer(&after), arn(RECOVERY));
    let synchronization = |g: &GlobalCluster| {
        let old = g.global_cluster_members().iter().find(|m| m.is_writer() == Some(false)).unwrap();
        old.synchronization_status().unwrap().as_str().to_owned()
    };
    assert_eq!(synchronization(&after), "pending-resync");
    assert!(sim.look(|w| w.global_clusters[0].history[0].lost_ms) > 20_000.0);
    sim.advance(Duration::from_secs(600));
    assert_eq!(synchronization(&orders(&recovery).await), "pending-resync", "the Region is still dark");
    let back = rds(&sim, RECOVERY).await;
    let early = back.switchover_global_cluster().global_cluster_identifier("orders");
    let early = early.target_db_cluster_identifier(arn(HOME)).send().await;
    assert_eq!(code(&early).as_deref(), Some("InvalidGlobalClusterStateFault"));
    sim.set_region_dark(HOME, false);
    sim.advance(Duration::from_secs(9));
    assert_eq!(synchronization(&orders(&recovery).await), "connected");
}

#[tokio::test]
async fn lag_is_published_by_the_secondary_and_grows_when_the_link_is_cut() {
    let sim = sim().await;
    assert_eq!(lag_ms(&sim, HOME, "AuroraGlobalDBProgressLag").await, None, "the writer has none");
    let usual = lag_ms(&sim, RECOVERY, "AuroraGlobalDBRPOLag").await.unwrap();
    assert!((100.0..2_000.0).contains(&usual), "{usual}");
    sim.set_link_cut(HOME, RECOVERY, true);
    sim.advance(Duration::from_secs(48));
    assert!(lag_ms(&sim, RECOVERY, "AuroraGlobalDBProgressLag").await.unwrap() > 48_000.0);
    sim.set_link_cut(HOME, RECOVERY, false);
    sim.advance(Duration::from_secs(900));
    assert!(lag_ms(&sim, RECOVERY, "AuroraGlobalDBProgressLag").await.unwrap() < 2_000.0);
    sim.set_link_lag_ms(HOME, RECOVERY, Some(60_000.0));
    sim.advance(Duration::from_secs(1));
    assert!(lag_ms(&sim, RECOVERY, "AuroraGlobalDBReplicationLag").await.unwrap() > 40_000.0);
    assert_eq!(lag_ms(&sim, RECOVERY, "NoSuchMetric").await, None);
}

#[tokio::test]
async fn list_metrics_names_what_is_published() {
    let sim = sim().await;
    let cloudwatch = aws_sdk_cloudwatch::Client::new(&acting(&sim, RECOVERY).await);
    let listed = cloudwatch.list_metrics().namespace("AWS/RDS").send().await.unwrap();
    let found = listed.metrics().iter().any(|m| {
        m.metric_name() == Some("AuroraGlobalDBRPOLag")
            && m.dimensions().iter().any(|d| d.value() == Some("orders-eu-central-1"))
    });
    assert!(found);
}

#[tokio::test]
async fn in_three_regions_the_others_are_resynchronised_after_a_failover() {
    let regions = ["us-east-1", "eu-central-1", "ap-southeast-1"];
    let world = World::empty().account("222222222222", "shop-prod", "demo-shop-prod").aurora(
        "222222222222",
        "orders",
        &regions,
    );
    let sim = sim_with(world, None, 0.0).await;
    sim.set_region_dark(HOME, true);
    let recovery = rds(&sim, RECOVERY).await;
    let call = recovery.failover_global_cluster().global_cluster_identifier("orders");
    call.target_db_cluster_identifier(arn(RECOVERY)).allow_data_loss(true).send().await.unwrap();
    sim.advance(Duration::from_secs(30));
    let members = orders(&recovery).await.global_cluster_members().to_vec();
    let status = |i: usize| members[i].synchronization_status().map(|s| s.as_str().to_owned());
    assert_eq!(status(0).as_deref(), Some("pending-resync"));
    assert_eq!(status(2).as_deref(), Some("connected"));
}
