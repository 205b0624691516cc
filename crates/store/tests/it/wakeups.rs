//! Notifications reach every listener; a lost connection is followed by "look again".

use crate::{entry, furnished, replace, start_run};
use holdfast_store::{Store, Wakeup, Wakeups};
use holdfast_testkit::inventory;
use std::time::Duration;

pub async fn next(wakeups: &mut Wakeups) -> Wakeup {
    tokio::time::timeout(Duration::from_secs(10), wakeups.next()).await.expect("a wakeup")
}

/// The first says that there is a listener, the second that it is connected.
pub async fn listening(store: &Store) -> Wakeups {
    let mut wakeups = store.wakeups();
    assert_eq!(next(&mut wakeups).await, Wakeup::LookAgain);
    assert_eq!(next(&mut wakeups).await, Wakeup::LookAgain);
    wakeups
}

#[tokio::test]
async fn what_is_committed_is_heard_by_all_and_what_is_not_by_nobody() {
    let (_database, store) = furnished().await;
    let mut one = listening(&store).await;
    let mut other = store.wakeups();
    assert_eq!(next(&mut other).await, Wakeup::LookAgain);
    let mut undone = store.begin().await.unwrap();
    undone.set_automation(false, "x", None).await.unwrap();
    drop(undone);
    replace(&store, &inventory()).await.unwrap();
    let run = start_run(&store, "shop", false).await.unwrap();
    let mut change = store.begin().await.unwrap();
    change.set_automation(false, "operator@example.com", Some("freeze")).await.unwrap();
    change.commit(entry("automation.switch")).await.unwrap();
    for wakeups in [&mut one, &mut other] {
        assert_eq!(next(wakeups).await, Wakeup::Inventory);
        assert_eq!(next(wakeups).await, Wakeup::Run(run));
        assert_eq!(next(wakeups).await, Wakeup::Automation);
    }
    let automation = store.automation().await.unwrap();
    assert_eq!((automation.on, automation.reason.as_deref()), (false, Some("freeze")));
}

#[tokio::test]
async fn a_lost_connection_is_replaced_and_followed_by_look_again() {
    let (database, store) = furnished().await;
    let mut wakeups = listening(&store).await;
    let killed: Vec<bool> = sqlx::query_scalar(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name = 'holdfast wakeups' AND datname = current_database()",
    )
    .fetch_all(&mut database.owner().await)
    .await
    .unwrap();
    assert_eq!(killed, [true]);
    assert_eq!(next(&mut wakeups).await, Wakeup::LookAgain);
    replace(&store, &inventory()).await.unwrap();
    assert_eq!(next(&mut wakeups).await, Wakeup::Inventory);
}
