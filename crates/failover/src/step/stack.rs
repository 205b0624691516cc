//! Building the recovery Region's stack: followed until CloudFormation says that it is complete. Anything that was
//! rolled back is for a person: without one, a second try would fail in the same way.

use super::Verdict;
use super::check::Look;
use crate::change::{Change, StackBuild};
use holdfast_domain::facts::StackFacts;
use holdfast_domain::{Facts, RegionCode};

/// What a status of a stack means for whoever waits for it.
enum Standing {
    Complete,
    UnderWay,
    /// It will not become complete by itself.
    Failed,
}

fn standing(status: &str) -> Standing {
    if matches!(status, "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "IMPORT_COMPLETE") {
        Standing::Complete
    } else if status.contains("ROLLBACK") || status.contains("DELETE") || status.ends_with("_FAILED") {
        Standing::Failed
    // New resources stand while what they replace is removed, and that may fail without harm.
    } else if status.ends_with("_IN_PROGRESS") {
        Standing::UnderWay
    } else {
        Standing::Failed
    }
}

pub(super) fn create(look: &Look<'_>, change: &Change, region: &RegionCode, build: &StackBuild) -> Verdict {
    match stack(look, region) {
        Ok(None) => Verdict::Act(change.clone()),
        Ok(Some(stack)) => stands(region, build, stack),
        Err(verdict) => verdict,
    }
}

pub(super) fn update(look: &Look<'_>, change: &Change, region: &RegionCode, build: &StackBuild) -> Verdict {
    let stack = match stack(look, region) {
        Ok(Some(stack)) => stack,
        Ok(None) => {
            return Verdict::Drift {
                expected: format!("stack {} is in {region}", build.stack),
                found: "there is none of that name any more".into(),
            };
        }
        Err(verdict) => return verdict,
    };
    let stood = match look.plan.stood(look.resource, region) {
        Some(Facts::Stack { stack: Some(stood) }) => stood.changed_at,
        _ => None,
    };
    match standing(&stack.status) {
        Standing::Complete if stack.changed_at == stood => Verdict::Act(change.clone()),
        // A rolled back update leaves the stack as it was, ready to be updated: from how it stood, or once a person
        // has mended what stopped our own.
        Standing::Failed
            if stack.status == "UPDATE_ROLLBACK_COMPLETE"
                && (stack.changed_at == stood || look.retries > 0) =>
        {
            Verdict::Act(change.clone())
        }
        _ => stands(region, build, stack),
    }
}

fn stack<'a>(look: &'a Look<'_>, region: &RegionCode) -> Result<Option<&'a StackFacts>, Verdict> {
    match look.at(region) {
        Ok(Facts::Stack { stack }) => Ok(stack.as_ref()),
        Ok(other) => Err(look.not_what_it_was(region, other)),
        Err(reason) => Err(Verdict::Unseen { reason }),
    }
}

fn stands(region: &RegionCode, build: &StackBuild, stack: &StackFacts) -> Verdict {
    let (name, status) = (&build.stack, &stack.status);
    match standing(status) {
        Standing::Complete => Verdict::Reached { note: format!("stack {name} is {status}") },
        Standing::UnderWay => Verdict::Wait { note: format!("stack {name} is {status}") },
        Standing::Failed => {
            let why = stack.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
            Verdict::Stuck {
                reason: format!("stack {name} in {region} is {status}{why}"),
                way_out: "Read the stack's events and mend what they name (quota, permission of the stack's role). A stack whose creation failed must be deleted first, and a rollback that failed continued to its end. Then retry, or skip with a reason; other parameters need a new request.".into(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_of_a_stack_is_there_on_its_way_or_for_a_person() {
        for (status, word) in [
            ("CREATE_COMPLETE", "there"),
            ("UPDATE_COMPLETE", "there"),
            ("REVIEW_IN_PROGRESS", "on its way"),
            ("CREATE_IN_PROGRESS", "on its way"),
            ("UPDATE_IN_PROGRESS", "on its way"),
            ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "on its way"),
            ("CREATE_FAILED", "for a person"),
            ("ROLLBACK_IN_PROGRESS", "for a person"),
            ("ROLLBACK_COMPLETE", "for a person"),
            ("UPDATE_ROLLBACK_IN_PROGRESS", "for a person"),
            ("UPDATE_ROLLBACK_COMPLETE", "for a person"),
            ("UPDATE_ROLLBACK_FAILED", "for a person"),
            ("DELETE_IN_PROGRESS", "for a person"),
            ("something new", "for a person"),
        ] {
            let found = match standing(status) {
                Standing::Complete => "there",
                Standing::UnderWay => "on its way",
                Standing::Failed => "for a person",
            };
            assert_eq!(found, word, "{status}");
        }
    }
}
