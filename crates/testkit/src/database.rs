//! A database per test: copied from a template that is migrated once, in a cluster that all test processes
//! of the machine share. The first process starts it, outside the checkout and without fsync.

use holdfast_embedded_postgres::{EmbeddedPostgres, Options};
use holdfast_store::sealing::Sealing;
use holdfast_store::{AppRole, MIGRATIONS_HASH, Pools, Store, migrate};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What a test that was killed leaves behind goes after this long.
const LEFT_BEHIND_SECONDS: u64 = 3_600;
/// What the tests of a whole run have at once, and their write-ahead log, several times over.
const ROOM_BYTES: u64 = 4 << 30;
/// After that a test goes on; the database goes when it can.
const LONGEST_DROP: Duration = Duration::from_secs(1);
const TEMPLATE_LOCK: i64 = 0x7465_6d70_6c61_7465;

/// Dropped with its database.
#[derive(Debug)]
pub struct TestDatabase {
    pub name: String,
    pub owner_url: String,
    pub app_url: String,
    maintenance_url: String,
}

impl TestDatabase {
    /// A store as the application's own, lesser role.
    pub async fn store(&self) -> Store {
        Store::connect(&self.app_url, Pools { web: 4, engine: 4 })
            .await
            .expect("connecting to the test's database")
            .sealing_with(sealing())
    }

    /// For looking behind the store's back, as the owner.
    pub async fn owner(&self) -> PgConnection {
        PgConnection::connect(&self.owner_url).await.expect("connecting as the owner")
    }

    /// For trying what the application's role may not.
    pub async fn app(&self) -> PgConnection {
        PgConnection::connect(&self.app_url).await.expect("connecting as the application")
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (url, name) = (self.maintenance_url.clone(), self.name.clone());
        // A runtime of its own: the test's may be ending. A database that stays is swept by its age.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut connection = PgConnection::connect(&url).await?;
                drop_database(&mut connection, &name).await
            })
        });
        // Postgres waits with it for connections that are only just being made, and one of these may be made by what waits
        // here, house beside house in one task: nobody would go on until its time to sign in is over, in any test.
        let began = Instant::now();
        while !dropped.is_finished() && began.elapsed() < LONGEST_DROP {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// The key that tests keep secrets with.
///
/// # Panics
/// Never: it is one.
#[must_use]
pub fn sealing() -> Sealing {
    Sealing::parse(&"5e".repeat(32)).expect("a key")
}

/// # Panics
/// When there is no Postgres to be had: the sentence says what to install.
pub async fn test_database() -> TestDatabase {
    let cluster = shared_cluster().await;
    let maintenance_url = cluster.owner_url_of("postgres");
    let mut connection =
        PgConnection::connect(&maintenance_url).await.expect("connecting to the tests' cluster");
    let template = format!("template_{}", *MIGRATIONS_HASH);
    sweep(&mut connection).await;
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let name = format!("t_{seconds}_{}", uuid::Uuid::new_v4().simple());
    let create = format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY");
    loop {
        ensure_template(&mut connection, &cluster, &template).await;
        // Another checkout, with other migrations, takes old templates away: not while one is copied.
        lock(&mut connection, "SELECT pg_advisory_lock_shared($1)").await;
        let there = exists(&mut connection, &template).await;
        if there {
            sqlx::raw_sql(AssertSqlSafe(create.as_str()))
                .execute(&mut connection)
                .await
                .expect("copying the template");
        }
        lock(&mut connection, "SELECT pg_advisory_unlock_shared($1)").await;
        if there {
            break;
        }
    }
    let (owner_url, app_url) = (cluster.owner_url_of(&name), cluster.app_url_of(&name));
    TestDatabase { name, owner_url, app_url, maintenance_url }
}

/// Ends the server that the tests of this machine share.
///
/// # Panics
/// When it would not end.
pub async fn stop_shared_cluster() {
    if EmbeddedPostgres::running_owner_url(&folder()).is_some() {
        shared_cluster().await.stop().await.expect("stopping the tests' cluster");
    }
}

/// Beside memory where there is room: a database is a thousand files, which a disk's file system takes longer to make and to
/// remove than Postgres does.
fn folder() -> PathBuf {
    let memory = std::path::Path::new("/dev/shm");
    let room = rustix::fs::statvfs(memory).map_or(0, |there| there.f_bavail.saturating_mul(there.f_frsize));
    let at = format!("holdfast-tests-{}", rustix::process::geteuid().as_raw());
    // Where the first process found room the others follow, however much of it is left.
    if room >= ROOM_BYTES || memory.join(&at).exists() {
        return memory.join(at);
    }
    std::env::temp_dir().join(at)
}

async fn shared_cluster() -> EmbeddedPostgres {
    let folder = folder();
    std::fs::create_dir_all(&folder).expect("making the folder of the tests' cluster");
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).expect("opening that folder");
    match EmbeddedPostgres::start_with(&folder, Options { durable: false, shared: true }).await {
        Ok(cluster) => cluster,
        Err(error) => panic!("{error}"),
    }
}

async fn ensure_template(connection: &mut PgConnection, cluster: &EmbeddedPostgres, template: &str) {
    if exists(connection, template).await {
        return;
    }
    lock(connection, "SELECT pg_advisory_lock($1)").await;
    if !exists(connection, template).await {
        let unfinished = format!("{template}_unfinished");
        drop_database(connection, &unfinished).await.expect("dropping an unfinished template");
        for old in databases(connection, "template_%").await {
            drop_database(connection, &old).await.ok();
        }
        let run = async |connection: &mut PgConnection, sql: String| {
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.expect("making the template");
        };
        run(connection, format!("CREATE DATABASE {unfinished} TEMPLATE template0")).await;
        let app = AppRole::Login { password: cluster.app_password() };
        migrate(&cluster.owner_url_of(&unfinished), app).await.expect("migrating the template");
        run(connection, format!("ALTER DATABASE {unfinished} RENAME TO {template}")).await;
    }
    lock(connection, "SELECT pg_advisory_unlock($1)").await;
}

async fn lock(connection: &mut PgConnection, how: &'static str) {
    sqlx::query(how).bind(TEMPLATE_LOCK).execute(connection).await.expect("locking the templates");
}

async fn exists(connection: &mut PgConnection, name: &str) -> bool {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(name)
        .fetch_one(connection)
        .await
        .expect("listing databases")
}

async fn databases(connection: &mut PgConnection, like: &str) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT datname::text FROM pg_database WHERE datname LIKE $1 AND datname NOT IN ('template0', 'template1')",
    )
    .bind(like)
    .fetch_all(connection)
    .await
    .expect("listing databases")
}

async fn drop_database(connection: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
    sqlx::raw_sql(AssertSqlSafe(drop)).execute(connection).await?;
    Ok(())
}

async fn sweep(connection: &mut PgConnection) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let old = |name: &String| {
        let made: Option<u64> = name.split('_').nth(1).and_then(|s| s.parse().ok());
        made.is_some_and(|made| made + LEFT_BEHIND_SECONDS < now)
    };
    // A few at a time, so that no single test pays for all.
    for name in databases(connection, r"t\_%").await.into_iter().filter(old).take(3) {
        drop_database(connection, &name).await.ok();
    }
}
