//! Moving the primary of an ElastiCache Global Datastore. The same call serves both modes, and neither is lossless:
//! what was not copied when it is made is gone.

use super::Verdict;
use super::check::Look;
use crate::change::Change;
use holdfast_domain::facts::DatastoreMember;
use holdfast_domain::{Facts, RegionCode};

pub(super) fn fail_over(
    look: &Look<'_>,
    change: &Change,
    to: &RegionCode,
    group: &str,
    regions: &[RegionCode],
) -> Verdict {
    let target = match look.at(to) {
        Ok(Facts::DatastoreMember(member)) => member,
        Ok(other) => return look.not_what_it_was(to, other),
        Err(reason) => return Verdict::Unseen { reason },
    };
    if target.replication_group != group {
        return Verdict::Drift {
            expected: format!("{} in {to} is {group}", look.resource),
            found: format!("it is {}", target.replication_group),
        };
    }
    if target.global_status != "available" {
        return match target.global_status.as_str() {
            "primary-only" => Verdict::Stuck {
                reason: format!("{} has its primary only and nothing to fail over to", look.resource),
                way_out: "Add a secondary in the target's Region, then retry; where none can be had, skip with a reason.".into(),
            },
            status => Verdict::Wait { note: format!("the global datastore is {status}") },
        };
    }
    if target.primary {
        return Verdict::Reached { note: format!("the primary is in {to}") };
    }
    let stood_primary =
        |at: &RegionCode| matches!(look.stood(at), Some(Facts::DatastoreMember(m)) if m.primary);
    let primary = regions.iter().find(|r| matches!(look.at(r), Ok(Facts::DatastoreMember(m)) if m.primary));
    if let Some(primary) = primary
        && !stood_primary(primary)
        && !look.may_be_dark(primary)
    {
        let expected = regions.iter().find(|r| stood_primary(r)).unwrap_or(to);
        return Verdict::Drift {
            expected: format!("the primary of {} is in {expected}", look.resource),
            found: format!("it is in {primary}"),
        };
    }
    follows(look, change, to, target)
}

fn follows(look: &Look<'_>, change: &Change, to: &RegionCode, target: &DatastoreMember) -> Verdict {
    match target.status.as_deref() {
        Some("associated") => Verdict::Act(change.clone()),
        _ if look.leaving_may_be_dark => Verdict::Act(change.clone()),
        Some(status) => Verdict::Wait { note: format!("the copy in {to} is {status}, not associated") },
        None => Verdict::Unseen { reason: format!("whether the copy in {to} is associated is not known") },
    }
}
