//! Would anybody be told that a store falls behind: for each copy an alarm on its lag, on the metric of that very copy and
//! in a Region that has it. CloudWatch's alarms see the metrics of their own Region only.

use super::super::{Look, Severity};
use holdfast_domain::facts::{AlarmFacts, Consistency};
use holdfast_domain::{Facts, RegionCode, Resource, ResourceKind, ResourceSpec, Strategy};

/// What tells how far a store's copy in one Region is behind.
struct LagMetric<'a> {
    namespace: &'static str,
    /// The first is the one to recommend.
    names: &'static [&'static str],
    /// Where CloudWatch has it: an alarm in one of these will do, and the first is the one to recommend.
    told_in: Vec<&'a RegionCode>,
    /// The sets of dimensions that mean this copy, any of which will do. `None`: its own name was never seen.
    means: Option<Vec<Dimensions>>,
}

type Dimensions = Vec<(&'static str, String)>;

impl LagMetric<'_> {
    fn is_watched_by(&self, alarm: &AlarmFacts) -> bool {
        let says = |(name, value): &(&str, String)| alarm.dimensions.get(*name) == Some(value);
        alarm.namespace.as_deref() == Some(self.namespace)
            && alarm.metric.as_deref().is_some_and(|metric| self.names.contains(&metric))
            && self.means.as_ref().is_none_or(|sets| sets.iter().any(|set| set.iter().all(says)))
    }

    fn way_out(&self) -> String {
        let (Some(name), Some(region)) = (self.names.first(), self.told_in.first()) else {
            return "Watch how far it is behind, and add the alarm as a `cloudwatch_alarm` entry.".into();
        };
        let of = self.means.as_ref().and_then(|sets| sets.first()).map(|set| {
            let said: Vec<String> = set.iter().map(|(name, value)| format!("{name} = {value}")).collect();
            format!(", with {}", said.join(", "))
        });
        format!(
            "Make a CloudWatch alarm on {}'s {name} in {region}{}, and add it as a `cloudwatch_alarm` entry.",
            self.namespace,
            of.unwrap_or_default()
        )
    }
}

/// The metrics that CloudWatch has of any copy's lag.
const METRICS: &[(&str, &[&str])] = &[
    ("AWS/RDS", AURORA),
    ("AWS/RDS", REPLICA),
    ("AWS/RDS", REPLICA_CLUSTER),
    ("AWS/DynamoDB", TABLE),
    ("AWS/ElastiCache", DATASTORE),
    ("AWS/S3", BUCKET),
];
const AURORA: &[&str] =
    &["AuroraGlobalDBProgressLag", "AuroraGlobalDBReplicationLag", "AuroraGlobalDBRPOLag"];
const REPLICA: &[&str] = &["ReplicaLag"];
const REPLICA_CLUSTER: &[&str] = &["AuroraBinlogReplicaLag"];
const TABLE: &[&str] = &["ReplicationLatency"];
const DATASTORE: &[&str] = &["GlobalDatastoreReplicationLag"];
const BUCKET: &[&str] = &[
    "ReplicationLatency",
    "BytesPendingReplication",
    "OperationsPendingReplication",
    "OperationsFailedReplication",
];

/// Whether it watches how far some store is behind.
pub(in crate::readiness) fn is_on_lag(facts: &Facts) -> bool {
    let Facts::Alarm { alarm: Some(alarm) } = facts else { return false };
    METRICS.iter().any(|(namespace, names)| {
        alarm.namespace.as_deref() == Some(*namespace)
            && alarm.metric.as_deref().is_some_and(|metric| names.contains(&metric))
    })
}

pub(super) fn look(look: &mut Look<'_>, store: &Resource) {
    let alarms: Vec<&Resource> = look
        .application
        .resources
        .iter()
        // A metric is in the account of what it is about.
        .filter(|r| r.spec.kind() == ResourceKind::CloudwatchAlarm && r.account == store.account)
        .collect();
    for region in look.places(store) {
        if *region == look.application.home_region {
            continue;
        }
        let Some(metric) = lag_metric(look, store, region) else { continue };
        // An alarm that could not be seen may be the one, and is told of by itself.
        let perhaps = metric.told_in.iter().any(|told| {
            alarms.iter().filter(|alarm| alarm.spec.is_in(told)).any(|alarm| match look.known(alarm, told) {
                Some(Facts::Alarm { alarm }) => alarm.as_ref().is_some_and(|a| metric.is_watched_by(a)),
                _ => true,
            })
        });
        if !perhaps {
            look.say(
                (Severity::Warning, "no_lag_alarm"),
                (store, region),
                format!(
                    "No alarm of the inventory watches how far {} is behind in {region}: it may fall behind its RPO unnoticed.",
                    store.name
                ),
                metric.way_out(),
            );
        }
    }
}

/// `None`: this kind has no lag that CloudWatch would tell.
fn lag_metric<'a>(look: &Look<'a>, store: &Resource, region: &'a RegionCode) -> Option<LagMetric<'a>> {
    let home = &look.application.home_region;
    let seen = look.last(store, region);
    let one = |name: &'static str, value: &str| vec![vec![(name, value.to_owned())]];
    let (namespace, names, told_in, means) = match &store.spec {
        ResourceSpec::AuroraGlobalDatabase(_) => {
            let means = match seen {
                Some(Facts::AuroraMember(member)) => {
                    member.cluster_arn.rsplit(':').next().map(|id| one("DBClusterIdentifier", id))
                }
                _ => None,
            };
            ("AWS/RDS", AURORA, vec![region], means)
        }
        ResourceSpec::RdsReadReplica(spec) => {
            let is_cluster =
                spec.per_region.get(region).and_then(|place| place.identifier()).is_some_and(|(_, is)| is);
            let (names, by) = if is_cluster {
                (REPLICA_CLUSTER, "DBClusterIdentifier")
            } else {
                (REPLICA, "DBInstanceIdentifier")
            };
            let means = match seen {
                Some(Facts::ReplicaMember(member)) => Some(one(by, &member.id)),
                _ => None,
            };
            ("AWS/RDS", names, vec![region], means)
        }
        ResourceSpec::DynamodbGlobalTable(spec) => {
            if matches!(seen, Some(Facts::TableReplica(r)) if r.consistency == Consistency::Strong) {
                return None;
            }
            // It is told where the write was made, and no other Region has data.
            let writes = |from: &&RegionCode| {
                *from == home || (look.application.strategy == Strategy::ActiveActive && *from != region)
            };
            let told_in = look.application.regions().filter(writes).collect();
            let means =
                vec![vec![("TableName", spec.table.clone()), ("ReceivingRegion", region.to_string())]];
            ("AWS/DynamoDB", TABLE, told_in, Some(means))
        }
        ResourceSpec::ElasticacheGlobalDatastore(_) => {
            let means = match seen {
                // Which of the two carries it is not said where AWS lists the metric.
                Some(Facts::DatastoreMember(member)) => {
                    let group = &member.replication_group;
                    let node = format!("{group}-001");
                    Some([one("ReplicationGroupId", group), one("CacheClusterId", &node)].concat())
                }
                _ => None,
            };
            ("AWS/ElastiCache", DATASTORE, vec![region], means)
        }
        ResourceSpec::S3Replication(spec) => {
            let bucket = |region: &RegionCode| Some(spec.per_region.get(region)?.bucket.clone());
            let means = bucket(home).zip(bucket(region)).map(|(source, destination)| {
                vec![vec![("SourceBucket", source), ("DestinationBucket", destination)]]
            });
            // Which of the two Regions has them is not promised.
            ("AWS/S3", BUCKET, vec![home, region], means)
        }
        _ => return None,
    };
    Some(LagMetric { namespace, names, told_in, means })
}

#[cfg(test)]
mod tests;
