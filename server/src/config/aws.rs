//! The settings as the AWS adapters want them.

use super::{Mode, Settings, Wrong};
use holdfast_aws::{AwsSettings, ControlCredentials, Egress, OutsideSettings};
use holdfast_offline::Endpoints;
use std::net::SocketAddr;

/// `demo`: the demonstration's accounts exist in the simulator only, which takes any key pair.
///
/// # Errors
/// When the demonstration would be sent to AWS itself.
pub fn aws_settings(settings: &Settings, demo: bool) -> Result<AwsSettings, Wrong> {
    let mut aws = AwsSettings::new(settings.sts_regions.clone());
    aws.endpoint_url.clone_from(&settings.endpoint_url);
    aws.service_endpoints.clone_from(&settings.endpoints);
    aws.outside = OutsideSettings {
        egress: match settings.mode {
            Mode::Local => Egress::Local,
            Mode::Production => Egress::Production,
        },
        hosts: settings.outside_hosts.clone(),
        dns_resolver: settings.dns_resolver,
        from: settings.region.clone(),
    };
    if demo {
        if aws.endpoint_url.is_none() {
            return Err(Wrong::new(
                "AWS_ENDPOINT_URL",
                "is not set, and the demonstration's accounts exist in the simulator only",
                "Start `holdfast sim --listen 127.0.0.1:4600` and set AWS_ENDPOINT_URL=http://127.0.0.1:4600, or use `holdfast demo`.",
            ));
        }
        // The demonstration's zones are answered for by the simulator, on the port that it has for AWS.
        let simulator = aws.endpoint_url.as_deref().and_then(address_of);
        aws.outside.dns_resolver = aws.outside.dns_resolver.or(simulator);
        if !settings.has_aws_credentials {
            aws.control_credentials = demo_credentials();
        }
    }
    Ok(aws)
}

/// What a bundle says of it, for where no server's settings are.
#[must_use]
pub fn endpoints_for_bundle(settings: &Settings, aws: &AwsSettings) -> Endpoints {
    Endpoints {
        endpoint_url: aws.endpoint_url.clone(),
        services: aws.service_endpoints.clone(),
        dns_resolver: aws.outside.dns_resolver,
        outside_hosts: aws.outside.hosts.clone(),
        sts_regions: aws.sts_regions.clone(),
        local: settings.mode == Mode::Local,
    }
}

/// AWS as it is reached from wherever a bundle is opened: with the credentials that are found there.
#[must_use]
pub fn aws_of_bundle(endpoints: &Endpoints, aws_itself: bool) -> AwsSettings {
    let mut aws = AwsSettings::new(endpoints.sts_regions.clone());
    aws.outside = OutsideSettings {
        egress: if endpoints.local { Egress::Local } else { Egress::Production },
        hosts: endpoints.outside_hosts.clone(),
        dns_resolver: endpoints.dns_resolver.filter(|_| !aws_itself),
        from: "where the bundle was opened".to_owned(),
    };
    if !aws_itself {
        aws.endpoint_url.clone_from(&endpoints.endpoint_url);
        aws.service_endpoints.clone_from(&endpoints.services);
        let simulated = endpoints.local && aws.endpoint_url.is_some();
        if simulated && !has_credentials(|name| std::env::var_os(name).is_some()) {
            aws.control_credentials = demo_credentials();
        }
    }
    aws
}

/// Whether the AWS SDK would find any, without asking the machine that it runs on.
pub fn has_credentials(is_set: impl Fn(&str) -> bool) -> bool {
    [
        "AWS_ACCESS_KEY_ID",
        "AWS_PROFILE",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    ]
    .into_iter()
    .any(is_set)
}

/// The address in `http://HOST:PORT`, where it is written as numbers.
#[must_use]
pub fn address_of(url: &str) -> Option<SocketAddr> {
    url.strip_prefix("http://")?.split('/').next()?.replace("localhost", "127.0.0.1").parse().ok()
}

#[must_use]
pub fn demo_credentials() -> ControlCredentials {
    ControlCredentials::Static {
        access_key_id: "AKIDHOLDFASTDEMO".to_owned(),
        secret_access_key: "the-simulator-takes-any".to_owned(),
        session_token: None,
    }
}
