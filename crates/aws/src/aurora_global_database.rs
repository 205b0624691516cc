//! Aurora Global Databases. The global view is the same from every Region that has a member, so whichever
//! answers is believed; what concerns one member is asked in its own Region, and a member whose Region is dark
//! keeps what the global view says of it.

use crate::aurora_lag;
use crate::clients::Caller;
use crate::hedge::first_answer;
use crate::perform::answered;
use crate::registry::everywhere;
use crate::settings::Service;
use aws_sdk_rds::types::{DbCluster, DbInstance, Filter, GlobalCluster};
use futures::future::join_all;
use holdfast_cloud::{Error, ErrorKind, Looked};
use holdfast_domain::facts::{AuroraMember, Lag};
use holdfast_domain::resource::AuroraGlobalDatabase;
use holdfast_domain::{Facts, RegionCode};
use holdfast_failover::run::Answer;

const GLOBAL: &str = "rds:DescribeGlobalClusters";
const CLUSTERS: &str = "rds:DescribeDBClusters";
const INSTANCES: &str = "rds:DescribeDBInstances";

pub(crate) const LOOK: &[&str] = &[GLOBAL, CLUSTERS, INSTANCES, "cloudwatch:GetMetricData"];

pub(crate) const CHANGES: &[&str] = &["rds:FailoverGlobalCluster", "rds:SwitchoverGlobalCluster"];

pub(crate) async fn look(caller: &Caller, spec: &AuroraGlobalDatabase, regions: &[RegionCode]) -> Looked {
    let order = caller.silence.order(Service::Rds, regions.iter().map(RegionCode::as_str));
    // A Region without a member may not know the cluster, so no error is final while another can be asked.
    let asked = first_answer(
        order,
        caller.settings.patience,
        |_| true,
        |region| global_view(caller, &spec.global_cluster, region),
    )
    .await;
    match asked {
        Some(Ok((via, cluster))) => {
            let looks = regions.iter().map(|region| {
                let (via, cluster) = (&via, &cluster);
                async move { (region.clone(), member_in(caller, via, cluster, region).await) }
            });
            join_all(looks).await.into_iter().collect()
        }
        Some(Err(error)) => everywhere(regions, &error),
        None => Looked::new(),
    }
}

async fn global_view(caller: &Caller, name: &str, region: String) -> Result<(String, GlobalCluster), Error> {
    let sent = caller.rds(&region).describe_global_clusters().global_cluster_identifier(name).send();
    let answer = caller.ask(Service::Rds, &region, GLOBAL, sent).await?;
    match answer
        .global_clusters
        .unwrap_or_default()
        .into_iter()
        .find(|cluster| cluster.global_cluster_identifier() == Some(name))
    {
        Some(cluster) => Ok((region, cluster)),
        None => {
            Err(caller.call(&region, GLOBAL).error(ErrorKind::NotFound, format!("no global cluster {name}")))
        }
    }
}

async fn member_in(
    caller: &Caller,
    via: &str,
    global: &GlobalCluster,
    region: &RegionCode,
) -> Result<Facts, Error> {
    let name = global.global_cluster_identifier().unwrap_or_default();
    let found = global.global_cluster_members().iter().find_map(|member| {
        let arn = member.db_cluster_arn()?;
        (region_of(arn) == Some(region.as_str())).then_some((member, arn))
    });
    let Some((member, arn)) = found else {
        return Err(caller.call(via, GLOBAL).error(
            ErrorKind::NotFound,
            format!("global cluster {name} has no member in {region}: it was never added, or was detached"),
        ));
    };
    let Some(writer) = member.is_writer() else {
        return Err(caller
            .call(via, GLOBAL)
            .error(ErrorKind::Unreadable, format!("whether {arn} is the writer is not told")));
    };
    let cluster = cluster_of(arn);
    let (described, instances, lag) = tokio::join!(
        describe_cluster(caller, region, cluster),
        instances_of(caller, region, cluster),
        lag_of(caller, region, cluster, writer)
    );
    Ok(Facts::AuroraMember(AuroraMember {
        cluster_arn: arn.to_owned(),
        writer,
        global_status: global.status().unwrap_or("unknown").to_owned(),
        failover_status: global
            .failover_state()
            .and_then(|state| state.status())
            .map(|status| status.as_str().to_owned()),
        synchronization: member.synchronization_status().map(|status| status.as_str().to_owned()),
        cluster_status: described.as_ref().and_then(|cluster| cluster.status()).map(str::to_owned),
        instances: instances.as_ref().map(|them| count(them.iter().filter(|one| serves(one)))),
        instance_classes: instances.map(|them| classes(&them)).unwrap_or_default(),
        lag,
        endpoint: described.as_ref().and_then(|cluster| cluster.endpoint()).map(str::to_owned),
    }))
}

async fn describe_cluster(caller: &Caller, region: &RegionCode, cluster: &str) -> Option<DbCluster> {
    let sent = caller.rds(region.as_str()).describe_db_clusters().db_cluster_identifier(cluster).send();
    let answer = told(caller.ask(Service::Rds, region.as_str(), CLUSTERS, sent).await)?;
    answer.db_clusters.unwrap_or_default().into_iter().next()
}

async fn instances_of(caller: &Caller, region: &RegionCode, cluster: &str) -> Option<Vec<DbInstance>> {
    let filter = Filter::builder().name("db-cluster-id").values(cluster).build();
    let sent = caller.rds(region.as_str()).describe_db_instances().filters(filter).send();
    // A cluster has at most sixteen instances, so there is no second page.
    let answer = told(caller.ask(Service::Rds, region.as_str(), INSTANCES, sent).await)?;
    let mut instances = answer.db_instances.unwrap_or_default();
    instances.retain(|instance| instance.db_cluster_identifier() == Some(cluster));
    Some(instances)
}

async fn lag_of(caller: &Caller, region: &RegionCode, cluster: &str, writer: bool) -> Option<Lag> {
    if writer { None } else { told(aurora_lag::measure(caller, region, cluster).await).flatten() }
}

/// What of a member could not be seen stays empty in its facts; why is for the log, as the Region may be dark
/// for a long time and the rest of the picture is still of use.
fn told<T>(answer: Result<T, Error>) -> Option<T> {
    answer
        .inspect_err(|error| tracing::debug!(%error, "part of a global database member could not be seen"))
        .ok()
}

/// Whether an instance in this state answers queries. States not named here count as not serving.
fn serves(instance: &DbInstance) -> bool {
    const SERVING: &[&str] = &[
        "available",
        "backing-up",
        "modifying",
        "storage-config-upgrade",
        "storage-optimization",
        "upgrading",
    ];
    instance
        .db_instance_status()
        .is_some_and(|status| SERVING.contains(&status) || status.starts_with("configuring-"))
}

fn count<T>(items: impl Iterator<Item = T>) -> u32 {
    u32::try_from(items.count()).unwrap_or(u32::MAX)
}

fn classes(instances: &[DbInstance]) -> Vec<String> {
    let mut classes: Vec<String> =
        instances.iter().filter_map(DbInstance::db_instance_class).map(str::to_owned).collect();
    classes.sort();
    classes
}

/// `arn:aws:rds:REGION:ACCOUNT:cluster:NAME`
fn region_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(3)
}

fn cluster_of(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

pub(crate) async fn switch_over(
    caller: &Caller,
    action: &'static str,
    region: &RegionCode,
    global_cluster: &str,
    target_cluster_arn: &str,
) -> Result<Answer, Error> {
    let region = region.as_str();
    let sent = caller
        .rds(region)
        .switchover_global_cluster()
        .global_cluster_identifier(global_cluster)
        .target_db_cluster_identifier(target_cluster_arn)
        .send();
    answered(action, region, &caller.ask(Service::Rds, region, action, sent).await?, None)
}

pub(crate) async fn fail_over(
    caller: &Caller,
    action: &'static str,
    region: &RegionCode,
    global_cluster: &str,
    target_cluster_arn: &str,
) -> Result<Answer, Error> {
    let region = region.as_str();
    let sent = caller
        .rds(region)
        .failover_global_cluster()
        .global_cluster_identifier(global_cluster)
        .target_db_cluster_identifier(target_cluster_arn)
        .allow_data_loss(true)
        .send();
    answered(action, region, &caller.ask(Service::Rds, region, action, sent).await?, None)
}
