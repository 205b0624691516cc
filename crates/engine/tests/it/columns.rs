//! R13. Every column of what a worker reads for a run, and every field of the documents in them, is poisoned in turn, by somebody
//! who may do anything in the database but lift its constraints. What is refused is refused; what is not stops its own run at
//! most, which is set aside, and everything else goes on. The columns are told by the database itself, so that a new one joins by itself.

use crate::house::{House, id, until};
use holdfast_api::now::Nows;
use holdfast_api::runs::{RequestRun, RunFilter, RunView, Runs};
use holdfast_domain::RunId;
use holdfast_failover::{Mode, RunState};
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection, Row as _};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// A table, and its rows of one run or application.
#[derive(Debug, Clone, Copy)]
enum Of {
    Run,
    Application,
}

/// How much of what could be written is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Much {
    /// One value of each sort into each column, and into each field of a document's first level.
    Some,
    All,
}

#[derive(Debug, Clone, sqlx::FromRow)]
struct Column {
    table: String,
    /// The column that says whose row it is.
    of: String,
    name: String,
    kind: String,
}

/// Those of the table itself, and of each that refers to it.
async fn columns(owner: &mut PgConnection, of: Of) -> Vec<Column> {
    let (table, key) = match of {
        Of::Run => ("runs", "id"),
        Of::Application => ("applications", "name"),
    };
    sqlx::query_as(
        "WITH tables AS (
             SELECT $1 AS name, $2 AS key
             UNION ALL
             SELECT k.conrelid::regclass::text, min(a.attname::text)
             FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
             WHERE k.contype = 'f' AND k.confrelid = to_regclass($1) AND k.conrelid <> k.confrelid
             GROUP BY k.conrelid)
         SELECT t.name AS \"table\", t.key AS \"of\", c.column_name::text AS name, c.data_type::text AS kind
         FROM tables t JOIN information_schema.columns c ON c.table_schema = 'public' AND c.table_name = t.name
         ORDER BY t.name, c.ordinal_position",
    )
    .bind(table)
    .bind(key)
    .fetch_all(owner)
    .await
    .unwrap()
}

/// As deep as no document is.
const DEEP: &str = "(repeat('[', 2000) || repeat(']', 2000))::jsonb";
/// As long as no text is: more than a connection should be asked to carry.
const LONG: &str = "repeat('x', 50000000)";

impl Column {
    /// In terms of its own value, so that it is another.
    fn poisons(&self, much: Much) -> Vec<String> {
        let own = &self.name;
        let (few, more): (Vec<String>, &[&str]) = match self.kind.as_str() {
            "text" => (vec!["'teleported'".into(), "''".into()], &[LONG, "E'\\u0001'"]),
            "uuid" => (vec!["gen_random_uuid()".into()], &[]),
            "boolean" => (vec![format!("NOT {own}")], &[]),
            "smallint" => (vec![format!("{own} + 7"), "32767".into()], &["-1", "0"]),
            "integer" => (vec![format!("{own} + 7"), "2147483647".into()], &["-1", "0"]),
            "bigint" => (vec![format!("{own} + 7"), "9223372036854775807".into()], &["-1", "0"]),
            "timestamp with time zone" => (
                vec!["'8000-01-01Z'".into(), "'infinity'".into()],
                &["'-infinity'", "'epoch'", "'12000-01-01Z'"],
            ),
            "jsonb" => {
                let deeper = format!("{own} || jsonb_build_object('deep', {DEEP})");
                (vec!["'null'".into(), "'[]'".into(), "'{}'".into(), deeper], &["'\"teleported\"'", "'-1'"])
            }
            "ARRAY" => (vec!["'{}'".into()], &[]),
            "bytea" => (vec!["'\\x00'".into()], &["'\\x'"]),
            "double precision" => (vec!["'NaN'".into()], &["-1", "'Infinity'"]),
            "date" => (vec!["'8000-01-01'".into()], &["'infinity'"]),
            other => panic!("{}.{own} is a {other}: say what would poison it", self.table),
        };
        let more = more.iter().filter(|_| much == Much::All).map(ToString::to_string);
        std::iter::once("NULL".to_owned()).chain(few).chain(more).collect()
    }

    /// The same of each field of what this document holds now: of those that lie deep in it, that there is nothing.
    fn of_fields(&self, document: &Value, much: Much) -> Vec<String> {
        let (deep, all_sorts) = if much == Much::All { (usize::MAX, 2) } else { (1, 0) };
        let mut paths = Vec::new();
        fields(document, &mut Vec::new(), deep, &mut paths);
        let own = &self.name;
        let of_one = |path: Vec<String>| {
            let many = path.len() <= all_sorts;
            let quoted: Vec<String> =
                path.iter().map(|key| format!("'{}'", key.replace('\'', "''"))).collect();
            let path = format!("ARRAY[{}]::text[]", quoted.join(", "));
            let instead = ["null", "\"teleported\"", "-1", "{}"].into_iter().take(if many { 4 } else { 1 });
            let set = instead.map(|value| format!("jsonb_set({own}, {path}, '{value}')"));
            set.chain(many.then(|| format!("{own} #- {path}"))).collect::<Vec<_>>()
        };
        paths.into_iter().flat_map(of_one).collect()
    }

    fn rows(&self, key: &str) -> String {
        format!("FROM {} WHERE {}::text = '{key}'", self.table, self.of)
    }

    /// What its row of this number holds, of those that are somebody's.
    async fn document(&self, owner: &mut PgConnection, key: &str, row: i64) -> Value {
        let sql =
            format!("SELECT to_jsonb({}) {} ORDER BY ctid LIMIT 1 OFFSET {row}", self.name, self.rows(key));
        let found: Option<Value> = sqlx::query(AssertSqlSafe(sql)).fetch_one(owner).await.unwrap().get(0);
        found.unwrap_or(Value::Null)
    }

    async fn count(&self, owner: &mut PgConnection, key: &str) -> i64 {
        let sql = format!("SELECT count(*) {}", self.rows(key));
        sqlx::query(AssertSqlSafe(sql)).fetch_one(owner).await.unwrap().get(0)
    }

    /// False: a constraint refuses it, or it is what was there.
    async fn is_poisoned(&self, owner: &mut PgConnection, key: &str, row: i64, with: &str) -> bool {
        let sql = format!(
            "UPDATE {} SET {own} = {with} WHERE ctid = (SELECT ctid {} ORDER BY ctid LIMIT 1 OFFSET {row}) AND {own} IS DISTINCT FROM {with}",
            self.table,
            self.rows(key),
            own = self.name,
        );
        match sqlx::query(AssertSqlSafe(sql.clone())).execute(owner).await {
            Ok(done) => done.rows_affected() == 1,
            // A broken constraint, a value that its type has not, more than an index holds.
            Err(sqlx::Error::Database(said))
                if said.code().is_some_and(|c| ["22", "23", "54"].iter().any(|of| c.starts_with(of))) =>
            {
                false
            }
            Err(error) => panic!("{sql}: {error}"),
        }
    }
}

fn fields(value: &Value, at: &mut Vec<String>, deep: usize, found: &mut Vec<Vec<String>>) {
    if at.len() == deep {
        return;
    }
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(inner) => inner.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(inner) => inner.iter().enumerate().map(|(n, value)| (n.to_string(), value)).collect(),
        _ => return,
    };
    for (key, value) in inner {
        at.push(key);
        found.push(at.clone());
        fields(value, at, deep, found);
        at.pop();
    }
}

/// Of whoever has such rows: what was written, by whose they are. `next` gives somebody who is not poisoned yet.
async fn poison<K: Ord + ToString>(
    owner: &mut PgConnection,
    of: Of,
    much: Much,
    mut next: impl AsyncFnMut() -> K,
) -> (BTreeMap<K, String>, BTreeSet<String>) {
    let columns = columns(owner, of).await;
    let tables: BTreeSet<&str> = columns.iter().map(|column| column.table.as_str()).collect();
    triggers(owner, &tables, "DISABLE").await;
    let (mut poisoned, mut without_rows) = (BTreeMap::new(), BTreeSet::new());
    let mut whose = next().await;
    for column in &columns {
        let rows = column.count(owner, &whose.to_string()).await;
        if rows == 0 {
            without_rows.insert(column.table.clone());
        }
        for row in 0..(if much == Much::All { rows } else { rows.min(1) }) {
            let mut all = column.poisons(much);
            if column.kind == "jsonb" {
                all.extend(column.of_fields(&column.document(owner, &whose.to_string(), row).await, much));
            }
            for with in all {
                if column.is_poisoned(owner, &whose.to_string(), row, &with).await {
                    poisoned
                        .insert(whose, format!("row {row} of {}: {} = {with}", column.table, column.name));
                    whose = next().await;
                }
            }
        }
    }
    triggers(owner, &tables, "ENABLE").await;
    (poisoned, without_rows)
}

/// They are the application's own care, and whoever may do anything lifts them. The constraints stay.
async fn triggers(owner: &mut PgConnection, tables: &BTreeSet<&str>, verb: &str) {
    for table in tables {
        let sql = format!("ALTER TABLE {table} {verb} TRIGGER USER");
        sqlx::query(AssertSqlSafe(sql)).execute(&mut *owner).await.unwrap();
    }
}

/// A dry run reads what every run reads, and holds nothing: as many as one likes of one application.
async fn asked(house: &House, application: &str) -> RunView {
    let dry = RequestRun { application: application.into(), dry_run: true, ..House::asked(Mode::Planned) };
    house.request(dry).await.unwrap()
}

/// Says who goes on, and what is wrong with them, when the wait for their rest is given up.
struct GoOn<'a>(&'a BTreeMap<RunId, String>, RefCell<BTreeSet<RunId>>);

impl Drop for GoOn<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let named: Vec<_> = self.1.borrow().iter().filter_map(|run| self.0.get(run)).cloned().collect();
            eprintln!("neither over nor set aside: {named:#?}");
        }
    }
}

/// Over, set aside, or waiting for somebody's approval. Answers how many are set aside.
async fn at_rest(house: &House, poisoned: &BTreeMap<RunId, String>) -> usize {
    let go_on = GoOn(poisoned, RefCell::default());
    let all: Vec<_> = poisoned.keys().map(|run| run.0).collect();
    until("whoever is poisoned to come to rest", || async {
        let left: Vec<uuid::Uuid> = sqlx::query_scalar(
            "SELECT id FROM runs WHERE id = ANY($1) AND ended_at IS NULL AND set_aside_at IS NULL
                                   AND state <> 'awaiting_approval'",
        )
        .bind(&all)
        .fetch_all(&mut house.owner().await)
        .await
        .unwrap();
        *go_on.1.borrow_mut() = left.into_iter().map(RunId).collect();
        go_on.1.borrow().is_empty().then_some(())
    })
    .await;
    let aside: i64 =
        sqlx::query_scalar("SELECT count(*) FROM runs WHERE id = ANY($1) AND set_aside_at IS NOT NULL")
            .bind(&all)
            .fetch_one(&mut house.owner().await)
            .await
            .unwrap();
    usize::try_from(aside).unwrap()
}

async fn each_column_of_a_run(much: Much) {
    let mut house = House::new().await;
    house.stop().await;
    let others = [asked(&house, "shop").await, asked(&house, "shop").await];
    let mut owner = house.owner().await;
    let (poisoned, without_rows) =
        poison(&mut owner, Of::Run, much, async || id(&asked(&house, "shop").await)).await;
    // Of real runs alone: what they hold, what their steps have asked for, what they have measured. The first two are asked about
    // when a run is requested; the last is written by a worker, and read by lists, which go on without it.
    let of_real_runs = ["measured", "resource_claims", "runs_asked_by_steps"];
    assert_eq!(without_rows.iter().collect::<Vec<_>>(), of_real_runs);
    house.start().await;
    for other in &others {
        house.reaches(other, RunState::Completed).await;
    }
    let aside = at_rest(&house, &poisoned).await;
    eprintln!("{} poisoned, {aside} of them set aside", poisoned.len());
    assert!(aside > 0 && aside < poisoned.len(), "{aside} of {poisoned:#?}");
    assert!(house.cloud.made().is_empty());
    // Everybody's pages are there, those of the poisoned too.
    house.app.now(&house.operator).await.unwrap();
    let all = RunFilter { limit: Some(200), ..RunFilter::default() };
    house.app.runs(&house.operator, &all).await.unwrap();
    for (run, what) in &poisoned {
        if let Err(problem) = house.app.run(&house.operator, *run).await {
            panic!("{what}: {problem:?}");
        }
    }
    house.reaches(&asked(&house, "shop").await, RunState::Completed).await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_no_version_writes_is_refused_or_stops_its_own_run_only_whatever_its_column() {
    each_column_of_a_run(Much::Some).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "of the long fault runs: make chaos"]
async fn so_does_every_sort_of_value_in_every_field_of_every_row() {
    each_column_of_a_run(Much::All).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "of the long fault runs: make chaos"]
async fn and_one_in_any_column_of_an_application_stops_the_runs_of_that_application_only() {
    const COPIES: usize = 250;
    let mut house = House::with_copies_of_shop(COPIES).await;
    let last = format!("copy-{COPIES}");
    until("the last copy to be seen", || async {
        let dry = RequestRun { application: last.clone(), dry_run: true, ..House::asked(Mode::Planned) };
        house.request(dry).await.ok()
    })
    .await;
    house.stop().await;
    let other = asked(&house, "shop").await;
    let mut runs = BTreeMap::new();
    for n in 1..COPIES {
        let application = format!("copy-{n}");
        runs.insert(application.clone(), id(&asked(&house, &application).await));
    }
    let mut owner = house.owner().await;
    let mut copies = 1..COPIES;
    let next = async || format!("copy-{}", copies.next().expect("fewer copies than poisons: make more"));
    let (poisoned, without_rows) = poison(&mut owner, Of::Application, Much::Some, next).await;
    eprintln!("no rows of {without_rows:?}");
    let poisoned: BTreeMap<RunId, String> =
        poisoned.into_iter().map(|(application, what)| (runs[&application], what)).collect();
    house.start().await;
    house.reaches(&other, RunState::Completed).await;
    let aside = at_rest(&house, &poisoned).await;
    eprintln!("{} poisoned, {aside} of them set aside", poisoned.len());
    assert!(aside > 0 && aside < poisoned.len(), "{aside} of {poisoned:#?}");
    let healthy = runs.values().filter(|run| !poisoned.contains_key(run));
    for run in healthy {
        let view = house.app.run(&house.operator, *run).await.unwrap();
        house.reaches(&view, RunState::Completed).await;
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sweeps_go_on_with_all_others_where_something_of_an_application_cannot_be_read() {
    let mut house = House::with_copies_of_shop(1).await;
    // As a newer version would write it.
    let unknown = "ALTER TABLE resources DROP CONSTRAINT resources_kind_known;
                   UPDATE resources SET kind = 'teleporter', spec = spec || '{\"kind\": \"teleporter\"}'
                   WHERE application = 'copy-1'";
    sqlx::raw_sql(unknown).execute(&mut house.owner().await).await.unwrap();
    let since = house.store.now().await.unwrap();
    let shop = holdfast_domain::Name::parse("shop").unwrap();
    until("shop to be looked at again", || async {
        let seen = house.store.observations(&shop).await.unwrap();
        let again = |one: &holdfast_domain::Observed| one.seen.as_ref().is_some_and(|(at, _)| *at > since);
        (!seen.is_empty() && seen.values().all(again)).then_some(())
    })
    .await;
    house.app.now(&house.operator).await.unwrap();
    house.reaches(&asked(&house, "shop").await, RunState::Completed).await;
    house.stop().await;
}
