//! A Postgres of the benchmark's own, on the disk or in memory, and what it can be asked about its work.

use crate::peer::cpu_seconds;
use anyhow::Context as _;
use holdfast_embedded_postgres::{EmbeddedPostgres, Options};
use holdfast_store::{AppRole, migrate};
use sqlx::{Connection as _, PgConnection};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medium {
    /// Bound by fsync.
    Disk,
    /// Bound by processor and round trips.
    Memory,
}

impl Medium {
    pub fn words(self) -> &'static str {
        match self {
            Self::Disk => "disk",
            Self::Memory => "memory",
        }
    }

    fn folder(self) -> &'static Path {
        Path::new(match self {
            Self::Disk => "/var/tmp",
            Self::Memory => "/dev/shm",
        })
    }
}

#[derive(Debug)]
pub struct Cluster {
    pub postgres: EmbeddedPostgres,
    insert: std::path::PathBuf,
    _folder: TempDir,
}

/// Counts that do not depend on how fast the machine happens to be.
#[derive(Debug, Clone, Copy)]
pub struct Work {
    pub transactions: i64,
    pub wal_bytes: i64,
    /// Of the cluster's processes.
    pub cpu_seconds: f64,
}

/// As long as the entry that a step writes.
const INSERT: &str = "INSERT INTO bench_rows (body) VALUES (repeat('x', 300));\n";

impl Cluster {
    pub async fn start(medium: Medium) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("holdfast-bench").tempdir_in(medium.folder())?;
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))?;
        let options = Options { durable: true, shared: false };
        let postgres = EmbeddedPostgres::start_with(folder.path(), options).await?;
        let app = AppRole::Login { password: postgres.app_password() };
        migrate(&postgres.owner_url(), app).await?;
        let mut owner = PgConnection::connect(&postgres.owner_url()).await?;
        sqlx::raw_sql(
            "CREATE TABLE bench_rows (id bigserial PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), body text NOT NULL)",
        )
        .execute(&mut owner)
        .await?;
        let insert = postgres.folder_beside("bench")?.join("insert.sql");
        std::fs::write(&insert, INSERT)?;
        std::fs::set_permissions(&insert, std::fs::Permissions::from_mode(0o644))?;
        Ok(Self { postgres, insert, _folder: folder })
    }

    /// Single-row inserts a second by so many clients.
    pub async fn inserts(&self, clients: usize, time: Duration) -> anyhow::Result<f64> {
        let mut pgbench = self.postgres.command("pgbench")?;
        pgbench
            .args(["-n", "-c", &clients.to_string(), "-j", &clients.min(2).to_string()])
            .args(["-T", &time.as_secs().max(1).to_string(), "-f"])
            .arg(&self.insert)
            .arg(self.postgres.owner_url());
        let out = tokio::task::spawn_blocking(move || pgbench.output()).await??;
        anyhow::ensure!(out.status.success(), "pgbench: {}", String::from_utf8_lossy(&out.stderr));
        let said = String::from_utf8_lossy(&out.stdout).into_owned();
        let rate = said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        rate.with_context(|| format!("pgbench said: {said}"))
    }

    pub async fn fresh_database(&self, name: &str) -> anyhow::Result<String> {
        let mut owner = PgConnection::connect(&self.postgres.owner_url_of("postgres")).await?;
        for sql in [format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"), format!("CREATE DATABASE {name}")]
        {
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut owner).await?;
        }
        Ok(self.postgres.owner_url_of(name))
    }

    /// Everything so far.
    pub async fn work(&self) -> anyhow::Result<Work> {
        let mut owner = PgConnection::connect(&self.postgres.owner_url()).await?;
        let (transactions, wal_bytes): (i64, i64) = sqlx::query_as(
            "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
                    pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint",
        )
        .fetch_one(&mut owner)
        .await?;
        Ok(Work { transactions, wal_bytes, cpu_seconds: self.cpu_seconds()? })
    }

    /// Of the postmaster, of its children that live and of those that have ended.
    fn cpu_seconds(&self) -> anyhow::Result<f64> {
        let server = self.postgres.server_pid().context("a running Postgres")?;
        let children = std::fs::read_to_string(format!("/proc/{server}/task/{server}/children"))?;
        let living: f64 =
            children.split_whitespace().filter_map(|pid| cpu_seconds(pid.parse().ok()?).ok()).sum();
        Ok(living + cpu_seconds(server)? + ended_children(server)?)
    }
}

fn ended_children(process: u32) -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok()).unwrap_or_default();
    Ok((ticks(13) + ticks(14)) / 100.0)
}

impl Work {
    pub fn since(self, before: Self) -> Self {
        Self {
            transactions: self.transactions - before.transactions,
            wal_bytes: self.wal_bytes - before.wal_bytes,
            cpu_seconds: self.cpu_seconds - before.cpu_seconds,
        }
    }
}
