//! A Postgres and its streaming standby, for tests of what is left when the first one dies.

use crate::Injected;
use holdfast_embedded_postgres::{EmbeddedPostgres, Options};
use holdfast_store::{AppRole, migrate};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// Whether a commit waits until the standby has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replication {
    Synchronous,
    Asynchronous,
}

/// Both end with it.
#[derive(Debug)]
pub struct Pair {
    primary: EmbeddedPostgres,
    standby: Child,
    standby_port: u16,
}

impl Pair {
    /// A migrated database on a primary, and a standby that follows it. `between` answers with where the standby is to reach
    /// the primary, given where it listens.
    ///
    /// # Panics
    /// When one of the servers would not start.
    pub async fn start(
        folder: &Path,
        replication: Replication,
        between: impl AsyncFnOnce(SocketAddr) -> SocketAddr,
    ) -> Self {
        let options = Options { durable: true, shared: false };
        let primary = EmbeddedPostgres::start_with(folder, options).await.expect("starting the primary");
        let app = AppRole::Login { password: primary.app_password() };
        migrate(&primary.owner_url(), app).await.expect("migrating the primary");
        let link = between(SocketAddr::from(([127, 0, 0, 1], primary.port()))).await;
        let standby_port = free_port();
        let standby = tokio::task::block_in_place(|| follow(&primary, link, standby_port));
        let pair = Self { primary, standby, standby_port };
        until("the standby to follow", || async {
            let mut connection = PgConnection::connect(&pair.primary.owner_url()).await.ok()?;
            let following: i64 =
                sqlx::query_scalar("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'")
                    .fetch_one(&mut connection)
                    .await
                    .ok()?;
            (following == 1).then_some(())
        })
        .await;
        if replication == Replication::Synchronous {
            pair.tell_primary("ALTER SYSTEM SET synchronous_standby_names = '*'").await;
            pair.tell_primary("SELECT pg_reload_conf()").await;
        }
        pair
    }

    #[must_use]
    pub fn app_url(&self) -> String {
        self.primary.app_url()
    }

    #[must_use]
    pub fn primary(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.primary.port()))
    }

    #[must_use]
    pub fn standby(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.standby_port))
    }

    async fn tell_primary(&self, sql: &str) {
        let mut connection =
            PgConnection::connect(&self.primary.owner_url()).await.expect("connecting to the primary");
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .execute(&mut connection)
            .await
            .expect("telling the primary");
    }

    /// As a power cut would.
    ///
    /// # Panics
    /// When it runs no more.
    pub fn kill_primary(&self) {
        let server = self.primary.server_pid().expect("a running primary");
        kill(server, "-KILL");
        Injected::KilledProcess.count(1);
    }

    /// Answers once the standby takes writes.
    ///
    /// # Panics
    /// When it does not.
    pub async fn promote(&self) {
        let there = self
            .primary
            .owner_url()
            .replace(&format!(":{}/", self.primary.port()), &format!(":{}/", self.standby_port));
        let mut connection = PgConnection::connect(&there).await.expect("connecting to the standby");
        let promoted: bool = sqlx::query_scalar("SELECT pg_promote(true, 30)")
            .fetch_one(&mut connection)
            .await
            .expect("promoting the standby");
        assert!(promoted, "the standby was not promoted");
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        kill(self.standby.id(), "-QUIT");
        self.standby.wait().ok();
    }
}

fn kill(process: u32, signal: &str) {
    std::process::Command::new("kill").args([signal, &process.to_string()]).status().ok();
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("its address").port()
}

/// A copy of the primary that goes on following it over `link`.
fn follow(primary: &EmbeddedPostgres, link: SocketAddr, port: u16) -> Child {
    let (copy, socket) =
        (primary.folder_beside("standby").expect("a folder"), primary.folder_beside("s").expect("a folder"));
    let from =
        primary.owner_url_of("postgres").replace(&format!("127.0.0.1:{}", primary.port()), &link.to_string());
    let copied = primary
        .command("pg_basebackup")
        .expect("pg_basebackup")
        .args(["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync", "-D"])
        .arg(&copy)
        .args(["-d", &from])
        .status()
        .expect("running pg_basebackup");
    assert!(copied.success(), "pg_basebackup ended badly");
    primary
        .command("postgres")
        .expect("postgres")
        .arg("-D")
        .arg(&copy)
        .args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1", "-k"])
        .arg(&socket)
        // No fewer than the primary allows, or it takes no connections.
        .args(["-c", "max_connections=200"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("starting the standby")
}

async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut condition: impl FnMut() -> F) -> T {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(value) = condition().await {
            return value;
        }
        assert!(Instant::now() < end, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
