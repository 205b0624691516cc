//! The audit log before somebody who may do anything in the database: whatever they do to what was signed, the
//! verifier tells it from the exported file, the public key and the checkpoint that was kept apart.

use holdfast_audit::bundle::{Report, Unverified, Verifier, verify};
use holdfast_audit::{Fault, Keyring, SigningKey};
use holdfast_engine::audit::{AuditSettings, Error, FilePlace, Place as _, Round, Sequencer, new_key};
use holdfast_store::{AuditActor, AuditEntry, Exported, Store, log};
use holdfast_testkit::{TestDatabase, test_database};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

const ENTRIES: u64 = 96;
const PER_CHECKPOINT: u64 = 12;

struct House {
    database: TestDatabase,
    store: Store,
    folder: TempDir,
}

impl House {
    async fn empty() -> Self {
        let database = test_database().await;
        let store = database.store().await;
        Self { database, store, folder: TempDir::new().unwrap() }
    }

    /// A log of some checkpoints, and one entry that is younger than the last.
    async fn new() -> Self {
        let house = Self::empty().await;
        for round in 0..ENTRIES / PER_CHECKPOINT {
            for n in 0..PER_CHECKPOINT {
                house.write(round * PER_CHECKPOINT + n).await;
            }
            house.sequencer().round().await.unwrap();
        }
        house.write(ENTRIES).await;
        house
    }

    async fn write(&self, n: u64) {
        let by = AuditActor::System { name: format!("worker-{}", n % 3) };
        let entry = AuditEntry::done("run.go_on", by, "run", n)
            .because(format!("reason {n}"))
            .with(json!({ "n": n, "nested": { "é": [1.5, null] } }));
        self.store.audit(entry).await.unwrap();
    }

    fn key_file(&self) -> PathBuf {
        self.folder.path().join("key")
    }

    fn place(&self) -> FilePlace {
        FilePlace::new(self.folder.path().join("checkpoints"))
    }

    fn sequencer(&self) -> Sequencer {
        let settings =
            AuditSettings { key_file: self.key_file(), make_key: true, places: vec![Arc::new(self.place())] };
        Sequencer::new(self.store.clone(), settings)
    }

    fn key(&self) -> SigningKey {
        let text = std::fs::read_to_string(self.key_file()).unwrap();
        SigningKey::parse(text.lines().next().unwrap()).unwrap()
    }

    /// The file as the server makes it, read over this connection.
    async fn export(&self, connection: &mut PgConnection) -> String {
        let size: Option<i64> =
            sqlx::query_scalar("SELECT size FROM audit_checkpoints ORDER BY id DESC LIMIT 1")
                .fetch_optional(&mut *connection)
                .await
                .unwrap();
        let size = size.unwrap_or(0).try_into().unwrap();
        let mut lines =
            vec![json!({ "holdfast_audit_log": 1, "origin": self.key().public().name() }).to_string()];
        for key in self.store.log_keys().await.unwrap().into_iter().filter_map(|key| key.handover) {
            lines.push(json!({ "handover": key }).to_string());
        }
        lines.push(json!({ "witness": self.place().newest().await.unwrap().unwrap() }).to_string());
        let mut count = 0;
        for part in log::exported(connection, 0, size, 100_000).await.unwrap() {
            count += u64::from(matches!(part, Exported::Entry(_)));
            lines.push(serde_json::to_string(&part.into_line()).unwrap());
        }
        for entry in log::pending(connection, 0, size, 100_000).await.unwrap() {
            count += 1;
            lines.push(serde_json::to_string(&entry.into_pending_line()).unwrap());
        }
        lines.push(json!({ "end": count }).to_string());
        lines.join("\n")
    }

    async fn verified(&self, connection: &mut PgConnection) -> Result<Report, Fault> {
        let file = self.export(connection).await;
        match verify(file.as_bytes(), Verifier::new(Keyring::of(self.key().public())), 1) {
            Ok(report) => Ok(report),
            Err(Unverified::Fault(fault)) => Err(fault),
            Err(Unverified::Io(error)) => panic!("{error}"),
        }
    }
}

async fn run(connection: &mut PgConnection, sql: String) {
    sqlx::raw_sql(AssertSqlSafe(sql.clone()))
        .execute(connection)
        .await
        .unwrap_or_else(|e| panic!("{sql}: {e}"));
}

async fn free_of_triggers(connection: &mut PgConnection) {
    for table in ["audit_entries", "audit_leaves", "audit_nodes", "audit_checkpoints"] {
        run(connection, format!("ALTER TABLE {table} DISABLE TRIGGER USER")).await;
    }
}

/// The number of the entry at a place of the log.
async fn entry_at(connection: &mut PgConnection, index: u64) -> i64 {
    let sql = format!("SELECT entry FROM audit_leaves WHERE leaf_index = {index}");
    sqlx::query(AssertSqlSafe(sql)).fetch_one(connection).await.unwrap().get(0)
}

/// Makes the leaf fit what the entry says now.
async fn refit(connection: &mut PgConnection, index: u64) {
    let parts = log::exported(connection, index, index + 1, 1).await.unwrap();
    let Some(Exported::Entry(entry)) = parts.first() else { panic!("no entry {index}") };
    let hash = hex::encode(entry.entry.leaf_hash().unwrap());
    run(connection, format!("UPDATE audit_leaves SET hash = '\\x{hash}' WHERE leaf_index = {index}")).await;
}

/// A small generator, so that a failure can be had again.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

async fn forge_entry(connection: &mut PgConnection, index: u64, seed: u64) {
    let sql = format!(
        "INSERT INTO audit_entries (action, actor_kind, actor, subject_kind, subject, outcome, detail)
         VALUES ('run.approve', 'system', 'forged-{seed}', 'run', 'x', 'done', '{{}}')"
    );
    run(connection, sql).await;
    let sql = format!(
        "INSERT INTO audit_leaves (leaf_index, entry, hash) SELECT {index}, max(id), sha256('x'::bytea) FROM audit_entries"
    );
    run(connection, sql).await;
    refit(connection, index).await;
}

/// Moves the places of everything from `from` on by one.
async fn shift(connection: &mut PgConnection, from: u64, by: i64) {
    run(
        connection,
        format!("UPDATE audit_leaves SET leaf_index = leaf_index + 1000000 WHERE leaf_index >= {from}"),
    )
    .await;
    run(
        connection,
        format!(
            "UPDATE audit_leaves SET leaf_index = leaf_index - 1000000 + {by} WHERE leaf_index >= 1000000"
        ),
    )
    .await;
}

/// Does one thing to the log; the place of the first entry that is not what it was.
async fn tamper(connection: &mut PgConnection, seeded: &mut Seeded) -> (String, u64) {
    let index = seeded.below(ENTRIES);
    let entry = entry_at(connection, index).await;
    let what = seeded.below(10);
    let text = match what {
        0 | 1 => {
            let sets = [
                "actor = actor || 'x'",
                "subject = '7' || subject",
                "reason = reason || ' '",
                "reason = NULL",
                "detail = detail || '{\"n\": -1}'",
                "detail = detail - 'n'",
                "at = at + interval '1 microsecond'",
                "action = 'run.approve'",
                "outcome = 'refused', code = 'self_review'",
                "application = 'shop'",
                "request_id = 'x'",
                "salt = set_byte(salt, 3, (get_byte(salt, 3) + 1) % 256)",
                "actor_kind = 'nobody'",
            ];
            let set = sets[seeded.below(sets.len() as u64) as usize];
            run(connection, format!("UPDATE audit_entries SET {set} WHERE id = {entry}")).await;
            if what == 1 {
                refit(connection, index).await;
            }
            format!("{set} of entry {index}, {}", if what == 1 { "with its leaf" } else { "alone" })
        }
        2 => {
            run(connection, format!("DELETE FROM audit_entries WHERE id = {entry}")).await;
            format!("deletion of entry {index}")
        }
        3 => {
            run(connection, format!("DELETE FROM audit_leaves WHERE leaf_index = {index}")).await;
            format!("deletion of leaf {index}")
        }
        4 => {
            run(connection, format!("DELETE FROM audit_entries WHERE id = {entry}")).await;
            run(connection, format!("DELETE FROM audit_leaves WHERE leaf_index = {index}")).await;
            shift(connection, index, -1).await;
            format!("deletion of entry {index} with those after it moved up")
        }
        5 | 6 => {
            shift(connection, index, 1).await;
            forge_entry(connection, index, index).await;
            format!("an entry forged at {index}")
        }
        7 => {
            let other = (index + 1 + seeded.below(ENTRIES - 1)) % ENTRIES;
            let swapped = entry_at(connection, other).await;
            let sql = format!(
                "UPDATE audit_leaves SET entry = -entry WHERE leaf_index IN ({index}, {other});
                 UPDATE audit_leaves l SET entry = -o.entry, hash = o.hash FROM audit_leaves o
                 WHERE l.leaf_index IN ({index}, {other}) AND o.leaf_index = {index} + {other} - l.leaf_index"
            );
            run(connection, sql).await;
            return (format!("entries {index} ({entry}) and {other} ({swapped}) swapped"), index.min(other));
        }
        8 => {
            let keep = index / PER_CHECKPOINT * PER_CHECKPOINT;
            let sql = format!(
                "DELETE FROM audit_entries WHERE id IN (SELECT entry FROM audit_leaves WHERE leaf_index >= {keep});
                 DELETE FROM audit_leaves WHERE leaf_index >= {keep};
                 DELETE FROM audit_checkpoints WHERE size > {keep}"
            );
            run(connection, sql).await;
            return (format!("everything from {keep} on cut off, as by an old backup"), keep);
        }
        _ => {
            let sql = format!(
                "DELETE FROM audit_entries WHERE id IN (SELECT entry FROM audit_leaves WHERE leaf_index >= {index})"
            );
            run(connection, sql).await;
            format!("the entries from {index} on cut off")
        }
    };
    (text, index)
}

#[tokio::test]
async fn a_whole_log_is_verified_and_says_what_is_younger_than_its_last_checkpoint() {
    let house = House::new().await;
    let report = house.verified(&mut house.database.owner().await).await.unwrap();
    assert_eq!((report.entries, report.pending, report.witnesses), (ENTRIES, 1, 1));
    assert_eq!(report.checkpoints, ENTRIES / PER_CHECKPOINT);
}

#[tokio::test]
async fn of_a_thousand_seeded_things_that_a_superuser_does_each_is_told_with_the_first_bad_entry() {
    let house = House::new().await;
    let mut superuser = house.database.owner().await;
    let mut seeded = Seeded(20_261_126);
    for n in 0..1_000 {
        let mut transaction = superuser.begin().await.unwrap();
        free_of_triggers(&mut transaction).await;
        let (what, first) = tamper(&mut transaction, &mut seeded).await;
        let fault = match house.verified(&mut transaction).await {
            Ok(report) => panic!("{n}: {what} was not told: {report:?}"),
            Err(fault) => fault,
        };
        let from = fault.entry.unwrap_or_else(|| panic!("{n}: {what}: no entry is named: {fault}"));
        let to = fault.to_entry.unwrap_or(from);
        assert!(from <= first && first <= to, "{n}: {what} (first bad {first}): {fault}");
        transaction.rollback().await.unwrap();
    }
    house.verified(&mut superuser).await.unwrap();
}

#[tokio::test]
async fn a_log_that_is_written_anew_with_another_key_is_not_the_log() {
    let house = House::new().await;
    let mut superuser = house.database.owner().await;
    free_of_triggers(&mut superuser).await;
    let sql = "UPDATE audit_entries SET actor = 'somebody-else';
               TRUNCATE audit_leaves, audit_nodes, audit_checkpoints;
               ALTER TABLE audit_keys DISABLE TRIGGER USER; TRUNCATE audit_keys";
    run(&mut superuser, sql.into()).await;
    let mut forger = house.sequencer();
    let folder = TempDir::new().unwrap();
    let elsewhere = AuditSettings::within(folder.path());
    Sequencer::new(house.store.clone(), elsewhere).round().await.unwrap();
    let fault = house.verified(&mut superuser).await.unwrap_err();
    assert_eq!(fault.entry, Some(0), "{fault}");
    let refused = forger.round().await;
    assert!(matches!(refused, Err(Error::Key(_) | Error::NotTheSameLog(_))), "{refused:?}");
}

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
    let other = AuditSettings { key_file: folder.path().join("key"), make_key: true, places: vec![] };
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
    let settings = AuditSettings { key_file: folder.path().join("key"), make_key: true, places: vec![] };
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

mod actions {
    //! No audit, no action.

    use super::run;
    use crate::house::{House, until};
    use holdfast_api::audit_log::AuditLogs as _;
    use holdfast_api::runs::{RequestRun, Runs as _};
    use holdfast_failover::{Mode, RunState};

    /// As a full disk would do it; a sequence, which no rollback takes back, counts the attempts.
    const UNWRITABLE: &str = "CREATE SEQUENCE tried;
         CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
         AS $$ BEGIN PERFORM nextval('tried'); RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END $$;
         CREATE TRIGGER full_disk BEFORE INSERT ON audit_entries FOR EACH ROW EXECUTE FUNCTION full_disk()";

    #[tokio::test(flavor = "multi_thread")]
    async fn while_the_log_cannot_be_written_no_changing_call_is_made() {
        let mut house = House::new().await;
        house.stop().await;
        let started = house.started().await;
        let mut owner = house.owner().await;
        run(&mut owner, UNWRITABLE.into()).await;
        house.start().await;
        until("the worker to try more than once", || async {
            let tried: i64 = sqlx::query_scalar("SELECT last_value FROM tried")
                .fetch_one(&mut house.owner().await)
                .await
                .unwrap();
            (tried >= 3).then_some(())
        })
        .await;
        assert_eq!(house.cloud.made(), []);
        run(&mut owner, "DROP TRIGGER full_disk ON audit_entries".into()).await;
        house.reaches(&started, RunState::Completed).await;
        assert_eq!(house.cloud.effects().len(), 2);
        house.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn without_a_checkpoint_anywhere_for_five_minutes_nothing_new_starts() {
        let mut house = House::new().await;
        let waiting = house.request(House::asked(Mode::Planned)).await.unwrap();
        until("the first checkpoint outside of the database", || async {
            house.app.audit_log(&house.operator).await.unwrap().places.first()?.written_at
        })
        .await;
        house.stop().await;
        let mut owner = house.owner().await;
        run(&mut owner, "UPDATE audit_places SET written_at = written_at - interval '6 minutes', error = 'the disk is full'".into())
            .await;
        let refused = house.approve(&waiting).await.unwrap_err();
        assert_eq!((refused.status, refused.code.as_str()), (409, "audit_not_kept"));
        assert!(refused.detail.contains("the disk is full"), "{refused:?}");
        // What the pages say beforehand is what is refused.
        let shown = house.app.run(&house.approver, waiting.summary.id.parse().unwrap()).await.unwrap();
        let approve = shown.verbs.into_iter().find(|verb| verb.verb == "approve").unwrap().refused;
        assert_eq!(approve.map(|refusal| refusal.code).as_deref(), Some("audit_not_kept"));
        let another = House::asked(Mode::Emergency);
        let preview = house.app.preview_run(&house.operator, &another).await.unwrap();
        assert_eq!(preview.refused.map(|refusal| refusal.code).as_deref(), Some("audit_not_kept"));
        let dry = RequestRun { dry_run: true, ..another };
        assert_eq!(house.app.preview_run(&house.operator, &dry).await.unwrap().refused, None);
        assert!(house.app.audit_log(&house.operator).await.unwrap().blocks_starts.is_some());
        // The worker comes back, and with its first checkpoint starts are possible again.
        house.start().await;
        until("the next checkpoint", || async {
            house.app.audit_log(&house.operator).await.unwrap().blocks_starts.is_none().then_some(())
        })
        .await;
        let started = house.approve(&waiting).await.unwrap();
        house.reaches(&started, RunState::Completed).await;
        house.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_entry_is_proved_to_be_in_what_was_signed() {
        use holdfast_api::audit::{AuditFilter, Audits as _};
        use holdfast_audit::merkle::{verify_consistency, verify_inclusion};
        use holdfast_audit::{Checkpoint, Entry, VerifyingKey};
        let mut house = House::new().await;
        let run = house.started().await;
        house.reaches(&run, RunState::Completed).await;
        let hash = |text: &String| -> [u8; 32] { hex::decode(text).unwrap().try_into().unwrap() };
        let entries = house.app.audit(&house.operator, &AuditFilter::default()).await.unwrap().items;
        let mut sizes = Vec::new();
        for entry in &entries {
            let view = until("the entry's place", || async {
                let view = house.app.audit_proof(&house.operator, entry.id).await.unwrap();
                view.proof.is_some().then_some(view)
            })
            .await;
            let proof = view.proof.unwrap();
            let keys = house.app.audit_keys(&house.operator).await.unwrap();
            let key = VerifyingKey::parse(&keys[0].public_key).unwrap();
            let signed = Checkpoint::parse(key.verify(&proof.checkpoint.note).unwrap()).unwrap();
            let text = view.logged.to_string();
            let logged: Entry<'_> = serde_json::from_str(&text).unwrap();
            let hashes: Vec<_> = proof.hashes.iter().map(hash).collect();
            assert_eq!(logged.id, entry.id);
            assert!(verify_inclusion(&hash(&proof.leaf), proof.index, signed.size, &hashes, &signed.root));
            sizes.push((signed.size, signed.root));
        }
        sizes.sort_unstable();
        let ((from, old), (to, new)) = (sizes[0], *sizes.last().unwrap());
        let proof = house.app.audit_consistency(&house.operator, from, Some(to)).await.unwrap();
        let hashes: Vec<_> = proof.hashes.iter().map(hash).collect();
        assert!(verify_consistency(from, to, &hashes, &old, &new));
        house.stop().await;
    }
}
