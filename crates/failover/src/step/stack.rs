//! Building the recovery Region's stack: followed until CloudFormation says that it is complete. Anything that was
//! rolled back is for a person: without one, a second try would fail in the same way.

use super::Verdict;
use super::check::Look;
use crate::change::{Change, StackBuild};
use holdfast_domain::facts::{StackFacts, StackStanding};
use holdfast_domain::{Facts, RegionCode};

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
    let stood = match look.stood(region) {
        Some(Facts::Stack { stack: Some(stood) }) => stood.changed_at,
        _ => None,
    };
    match stack.standing() {
        StackStanding::Complete | StackStanding::NotUpdated if stack.changed_at == stood => {
            Verdict::Act(change.clone())
        }
        // Once a person has mended what stopped our own.
        StackStanding::NotUpdated if look.retries > 0 => Verdict::Act(change.clone()),
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
    match stack.standing() {
        StackStanding::Complete => Verdict::Reached { note: format!("stack {name} is {status}") },
        StackStanding::UnderWay => Verdict::Wait { note: format!("stack {name} is {status}") },
        StackStanding::NotUpdated | StackStanding::Failed => {
            let why = stack.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
            Verdict::Stuck {
                reason: format!("stack {name} in {region} is {status}{why}"),
                way_out: "Read the stack's events and mend what they name (quota, permission of the stack's role). A stack whose creation failed must be deleted first, and a rollback that failed continued to its end. Then retry, or skip with a reason; other parameters need a new request.".into(),
            }
        }
    }
}
