//! How entries get their places and checkpoints their signatures: late ones, many sequencers at once, keys that hand over,
//! a log or a place that was rewound.

use super::{ENTRIES, House, free_of_triggers, run};
use crate::proxy::Proxy;
use crate::wire::database_of;
use holdfast_engine::audit::{AuditSettings, Error, Opened, Place, Round, Sequencer, new_key};
use holdfast_store::{Pools, Store};
use sqlx::Connection as _;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

#[tokio::test]
async fn a_log_that_was_rewound_or_rewritten_gets_no_new_checkpoint() {
    for sql in [
        "DELETE FROM audit_leaves WHERE leaf_index >= 48; DELETE FROM audit_checkpoints WHERE size > 48",
        "UPDATE audit_checkpoints SET root = sha256('x'::bytea) WHERE size = (SELECT max(size) FROM audit_checkpoints)",
        "DELETE FROM audit_checkpoints",
        "INSERT INTO audit_leaves (leaf_index, entry, hash) VALUES (96, 1000000, sha256('x'::bytea))",
    ] {
        let house = House::new().await;
        let mut superuser = house.database.owner().await;
        free_of_triggers(&mut superuser).await;
        run(&mut superuser, sql.into()).await;
        let before = house.place().newest().await.unwrap();
        house.write(1_000).await;
        let refused = house.sequencer().round().await;
        assert!(matches!(refused, Err(Error::NotTheSameLog(_) | Error::Store(_))), "{sql}: {refused:?}");
        assert_eq!(house.place().newest().await.unwrap(), before, "{sql}");
        let state = house.store.log_state().await.unwrap();
        assert!(state.places[0].error.is_some(), "{sql}: the place says why");
    }
}

#[tokio::test]
async fn a_place_that_lost_what_it_held_is_told_and_not_written_to_until_it_is_put_back() {
    let house = House::new().await;
    let (file, aside) = (house.folder.path().join("checkpoints"), house.folder.path().join("aside"));
    std::fs::rename(&file, &aside).unwrap();
    let before = house.store.log_state().await.unwrap().places;
    // Gone, and in the way of being read.
    for unreadable in [false, true] {
        if unreadable {
            std::fs::create_dir(&file).unwrap();
        }
        assert!(matches!(house.sequencer().round().await.unwrap(), Round::Placed { .. }));
        let place = house.store.log_state().await.unwrap().places.remove(0);
        assert_eq!((place.size, place.written_at), (before[0].size, before[0].written_at));
        let error = place.error.unwrap();
        let words = if unreadable { "cannot be read" } else { "held a checkpoint over 96 entries" };
        assert!(error.contains(words), "{error}");
    }
    std::fs::remove_dir(&file).unwrap();
    assert!(!file.exists(), "nothing was written over the loss");
    std::fs::rename(&aside, &file).unwrap();
    house.sequencer().round().await.unwrap();
    let place = house.store.log_state().await.unwrap().places.remove(0);
    assert_eq!((place.size, place.error), (Some(ENTRIES + 1), None));
    house.verified(&mut house.database.owner().await).await.unwrap();
}

/// Takes a checkpoint in and never says so.
#[derive(Debug)]
struct Silent;

#[async_trait::async_trait]
impl Place for Silent {
    fn name(&self) -> String {
        "silent".into()
    }
    async fn write(&self, _: &str) -> Result<(), String> {
        std::future::pending().await
    }
    async fn newest(&self) -> Result<Option<String>, String> {
        Ok(None)
    }
}

/// R1: before the commit of what it signed; after it, and before it has heard so; after that, and before anybody outside has
/// the checkpoint.
#[tokio::test(flavor = "multi_thread")]
async fn sequencers_that_die_while_they_sign_leave_a_log_that_the_next_one_goes_on_with() {
    let house = House::empty().await;
    let url = &house.database.app_url;
    for n in 0..9 {
        house.write(n).await;
        let proxy = Proxy::before_writing(database_of(url), "INSERT INTO audit_leaves").await;
        let store = Store::connect(&proxy.url(url), Pools { web: 2, engine: 1 }).await.unwrap();
        let mut settings = AuditSettings {
            key_file: house.key_file(),
            make_key: true,
            opened: Opened::default(),
            places: vec![Arc::new(house.place())],
        };
        match n % 3 {
            0 => proxy.cut_commits(1),
            1 => proxy.lose_answers(1),
            _ => settings.places.insert(0, Arc::new(Silent)),
        }
        let mut dying = Sequencer::new(store, settings);
        let died = tokio::time::timeout(Duration::from_millis(1_500), dying.round()).await;
        assert!(!matches!(died, Ok(Ok(_))), "it went on: {died:?}");
        drop(dying);
        if n % 2 == 1 {
            house.sequencer().round().await.unwrap();
        }
    }
    house.sequencer().round().await.unwrap();
    let report = house.verified(&mut house.database.owner().await).await.unwrap();
    assert_eq!((report.entries, report.pending), (9, 0));
    let places: i64 = sqlx::query_scalar("SELECT count(DISTINCT leaf_index) FROM audit_leaves")
        .fetch_one(&mut house.database.owner().await)
        .await
        .unwrap();
    assert_eq!(places, 9, "each has one place");
}

#[tokio::test]
async fn an_entry_that_is_committed_late_gets_its_place_all_the_same() {
    let house = House::empty().await;
    let mut late = house.database.app().await;
    let mut transaction = late.begin().await.unwrap();
    let insert =
        "INSERT INTO audit_entries (action, actor_kind, actor, subject_kind, subject, outcome, detail)
                  VALUES ('run.go_on', 'system', 'late', 'run', 'x', 'done', '{}') RETURNING id";
    let number: i64 = sqlx::query_scalar(insert).fetch_one(&mut *transaction).await.unwrap();
    for n in 0..5 {
        house.write(n).await;
    }
    let mut sequencer = house.sequencer();
    assert_eq!(sequencer.round().await.unwrap(), Round::Placed { entries: 5, more: false });
    transaction.commit().await.unwrap();
    assert_eq!(sequencer.round().await.unwrap(), Round::Placed { entries: 1, more: false });
    let entry = house.store.log_entry(number).await.unwrap();
    assert_eq!(entry.leaf.map(|(index, _)| index), Some(5), "after those with larger numbers");
    house.verified(&mut house.database.owner().await).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_sequencers_at_once_give_every_entry_one_place() {
    let house = House::empty().await;
    house.sequencer().round().await.unwrap();
    for n in 0..60 {
        house.write(n).await;
    }
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let mut sequencer = house.sequencer();
        all.spawn(async move {
            for _ in 0..20 {
                sequencer.round().await.unwrap();
                tokio::task::yield_now().await;
            }
        });
    }
    all.join_all().await;
    let report = house.verified(&mut house.database.owner().await).await.unwrap();
    assert_eq!((report.entries, report.pending), (60, 0));
}

#[tokio::test]
async fn a_key_hands_over_to_the_next_and_the_first_public_key_still_verifies() {
    let house = House::new().await;
    new_key(&house.key_file()).unwrap();
    house.sequencer().round().await.unwrap();
    house.write(2_000).await;
    house.sequencer().round().await.unwrap();
    let report = house.verified(&mut house.database.owner().await).await.unwrap();
    assert_eq!((report.entries, report.pending), (ENTRIES + 2, 0));
    // With the old key gone from the file the new one goes on; a key that nobody vouches for does not.
    let text = std::fs::read_to_string(house.key_file()).unwrap();
    let (old, new) = text.trim().split_once('\n').unwrap();
    let folder = TempDir::new().unwrap();
    let other = AuditSettings {
        key_file: folder.path().join("key"),
        make_key: true,
        opened: Opened::default(),
        places: vec![],
    };
    assert!(matches!(Sequencer::new(house.store.clone(), other).round().await, Err(Error::Key(_))));
    std::fs::write(house.key_file(), new).unwrap();
    house.write(2_001).await;
    assert_eq!(house.sequencer().round().await.unwrap(), Round::Placed { entries: 1, more: false });
    std::fs::write(house.key_file(), old).unwrap();
}

#[tokio::test]
async fn a_round_that_fails_has_let_the_log_go_when_it_returns() {
    let house = House::new().await;
    let folder = TempDir::new().unwrap();
    let settings = AuditSettings {
        key_file: folder.path().join("key"),
        make_key: true,
        opened: Opened::default(),
        places: vec![],
    };
    let mut failing = Sequencer::new(house.store.clone(), settings);
    let replica = house.database.store().await;
    for n in 0..20 {
        assert!(matches!(failing.round().await, Err(Error::Key(_))));
        let held = replica.hold_log().await.unwrap().unwrap_or_else(|| panic!("{n}: it is still held"));
        held.let_go().await.unwrap();
    }
}

#[tokio::test]
async fn an_idle_log_says_that_it_stands() {
    let house = House::new().await;
    house.sequencer().round().await.unwrap();
    let size = house.store.newest_checkpoint().await.unwrap().unwrap().size;
    let mut owner = house.database.owner().await;
    free_of_triggers(&mut owner).await;
    run(&mut owner, "UPDATE audit_checkpoints SET at = at - interval '31 seconds'".into()).await;
    let before = house.store.newest_checkpoint().await.unwrap().unwrap();
    house.sequencer().round().await.unwrap();
    let after = house.store.newest_checkpoint().await.unwrap().unwrap();
    assert_eq!((after.size, after.root), (size, before.root));
    assert!(after.at > before.at && after.note != before.note);
}
