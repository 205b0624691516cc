//! Promoting a read replica, and building one again. A promotion is one way: what was promoted never copies again,
//! and what it copied from goes on taking writes.

use super::Verdict;
use super::check::Look;
use crate::change::Change;
use holdfast_domain::facts::ReplicaMember;
use holdfast_domain::{Facts, RegionCode};

fn member<'a>(look: &'a Look<'_>, region: &RegionCode) -> Result<&'a ReplicaMember, Verdict> {
    match look.at(region) {
        Ok(Facts::ReplicaMember(member)) => Ok(member),
        Ok(other) => Err(look.not_what_it_was(region, other)),
        Err(reason) => Err(Verdict::Unseen { reason }),
    }
}

/// Needs the replica's own Region and nothing of the one being left, planned or not.
pub(super) fn promote(look: &Look<'_>, change: &Change, region: &RegionCode, id: &str) -> Verdict {
    let member = match member(look, region) {
        Ok(member) => member,
        Err(verdict) => return verdict,
    };
    if member.id != id {
        return Verdict::Drift {
            expected: format!("{} in {region} is {id}", look.resource),
            found: format!("it is {}", member.id),
        };
    }
    let Some(source) = &member.source else {
        return match member.status.as_str() {
            "available" | "backing-up" => {
                Verdict::Reached { note: format!("{id} in {region} takes writes of its own") }
            }
            status => Verdict::Wait { note: format!("{id} no longer copies and is {status}") },
        };
    };
    if let Some(Facts::ReplicaMember(stood)) = look.stood(region)
        && stood.source.as_ref().is_some_and(|s| s != source)
    {
        return Verdict::Drift {
            expected: format!("{id} copies from {}", stood.source.as_deref().unwrap_or("nothing")),
            found: format!("it copies from {source}"),
        };
    }
    match member.status.as_str() {
        "available" => {}
        // AWS refuses it until the backup is done.
        "backing-up" => return Verdict::Wait { note: format!("{id} is backed up, which must end first") },
        status => return Verdict::Wait { note: format!("{id} is {status}") },
    }
    match member.replication.as_deref() {
        // In an emergency replication is broken exactly because the source is gone.
        _ if look.leaving_may_be_dark => Verdict::Act(change.clone()),
        None | Some("replicating") => Verdict::Act(change.clone()),
        Some(state) => Verdict::Wait { note: format!("replication to {id} is {state}") },
    }
}

/// Reached when the new replica copies from the right source.
pub(super) fn create(
    look: &Look<'_>,
    change: &Change,
    region: &RegionCode,
    id: &str,
    source_arn: &str,
) -> Verdict {
    match built(look, change, region, id, source_arn) {
        Ok(member) => caught_up(member, region),
        Err(verdict) => verdict,
    }
}

/// Reached when the new cluster stands and has the right source; it copies once it has an instance.
pub(super) fn create_cluster(
    look: &Look<'_>,
    change: &Change,
    region: &RegionCode,
    id: &str,
    source_arn: &str,
) -> Verdict {
    match built(look, change, region, id, source_arn) {
        Ok(_) => Verdict::Reached { note: format!("cluster {id} in {region} is a replica of {source_arn}") },
        Err(verdict) => verdict,
    }
}

/// Reached when the cluster copies, by this instance or by another that it has by then.
pub(super) fn create_instance(
    look: &Look<'_>,
    change: &Change,
    region: &RegionCode,
    cluster: &str,
    instance: &str,
) -> Verdict {
    let member = match member(look, region) {
        Ok(member) => member,
        Err(verdict) => return verdict,
    };
    if member.id != cluster || member.source.is_none() {
        return Verdict::Drift {
            expected: format!("{} in {region} is {cluster}, which copies", look.resource),
            found: match &member.source {
                Some(_) => format!("it is {}", member.id),
                None => format!("it is {}, which takes writes of its own", member.id),
            },
        };
    }
    if member.has_an_instance() {
        return caught_up(member, region);
    }
    if let Some(made) = member.instances.iter().find(|made| made.id == instance) {
        return not_to_be(&made.id, region, &made.status)
            .unwrap_or_else(|| Verdict::Wait { note: format!("{instance} is {}", made.status) });
    }
    if !member.serves() {
        return Verdict::Wait { note: format!("{cluster} is {}", member.status) };
    }
    Verdict::Act(change.clone())
}

/// What was built under this name, once it can be used; else what is to be done or waited for first.
fn built<'a>(
    look: &'a Look<'_>,
    change: &Change,
    region: &RegionCode,
    id: &str,
    source_arn: &str,
) -> Result<&'a ReplicaMember, Verdict> {
    let member = member(look, region)?;
    if member.id != id {
        return Err(match &member.next_id {
            Some(next) if next == id => Verdict::Act(change.clone()),
            _ => Verdict::Drift {
                expected: format!("the name {id} is free in {region}"),
                found: format!("{} in {region} is {} by now", look.resource, member.id),
            },
        });
    }
    match &member.source {
        Some(source) if source == source_arn => {}
        Some(source) => {
            return Err(Verdict::Drift {
                expected: format!("{id} copies from {source_arn}"),
                found: format!("it copies from {source}"),
            });
        }
        None if member.status == "creating" => {
            return Err(Verdict::Wait { note: format!("{id} is being created") });
        }
        None => {
            return Err(Verdict::Drift {
                expected: format!("{id} copies from {source_arn}"),
                found: "it takes writes of its own".into(),
            });
        }
    }
    if let Some(verdict) = not_to_be(id, region, &member.status) {
        return Err(verdict);
    }
    if !member.serves() {
        return Err(Verdict::Wait { note: format!("{id} is {}", member.status) });
    }
    Ok(member)
}

/// A state that nothing but a person leads out of.
fn not_to_be(id: &str, region: &RegionCode, status: &str) -> Option<Verdict> {
    let lost = status.starts_with("incompatible-") || status == "failed";
    lost.then(|| Verdict::Stuck {
        reason: format!("{id} in {region} is {status}"),
        way_out: "Read its events in RDS; delete it, mend what stopped it (parameter group, subnet group, key), and retry the step."
            .into(),
    })
}

fn caught_up(member: &ReplicaMember, region: &RegionCode) -> Verdict {
    let id = &member.id;
    match (member.replication.as_deref(), &member.lag) {
        (Some("replicating") | None, Some(lag)) => Verdict::Reached {
            note: format!("{id} in {region} copies and is {:.0} s behind", lag.milliseconds / 1000.0),
        },
        (Some("replicating") | None, None) => {
            Verdict::Wait { note: format!("{id} copies; how far it is behind was not measured yet") }
        }
        (Some(state), _) => Verdict::Wait { note: format!("replication to {id} is {state}") },
    }
}
