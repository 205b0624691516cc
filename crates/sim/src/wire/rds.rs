//! RDS, as far as Aurora Global Databases go: seeing them, their clusters and instances, and moving the
//! writer. The guards of a move are the world's (`world::moves`). Other databases: `rds_databases`.

use super::input::{flag, list, required, text};
use super::render::namespace;
use super::service::{Operation, Plane, Service};
use super::xml::Xml;
use super::{Context, Reply, rds_databases};
use crate::refusal::Refusal;
use crate::world::World;
use crate::world::aurora::{GlobalCluster, Member, MoveKind, Sync};
use crate::world::moves::MoveRequest;
use serde_json::Value;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::look("DescribeGlobalClusters", "rds:DescribeGlobalClusters", Plane::Control),
    Operation::look("DescribeDBClusters", "rds:DescribeDBClusters", Plane::Control),
    Operation::look("DescribeDBInstances", "rds:DescribeDBInstances", Plane::Control),
    Operation::change("SwitchoverGlobalCluster", "rds:SwitchoverGlobalCluster", Plane::Control),
    Operation::change("FailoverGlobalCluster", "rds:FailoverGlobalCluster", Plane::Control),
    Operation::change("PromoteReadReplica", "rds:PromoteReadReplica", Plane::Control),
    Operation::change("PromoteReadReplicaDBCluster", "rds:PromoteReadReplicaDBCluster", Plane::Control),
    Operation::change("CreateDBInstanceReadReplica", "rds:CreateDBInstanceReadReplica", Plane::Control),
    Operation::change("CreateDBCluster", "rds:CreateDBCluster", Plane::Control),
    Operation::change("CreateDBInstance", "rds:CreateDBInstance", Plane::Control),
    Operation::change("DeleteDBInstance", "rds:DeleteDBInstance", Plane::Control),
    Operation::change("DeleteDBCluster", "rds:DeleteDBCluster", Plane::Control),
];

/// The resources as the service authorization reference lists them: a move needs both kinds.
pub(super) fn resources(operation: &str, context: &Context<'_>, input: &Value) -> Vec<String> {
    let (account, region) = (context.account, context.region);
    let global = || {
        let id = text(input, "GlobalClusterIdentifier").unwrap_or("*");
        format!("arn:aws:rds::{account}:global-cluster:{id}")
    };
    let regional = |kind: &str, key: &str| match text(input, key).unwrap_or("*") {
        arn if arn.starts_with("arn:") => arn.to_owned(),
        id => format!("arn:aws:rds:{region}:{account}:{kind}:{id}"),
    };
    match operation {
        "DescribeGlobalClusters" => vec![global()],
        "DescribeDBClusters" | "DeleteDBCluster" => vec![regional("cluster", "DBClusterIdentifier")],
        "DescribeDBInstances" | "PromoteReadReplica" | "DeleteDBInstance" => {
            vec![regional("db", "DBInstanceIdentifier")]
        }
        "PromoteReadReplicaDBCluster" => vec![regional("cluster", "DBClusterIdentifier")],
        "CreateDBInstanceReadReplica" => {
            vec![regional("db", "DBInstanceIdentifier"), regional("db", "SourceDBInstanceIdentifier")]
        }
        "CreateDBCluster" => {
            vec![
                regional("cluster", "DBClusterIdentifier"),
                regional("cluster", "ReplicationSourceIdentifier"),
            ]
        }
        "CreateDBInstance" => {
            vec![regional("db", "DBInstanceIdentifier"), regional("cluster", "DBClusterIdentifier")]
        }
        _ => vec![global(), regional("cluster", "TargetDbClusterIdentifier")],
    }
}

pub(super) fn perform(
    world: &mut World,
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Reply, Refusal> {
    match operation {
        "DescribeGlobalClusters" => describe_global_clusters(world, context, input),
        "DescribeDBClusters" => describe_clusters(world, context, input),
        "DescribeDBInstances" => describe_instances(world, context, input),
        "PromoteReadReplica" | "PromoteReadReplicaDBCluster" => {
            rds_databases::promote(world, context, operation, input)
        }
        "CreateDBInstanceReadReplica" | "CreateDBCluster" => {
            rds_databases::create(world, context, operation, input)
        }
        "CreateDBInstance" => rds_databases::create_in_cluster(world, context, input),
        "DeleteDBInstance" | "DeleteDBCluster" => rds_databases::delete(world, context, operation, input),
        _ => move_writer(world, context, operation, input),
    }
}

fn move_writer(
    world: &mut World,
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Reply, Refusal> {
    let global_cluster = required(input, "GlobalClusterIdentifier", "InvalidParameterValue")?;
    let target = required(input, "TargetDbClusterIdentifier", "InvalidParameterValue")?;
    let data_loss = flag(input, "AllowDataLoss").unwrap_or(false);
    let kind = if operation == "SwitchoverGlobalCluster" {
        MoveKind::Switchover
    } else {
        if data_loss && flag(input, "Switchover").unwrap_or(false) {
            let message = "AllowDataLoss and Switchover can't be specified together.";
            return Err(Refusal::new("InvalidParameterCombination", message));
        }
        // Without the word that loss is accepted, AWS reads a failover as a switchover.
        if data_loss { MoveKind::Failover } else { MoveKind::Switchover }
    };
    let request =
        MoveRequest { account: context.account, region: context.region, global_cluster, target, kind };
    let index = world.begin_move(request, context.now.virtual_ms)?;
    let body = Xml::document(&format!("{operation}Response"), namespace(Service::Rds), |xml| {
        xml.element(&format!("{operation}Result"), |xml| {
            if let Some(global) = world.global_clusters.get(index) {
                xml.element("GlobalCluster", |xml| global_cluster_xml(xml, global, context.now.virtual_ms));
            }
        });
    });
    Ok(Reply::did(true, body))
}

fn describe_global_clusters(world: &World, context: &Context<'_>, input: &Value) -> Result<Reply, Refusal> {
    let wanted = text(input, "GlobalClusterIdentifier");
    let found: Vec<&GlobalCluster> = world
        .global_clusters
        .iter()
        .filter(|g| g.account == context.account && g.member(context.region).is_some())
        .filter(|g| wanted.is_none_or(|id| g.id == id || g.arn() == id))
        .collect();
    if let (Some(id), true) = (wanted, found.is_empty()) {
        return Err(not_found("GlobalClusterNotFoundFault", &format!("Global cluster {id} was not found.")));
    }
    Ok(Reply::look(Xml::document("DescribeGlobalClustersResponse", namespace(Service::Rds), |xml| {
        xml.element("DescribeGlobalClustersResult", |xml| {
            xml.element("GlobalClusters", |xml| {
                for global in found {
                    xml.element("GlobalClusterMember", |xml| {
                        global_cluster_xml(xml, global, context.now.virtual_ms)
                    });
                }
            });
        });
    })))
}

fn global_cluster_xml(xml: &mut Xml, global: &GlobalCluster, now_ms: i64) {
    xml.text("GlobalClusterIdentifier", &global.id);
    xml.text("GlobalClusterResourceId", &global.resource_id);
    xml.text("GlobalClusterArn", global.arn());
    xml.text(
        "Status",
        match &global.moving {
            Some(moving) if moving.kind == MoveKind::Failover => "failing-over",
            Some(_) => "switching-over",
            None => "available",
        },
    );
    xml.text("Engine", &global.engine);
    xml.text("EngineVersion", &global.engine_version);
    xml.text("StorageEncrypted", true);
    xml.text("DeletionProtection", true);
    xml.element("GlobalClusterMembers", |xml| {
        for member in &global.members {
            xml.element("GlobalClusterMember", |xml| {
                xml.text("DBClusterArn", global.cluster_arn(member));
                xml.element("Readers", |xml| {
                    for reader in global.members.iter().filter(|m| member.writer && !m.writer) {
                        xml.text("member", global.cluster_arn(reader));
                    }
                });
                xml.text("IsWriter", member.writer);
                xml.text("GlobalWriteForwardingStatus", "disabled");
                xml.text("SynchronizationStatus", synchronization(member));
            });
        }
    });
    if let Some(moving) = &global.moving {
        let arn = |region: &str| global.member(region).map(|m| global.cluster_arn(m));
        xml.element("FailoverState", |xml| {
            xml.text("Status", moving.status(now_ms));
            xml.maybe("FromDbClusterArn", arn(&moving.from_region));
            xml.maybe("ToDbClusterArn", arn(&moving.to_region));
            xml.text("IsDataLossAllowed", moving.kind == MoveKind::Failover);
        });
    }
}

fn synchronization(member: &Member) -> &'static str {
    match member.sync {
        Sync::Connected => "connected",
        Sync::PendingResync { .. } => "pending-resync",
    }
}

/// The global database and member behind each cluster of the caller's account in the caller's Region.
fn clusters<'w>(world: &'w World, context: &Context<'_>) -> Vec<(&'w GlobalCluster, &'w Member)> {
    let mine = world.global_clusters.iter().filter(|g| g.account == context.account);
    mine.filter_map(|g| Some((g, g.member(context.region)?))).collect()
}

/// The values of one of the request's filters, if it has it.
fn filter<'a>(input: &'a Value, name: &str) -> Option<Vec<&'a str>> {
    let filters = list(input, "Filters", "Filter");
    let found = filters.into_iter().find(|f| text(f, "Name") == Some(name))?;
    Some(list(found, "Values", "Value").into_iter().filter_map(Value::as_str).collect())
}

fn describe_clusters(world: &World, context: &Context<'_>, input: &Value) -> Result<Reply, Refusal> {
    let wanted = text(input, "DBClusterIdentifier");
    let filter = filter(input, "db-cluster-id");
    let found: Vec<_> = clusters(world, context)
        .into_iter()
        .filter(|(g, m)| {
            let is = |id: &str| m.cluster == id || g.cluster_arn(m) == id;
            wanted.is_none_or(is) && filter.as_ref().is_none_or(|ids| ids.iter().any(|id| is(id)))
        })
        .collect();
    let alone = rds_databases::found(world, context, true, wanted, filter.as_deref());
    if let (Some(id), true) = (wanted, found.is_empty() && alone.is_empty()) {
        return Err(not_found("DBClusterNotFoundFault", &format!("DBCluster {id} not found.")));
    }
    let now_ms = context.now.virtual_ms;
    Ok(Reply::look(Xml::document("DescribeDBClustersResponse", namespace(Service::Rds), |xml| {
        xml.element("DescribeDBClustersResult", |xml| {
            xml.element("DBClusters", |xml| {
                for (global, member) in found {
                    xml.element("DBCluster", |xml| cluster_xml(xml, global, member));
                }
                for database in alone {
                    xml.element("DBCluster", |xml| {
                        rds_databases::database_xml(xml, world, database, now_ms);
                    });
                }
            });
        });
    })))
}

fn cluster_xml(xml: &mut Xml, global: &GlobalCluster, member: &Member) {
    let moving = global.moving.as_ref();
    let touched = moving.is_some_and(|m| m.from_region == member.region || m.to_region == member.region);
    let host =
        |kind: &str| format!("{}.{kind}-simulated.{}.rds.amazonaws.com", member.cluster, member.region);
    xml.text("DBClusterIdentifier", &member.cluster);
    xml.text(
        "Status",
        match moving {
            Some(m) if touched && m.kind == MoveKind::Failover => "failing-over",
            Some(_) if touched => "switching-over",
            _ => "available",
        },
    );
    xml.text("Endpoint", host("cluster"));
    xml.text("ReaderEndpoint", host("cluster-ro"));
    xml.text("MultiAZ", member.instances.len() > 1);
    xml.text("Engine", &global.engine);
    xml.text("EngineVersion", &global.engine_version);
    xml.text("EngineMode", "provisioned");
    xml.text("Port", 5432);
    xml.text("StorageEncrypted", true);
    xml.element("DBClusterMembers", |xml| {
        for (i, instance) in member.instances.iter().enumerate() {
            xml.element("DBClusterMember", |xml| {
                xml.text("DBInstanceIdentifier", &instance.id);
                xml.text("IsClusterWriter", member.writer && i == 0);
                xml.text("DBClusterParameterGroupStatus", "in-sync");
                xml.text("PromotionTier", i + 1);
            });
        }
    });
    xml.text("DBClusterArn", global.cluster_arn(member));
    xml.text("GlobalClusterIdentifier", &global.id);
    if let Some(source) = global.writer().filter(|_| !member.writer) {
        xml.text("ReplicationSourceIdentifier", global.cluster_arn(source));
    }
}

fn describe_instances(world: &World, context: &Context<'_>, input: &Value) -> Result<Reply, Refusal> {
    let wanted = text(input, "DBInstanceIdentifier");
    let in_cluster = filter(input, "db-cluster-id");
    let by_name = filter(input, "db-instance-id");
    let found: Vec<_> = clusters(world, context)
        .into_iter()
        .filter(|(g, m)| {
            let is = |id: &&str| m.cluster == **id || g.cluster_arn(m) == **id;
            in_cluster.as_ref().is_none_or(|ids| ids.iter().any(is))
        })
        .flat_map(|(g, m)| m.instances.iter().map(move |i| (g, m, i)))
        .filter(|(_, _, i)| wanted.is_none_or(|id| i.id == id || id.ends_with(&format!(":db:{}", i.id))))
        .filter(|(_, _, i)| by_name.as_ref().is_none_or(|ids| ids.contains(&i.id.as_str())))
        .collect();
    let alone = match in_cluster {
        Some(_) => Vec::new(),
        None => rds_databases::found(world, context, false, wanted, by_name.as_deref()),
    };
    let in_clusters: Vec<_> = rds_databases::found(world, context, true, None, in_cluster.as_deref())
        .into_iter()
        .flat_map(|cluster| cluster.instances.iter().map(move |instance| (cluster, instance)))
        .filter(|(_, i)| wanted.is_none_or(|id| i.id == id || id.ends_with(&format!(":db:{}", i.id))))
        .filter(|(_, i)| by_name.as_ref().is_none_or(|ids| ids.contains(&i.id.as_str())))
        .collect();
    let now_ms = context.now.virtual_ms;
    if let (Some(id), true) = (wanted, found.is_empty() && alone.is_empty() && in_clusters.is_empty()) {
        return Err(not_found("DBInstanceNotFound", &format!("DBInstance {id} not found.")));
    }
    Ok(Reply::look(Xml::document("DescribeDBInstancesResponse", namespace(Service::Rds), |xml| {
        xml.element("DescribeDBInstancesResult", |xml| {
            xml.element("DBInstances", |xml| {
                for (n, (global, member, instance)) in found.into_iter().enumerate() {
                    xml.element("DBInstance", |xml| {
                        xml.text("DBInstanceIdentifier", &instance.id);
                        xml.text("DBInstanceClass", &instance.class);
                        xml.text("Engine", &global.engine);
                        xml.text("DBInstanceStatus", "available");
                        xml.text(
                            "AvailabilityZone",
                            format!("{}{}", member.region, if n % 2 == 0 { "a" } else { "b" }),
                        );
                        xml.text("EngineVersion", &global.engine_version);
                        xml.text("DBClusterIdentifier", &member.cluster);
                        let account = &global.account;
                        xml.text(
                            "DBInstanceArn",
                            format!("arn:aws:rds:{}:{account}:db:{}", member.region, instance.id),
                        );
                    });
                }
                for (cluster, instance) in in_clusters {
                    xml.element("DBInstance", |xml| {
                        rds_databases::instance_xml(xml, cluster, instance, now_ms);
                    });
                }
                for database in alone {
                    xml.element("DBInstance", |xml| {
                        rds_databases::database_xml(xml, world, database, now_ms);
                    });
                }
            });
        });
    })))
}

fn not_found(code: &str, message: &str) -> Refusal {
    Refusal::new(code, message).with_status(404)
}
