//! A world that does at once what a call asks of it: enough of AWS to carry plans out and take them back in.

use super::stores::lag;
use crate::change::Change;
use holdfast_domain::{Facts, Name, ObservationMap, RegionCode, Sight};

fn at<'a>(world: &'a mut ObservationMap, resource: &Name, region: &RegionCode) -> &'a mut Facts {
    match world.get_mut(&(resource.clone(), region.clone())) {
        Some(Sight::Known { facts, .. }) => facts,
        other => panic!("{resource} in {region} is {other:?}"),
    }
}

fn everywhere<'a>(
    world: &'a mut ObservationMap,
    resource: &'a Name,
) -> impl Iterator<Item = (&'a RegionCode, &'a mut Facts)> {
    world.iter_mut().filter(move |((of, _), _)| of == resource).filter_map(|((_, region), sight)| match sight
    {
        Sight::Known { facts, .. } => Some((region, facts)),
        _ => None,
    })
}

/// What the call does to the world. Calls that make something new, or whose effect is elsewhere, do nothing here.
pub fn take_effect(world: &mut ObservationMap, resource: &Name, change: &Change) {
    match change {
        Change::SetEcsDesiredCount { region, desired, .. } => {
            let Facts::EcsService(service) = at(world, resource, region) else { panic!("no service") };
            (service.desired, service.running) = (*desired, *desired);
            service.targets.iter_mut().for_each(|targets| targets.healthy = *desired);
        }
        Change::SetEcsScalingBounds { region, bounds, .. } => {
            let Facts::EcsService(service) = at(world, resource, region) else { panic!("no service") };
            service.scaling = Some(*bounds);
            // What scales it never leaves it below its floor, nor above its ceiling.
            let kept = service.desired.clamp(bounds.min, bounds.max);
            (service.desired, service.running) = (kept, kept);
            service.targets.iter_mut().for_each(|targets| targets.healthy = kept);
        }
        Change::SetAutoScalingGroupSize { region, size, .. } => {
            let Facts::AutoScalingGroup(group) = at(world, resource, region) else { panic!("no group") };
            (group.min, group.max, group.desired, group.in_service) =
                (size.min, size.max, size.desired, size.desired);
            group.targets.iter_mut().for_each(|targets| targets.healthy = size.desired);
        }
        Change::SuspendScalingProcesses { region, processes, .. } => {
            let Facts::AutoScalingGroup(group) = at(world, resource, region) else { panic!("no group") };
            group.suspended.extend(processes.iter().cloned());
            group.suspended.sort();
            group.suspended.dedup();
        }
        Change::ResumeScalingProcesses { region, processes, .. } => {
            let Facts::AutoScalingGroup(group) = at(world, resource, region) else { panic!("no group") };
            group.suspended.retain(|process| !processes.contains(process));
        }
        Change::SetEksNodeGroupSize { region, size, .. } => {
            let Facts::EksNodeGroup(group) = at(world, resource, region) else { panic!("no node group") };
            (group.min, group.max, group.desired) = (size.min, size.max, size.desired);
            group.in_service = Some(size.desired);
        }
        Change::SetLambdaConcurrency { region, reserved, .. } => {
            let Facts::LambdaFunction(function) = at(world, resource, region) else { panic!("no function") };
            function.reserved = *reserved;
        }
        Change::SetLambdaProvisioned { region, qualifier, provisioned, .. } => {
            let Facts::LambdaFunction(function) = at(world, resource, region) else { panic!("no function") };
            for warm in function.provisioned.iter_mut().filter(|warm| warm.qualifier == *qualifier) {
                (warm.requested, warm.available) = (*provisioned, *provisioned);
            }
        }
        Change::SetEventSource { region, mapping, enabled, .. } => {
            let Facts::LambdaFunction(function) = at(world, resource, region) else { panic!("no function") };
            for found in function.mappings.iter_mut().filter(|found| found.uuid == *mapping) {
                found.state = if *enabled { "Enabled" } else { "Disabled" }.into();
            }
        }
        Change::SwitchAuroraOver { target_cluster_arn, .. }
        | Change::FailAuroraOver { target_cluster_arn, .. } => {
            for (_, facts) in everywhere(world, resource) {
                let Facts::AuroraMember(member) = facts else { continue };
                member.writer = member.cluster_arn == *target_cluster_arn;
                member.synchronization = (!member.writer).then(|| "connected".to_owned());
                member.lag = (!member.writer).then(|| holdfast_domain::facts::Lag {
                    metric: "AuroraGlobalDBProgressLag".into(),
                    ..lag(850.0)
                });
            }
        }
        Change::PromoteReplica { region, .. } | Change::PromoteReplicaCluster { region, .. } => {
            let Facts::ReplicaMember(member) = at(world, resource, region) else { panic!("no replica") };
            (member.source, member.lag) = (None, None);
        }
        Change::FailDatastoreOver { region, .. } => {
            for (at, facts) in everywhere(world, resource) {
                let Facts::DatastoreMember(member) = facts else { continue };
                member.primary = at == region;
                member.lag = (!member.primary).then(|| lag(20.0));
            }
        }
        Change::SetAccessPointRoutes { routes, .. } => {
            for (region, target) in routes {
                let dial = target.traffic_dial_percent;
                let bucket = target.bucket.clone();
                *at(world, resource, region) = Facts::AccessPointRoute { bucket, traffic_dial_percent: dial };
            }
        }
        Change::SetAcceleratorGroup { endpoint_group_region, traffic_dial_percent, endpoints, .. } => {
            let facts = at(world, resource, endpoint_group_region);
            let Facts::AcceleratorGroup(group) = facts else { panic!("no endpoint group") };
            group.traffic_dial_percent = *traffic_dial_percent;
            group.endpoints.clone_from(endpoints);
        }
        Change::ReplaceRecords { replace, .. } => {
            for one in replace {
                *at(world, resource, &one.region) = Facts::record(one.new.clone());
            }
        }
        Change::SetHealthCheck { inverted, disabled, .. } => {
            for (_, facts) in everywhere(world, resource) {
                let Facts::HealthCheck(check) = facts else { continue };
                (check.inverted, check.disabled, check.version) = (*inverted, *disabled, check.version + 1);
            }
        }
        Change::SetRoutingControls { controls, .. } => {
            for (region, target) in controls {
                let Facts::RoutingControl(control) = at(world, resource, region) else {
                    panic!("no control")
                };
                control.on = target.on;
            }
        }
        Change::SetSwitchObject { region, holds, .. } => {
            let Facts::SwitchObject(object) = at(world, resource, region) else { panic!("no object") };
            (object.holds, object.etag) = (*holds, holds.then(|| "put".to_owned()));
        }
        Change::SetPrimaryOrigins { primaries, .. } => {
            for (_, facts) in everywhere(world, resource) {
                let Facts::DistributionOrigin(origin) = facts else { continue };
                origin.etag.push('+');
                for (group, first) in primaries {
                    let members = origin.groups.get_mut(group).unwrap();
                    let place = members.iter().position(|member| member == first).unwrap();
                    members.swap(0, place);
                }
            }
        }
        Change::SetParameterEndpoint { region, to, .. }
        | Change::SetSecretEndpoint { region, to, .. }
        | Change::SetRecordEndpoint { region, to, .. } => {
            let facts = at(world, resource, region);
            let Facts::Setting { setting: Some(setting) } = facts else { panic!("no setting") };
            setting.endpoint.clone_from(&to.endpoint);
            setting.version.push('+');
        }
        Change::CreateReplica { .. }
        | Change::CreateReplicaCluster { .. }
        | Change::CreateClusterInstance { .. }
        | Change::StartRestoreJob { .. }
        | Change::DeleteRestored { .. }
        | Change::StartRegionSwitch { .. }
        | Change::CreateStack { .. }
        | Change::UpdateStack { .. }
        | Change::CallWebhook { .. }
        | Change::InvokeLambda { .. }
        | Change::RunDocument { .. }
        | Change::RunPlan { .. } => {}
    }
}

/// The world without what counts its own changes.
pub fn but_for_versions(world: &ObservationMap) -> ObservationMap {
    let mut world = world.clone();
    for sight in world.values_mut() {
        let Sight::Known { facts, .. } = sight else { continue };
        match facts {
            Facts::HealthCheck(check) => check.version = 0,
            Facts::DistributionOrigin(origin) => origin.etag.clear(),
            Facts::SwitchObject(object) => object.etag = object.etag.as_ref().map(|_| String::new()),
            Facts::Setting { setting: Some(setting) } => setting.version.clear(),
            _ => {}
        }
    }
    world
}
