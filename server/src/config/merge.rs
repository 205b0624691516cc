//! File, environment and flags laid over each other. What the values mean together is [`super::decide`]'s.

use super::aws::has_credentials;
use super::{DatabaseTls, Mode, Notify, Proxies, Said, Wrong, checkpoints, file, second_factor};
use holdfast_domain::{Hosts, RegionCode, Seconds};
use secrecy::SecretString;
use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};

/// The process's environment, given rather than read, so that tests can give another.
pub type Environment = BTreeMap<String, String>;

/// What the command line said.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    pub config: Option<PathBuf>,
    pub listen: Option<String>,
    pub data: Option<PathBuf>,
}

/// Variables with the prefix that somebody may have set for a command, a script, a story or a test of ours.
const VARIABLES: [&str; 52] = [
    "HOLDFAST_CONFIG",
    "HOLDFAST_MODE",
    "HOLDFAST_LISTEN",
    "HOLDFAST_PUBLIC_URL",
    "HOLDFAST_DATA",
    "HOLDFAST_MIGRATION_DATABASE_URL",
    "HOLDFAST_DATABASE_TLS",
    "HOLDFAST_DNS_RESOLVER",
    "HOLDFAST_OUTSIDE_HOSTS",
    "HOLDFAST_TRUSTED_PROXIES",
    "HOLDFAST_TRUSTED_PROXY_HEADER",
    "HOLDFAST_REGION",
    "HOLDFAST_SWEEP_INTERVAL",
    "HOLDFAST_STALE_AFTER",
    "HOLDFAST_AUDIT_KEY",
    "HOLDFAST_AUDIT_CHECKPOINTS",
    "HOLDFAST_BUNDLES",
    "HOLDFAST_SECRETS_KEY",
    "HOLDFAST_REQUIRE_SECOND_FACTOR",
    "HOLDFAST_REQUESTS_PER_MINUTE",
    "HOLDFAST_BREACHED_PASSWORDS",
    "HOLDFAST_OIDC_ISSUER",
    "HOLDFAST_OIDC_CLIENT_ID",
    "HOLDFAST_OIDC_CLIENT_SECRET_FILE",
    "HOLDFAST_SMTP_URL",
    "HOLDFAST_SMTP_FROM",
    "HOLDFAST_PAGERDUTY_URL",
    "HOLDFAST_TELL_AGAIN_AFTER",
    "HOLDFAST_WEB_CONNECTIONS",
    "HOLDFAST_ENGINE_CONNECTIONS",
    "HOLDFAST_STS_REGIONS",
    "HOLDFAST_LOG",
    "HOLDFAST_LOG_FORMAT",
    "HOLDFAST_URL",
    "HOLDFAST_TOKEN",
    "HOLDFAST_CACHE",
    "HOLDFAST_BINARY",
    "HOLDFAST_CHROMIUM",
    "HOLDFAST_PAGE_DIR",
    "HOLDFAST_ARTEFACTS",
    "HOLDFAST_WASM_ROUTE",
    "HOLDFAST_WITHOUT_PEERS",
    "HOLDFAST_STORY_LANES",
    "HOLDFAST_SCHEMATHESIS",
    "HOLDFAST_FUZZ_EXAMPLES",
    "HOLDFAST_BENCH_PROFILE",
    "HOLDFAST_KILLS",
    "HOLDFAST_SEEDS",
    "HOLDFAST_DEEP_MODEL",
    "HOLDFAST_FAULTS",
    "HOLDFAST_WRITE_DOCS",
    "HOLDFAST_WRITE_HISTORIES",
];

/// # Errors
/// The first setting that cannot be read.
pub fn merge(flags: &Flags, environment: &Environment) -> Result<Said, Wrong> {
    refuse_unknown(environment)?;
    let variable = |name: &str| environment.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let path = flags.config.clone().or_else(|| variable("HOLDFAST_CONFIG").map(PathBuf::from));
    let file = path.as_deref().map(file::read).transpose()?.unwrap_or_default();

    let (mode_name, mode) =
        first(&[("HOLDFAST_MODE", variable("HOLDFAST_MODE")), ("mode", file.mode.as_deref())]);
    let (listen_name, listen) = first(&[
        ("--listen", flags.listen.as_deref()),
        ("HOLDFAST_LISTEN", variable("HOLDFAST_LISTEN")),
        ("listen", file.listen.as_deref()),
    ]);
    let (resolver_name, resolver) = first(&[
        ("HOLDFAST_DNS_RESOLVER", variable("HOLDFAST_DNS_RESOLVER")),
        ("dns_resolver", file.dns_resolver.as_deref()),
    ]);
    let (sweep_name, sweep) = first(&[
        ("HOLDFAST_SWEEP_INTERVAL", variable("HOLDFAST_SWEEP_INTERVAL")),
        ("sweep_interval", file.sweep_interval.as_deref()),
    ]);
    let (stale_name, stale) = first(&[
        ("HOLDFAST_STALE_AFTER", variable("HOLDFAST_STALE_AFTER")),
        ("stale_after", file.stale_after.as_deref()),
    ]);
    let (again_name, again) = first(&[
        ("HOLDFAST_TELL_AGAIN_AFTER", variable("HOLDFAST_TELL_AGAIN_AFTER")),
        ("notify.again_after", file.notify.again_after.as_deref()),
    ]);
    let text = |name: &str, from_file: &Option<String>| {
        variable(name).map(str::to_owned).or_else(|| from_file.clone())
    };
    let regions: Option<Vec<String>> = variable("HOLDFAST_STS_REGIONS")
        .map(|list| list.split(',').map(|code| code.trim().to_owned()).collect())
        .or(file.aws.sts_regions);
    let services = environment
        .iter()
        .filter_map(|(name, url)| Some((name.strip_prefix("AWS_ENDPOINT_URL_")?.to_owned(), url.clone())))
        .filter(|(_, url)| !url.is_empty());

    Ok(Said {
        mode: mode.map(|text| parse_mode(mode_name, text)).transpose()?,
        listen: listen.map(|text| address(listen_name, text)).transpose()?,
        public_url: text("HOLDFAST_PUBLIC_URL", &file.public_url),
        data: flags
            .data
            .clone()
            .or_else(|| variable("HOLDFAST_DATA").map(PathBuf::from))
            .or_else(|| file.data.as_ref().map(PathBuf::from)),
        database_url: text("DATABASE_URL", &file.database_url).map(SecretString::from),
        migration_database_url: text("HOLDFAST_MIGRATION_DATABASE_URL", &file.migration_database_url)
            .map(SecretString::from),
        database_tls: text("HOLDFAST_DATABASE_TLS", &file.database_tls)
            .map(|text| DatabaseTls::parse(&text))
            .transpose()?
            .unwrap_or_default(),
        region: text("HOLDFAST_REGION", &file.region),
        proxies: Proxies::parse(
            &variable("HOLDFAST_TRUSTED_PROXIES")
                .map(str::to_owned)
                .or_else(|| file.trusted_proxies.as_ref().map(|all| all.join(",")))
                .unwrap_or_default(),
            text("HOLDFAST_TRUSTED_PROXY_HEADER", &file.trusted_proxy_header).as_deref(),
        )?,
        outside_hosts: hosts(
            variable("HOLDFAST_OUTSIDE_HOSTS").map(str::to_owned),
            file.outside_hosts.as_deref(),
        )?,
        dns_resolver: resolver.map(|text| address(resolver_name, text)).transpose()?,
        sweep_interval: sweep.map(|text| duration(sweep_name, text)).transpose()?,
        stale_after: stale.map(|text| duration(stale_name, text)).transpose()?,
        audit_key: text("HOLDFAST_AUDIT_KEY", &file.audit_key).map(PathBuf::from),
        audit_checkpoints: text("HOLDFAST_AUDIT_CHECKPOINTS", &file.audit_checkpoints)
            .map(|places| checkpoints::parse(&places))
            .transpose()?
            .unwrap_or_default(),
        bundles: text("HOLDFAST_BUNDLES", &file.bundles)
            .map(|places| checkpoints::parse_bundles(&places))
            .transpose()?
            .unwrap_or_default(),
        secrets_key: text("HOLDFAST_SECRETS_KEY", &file.secrets_key).map(PathBuf::from),
        second_factor_for: variable("HOLDFAST_REQUIRE_SECOND_FACTOR")
            .map(str::to_owned)
            .or_else(|| file.require_second_factor.as_ref().map(|all| all.join(",")))
            .map(|roles| second_factor::parse(&roles))
            .transpose()?,
        requests_per_minute: number(
            "HOLDFAST_REQUESTS_PER_MINUTE",
            variable("HOLDFAST_REQUESTS_PER_MINUTE"),
        )?
        .or(file.requests_per_minute),
        breached_passwords: text("HOLDFAST_BREACHED_PASSWORDS", &file.breached_passwords).map(PathBuf::from),
        oidc: file::Oidc {
            issuer: text("HOLDFAST_OIDC_ISSUER", &file.oidc.issuer),
            client_id: text("HOLDFAST_OIDC_CLIENT_ID", &file.oidc.client_id),
            client_secret_file: text("HOLDFAST_OIDC_CLIENT_SECRET_FILE", &file.oidc.client_secret_file),
            ..file.oidc.clone()
        },
        notify: Notify {
            smtp_url: text("HOLDFAST_SMTP_URL", &file.notify.smtp_url).map(SecretString::from),
            smtp_from: text("HOLDFAST_SMTP_FROM", &file.notify.smtp_from),
            pagerduty_url: text("HOLDFAST_PAGERDUTY_URL", &file.notify.pagerduty_url),
            again_after: again.map(|text| duration(again_name, text)).transpose()?,
        },
        web_connections: number("HOLDFAST_WEB_CONNECTIONS", variable("HOLDFAST_WEB_CONNECTIONS"))?
            .or(file.pools.web),
        engine_connections: number("HOLDFAST_ENGINE_CONNECTIONS", variable("HOLDFAST_ENGINE_CONNECTIONS"))?
            .or(file.pools.engine),
        sts_regions: regions.map(|codes| parse_regions(&codes)).transpose()?,
        endpoint_url: file.aws.endpoint_url,
        endpoints: file.aws.endpoints,
        environment_endpoint_url: variable("AWS_ENDPOINT_URL").map(str::to_owned),
        environment_endpoints: services.collect(),
        has_aws_credentials: has_credentials(|name| variable(name).is_some()),
    })
}

fn first<'a>(sources: &[(&'a str, Option<&'a str>)]) -> (&'a str, Option<&'a str>) {
    sources.iter().copied().find(|(_, value)| value.is_some()).unwrap_or(("", None))
}

/// What Kubernetes sets in every pod beside a Service that is called `holdfast`; nobody wrote it.
const OF_A_SERVICE: [&str; 2] = ["HOLDFAST_SERVICE_", "HOLDFAST_PORT"];

/// A variable that nothing reads is a setting that somebody believes to hold.
fn refuse_unknown(environment: &Environment) -> Result<(), Wrong> {
    let ours = environment.keys().filter(|name| name.starts_with("HOLDFAST_"));
    for name in ours.filter(|name| !OF_A_SERVICE.iter().any(|prefix| name.starts_with(prefix))) {
        if VARIABLES.contains(&name.as_str()) {
            continue;
        }
        let nearest = VARIABLES.into_iter().min_by_key(|known| strsim::osa_distance(known, name));
        let meant = nearest.map(|known| format!("Did you mean {known}? ")).unwrap_or_default();
        return Err(Wrong::new(name, "is no setting", format!("{meant}Unset it if it is nobody's.")));
    }
    Ok(())
}

fn parse_mode(setting: &str, text: &str) -> Result<Mode, Wrong> {
    match text {
        "local" => Ok(Mode::Local),
        "production" => Ok(Mode::Production),
        other => Err(Wrong::new(setting, format!("`{other}` is no mode"), "Set it to local or production.")),
    }
}

fn address(setting: &str, text: &str) -> Result<SocketAddr, Wrong> {
    let numeric =
        text.strip_prefix("localhost:").map_or_else(|| text.to_owned(), |port| format!("127.0.0.1:{port}"));
    numeric.parse().map_err(|_| {
        Wrong::new(
            setting,
            format!("`{text}` is no address"),
            "Write it as HOST:PORT with a numeric host, such as 127.0.0.1:8080.",
        )
    })
}

fn duration(setting: &str, text: &str) -> Result<Duration, Wrong> {
    match Seconds::parse(text) {
        Ok(Seconds(0)) => Err(Wrong::new(setting, "may not be zero", "Write it as 30s or 2m.")),
        Ok(Seconds(seconds)) => Ok(Duration::from_secs(u64::from(seconds))),
        Err(error) => Err(Wrong::new(setting, error.0, "Write it as 30s or 2m.")),
    }
}

/// Apart by commas in the environment, a list in the file.
fn hosts(variable: Option<String>, file: Option<&[String]>) -> Result<Hosts, Wrong> {
    let named = match (&variable, file) {
        (Some(text), _) => Hosts::parse(text.split(',')),
        (None, Some(names)) => Hosts::parse(names.iter().map(String::as_str)),
        (None, None) => return Ok(Hosts::default()),
    };
    named.map_err(|error| {
        let way_out =
            "Name hosts such as example.com, each meant with every name below it, or leave it out for any.";
        Wrong::new("outside_hosts", error.0, way_out)
    })
}

fn number(setting: &str, text: Option<&str>) -> Result<Option<u32>, Wrong> {
    let parsed = text.map(str::parse::<u32>).transpose();
    parsed.map_err(|_| Wrong::new(setting, "is no number", "Write a whole number such as 16."))
}

fn parse_regions(codes: &[String]) -> Result<Vec<RegionCode>, Wrong> {
    codes
        .iter()
        .map(|code| {
            RegionCode::parse(code)
                .map_err(|error| Wrong::new("aws.sts_regions", error.0, "Name Regions such as us-east-1."))
        })
        .collect()
}
