//! S3 over REST-XML, path style: the replication rules of a bucket, from its own Region. No objects.

use super::input::text;
use super::render::namespace;
use super::service::{Operation, Plane, Service};
use super::xml::Xml;
use super::{Context, Reply};
use crate::refusal::Refusal;
use crate::world::World;
use crate::world::stores::buckets::Rule;
use http::Method;
use serde_json::{Map, Value};

pub(super) const OPERATIONS: &[Operation] =
    &[Operation::look("GetBucketReplication", "s3:GetReplicationConfiguration", Plane::Control)];

/// `GET /BUCKET?replication`.
pub(super) fn route(
    method: &Method,
    path: &[&str],
    query: &str,
) -> Option<(&'static str, Map<String, Value>)> {
    let replication = form_urlencoded::parse(query.as_bytes()).any(|(key, _)| key == "replication");
    match (method.as_str(), path) {
        ("GET", [bucket]) if replication && !bucket.is_empty() => {
            let input = Map::from_iter([("Bucket".to_owned(), Value::from(*bucket))]);
            Some(("GetBucketReplication", input))
        }
        _ => None,
    }
}

pub(super) fn resources(input: &Value) -> Vec<String> {
    vec![format!("arn:aws:s3:::{}", text(input, "Bucket").unwrap_or("*"))]
}

pub(super) fn perform(world: &World, context: &Context<'_>, input: &Value) -> Result<Reply, Refusal> {
    let name = text(input, "Bucket").unwrap_or_default();
    let Some(bucket) = world.stores.buckets.iter().find(|b| b.name == name) else {
        return Err(Refusal::new("NoSuchBucket", "The specified bucket does not exist").with_status(404));
    };
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
