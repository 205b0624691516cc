//! Whatever somebody does to what was signed, the verifier names the first entry that is not what it was.

use super::{ENTRIES, House, PER_CHECKPOINT, entry_at, free_of_triggers, refit, run};
use holdfast_engine::audit::{AuditSettings, Error, Sequencer};
use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;

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
