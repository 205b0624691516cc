//! Secrets Manager: whether a secret is in each Region, and whether the replica is in sync. What a secret holds is
//! neither asked nor told here.

use crate::clients::Caller;
use crate::regional::{in_each, unless_absent};
use crate::settings::Service;
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::types::ReplicationStatusType;
use holdfast_cloud::{Error, Looked};
use holdfast_domain::facts::SecretFacts;
use holdfast_domain::{Facts, RegionCode};

pub(crate) const DESCRIBE: &str = "secretsmanager:DescribeSecret";

pub(crate) const LOOK: &[&str] = &[DESCRIBE];

pub(crate) async fn look(caller: &Caller, secret: &str, regions: &[RegionCode]) -> Looked {
    let found = in_each(regions, |region| describe(caller, secret, region)).await;
    // Only the primary tells how its replicas are.
    let replicas: Vec<ReplicationStatusType> = found
        .values()
        .filter_map(|one| one.as_ref().ok()?.as_ref())
        .flat_map(|secret| secret.replication_status().to_vec())
        .collect();
    found
        .into_iter()
        .map(|(region, found)| {
            let replica = replicas.iter().find(|replica| replica.region() == Some(region.as_str()));
            let facts = found.map(|secret| Facts::Secret { secret: secret.map(|s| facts(&s, replica)) });
            (region, facts)
        })
        .collect()
}

/// `None`: there is no such secret in this Region.
pub(crate) async fn describe(
    caller: &Caller,
    secret: &str,
    region: &RegionCode,
) -> Result<Option<DescribeSecretOutput>, Error> {
    let sent = caller.secrets_manager(region.as_str()).describe_secret().secret_id(secret).send();
    unless_absent(caller.ask(Service::SecretsManager, region.as_str(), DESCRIBE, sent).await)
}

/// The version that readers get.
pub(crate) fn current_version(secret: &DescribeSecretOutput) -> Option<String> {
    let versions = secret.version_ids_to_stages()?;
    versions
        .iter()
        .find(|(_, stages)| stages.iter().any(|stage| stage == "AWSCURRENT"))
        .map(|(id, _)| id.clone())
}

fn facts(secret: &DescribeSecretOutput, replica: Option<&ReplicationStatusType>) -> SecretFacts {
    SecretFacts {
        arn: secret.arn().unwrap_or_default().to_owned(),
        primary_region: secret.primary_region().map(str::to_owned),
        replication: replica.and_then(ReplicationStatusType::status).map(|status| status.as_str().to_owned()),
        message: replica.and_then(ReplicationStatusType::status_message).map(str::to_owned),
        current_version: current_version(secret),
        deleted: secret.deleted_date().is_some(),
    }
}
