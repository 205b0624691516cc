//! Restoring one resource from the recovery point that was approved, and where it is reached then. A restore job has a
//! beginning and an end of its own; those that stood when the plan was made are somebody else's.

use super::Verdict;
use super::check::Look;
use crate::change::Change;
use holdfast_domain::facts::{RestoreJob, VaultFacts, database_of_arn};
use holdfast_domain::{Facts, Name, RegionCode};

pub(super) fn restore(
    look: &Look<'_>,
    change: &Change,
    region: &RegionCode,
    vault: &str,
    recovery_point: &str,
) -> Verdict {
    let seen = match look.at(region) {
        Ok(Facts::BackupVault(seen)) => seen,
        Ok(other) => return look.not_what_it_was(region, other),
        Err(reason) => return Verdict::Unseen { reason },
    };
    if seen.vault != vault {
        return Verdict::Drift {
            expected: format!("{} in {region} is vault {vault}", look.resource),
            found: format!("it is vault {}", seen.vault),
        };
    }
    let ours = since_the_plan(look, look.resource, region, seen, recovery_point);
    if let Some(job) = ours.iter().find(|job| job.status == "COMPLETED") {
        let what = job.created_resource_arn.as_deref().unwrap_or("the resource");
        return Verdict::Reached { note: format!("{what} was restored by job {}", job.id) };
    }
    if let Some(job) = ours.iter().find(|job| matches!(job.status.as_str(), "PENDING" | "RUNNING")) {
        let done = job.percent_done.as_deref().unwrap_or("share not told");
        return Verdict::Wait { note: format!("restore job {} is {} ({done})", job.id, job.status) };
    }
    // Each time that a person has it tried again makes room for one more job.
    let failed = u32::try_from(ours.len()).unwrap_or(u32::MAX);
    match ours.last() {
        Some(job) if failed > look.retries => Verdict::Stuck {
            reason: format!(
                "restore job {} is {}: {}",
                job.id,
                job.status,
                job.message.as_deref().unwrap_or("AWS gives no reason")
            ),
            way_out: "Mend what the reason names (role, subnet group, a name that is taken) and retry; where `restore_metadata` must change, cancel and request the move anew."
                .into(),
        },
        _ => Verdict::Act(change.clone()),
    }
}

/// Deletes a database only where AWS's own record says that a job begun since the plan, from the plan's recovery point,
/// has made exactly it.
pub(super) fn delete(
    look: &Look<'_>,
    change: &Change,
    region: &RegionCode,
    (database, is_cluster): (&str, bool),
    recovery_point: &str,
) -> Verdict {
    let seen = match look.at(region) {
        Ok(Facts::BackupVault(seen)) => seen,
        Ok(other) => return look.not_what_it_was(region, other),
        Err(reason) => return Verdict::Unseen { reason },
    };
    let ours = since_the_plan(look, look.resource, region, seen, recovery_point);
    if let Some(job) = ours.iter().find(|job| matches!(job.status.as_str(), "PENDING" | "RUNNING")) {
        return Verdict::Wait { note: format!("restore job {} is still {}", job.id, job.status) };
    }
    let made = ours.iter().rev().find(|job| {
        job.created_resource_arn.as_deref().and_then(database_of_arn) == Some((database, is_cluster))
    });
    let Some(job) = made else {
        // A list may be behind the call that it does not show yet: what is made after this look would be left standing.
        let accepted = look.undoes.filter(|undoes| !undoes.seen).map_or(0, |undoes| undoes.accepted);
        if u32::try_from(ours.len()).is_ok_and(|listed| listed < accepted) {
            return Verdict::WaitOr {
                note: format!("AWS has accepted the restore of {database}, and lists no job of it yet"),
                way_out: "Look at the vault's restore jobs; where one has made the database, delete it by hand, and skip the step saying so.".into(),
            };
        }
        return Verdict::Reached { note: format!("this run has restored nothing called {database}") };
    };
    match (job.stands.as_deref(), &job.not_told) {
        (_, Some(why)) => Verdict::Unseen { reason: format!("whether {database} stands: {why}") },
        (None, None) => Verdict::Reached { note: format!("{database} is gone") },
        (Some("deleting"), None) => Verdict::Wait { note: format!("{database} is being deleted") },
        (Some(_), None) => Verdict::Act(change.clone()),
    }
}

/// Where the database is reached that this move has restored there.
pub(super) fn endpoint(
    look: &Look<'_>,
    store: &Name,
    region: &RegionCode,
    seen: &VaultFacts,
) -> Result<String, Verdict> {
    let of_a_database = look.plan.steps.iter().filter(|step| step.resource.as_ref() == Some(store)).find_map(
        |step| match step.change()? {
            Change::StartRestoreJob { region: at, resource_arn, recovery_point_arn, .. } if at == region => {
                database_of_arn(resource_arn).map(|_| recovery_point_arn)
            }
            _ => None,
        },
    );
    let ours =
        of_a_database.map(|point| since_the_plan(look, store, region, seen, point)).unwrap_or_default();
    let Some(job) = ours.iter().rev().find(|job| job.status == "COMPLETED") else {
        return Err(Verdict::Wait { note: format!("no database was restored from {store} in {region} yet") });
    };
    match (&job.endpoint, &job.not_told) {
        (Some(endpoint), _) => Ok(endpoint.clone()),
        (None, Some(why)) => {
            Err(Verdict::Unseen { reason: format!("what {store} restored in {region}: {why}") })
        }
        (None, None) => {
            Err(Verdict::Wait { note: format!("what {store} restored in {region} tells no endpoint yet") })
        }
    }
}

fn since_the_plan<'a>(
    look: &Look<'_>,
    store: &Name,
    region: &RegionCode,
    seen: &'a VaultFacts,
    recovery_point: &str,
) -> Vec<&'a RestoreJob> {
    let stood: Vec<&str> = match look.plan.stood(store, region) {
        Some(Facts::BackupVault(stood)) => stood.restores.iter().map(|job| job.id.as_str()).collect(),
        _ => Vec::new(),
    };
    seen.restores
        .iter()
        .filter(|job| job.recovery_point_arn == recovery_point && !stood.contains(&job.id.as_str()))
        .collect()
}
