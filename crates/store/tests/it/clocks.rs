//! What workers found of clocks, and the alarms of it.

use crate::{entry, furnished};
use holdfast_failover::clock::Comparison;
use jiff::{SignedDuration, Timestamp};

#[tokio::test]
async fn a_worker_that_has_compared_no_clock_yet_is_told_without_a_figure() {
    let (_database, store) = furnished().await;
    store.worker_start("a").await.unwrap();
    let found = store.clocks().await.unwrap();
    let found: Vec<_> = found.iter().map(|one| (one.worker.as_str(), one.own_ahead)).collect();
    assert_eq!(found, [("a", None)]);
}

#[tokio::test]
async fn an_alarm_of_two_other_clocks_takes_the_place_of_the_one_that_goes_on_and_people_are_told_of_each() {
    let (database, store) = furnished().await;
    store.worker_start("a").await.unwrap();
    let found = Comparison {
        worker: "a".into(),
        at: Timestamp::UNIX_EPOCH,
        own_ahead: Some(SignedDuration::from_secs(9)),
        aws_ahead: None,
    };
    assert_eq!(store.record_clocks(&found).await.unwrap(), None);
    for way_out in ["set the machine's", "set the database's"] {
        let mut change = store.begin().await.unwrap();
        change.end_clock_alarm("a").await.unwrap();
        assert!(change.begin_clock_alarm("a", "two are apart", way_out).await.unwrap());
        change.commit(entry("clock.apart")).await.unwrap();
        assert_eq!(store.record_clocks(&found).await.unwrap().as_deref(), Some(way_out));
    }
    let told: i64 = sqlx::query_scalar("SELECT count(*) FROM notices WHERE clock_alarm IS NOT NULL")
        .fetch_one(&mut database.owner().await)
        .await
        .unwrap();
    assert_eq!(told, 2);
}
