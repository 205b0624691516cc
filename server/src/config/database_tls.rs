//! That production speaks to its own database and to nobody who stands between: by TLS that verifies its name, unless it is on this
//! machine or the configuration says in plain words that something else sees to it.

use super::{Mode, Wrong};
use secrecy::{ExposeSecret as _, SecretString};

/// What an admin is told who said so.
pub const AS_THE_URL_SAYS: &str = "The database is on another machine, and nobody verifies that it is it: database_tls leaves that to the URL. Whoever stands \
     between reads everything and may change it.";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DatabaseTls {
    #[default]
    Verified,
    AsTheUrlSays,
}

impl DatabaseTls {
    /// # Errors
    /// When it is neither.
    pub fn parse(text: &str) -> Result<Self, Wrong> {
        match text {
            "verified" => Ok(Self::Verified),
            "as-the-url-says" => Ok(Self::AsTheUrlSays),
            other => Err(Wrong::new(
                "database_tls",
                format!("`{other}` is not known"),
                "Leave it out, or write verified or as-the-url-says.",
            )),
        }
    }
}

/// Whether production goes to a database that is not verified, because it was told so.
///
/// # Errors
/// The URL that is not verified, by its setting.
pub fn is_left_open(
    url: Option<&SecretString>,
    owner_url: Option<&SecretString>,
    asked: DatabaseTls,
    mode: Mode,
) -> Result<bool, Wrong> {
    let mut open = false;
    for (setting, url) in [("DATABASE_URL", url), ("HOLDFAST_MIGRATION_DATABASE_URL", owner_url)] {
        let Some(url) = url.filter(|_| mode == Mode::Production) else { continue };
        open |= !is_verified(setting, url, asked)?;
    }
    Ok(open)
}

fn is_verified(setting: &str, url: &SecretString, asked: DatabaseTls) -> Result<bool, Wrong> {
    match holdfast_store::reaches_no_other(url.expose_secret()) {
        Ok(verified) if verified || asked == DatabaseTls::AsTheUrlSays => Ok(verified),
        Ok(_) => Err(Wrong::new(
            setting,
            "leads to another machine without verifying that it is the database",
            "Add sslmode=verify-full to it, and sslrootcert=FILE where its authority is not one of this machine's. Where something \
             else protects the way, write database_tls = \"as-the-url-says\" (HOLDFAST_DATABASE_TLS).",
        )),
        // The value is not shown: it may hold a password.
        Err(_) => Err(Wrong::new(
            setting,
            "is no Postgres URL",
            "Write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full.",
        )),
    }
}
