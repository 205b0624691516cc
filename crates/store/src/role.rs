//! Database roles: the lesser one that the application works as, and how to tell what a URL's role may.

use crate::{Error, Result};
use percent_encoding::percent_decode_str;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use std::str::FromStr as _;

pub(crate) const APP_ROLE: &str = "holdfast_app";

/// What the role of a URL may do, for start-up and for system health.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct RoleReport {
    pub role: String,
    /// May make or change tables: an owner's role.
    pub may_change_schema: bool,
    /// May rewrite the audit log; false also where there is none yet.
    pub may_rewrite_audit: bool,
}

impl RoleReport {
    /// Whether the application may work as this role in production.
    #[must_use]
    pub fn is_lesser(&self) -> bool {
        !self.may_change_schema && !self.may_rewrite_audit
    }
}

/// # Errors
/// When the URL is none, or the database does not answer.
pub async fn examine_role(url: &str) -> Result<RoleReport> {
    let mut connection = PgConnectOptions::from_str(url)?.application_name("holdfast").connect().await?;
    let report = sqlx::query_as(
        "SELECT current_user::text AS role,
                r.rolsuper OR has_schema_privilege('public', 'CREATE') OR pg_has_role(d.datdba, 'MEMBER') AS may_change_schema,
                r.rolsuper OR coalesce(has_table_privilege(to_regclass('public.audit_entries'), 'UPDATE, DELETE, TRUNCATE'), false)
                    AS may_rewrite_audit
         FROM pg_roles r, pg_database d
         WHERE r.rolname = current_user AND d.datname = current_database()",
    )
    .fetch_one(&mut connection)
    .await?;
    connection.close().await.ok();
    Ok(report)
}

/// Makes the role that the application's URL names, with the password that it gives, where the cluster has none of that
/// name; answers its name when it did. A role that is there keeps its password, and one that may not sign in stays
/// shut out, save `holdfast_app` itself: migrations make that one without a password.
///
/// # Errors
/// When a URL is none, the database does not answer, or the owner may not make roles.
pub async fn ensure_login(owner_url: &str, app_url: &str) -> Result<Option<String>> {
    let app = PgConnectOptions::from_str(app_url)?;
    let role = app.get_username();
    let url = app.to_url_lossy();
    let Some(password) = url.password() else { return Ok(None) };
    let password = percent_decode_str(password)
        .decode_utf8()
        .map_err(|_| Error::Invalid(format!("the password of {role} in the URL: no UTF-8")))?;
    let mut owner =
        PgConnectOptions::from_str(owner_url)?.application_name("holdfast migrate").connect().await?;
    let may_sign_in = || {
        sqlx::query_scalar::<_, bool>("SELECT rolcanlogin FROM pg_roles WHERE rolname = $1")
            .bind(role.to_owned())
    };
    let statement = match may_sign_in().fetch_optional(&mut owner).await? {
        None => "CREATE ROLE %I LOGIN PASSWORD %L",
        Some(false) if role == APP_ROLE => "ALTER ROLE %I LOGIN PASSWORD %L",
        Some(_) => return Ok(None),
    };
    let statement: String = sqlx::query_scalar("SELECT format($1, $2::text, $3::text)")
        .bind(statement)
        .bind(role)
        .bind(password.as_ref())
        .fetch_one(&mut owner)
        .await?;
    let made = sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut owner).await;
    if let Err(error) = made {
        // Another replica that starts now may have been quicker.
        return match may_sign_in().fetch_optional(&mut owner).await? {
            Some(true) => Ok(None),
            _ => Err(error.into()),
        };
    }
    owner.close().await.ok();
    Ok(Some(role.to_owned()))
}

/// How local mode, which may be given only an owner's URL, works as a lesser role all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalRole {
    pub app_url: String,
    /// For [`crate::AppRole::Own`]; `None` where the owner needs no password either, and the session takes
    /// `holdfast_app` on instead of signing in as a role of its own.
    pub login: Option<LocalLogin>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalLogin {
    pub role: String,
    pub password: String,
}

/// Roles belong to the cluster, so the name follows from the database's: another Holdfast over another database of the
/// same Postgres, under another owner, has a role and a password of its own. The password follows from the owner's, so
/// that every replica that has the one has the other.
///
/// # Errors
/// When the URL is none.
pub fn local_role(owner_url: &str) -> Result<LocalRole> {
    let options = PgConnectOptions::from_str(owner_url)?;
    let owner_password = options.to_url_lossy().password().unwrap_or_default().to_owned();
    if owner_password.is_empty() {
        // Set as the session begins, so that RESET ROLE leads back to it.
        let app_url = format!("{}&options[role]={APP_ROLE}", options.to_url_lossy());
        return Ok(LocalRole { app_url, login: None });
    }
    let database = options.get_database().unwrap_or_else(|| options.get_username());
    let mut role = format!("{APP_ROLE}_{}", hex::encode(crate::hash_secret(database.as_bytes())));
    role.truncate(APP_ROLE.len() + 17);
    let seed = format!("holdfast_app beside an owner with {owner_password}");
    let password = hex::encode(crate::hash_secret(seed.as_bytes()));
    let app_url = options.clone().username(&role).password(&password).to_url_lossy().to_string();
    Ok(LocalRole { app_url, login: Some(LocalLogin { role, password }) })
}
