//! R17. Writes down the journals of the runs that these tests have driven, for `crates/failover/tests/histories`, which every later
//! version must be able to read: `HOLDFAST_WRITE_HISTORIES=1 scripts/record-histories`. Once for each version.

use serde_json::{Value, json};
use sqlx::{PgConnection, Row as _};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Whoever is called so has its journals written down when its house is stopped.
const RECORD: &str = "HOLDFAST_WRITE_HISTORIES";

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../failover/tests/histories")
        .join(env!("CARGO_PKG_VERSION"))
}

/// The test that runs in this process, as its runner names it.
fn test() -> String {
    let name =
        std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_else(|| "all".into());
    name.replace("::", ".")
}

/// Journals that have ended, each in a file of its own.
pub async fn record(connection: &mut PgConnection) {
    if std::env::var_os(RECORD).is_none() {
        return;
    }
    std::fs::create_dir_all(folder()).unwrap();
    for (of, sql) in [
        (
            "run",
            "SELECT r.id::text, r.state, e.seq, to_jsonb(e.at) AS at, e.body FROM runs r JOIN run_events e ON e.run = r.id
             WHERE r.ended_at IS NOT NULL ORDER BY r.id, e.seq",
        ),
        (
            "evacuation",
            "SELECT v.id::text, 'ended', e.seq, to_jsonb(e.at) AS at, e.body
             FROM evacuations v JOIN evacuation_events e ON e.evacuation = v.id
             WHERE v.ended_at IS NOT NULL ORDER BY v.id, e.seq",
        ),
    ] {
        let mut journals: BTreeMap<String, (String, Vec<Value>)> = BTreeMap::new();
        for row in sqlx::query(sql).fetch_all(&mut *connection).await.unwrap() {
            let (id, state): (String, String) = (row.get(0), row.get(1));
            let entry = json!({ "seq": row.get::<i64, _>(2), "at": row.get::<Value, _>(3), "event": row.get::<Value, _>(4) });
            journals.entry(id).or_insert((state, Vec::new())).1.push(entry);
        }
        for (number, (id, (state, entries))) in journals.into_iter().enumerate() {
            let lines: Vec<String> = entries.iter().map(ToString::to_string).collect();
            let text = format!(
                "{{\"of\": \"{of}\", \"id\": \"{id}\", \"state\": \"{state}\", \"entries\": [\n{}\n]}}\n",
                lines.join(",\n")
            );
            std::fs::write(folder().join(format!("{}.{of}-{number}.json", test())), text).unwrap();
        }
    }
}
