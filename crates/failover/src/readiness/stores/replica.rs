//! Read replicas: one that copies and can be promoted, and what a promotion leaves behind.

use super::{lag, not_connected, smaller_class, without_writer};
use crate::readiness::{Look, Severity};
use crate::serving::words;
use holdfast_domain::facts::ReplicaMember;
use holdfast_domain::resource::RdsReadReplica;
use holdfast_domain::{Facts, RegionCode, Resource};

pub(super) fn look(look: &mut Look<'_>, resource: &Resource, spec: &RdsReadReplica) {
    let mut members: Vec<(&RegionCode, &ReplicaMember)> = Vec::new();
    for region in look.application.regions() {
        if !spec.per_region.contains_key(region) {
            look.add(
                Severity::Blocker,
                "copy_missing",
                Some(resource),
                Some(region),
                format!("{} has no copy in {region}.", resource.name),
                format!("Build a replica there and add {region} to the entry, or take the Region out of the application."),
            );
        } else if let Some(Facts::ReplicaMember(member)) = look.known(resource, region) {
            members.push((region, member));
        }
    }
    let writers: Vec<_> = members.iter().filter(|(_, m)| m.source.is_none()).copied().collect();
    match writers.as_slice() {
        [] => without_writer(look, resource, members.len()),
        [_] => {}
        several => apart(look, resource, several),
    }
    let writer = writers.first().map(|(_, m)| *m);
    for (region, member) in &members {
        if member.source.is_some() {
            copy(look, resource, region, member, writer);
        }
        left_behind(look, resource, region, member);
    }
    if writers.len() == 1 {
        one_way(look, resource);
    }
}

/// After a promotion: two databases, each with data of its own.
fn apart(look: &mut Look<'_>, resource: &Resource, writers: &[(&RegionCode, &ReplicaMember)]) {
    let regions: Vec<RegionCode> = writers.iter().map(|(region, _)| (*region).clone()).collect();
    look.add(
        Severity::Blocker,
        "no_copy",
        Some(resource),
        None,
        format!(
            "{} takes writes in {} and copies in neither: nothing protects it, and the data grows apart.",
            resource.name,
            words(&regions)
        ),
        "Fence the one that is not to be used. A planned failback builds a replica before it promotes anything; by hand, build one under the name that the entry's status shows as free.",
    );
}

fn copy(
    look: &mut Look<'_>,
    resource: &Resource,
    region: &RegionCode,
    member: &ReplicaMember,
    writer: Option<&ReplicaMember>,
) {
    match member.replication.as_deref() {
        Some("replicating") | None => {}
        Some("stopped") => look.add(
            Severity::Blocker,
            "copy_not_connected",
            Some(resource),
            Some(region),
            format!("The copy of {} in {region} is stopped: somebody paused it, and it falls behind.", resource.name),
            "Start its replication again (on MySQL and MariaDB `CALL mysql.rds_start_replication`); it does not start by itself, and after thirty days RDS ends it.",
        ),
        Some(state) => not_connected(look, resource, region, state),
    }
    if member.is_cluster && !member.has_an_instance() {
        look.add(
            Severity::Blocker,
            "copy_without_instance",
            Some(resource),
            Some(region),
            format!("{} has no instance in {region} that can be used: it copies nothing, and nothing could connect.", member.id),
            "Add an instance to the cluster there.",
        );
    }
    if member.status != "available" {
        look.add(
            Severity::Warning,
            "database_not_available",
            Some(resource),
            Some(region),
            format!("{} in {region} is {}: it could not be promoted now.", member.id, member.status),
            "Wait until it is available; a replica that is backed up is promoted only afterwards.",
        );
    }
    smaller_class(
        look,
        resource,
        region,
        member.settings.class.as_deref(),
        writer.and_then(|w| w.settings.class.as_deref()),
    );
    lag(look, resource, region, member.lag.as_ref());
}

fn left_behind(look: &mut Look<'_>, resource: &Resource, region: &RegionCode, member: &ReplicaMember) {
    let old: Vec<&str> =
        member.left_behind.iter().filter(|old| old.takes_writes).map(|old| old.id.as_str()).collect();
    if !old.is_empty() {
        look.add(
            Severity::Warning,
            "old_database_takes_writes",
            Some(resource),
            Some(region),
            format!(
                "{} in {region} was left behind by a promotion and still takes writes: whoever writes there writes into the past.",
                old.join(", ")
            ),
            "See that nobody connects to it, keep a snapshot, and delete it.",
        );
    }
    if member.next_id.is_none() {
        look.add(
            Severity::Warning,
            "no_name_for_a_replica",
            Some(resource),
            Some(region),
            format!("No name is free in {region} for a replica of {}.", resource.name),
            "Delete databases of earlier moves there, or give the entry a shorter name.",
        );
    }
}

fn one_way(look: &mut Look<'_>, resource: &Resource) {
    look.add(
        Severity::Note,
        "promotion_is_one_way",
        Some(resource),
        None,
        format!(
            "Promoting a copy of {} cannot be taken back, and its old primary goes on taking writes until somebody fences it.",
            resource.name
        ),
        "Have the fence ready (clients, security group, read-only parameter). The way back is a new replica, which takes as long as the database is large.",
    );
}
