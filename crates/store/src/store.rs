//! The connections: two pools, so that a flood of page views cannot starve a failover of its database.

use crate::Result;
use crate::change::Change;
use crate::connections::Connections;
use crate::sealing::Sealing;
use crate::wakeups::Wakeup;
use jiff::Timestamp;
use sqlx::postgres::PgConnectOptions;
use std::fmt;
use std::str::FromStr as _;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::broadcast;

/// How many connections each side may hold.
#[derive(Debug, Clone, Copy)]
pub struct Pools {
    pub web: u32,
    pub engine: u32,
}

impl Default for Pools {
    fn default() -> Self {
        Self { web: 16, engine: 16 }
    }
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(crate) pool: Connections,
    inner: Arc<Inner>,
    /// What secrets that have to be read again are kept with; `None`: no new one can be kept.
    pub(crate) sealing: Option<Sealing>,
}

pub(crate) struct Inner {
    engine: Connections,
    /// Of its own: a lease that waits for a connection behind the work it stands for would run out.
    lease: Connections,
    pub options: PgConnectOptions,
    pub wakeups: OnceLock<broadcast::Sender<Wakeup>>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("connections", &self.pool.size()).finish_non_exhaustive()
    }
}

impl Store {
    /// # Errors
    /// When the URL is none, or the database does not answer.
    pub async fn connect(app_url: &str, pools: Pools) -> Result<Self> {
        let options = PgConnectOptions::from_str(app_url)?.application_name("holdfast");
        let pool = |size: u32, answer_within_seconds: u64, idle_in_transaction: &str| {
            // A client that hangs in the middle of a transaction would hold its rows against the next one.
            let options = options.clone().options([
                ("statement_timeout", "15s"),
                ("lock_timeout", "5s"),
                ("idle_in_transaction_session_timeout", idle_in_transaction),
                ("timezone", "UTC"),
            ]);
            Connections::lazy(size.max(1), Duration::from_secs(answer_within_seconds), options)
        };
        // A worker waits a little longer than for a lock, and for its lease no longer than it would last.
        let (web, engine, lease) =
            (pool(pools.web, 20, "10s"), pool(pools.engine, 6, "2s"), pool(1, 3, "2s"));
        let inner = Arc::new(Inner { engine, lease, options, wakeups: OnceLock::new() });
        let store = Self { pool: web, inner, sealing: None };
        store.now().await?;
        Ok(store)
    }

    /// The same store, with the keys of secrets that have to be read again.
    #[must_use]
    pub fn sealing_with(self, sealing: Sealing) -> Self {
        Self { sealing: Some(sealing), ..self }
    }

    /// The same store over the connections that are set aside for workers.
    #[must_use]
    pub fn for_engine(&self) -> Self {
        Self { pool: self.inner.engine.clone(), ..self.clone() }
    }

    /// The same store over the one connection that is kept for leases.
    #[must_use]
    pub fn for_lease(&self) -> Self {
        Self { pool: self.inner.lease.clone(), ..self.clone() }
    }

    /// The database's clock, and so a sign of life. From here on it is what the process takes for the time.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn now(&self) -> Result<Timestamp> {
        let now: jiff_sqlx::Timestamp =
            sqlx::query_scalar("SELECT clock_timestamp()").fetch_one(&self.pool).await?;
        let now = now.into();
        holdfast_clock::database_said(now);
        Ok(now)
    }

    /// A transaction for a change that somebody answers for.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin(&self) -> Result<Change> {
        Ok(Change::new(self.pool.begin().await?, self.sealing.clone()))
    }

    /// Whether nothing was ever registered: no account, application or person.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn is_empty(&self) -> Result<bool> {
        Ok(sqlx::query_scalar(
            "SELECT NOT EXISTS (SELECT FROM accounts) AND NOT EXISTS (SELECT FROM applications)
                AND NOT EXISTS (SELECT FROM people)",
        )
        .fetch_one(&self.pool)
        .await?)
    }

    /// Ends every connection.
    pub async fn close(&self) {
        self.pool.close().await;
        self.inner.engine.close().await;
        self.inner.lease.close().await;
    }

    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }
}
