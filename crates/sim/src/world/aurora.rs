//! Aurora Global Databases: members, who writes, and the two ways to move the writer.
//!
//! A switchover loses nothing and needs both Regions; a failover accepts loss and needs the target only,
//! after which the old members are resynchronised once they can be reached.

use super::lag::{Condition, Lag};
use serde::{Deserialize, Serialize};

/// From the call until the move shows as under way.
pub const PENDING_MS: i64 = 500;
/// A whole switchover.
pub const SWITCHOVER_MS: i64 = 4_000;
/// A whole failover.
pub const FAILOVER_MS: i64 = 3_000;
/// Rolling a switchover back that lost one of its Regions.
pub const CANCEL_MS: i64 = 1_000;
/// Bringing an old writer back into the global database.
pub const RESYNC_MS: i64 = 8_000;

/// A global database.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GlobalCluster {
    /// Owner.
    pub account: String,
    /// `GlobalClusterIdentifier`.
    pub id: String,
    /// `GlobalClusterResourceId`.
    pub resource_id: String,
    /// E.g. `aurora-postgresql`.
    pub engine: String,
    /// E.g. `16.6`.
    pub engine_version: String,
    /// One cluster per Region; exactly one writes.
    pub members: Vec<Member>,
    /// A move under way.
    pub moving: Option<Move>,
    /// Finished moves, oldest first.
    pub history: Vec<Moved>,
}

/// One Region's cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Member {
    /// Its Region.
    pub region: String,
    /// `DBClusterIdentifier`.
    pub cluster: String,
    /// Takes writes.
    pub writer: bool,
    /// Whether it follows the writer.
    pub sync: Sync,
    /// DB instances; without one the member holds data and cannot be promoted.
    pub instances: Vec<Instance>,
    /// Its lag behind the writer.
    pub lag: Lag,
}

/// A DB instance of a member.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Instance {
    /// `DBInstanceIdentifier`.
    pub id: String,
    /// E.g. `db.r7g.large`.
    pub class: String,
}

/// A member's synchronisation with the writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sync {
    /// Follows.
    Connected,
    /// Has to be brought back; `since_ms` once both ends can be reached.
    PendingResync {
        /// When copying began.
        since_ms: Option<i64>,
    },
}

/// Which of the two operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MoveKind {
    /// Nothing lost.
    Switchover,
    /// Loss accepted.
    Failover,
}

/// A move under way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Move {
    /// Which operation.
    pub kind: MoveKind,
    /// The writer when it began.
    pub from_region: String,
    /// The writer to be.
    pub to_region: String,
    /// When it was asked for.
    pub began_ms: i64,
    /// When it will be over.
    pub ends_ms: i64,
    /// It is being rolled back.
    pub cancelling: bool,
    /// What is not on the target, in milliseconds of writes.
    pub lost_ms: f64,
}

impl Move {
    /// `FailoverState.Status` at an instant.
    pub fn status(&self, now_ms: i64) -> &'static str {
        if self.cancelling {
            "cancelling"
        } else if now_ms < self.began_ms + PENDING_MS {
            "pending"
        } else {
            match self.kind {
                MoveKind::Switchover => "switching-over",
                MoveKind::Failover => "failing-over",
            }
        }
    }
}

/// A finished move, for whoever checks afterwards what was really lost.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Moved {
    /// Which operation.
    pub kind: MoveKind,
    /// From where.
    pub from_region: String,
    /// To where.
    pub to_region: String,
    /// Virtual time of its end, milliseconds since the epoch.
    pub ended_ms: i64,
    /// It was rolled back instead.
    pub cancelled: bool,
    /// Writes lost, in milliseconds of writing.
    pub lost_ms: f64,
}

impl GlobalCluster {
    /// The member that takes writes.
    pub fn writer(&self) -> Option<&Member> {
        self.members.iter().find(|m| m.writer)
    }

    /// The member of a Region.
    pub fn member(&self, region: &str) -> Option<&Member> {
        self.members.iter().find(|m| m.region == region)
    }

    /// The ARN of a member's cluster.
    pub fn cluster_arn(&self, member: &Member) -> String {
        format!("arn:aws:rds:{}:{}:cluster:{}", member.region, self.account, member.cluster)
    }

    /// The ARN of the global database.
    pub fn arn(&self) -> String {
        format!("arn:aws:rds::{}:global-cluster:{}", self.account, self.id)
    }

    /// Whether a switchover is held up by what `reachable` says about pairs of Regions.
    pub(super) fn cancel_if_cut(&mut self, now_ms: i64, reachable: &dyn Fn(&str, &str) -> bool) -> bool {
        let Some(moving) = self.moving.as_mut() else { return false };
        let cut = !reachable(&moving.from_region, &moving.to_region);
        if moving.kind != MoveKind::Switchover || moving.cancelling || !cut || now_ms >= moving.ends_ms {
            return false;
        }
        moving.cancelling = true;
        moving.ends_ms = now_ms + CANCEL_MS;
        true
    }

    /// Ends a move that is over by now, and says when it ended.
    pub(super) fn finish(&mut self, now_ms: i64, reachable: &dyn Fn(&str, &str) -> bool) -> Option<i64> {
        let moving = self.moving.take_if(|m| m.ends_ms <= now_ms)?;
        if !moving.cancelling {
            for member in &mut self.members {
                member.writer = member.region == moving.to_region;
                if member.writer {
                    member.sync = Sync::Connected;
                } else if moving.kind == MoveKind::Failover {
                    let back = reachable(&moving.to_region, &member.region);
                    member.sync = Sync::PendingResync { since_ms: back.then_some(moving.ends_ms) };
                }
            }
        }
        self.history.push(Moved {
            kind: moving.kind,
            from_region: moving.from_region,
            to_region: moving.to_region,
            ended_ms: moving.ends_ms,
            cancelled: moving.cancelling,
            lost_ms: if moving.cancelling { 0.0 } else { moving.lost_ms },
        });
        Some(moving.ends_ms)
    }

    /// Moves members along that wait to be resynchronised.
    pub(super) fn resync(&mut self, now_ms: i64, reachable: &dyn Fn(&str, &str) -> bool) -> bool {
        let Some(writer) = self.writer().map(|w| w.region.clone()) else { return false };
        let mut changed = false;
        for member in &mut self.members {
            let Sync::PendingResync { since_ms } = member.sync else { continue };
            let next = match (reachable(&writer, &member.region), since_ms) {
                (false, _) => Sync::PendingResync { since_ms: None },
                (true, None) => Sync::PendingResync { since_ms: Some(now_ms) },
                (true, Some(since)) if now_ms >= since + RESYNC_MS => Sync::Connected,
                (true, Some(since)) => Sync::PendingResync { since_ms: Some(since) },
            };
            changed |= next != member.sync;
            member.sync = next;
        }
        changed
    }

    /// Writes down what each member's replication does from `at_ms` on.
    pub(super) fn set_lags(
        &mut self,
        at_ms: i64,
        reachable: &dyn Fn(&str, &str) -> bool,
        base_ms: &dyn Fn(&str, &str) -> f64,
    ) {
        let Some(writer) = self.writer().map(|w| w.region.clone()) else { return };
        for member in &mut self.members {
            let condition = if member.writer || member.sync != Sync::Connected {
                Condition::Absent
            } else if reachable(&writer, &member.region) {
                Condition::Flowing
            } else {
                Condition::Stopped
            };
            member.lag.set(at_ms, condition, base_ms(&writer, &member.region));
        }
    }
}
