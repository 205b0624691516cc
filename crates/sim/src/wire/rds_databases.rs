//! RDS databases that are no members of a global database: as instances and clusters, their promotion, the
//! building of replicas, and deletion. The guards are the world's (`world::stores::databases`).

use super::input::{flag, required, text};
use super::render::namespace;
use super::service::Service;
use super::xml::Xml;
use super::{Context, Reply};
use crate::refusal::Refusal;
use crate::world::World;
use crate::world::stores::databases::{Database, Instance, NewReplica};
use serde_json::Value;

/// Those of the caller's account and Region that a describing request asks for.
pub(super) fn found<'w>(
    world: &'w World,
    context: &Context<'_>,
    clusters: bool,
    wanted: Option<&str>,
    filter: Option<&[&str]>,
) -> Vec<&'w Database> {
    let is = |d: &Database, id: &str| d.id == id || d.arn() == id;
    world
        .stores
        .databases
        .iter()
        .filter(|d| d.account == context.account && d.region == context.region && d.cluster == clusters)
        .filter(|d| wanted.is_none_or(|id| is(d, id)))
        .filter(|d| filter.is_none_or(|ids| ids.iter().any(|id| is(d, id))))
        .collect()
}

pub(super) fn promote(
    world: &mut World,
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Reply, Refusal> {
    let cluster = operation == "PromoteReadReplicaDBCluster";
    let key = if cluster { "DBClusterIdentifier" } else { "DBInstanceIdentifier" };
    let id = required(input, key, "InvalidParameterValue")?;
    let now_ms = context.now.virtual_ms;
    let at = world.promote(context.account, context.region, cluster, id, now_ms)?;
    Ok(answer(world, operation, at, now_ms))
}

/// A read replica: an instance, or a cluster without instances.
pub(super) fn create(
    world: &mut World,
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Reply, Refusal> {
    let now_ms = context.now.virtual_ms;
    let cluster = operation == "CreateDBCluster";
    let (id, source) = if cluster {
        ("DBClusterIdentifier", "ReplicationSourceIdentifier")
    } else {
        ("DBInstanceIdentifier", "SourceDBInstanceIdentifier")
    };
    if cluster {
        required(input, "Engine", "InvalidParameterValue")?;
    }
    let new = NewReplica {
        account: context.account,
        region: context.region,
        cluster,
        id: required(input, id, "InvalidParameterValue")?,
        source: required(input, source, "InvalidParameterValue")?,
        class: text(input, "DBInstanceClass"),
        kms_key_id: text(input, "KmsKeyId"),
        signed_for_source: text(input, "PreSignedUrl").is_some_and(|url| url.contains("X-Amz-Signature=")),
    };
    let at = world.create_replica(new, now_ms)?;
    Ok(answer(world, operation, at, now_ms))
}

/// An instance of a cluster; others are not made here.
pub(super) fn create_in_cluster(
    world: &mut World,
    context: &Context<'_>,
    input: &Value,
) -> Result<Reply, Refusal> {
    let now_ms = context.now.virtual_ms;
    let asked = |key: &str| required(input, key, "InvalidParameterValue");
    let (cluster, id, class) =
        (asked("DBClusterIdentifier")?, asked("DBInstanceIdentifier")?, asked("DBInstanceClass")?);
    asked("Engine")?;
    let (at, new) =
        world.add_cluster_instance((context.account, context.region), cluster, (id, class), now_ms)?;
    let body = Xml::document("CreateDBInstanceResponse", namespace(Service::Rds), |xml| {
        xml.element("CreateDBInstanceResult", |xml| {
            let made = world.stores.databases.get(at).and_then(|c| Some((c, c.instances.get(new)?)));
            if let Some((cluster, instance)) = made {
                xml.element("DBInstance", |xml| instance_xml(xml, cluster, instance, now_ms));
            }
        });
    });
    Ok(Reply::did(true, body))
}

pub(super) fn instance_xml(xml: &mut Xml, cluster: &Database, instance: &Instance, now_ms: i64) {
    xml.text("DBInstanceIdentifier", &instance.id);
    xml.text(
        "DBInstanceArn",
        format!("arn:aws:rds:{}:{}:db:{}", cluster.region, cluster.account, instance.id),
    );
    xml.text("DBInstanceStatus", if instance.ready_ms <= now_ms { "available" } else { "creating" });
    xml.text("DBInstanceClass", &instance.class);
    xml.text("DBClusterIdentifier", &cluster.id);
    xml.text("Engine", &cluster.engine);
}

pub(super) fn delete(
    world: &mut World,
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Reply, Refusal> {
    let cluster = operation == "DeleteDBCluster";
    let key = if cluster { "DBClusterIdentifier" } else { "DBInstanceIdentifier" };
    let id = required(input, key, "InvalidParameterValue")?;
    let last_snapshot = text(input, "FinalDBSnapshotIdentifier").is_some();
    if !last_snapshot && flag(input, "SkipFinalSnapshot") != Some(true) {
        return Err(Refusal::new(
            "InvalidParameterCombination",
            "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.",
        ));
    }
    let now_ms = context.now.virtual_ms;
    let at = world.delete_database(context.account, context.region, cluster, id, now_ms)?;
    Ok(answer(world, operation, at, now_ms))
}

fn answer(world: &World, operation: &str, at: usize, now_ms: i64) -> Reply {
    let body = Xml::document(&format!("{operation}Response"), namespace(Service::Rds), |xml| {
        xml.element(&format!("{operation}Result"), |xml| {
            if let Some(database) = world.stores.databases.get(at) {
                let name = if database.cluster { "DBCluster" } else { "DBInstance" };
                xml.element(name, |xml| database_xml(xml, world, database, now_ms));
            }
        });
    });
    Reply::did(true, body)
}

pub(super) fn database_xml(xml: &mut Xml, world: &World, database: &Database, now_ms: i64) {
    let copies = world.stores.databases.iter().filter(|d| d.source.as_deref() == Some(&database.arn()));
    let host = format!("{}.simulated.{}.rds.amazonaws.com", database.id, database.region);
    if database.cluster {
        xml.text("DBClusterIdentifier", &database.id);
        xml.text("DBClusterArn", database.arn());
        xml.text("Status", database.status(now_ms));
        xml.text("Endpoint", host);
        xml.maybe("ReplicationSourceIdentifier", database.source.as_deref());
        xml.element("DBClusterMembers", |xml| {
            for (at, instance) in database.instances.iter().enumerate() {
                xml.element("DBClusterMember", |xml| {
                    xml.text("DBInstanceIdentifier", &instance.id);
                    xml.text("IsClusterWriter", at == 0);
                });
            }
        });
        xml.element("ReadReplicaIdentifiers", |xml| {
            copies.for_each(|copy| xml.text("ReadReplicaIdentifier", copy.arn()));
        });
    } else {
        xml.text("DBInstanceIdentifier", &database.id);
        xml.text("DBInstanceArn", database.arn());
        xml.text("DBInstanceStatus", database.status(now_ms));
        xml.text("DBInstanceClass", &database.class);
        xml.element("Endpoint", |xml| {
            xml.text("Address", host);
            xml.text("Port", 5432);
        });
        xml.maybe("ReadReplicaSourceDBInstanceIdentifier", database.source.as_deref());
        xml.element("ReadReplicaDBInstanceIdentifiers", |xml| {
            copies.for_each(|copy| xml.text("ReadReplicaDBInstanceIdentifier", copy.arn()));
        });
        xml.element("StatusInfos", |xml| {
            if let Some(status) = database.replication() {
                xml.element("DBInstanceStatusInfo", |xml| {
                    xml.text("StatusType", "read replication");
                    xml.text("Normal", status == "replicating");
                    xml.text("Status", status);
                });
            }
        });
        xml.text("MultiAZ", false);
    }
    xml.text("Engine", &database.engine);
    xml.text("StorageEncrypted", database.kms_key_id.is_some());
    xml.maybe("KmsKeyId", database.kms_key_id.as_deref());
}
