//! Taking a step back: which kinds of step can be, and by which one call. Whether a kind can be is declared here, stands
//! in every step of a plan and is frozen and approved with it; the value that is put back is the one that stood when the
//! step was about to act, as its journal entry has it.

use crate::change::{AccessPointRouteTarget, Change, GroupSize, RoutingControlTarget, StoreEndpoint};
use crate::plan::Before;
use crate::step::Work;
use holdfast_domain::facts::hinders;
use holdfast_domain::{Facts, Name, RegionCode, StepId};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Undo {
    /// The step changes nothing.
    Nothing,
    /// One call sets again what stood before, in words.
    PutBack { restores: String },
    /// Nothing takes it back, and why.
    None { reason: String },
}

/// Of a step that takes another back: which one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Undoes {
    pub step: StepId,
    /// Whether that step's effect had been seen. Of one that had not, what is seen may still be what stood before it.
    pub seen: bool,
    /// How many calls of that step AWS has accepted.
    #[serde(default)]
    pub accepted: u32,
    /// How that step left its resource, as far as it was seen.
    pub left: Vec<Before>,
}

impl Undoes {
    pub(crate) fn left(&self, resource: &Name, region: &RegionCode) -> Option<&Facts> {
        self.left.iter().find(|b| b.resource == *resource && b.region == *region).map(|b| &b.facts)
    }
}

/// Whether such work can be taken back.
#[must_use]
pub fn declared(work: &Work) -> Undo {
    let Work::Call { change } = work else { return Undo::Nothing };
    let put_back = |restores: &str| Undo::PutBack { restores: restores.to_owned() };
    let none = |reason: &str| Undo::None { reason: reason.to_owned() };
    match change {
        // ---- compute
        Change::SetEcsDesiredCount { .. } => put_back("the number of tasks that was wanted before"),
        Change::SetEcsScalingBounds { .. } => put_back("the floor and the ceiling that stood before"),
        Change::SetAutoScalingGroupSize { .. } | Change::SetEksNodeGroupSize { .. } => {
            put_back("floor, ceiling and size as they stood before")
        }
        Change::SuspendScalingProcesses { .. } | Change::ResumeScalingProcesses { .. } => {
            put_back("the processes that ran or rested before")
        }
        Change::SetLambdaConcurrency { .. } => put_back("what was reserved before"),
        Change::SetLambdaProvisioned { .. } => put_back("as many kept warm as before"),
        Change::SetEventSource { .. } => put_back("the mapping on or off, as before"),
        // ---- stores
        Change::SwitchAuroraOver { .. } => {
            put_back("the writer in its former Region, once AWS shows the copy there as connected")
        }
        Change::FailAuroraOver { .. } => none("what was not copied is given up, and nothing brings it back"),
        Change::PromoteReplica { .. } | Change::PromoteReplicaCluster { .. } => {
            none("what was promoted never copies again")
        }
        Change::CreateReplica { .. }
        | Change::CreateReplicaCluster { .. }
        | Change::CreateClusterInstance { .. } => none("it made a database, and Holdfast deletes none"),
        Change::FailDatastoreOver { .. } => none(
            "failing it over once more would give up what was not copied by then; request a failback instead",
        ),
        Change::StartRestoreJob { .. } => none("it made a resource, and Holdfast deletes none"),
        Change::DeleteRestored { .. } => {
            none("only the drill's own copy is gone; another drill restores it again")
        }
        // ---- traffic
        Change::SetAccessPointRoutes { .. } => put_back("the routes as they stood before"),
        Change::SetAcceleratorGroup { .. } => put_back("dial and weights as they stood before"),
        Change::ReplaceRecords { .. } => put_back("the records as they stood before"),
        Change::SetHealthCheck { .. } => put_back("the health check as it stood before"),
        Change::SetRoutingControls { .. } => put_back("the controls on or off, as before"),
        Change::SetSwitchObject { .. } => {
            put_back("the object there or not, as before, with the content that the inventory names")
        }
        Change::SetPrimaryOrigins { .. } => put_back("the origins that were tried first before"),
        Change::StartRegionSwitch { .. } => none(
            "ARC takes no execution back; what it did is in its own journal, and a plan for the other Region undoes it",
        ),
        // ---- what the recovery Region must have
        Change::CreateStack { .. } => none("it made a stack, and Holdfast deletes none"),
        Change::UpdateStack { .. } => none("the template that stood before is not known"),
        Change::SetParameterEndpoint { .. }
        | Change::SetSecretEndpoint { .. }
        | Change::SetRecordEndpoint { .. } => put_back("the endpoint that it led to before"),
        // ---- steps of one's own
        Change::CallWebhook { .. } => none("the receiver was told"),
        Change::InvokeLambda { .. } => none("what the function did is its own affair"),
        Change::RunDocument { .. } => none("what the document did is its own affair"),
        Change::RunPlan { application, .. } => {
            Undo::None { reason: format!("it asked for a run of {application}: abort that run by itself") }
        }
    }
}

/// The call that puts back what stood before `change`; `None`: it set what stood already.
///
/// # Errors
/// Why there is none, where what stood was not seen.
pub fn put_back(change: &Change, resource: &Name, stood: &[Before]) -> Result<Option<Change>, String> {
    let stood = Stood { resource, stood };
    let back = match change {
        // ---- compute
        Change::SetEcsDesiredCount { region, cluster, service, .. } => {
            let desired = stood.of(region, |facts| match facts {
                Facts::EcsService(service) => Some(service.desired),
                _ => None,
            })?;
            let (region, cluster, service) = (region.clone(), cluster.clone(), service.clone());
            Change::SetEcsDesiredCount { region, cluster, service, desired }
        }
        Change::SetEcsScalingBounds { region, cluster, service, .. } => {
            let bounds = stood.of(region, |facts| match facts {
                Facts::EcsService(service) => service.scaling,
                _ => None,
            })?;
            let (region, cluster, service) = (region.clone(), cluster.clone(), service.clone());
            Change::SetEcsScalingBounds { region, cluster, service, bounds }
        }
        Change::SetAutoScalingGroupSize { region, group, .. } => {
            let size = stood.of(region, GroupSize::of)?;
            Change::SetAutoScalingGroupSize { region: region.clone(), group: group.clone(), size }
        }
        Change::SetEksNodeGroupSize { region, cluster, node_group, .. } => {
            let size = stood.of(region, GroupSize::of)?;
            let (region, cluster, node_group) = (region.clone(), cluster.clone(), node_group.clone());
            Change::SetEksNodeGroupSize { region, cluster, node_group, size }
        }
        Change::SuspendScalingProcesses { region, group, processes } => {
            let processes = stood.processes(region, processes, false)?;
            if processes.is_empty() {
                return Ok(None);
            }
            Change::ResumeScalingProcesses { region: region.clone(), group: group.clone(), processes }
        }
        Change::ResumeScalingProcesses { region, group, processes } => {
            let processes = stood.processes(region, processes, true)?;
            if processes.is_empty() {
                return Ok(None);
            }
            Change::SuspendScalingProcesses { region: region.clone(), group: group.clone(), processes }
        }
        Change::SetLambdaConcurrency { region, function, .. } => {
            let reserved = stood.of(region, |facts| match facts {
                Facts::LambdaFunction(function) => Some(function.reserved),
                _ => None,
            })?;
            Change::SetLambdaConcurrency { region: region.clone(), function: function.clone(), reserved }
        }
        Change::SetLambdaProvisioned { region, function, qualifier, .. } => {
            let provisioned = stood.of(region, |facts| match facts {
                Facts::LambdaFunction(function) => {
                    function.provisioned.iter().find(|p| p.qualifier == *qualifier).map(|p| p.requested)
                }
                _ => None,
            })?;
            let (region, function, qualifier) = (region.clone(), function.clone(), qualifier.clone());
            Change::SetLambdaProvisioned { region, function, qualifier, provisioned }
        }
        Change::SetEventSource { region, function, mapping, .. } => {
            let enabled = stood.of(region, |facts| match facts {
                Facts::LambdaFunction(function) => {
                    function.mappings.iter().find(|m| m.uuid == *mapping).map(|m| m.is_on())
                }
                _ => None,
            })?;
            let (region, function, mapping) = (region.clone(), function.clone(), mapping.clone());
            Change::SetEventSource { region, function, mapping, enabled }
        }
        // ---- stores
        Change::SwitchAuroraOver { region, global_cluster, target_cluster_arn } => {
            let former = stood.of(region, |facts| match facts {
                Facts::AuroraMember(member) if member.writer => Some(member.cluster_arn.clone()),
                _ => None,
            })?;
            let target = stood
                .everywhere()
                .find(|(_, facts)| {
                    matches!(facts, Facts::AuroraMember(member) if member.cluster_arn == *target_cluster_arn)
                })
                .map(|(region, _)| region.clone())
                .ok_or_else(|| format!("the Region of {target_cluster_arn} was not seen"))?;
            let global_cluster = global_cluster.clone();
            Change::SwitchAuroraOver { region: target, global_cluster, target_cluster_arn: former }
        }
        // ---- traffic
        Change::SetAccessPointRoutes { mrap_arn, routes, via } => {
            let routes = routes
                .iter()
                .map(|(region, target)| {
                    let traffic_dial_percent = stood.of(region, |facts| match facts {
                        Facts::AccessPointRoute { traffic_dial_percent, .. } => Some(*traffic_dial_percent),
                        _ => None,
                    })?;
                    let bucket = target.bucket.clone();
                    Ok((region.clone(), AccessPointRouteTarget { bucket, traffic_dial_percent }))
                })
                .collect::<Result<_, String>>()?;
            Change::SetAccessPointRoutes { mrap_arn: mrap_arn.clone(), routes, via: via.clone() }
        }
        Change::SetAcceleratorGroup { endpoint_group_region, endpoint_group_arn, .. } => {
            let (traffic_dial_percent, endpoints) = stood.of(endpoint_group_region, |facts| match facts {
                Facts::AcceleratorGroup(first) => first
                    .of_all_listeners()
                    .find(|group| group.endpoint_group_arn == *endpoint_group_arn)
                    .map(|group| (group.traffic_dial_percent, group.endpoints.clone())),
                _ => None,
            })?;
            Change::SetAcceleratorGroup {
                endpoint_group_region: endpoint_group_region.clone(),
                endpoint_group_arn: endpoint_group_arn.clone(),
                traffic_dial_percent,
                endpoints,
            }
        }
        // The exact records of both sides are in the call itself.
        Change::ReplaceRecords { hosted_zone_id, replace } => {
            let mut replace = replace.clone();
            for one in &mut replace {
                std::mem::swap(&mut one.old, &mut one.new);
            }
            Change::ReplaceRecords { hosted_zone_id: hosted_zone_id.clone(), replace }
        }
        Change::SetHealthCheck { health_check_id, version, .. } => {
            let (inverted, disabled) = stood
                .everywhere()
                .find_map(|(_, facts)| match facts {
                    Facts::HealthCheck(check) => Some((check.inverted, check.disabled)),
                    _ => None,
                })
                .ok_or_else(|| stood.unseen("anywhere"))?;
            let health_check_id = health_check_id.clone();
            // Route 53 counts a health check's versions one by one: any other is somebody else's.
            Change::SetHealthCheck { health_check_id, version: version + 1, inverted, disabled }
        }
        Change::SetRoutingControls { cluster_arn, endpoints, controls } => {
            let controls = controls
                .iter()
                .map(|(region, target)| {
                    let on = stood.of(region, |facts| match facts {
                        Facts::RoutingControl(control) => Some(control.on),
                        _ => None,
                    })?;
                    let control_arn = target.control_arn.clone();
                    Ok((region.clone(), RoutingControlTarget { control_arn, on }))
                })
                .collect::<Result<_, String>>()?;
            let (cluster_arn, endpoints) = (cluster_arn.clone(), endpoints.clone());
            Change::SetRoutingControls { cluster_arn, endpoints, controls }
        }
        Change::SetPrimaryOrigins { distribution_id, primaries, .. } => {
            let groups = stood
                .everywhere()
                .find_map(|(_, facts)| match facts {
                    Facts::DistributionOrigin(origin) => Some(&origin.groups),
                    _ => None,
                })
                .ok_or_else(|| stood.unseen("anywhere"))?;
            let primaries = primaries
                .keys()
                .map(|group| {
                    let first = groups.get(group).and_then(|members| members.first());
                    let first =
                        first.ok_or_else(|| format!("which origin of {group} came first was not seen"))?;
                    Ok((group.clone(), first.clone()))
                })
                .collect::<Result<_, String>>()?;
            // The version that the step itself made is known only when it is seen.
            Change::SetPrimaryOrigins {
                distribution_id: distribution_id.clone(),
                etag: String::new(),
                primaries,
            }
        }
        Change::SetSwitchObject { region, bucket, key, content, .. } => {
            let (holds, there) = stood.of(region, |facts| match facts {
                Facts::SwitchObject(object) => Some((object.holds, object.etag.is_some())),
                _ => None,
            })?;
            if there && !holds {
                return Err("what lay in the object before is not kept: put it back by hand".into());
            }
            let (region, bucket, key, content) =
                (region.clone(), bucket.clone(), key.clone(), content.clone());
            // The version that the step itself made is known only when it is seen.
            Change::SetSwitchObject { region, bucket, key, content, holds, on_etag: None }
        }
        // ---- what the recovery Region must have
        Change::SetParameterEndpoint { region, to, .. }
        | Change::SetSecretEndpoint { region, to, .. }
        | Change::SetRecordEndpoint { region, to, .. } => {
            let endpoint = stood.of(region, |facts| match facts {
                Facts::Setting { setting: Some(setting) } => setting.endpoint.clone(),
                _ => None,
            })?;
            let store = to.store.clone();
            change.pointed_at(StoreEndpoint { store, endpoint: Some(endpoint), on_version: None })
        }
        Change::FailAuroraOver { .. }
        | Change::PromoteReplica { .. }
        | Change::PromoteReplicaCluster { .. }
        | Change::CreateReplica { .. }
        | Change::CreateReplicaCluster { .. }
        | Change::CreateClusterInstance { .. }
        | Change::FailDatastoreOver { .. }
        | Change::StartRestoreJob { .. }
        | Change::DeleteRestored { .. }
        | Change::StartRegionSwitch { .. }
        | Change::CreateStack { .. }
        | Change::UpdateStack { .. }
        | Change::CallWebhook { .. }
        | Change::InvokeLambda { .. }
        | Change::RunDocument { .. }
        | Change::RunPlan { .. } => return Err("nothing takes it back".into()),
    };
    Ok((back != *change).then_some(back))
}

/// Whether the undo takes capacity away, or a capacity's floor. That waits until traffic is seen where it came from.
pub(crate) fn lowers(done: &Change, undo: &Change) -> bool {
    match (done, undo) {
        (
            Change::SetEcsDesiredCount { desired: done, .. },
            Change::SetEcsDesiredCount { desired: undo, .. },
        ) => undo < done,
        (
            Change::SetEcsScalingBounds { bounds: done, .. },
            Change::SetEcsScalingBounds { bounds: undo, .. },
        ) => undo.min < done.min || undo.max < done.max,
        (
            Change::SetAutoScalingGroupSize { size: done, .. },
            Change::SetAutoScalingGroupSize { size: undo, .. },
        )
        | (Change::SetEksNodeGroupSize { size: done, .. }, Change::SetEksNodeGroupSize { size: undo, .. }) => {
            undo.desired < done.desired || undo.min < done.min || undo.max < done.max
        }
        (
            Change::SetLambdaConcurrency { reserved: done, .. },
            Change::SetLambdaConcurrency { reserved: undo, .. },
        ) => done.is_some() && undo.is_none_or(|undo| done.is_some_and(|done| undo < done)),
        (
            Change::SetLambdaProvisioned { provisioned: done, .. },
            Change::SetLambdaProvisioned { provisioned: undo, .. },
        ) => undo < done,
        // A group without these does not grow into service.
        (Change::ResumeScalingProcesses { .. }, Change::SuspendScalingProcesses { processes, .. }) => {
            processes.iter().any(|process| hinders(process))
        }
        _ => false,
    }
}

/// What stood of a resource when its step was about to act.
struct Stood<'a> {
    resource: &'a Name,
    stood: &'a [Before],
}

impl<'a> Stood<'a> {
    fn everywhere(&self) -> impl Iterator<Item = (&'a RegionCode, &'a Facts)> {
        let (resource, stood) = (self.resource.clone(), self.stood);
        stood.iter().filter(move |b| b.resource == resource).map(|b| (&b.region, &b.facts))
    }

    fn of<T>(&self, region: &RegionCode, value: impl Fn(&'a Facts) -> Option<T>) -> Result<T, String> {
        let facts = self.everywhere().find(|(at, _)| *at == region).map(|(_, facts)| facts);
        facts.and_then(value).ok_or_else(|| self.unseen(region.as_str()))
    }

    /// Those of the processes that were suspended, or were not.
    fn processes(
        &self,
        region: &RegionCode,
        processes: &[String],
        suspended: bool,
    ) -> Result<Vec<String>, String> {
        self.of(region, |facts| match facts {
            Facts::AutoScalingGroup(group) => {
                Some(processes.iter().filter(|p| group.suspended.contains(p) == suspended).cloned().collect())
            }
            _ => None,
        })
    }

    fn unseen(&self, place: &str) -> String {
        format!("what stood of {} in {place} was not seen", self.resource)
    }
}
