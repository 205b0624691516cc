//! Aurora global databases: a connected copy with instances of the writer's class.

use super::{lag, not_connected, strength, without_writer};
use crate::readiness::{Look, Severity};
use holdfast_domain::facts::AuroraMember;
use holdfast_domain::{Facts, RegionCode, Resource};

pub(super) fn look(look: &mut Look<'_>, resource: &Resource) {
    let mut members: Vec<(&RegionCode, &AuroraMember)> = Vec::new();
    for region in look.application.regions() {
        if let Some(Facts::AuroraMember(member)) = look.known(resource, region) {
            members.push((region, member));
        }
    }
    let writer = members.iter().find(|(_, m)| m.writer).copied();
    if writer.is_none() {
        without_writer(look, resource, members.len());
    }
    for (region, member) in members.iter().filter(|(_, m)| !m.writer) {
        copy(look, resource, region, member, writer.map(|(_, m)| m));
    }
}

fn copy(
    look: &mut Look<'_>,
    resource: &Resource,
    region: &RegionCode,
    member: &AuroraMember,
    writer: Option<&AuroraMember>,
) {
    let name = &resource.name;
    match member.synchronization.as_deref() {
        Some("connected") => {}
        Some(state) => not_connected(look, resource, region, state),
        None => look.add(
            Severity::Unknown,
            "copy_not_connected",
            Some(resource),
            Some(region),
            format!("Whether the copy of {name} in {region} is connected is not known."),
            "Allow rds:DescribeGlobalClusters to the read role, then refresh.",
        ),
    }
    if let Some(status) = member.cluster_status.as_deref().filter(|s| *s != "available") {
        look.add(
            Severity::Warning,
            "cluster_not_available",
            Some(resource),
            Some(region),
            format!("The cluster of {name} in {region} is {status}."),
            "Wait until it is available.",
        );
    }
    match member.instances {
        Some(0) => look.add(
            Severity::Blocker,
            "copy_without_instance",
            Some(resource),
            Some(region),
            format!("{name} has no instance in {region}: after a promotion nothing could connect."),
            "Add an instance to the cluster there.",
        ),
        Some(_) => {}
        None => look.add(
            Severity::Unknown,
            "instances_not_known",
            Some(resource),
            Some(region),
            format!("How many instances {name} has in {region} is not known."),
            "Allow rds:DescribeDBClusters and rds:DescribeDBInstances to the read role, then refresh.",
        ),
    }
    smaller(look, resource, region, member, writer);
    lag(look, resource, region, member.lag.as_ref());
}

fn smaller(
    look: &mut Look<'_>,
    resource: &Resource,
    region: &RegionCode,
    member: &AuroraMember,
    writer: Option<&AuroraMember>,
) {
    let largest = |m: &AuroraMember| m.instance_classes.iter().filter_map(|class| strength(class)).max();
    let Some((there, here)) = writer.and_then(largest).zip(largest(member)) else { return };
    if here < there {
        look.add(
            Severity::Warning,
            "smaller_instance",
            Some(resource),
            Some(region),
            format!(
                "{} has {} in {region}, which is less than the writer's {}.",
                resource.name,
                member.instance_classes.join(", "),
                writer.map(|w| w.instance_classes.join(", ")).unwrap_or_default()
            ),
            "Give the copy an instance of the writer's class.",
        );
    }
}
