//! ElastiCache Global Datastores. The global view is the same from every Region that has a member, so whichever
//! answers is believed; how far a secondary is behind is a metric of its own Region.

use crate::clients::Caller;
use crate::hedge::first_answer;
use crate::metrics::{self, Wanted};
use crate::perform::answered;
use crate::registry::everywhere;
use crate::settings::Service;
use aws_sdk_elasticache::types::{GlobalReplicationGroup, GlobalReplicationGroupMember};
use futures::future::join_all;
use holdfast_cloud::{Error, ErrorKind, Looked};
use holdfast_domain::facts::{DatastoreMember, Lag};
use holdfast_domain::resource::ElasticacheGlobalDatastore;
use holdfast_domain::{Facts, RegionCode};
use holdfast_failover::run::Answer;

const DESCRIBE: &str = "elasticache:DescribeGlobalReplicationGroups";
const METRIC: &str = "GlobalDatastoreReplicationLag";
const LAG_WINDOW_SECONDS: i64 = 300;

pub(crate) const LOOK: &[&str] = &[DESCRIBE, metrics::GET_METRIC_DATA];

pub(crate) const CHANGES: &[&str] = &["elasticache:FailoverGlobalReplicationGroup"];

pub(crate) async fn look(
    caller: &Caller,
    spec: &ElasticacheGlobalDatastore,
    regions: &[RegionCode],
) -> Looked {
    let order = caller.silence.order(Service::ElastiCache, regions.iter().map(RegionCode::as_str));
    // A Region without a member may not know it, so no error is final while another can be asked.
    let asked = first_answer(
        order,
        caller.settings.patience,
        |_| true,
        |region| global_view(caller, &spec.global_datastore, region),
    )
    .await;
    match asked {
        Some(Ok((via, group))) => join_all(regions.iter().map(|region| {
            let (via, group) = (&via, &group);
            async move { (region.clone(), member_in(caller, via, group, region).await) }
        }))
        .await
        .into_iter()
        .collect(),
        Some(Err(error)) => everywhere(regions, &error),
        None => Looked::new(),
    }
}

async fn global_view(
    caller: &Caller,
    id: &str,
    region: String,
) -> Result<(String, GlobalReplicationGroup), Error> {
    let sent = caller
        .elasticache(&region)
        .describe_global_replication_groups()
        .global_replication_group_id(id)
        .show_member_info(true)
        .send();
    let answer = caller.ask(Service::ElastiCache, &region, DESCRIBE, sent).await?;
    match answer.global_replication_groups.unwrap_or_default().into_iter().next() {
        Some(group) => Ok((region, group)),
        None => Err(caller
            .call(&region, DESCRIBE)
            .error(ErrorKind::NotFound, format!("no global datastore {id}"))),
    }
}

async fn member_in(
    caller: &Caller,
    via: &str,
    group: &GlobalReplicationGroup,
    region: &RegionCode,
) -> Result<Facts, Error> {
    let found = group.members().iter().find(|m| m.replication_group_region() == Some(region.as_str()));
    let Some((member, id)) = found.and_then(|m| Some((m, m.replication_group_id()?))) else {
        return Err(caller.call(via, DESCRIBE).error(
            ErrorKind::NotFound,
            format!("the global datastore has no member in {region}: it was never added, or was taken out"),
        ));
    };
    let Some(primary) = is_primary(member) else {
        return Err(caller
            .call(via, DESCRIBE)
            .error(ErrorKind::Unreadable, format!("which role {id} has is not told")));
    };
    Ok(Facts::DatastoreMember(DatastoreMember {
        replication_group: id.to_owned(),
        primary,
        global_status: group.status().unwrap_or("unknown").to_owned(),
        status: member.status().map(str::to_owned),
        lag: if primary { None } else { lag(caller, region, id).await },
    }))
}

/// A role that has no name here is not taken for a secondary's.
fn is_primary(member: &GlobalReplicationGroupMember) -> Option<bool> {
    match member.role()?.to_ascii_lowercase().as_str() {
        "primary" => Some(true),
        "secondary" => Some(false),
        _ => None,
    }
}

/// In seconds. A lag that cannot be asked for leaves the rest of the picture.
async fn lag(caller: &Caller, region: &RegionCode, group: &str) -> Option<Lag> {
    // Which of the two dimensions carries it is not said where AWS lists the metric.
    let wanted = ["ReplicationGroupId", "CacheClusterId"].map(|dimension| {
        let value = if dimension == "CacheClusterId" { format!("{group}-001") } else { group.to_owned() };
        Wanted::lag("AWS/ElastiCache", METRIC, vec![(dimension, value)])
    });
    let points = metrics::newest(caller, region.as_str(), LAG_WINDOW_SECONDS, &wanted)
        .await
        .inspect_err(|error| tracing::debug!(%error, "the lag of a global datastore could not be asked for"))
        .ok()?;
    points.into_iter().flatten().next().map(|point| point.lag(METRIC, 1000.0))
}

pub(crate) async fn fail_over(
    caller: &Caller,
    action: &'static str,
    region: &RegionCode,
    global_datastore: &str,
    replication_group: &str,
) -> Result<Answer, Error> {
    let region = region.as_str();
    let sent = caller
        .elasticache(region)
        .failover_global_replication_group()
        .global_replication_group_id(global_datastore)
        .primary_region(region)
        .primary_replication_group_id(replication_group)
        .send();
    answered(action, region, &caller.ask(Service::ElastiCache, region, action, sent).await?, None)
}
