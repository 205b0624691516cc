//! Would the rest be there: secrets, parameters, keys, networks, quotas, alarms, recorders. What is missing in the
//! recovery Region is found out on the day that it is needed, unless it is looked for before.

mod build;
mod lag_alarms;
mod watch;

pub(super) use lag_alarms::is_on_lag;

use super::{Look, Severity};
use holdfast_domain::facts::{KmsKeyFacts, SecretFacts};
use holdfast_domain::{Facts, RegionCode, Resource, ResourceSpec};

pub(super) fn look(look: &mut Look<'_>, resource: &Resource) {
    match &resource.spec {
        ResourceSpec::Secret(_) => secret(look, resource),
        ResourceSpec::SsmParameter(_) => parameter(look, resource),
        ResourceSpec::KmsKey(_) => key(look, resource),
        ResourceSpec::TransitGateway(_) => attachment(look, resource),
        ResourceSpec::ServiceQuota(_) => quota(look, resource),
        ResourceSpec::CloudwatchAlarm(_) => watch::alarm(look, resource),
        ResourceSpec::CloudwatchMetric(_) => watch::metric(look, resource),
        ResourceSpec::ConfigRecorder(_) => watch::recorder(look, resource),
        ResourceSpec::SecurityHub(_) => watch::hub(look, resource),
        ResourceSpec::AwsHealth(_) => watch::health(look, resource),
        ResourceSpec::CloudformationStack(spec) => build::stack(look, resource, spec),
        ResourceSpec::EndpointSetting(spec) => build::setting(look, resource, spec),
        _ => {}
    }
    lag_alarms::look(look, resource);
}

impl<'a> Look<'a> {
    /// The Regions in which the inventory has the resource, the home Region first.
    pub(super) fn places(&self, resource: &Resource) -> Vec<&'a RegionCode> {
        self.application.regions().filter(|region| resource.spec.is_in(region)).collect()
    }

    pub(super) fn say(
        &mut self,
        (severity, code): (Severity, &str),
        (resource, region): (&Resource, &RegionCode),
        sentence: impl Into<String>,
        way_out: impl Into<String>,
    ) {
        self.add(severity, code, Some(resource), Some(region), sentence, way_out);
    }
}

fn secret(look: &mut Look<'_>, resource: &Resource) {
    let name = &resource.name;
    let places = look.places(resource);
    let seen: Vec<(&RegionCode, &SecretFacts)> = places
        .iter()
        .filter_map(|region| match look.known(resource, region) {
            Some(Facts::Secret { secret: Some(secret) }) => Some((*region, secret)),
            _ => None,
        })
        .collect();
    for region in places {
        if let Some(Facts::Secret { secret: None }) = look.known(resource, region) {
            look.say(
                (Severity::Blocker, "secret_not_replicated"),
                (resource, region),
                format!("Secret {name} is not in {region}: what runs there could not read it."),
                format!("Replicate it to {region} (secretsmanager:ReplicateSecretToRegions), with a key of that Region."),
            );
        }
    }
    for (region, secret) in &seen {
        let at = (resource, *region);
        if secret.deleted {
            look.say(
                (Severity::Blocker, "secret_deleted"),
                at,
                format!("Secret {name} in {region} is marked for deletion: nobody can read it."),
                "Restore it (secretsmanager:RestoreSecret).",
            );
        }
        match secret.replication.as_deref() {
            Some("InSync") => {}
            Some("Failed") => look.say(
                (Severity::Blocker, "secret_not_in_sync"),
                at,
                format!(
                    "The replica of secret {name} in {region} failed: {}.",
                    secret.message.as_deref().unwrap_or("AWS gives no reason").trim_end_matches('.')
                ),
                "Mend what the reason names (a key of that Region, a name that is taken), then replicate again.",
            ),
            Some(state) => look.say(
                (Severity::Warning, "secret_not_in_sync"),
                at,
                format!("The replica of secret {name} in {region} is {state}."),
                "Wait until it is in sync; if it is not soon, replicate again.",
            ),
            None => sync_not_told(look, at, secret, &seen),
        }
    }
}

/// Of the primary nothing is told, as it is its own truth.
fn sync_not_told(
    look: &mut Look<'_>,
    at: (&Resource, &RegionCode),
    secret: &SecretFacts,
    seen: &[(&RegionCode, &SecretFacts)],
) {
    let (resource, region) = at;
    let name = &resource.name;
    match secret.primary_region.as_deref() {
        Some(primary) if primary != region.as_str() => look.say(
            (Severity::Unknown, "secret_sync_not_known"),
            at,
            format!("Whether secret {name} in {region} is in sync is not known: its primary is in {primary}, which was not seen."),
            format!("Refresh when {primary} answers."),
        ),
        Some(_) => {}
        None if seen.len() > 1 => look.say(
            (Severity::Warning, "secrets_unrelated"),
            at,
            format!("Secret {name} in {region} is no replica: nothing keeps the Regions alike."),
            "Make one of them the primary and replicate it to the others.",
        ),
        None => {}
    }
}

fn parameter(look: &mut Look<'_>, resource: &Resource) {
    let name = &resource.name;
    for region in look.places(resource) {
        let at = (resource, region);
        match look.known(resource, region) {
            Some(Facts::Parameter { parameter: None }) => look.say(
                (Severity::Blocker, "parameter_missing"),
                at,
                format!("Parameter {name} is not in {region}: what runs there could not read it."),
                "Put it there too; SSM copies nothing to other Regions by itself, so let the pipeline write to each.",
            ),
            Some(Facts::Parameter { parameter: Some(parameter) }) => match &parameter.differs_from {
                None => look.say(
                    (Severity::Note, "parameter_not_compared"),
                    at,
                    format!("Parameter {name} in {region} is encrypted and is not decrypted to be compared."),
                    "Let the pipeline that writes it prove that the Regions agree.",
                ),
                Some(others) if !others.is_empty() => look.say(
                    (Severity::Warning, "parameter_differs"),
                    at,
                    format!("Parameter {name} in {region} has another value than in {}.", others.join(", ")),
                    "Write the same value to each Region; where it must differ, as an endpoint does, enter it as an `endpoint_setting`.",
                ),
                Some(_) => {}
            },
            _ => {}
        }
    }
}

fn key(look: &mut Look<'_>, resource: &Resource) {
    let name = &resource.name;
    let mut keys: Vec<(&RegionCode, &KmsKeyFacts)> = Vec::new();
    for region in look.places(resource) {
        match look.known(resource, region) {
            Some(Facts::KmsKey { key: None }) => look.say(
                (Severity::Blocker, "key_missing"),
                (resource, region),
                format!("Key {name} is not in {region}: what it encrypts could not be read there."),
                format!(
                    "Replicate the multi-Region key to {region} (kms:ReplicateKey), or correct the entry."
                ),
            ),
            Some(Facts::KmsKey { key: Some(key) }) => keys.push((region, key)),
            _ => {}
        }
    }
    for (region, key) in &keys {
        if key.state != "Enabled" {
            look.say(
                (Severity::Blocker, "key_not_enabled"),
                (resource, region),
                format!("Key {name} in {region} is {}.", key.state),
                "Enable it, or cancel its deletion.",
            );
        }
    }
    let Some((first, rest)) = keys.split_first() else { return };
    for (region, key) in rest {
        if key.primary_arn.is_none() || key.primary_arn != first.1.primary_arn {
            look.say(
                (Severity::Warning, "keys_unrelated"),
                (resource, region),
                format!(
                    "Key {name} in {region} is no replica of the one in {}: it cannot read what that has encrypted.",
                    first.0
                ),
                "Use a multi-Region key with a replica there, unless everything is encrypted again on its way.",
            );
        }
    }
}

fn attachment(look: &mut Look<'_>, resource: &Resource) {
    let name = &resource.name;
    for region in look.places(resource) {
        let at = (resource, region);
        match look.known(resource, region) {
            Some(Facts::Attachment { attachment: None }) => look.say(
                (Severity::Blocker, "attachment_missing"),
                at,
                format!("The attachment or peering connection {name} is not in {region}."),
                "Attach the network there, or correct the entry.",
            ),
            Some(Facts::Attachment { attachment: Some(attachment) }) if !attachment.stands() => {
                let why = attachment.message.as_deref().map(|m| format!(" ({m})")).unwrap_or_default();
                let peer = attachment.peer_region.as_deref().map(|p| format!(" to {p}")).unwrap_or_default();
                look.say(
                    (Severity::Blocker, "attachment_not_available"),
                    at,
                    format!(
                        "The {} attachment {name}{peer} in {region} is {}{why}.",
                        attachment.resource_type, attachment.state
                    ),
                    "Accept or make it again, and see that its routes are there.",
                );
            }
            _ => {}
        }
    }
}

/// The recovery Region must be able to hold what the home Region holds.
fn quota(look: &mut Look<'_>, resource: &Resource) {
    let home = &look.application.home_region;
    let Some(Facts::Quota(at_home)) = look.known(resource, home) else { return };
    for region in look.places(resource) {
        let Some(Facts::Quota(there)) = look.known(resource, region) else { continue };
        if there.value < at_home.value {
            look.say(
                (Severity::Warning, "quota_too_low"),
                (resource, region),
                format!(
                    "{} allows {} in {region} and {} in {home}: the full load may not fit.",
                    there.name, there.value, at_home.value
                ),
                if there.adjustable {
                    format!("Ask for {} in {region} now (Service Quotas); it is not granted in the minutes of a failover.", at_home.value)
                } else {
                    format!("AWS does not raise this quota: plan for {} in {region}.", there.value)
                },
            );
        }
    }
}

#[cfg(test)]
mod tests;
