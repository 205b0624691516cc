//! ElastiCache Global Datastores: one primary, secondaries that follow, and a failover that swaps them.

use super::Lines;
use crate::refusal::Refusal;
use crate::world::World;
use crate::world::lag::{Condition, Lag};
use serde::{Deserialize, Serialize};

/// A whole failover.
pub const FAILOVER_MS: i64 = 3_000;
/// Bringing an old primary back that could not be reached.
pub const ASSOCIATE_MS: i64 = 5_000;

/// A global datastore.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Datastore {
    /// Owner.
    pub account: String,
    /// `GlobalReplicationGroupId`.
    pub id: String,
    /// One replication group per Region; exactly one is primary.
    pub members: Vec<Member>,
    /// A failover under way: to which Region, until when.
    pub moving: Option<(String, i64)>,
    /// Writes lost by the last failover, in milliseconds of writing.
    pub lost_ms: Option<f64>,
}

/// One Region's replication group.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Member {
    /// Its Region.
    pub region: String,
    /// `ReplicationGroupId`.
    pub group: String,
    /// Takes writes.
    pub primary: bool,
    /// Being associated anew: since when both ends can be reached, if they can.
    pub associating: Option<Option<i64>>,
    /// Behind the primary.
    pub lag: Lag,
}

impl Datastore {
    /// The global datastore's ARN.
    pub fn arn(&self) -> String {
        format!("arn:aws:elasticache::{}:globalreplicationgroup:{}", self.account, self.id)
    }

    /// Its status, as AWS words it.
    pub fn status(&self) -> &'static str {
        if self.moving.is_some() {
            "modifying"
        } else if self.members.len() < 2 {
            "primary-only"
        } else {
            "available"
        }
    }

    /// The member that takes writes.
    pub fn primary(&self) -> Option<&Member> {
        self.members.iter().find(|m| m.primary)
    }

    pub(super) fn settle(&mut self, now_ms: i64, lines: &Lines<'_>) -> bool {
        let mut changed = false;
        if let Some((to, ended_ms)) = self.moving.take_if(|(_, ends_ms)| *ends_ms <= now_ms) {
            for member in &mut self.members {
                member.primary = member.region == to;
                // What could not hear of it must be brought in line first.
                let apart = !member.primary && !(lines.reachable)(&to, &member.region);
                member.associating = apart.then_some(None);
            }
            self.set_lags(ended_ms, lines);
            changed = true;
        }
        changed |= self.associate(now_ms, lines);
        self.set_lags(now_ms, lines);
        changed
    }

    fn associate(&mut self, now_ms: i64, lines: &Lines<'_>) -> bool {
        let Some(primary) = self.primary().map(|p| p.region.clone()) else { return false };
        let mut changed = false;
        for member in &mut self.members {
            let Some(since) = member.associating else { continue };
            let next = match (since, (lines.reachable)(&primary, &member.region)) {
                (_, false) => Some(None),
                (None, true) => Some(Some(now_ms)),
                (Some(since), true) if now_ms >= since + ASSOCIATE_MS => None,
                (Some(since), true) => Some(Some(since)),
            };
            changed |= next != member.associating;
            member.associating = next;
        }
        changed
    }

    fn set_lags(&mut self, at_ms: i64, lines: &Lines<'_>) {
        let Some(primary) = self.primary().map(|p| p.region.clone()) else { return };
        for member in &mut self.members {
            let condition = if member.primary || member.associating.is_some() {
                Condition::Absent
            } else if (lines.reachable)(&primary, &member.region) {
                Condition::Flowing
            } else {
                Condition::Stopped
            };
            member.lag.set(at_ms, condition, (lines.base)(&primary, &member.region));
        }
    }
}

impl World {
    /// Begins a failover of a global datastore, or refuses it.
    pub fn fail_datastore_over(
        &mut self,
        (account, region): (&str, &str),
        id: &str,
        (primary_region, group): (&str, &str),
        now_ms: i64,
    ) -> Result<usize, Refusal> {
        let not_found = || {
            Refusal::new(
                "GlobalReplicationGroupNotFoundFault",
                format!("Global replication group {id} does not exist."),
            )
            .with_status(404)
        };
        let at = self
            .stores
            .datastores
            .iter()
            .position(|d| d.account == account && d.id == id && d.members.iter().any(|m| m.region == region))
            .ok_or_else(not_found)?;
        let datastore = self.stores.datastores.get_mut(at).ok_or_else(not_found)?;
        let state = |why: String| Refusal::new("InvalidGlobalReplicationGroupState", why);
        if datastore.status() != "available" {
            return Err(state(format!(
                "Global replication group {id} is {}; it must be available.",
                datastore.status()
            )));
        }
        let Some(target) = datastore.members.iter().find(|m| m.region == primary_region && m.group == group)
        else {
            return Err(Refusal::new(
                "InvalidParameterValue",
                format!("{group} in {primary_region} is no member of {id}."),
            ));
        };
        if target.primary {
            return Err(Refusal::new("InvalidParameterValue", format!("{group} is the primary already.")));
        }
        datastore.lost_ms = Some(target.lag.at(now_ms).unwrap_or(0.0));
        datastore.moving = Some((primary_region.to_owned(), now_ms + FAILOVER_MS));
        Ok(at)
    }
}
