//! KMS over JSON 1.1: describing a key, and sealing little texts with it under an encryption context. What is sealed can be opened by
//! whoever reads this file: it is a stand-in, and keeps no secret.

use super::input::{required, text};
use super::service::{Operation, Plane};
use super::{Context, Reply};
use crate::refusal::Refusal;
use crate::world::World;
use crate::world::supporting::Key;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::look("DescribeKey", "kms:DescribeKey", Plane::Control),
    Operation::look("Encrypt", "kms:Encrypt", Plane::Data),
    Operation::look("Decrypt", "kms:Decrypt", Plane::Data),
];

pub(super) fn resources(context: &Context<'_>, input: &Value) -> Vec<String> {
    let id = text(input, "KeyId").unwrap_or("*");
    if id.starts_with("arn:") {
        return vec![id.to_owned()];
    }
    vec![format!("arn:aws:kms:{}:{}:key/{id}", context.region, context.account)]
}

pub(super) fn perform(
    world: &World,
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Reply, Refusal> {
    if operation == "Decrypt" {
        return decrypt(world, context, input);
    }
    let id = required(input, "KeyId", "ValidationException")?;
    let arn = resources(context, input).concat();
    let key = here(world, context, |key| key.arn_in(context.region) == arn).ok_or_else(|| {
        let named = if id.starts_with("arn:") { id.to_owned() } else { arn.clone() };
        Refusal::new("NotFoundException", format!("Key '{named}' does not exist"))
    })?;
    match operation {
        "Encrypt" => encrypt(key, context, input),
        _ => Ok(describe(world, key, &arn)),
    }
}

fn here<'w>(world: &'w World, context: &Context<'_>, is: impl Fn(&Key) -> bool) -> Option<&'w Key> {
    let mut keys = world.supporting.keys.iter();
    keys.find(|key| key.account == context.account && key.region == context.region && is(key))
}

fn describe(world: &World, key: &Key, arn: &str) -> Reply {
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
    Reply::look(json!({"KeyMetadata": metadata}).to_string())
}

fn encrypt(key: &Key, context: &Context<'_>, input: &Value) -> Result<Reply, Refusal> {
    is_enabled(key)?;
    let plain = required(input, "Plaintext", "ValidationException")?;
    let sealed = json!({"key": key.id, "context": under(input), "plain": veiled(&key.id, &bytes(plain)?)});
    let arn = key.arn_in(context.region);
    let body = json!({
        "CiphertextBlob": STANDARD.encode(sealed.to_string()),
        "KeyId": arn,
        "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    });
    Ok(Reply::look(body.to_string()))
}

/// A replica of the key opens what its primary sealed; nothing opens it under another context.
fn decrypt(world: &World, context: &Context<'_>, input: &Value) -> Result<Reply, Refusal> {
    let none = || Refusal::new("InvalidCiphertextException", "");
    let sealed = bytes(required(input, "CiphertextBlob", "ValidationException")?)?;
    let sealed: Value = serde_json::from_slice(&sealed).map_err(|_| none())?;
    let id = text(&sealed, "key").ok_or_else(none)?;
    let key = here(world, context, |key| key.id == id).ok_or_else(none)?;
    is_enabled(key)?;
    if sealed["context"] != under(input) {
        return Err(none());
    }
    let veiled_text = text(&sealed, "plain").and_then(|plain| hex::decode(plain).ok()).ok_or_else(none)?;
    let plain = hex::decode(veiled(&key.id, &veiled_text)).map_err(|_| none())?;
    let body = json!({
        "Plaintext": STANDARD.encode(plain),
        "KeyId": key.arn_in(context.region),
        "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    });
    Ok(Reply::look(body.to_string()))
}

fn under(input: &Value) -> Value {
    input.get("EncryptionContext").cloned().unwrap_or_else(|| json!({}))
}

fn is_enabled(key: &Key) -> Result<(), Refusal> {
    if key.state == "Enabled" {
        return Ok(());
    }
    Err(Refusal::new("DisabledException", format!("Key {} is {}.", key.id, key.state)))
}

fn bytes(text: &str) -> Result<Vec<u8>, Refusal> {
    STANDARD.decode(text).map_err(|_| Refusal::new("ValidationException", "A blob is no base64."))
}

/// There and back again.
fn veiled(key: &str, plain: &[u8]) -> String {
    let stream = (0_u32..).flat_map(|n| Sha256::digest(format!("{key} {n}")));
    hex::encode(plain.iter().zip(stream).map(|(byte, with)| byte ^ with).collect::<Vec<u8>>())
}
