//! The settings as the AWS adapters want them.

use super::{Mode, Settings, Wrong};
use holdfast_aws::{AwsSettings, ControlCredentials, Egress, OutsideSettings};
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
