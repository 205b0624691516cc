//! The audit log before somebody who may do anything in the database: whatever they do to what was signed, the
//! verifier tells it from the exported file, the public key and the checkpoint that was kept apart.

mod actions;
mod sequencing;
mod tampered;

use holdfast_audit::bundle::{Report, Unverified, Verifier, verify};
use holdfast_audit::{Fault, Keyring, SigningKey};
use holdfast_engine::audit::{AuditSettings, FilePlace, Opened, Place as _, Sequencer};
use holdfast_store::{AuditActor, AuditEntry, Exported, Store, log};
use holdfast_testkit::{TestDatabase, test_database};
use serde_json::json;
use sqlx::{AssertSqlSafe, PgConnection, Row as _};
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
        let settings = AuditSettings {
            key_file: self.key_file(),
            make_key: true,
            opened: Opened::default(),
            places: vec![Arc::new(self.place())],
        };
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
        for part in log::exported(&mut *connection, 0, size, 100_000).await.unwrap() {
            count += u64::from(matches!(part, Exported::Entry(_)));
            lines.push(serde_json::to_string(&part.into_line()).unwrap());
        }
        for entry in log::pending(&mut *connection, 0, size, 100_000).await.unwrap() {
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
    let parts = log::exported(&mut *connection, index, index + 1, 1).await.unwrap();
    let Some(Exported::Entry(entry)) = parts.first() else { panic!("no entry {index}") };
    let hash = hex::encode(entry.entry.leaf_hash().unwrap());
    run(connection, format!("UPDATE audit_leaves SET hash = '\\x{hash}' WHERE leaf_index = {index}")).await;
}

#[tokio::test]
async fn a_whole_log_is_verified_and_says_what_is_younger_than_its_last_checkpoint() {
    let house = House::new().await;
    let report = house.verified(&mut house.database.owner().await).await.unwrap();
    assert_eq!((report.entries, report.pending, report.witnesses), (ENTRIES, 1, 1));
    assert_eq!(report.checkpoints, ENTRIES / PER_CHECKPOINT);
}
