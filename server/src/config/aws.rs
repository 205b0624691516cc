//! The settings as the AWS adapters want them.

use super::{Settings, Wrong};
use holdfast_aws::{AwsSettings, ControlCredentials};

/// `demo`: the demonstration's accounts exist in the simulator only, which takes any key pair.
///
/// # Errors
/// When the demonstration would be sent to AWS itself.
pub fn aws_settings(settings: &Settings, demo: bool) -> Result<AwsSettings, Wrong> {
    let mut aws = AwsSettings::new(settings.sts_regions.clone());
    aws.endpoint_url.clone_from(&settings.endpoint_url);
    aws.service_endpoints.clone_from(&settings.endpoints);
    if demo {
        if aws.endpoint_url.is_none() {
            return Err(Wrong::new(
                "AWS_ENDPOINT_URL",
                "is not set, and the demonstration's accounts exist in the simulator only",
                "Start `holdfast sim --listen 127.0.0.1:4600` and set AWS_ENDPOINT_URL=http://127.0.0.1:4600, or use `holdfast demo`.",
            ));
        }
        if !settings.has_aws_credentials {
            aws.control_credentials = demo_credentials();
        }
    }
    Ok(aws)
}

#[must_use]
pub fn demo_credentials() -> ControlCredentials {
    ControlCredentials::Static {
        access_key_id: "AKIDHOLDFASTDEMO".to_owned(),
        secret_access_key: "the-simulator-takes-any".to_owned(),
        session_token: None,
    }
}
