//! The objects of a bucket. Conditions are S3's own (API reference, PutObject and DeleteObject): `If-None-Match: *` puts
//! only what is not there, and `If-Match` only over, or away, the version that it names.

use super::super::input::text;
use super::super::render::namespace;
use super::super::service::Service;
use super::super::xml::Xml;
use super::super::{Context, Reply, may};
use super::CONTENT;
use crate::refusal::Refusal;
use crate::world::World;
use crate::world::stores::buckets::{Bucket, Object};
use serde_json::Value;

fn key(input: &Value) -> &str {
    text(input, "Key").unwrap_or_default()
}

fn failed() -> Refusal {
    Refusal::new("PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
        .with_status(412)
}

fn no_such_key() -> Refusal {
    Refusal::new("NoSuchKey", "The specified key does not exist.").with_status(404)
}

/// Whoever compares versions reads the object, and must be allowed to.
pub(super) fn may_compare(world: &World, context: &Context<'_>, input: &Value) -> Result<(), Refusal> {
    let action = "s3:GetObject";
    let target = format!("arn:aws:s3:::{}/{}", text(input, "Bucket").unwrap_or("*"), key(input));
    may(world, context, action, &target)
        .map_err(|why| Service::S3.denied(&context.caller.arn, action, &target, &why))
}

/// Whether the object that is there, if any, is the one that `If-Match` names.
fn is_the_version(there: Option<&Object>, input: &Value) -> bool {
    let named = text(input, "IfMatch");
    named.is_none_or(|named| there.is_some_and(|object| named == "*" || named == object.etag))
}

pub(super) fn list(bucket: &Bucket, input: &Value) -> Reply {
    let prefix = text(input, "prefix").unwrap_or_default();
    let most: usize = text(input, "max-keys").and_then(|most| most.parse().ok()).unwrap_or(1_000);
    let found: Vec<_> = bucket.objects.iter().filter(|(key, _)| key.starts_with(prefix)).collect();
    Reply::look(Xml::document("ListBucketResult", namespace(Service::S3), |xml| {
        xml.text("Name", &bucket.name);
        xml.text("Prefix", prefix);
        xml.text("MaxKeys", most);
        xml.text("KeyCount", found.len().min(most));
        xml.text("IsTruncated", found.len() > most);
        for (key, object) in found.iter().take(most) {
            xml.element("Contents", |xml| {
                xml.text("Key", key);
                xml.text("ETag", &object.etag);
                xml.text("Size", object.content.len());
                xml.text("StorageClass", "STANDARD");
            });
        }
    }))
}

pub(super) fn get(bucket: &Bucket, input: &Value) -> Result<Reply, Refusal> {
    let object = bucket.objects.get(key(input)).ok_or_else(no_such_key)?;
    Ok(Reply::look(object.content.clone()).with_etag(&object.etag))
}

pub(super) fn put(bucket: &mut Bucket, input: &Value) -> Result<Reply, Refusal> {
    let there = bucket.objects.get(key(input));
    if text(input, "IfNoneMatch") == Some("*") && there.is_some() {
        return Err(failed());
    }
    if text(input, "IfMatch").is_some() && there.is_none() {
        return Err(no_such_key());
    }
    if !is_the_version(there, input) {
        return Err(failed());
    }
    let object = Object::of(text(input, CONTENT).unwrap_or_default());
    let (changed, etag) = (there != Some(&object), object.etag.clone());
    bucket.objects.insert(key(input).to_owned(), object);
    Ok(Reply::did(changed, Vec::new()).with_etag(&etag))
}

pub(super) fn delete(bucket: &mut Bucket, input: &Value) -> Result<Reply, Refusal> {
    let there = bucket.objects.get(key(input));
    if there.is_none() && text(input, "IfMatch").is_some() {
        return Err(no_such_key());
    }
    if !is_the_version(there, input) {
        return Err(failed());
    }
    let changed = bucket.objects.remove(key(input)).is_some();
    Ok(Reply::did(changed, Vec::new()))
}
