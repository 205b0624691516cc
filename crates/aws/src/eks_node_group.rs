//! EKS node groups: their sizes, what EKS says is wrong, and how many nodes the groups behind them have in service.

use crate::auto_scaling_group::{self, in_service, wire_size};
use crate::clients::Caller;
use crate::perform::answered;
use crate::reading::{beside, count};
use crate::regional::{in_each, not_named};
use crate::settings::Service;
use aws_sdk_eks::types::{Nodegroup, NodegroupScalingConfig, UpdateStatus};
use futures::future::try_join_all;
use holdfast_cloud::{Error, ErrorKind, Looked, Settled};
use holdfast_domain::facts::{Beside, EksNodeGroupFacts};
use holdfast_domain::resource::EksNodeGroup;
use holdfast_domain::{Facts, RegionCode};
use holdfast_failover::change::GroupSize;
use holdfast_failover::run::Answer;

const DESCRIBE: &str = "eks:DescribeNodegroup";
pub(crate) const UPDATE: &str = "eks:DescribeUpdate";

/// Following an update is part of looking: it tells whether what was accepted has been carried out.
pub(crate) const LOOK: &[&str] = &[DESCRIBE, auto_scaling_group::DESCRIBE];

pub(crate) const CHANGES: &[&str] = &["eks:UpdateNodegroupConfig", UPDATE];

pub(crate) async fn look(caller: &Caller, spec: &EksNodeGroup, regions: &[RegionCode]) -> Looked {
    in_each(regions, |region| look_in(caller, spec, region)).await
}

async fn look_in(caller: &Caller, spec: &EksNodeGroup, region: &RegionCode) -> Result<Facts, Error> {
    let region_code = region.as_str();
    let Some(place) = spec.per_region.get(region) else {
        return Err(not_named(caller, region, DESCRIBE, "node group"));
    };
    let sent = caller
        .eks(region_code)
        .describe_nodegroup()
        .cluster_name(&place.cluster)
        .nodegroup_name(&place.node_group)
        .send();
    let answer = caller.ask(Service::Eks, region_code, DESCRIBE, sent).await?;
    let unreadable = |what: &str| {
        caller.call(region_code, DESCRIBE).error(ErrorKind::Unreadable, format!("the answer holds no {what}"))
    };
    let group = answer.nodegroup.ok_or_else(|| unreadable("node group"))?;
    let sizes = group.scaling_config().ok_or_else(|| unreadable("scaling configuration"))?;
    let call = caller.call(region_code, DESCRIBE);
    let mut facts = EksNodeGroupFacts {
        min: count(&call, "minSize", sizes.min_size())?,
        max: count(&call, "maxSize", sizes.max_size())?,
        desired: count(&call, "desiredSize", sizes.desired_size())?,
        status: group.status().map_or("UNKNOWN", |s| s.as_str()).to_owned(),
        issues: issues(&group),
        ..EksNodeGroupFacts::default()
    };
    let nodes = nodes(caller, region_code, &group).await;
    facts.in_service = beside(Beside::Nodes, nodes, &mut facts.unread);
    Ok(Facts::EksNodeGroup(facts))
}

fn issues(group: &Nodegroup) -> Vec<String> {
    let issues = group.health().map(|h| h.issues()).unwrap_or_default();
    issues
        .iter()
        .map(|issue| {
            let code = issue.code().map_or("issue", |c| c.as_str());
            format!("{code}: {}", issue.message().unwrap_or("no message"))
        })
        .collect()
}

/// EKS says how many nodes it wants and not how many there are.
async fn nodes(caller: &Caller, region: &str, group: &Nodegroup) -> Result<u32, Error> {
    let names: Vec<String> = group
        .resources()
        .map(|r| r.auto_scaling_groups())
        .unwrap_or_default()
        .iter()
        .filter_map(|g| g.name().map(str::to_owned))
        .collect();
    // Of no group no node is counted, and it would look drained.
    if names.is_empty() {
        let call = caller.call(region, DESCRIBE);
        return Err(call.error(ErrorKind::Unreadable, "EKS names no group that its nodes are in"));
    }
    let groups = names.iter().map(|name| auto_scaling_group::describe(caller, region, name));
    Ok(try_join_all(groups).await?.iter().flatten().map(in_service).sum())
}

pub(crate) async fn set_size(
    caller: &Caller,
    action: &'static str,
    region: &RegionCode,
    cluster: &str,
    node_group: &str,
    size: GroupSize,
) -> Result<Answer, Error> {
    let region = region.as_str();
    let [min, max, desired] = wire_size(caller, region, action, size)?;
    let sizes = NodegroupScalingConfig::builder().min_size(min).max_size(max).desired_size(desired).build();
    let sent = caller
        .eks(region)
        .update_nodegroup_config()
        .cluster_name(cluster)
        .nodegroup_name(node_group)
        .scaling_config(sizes)
        .send();
    let answer = caller.ask(Service::Eks, region, action, sent).await?;
    let tracking = answer.update().and_then(|u| u.id().map(str::to_owned));
    answered(action, region, &answer, tracking)
}

pub(crate) async fn settled(
    caller: &Caller,
    region: &RegionCode,
    cluster: &str,
    node_group: &str,
    update: &str,
) -> Result<Settled, Error> {
    let region = region.as_str();
    let sent = caller
        .eks(region)
        .describe_update()
        .name(cluster)
        .nodegroup_name(node_group)
        .update_id(update)
        .send();
    let answer = match caller.ask(Service::Eks, region, UPDATE, sent).await {
        Ok(answer) => answer,
        Err(error) if error.kind == ErrorKind::NotFound => return Ok(Settled::NotKnown(error.message)),
        Err(error) => return Err(error),
    };
    let errors = answer.update().map(|u| u.errors()).unwrap_or_default();
    let why = errors
        .iter()
        .map(|e| {
            format!(
                "{}: {}",
                e.error_code().map_or("error", |c| c.as_str()),
                e.error_message().unwrap_or("no message")
            )
        })
        .collect::<Vec<_>>()
        .join("; ");
    match answer.update().and_then(|u| u.status()) {
        Some(UpdateStatus::Successful) => Ok(Settled::Yes),
        Some(status @ (UpdateStatus::Failed | UpdateStatus::Cancelled)) => {
            Ok(Settled::Failed(format!("the update {update} is {status}: {why}")))
        }
        Some(status) => Ok(Settled::NotYet(status.as_str().to_owned())),
        None => Err(caller.call(region, UPDATE).error(ErrorKind::Unreadable, "the update has no status")),
    }
}
