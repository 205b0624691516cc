//! Read replicas of RDS instances and of clusters, each side asked in its own Region. A promotion leaves the old
//! database in the way of its name, so that each look asks for the name and for those of the replicas that Holdfast
//! built in its stead; the newest that is there is the one that counts.

use crate::batch::{Batches, Place, together};
use crate::clients::Caller;
use crate::metrics::{self, Wanted};
use crate::perform::answered;
use crate::presigned;
use crate::regional::{in_each, not_named};
use crate::settings::Service;
use aws_sdk_rds::types::{DbCluster, DbInstance, Filter};
use futures::future::BoxFuture;
use holdfast_cloud::{Error, ErrorKind, Looked};
use holdfast_domain::facts::{
    ClusterInstance, Lag, LeftBehind, ReplicaMember, ReplicaSettings, region_of_arn,
};
use holdfast_domain::resource::RdsReadReplica;
use holdfast_domain::{Facts, RegionCode};
use holdfast_failover::run::Answer;
use std::collections::BTreeSet;

pub(crate) const INSTANCES: &str = "rds:DescribeDBInstances";
pub(crate) const CLUSTERS: &str = "rds:DescribeDBClusters";
const LAG_WINDOW_SECONDS: i64 = 300;

pub(crate) const LOOK: &[&str] = &[INSTANCES, CLUSTERS, metrics::GET_METRIC_DATA];

pub(crate) const CHANGES: &[&str] = &[
    "rds:CreateDBCluster",
    "rds:CreateDBInstance",
    "rds:CreateDBInstanceReadReplica",
    "rds:PromoteReadReplica",
    "rds:PromoteReadReplicaDBCluster",
];

pub(crate) async fn look(caller: &Caller, spec: &RdsReadReplica, regions: &[RegionCode]) -> Looked {
    in_each(regions, |region| look_in(caller, spec, region)).await
}

async fn look_in(caller: &Caller, spec: &RdsReadReplica, region: &RegionCode) -> Result<Facts, Error> {
    let place = spec.per_region.get(region);
    let Some((id, is_cluster)) = place.and_then(|place| place.identifier()) else {
        return Err(not_named(caller, region, INSTANCES, "instance or cluster"));
    };
    let names = place.map(|place| place.generations()).unwrap_or_default();
    let mut found = databases(caller, region, &names, is_cluster).await?;
    let generation = |id: &str| names.iter().position(|name| name == id);
    found.sort_by_key(|member| generation(&member.id));
    let Some(mut member) = found.pop() else {
        let (what, operation) = if is_cluster { ("cluster", CLUSTERS) } else { ("instance", INSTANCES) };
        return Err(caller
            .call(region.as_str(), operation)
            .error(ErrorKind::NotFound, format!("no {what} {id} in {region}")));
    };
    member.left_behind = found
        .iter()
        .map(|old| LeftBehind { id: old.id.clone(), takes_writes: old.source.is_none() })
        .collect();
    member.next_id = generation(&member.id).and_then(|at| names.get(at + 1)).cloned();
    if is_cluster {
        equip(caller, region, &mut member).await?;
    }
    if member.source.is_some() {
        member.lag = lag(caller, region, &member).await;
    }
    Ok(Facts::ReplicaMember(member))
}

/// By session and Region: whether clusters are asked about and by which names, and those that are there.
pub(crate) type DatabaseBatches = Batches<Place, (bool, Vec<String>), Vec<ReplicaMember>>;
/// Each names itself and its successors, and a page holds a hundred.
pub(crate) const DATABASES_AT_ONCE: usize = 8;

/// Those of these names that are there, asked for together with others'.
pub(crate) async fn databases(
    caller: &Caller,
    region: &RegionCode,
    names: &[String],
    are_clusters: bool,
) -> Result<Vec<ReplicaMember>, Error> {
    let at = region.clone();
    let call = move |caller: Caller, asked: Vec<(bool, Vec<String>)>| async move {
        found(&caller, &at, asked).await
    };
    let (batches, asker) = (&caller.traffic.databases, (caller, Service::Rds));
    let action = if are_clusters { CLUSTERS } else { INSTANCES };
    let question = (are_clusters, names.to_vec());
    together(batches, asker, (region.as_str(), action), question, call).await
}

/// One call for all the instances, and one for all the clusters.
async fn found(
    caller: &Caller,
    region: &RegionCode,
    asked: Vec<(bool, Vec<String>)>,
) -> Result<Vec<Vec<ReplicaMember>>, Error> {
    let named = |clusters: bool| -> Vec<String> {
        let names: BTreeSet<&String> =
            asked.iter().filter(|(of, _)| *of == clusters).flat_map(|(_, names)| names).collect();
        names.into_iter().cloned().collect()
    };
    let (instances, clusters) =
        tokio::try_join!(instances(caller, region, named(false)), clusters(caller, region, named(true)))?;
    let of = |(are_clusters, names): &(bool, Vec<String>)| {
        let all = if *are_clusters { &clusters } else { &instances };
        all.iter().filter(|member| names.contains(&member.id)).cloned().collect()
    };
    Ok(asked.iter().map(of).collect())
}

async fn instances(
    caller: &Caller,
    region: &RegionCode,
    names: Vec<String>,
) -> Result<Vec<ReplicaMember>, Error> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    // A filter answers nothing for what is not there, where a name would be refused.
    let filter = Filter::builder().name("db-instance-id").set_values(Some(names)).build();
    let sent = caller.rds(region.as_str()).describe_db_instances().filters(filter).send();
    let answer = caller.ask(Service::Rds, region.as_str(), INSTANCES, sent).await?;
    Ok(answer.db_instances().iter().filter_map(instance).collect())
}

fn instance(instance: &DbInstance) -> Option<ReplicaMember> {
    let replication =
        instance.status_infos().iter().find(|info| info.status_type() == Some("read replication"));
    let source = instance
        .read_replica_source_db_instance_identifier()
        .or(instance.read_replica_source_db_cluster_identifier());
    Some(ReplicaMember {
        id: instance.db_instance_identifier()?.to_owned(),
        arn: instance.db_instance_arn()?.to_owned(),
        is_cluster: false,
        status: instance.db_instance_status().unwrap_or("unknown").to_owned(),
        source: source.filter(|source| !source.is_empty()).map(str::to_owned),
        replication: replication.and_then(|info| info.status()).map(str::to_owned),
        endpoint: instance.endpoint().and_then(|endpoint| endpoint.address()).map(str::to_owned),
        instances: Vec::new(),
        settings: ReplicaSettings {
            engine: instance.engine().map(str::to_owned),
            class: instance.db_instance_class().map(str::to_owned),
            kms_key_id: instance.kms_key_id().map(str::to_owned),
            subnet_group: instance
                .db_subnet_group()
                .and_then(|group| group.db_subnet_group_name())
                .map(str::to_owned),
            security_groups: instance
                .vpc_security_groups()
                .iter()
                .filter_map(|group| group.vpc_security_group_id())
                .map(str::to_owned)
                .collect(),
            multi_az: instance.multi_az().unwrap_or(false),
        },
        left_behind: Vec::new(),
        next_id: None,
        lag: None,
    })
}

async fn clusters(
    caller: &Caller,
    region: &RegionCode,
    names: Vec<String>,
) -> Result<Vec<ReplicaMember>, Error> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let filter = Filter::builder().name("db-cluster-id").set_values(Some(names)).build();
    let sent = caller.rds(region.as_str()).describe_db_clusters().filters(filter).send();
    let answer = caller.ask(Service::Rds, region.as_str(), CLUSTERS, sent).await?;
    Ok(answer.db_clusters().iter().filter_map(cluster).collect())
}

fn cluster(cluster: &DbCluster) -> Option<ReplicaMember> {
    let replication =
        cluster.status_infos().iter().find(|info| info.status_type() == Some("read replication"));
    Some(ReplicaMember {
        id: cluster.db_cluster_identifier()?.to_owned(),
        arn: cluster.db_cluster_arn()?.to_owned(),
        is_cluster: true,
        status: cluster.status().unwrap_or("unknown").to_owned(),
        source: cluster.replication_source_identifier().filter(|s| !s.is_empty()).map(str::to_owned),
        replication: replication.and_then(|info| info.status()).map(str::to_owned),
        endpoint: cluster.endpoint().map(str::to_owned),
        instances: Vec::new(),
        settings: ReplicaSettings {
            engine: cluster.engine().map(str::to_owned),
            class: cluster.db_cluster_instance_class().map(str::to_owned),
            kms_key_id: cluster.kms_key_id().map(str::to_owned),
            subnet_group: cluster.db_subnet_group().map(str::to_owned),
            security_groups: cluster
                .vpc_security_groups()
                .iter()
                .filter_map(|group| group.vpc_security_group_id())
                .map(str::to_owned)
                .collect(),
            multi_az: cluster.multi_az().unwrap_or(false),
        },
        left_behind: Vec::new(),
        next_id: None,
        lag: None,
    })
}

/// The instances of a cluster, and the class of them where they are of one.
async fn equip(caller: &Caller, region: &RegionCode, member: &mut ReplicaMember) -> Result<(), Error> {
    let filter = Filter::builder().name("db-cluster-id").values(&member.id).build();
    let sent = caller.rds(region.as_str()).describe_db_instances().filters(filter).send();
    let answer = caller.ask(Service::Rds, region.as_str(), INSTANCES, sent).await?;
    let of_it =
        || answer.db_instances().iter().filter(|i| i.db_cluster_identifier() == Some(member.id.as_str()));
    let class = of_it().find_map(|instance| instance.db_instance_class()).map(str::to_owned);
    let instances = of_it()
        .filter_map(|instance| {
            let status = instance.db_instance_status().unwrap_or("unknown").to_owned();
            Some(ClusterInstance { id: instance.db_instance_identifier()?.to_owned(), status })
        })
        .collect();
    member.instances = instances;
    member.settings.class = class.or(member.settings.class.take());
    Ok(())
}

/// In seconds, and of the replica's own Region. A lag that cannot be asked for leaves the rest of the picture.
async fn lag(caller: &Caller, region: &RegionCode, member: &ReplicaMember) -> Option<Lag> {
    let (metric, dimension) = if member.is_cluster {
        ("AuroraBinlogReplicaLag", "DBClusterIdentifier")
    } else {
        ("ReplicaLag", "DBInstanceIdentifier")
    };
    let wanted = Wanted::lag("AWS/RDS", metric, vec![(dimension, member.id.clone())]);
    let points = metrics::newest(caller, region.as_str(), LAG_WINDOW_SECONDS, &[wanted])
        .await
        .inspect_err(|error| tracing::debug!(%error, "the lag of a replica could not be asked for"))
        .ok()?;
    points.into_iter().next().flatten().map(|point| point.lag(metric, 1000.0))
}

pub(crate) async fn promote(
    caller: &Caller,
    action: &'static str,
    region: &RegionCode,
    instance: &str,
) -> Result<Answer, Error> {
    let region = region.as_str();
    let sent = caller.rds(region).promote_read_replica().db_instance_identifier(instance).send();
    answered(action, region, &caller.ask(Service::Rds, region, action, sent).await?, None)
}

pub(crate) async fn promote_cluster(
    caller: &Caller,
    action: &'static str,
    region: &RegionCode,
    cluster: &str,
) -> Result<Answer, Error> {
    let region = region.as_str();
    let sent = caller.rds(region).promote_read_replica_db_cluster().db_cluster_identifier(cluster).send();
    answered(action, region, &caller.ask(Service::Rds, region, action, sent).await?, None)
}

/// Boxed: its request is so large that beside the other calls it would outgrow a stack.
pub(crate) fn create<'a>(
    caller: &'a Caller,
    action: &'static str,
    region: &'a RegionCode,
    instance: &'a str,
    source_arn: &'a str,
    settings: &'a ReplicaSettings,
) -> BoxFuture<'a, Result<Answer, Error>> {
    Box::pin(async move {
        let region = region.as_str();
        let named = [("DBInstanceIdentifier", instance), ("SourceDBInstanceIdentifier", source_arn)];
        let url = asking_the_source(caller, action, region, source_arn, settings, &named)?;
        let groups = (!settings.security_groups.is_empty()).then(|| settings.security_groups.clone());
        let sent = caller
            .rds(region)
            .create_db_instance_read_replica()
            .db_instance_identifier(instance)
            .source_db_instance_identifier(source_arn)
            .set_db_instance_class(settings.class.clone())
            .set_kms_key_id(settings.kms_key_id.clone())
            .set_db_subnet_group_name(settings.subnet_group.clone())
            .set_vpc_security_group_ids(groups)
            .multi_az(settings.multi_az)
            .set_pre_signed_url(url)
            .send();
        answered(action, region, &caller.ask(Service::Rds, region, action, sent).await?, None)
    })
}

/// What an encrypted source in another Region is asked with: the same call, signed for that Region.
fn asking_the_source(
    caller: &Caller,
    action: &'static str,
    region: &str,
    source_arn: &str,
    settings: &ReplicaSettings,
    named: &[(&'static str, &str); 2],
) -> Result<Option<String>, Error> {
    let (Some(key), Some(source_region)) = (&settings.kms_key_id, region_of_arn(source_arn)) else {
        return Ok(None);
    };
    if source_region == region {
        return Ok(None);
    }
    let operation = action.split_once(':').map_or(action, |(_, operation)| operation);
    let mut parameters = vec![
        ("Action", operation),
        ("DestinationRegion", region),
        ("KmsKeyId", key.as_str()),
        ("Version", "2014-10-31"),
    ];
    parameters.extend_from_slice(named);
    parameters.sort_unstable();
    presigned::rds_url(caller, source_region, &parameters)
        .map(Some)
        .map_err(|why| caller.call(region, action).error(ErrorKind::Invalid, why))
}

/// Boxed: its request is so large that beside the other calls it would outgrow a stack.
pub(crate) fn create_cluster<'a>(
    caller: &'a Caller,
    action: &'static str,
    region: &'a RegionCode,
    cluster: &'a str,
    source_arn: &'a str,
    settings: &'a ReplicaSettings,
) -> BoxFuture<'a, Result<Answer, Error>> {
    Box::pin(async move {
        let region = region.as_str();
        let named = [("DBClusterIdentifier", cluster), ("ReplicationSourceIdentifier", source_arn)];
        let url = asking_the_source(caller, action, region, source_arn, settings, &named)?;
        let groups = (!settings.security_groups.is_empty()).then(|| settings.security_groups.clone());
        let sent = caller
            .rds(region)
            .create_db_cluster()
            .db_cluster_identifier(cluster)
            .set_engine(settings.engine.clone())
            .replication_source_identifier(source_arn)
            .set_kms_key_id(settings.kms_key_id.clone())
            .set_storage_encrypted(settings.kms_key_id.as_ref().map(|_| true))
            .set_db_subnet_group_name(settings.subnet_group.clone())
            .set_vpc_security_group_ids(groups)
            .set_pre_signed_url(url)
            .send();
        answered(action, region, &caller.ask(Service::Rds, region, action, sent).await?, None)
    })
}

/// An instance of a cluster takes everything else from the cluster.
pub(crate) fn create_instance<'a>(
    caller: &'a Caller,
    action: &'static str,
    region: &'a RegionCode,
    cluster: &'a str,
    instance: &'a str,
    (class, engine): (&'a str, &'a str),
) -> BoxFuture<'a, Result<Answer, Error>> {
    Box::pin(async move {
        let region = region.as_str();
        let sent = caller
            .rds(region)
            .create_db_instance()
            .db_instance_identifier(instance)
            .db_cluster_identifier(cluster)
            .db_instance_class(class)
            .engine(engine)
            .send();
        answered(action, region, &caller.ask(Service::Rds, region, action, sent).await?, None)
    })
}
