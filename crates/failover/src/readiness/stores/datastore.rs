//! ElastiCache Global Datastores: an associated secondary, and how far it is behind.

use super::{lag, not_connected, without_writer};
use crate::readiness::{Look, Severity};
use holdfast_domain::facts::DatastoreMember;
use holdfast_domain::{Facts, RegionCode, Resource};

pub(super) fn look(look: &mut Look<'_>, resource: &Resource) {
    let mut members: Vec<(&RegionCode, &DatastoreMember)> = Vec::new();
    for region in look.application.regions() {
        if let Some(Facts::DatastoreMember(member)) = look.known(resource, region) {
            members.push((region, member));
        }
    }
    if !members.iter().any(|(_, m)| m.primary) {
        without_writer(look, resource, members.len());
    }
    if let Some((_, member)) = members.first()
        && member.global_status != "available"
    {
        look.add(
            Severity::Blocker,
            "datastore_not_available",
            Some(resource),
            None,
            format!(
                "Global datastore {} is {}: it cannot fail over now.",
                resource.name, member.global_status
            ),
            "Wait until it is available; with a primary only, add a secondary.",
        );
    }
    for (region, member) in members.iter().filter(|(_, m)| !m.primary) {
        match member.status.as_deref() {
            Some("associated") => {}
            Some(state) => not_connected(look, resource, region, state),
            None => not_connected(look, resource, region, "not known to be associated"),
        }
        lag(look, resource, region, member.lag.as_ref());
    }
}
