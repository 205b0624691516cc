//! What the server is told: a TOML file, then the environment, then flags, in rising order. Everything wrong is
//! said with the setting's name and the way out, and nothing starts.

mod audit;
mod aws;
mod breached;
mod checkpoints;
mod database_tls;
mod file;
mod merge;
mod notify;
mod oidc;
mod proxies;
mod rules;
mod second_factor;
mod secrets;
#[cfg(test)]
mod tests;
mod witness;
mod wrapped;

pub use audit::audit_settings;
pub use aws::{address_of, aws_of_bundle, aws_settings, demo_credentials, endpoints_for_bundle};
pub use breached::breached;
pub use checkpoints::{CheckpointPlace, bundle_places, checkpoint_places};
pub use database_tls::{AS_THE_URL_SAYS, DatabaseTls};
pub use merge::{Environment, Flags, merge};
pub use notify::{Notify, post};
pub use oidc::{claim_rules, provider};
pub use proxies::{ForwardedBy, NO_PROXY, Proxies};
pub use rules::{database_is_near, decide};
pub use second_factor::{NOBODY, check_second_factors};
pub use secrets::{NO_KEY, sealing, sealing_in};
pub use wrapped::{aws_to_wrap, opened};

use holdfast_domain::{Hosts, RegionCode, Role};
use secrecy::SecretString;
use std::{collections::BTreeMap, fmt, net::SocketAddr, path::PathBuf, time::Duration};

pub const DEFAULT_LISTEN: &str = "127.0.0.1:8080";

/// Why nothing starts: which setting, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {message}\n  {way_out}")]
pub struct Wrong {
    pub setting: String,
    pub message: String,
    pub way_out: String,
}

impl Wrong {
    pub fn new(setting: &str, message: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self { setting: setting.to_owned(), message: message.into(), way_out: way_out.into() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Local,
    Production,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Local => "local",
            Self::Production => "production",
        })
    }
}

/// What the settings are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Opens a listener.
    Serve,
    /// Works with the database and opens none.
    Work,
    /// Changes the schema, for which the owner's URL is enough.
    Migrate,
}

/// All that was said, each still optional; [`decide`] turns it into [`Settings`].
#[derive(Debug, Clone, Default)]
pub struct Said {
    pub mode: Option<Mode>,
    pub listen: Option<SocketAddr>,
    pub public_url: Option<String>,
    pub data: Option<PathBuf>,
    pub database_url: Option<SecretString>,
    pub migration_database_url: Option<SecretString>,
    pub database_tls: DatabaseTls,
    pub dns_resolver: Option<SocketAddr>,
    pub outside_hosts: Hosts,
    pub proxies: Proxies,
    pub region: Option<String>,
    pub sweep_interval: Option<Duration>,
    pub stale_after: Option<Duration>,
    pub audit_key: Option<PathBuf>,
    pub audit_checkpoints: Vec<CheckpointPlace>,
    pub bundles: Vec<CheckpointPlace>,
    pub secrets_key: Option<PathBuf>,
    pub second_factor_for: Option<Vec<Role>>,
    /// `0`: as often as they like.
    pub requests_per_minute: Option<u32>,
    pub breached_passwords: Option<PathBuf>,
    pub oidc: file::Oidc,
    pub notify: Notify,
    pub web_connections: Option<u32>,
    pub engine_connections: Option<u32>,
    pub sts_regions: Option<Vec<RegionCode>>,
    /// From the file.
    pub endpoint_url: Option<String>,
    pub endpoints: BTreeMap<String, String>,
    /// From the AWS SDK's own variables.
    pub environment_endpoint_url: Option<String>,
    pub environment_endpoints: BTreeMap<String, String>,
    pub has_aws_credentials: bool,
}

/// What holds.
#[derive(Debug, Clone)]
pub struct Settings {
    pub mode: Mode,
    pub listen: SocketAddr,
    /// Without a trailing slash.
    pub public_url: String,
    pub data: PathBuf,
    /// None, in local mode only: a private Postgres under `data`.
    pub database_url: Option<SecretString>,
    pub migration_database_url: Option<SecretString>,
    /// Production goes to a database that nobody verifies, because it was told to.
    pub database_is_open: bool,
    pub dns_resolver: Option<SocketAddr>,
    /// Of which hosts what people store, the identity provider and receivers of checkpoints are spoken to.
    pub outside_hosts: Hosts,
    /// Whose word on where a request came from is taken.
    pub proxies: Proxies,
    /// Where this replica stands, as it says beside what it sees from outside.
    pub region: String,
    pub sweep_interval: Duration,
    pub stale_after: Duration,
    /// The key that signs the audit log; none, in local mode only: one in `data`.
    pub audit_key: Option<PathBuf>,
    /// Where its checkpoints go; empty: a file in `data`.
    pub audit_checkpoints: Vec<CheckpointPlace>,
    /// Where bundles for where no server is go; empty: a folder in `data`.
    pub bundles: Vec<CheckpointPlace>,
    /// The keys that second factors and channels are encrypted with; none, in local mode: one in `data`.
    pub secrets_key: Option<PathBuf>,
    /// Whoever has one of these roles, and a password here, has a second factor beside it.
    pub second_factor_for: Vec<Role>,
    /// Of each API token; `None`: as often as they like.
    pub requests_per_minute: Option<u32>,
    /// Passwords that are known from breaches, by their hashes.
    pub breached_passwords: Option<PathBuf>,
    /// The identity provider, as it was said; [`provider`] makes one of it.
    pub oidc: file::Oidc,
    /// How people are told, as it was said; [`post`] makes the ways of it.
    pub notify: Notify,
    pub web_connections: u32,
    pub engine_connections: u32,
    pub sts_regions: Vec<RegionCode>,
    pub endpoint_url: Option<String>,
    pub endpoints: BTreeMap<String, String>,
    pub has_aws_credentials: bool,
}
