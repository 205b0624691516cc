//! Journals that went back: what is there of what is remembered, and what was noticed of it.

use crate::wakeups::{listening, next};
use crate::{entry, furnished, name, start_run};
use holdfast_domain::RunId;
use holdfast_failover::gap::Gap;
use holdfast_store::{Store, Wakeup};
use jiff::{SignedDuration, Timestamp};

async fn record(store: &Store, gap: &Gap) -> bool {
    let mut change = store.begin().await.unwrap();
    let new = change.record_gap(gap, "worker-1").await.unwrap();
    change.commit(entry("run.rewound")).await.unwrap();
    new
}

#[tokio::test]
async fn of_each_remembered_entry_it_is_told_whether_it_is_there() {
    let (database, store) = furnished().await;
    let run = start_run(&store, "shop", false).await.unwrap();
    let times = store.entry_times(run).await.unwrap();
    let last = i64::try_from(times.len()).unwrap();
    let gone = RunId::fresh();
    let mut there = store.entries_there(&[(run, last), (gone, 3)]).await.unwrap();
    there.sort_by_key(|found| found.run != run);
    assert_eq!((there[0].at, there[0].settled), (times.last().copied(), false));
    assert_eq!((there[1].run, there[1].at, there[1].settled), (gone, None, false));
    assert_eq!(store.entries_there(&[(run, last + 1)]).await.unwrap()[0].at, None);
    let over = "UPDATE runs SET ended_at = now() - interval '2 minutes', state = 'completed'";
    sqlx::query(over).execute(&mut database.owner().await).await.unwrap();
    assert!(store.entries_there(&[(run, last)]).await.unwrap()[0].settled);
}

#[tokio::test]
async fn a_gap_is_kept_and_told_of_once_wakes_whoever_waits_for_news_of_the_run_and_is_hidden_with_its_application()
 {
    let (database, store) = furnished().await;
    let run = start_run(&store, "shop", false).await.unwrap();
    let gap = Gap { run, application: name("shop"), kept: 1, known: 4, known_at: Timestamp::UNIX_EPOCH };
    let mut wakeups = listening(&store).await;
    assert!(record(&store, &gap).await);
    while next(&mut wakeups).await != Wakeup::Run(run) {}
    assert!(!record(&store, &gap).await, "another replica remembers the same");
    let noticed = store.gaps_of(run).await.unwrap();
    assert_eq!((noticed.len(), &noticed[0].gap, noticed[0].worker.as_str()), (1, &gap, "worker-1"));
    let day = SignedDuration::from_hours(24);
    assert_eq!(store.gaps(day, None).await.unwrap(), noticed);
    assert_eq!(store.gaps(day, Some(&[name("shop")])).await.unwrap(), noticed);
    assert_eq!(store.gaps(day, Some(&[name("billing")])).await.unwrap(), []);
    assert_eq!(store.gaps(SignedDuration::ZERO, None).await.unwrap(), []);
    // The run itself may be gone.
    let gone = Gap { run: RunId::fresh(), kept: 0, ..gap };
    assert!(record(&store, &gone).await);
    assert_eq!(store.gaps_of(gone.run).await.unwrap()[0].gap, gone);
    let told: Vec<(String, Option<uuid::Uuid>)> =
        sqlx::query_as("SELECT kind, run FROM notices WHERE journal_gap IS NOT NULL")
            .fetch_all(&mut database.owner().await)
            .await
            .unwrap();
    assert_eq!(told, [("journal_gap".to_owned(), None), ("journal_gap".to_owned(), None)], "of each once");
}
