//! Is everything there, in each Region that must take over: entered in the inventory for it, and found by AWS.

use super::{Look, Severity, compute};
use crate::serving::words;
use holdfast_domain::{RegionCode, Resource, ResourceKind, ResourceSpec, Strategy};

/// Of an entry that has places of its own in the Regions: a recovery Region without one. Kinds that say more of it
/// themselves (compute, replicas, controls, vaults) are left to their own.
pub(super) fn entered(look: &mut Look<'_>, resource: &Resource) {
    let kind = resource.spec.kind();
    let Some(severity) = gravity(look.application.strategy, kind) else { return };
    if kind == ResourceKind::CloudwatchAlarm && may_be_on_lag(look, resource) {
        // A copy's lag is told in one Region, and other Regions have nothing to watch.
        return;
    }
    let name = &resource.name;
    let places: Vec<RegionCode> = look.places(resource).into_iter().cloned().collect();
    for region in &look.application.recovery_regions {
        if resource.spec.is_in(region) {
            continue;
        }
        let only =
            if places.is_empty() { "in no Region".into() } else { format!("in {} only", words(&places)) };
        look.say(
            (severity, "not_in_recovery_region"),
            (resource, region),
            format!("{name} is entered {only}: whether {region} has its own is not looked at, and no failover to it could use it."),
            format!("Make it in {region} and add that to the entry, or take the Region out of the application."),
        );
    }
}

/// How much a failover by this strategy needs the kind in the recovery Region. `None`: it has no places, or a check of
/// its own.
fn gravity(strategy: Strategy, kind: ResourceKind) -> Option<Severity> {
    use Severity::{Blocker, Note, Warning};
    let stands = matches!(strategy, Strategy::WarmStandby | Strategy::ActiveActive);
    match kind {
        // Where everything is restored, it may be restored too.
        ResourceKind::S3Replication
        | ResourceKind::KmsKey
        | ResourceKind::TransitGateway
        | ResourceKind::EndpointSetting => {
            Some(if strategy == Strategy::BackupRestore { Warning } else { Blocker })
        }
        // What stands is not built; what is built is built from this.
        ResourceKind::CloudformationStack => Some(if stands { Note } else { Blocker }),
        ResourceKind::CloudwatchAlarm
        | ResourceKind::CloudwatchMetric
        | ResourceKind::ConfigRecorder
        | ResourceKind::SecurityHub
        | ResourceKind::Probe => Some(if stands { Warning } else { Note }),
        _ => None,
    }
}

/// Whether it watches a store's lag, or was not seen and may.
fn may_be_on_lag(look: &Look<'_>, alarm: &Resource) -> bool {
    let seen: Vec<_> = look.places(alarm).into_iter().filter_map(|region| look.last(alarm, region)).collect();
    seen.is_empty() || seen.into_iter().any(super::supporting::is_on_lag)
}

/// AWS answered, and it is not there: that is no gap in our sight.
pub(super) fn absent(look: &mut Look<'_>, resource: &Resource, region: &RegionCode, reason: &str) {
    let name = &resource.name;
    let reason = reason.trim_end_matches('.');
    let builds = matches!(look.application.strategy, Strategy::BackupRestore | Strategy::PilotLight)
        && !resource.spec.kind().is_store()
        && *region != look.application.home_region
        && has_template(look, region);
    if builds {
        look.say(
            (Severity::Unknown, "not_built_yet"),
            (resource, region),
            format!("{name} is not in {region}, and whether the stack that a failover creates there brings it is not known: {reason}."),
            "Rehearse the failover; or keep it there beforehand, with nothing running.",
        );
        return;
    }
    let severity = match resource.spec.kind().unit() {
        Some(_) => compute::gravity(look, region),
        None => Severity::Blocker,
    };
    look.say(
        (severity, "not_there"),
        (resource, region),
        format!("{name} is not in {region}: {reason}."),
        format!("Create it in {region}, or correct the entry `{name}` of the inventory."),
    );
}

fn has_template(look: &Look<'_>, region: &RegionCode) -> bool {
    look.application.resources.iter().any(|resource| match &resource.spec {
        ResourceSpec::CloudformationStack(spec) => {
            spec.per_region.get(region).is_some_and(|place| place.template_url.is_some())
        }
        _ => false,
    })
}

/// A strategy without what it works by.
pub(super) fn means(look: &mut Look<'_>) {
    let has = |kind| look.application.resources.iter().any(|r| r.spec.kind() == kind);
    if look.application.strategy == Strategy::BackupRestore
        && !look.application.resources.is_empty()
        && !has(ResourceKind::BackupVault)
    {
        look.add(
            Severity::Blocker,
            "no_backups",
            None,
            None,
            "The strategy is backup and restore, and the inventory names no backup vault: nothing could be restored.",
            "Add a resource of the kind `backup_vault` with a vault in each recovery Region, or choose another strategy.",
        );
    }
}

#[cfg(test)]
mod tests;
