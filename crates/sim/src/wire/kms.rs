//! KMS over JSON 1.1: describing a key.

use super::input::{required, text};
use super::service::{Operation, Plane};
use super::{Context, Reply};
use crate::refusal::Refusal;
use crate::world::World;
use serde_json::{Value, json};

pub(super) const OPERATIONS: &[Operation] =
    &[Operation::look("DescribeKey", "kms:DescribeKey", Plane::Control)];

pub(super) fn resources(context: &Context<'_>, input: &Value) -> Vec<String> {
    let id = text(input, "KeyId").unwrap_or("*");
    if id.starts_with("arn:") {
        return vec![id.to_owned()];
    }
    vec![format!("arn:aws:kms:{}:{}:key/{id}", context.region, context.account)]
}

pub(super) fn perform(world: &World, context: &Context<'_>, input: &Value) -> Result<Reply, Refusal> {
    let id = required(input, "KeyId", "ValidationException")?;
    let arn = resources(context, input).concat();
    let mut keys = world.supporting.keys.iter().filter(|k| k.account == context.account);
    let key =
        keys.find(|k| k.region == context.region && k.arn_in(context.region) == arn).ok_or_else(|| {
            let named = if id.starts_with("arn:") { id.to_owned() } else { arn.clone() };
            Refusal::new("NotFoundException", format!("Key '{named}' does not exist"))
        })?;
    let mut metadata = json!({
        "AWSAccountId": key.account,
        "KeyId": key.id,
        "Arn": arn,
        "Enabled": key.state == "Enabled",
        "KeyState": key.state,
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyManager": "CUSTOMER",
        "MultiRegion": key.primary.is_some(),
    });
    if let Some(primary) = &key.primary {
        let others = world.supporting.keys.iter().filter(|k| k.id == key.id && k.region != *primary);
        let place = |region: &str| json!({"Arn": key.arn_in(region), "Region": region});
        metadata["MultiRegionConfiguration"] = json!({
            "MultiRegionKeyType": if *primary == key.region { "PRIMARY" } else { "REPLICA" },
            "PrimaryKey": place(primary),
            "ReplicaKeys": others.map(|k| place(&k.region)).collect::<Vec<_>>(),
        });
    }
    Ok(Reply::look(json!({"KeyMetadata": metadata}).to_string()))
}
