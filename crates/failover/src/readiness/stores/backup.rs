//! Backups: a fresh recovery point of everything, in the recovery Region, with all that a restore takes.

use crate::readiness::{Look, Severity};
use holdfast_domain::facts::{Protected, RecoveryPoint};
use holdfast_domain::resource::{BackupVault, VaultPlace};
use holdfast_domain::{Facts, RegionCode, Resource, Strategy};

pub(super) fn look(look: &mut Look<'_>, resource: &Resource, spec: &BackupVault) {
    let restores = look.application.strategy == Strategy::BackupRestore;
    for region in &look.application.recovery_regions {
        let Some(place) = spec.per_region.get(region) else {
            if restores {
                look.add(
                    Severity::Blocker,
                    "no_vault",
                    Some(resource),
                    Some(region),
                    format!("{} has no vault in {region}: nothing could be restored there.", resource.name),
                    format!("Copy the backups to a vault in {region} and add it to the entry."),
                );
            }
            continue;
        };
        if place.protected.is_empty() {
            look.add(
                Severity::Blocker,
                "nothing_protected",
                Some(resource),
                Some(region),
                format!("{} names nothing that its vault in {region} protects.", resource.name),
                "List the ARNs of what must be restored under `protected`.",
            );
        }
        if restores && place.restore_role_arn.is_none() {
            look.add(
                Severity::Blocker,
                "no_restore_role",
                Some(resource),
                Some(region),
                format!("{} names no role for restores in {region}.", resource.name),
                "Give the entry `restore_role_arn`: a role that AWS Backup may assume and that may make what is restored.",
            );
        }
        let Some(Facts::BackupVault(vault)) = look.known(resource, region) else { continue };
        for protected in &vault.protected {
            point(look, (resource, region, place), protected, restores);
        }
    }
}

fn point(
    look: &mut Look<'_>,
    (resource, region, place): (&Resource, &RegionCode, &VaultPlace),
    protected: &Protected,
    restores: bool,
) {
    let arn = &protected.resource_arn;
    let Some(newest) = &protected.newest else {
        look.add(
            Severity::Blocker,
            "backup_missing",
            Some(resource),
            Some(region),
            format!("{arn} has no recovery point in {region}, vault {}.", place.vault),
            "See that its backup plan runs and copies to this vault.",
        );
        return;
    };
    age(look, (resource, region), arn, newest, restores);
    if restores && newest.metadata.is_none() {
        look.add(
            Severity::Unknown,
            "restore_parameters_not_known",
            Some(resource),
            Some(region),
            format!("What a restore of {arn} takes could not be read."),
            "Allow backup:GetRecoveryPointRestoreMetadata to the read role, then refresh.",
        );
    }
}

/// A restore brings back nothing younger than the backup: its age is the loss.
fn age(
    look: &mut Look<'_>,
    (resource, region): (&Resource, &RegionCode),
    arn: &str,
    newest: &RecoveryPoint,
    restores: bool,
) {
    let rpo = look.application.objectives.rpo;
    let seconds = look.now.duration_since(newest.created_at).as_secs();
    if seconds > i64::from(rpo.get()) {
        // Where nothing is restored from it, no move waits for it.
        look.add(
            if restores { Severity::Blocker } else { Severity::Note },
            "backup_too_old",
            Some(resource),
            Some(region),
            format!(
                "The newest recovery point of {arn} in {region} is {:.1} h old; the objective is an RPO of {rpo}.",
                seconds as f64 / 3600.0
            ),
            "Find why the last backup or its copy did not come, or back up more often, or widen the objective.",
        );
    }
}
