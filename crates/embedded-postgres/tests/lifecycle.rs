//! The cluster's life against real server binaries: made, stopped, killed, adopted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests, which fail by panicking.

use holdfast_embedded_postgres::{EmbeddedPostgres, Error, Options};
use sqlx::{Connection as _, PgConnection};
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

const QUICK: Options = Options { durable: false, shared: false };

/// One that the server's user can enter, which a temporary folder of root's is not.
fn open_folder() -> tempfile::TempDir {
    tempfile::Builder::new().permissions(std::fs::Permissions::from_mode(0o755)).tempdir().unwrap()
}

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap()
}

async fn kill_nine(pid: u32) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

#[tokio::test]
async fn a_cluster_keeps_its_data_over_a_stop() {
    let dir = open_folder();
    let server = EmbeddedPostgres::start_with(dir.path(), QUICK).await.unwrap();
    assert!(!server.was_adopted());
    let mut db = connect(&server.owner_url()).await;
    sqlx::raw_sql("CREATE TABLE t(x int); INSERT INTO t VALUES (7)").execute(&mut db).await.unwrap();
    drop(db);
    server.stop().await.unwrap();
    assert_eq!(EmbeddedPostgres::running_owner_url(dir.path()), None);

    let server = EmbeddedPostgres::start_with(dir.path(), QUICK).await.unwrap();
    assert_eq!(EmbeddedPostgres::running_owner_url(dir.path()), Some(server.owner_url()));
    assert_eq!(EmbeddedPostgres::running_app_url(dir.path()), Some(server.app_url()));
    let mut db = connect(&server.owner_url()).await;
    let x: i32 = sqlx::query_scalar("SELECT x FROM t").fetch_one(&mut db).await.unwrap();
    assert_eq!(x, 7);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_cluster_recovers_from_kill_nine() {
    let dir = open_folder();
    let server = EmbeddedPostgres::start(dir.path()).await.unwrap();
    let mut db = connect(&server.owner_url()).await;
    sqlx::raw_sql("CREATE TABLE t(x int)").execute(&mut db).await.unwrap();
    sqlx::raw_sql("INSERT INTO t VALUES (7)").execute(&mut db).await.unwrap();
    kill_nine(server.server_pid().unwrap()).await;
    drop(server);

    let server = EmbeddedPostgres::start(dir.path()).await.unwrap();
    let mut db = connect(&server.owner_url()).await;
    let x: i32 = sqlx::query_scalar("SELECT x FROM t").fetch_one(&mut db).await.unwrap();
    assert_eq!(x, 7);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_whose_holdfast_was_killed_is_adopted_at_once_and_stopped_by_the_adopter() {
    let dir = open_folder();
    // `forget` is what kill -9 leaves: a server, and nobody who holds it.
    let shared =
        EmbeddedPostgres::start_with(dir.path(), Options { durable: false, shared: true }).await.unwrap();
    let pid = shared.server_pid();
    drop(shared);

    let began = Instant::now();
    let server = EmbeddedPostgres::start_with(dir.path(), QUICK).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(2), "took {:?}", began.elapsed());
    assert!(server.was_adopted());
    assert_eq!(server.server_pid(), pid);
    connect(&server.owner_url()).await;
    server.stop().await.unwrap();
    assert_eq!(EmbeddedPostgres::running_owner_url(dir.path()), None);
}

#[tokio::test]
async fn a_folder_in_use_is_refused_with_a_sentence() {
    let dir = open_folder();
    let server = EmbeddedPostgres::start_with(dir.path(), QUICK).await.unwrap();
    let refused = EmbeddedPostgres::start_with(dir.path(), QUICK).await.unwrap_err();
    assert!(matches!(refused, Error::InUse(_)), "{refused}");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_folder_that_the_servers_user_cannot_enter_gets_its_files_elsewhere_and_finds_them_again() {
    let dir = open_folder();
    let closed = dir.path().join("closed");
    std::fs::create_dir(&closed).unwrap();
    let data = closed.join("data");
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o700)).unwrap();
    for _ in 0..2 {
        let server = EmbeddedPostgres::start_with(&data, QUICK).await.unwrap();
        let mut db = connect(&server.owner_url()).await;
        sqlx::raw_sql("CREATE TABLE IF NOT EXISTS t(x int); INSERT INTO t VALUES (7)")
            .execute(&mut db)
            .await
            .unwrap();
        let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM t").fetch_one(&mut db).await.unwrap();
        assert!(rows >= 1);
        drop(db);
        server.stop().await.unwrap();
    }
    if let Ok(elsewhere) = std::fs::read_to_string(data.join("postgres-is-at")) {
        std::fs::remove_dir_all(elsewhere.trim()).unwrap();
    }
}

#[tokio::test]
async fn an_unfinished_cluster_is_made_again() {
    let dir = open_folder();
    let half = dir.path().join("postgres/cluster.unfinished");
    std::fs::create_dir_all(&half).unwrap();
    std::fs::write(half.join("PG_VERSION"), "15").unwrap();
    let server = EmbeddedPostgres::start_with(dir.path(), QUICK).await.unwrap();
    connect(&server.owner_url()).await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_wrong_password_does_not_get_in() {
    let dir = open_folder();
    let server = EmbeddedPostgres::start_with(dir.path(), QUICK).await.unwrap();
    let wrong = format!("postgres://holdfast_owner:wrong@127.0.0.1:{}/holdfast", server.port());
    assert!(PgConnection::connect(&wrong).await.is_err());
    server.stop().await.unwrap();
}
