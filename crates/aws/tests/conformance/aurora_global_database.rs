//! Aurora Global Database: lag read in the secondary's Region, switchover in the writer's, failover in the target's.

use crate::peers::{Peer, Which};
use crate::words::{HOME, RECOVERY, acting, both, look, reading, region, resource as named, seen};
use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StandardUnit};
use holdfast_cloud::{Cloud, ErrorKind};
use holdfast_domain::facts::AuroraMember;
use holdfast_domain::resource::AuroraGlobalDatabase;
use holdfast_domain::{Facts, Resource, ResourceSpec};
use holdfast_failover::Change;

scenarios! {
    the_writer_and_the_lag_of_the_secondary_are_seen: simulator, ministack;
    a_database_is_switched_over_and_then_failed_over_back: simulator, ministack_widened;
    a_database_that_is_not_there_is_not_found: simulator, ministack, moto;
    a_region_without_a_member_is_not_found: simulator, ministack;
    a_dark_region_hides_its_cluster_and_not_its_membership: simulator;
}

pub async fn resource(peer: &Peer) -> Resource {
    if peer.which != Which::Simulator {
        global_database(peer).await;
        lag_of_the_secondary(peer, 120.0).await;
    }
    of("orders")
}

fn of(global_cluster: &str) -> Resource {
    let spec = AuroraGlobalDatabase { global_cluster: global_cluster.into() };
    named("orders", ResourceSpec::AuroraGlobalDatabase(spec))
}

pub async fn changes(peer: &Peer, resource: &Resource) -> Vec<Change> {
    let target_cluster_arn = member(peer, resource, RECOVERY).await.cluster_arn;
    vec![
        Change::SwitchAuroraOver {
            region: region(HOME),
            global_cluster: "orders".into(),
            target_cluster_arn: target_cluster_arn.clone(),
        },
        Change::FailAuroraOver {
            region: region(RECOVERY),
            global_cluster: "orders".into(),
            target_cluster_arn,
        },
    ]
}

/// `orders`, with its writer at home and a secondary in the recovery Region.
async fn global_database(peer: &Peer) {
    let (home, recovery) = (sdk!(aws_sdk_rds, peer, HOME), sdk!(aws_sdk_rds, peer, RECOVERY));
    let writer = home
        .create_db_cluster()
        .db_cluster_identifier("orders-us-east-1")
        .engine("aurora-postgresql")
        .master_username("owner")
        .master_user_password("not-a-secret-at-all")
        .send()
        .await
        .unwrap();
    let arn = writer.db_cluster().and_then(|cluster| cluster.db_cluster_arn()).unwrap().to_owned();
    home.create_global_cluster()
        .global_cluster_identifier("orders")
        .source_db_cluster_identifier(arn)
        .send()
        .await
        .unwrap();
    recovery
        .create_db_cluster()
        .db_cluster_identifier("orders-eu-central-1")
        .engine("aurora-postgresql")
        .global_cluster_identifier("orders")
        .send()
        .await
        .unwrap();
}

async fn lag_of_the_secondary(peer: &Peer, milliseconds: f64) {
    let datum = MetricDatum::builder()
        .metric_name("AuroraGlobalDBReplicationLag")
        .dimensions(Dimension::builder().name("DBClusterIdentifier").value("orders-eu-central-1").build())
        .timestamp(aws_sdk_cloudwatch::primitives::DateTime::from_secs(
            jiff::Timestamp::now().as_second() - 90,
        ))
        .value(milliseconds)
        .unit(StandardUnit::Milliseconds)
        .build();
    let client = sdk!(aws_sdk_cloudwatch, peer, RECOVERY);
    client.put_metric_data().namespace("AWS/RDS").metric_data(datum).send().await.unwrap();
}

async fn member(peer: &Peer, orders: &Resource, code: &str) -> AuroraMember {
    match seen(peer, orders, code).await {
        Facts::AuroraMember(member) => member,
        other => panic!("a member was expected, not {other:?}"),
    }
}

async fn the_writer_and_the_lag_of_the_secondary_are_seen(peer: &Peer) {
    let orders = resource(peer).await;
    let home = member(peer, &orders, HOME).await;
    assert!(home.writer && home.lag.is_none(), "{home:?}");
    let secondary = member(peer, &orders, RECOVERY).await;
    assert!(!secondary.writer, "{secondary:?}");
    assert_eq!(secondary.cluster_status.as_deref(), Some("available"));
    let lag = secondary.lag.unwrap();
    assert!(lag.metric.starts_with("AuroraGlobalDB"), "{lag:?}");
    assert!(lag.milliseconds >= 0.0 && lag.milliseconds.is_finite());
}

async fn a_database_is_switched_over_and_then_failed_over_back(peer: &Peer) {
    let orders = resource(peer).await;
    let switch = changes(peer, &orders).await.remove(0);
    let answer = peer.cloud.perform(&peer.account, &acting("switch-orders", None), &switch).await.unwrap();
    assert_eq!((answer.action.as_str(), answer.region.as_str()), ("rds:SwitchoverGlobalCluster", HOME));
    assert!(answer.request_id.is_some());
    peer.pass_time();
    assert!(member(peer, &orders, RECOVERY).await.writer);
    let home = member(peer, &orders, HOME).await;
    assert!(!home.writer);

    let fail = Change::FailAuroraOver {
        region: region(HOME),
        global_cluster: "orders".into(),
        target_cluster_arn: home.cluster_arn,
    };
    peer.cloud.perform(&peer.account, &acting("fail-orders", None), &fail).await.unwrap();
    peer.pass_time();
    assert!(member(peer, &orders, HOME).await.writer);
}

async fn a_database_that_is_not_there_is_not_found(peer: &Peer) {
    for facts in look(peer, &of("nobody")).await.into_values() {
        assert_eq!(facts.unwrap_err().kind, ErrorKind::NotFound);
    }
}

async fn a_region_without_a_member_is_not_found(peer: &Peer) {
    let orders = resource(peer).await;
    let elsewhere = [region(HOME), region("ap-southeast-1")];
    let looked = peer.cloud.observe(&peer.account, &reading(), &orders, &elsewhere).await;
    assert!(looked[&elsewhere[0]].is_ok(), "{looked:?}");
    assert_eq!(looked[&elsewhere[1]].as_ref().unwrap_err().kind, ErrorKind::NotFound);
}

async fn a_dark_region_hides_its_cluster_and_not_its_membership(peer: &Peer) {
    let orders = resource(peer).await;
    peer.sim().set_region_dark(HOME, true);
    let members = look(peer, &orders).await;
    let [home, recovery] = both().map(|region| match &members[&region] {
        Ok(Facts::AuroraMember(member)) => member.clone(),
        other => panic!("a member was expected, not {other:?}"),
    });
    assert_eq!((home.cluster_status, home.instances), (None, None));
    assert!(recovery.cluster_status.is_some());
    assert!(recovery.instances.is_some_and(|count| count > 0) && !recovery.instance_classes.is_empty());
}
