//! R17. An old version goes on writing while the migrations of the new one run beside it: none of what it writes is refused, lost or kept
//! waiting.

use holdfast_store::{AppRole, migrate};
use holdfast_testkit::test_database;
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

static ALL: Migrator = sqlx::migrate!("../../migrations");
/// As a database of the version before the Merkle log, evacuations and notifications had it.
const OLD: i64 = 50;
/// As long as that version waits for a lock.
const WAITS_AT_MOST: Duration = Duration::from_secs(5);

struct OldDatabase {
    name: String,
    owner_url: String,
    app_url: String,
}

/// Of `url`, with another database's name.
fn of(url: &str, name: &str) -> String {
    let (before, _) = url.rsplit_once('/').unwrap();
    format!("{before}/{name}")
}

async fn old_database(like: &holdfast_testkit::TestDatabase) -> OldDatabase {
    let name = format!("{}_old", like.name);
    let (owner_url, app_url) = (of(&like.owner_url, &name), of(&like.app_url, &name));
    let mut owner = like.owner().await;
    owner.execute(AssertSqlSafe(format!("CREATE DATABASE {name} TEMPLATE template0"))).await.unwrap();
    let old = ALL.iter().filter(|migration| migration.version <= OLD).cloned().collect();
    let mut connection = PgConnection::connect(&owner_url).await.unwrap();
    Migrator::with_migrations(old).run(&mut connection).await.unwrap();
    OldDatabase { name, owner_url, app_url }
}

/// A run, as that version began it.
const RUN: &str = "
    INSERT INTO approval_policies (name, expires_after_seconds) VALUES ('one', 7200) ON CONFLICT DO NOTHING;
    INSERT INTO applications (name, owner, tier, strategy, home_region, recovery_regions, rto_seconds, rpo_seconds, approval_policy)
    VALUES ('shop', 'payments', 1, 'warm_standby', 'us-east-1', '{eu-central-1}', 900, 30, 'one');
    INSERT INTO runs (id, application, state, digest, intent, mode, from_region, to_region, dry_run, requested_by, requested_email,
                      reason, requested_at, expires_at, seq)
    VALUES ('01900000-0000-7000-8000-000000000001', 'shop', 'running', repeat('0', 64), 'failover', 'planned', 'us-east-1',
            'eu-central-1', false, gen_random_uuid(), 'x', 'x', now(), now() + interval '1 hour', 1);
    INSERT INTO workers (id, epoch, expires_at) VALUES ('old', 1, now() + interval '1 hour')";

/// One write of each kind, as that version made them, in one transaction as it made its steps.
const STEP: &str = "
    WITH moved AS (
        UPDATE runs SET seq = seq + 1, state = 'running', summary = '{}'
        WHERE id = '01900000-0000-7000-8000-000000000001' RETURNING id, seq),
    written AS (
        INSERT INTO run_events (run, seq, kind, body) SELECT id, seq, 'step_succeeded', '{\"kind\": \"step_succeeded\"}' FROM moved),
    renewed AS (
        UPDATE workers SET expires_at = clock_timestamp() + interval '1 hour' WHERE id = 'old')
    INSERT INTO audit_entries (action, actor_kind, actor, subject_kind, subject, outcome, detail)
    SELECT 'run.go_on', 'system', 'old', 'run', 'x', 'done', '{}' FROM moved";

/// Steps on each side of the migrations, so that some were being written when they began and when they were over.
const ENOUGH: i64 = 8;

/// How many steps are written, once they are more than `floor`.
async fn written_beyond(owner: &mut PgConnection, floor: i64) -> i64 {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let written: i64 =
            sqlx::query_scalar("SELECT count(*) FROM run_events").fetch_one(&mut *owner).await.unwrap();
        if written > floor {
            return written;
        }
        assert!(Instant::now() < end, "{written} steps are written, and no more");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_version_that_writes_while_the_migrations_run_is_neither_refused_nor_kept_waiting() {
    let like = test_database().await;
    let old = old_database(&like).await;
    let mut owner = PgConnection::connect(&old.owner_url).await.unwrap();
    sqlx::raw_sql(RUN).execute(&mut owner).await.unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let (url, over) = (old.app_url.clone(), over.clone());
            tokio::spawn(async move {
                let mut app = PgConnection::connect(&url).await.unwrap();
                app.execute("SET lock_timeout = '5s'").await.unwrap();
                let (mut written, mut longest) = (0_i64, Duration::ZERO);
                while !over.load(Ordering::SeqCst) {
                    let began = Instant::now();
                    app.execute(STEP).await.unwrap();
                    longest = longest.max(began.elapsed());
                    written += 1;
                }
                (written, longest)
            })
        })
        .collect();
    written_beyond(&mut owner, ENOUGH).await;
    migrate(&old.owner_url, AppRole::Unchanged).await.unwrap();
    let meanwhile = written_beyond(&mut owner, ENOUGH).await;
    written_beyond(&mut owner, meanwhile + ENOUGH).await;
    over.store(true, Ordering::SeqCst);
    let (mut written, mut longest) = (0, Duration::ZERO);
    for writer in writers {
        let (wrote, waited) = writer.await.unwrap();
        written += wrote;
        longest = longest.max(waited);
    }
    let (events, entries): (i64, i64) =
        sqlx::query_as("SELECT (SELECT count(*) FROM run_events), (SELECT count(*) FROM audit_entries)")
            .fetch_one(&mut owner)
            .await
            .unwrap();
    eprintln!("{written} steps were written meanwhile; the longest took {longest:.2?}");
    assert_eq!((events, entries), (written, written));
    assert!(longest < WAITS_AT_MOST, "{longest:.2?}");
    owner.close().await.ok();
    like.owner()
        .await
        .execute(AssertSqlSafe(format!("DROP DATABASE {} WITH (FORCE)", old.name)))
        .await
        .unwrap();
}
