//! The database made ready: migrated where this process may, and worked with as the lesser role.

use crate::config::{Mode, Settings, Wrong};
use anyhow::Context as _;
use holdfast_embedded_postgres::{EmbeddedPostgres, Error as PostgresError};
use holdfast_store::{AppRole, Error, Pools, RoleReport, Store, ensure_login, examine_role, local_role};
use secrecy::ExposeSecret as _;
use std::path::PathBuf;

/// The setting that says where the private cluster is.
const PRIVATE: &str = "--data";
/// The setting that lets the schema be changed.
const OWNER: &str = "HOLDFAST_MIGRATION_DATABASE_URL";

#[derive(Debug)]
pub struct Prepared {
    pub store: Store,
    /// The private cluster, where this process started one: to be stopped when the store is closed.
    pub postgres: Option<EmbeddedPostgres>,
    /// What an admin should know of how it is connected.
    pub notes: Vec<String>,
}

/// How to reach the database: as whom to migrate, if at all, and as whom to work.
struct Access {
    owner_url: Option<String>,
    app_url: String,
    /// The application's role: with a password it is made, with a name alone it is somebody else's, and with a
    /// password alone it is `holdfast_app` itself.
    password: Option<String>,
    role: Option<String>,
    notes: Vec<String>,
    /// What the operator set that led here.
    setting: &'static str,
    postgres: Option<EmbeddedPostgres>,
}

impl Access {
    /// What names the owner, for what only the owner may.
    fn owner_setting(&self) -> &'static str {
        if self.setting == PRIVATE { PRIVATE } else { OWNER }
    }
}

/// Migrates where the settings give an owner, then connects as the lesser role.
///
/// # Errors
/// Names the setting and the way out.
pub async fn prepare(settings: &Settings) -> anyhow::Result<Prepared> {
    let access = access(settings).await?;
    if access.owner_url.is_some() {
        apply(&access).await?;
    }
    let pools = Pools { web: settings.web_connections, engine: settings.engine_connections };
    let store =
        Store::connect(&access.app_url, pools).await.map_err(|error| unusable(access.setting, error))?;
    if !store.schema_is_current().await.map_err(|error| unusable(access.setting, error))? {
        return Err(Wrong::new(
            "DATABASE_URL",
            "the database has not been migrated to this version",
            "Run `holdfast migrate` with HOLDFAST_MIGRATION_DATABASE_URL set to the owner's URL.",
        )
        .into());
    }
    Ok(Prepared { store, postgres: access.postgres, notes: access.notes })
}

/// `holdfast migrate`: says as whom.
///
/// # Errors
/// Names the setting and the way out.
pub async fn migrate(settings: &Settings) -> anyhow::Result<Vec<String>> {
    if let (None, Some(owner_url)) = (&settings.database_url, &settings.migration_database_url) {
        holdfast_store::migrate(owner_url.expose_secret(), AppRole::Unchanged)
            .await
            .map_err(|error| unusable(OWNER, error))
            .context("migrating the database")?;
        return Ok(vec![
            "Holdfast works as a lesser role: give its URL as DATABASE_URL and migrate again, and it is made; or make it \
             yourself: CREATE ROLE name LOGIN PASSWORD '…' IN ROLE holdfast_app"
                .to_owned(),
        ]);
    }
    let access = access(settings).await?;
    if access.owner_url.is_none() {
        return Err(Wrong::new(
            OWNER,
            "is not set, and the role of DATABASE_URL may not change the schema",
            "Set it to the URL of the database's owner.",
        )
        .into());
    }
    apply(&access).await?;
    stop(access.postgres).await?;
    Ok(access.notes)
}

/// # Errors
/// When the private cluster, if this process has one, would not go.
pub async fn stop(postgres: Option<EmbeddedPostgres>) -> anyhow::Result<()> {
    match postgres {
        Some(postgres) => postgres.stop().await.context("stopping Postgres"),
        None => Ok(()),
    }
}

async fn apply(access: &Access) -> anyhow::Result<()> {
    let Some(owner_url) = &access.owner_url else { return Ok(()) };
    let role = match (&access.password, &access.role) {
        (Some(password), Some(role)) => AppRole::Own { role, password },
        (Some(password), None) => AppRole::Login { password },
        (None, Some(role)) => AppRole::Member { role },
        (None, None) => AppRole::Unchanged,
    };
    holdfast_store::migrate(owner_url, role)
        .await
        .map_err(|error| unusable(access.owner_setting(), error))
        .context("migrating the database")
}

async fn access(settings: &Settings) -> anyhow::Result<Access> {
    let Some(given) = &settings.database_url else { return private(&settings.data).await };
    let given = given.expose_secret().to_owned();
    let owner_url = settings.migration_database_url.as_ref().map(|url| url.expose_secret().to_owned());
    let mut notes = Vec::new();
    if let Some(owner_url) = &owner_url {
        let made = ensure_login(owner_url, &given).await.map_err(|error| unusable(OWNER, error))?;
        notes.extend(made.map(|role| {
            format!("The role {role} of DATABASE_URL was made, with the password that is in the URL")
        }));
    }
    let report = examine_role(&given).await.map_err(|error| unusable("DATABASE_URL", error))?;
    if report.is_lesser() {
        let role = (report.role != "holdfast_app").then(|| report.role.clone());
        return Ok(Access {
            owner_url,
            app_url: given,
            password: None,
            role,
            notes,
            setting: "DATABASE_URL",
            postgres: None,
        });
    }
    if settings.mode == Mode::Production {
        return Err(too_much(&report).into());
    }
    // Local mode, and the URL is an owner's: it migrates, and a lesser role is made to work as.
    let owner_url = owner_url.unwrap_or_else(|| given.clone());
    let lesser = local_role(&given).map_err(|error| unusable("DATABASE_URL", error))?;
    let (role, password) = lesser.login.map(|login| (login.role, login.password)).unzip();
    notes.push(format!(
        "DATABASE_URL is of {}, which owns the database: Holdfast works as {}, a lesser role that it made",
        report.role,
        role.as_deref().unwrap_or("holdfast_app")
    ));
    Ok(Access {
        owner_url: Some(owner_url),
        app_url: lesser.app_url,
        password,
        role,
        notes,
        setting: "DATABASE_URL",
        postgres: None,
    })
}

/// The private cluster of the data folder: that of the process that runs it, else started here.
async fn private(data: &PathBuf) -> anyhow::Result<Access> {
    super::make_folder(data)?;
    let data = data.canonicalize().context("--data")?;
    let note = format!("DATABASE_URL is not set: the database is a private Postgres in {}", data.display());
    let (owner_url, app_url, password, postgres) = match EmbeddedPostgres::start(&data).await {
        Ok(postgres) => {
            let password = Some(postgres.app_password().to_owned());
            (postgres.owner_url(), postgres.app_url(), password, Some(postgres))
        }
        Err(PostgresError::InUse(folder)) => {
            match (EmbeddedPostgres::running_owner_url(&data), EmbeddedPostgres::running_app_url(&data)) {
                (Some(owner_url), Some(app_url)) => (owner_url, app_url, None, None),
                // Another process is just starting or stopping it.
                _ => return Err(PostgresError::InUse(folder).into()),
            }
        }
        Err(error) => return Err(error.into()),
    };
    Ok(Access {
        owner_url: Some(owner_url),
        app_url,
        password,
        role: None,
        notes: vec![note],
        setting: PRIVATE,
        postgres,
    })
}

fn too_much(report: &RoleReport) -> Wrong {
    let may = if report.may_change_schema { "change tables" } else { "rewrite the audit log" };
    Wrong::new(
        "DATABASE_URL",
        format!("its role {} may {may}; production works as a lesser role", report.role),
        "Give the URL of a role that is a member of holdfast_app, and the owner's as HOLDFAST_MIGRATION_DATABASE_URL.",
    )
}

/// Without the URL, which may hold a password.
fn unusable(setting: &str, error: Error) -> Wrong {
    let way_out = match &error {
        Error::Unavailable(_) => "Start the database, or set the URL to where it is.",
        Error::Forbidden(_) => "Give the role what is named, or use another role.",
        _ => "Look at the database's own log for the rest.",
    };
    Wrong::new(setting, error.to_string(), way_out)
}
