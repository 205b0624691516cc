//! Restoring beside production: the newest recovery point under a name that only this drill gives, and the deletion of
//! what that made. AWS Backup puts no tags on what it restores, so the name is the label.

use super::backup::{self, Restore};
use crate::change::Change;
use crate::digest::Digest;
use crate::plan::draft::{Draft, Making};
use crate::refusal::Refusal;
use crate::step::Work;
use holdfast_domain::facts::{VaultFacts, database_of_arn};
use holdfast_domain::{Facts, Name, ResourceSpec, StepId};

/// In the middle of every name that a drill gives; the roles may delete what has it, and nothing else.
pub const LABEL: &str = "-drill-";
/// An identifier of RDS has no more characters (RestoreDBInstanceFromDBSnapshot, `DBInstanceIdentifier`).
const IDENTIFIER_AT_MOST: usize = 63;
const LABEL_DIGITS: usize = 8;
/// Deleting takes a last backup of nothing, but RDS works on it for minutes.
const DELETE_TIMEOUT_SECONDS: u32 = 3_600;

/// One database that the drill makes.
pub(in crate::plan) struct Copy {
    pub made_by: StepId,
    store: Name,
    database: String,
    is_cluster: bool,
    recovery_point_arn: String,
}

pub(in crate::plan) fn restore(draft: &mut Draft<'_>, after: &[StepId]) -> Result<Vec<Copy>, Refusal> {
    let mut copies = Vec::new();
    for resource in &draft.picture.application.resources {
        let ResourceSpec::BackupVault(spec) = &resource.spec else { continue };
        if !spec.per_region.contains_key(&draft.movement.to) {
            draft.note(format!(
                "{} has no vault in {}; nothing of it is restored.",
                resource.name, draft.movement.to
            ));
            continue;
        }
        for mut restore in backup::all_restores(draft, &resource.name, spec)? {
            let Some((database, is_cluster, recovery_point_arn)) = renamed(draft, &mut restore) else {
                draft.note(format!(
                    "{} is not restored: this version gives only databases a name of their own.",
                    restore.resource_arn()
                ));
                continue;
            };
            let made_by = backup::start(draft, &restore, after)?;
            draft.note(format!("`{made_by}` restores to {database}, and the drill deletes that again."));
            let store = restore.store.clone();
            copies.push(Copy { made_by, store, database, is_cluster, recovery_point_arn });
        }
    }
    Ok(copies)
}

/// The restore to a name of its own: that, whether a cluster has it, and the recovery point. `None`: no database.
fn renamed(draft: &Draft<'_>, restore: &mut Restore) -> Option<(String, bool, String)> {
    let Some(Facts::BackupVault(vault)) = draft.last(&restore.store, &draft.movement.to) else { return None };
    let Change::StartRestoreJob { resource_arn, recovery_point_arn, metadata, .. } = &mut restore.change
    else {
        return None;
    };
    let (source, is_cluster) = database_of_arn(resource_arn)?;
    let key = if is_cluster { "DBClusterIdentifier" } else { "DBInstanceIdentifier" };
    let label = label(&draft.picture.application.name, recovery_point_arn, vault)?;
    let room = IDENTIFIER_AT_MOST - LABEL.len() - LABEL_DIGITS;
    let base: String = source.chars().take(room).collect();
    let database = format!("{}{LABEL}{label}", base.trim_end_matches('-'));
    metadata.insert(key.to_owned(), database.clone());
    // Or it could not be taken away again.
    if let Some(protection) = metadata.get_mut("DeletionProtection") {
        "false".clone_into(protection);
    }
    Some((database, is_cluster, recovery_point_arn.clone()))
}

/// Another for each drill, and the same for as long as a plan stands: it follows from the restores that went before.
fn label(application: &Name, recovery_point_arn: &str, vault: &VaultFacts) -> Option<String> {
    let before: Vec<&str> = vault.restores.iter().map(|job| job.id.as_str()).collect();
    let digest = Digest::of(&(application, recovery_point_arn, before)).ok()?;
    digest.0.get(..LABEL_DIGITS).map(str::to_owned)
}

pub(in crate::plan) fn delete(
    draft: &mut Draft<'_>,
    copies: &[Copy],
    after: &[StepId],
) -> Result<Vec<StepId>, Refusal> {
    let region = draft.movement.to.clone();
    let mut ids = Vec::new();
    for (number, copy) in copies.iter().enumerate() {
        let number = (number + 1).to_string();
        // The restore itself may be what a person has skipped everything after.
        let mut after = after.to_vec();
        if !after.contains(&copy.made_by) {
            after.push(copy.made_by.clone());
        }
        ids.push(draft.add(Making {
            id: ("delete", &[copy.store.as_str(), number.as_str()]),
            title: format!("Delete {}, which this drill restored in {region}", copy.database),
            work: Work::Call {
                change: Change::DeleteRestored {
                    region: region.clone(),
                    database: copy.database.clone(),
                    is_cluster: copy.is_cluster,
                    recovery_point_arn: copy.recovery_point_arn.clone(),
                    made_by: copy.made_by.clone(),
                },
            },
            resource: Some(&copy.store),
            regions: vec![region.clone()],
            after,
            timeout_seconds: DELETE_TIMEOUT_SECONDS,
            irreversible: true,
            value_now: format!("{} as this drill restored it", copy.database),
            value_to_be: "gone".into(),
        })?);
    }
    Ok(ids)
}
