//! The replication metrics of stores beside Aurora: which of the world's lags a metric tells, in which Region, and in
//! which unit.

use super::Context;
use crate::world::World;
use crate::world::lag::Lag;

/// Bytes and operations that wait, for each millisecond of lag.
const BYTES_PER_MS: f64 = 250.0;
const OPERATIONS_PER_MS: f64 = 0.01;
const SECOND: f64 = 0.001;

/// The lag that a metric tells, and its factor from milliseconds; `None` for what is not published here.
pub(super) fn published<'w>(
    world: &'w World,
    context: &Context<'_>,
    namespace: &str,
    name: &str,
    dimensions: &[(&str, &str)],
) -> Option<(&'w Lag, f64)> {
    let of = |key: &str| dimensions.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
    let stores = &world.stores;
    let (account, region) = (context.account, context.region);
    match (namespace, name) {
        ("AWS/RDS", "ReplicaLag" | "AuroraBinlogReplicaLag") => {
            let cluster = name == "AuroraBinlogReplicaLag";
            let id = of(if cluster { "DBClusterIdentifier" } else { "DBInstanceIdentifier" })?;
            let mut here = stores.databases.iter().filter(|d| d.account == account && d.region == region);
            here.find(|d| d.cluster == cluster && d.id == id).map(|d| (&d.lag, SECOND))
        }
        ("AWS/DynamoDB", "ReplicationLatency") => {
            let (table, to) = (of("TableName")?, of("ReceivingRegion")?);
            let table = stores.tables.iter().find(|t| t.account == account && t.name == table)?;
            // Told where it was written.
            table.lag(region, to).map(|lag| (lag, 1.0))
        }
        ("AWS/ElastiCache", "GlobalDatastoreReplicationLag") => {
            let group = of("ReplicationGroupId")?;
            let mine = stores.datastores.iter().filter(|d| d.account == account);
            let mut members = mine.flat_map(|d| &d.members);
            members.find(|m| m.region == region && m.group == group).map(|m| (&m.lag, SECOND))
        }
        ("AWS/S3", _) => {
            let factor = match name {
                "ReplicationLatency" => SECOND,
                "BytesPendingReplication" => BYTES_PER_MS,
                "OperationsPendingReplication" => OPERATIONS_PER_MS,
                "OperationsFailedReplication" => 0.0,
                _ => return None,
            };
            let mut mine = stores.buckets.iter().filter(|b| b.account == account && b.region == region);
            let source = mine.find(|b| Some(b.name.as_str()) == of("SourceBucket"))?;
            let rule = source.rules.iter().find(|r| Some(r.id.as_str()) == of("RuleId"))?;
            let told = rule.time_control && Some(rule.to.as_str()) == of("DestinationBucket");
            told.then_some((&rule.lag, factor))
        }
        _ => None,
    }
}
