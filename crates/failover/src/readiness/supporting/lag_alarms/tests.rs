//! Which alarm is on a store's lag, kind by kind.

use crate::plan::Picture;
use crate::readiness::{Finding, findings};
use crate::testing::stores::{buckets, database, datastore, datastore_member, replica, table_replica};
use crate::testing::world::{
    A, B, alarm_on, arn, around, aurora, aurora_facts, key, known, lag_alarm, shop, table, unknown,
};
use crate::testing::{name, region};
use holdfast_domain::facts::{Consistency, TableReplica};
use holdfast_domain::{Facts, Resource, Strategy};

/// What is said of a store that has this alarm in one Region.
fn said(store: (Resource, Option<Facts>), alarm: Option<(&str, Facts)>) -> Option<Finding> {
    let mut picture = Picture { observations: [].into(), ..shop() };
    let (store, seen) = store;
    if let Some(facts) = seen {
        picture.observations.insert(key(store.name.as_str(), B), known(facts));
    }
    picture.application.resources = vec![store];
    if let Some((code, facts)) = alarm {
        picture.application.resources.push(lag_alarm("lag", &[code]));
        picture.observations.insert(key("lag", code), known(facts));
    }
    of(&picture)
}

fn of(picture: &Picture) -> Option<Finding> {
    let found = findings(&picture.application, around(picture), &picture.observations, picture.now);
    found.into_iter().find(|f| f.code == "no_lag_alarm")
}

fn on(metric: (&str, &str), dimensions: &[(&str, &str)]) -> Facts {
    Facts::Alarm { alarm: Some(alarm_on(metric, dimensions)) }
}

#[test]
fn the_alarm_is_asked_for_where_the_metric_is_and_on_the_store_that_it_is_about() {
    let replicated = || table_replica(A, Some("ACTIVE"));
    let cases = [
        (
            (aurora("orders"), aurora_facts("orders", B, false)),
            (B, ("AWS/RDS", "AuroraGlobalDBRPOLag"), vec![("DBClusterIdentifier", "orders")]),
        ),
        (
            (database("ledger"), replica(B, "ledger-replica", Some(arn("ledger", A)))),
            (B, ("AWS/RDS", "ReplicaLag"), vec![("DBInstanceIdentifier", "ledger-replica")]),
        ),
        (
            (table("carts"), Facts::TableReplica(replicated())),
            // Written at home, so told at home.
            (A, ("AWS/DynamoDB", "ReplicationLatency"), vec![("TableName", "carts"), ("ReceivingRegion", B)]),
        ),
        (
            (datastore("cache"), Facts::DatastoreMember(datastore_member(B, false))),
            (
                B,
                ("AWS/ElastiCache", "GlobalDatastoreReplicationLag"),
                vec![("ReplicationGroupId", "carts-eu-central-1")],
            ),
        ),
        (
            (buckets("exports"), crate::testing::stores::bucket(B, vec![], vec![])),
            (
                A,
                ("AWS/S3", "ReplicationLatency"),
                vec![("SourceBucket", "exports-us-east-1"), ("DestinationBucket", "exports-eu-central-1")],
            ),
        ),
    ];
    for ((store, facts), (code, metric, dimensions)) in cases {
        let store = || (store.clone(), Some(facts.clone()));
        let missing = said(store(), None).unwrap();
        for word in [metric.0, code].into_iter().chain(dimensions.iter().flat_map(|(n, v)| [*n, *v])) {
            assert!(missing.way_out.contains(word), "{word}: {}", missing.way_out);
        }
        assert_eq!(said(store(), Some((code, on(metric, &dimensions)))), None, "{metric:?}");
        let mut another = dimensions.clone();
        another[0].1 = "another";
        assert!(said(store(), Some((code, on(metric, &another)))).is_some(), "{metric:?} of another");
        assert!(said(store(), Some((code, on(("Own", metric.1), &dimensions)))).is_some(), "{metric:?}");
        if metric.0 != "AWS/S3" {
            let elsewhere = if code == A { B } else { A };
            let said = said(store(), Some((elsewhere, on(metric, &dimensions))));
            assert!(said.is_some(), "{metric:?} has no data in {elsewhere}");
        }
    }
}

#[test]
fn a_table_without_lag_needs_no_alarm_and_one_written_everywhere_may_have_it_anywhere() {
    let strong = TableReplica { consistency: Consistency::Strong, ..table_replica(A, Some("ACTIVE")) };
    assert_eq!(said((table("carts"), Some(Facts::TableReplica(strong))), None), None);

    let mut picture = Picture { observations: [].into(), ..shop() };
    picture.application.strategy = Strategy::ActiveActive;
    picture.application.recovery_regions.push(region(crate::testing::world::C));
    picture.application.resources = vec![table("carts"), lag_alarm("to-b", &[B]), lag_alarm("to-c", &[B])];
    let metric = ("AWS/DynamoDB", "ReplicationLatency");
    let to = |to: &str| on(metric, &[("TableName", "carts"), ("ReceivingRegion", to)]);
    picture.observations.insert(key("to-c", B), known(to(crate::testing::world::C)));
    picture.observations.insert(key("to-b", B), known(to(B)));
    let found = of(&picture).unwrap();
    assert_eq!(found.region, Some(region(B)), "what is told where it arrives watches nothing");
}

#[test]
fn what_may_be_the_alarm_is_taken_for_it() {
    let store = || (aurora("orders"), None);
    let metric = ("AWS/RDS", "AuroraGlobalDBProgressLag");
    let some = on(metric, &[("DBClusterIdentifier", "perhaps-this-one")]);
    assert_eq!(said(store(), Some((B, some.clone()))), None, "the store was never seen");

    let mut picture = Picture { observations: [].into(), ..shop() };
    picture.application.resources = vec![aurora("orders"), lag_alarm("lag", &[B])];
    picture.observations.insert(key("lag", B), unknown(None));
    assert_eq!(of(&picture), None, "it could not be seen, and is told of by itself");

    picture.observations.insert(key("lag", B), known(some));
    picture.application.resources[1].account = name("another");
    assert!(of(&picture).is_some(), "another account has other metrics");
}
