//! Bringing the schema up to this binary's version, as the database's owner, and giving the application's
//! role what the migrations grant. Any number of replicas may do it at once.

use crate::role::APP_ROLE;
use crate::store::Store;
use crate::{Error, Result};
use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};
use std::str::FromStr as _;

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations");

/// Changes whenever a migration does; a database that was made for one value serves for it alone.
pub static MIGRATIONS_HASH: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
    let all: Vec<u8> = MIGRATIONS.iter().flat_map(|m| m.checksum.iter().copied()).collect();
    let mut hash = hex::encode(crate::hash_secret(&all));
    hash.truncate(16);
    hash
});

/// Any number that nobody else locks.
const LOCK: i64 = 0x686f_6c64_6661_7374;

/// How the application will sign in.
#[derive(Debug, Clone, Copy)]
pub enum AppRole<'a> {
    /// As `holdfast_app` itself, with this password (letters and digits).
    Login { password: &'a str },
    /// As a role of its own with this password, made if need be and a member of `holdfast_app`.
    Own { role: &'a str, password: &'a str },
    /// As a role that exists and is made a member of `holdfast_app`.
    Member { role: &'a str },
    /// Somebody else sees to it.
    Unchanged,
}

/// # Errors
/// When the URL's role may not, or a file fails; what was applied before it stays.
pub async fn migrate(owner_url: &str, app: AppRole<'_>) -> Result<()> {
    let options = PgConnectOptions::from_str(owner_url)?.application_name("holdfast migrate");
    let mut connection = options.connect().await?;
    sqlx::query("SELECT pg_advisory_lock($1)").bind(LOCK).execute(&mut connection).await?;
    // The lock goes with the connection, whatever happens.
    let outcome = migrate_locked(&mut connection, &options, app).await;
    connection.close().await.ok();
    outcome
}

async fn migrate_locked(
    connection: &mut PgConnection,
    options: &PgConnectOptions,
    app: AppRole<'_>,
) -> Result<()> {
    ensure_role(connection, options, app).await?;
    let mut migrations = Migrator::with_migrations(MIGRATIONS.iter().cloned().collect());
    // A database that a newer version has expanded serves this one too.
    migrations.set_ignore_missing(true);
    migrations.run(&mut *connection).await.map_err(Error::Migration)?;
    let granted: bool = sqlx::query_scalar("SELECT has_table_privilege($1, '_sqlx_migrations', 'SELECT')")
        .bind(APP_ROLE)
        .fetch_one(&mut *connection)
        .await?;
    if !granted {
        sqlx::raw_sql("GRANT SELECT ON _sqlx_migrations TO holdfast_app").execute(&mut *connection).await?;
    }
    Ok(())
}

async fn ensure_role(
    connection: &mut PgConnection,
    options: &PgConnectOptions,
    app: AppRole<'_>,
) -> Result<()> {
    let exists = || sqlx::query_scalar::<_, bool>("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)");
    if !exists().bind(APP_ROLE).fetch_one(&mut *connection).await? {
        let made = sqlx::raw_sql("CREATE ROLE holdfast_app NOLOGIN").execute(&mut *connection).await;
        // Roles belong to the cluster: a Holdfast over another of its databases may have been quicker.
        let there = exists().bind(APP_ROLE).fetch_one(&mut *connection).await?;
        if let (Err(error), false) = (made, there) {
            return Err(error.into());
        }
    }
    match app {
        AppRole::Unchanged => Ok(()),
        AppRole::Login { password } => give_password(connection, options, APP_ROLE, password).await,
        AppRole::Own { role, password } => {
            if !exists().bind(role).fetch_one(&mut *connection).await? {
                let make: String = sqlx::query_scalar("SELECT format('CREATE ROLE %I NOLOGIN', $1::text)")
                    .bind(role)
                    .fetch_one(&mut *connection)
                    .await?;
                sqlx::raw_sql(AssertSqlSafe(make)).execute(&mut *connection).await?;
            }
            make_member(connection, role).await?;
            give_password(connection, options, role, password).await
        }
        AppRole::Member { role } => {
            if !exists().bind(role).fetch_one(&mut *connection).await? {
                return Err(Error::NotFound("database role for the application"));
            }
            make_member(connection, role).await
        }
    }
}

/// Leaves a password that serves already: replicas that start at once do not lock each other out for a moment.
async fn give_password(
    connection: &mut PgConnection,
    options: &PgConnectOptions,
    role: &str,
    password: &str,
) -> Result<()> {
    if password.len() < 16 || !password.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(Error::Invalid(format!("the password of {role}: 16 or more letters and digits")));
    }
    if options.clone().username(role).password(password).connect().await.is_ok() {
        return Ok(());
    }
    let login: String =
        sqlx::query_scalar("SELECT format('ALTER ROLE %I LOGIN PASSWORD %L', $1::text, $2::text)")
            .bind(role)
            .bind(password)
            .fetch_one(&mut *connection)
            .await?;
    sqlx::raw_sql(AssertSqlSafe(login)).execute(&mut *connection).await?;
    Ok(())
}

async fn make_member(connection: &mut PgConnection, role: &str) -> Result<()> {
    let member: bool = sqlx::query_scalar("SELECT pg_has_role($1, $2, 'MEMBER')")
        .bind(role)
        .bind(APP_ROLE)
        .fetch_one(&mut *connection)
        .await?;
    if member {
        return Ok(());
    }
    let grant: String = sqlx::query_scalar("SELECT format('GRANT holdfast_app TO %I', $1::text)")
        .bind(role)
        .fetch_one(&mut *connection)
        .await?;
    sqlx::raw_sql(AssertSqlSafe(grant)).execute(&mut *connection).await?;
    Ok(())
}

impl Store {
    /// Whether the database is at least at this binary's version.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn schema_is_current(&self) -> Result<bool> {
        let there: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
            .fetch_one(&self.pool)
            .await?;
        if !there {
            return Ok(false);
        }
        let newest: Option<i64> =
            sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations WHERE success")
                .fetch_one(&self.pool)
                .await?;
        Ok(newest >= MIGRATIONS.iter().map(|m| m.version).max())
    }
}
