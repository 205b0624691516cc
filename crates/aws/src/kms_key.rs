//! KMS keys: their state in each Region, and whether they are one multi-Region key.

use crate::clients::Caller;
use crate::regional::{in_each, not_named, told, unless_absent};
use crate::settings::Service;
use aws_sdk_kms::types::KeyMetadata;
use holdfast_cloud::{Error, ErrorKind, Looked};
use holdfast_domain::facts::KmsKeyFacts;
use holdfast_domain::resource::KmsKey;
use holdfast_domain::{Facts, RegionCode};

const DESCRIBE: &str = "kms:DescribeKey";

pub(crate) const LOOK: &[&str] = &[DESCRIBE];

pub(crate) async fn look(caller: &Caller, spec: &KmsKey, regions: &[RegionCode]) -> Looked {
    told(in_each(regions, |region| look_in(caller, spec, region)).await, |key| Facts::KmsKey { key })
}

async fn look_in(caller: &Caller, spec: &KmsKey, region: &RegionCode) -> Result<Option<KmsKeyFacts>, Error> {
    let place = spec.per_region.get(region).ok_or_else(|| not_named(caller, region, DESCRIBE, "key"))?;
    let sent = caller.kms(region.as_str()).describe_key().key_id(&place.key_id).send();
    let answer = unless_absent(caller.ask(Service::Kms, region.as_str(), DESCRIBE, sent).await)?;
    let Some(answer) = answer else { return Ok(None) };
    let wrong =
        || caller.call(region.as_str(), DESCRIBE).error(ErrorKind::Unreadable, "the answer holds no key");
    answer.key_metadata.as_ref().map(facts).map(Some).ok_or_else(wrong)
}

fn facts(key: &KeyMetadata) -> KmsKeyFacts {
    KmsKeyFacts {
        arn: key.arn().unwrap_or_default().to_owned(),
        state: key.key_state().map_or("unknown", |state| state.as_str()).to_owned(),
        primary_arn: key
            .multi_region_configuration()
            .and_then(|configuration| configuration.primary_key())
            .and_then(|primary| primary.arn())
            .map(str::to_owned),
    }
}
