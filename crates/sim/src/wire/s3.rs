//! S3 over REST-XML, path style, each bucket from its own Region: its replication rules, which depend on the control
//! plane, and small objects by the data plane, put and deleted under the version that the caller knows.

mod objects;

use super::input::text;
use super::render::namespace;
use super::service::{Operation, Plane, Service};
use super::xml::Xml;
use super::{Context, Reply};
use crate::refusal::Refusal;
use crate::world::World;
use crate::world::stores::buckets::{Bucket, Rule};
use http::Method;
use serde_json::{Map, Value};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::look("GetBucketReplication", "s3:GetReplicationConfiguration", Plane::Control),
    Operation::look("ListObjectsV2", "s3:ListBucket", Plane::Data),
    Operation::look("GetObject", "s3:GetObject", Plane::Data),
    Operation::change("PutObject", "s3:PutObject", Plane::Data),
    Operation::change("DeleteObject", "s3:DeleteObject", Plane::Data),
];

/// The key under which what is put stands in its input: it is no XML.
pub(super) const CONTENT: &str = "Content";

/// `GET /BUCKET?replication`, `GET /BUCKET?list-type=2`, and an object's own path.
pub(super) fn route(
    method: &Method,
    path: &[&str],
    query: &str,
) -> Option<(&'static str, Map<String, Value>)> {
    let asks = |key: &str| form_urlencoded::parse(query.as_bytes()).any(|(asked, _)| asked == key);
    let (bucket, key) = path.split_first().filter(|(bucket, _)| !bucket.is_empty())?;
    let operation = match (method.as_str(), key) {
        ("GET", []) if asks("replication") => "GetBucketReplication",
        ("GET", []) if asks("list-type") => "ListObjectsV2",
        ("GET", [_, ..]) => "GetObject",
        ("PUT", [_, ..]) => "PutObject",
        ("DELETE", [_, ..]) => "DeleteObject",
        _ => return None,
    };
    let mut input = Map::from_iter([("Bucket".to_owned(), Value::from(*bucket))]);
    if !key.is_empty() {
        input.insert("Key".to_owned(), Value::from(key.join("/")));
    }
    Some((operation, input))
}

pub(super) fn resources(input: &Value) -> Vec<String> {
    let bucket = text(input, "Bucket").unwrap_or("*");
    vec![match text(input, "Key") {
        Some(key) => format!("arn:aws:s3:::{bucket}/{key}"),
        None => format!("arn:aws:s3:::{bucket}"),
    }]
}

pub(super) fn perform(
    world: &mut World,
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Reply, Refusal> {
    let name = text(input, "Bucket").unwrap_or_default();
    let at = reached(world, context, name)?;
    if matches!(operation, "PutObject" | "DeleteObject") && text(input, "IfMatch").is_some() {
        objects::may_compare(world, context, input)?;
    }
    let Some(bucket) = world.stores.buckets.get_mut(at) else { return Err(no_such_bucket()) };
    match operation {
        "GetBucketReplication" => replication(bucket),
        "ListObjectsV2" => Ok(objects::list(bucket, input)),
        "GetObject" => objects::get(bucket, input),
        "PutObject" => objects::put(bucket, input),
        _ => objects::delete(bucket, input),
    }
}

fn no_such_bucket() -> Refusal {
    Refusal::new("NoSuchBucket", "The specified bucket does not exist").with_status(404)
}

/// The bucket's place in the world, where the caller may come near it and asks in the right Region.
fn reached(world: &World, context: &Context<'_>, name: &str) -> Result<usize, Refusal> {
    let at = world.stores.buckets.iter().position(|b| b.name == name).ok_or_else(no_such_bucket)?;
    let bucket = world.stores.buckets.get(at).ok_or_else(no_such_bucket)?;
    if bucket.account != context.account {
        return Err(Refusal::new("AccessDenied", "Access Denied").with_status(403));
    }
    if bucket.region != context.region {
        return Err(Refusal::new(
            "PermanentRedirect",
            "The bucket you are attempting to access must be addressed using the specified endpoint.",
        )
        .with_status(301));
    }
    Ok(at)
}

fn replication(bucket: &Bucket) -> Result<Reply, Refusal> {
    if bucket.rules.is_empty() {
        return Err(Refusal::new(
            "ReplicationConfigurationNotFoundError",
            "The replication configuration was not found",
        )
        .with_status(404));
    }
    Ok(Reply::look(Xml::document("ReplicationConfiguration", namespace(Service::S3), |xml| {
        xml.text("Role", format!("arn:aws:iam::{}:role/replication", bucket.account));
        for (at, rule) in bucket.rules.iter().enumerate() {
            xml.element("Rule", |xml| rule_xml(xml, rule, at));
        }
    })))
}

fn rule_xml(xml: &mut Xml, rule: &Rule, priority: usize) {
    let on = |on: bool| if on { "Enabled" } else { "Disabled" };
    xml.text("ID", &rule.id);
    xml.text("Priority", priority);
    xml.text("Status", on(rule.enabled));
    xml.element("Filter", |xml| xml.text("Prefix", ""));
    xml.element("Destination", |xml| {
        xml.text("Bucket", format!("arn:aws:s3:::{}", rule.to));
        let minutes = |xml: &mut Xml| xml.text("Minutes", 15);
        if rule.time_control {
            xml.element("ReplicationTime", |xml| {
                xml.text("Status", "Enabled");
                xml.element("Time", minutes);
            });
            xml.element("Metrics", |xml| {
                xml.text("Status", "Enabled");
                xml.element("EventThreshold", minutes);
            });
        }
    });
    xml.element("DeleteMarkerReplication", |xml| xml.text("Status", "Enabled"));
}
