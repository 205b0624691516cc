//! Key files whose lines a KMS key wraps: opened once, when the process begins, with the control account's credentials.

use super::{Mode, Said, Settings, Wrong};
use holdfast_aws::{AwsSettings, KeyWrapping, Purpose, WRAPPED};
use holdfast_engine::audit::Opened;

/// What is wrapped in the files that are named. One that cannot be read is told by whoever reads it.
///
/// # Errors
/// The setting, the line, and what KMS answered.
pub async fn opened(settings: &Settings, aws: &AwsSettings) -> Result<Opened, Wrong> {
    let files = [
        ("HOLDFAST_AUDIT_KEY", &settings.audit_key, Purpose::Audit),
        ("HOLDFAST_SECRETS_KEY", &settings.secrets_key, Purpose::Secrets),
    ];
    let opened = Opened::default();
    for (setting, path, purpose) in files {
        let Some(path) = path else { continue };
        let Ok(text) = std::fs::read_to_string(path) else { continue };
        for (number, line) in text.lines().map(str::trim).enumerate() {
            if !line.starts_with(WRAPPED) {
                continue;
            }
            let key = KeyWrapping::new(aws.clone()).open(purpose, line).await.map_err(|error| {
                Wrong::new(
                    setting,
                    format!("{}, line {}, cannot be opened by KMS: {error}", path.display(), number + 1),
                    format!(
                        "Let the control account's principal call kms:Decrypt with the key that wrapped it, under the encryption context holdfast={}; or wrap it anew: holdfast keys wrap.",
                        purpose.as_str()
                    ),
                )
            })?;
            opened.add(line, key);
        }
    }
    Ok(opened)
}

/// AWS for whoever wraps a key by hand. In production the environment leads it nowhere else, as it leads no server.
#[must_use]
pub fn aws_to_wrap(said: &Said) -> AwsSettings {
    let mut aws = AwsSettings::new(Vec::new());
    aws.endpoint_url.clone_from(&said.endpoint_url);
    aws.service_endpoints.clone_from(&said.endpoints);
    if said.mode != Some(Mode::Production) {
        aws.endpoint_url = said.environment_endpoint_url.clone().or(aws.endpoint_url);
        aws.service_endpoints.extend(said.environment_endpoints.clone());
    }
    aws
}
