//! What the settings mean together: the mode, and what it allows.

use super::{DEFAULT_LISTEN, Mode, Said, Settings, Task, Wrong, checkpoints, database_tls, second_factor};
use crate::http::pace::A_MINUTE;
use axum::http::Uri;
use holdfast_domain::RegionCode;
use holdfast_outside::{Egress, Guard};
use secrecy::{ExposeSecret, SecretString};
use std::{net::SocketAddr, path::PathBuf, time::Duration};

/// Regional STS endpoints to ask in turn, on three continents: a session from any of them is good everywhere.
const STS_REGIONS: [&str; 4] = ["us-east-1", "us-west-2", "eu-central-1", "ap-northeast-1"];

/// A task without a listener is local also when only its database is near.
///
/// # Errors
/// The first setting that is missing or wrong.
pub fn decide(said: Said, task: Task) -> Result<Settings, Wrong> {
    let listens = task == Task::Serve;
    let listen = match said.listen {
        Some(address) => address,
        None => DEFAULT_LISTEN
            .parse()
            .map_err(|_| Wrong::new("--listen", "has no default", "Set it to HOST:PORT."))?,
    };
    let mode = match said.mode {
        Some(mode) => mode,
        None if listens => mode_of_listener(listen)?,
        None => {
            let owners = said.migration_database_url.as_ref().filter(|_| task == Task::Migrate);
            mode_of_database(said.database_url.as_ref().or(owners))?
        }
    };
    // What is said of the listener before what is said of the database: it is nearer to who typed it.
    let public_url = public_url(said.public_url, mode, listens, listen)?;
    let (url, owner_url) = (said.database_url.as_ref(), said.migration_database_url.as_ref());
    check_databases(url, owner_url, mode, task)?;
    let database_is_open = database_tls::is_left_open(url, owner_url, said.database_tls, mode)?;
    let (endpoint_url, endpoints) = match mode {
        Mode::Production => {
            let named =
                said.environment_endpoints.keys().next().map(|service| format!("AWS_ENDPOINT_URL_{service}"));
            let found =
                said.environment_endpoint_url.as_ref().map(|_| "AWS_ENDPOINT_URL".to_owned()).or(named);
            if let Some(variable) = found {
                return Err(Wrong::new(
                    &variable,
                    "is set, and production takes endpoint overrides from the configuration file only",
                    "Unset it, or write it to [aws] in the file.",
                ));
            }
            (said.endpoint_url, said.endpoints)
        }
        Mode::Local => {
            let mut endpoints = said.endpoints;
            endpoints.extend(said.environment_endpoints);
            (said.environment_endpoint_url.or(said.endpoint_url), endpoints)
        }
    };
    if mode == Mode::Production && said.dns_resolver.is_some() {
        return Err(Wrong::new(
            "dns_resolver",
            "is for local mode only",
            "Leave it out: zones' own name servers are asked.",
        ));
    }
    for (service, url) in
        endpoints.iter().map(|(s, u)| (s.as_str(), u)).chain(endpoint_url.iter().map(|u| ("all", u)))
    {
        let web = url.parse::<Uri>().ok().filter(|uri| uri.scheme().is_some() && uri.authority().is_some());
        if web.is_none() {
            return Err(Wrong::new(
                "aws.endpoint_url",
                format!("`{url}` (of {service}) is no address"),
                "Write it as http://HOST:PORT.",
            ));
        }
    }
    checkpoints::check_hosts(
        &said.audit_checkpoints,
        &Guard::new(Egress::Local, said.outside_hosts.clone()),
    )?;
    let sts_regions = match said.sts_regions.filter(|regions| !regions.is_empty()) {
        Some(regions) => regions,
        None => STS_REGIONS.iter().filter_map(|code| RegionCode::parse(code).ok()).collect(),
    };
    Ok(Settings {
        mode,
        listen,
        public_url,
        data: said.data.unwrap_or_else(|| PathBuf::from(".holdfast")),
        database_url: said.database_url,
        migration_database_url: said.migration_database_url,
        database_is_open,
        dns_resolver: said.dns_resolver,
        outside_hosts: said.outside_hosts,
        proxies: said.proxies,
        region: said.region.unwrap_or_else(|| "this replica".to_owned()),
        sweep_interval: said.sweep_interval.unwrap_or(Duration::from_secs(30)),
        stale_after: said.stale_after.unwrap_or(Duration::from_secs(90)),
        audit_key: said.audit_key,
        audit_checkpoints: said.audit_checkpoints,
        bundles: said.bundles,
        secrets_key: said.secrets_key,
        second_factor_for: second_factor::decide(said.second_factor_for, mode),
        requests_per_minute: requests_per_minute(said.requests_per_minute, mode),
        breached_passwords: said.breached_passwords,
        oidc: said.oidc,
        notify: said.notify,
        web_connections: said.web_connections.unwrap_or(16).max(1),
        engine_connections: said.engine_connections.unwrap_or(16).max(1),
        sts_regions,
        endpoint_url,
        endpoints,
        has_aws_credentials: said.has_aws_credentials,
    })
}

/// Where nothing is said local mode holds nobody back: it is one person's own machine.
fn requests_per_minute(said: Option<u32>, mode: Mode) -> Option<u32> {
    match (said, mode) {
        (Some(0), _) | (None, Mode::Local) => None,
        (Some(said), _) => Some(said),
        (None, Mode::Production) => Some(A_MINUTE),
    }
}

fn mode_of_listener(listen: SocketAddr) -> Result<Mode, Wrong> {
    if listen.ip().is_loopback() {
        return Ok(Mode::Local);
    }
    Err(Wrong::new(
        "HOLDFAST_MODE",
        format!("is not set, and {listen} is not a loopback address"),
        "Set it to production (with an https public_url), or listen on 127.0.0.1.",
    ))
}

fn mode_of_database(url: Option<&SecretString>) -> Result<Mode, Wrong> {
    let Some(url) = url else { return Ok(Mode::Local) };
    check_database_url("DATABASE_URL", url)?;
    if database_is_near(url.expose_secret()) {
        return Ok(Mode::Local);
    }
    Err(Wrong::new(
        "HOLDFAST_MODE",
        "is not set, and the database is on another machine",
        "Set it to local or production.",
    ))
}

/// Local mode without a database has one of its own, unless an owner's URL says that there is another.
fn check_databases(
    url: Option<&SecretString>,
    owner_url: Option<&SecretString>,
    mode: Mode,
    task: Task,
) -> Result<(), Wrong> {
    match url {
        Some(url) => check_database_url("DATABASE_URL", url)?,
        // The owner needs nobody else to change the schema.
        None if task == Task::Migrate && owner_url.is_some() => {}
        None if mode == Mode::Production || owner_url.is_some() => {
            return Err(Wrong::new(
                "DATABASE_URL",
                "is not set",
                "Set it to the application role's URL: postgres://holdfast_app:PASSWORD@HOST/holdfast. \
                 Local mode without any URL keeps a private Postgres under --data.",
            ));
        }
        None => {}
    }
    owner_url.map_or(Ok(()), |url| check_database_url("HOLDFAST_MIGRATION_DATABASE_URL", url))
}

fn public_url(given: Option<String>, mode: Mode, listens: bool, listen: SocketAddr) -> Result<String, Wrong> {
    let Some(given) = given else {
        if mode == Mode::Production && listens {
            return Err(Wrong::new(
                "public_url",
                "is not set",
                "Set HOLDFAST_PUBLIC_URL to the https address that people use, such as https://holdfast.example.com.",
            ));
        }
        return Ok(format!("http://localhost:{}", listen.port()));
    };
    let shown = given.trim_end_matches('/').to_owned();
    let uri: Option<Uri> = shown.parse().ok();
    let origin = uri.as_ref().filter(|uri| matches!(uri.path(), "" | "/") && uri.query().is_none());
    let (Some(scheme), Some(host)) = (origin.and_then(Uri::scheme_str), origin.and_then(Uri::host)) else {
        return Err(Wrong::new(
            "public_url",
            format!("`{given}` is no address"),
            "Write scheme and host only: https://holdfast.example.com.",
        ));
    };
    let near = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    match (scheme, mode) {
        ("https", _) => Ok(shown),
        ("http", Mode::Local) if near => Ok(shown),
        ("http", Mode::Local) => Err(Wrong::new(
            "public_url",
            "plain http is for localhost only",
            "Put Holdfast behind https, or use http://localhost:PORT.",
        )),
        (_, Mode::Local) => Err(Wrong::new(
            "public_url",
            format!("`{given}` is neither http nor https"),
            "Use http://localhost:PORT, or an https address.",
        )),
        _ => Err(Wrong::new(
            "public_url",
            format!("`{given}` is not https"),
            "Production needs https: passwords and sessions travel over it.",
        )),
    }
}

fn check_database_url(setting: &str, url: &SecretString) -> Result<(), Wrong> {
    let url = url.expose_secret();
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(());
    }
    // The value is not shown: it may hold a password.
    Err(Wrong::new(setting, "is no Postgres URL", "Write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE."))
}

/// Whether the database is on this machine: a socket, or a loopback address.
#[must_use]
pub fn database_is_near(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let (authority, query) = rest.split_once('?').unwrap_or((rest, ""));
    // libpq's `host` parameter wins over the authority.
    let parameter = form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "host")
        .map(|(_, value)| value.into_owned());
    let authority = authority.split('/').next().unwrap_or_default();
    let host_and_port = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host_and_port.strip_prefix('[') {
        Some(six) => six.split(']').next().unwrap_or_default(),
        None => host_and_port.split(':').next().unwrap_or_default(),
    };
    let host = parameter.unwrap_or_else(|| host.to_owned());
    host.is_empty()
        || host.starts_with('/')
        || host.to_ascii_lowercase().starts_with("%2f")
        || host == "localhost"
        || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
