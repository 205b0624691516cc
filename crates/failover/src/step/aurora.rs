//! Moving the writer of an Aurora global database.

use super::Verdict;
use super::check::Look;
use crate::change::Change;
use holdfast_domain::facts::AuroraMember;
use holdfast_domain::{Facts, RegionCode};

/// The members as they could be seen, and what could not.
struct Members<'a> {
    seen: Vec<(&'a RegionCode, &'a AuroraMember)>,
    unseen: Vec<(&'a RegionCode, String)>,
}

fn members<'a>(look: &'a Look<'_>, regions: &'a [RegionCode]) -> Result<Members<'a>, Verdict> {
    let mut members = Members { seen: Vec::new(), unseen: Vec::new() };
    for region in regions {
        match look.at(region) {
            Ok(Facts::AuroraMember(member)) => members.seen.push((region, member)),
            Ok(other) => return Err(look.not_what_it_was(region, other)),
            Err(reason) => members.unseen.push((region, reason)),
        }
    }
    Ok(members)
}

impl<'a> Members<'a> {
    fn target(&self, arn: &str) -> Option<(&'a RegionCode, &'a AuroraMember)> {
        self.seen.iter().find(|(_, m)| m.cluster_arn == arn).copied()
    }

    fn writer(&self) -> Option<(&'a RegionCode, &'a AuroraMember)> {
        self.seen.iter().find(|(_, m)| m.writer).copied()
    }

    fn moving(&self) -> Option<&'a str> {
        self.seen.iter().find_map(|(_, m)| m.failover_status.as_deref())
    }

    /// Reached, or on its way there; `None` when nothing moves and the target does not write.
    fn there(&self, arn: &str) -> Option<Verdict> {
        if let Some(status) = self.moving() {
            return Some(Verdict::Wait { note: format!("the global database is {status}") });
        }
        let (region, target) = self.target(arn)?;
        if !target.writer {
            return None;
        }
        if let Some((other, _)) = self.seen.iter().find(|(r, m)| m.writer && *r != region) {
            return Some(Verdict::Wait { note: format!("{region} and {other} both show as writer") });
        }
        if target.global_status != "available" {
            return Some(Verdict::Wait { note: format!("the global database is {}", target.global_status) });
        }
        match target.cluster_status.as_deref() {
            None | Some("available") => Some(Verdict::Reached { note: format!("the writer is in {region}") }),
            Some(status) => Some(Verdict::Wait { note: format!("the cluster in {region} is {status}") }),
        }
    }
}

fn gone(look: &Look<'_>, arn: &str, members: &Members<'_>) -> Verdict {
    if members.unseen.is_empty() {
        Verdict::Drift {
            expected: format!("{} has the member {arn}", look.resource),
            found: "it has no such member any more".into(),
        }
    } else {
        let reasons: Vec<_> = members.unseen.iter().map(|(_, reason)| reason.as_str()).collect();
        Verdict::Unseen { reason: reasons.join("; ") }
    }
}

fn another_writes(look: &Look<'_>, expected: &RegionCode, found: &RegionCode) -> Verdict {
    Verdict::Drift {
        expected: format!("the writer of {} is in {expected}", look.resource),
        found: format!("it is in {found}"),
    }
}

/// Planned: needs both Regions seen, the old writer where it was, and a connected target.
pub(super) fn switch(
    look: &Look<'_>,
    change: &Change,
    old: &RegionCode,
    target_arn: &str,
    regions: &[RegionCode],
) -> Verdict {
    let members = match members(look, regions) {
        Ok(members) => members,
        Err(verdict) => return verdict,
    };
    if let Some(verdict) = members.there(target_arn) {
        return verdict;
    }
    let Some((target_region, target)) = members.target(target_arn) else {
        return gone(look, target_arn, &members);
    };
    match members.writer() {
        Some((region, _)) if region == old => {}
        Some((region, _)) => return another_writes(look, old, region),
        None => match members.unseen.first() {
            Some((_, reason)) => return Verdict::Unseen { reason: reason.clone() },
            None => return Verdict::Wait { note: format!("{} shows no writer", look.resource) },
        },
    }
    if target.global_status != "available" {
        return Verdict::Wait { note: format!("the global database is {}", target.global_status) };
    }
    match target.synchronization.as_deref() {
        Some("connected") => Verdict::Act(change.clone()),
        Some(other) => {
            Verdict::Wait { note: format!("the copy in {target_region} is {other}, not connected") }
        }
        None => Verdict::Unseen {
            reason: format!("whether the copy in {target_region} is connected is not known"),
        },
    }
}

/// Emergency: needs the target seen, and nothing of the Region being left.
pub(super) fn fail(
    look: &Look<'_>,
    change: &Change,
    region: &RegionCode,
    target_arn: &str,
    regions: &[RegionCode],
) -> Verdict {
    let members = match members(look, regions) {
        Ok(members) => members,
        Err(verdict) => return verdict,
    };
    if let Some(verdict) = members.there(target_arn) {
        return verdict;
    }
    if members.target(target_arn).is_none() {
        return gone(look, target_arn, &members);
    }
    let was_writer = |at: &RegionCode| matches!(look.stood(at), Some(Facts::AuroraMember(m)) if m.writer);
    match members.writer() {
        // Who wrote when the plan was made may still write; anybody else is somebody's doing.
        Some((writer, _)) if was_writer(writer) || look.may_be_dark(writer) => Verdict::Act(change.clone()),
        Some((writer, _)) => {
            let expected = regions.iter().find(|r| was_writer(r)).unwrap_or(region);
            another_writes(look, expected, writer)
        }
        None => Verdict::Act(change.clone()),
    }
}
