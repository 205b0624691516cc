//! DynamoDB global tables: a replica in every Region, in a mode that can meet the objective.

use super::{lag, not_connected};
use crate::readiness::{Look, Severity};
use holdfast_domain::facts::{Consistency, TableReplica};
use holdfast_domain::{Facts, RegionCode, Resource};

pub(super) fn look(look: &mut Look<'_>, resource: &Resource) {
    let mut consistency = None;
    for region in look.application.regions() {
        let Some(Facts::TableReplica(replica)) = look.known(resource, region) else { continue };
        consistency = Some(replica.consistency);
        in_region(look, resource, region, replica);
    }
    if consistency == Some(Consistency::Eventual) && look.application.objectives.rpo.get() == 0 {
        look.add(
            Severity::Blocker,
            "mode_cannot_meet_rpo",
            Some(resource),
            None,
            format!(
                "{} replicates with eventual consistency, which loses what is under way; the objective is to lose nothing.",
                resource.name
            ),
            "Use multi-Region strong consistency (three Regions, or two and a witness), or widen the objective.",
        );
    }
}

fn in_region(look: &mut Look<'_>, resource: &Resource, region: &RegionCode, replica: &TableReplica) {
    let name = &resource.name;
    match replica.status.as_deref() {
        Some("ACTIVE") => {}
        Some(status) => not_connected(look, resource, region, status),
        None => {
            look.add(
                Severity::Blocker,
                "replica_missing",
                Some(resource),
                Some(region),
                format!("{name} has no replica in {region}."),
                format!("Add a replica of the table in {region}, or take the Region out of the application."),
            );
            return;
        }
    }
    // What is behind at home matters only on the way back, and is asked for then.
    if *region != look.application.home_region {
        lag(look, resource, region, Facts::TableReplica(replica.clone()).lag().as_ref());
    }
}
