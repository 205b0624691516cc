//! ElastiCache over the query protocol: Global Datastores and their failover. No caches, no keys.

use super::input::{flag, required, text};
use super::render::namespace;
use super::service::{Operation, Plane, Service};
use super::xml::Xml;
use super::{Context, Reply};
use crate::refusal::Refusal;
use crate::world::World;
use crate::world::stores::datastores::Datastore;
use serde_json::Value;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::look(
        "DescribeGlobalReplicationGroups",
        "elasticache:DescribeGlobalReplicationGroups",
        Plane::Control,
    ),
    Operation::change(
        "FailoverGlobalReplicationGroup",
        "elasticache:FailoverGlobalReplicationGroup",
        Plane::Control,
    ),
];

pub(super) fn resources(operation: &str, context: &Context<'_>, input: &Value) -> Vec<String> {
    let account = context.account;
    let id = text(input, "GlobalReplicationGroupId").unwrap_or("*");
    let global = format!("arn:aws:elasticache::{account}:globalreplicationgroup:{id}");
    if operation == "DescribeGlobalReplicationGroups" {
        return vec![global];
    }
    let region = text(input, "PrimaryRegion").unwrap_or("*");
    let group = text(input, "PrimaryReplicationGroupId").unwrap_or("*");
    vec![global, format!("arn:aws:elasticache:{region}:{account}:replicationgroup:{group}")]
}

pub(super) fn perform(
    world: &mut World,
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Reply, Refusal> {
    if operation == "DescribeGlobalReplicationGroups" {
        return describe(world, context, input);
    }
    let id = required(input, "GlobalReplicationGroupId", "InvalidParameterValue")?;
    let region = required(input, "PrimaryRegion", "InvalidParameterValue")?;
    let group = required(input, "PrimaryReplicationGroupId", "InvalidParameterValue")?;
    let caller = (context.account, context.region);
    let at = world.fail_datastore_over(caller, id, (region, group), context.now.virtual_ms)?;
    let body = document(operation, |xml| {
        if let Some(datastore) = world.stores.datastores.get(at) {
            xml.element("GlobalReplicationGroup", |xml| datastore_xml(xml, datastore, true));
        }
    });
    Ok(Reply::did(true, body))
}

fn describe(world: &World, context: &Context<'_>, input: &Value) -> Result<Reply, Refusal> {
    let wanted = text(input, "GlobalReplicationGroupId");
    let members = flag(input, "ShowMemberInfo").unwrap_or(false);
    let found: Vec<&Datastore> = world
        .stores
        .datastores
        .iter()
        .filter(|d| d.account == context.account && wanted.is_none_or(|id| d.id == id))
        .filter(|d| d.members.iter().any(|m| m.region == context.region))
        .collect();
    if let (Some(id), true) = (wanted, found.is_empty()) {
        return Err(Refusal::new(
            "GlobalReplicationGroupNotFoundFault",
            format!("Global replication group {id} does not exist."),
        )
        .with_status(404));
    }
    Ok(Reply::look(document("DescribeGlobalReplicationGroups", |xml| {
        xml.element("GlobalReplicationGroups", |xml| {
            for datastore in found {
                xml.element("GlobalReplicationGroup", |xml| datastore_xml(xml, datastore, members));
            }
        });
    })))
}

fn document(operation: &str, content: impl FnOnce(&mut Xml)) -> Vec<u8> {
    Xml::document(&format!("{operation}Response"), namespace(Service::ElastiCache), |xml| {
        xml.element(&format!("{operation}Result"), content);
    })
}

fn datastore_xml(xml: &mut Xml, datastore: &Datastore, members: bool) {
    xml.text("GlobalReplicationGroupId", &datastore.id);
    xml.text("ARN", datastore.arn());
    xml.text("Status", datastore.status());
    xml.text("CacheNodeType", "cache.r7g.large");
    xml.text("Engine", "valkey");
    xml.text("EngineVersion", "8.0");
    xml.text("ClusterEnabled", false);
    xml.element("Members", |xml| {
        for member in datastore.members.iter().filter(|_| members) {
            xml.element("GlobalReplicationGroupMember", |xml| {
                xml.text("ReplicationGroupId", &member.group);
                xml.text("ReplicationGroupRegion", &member.region);
                xml.text("Role", if member.primary { "PRIMARY" } else { "SECONDARY" });
                xml.text("AutomaticFailover", "enabled");
                xml.text("Status", if member.associating.is_some() { "associating" } else { "associated" });
            });
        }
    });
}
