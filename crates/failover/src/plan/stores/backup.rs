//! Backup and restore: what stands in the recovery Region is backups, and a move restores them. Each restore is one
//! call, fixed here to its last parameter.

use super::no_copy;
use crate::change::Change;
use crate::movement::{Intent, Mode};
use crate::plan::draft::{Draft, Making};
use crate::refusal::Refusal;
use crate::step::Work;
use holdfast_domain::facts::{Protected, RecoveryPoint, region_of_arn};
use holdfast_domain::resource::{BackupVault, VaultPlace};
use holdfast_domain::{Facts, Name, RegionCode, StepId, Strategy};

/// A day: restores of large stores take hours, and each says how far it is.
const RESTORE_TIMEOUT_SECONDS: u32 = 86_400;

/// One protected resource from one recovery point.
pub(super) struct Restore {
    pub store: Name,
    number: usize,
    point: RecoveryPoint,
    pub change: Change,
    resource_arn: String,
}

impl Restore {
    pub fn resource_arn(&self) -> &str {
        &self.resource_arn
    }
}

/// What of one vault is restored in the target Region.
pub(super) fn restores(
    draft: &mut Draft<'_>,
    store: &Name,
    spec: &BackupVault,
) -> Result<Vec<Restore>, Refusal> {
    if draft.picture.application.strategy != Strategy::BackupRestore {
        draft.note(format!(
            "{store} holds backups; a move of a {} application restores none of them.",
            draft.picture.application.strategy.words()
        ));
        return Ok(Vec::new());
    }
    all_restores(draft, store, spec)
}

/// The same, whatever the strategy moves.
pub(super) fn all_restores(
    draft: &mut Draft<'_>,
    store: &Name,
    spec: &BackupVault,
) -> Result<Vec<Restore>, Refusal> {
    let to = draft.movement.to.clone();
    let Some(place) = spec.per_region.get(&to) else { return no_vault(draft, store, &to) };
    let Some(Facts::BackupVault(vault)) = draft.last(store, &to) else { return Err(no_copy(store, &to)) };
    let mut restores = Vec::new();
    for (at, protected) in vault.protected.iter().enumerate() {
        if region_of_arn(&protected.resource_arn) == Some(to.as_str()) {
            draft.note(format!(
                "{} is in {to} itself: nothing is restored in its stead.",
                protected.resource_arn
            ));
        } else {
            restores.extend(restore(draft, (store, &to, place), at + 1, protected)?);
        }
    }
    if restores.is_empty() {
        let sentence = format!("{store} has nothing in {to} that could be restored.");
        draft.cannot(
            &sentence,
            "Name the resources to restore under `protected`, and let their backups reach the vault.",
        )?;
    }
    Ok(restores)
}

/// Without a vault in the target there is nothing to bring the data back from.
fn no_vault(draft: &mut Draft<'_>, store: &Name, to: &RegionCode) -> Result<Vec<Restore>, Refusal> {
    let from = &draft.movement.from;
    if draft.movement.intent != Intent::Failback {
        return Err(no_copy(store, to));
    }
    if draft.movement.mode == Mode::Planned {
        return Err(Refusal::new(
            "not_ready_to_fail_back",
            format!(
                "{store} has no vault in {to}: what was written in {from} since the failover could not be restored there."
            ),
            format!(
                "Back up what was restored in {from}, copy it to a vault in {to}, and name both in the inventory; or request an emergency, which goes back to what stands there."
            ),
        ));
    }
    draft.note(format!(
        "{store} has no vault in {to}: nothing is restored there, and what was written in {from} since the failover is not in what stands there."
    ));
    Ok(Vec::new())
}

fn restore(
    draft: &mut Draft<'_>,
    (store, to, place): (&Name, &RegionCode, &VaultPlace),
    number: usize,
    protected: &Protected,
) -> Result<Option<Restore>, Refusal> {
    let arn = &protected.resource_arn;
    let (point, read, role) = match (&protected.newest, &place.restore_role_arn) {
        (None, _) => {
            let sentence = format!("{arn} has no recovery point in {}, vault {}.", to, place.vault);
            draft.cannot(&sentence, "Copy a backup of it there first.")?;
            return Ok(None);
        }
        (Some(_), None) => {
            let sentence = format!(
                "{store} names no `restore_role_arn` in {to}, and AWS Backup restores under a role only."
            );
            draft.cannot(
                &sentence,
                "Give the entry a role that AWS Backup may assume and that may make what is restored.",
            )?;
            return Ok(None);
        }
        (Some(point), Some(role)) => match &point.metadata {
            Some(read) => (point, read, role),
            None => {
                let sentence = format!("What a restore of {arn} takes could not be read from {}.", point.arn);
                draft.cannot(
                    &sentence,
                    "Allow backup:GetRecoveryPointRestoreMetadata to the read role, then refresh.",
                )?;
                return Ok(None);
            }
        },
    };
    let mut metadata = read.clone();
    metadata.extend(place.restore_metadata.iter().map(|(k, v)| (k.clone(), v.clone())));
    let change = Change::StartRestoreJob {
        region: to.clone(),
        vault: place.vault.clone(),
        resource_arn: arn.clone(),
        recovery_point_arn: point.arn.clone(),
        resource_type: point.resource_type.clone(),
        role_arn: role.clone(),
        metadata,
    };
    Ok(Some(Restore {
        store: store.clone(),
        number,
        point: point.clone(),
        change,
        resource_arn: arn.clone(),
    }))
}

pub(super) fn start(draft: &mut Draft<'_>, restore: &Restore, after: &[StepId]) -> Result<StepId, Refusal> {
    let to = draft.movement.to.clone();
    if draft.movement.intent != Intent::Drill {
        draft.note(format!(
            "What {} was given after {} is not in its recovery point: stop its writers and take a backup first where the Region can still be reached.",
            restore.resource_arn, restore.point.created_at
        ));
    }
    let number = restore.number.to_string();
    draft.add(Making {
        id: ("restore", &[restore.store.as_str(), number.as_str()]),
        title: format!("Restore {} in {to} as of {}", restore.resource_arn, restore.point.created_at),
        work: Work::Call { change: restore.change.clone() },
        resource: Some(&restore.store),
        regions: vec![to.clone()],
        after: after.to_vec(),
        timeout_seconds: RESTORE_TIMEOUT_SECONDS,
        value_now: format!("a recovery point of {}", restore.point.created_at),
        value_to_be: format!("restored in {to}"),
        ..Making::default()
    })
}
