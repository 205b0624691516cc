//! The TOML file. A key that is not known is refused with the nearest one that is.

use super::Wrong;
use serde::Deserialize;
use std::{collections::BTreeMap, fmt, path::Path};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    pub mode: Option<String>,
    pub listen: Option<String>,
    pub public_url: Option<String>,
    pub data: Option<String>,
    pub database_url: Option<String>,
    pub migration_database_url: Option<String>,
    pub database_tls: Option<String>,
    pub dns_resolver: Option<String>,
    pub outside_hosts: Option<Vec<String>>,
    pub trusted_proxies: Option<Vec<String>>,
    pub trusted_proxy_header: Option<String>,
    pub region: Option<String>,
    pub sweep_interval: Option<String>,
    pub stale_after: Option<String>,
    pub audit_key: Option<String>,
    pub audit_checkpoints: Option<String>,
    pub bundles: Option<String>,
    pub secrets_key: Option<String>,
    pub require_second_factor: Option<Vec<String>>,
    pub requests_per_minute: Option<u32>,
    pub breached_passwords: Option<String>,
    #[serde(default)]
    pub oidc: Oidc,
    #[serde(default)]
    pub notify: Notify,
    #[serde(default)]
    pub pools: Pools,
    #[serde(default)]
    pub aws: Aws,
}

/// No secret is in it: that is in a file of its own.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    pub issuer: Option<String>,
    pub client_id: Option<String>,
    pub client_secret_file: Option<String>,
    pub name: Option<String>,
    pub scopes: Option<Vec<String>>,
    pub groups_claim: Option<String>,
    pub acr_values: Option<Vec<String>>,
    pub amr: Option<Vec<String>>,
    pub allow_loopback: Option<bool>,
    #[serde(default)]
    pub groups: Vec<OidcGroup>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcGroup {
    pub claim: String,
    #[serde(default)]
    pub roles: Vec<String>,
    #[serde(default)]
    pub groups: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notify {
    pub smtp_url: Option<String>,
    pub smtp_from: Option<String>,
    pub pagerduty_url: Option<String>,
    pub again_after: Option<String>,
}

impl fmt::Debug for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notify").finish_non_exhaustive()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pools {
    pub web: Option<u32>,
    pub engine: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aws {
    pub sts_regions: Option<Vec<String>>,
    pub endpoint_url: Option<String>,
    #[serde(default)]
    pub endpoints: BTreeMap<String, String>,
}

/// # Errors
/// Names the file, the line and the key.
pub fn read(path: &Path) -> Result<File, Wrong> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        Wrong::new(
            "--config",
            format!("{shown} cannot be read: {error}"),
            "Name a file that exists, or leave --config out.",
        )
    })?;
    parse(&text, &shown)
}

pub fn parse(text: &str, shown: &str) -> Result<File, Wrong> {
    toml::from_str(text).map_err(|error| {
        let before = error.span().map_or("", |span| text.get(..span.start).unwrap_or(""));
        let line = before.matches('\n').count() + 1;
        let message = error.message().to_owned();
        let way_out =
            nearest_of(&message).unwrap_or_else(|| "Mend that line, or leave the key out.".to_owned());
        Wrong::new(&format!("{shown}, line {line}"), message, way_out)
    })
}

/// serde's "unknown field `x`, expected one of `a`, `b`" as a proposal.
fn nearest_of(message: &str) -> Option<String> {
    if !message.starts_with("unknown field") {
        return None;
    }
    let mut words = message.split('`').skip(1).step_by(2);
    let given = words.next()?;
    let nearest =
        words.max_by(|a, b| strsim::jaro_winkler(given, a).total_cmp(&strsim::jaro_winkler(given, b)))?;
    Some(format!("Did you mean `{nearest}`?"))
}
