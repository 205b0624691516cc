//! Read replicas: lag, promotion, and building one again.

use crate::harness::{acting_in_data, code, metric_until, newest_metric, sim, sim_with};
use aws_sdk_rds::types::DbInstance;
use holdfast_sim::Sim;
use holdfast_sim::ledger::Effect;
use holdfast_sim::world::World;
use holdfast_sim::world::stores::databases::Doing;
use std::time::{Duration, SystemTime};

const HOME: &str = "us-east-1";
const AWAY: &str = "us-west-2";

async fn rds(sim: &Sim, region: &str) -> aws_sdk_rds::Client {
    aws_sdk_rds::Client::new(&acting_in_data(sim, region).await)
}

async fn instance(rds: &aws_sdk_rds::Client, id: &str) -> DbInstance {
    let found = rds.describe_db_instances().db_instance_identifier(id).send().await.unwrap();
    found.db_instances()[0].clone()
}

fn arn(region: &str, id: &str) -> String {
    format!("arn:aws:rds:{region}:444444444444:db:{id}")
}

async fn lag_s(sim: &Sim) -> Option<f64> {
    let config = acting_in_data(sim, AWAY).await;
    newest_metric(sim, &config, ("AWS/RDS", "ReplicaLag"), &[("DBInstanceIdentifier", "ledger-replica")])
        .await
}

#[tokio::test]
async fn a_replica_names_its_source_and_a_filter_answers_nothing_for_what_is_not_there() {
    let sim = sim().await;
    let away = rds(&sim, AWAY).await;
    let replica = instance(&away, "ledger-replica").await;
    assert_eq!(replica.read_replica_source_db_instance_identifier(), Some(arn(HOME, "ledger").as_str()));
    assert_eq!(replica.status_infos()[0].status(), Some("replicating"));
    assert!(replica.endpoint().unwrap().address().unwrap().contains("ledger-replica"));
    let source = instance(&rds(&sim, HOME).await, "ledger").await;
    assert_eq!(source.read_replica_db_instance_identifiers(), [arn(AWAY, "ledger-replica")]);
    let filter = aws_sdk_rds::types::Filter::builder()
        .name("db-instance-id")
        .values("ledger-replica")
        .values("ledger-replica-holdfast-1")
        .build();
    let found = away.describe_db_instances().filters(filter).send().await.unwrap();
    assert_eq!(found.db_instances().len(), 1);
}

#[tokio::test]
async fn lag_grows_when_the_link_is_cut_and_replication_is_said_to_be_in_error() {
    let sim = sim().await;
    assert!(lag_s(&sim).await.unwrap() < 3.0);
    sim.set_link_cut(HOME, AWAY, true);
    sim.advance(Duration::from_secs(120));
    assert!(lag_s(&sim).await.unwrap() >= 120.0);
    let replica = instance(&rds(&sim, AWAY).await, "ledger-replica").await;
    assert_eq!(replica.status_infos()[0].status(), Some("error"));
}

#[tokio::test]
async fn a_paused_replica_says_so_and_falls_behind() {
    let sim = sim().await;
    sim.tamper(|world| {
        let replica = world.stores.databases.iter_mut().find(|d| d.id == "ledger-replica").unwrap();
        replica.paused = true;
    });
    sim.advance(Duration::from_secs(120));
    assert!(lag_s(&sim).await.unwrap() >= 120.0);
    let replica = instance(&rds(&sim, AWAY).await, "ledger-replica").await;
    assert_eq!(replica.status_infos()[0].status(), Some("stopped"));
}

#[tokio::test]
async fn a_promotion_passes_its_states_loses_the_lag_and_leaves_the_source_writing() {
    let sim = sim().await;
    let away = rds(&sim, AWAY).await;
    sim.set_region_dark(HOME, true);
    sim.advance(Duration::from_secs(30));
    away.promote_read_replica().db_instance_identifier("ledger-replica").send().await.unwrap();
    assert_eq!(instance(&away, "ledger-replica").await.db_instance_status(), Some("modifying"));
    let early = away.promote_read_replica().db_instance_identifier("ledger-replica").send().await;
    assert_eq!(code(&early).as_deref(), Some("InvalidDBInstanceState"));
    sim.advance(Duration::from_secs(2));
    assert_eq!(instance(&away, "ledger-replica").await.db_instance_status(), Some("rebooting"));
    sim.advance(Duration::from_secs(2));
    let promoted = instance(&away, "ledger-replica").await;
    assert_eq!(promoted.db_instance_status(), Some("available"));
    assert_eq!(promoted.read_replica_source_db_instance_identifier(), None);
    assert!(sim.look(|w| w.stores.databases.iter().any(|d| d.lost_ms.is_some_and(|ms| ms > 30_000.0))));
    sim.set_region_dark(HOME, false);
    let old = instance(&rds(&sim, HOME).await, "ledger").await;
    assert_eq!(old.read_replica_source_db_instance_identifier(), None, "it takes writes all the same");
    let again = away.promote_read_replica().db_instance_identifier("ledger-replica").send().await;
    assert_eq!(code(&again).as_deref(), Some("InvalidDBInstanceState"));
}

#[tokio::test]
async fn a_replica_that_is_backed_up_is_not_promoted() {
    let sim = sim().await;
    sim.tamper(|world| {
        let found = world.stores.databases.iter_mut().find(|d| d.id == "ledger-replica").unwrap();
        found.doing = Doing::BackingUp { until_ms: i64::MAX };
    });
    let away = rds(&sim, AWAY).await;
    assert_eq!(instance(&away, "ledger-replica").await.db_instance_status(), Some("backing-up"));
    let refused = away.promote_read_replica().db_instance_identifier("ledger-replica").send().await;
    assert_eq!(code(&refused).as_deref(), Some("InvalidDBInstanceState"));
    assert_eq!(sim.ledger().last().map(|e| e.effect), Some(Effect::Refused));
}

#[tokio::test]
async fn a_new_replica_needs_a_free_name_a_source_that_is_reached_and_its_own_key() {
    let sim = sim().await;
    let home = rds(&sim, HOME).await;
    let create = |id: &str| {
        home.create_db_instance_read_replica()
            .db_instance_identifier(id)
            .source_db_instance_identifier(arn(AWAY, "support-spare"))
    };
    let nobody = create("ledger-holdfast-1").send().await;
    assert_eq!(code(&nobody).as_deref(), Some("DBInstanceNotFound"));
    sim.tamper(|world| {
        let mut spare = world.stores.databases.iter().find(|d| d.id == "ledger-replica").unwrap().clone();
        spare.id = "support-spare".into();
        spare.source = None;
        world.stores.databases.push(spare);
    });
    assert_eq!(code(&create("ledger").send().await).as_deref(), Some("DBInstanceAlreadyExists"));
    let no_key = create("ledger-holdfast-1").send().await;
    assert_eq!(code(&no_key).as_deref(), Some("InvalidParameterCombination"));
    let key = "arn:aws:kms:us-east-1:444444444444:key/1";
    let unsigned = create("ledger-holdfast-1").kms_key_id(key).send().await;
    assert_eq!(code(&unsigned).as_deref(), Some("InvalidParameterCombination"));
    let signed = "https://rds.us-west-2.amazonaws.com/?X-Amz-Signature=00";
    sim.set_link_cut(HOME, AWAY, true);
    let apart = create("ledger-holdfast-1").kms_key_id(key).pre_signed_url(signed).send().await;
    assert_eq!(code(&apart).as_deref(), Some("InvalidDBInstanceState"));
    sim.set_link_cut(HOME, AWAY, false);
    create("ledger-holdfast-1").kms_key_id(key).pre_signed_url(signed).send().await.unwrap();
    assert_eq!(instance(&home, "ledger-holdfast-1").await.db_instance_status(), Some("creating"));
    sim.advance(Duration::from_secs(7));
    let built = instance(&home, "ledger-holdfast-1").await;
    assert_eq!(built.db_instance_status(), Some("available"));
    assert_eq!(built.status_infos()[0].status(), Some("replicating"));
}

#[tokio::test]
async fn a_cluster_is_described_and_promoted_as_one() {
    let world = World::empty().account("444444444444", "data-prod", "demo-data-prod").cluster_pair(
        "444444444444",
        (HOME, "books"),
        (AWAY, "books-copy"),
    );
    let sim = sim_with(world, None, 0.0).await;
    let away = rds(&sim, AWAY).await;
    let described = || away.describe_db_clusters().db_cluster_identifier("books-copy").send();
    let copy = described().await.unwrap().db_clusters()[0].clone();
    assert_eq!(
        copy.replication_source_identifier(),
        Some("arn:aws:rds:us-east-1:444444444444:cluster:books")
    );
    let wrong = away.promote_read_replica().db_instance_identifier("books-copy").send().await;
    assert_eq!(code(&wrong).as_deref(), Some("DBInstanceNotFound"));
    away.promote_read_replica_db_cluster().db_cluster_identifier("books-copy").send().await.unwrap();
    sim.advance(Duration::from_secs(4));
    assert_eq!(described().await.unwrap().db_clusters()[0].replication_source_identifier(), None);
}

#[tokio::test]
async fn a_replica_cluster_copies_once_it_has_an_instance() {
    let world = World::empty().account("444444444444", "data-prod", "demo-data-prod").cluster_pair(
        "444444444444",
        (HOME, "books"),
        (AWAY, "books-copy"),
    );
    let sim = sim_with(world, None, 0.0).await;
    let away = rds(&sim, AWAY).await;
    let create = |id: &str| {
        away.create_db_cluster()
            .db_cluster_identifier(id)
            .engine("aurora-mysql")
            .replication_source_identifier("arn:aws:rds:us-east-1:444444444444:cluster:books")
            .kms_key_id("arn:aws:kms:us-west-2:444444444444:key/1")
            .pre_signed_url("https://rds.us-east-1.amazonaws.com/?X-Amz-Signature=00")
    };
    let taken = create("books-copy").send().await;
    assert_eq!(code(&taken).as_deref(), Some("DBClusterAlreadyExistsFault"));
    create("books-second").send().await.unwrap();
    let equip = || {
        away.create_db_instance()
            .db_instance_identifier("books-second-1")
            .db_cluster_identifier("books-second")
            .db_instance_class("db.r7g.large")
            .engine("aurora-mysql")
            .send()
    };
    assert_eq!(code(&equip().await).as_deref(), Some("InvalidDBClusterStateFault"), "it is being created");
    sim.advance(Duration::from_secs(7));
    let lag = || async {
        let config = acting_in_data(&sim, AWAY).await;
        let of = [("DBClusterIdentifier", "books-second")];
        newest_metric(&sim, &config, ("AWS/RDS", "AuroraBinlogReplicaLag"), &of).await
    };
    assert_eq!(lag().await, None, "nothing copies yet");
    equip().await.unwrap();
    assert_eq!(code(&equip().await).as_deref(), Some("DBInstanceAlreadyExists"));
    assert_eq!(instance(&away, "books-second-1").await.db_instance_status(), Some("creating"));
    sim.advance(Duration::from_secs(907));
    assert_eq!(instance(&away, "books-second-1").await.db_instance_status(), Some("available"));
    assert!(lag().await.is_some());
    let (config, of) = (acting_in_data(&sim, AWAY).await, [("DBClusterIdentifier", "books-second")]);
    let earlier = SystemTime::now() - Duration::from_secs(300);
    let metric = ("AWS/RDS", "AuroraBinlogReplicaLag");
    let was = metric_until(&sim, &config, metric, &of, earlier).await;
    assert!(was.is_some(), "it has copied since its instance was there, not since somebody looked");
}
