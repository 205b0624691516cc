//! The guards of moving an Aurora writer: what RDS refuses, and with which code.

use super::World;
use super::aurora::{FAILOVER_MS, Member, Move, MoveKind, SWITCHOVER_MS, Sync};
use crate::refusal::Refusal;

/// A request to move a writer.
#[derive(Debug, Clone, Copy)]
pub struct MoveRequest<'a> {
    /// The caller's account.
    pub account: &'a str,
    /// The Region that the call went to.
    pub region: &'a str,
    /// `GlobalClusterIdentifier`.
    pub global_cluster: &'a str,
    /// `TargetDbClusterIdentifier`: an ARN.
    pub target: &'a str,
    /// Which operation.
    pub kind: MoveKind,
}

impl World {
    /// Begins a switchover or a failover, or refuses it.
    pub fn begin_move(&mut self, request: MoveRequest<'_>, now_ms: i64) -> Result<usize, Refusal> {
        let MoveRequest { account, region, global_cluster: id, target, kind } = request;
        let index = self
            .global_clusters
            .iter()
            .position(|g| g.account == account && g.id == id && g.member(region).is_some())
            .ok_or_else(|| {
                Refusal::new(
                    "GlobalClusterNotFoundFault",
                    format!("Global cluster {id} was not found in {region}."),
                )
                .with_status(404)
            })?;
        let found = self.global_clusters.get(index).and_then(|global| {
            let to = global.members.iter().find(|m| global.cluster_arn(m) == target)?;
            Some((global, to, global.writer()?))
        });
        let Some((global, to, from)) = found else {
            return Err(Refusal::new(
                "DBClusterNotFoundFault",
                format!("DB cluster {target} is not a member of global cluster {id}."),
            )
            .with_status(404));
        };
        if let Some(moving) = &global.moving {
            return Err(Refusal::new(
                "InvalidGlobalClusterStateFault",
                format!("Global cluster {id} is {}; wait until it is available.", moving.status(now_ms)),
            ));
        }
        if to.writer {
            return Err(cluster_state(format!("DB cluster {target} is already the primary of {id}.")));
        }
        if to.instances.is_empty() {
            return Err(cluster_state(format!(
                "DB cluster {target} has no DB instance that could become the writer."
            )));
        }
        match kind {
            MoveKind::Switchover => self.may_switch_over(region, id, from, to)?,
            MoveKind::Failover if region != to.region => {
                return Err(cluster_state(format!("A failover of {id} must be requested in {}.", to.region)));
            }
            MoveKind::Failover => {}
        }
        let lasts_ms = match kind {
            MoveKind::Switchover => SWITCHOVER_MS,
            MoveKind::Failover => FAILOVER_MS,
        };
        let lost_ms = match kind {
            MoveKind::Switchover => 0.0,
            MoveKind::Failover => to.lag.at(now_ms).unwrap_or(0.0),
        };
        let moving = Move {
            kind,
            from_region: from.region.clone(),
            to_region: to.region.clone(),
            began_ms: now_ms,
            ends_ms: now_ms + lasts_ms,
            cancelling: false,
            lost_ms,
        };
        if let Some(global) = self.global_clusters.get_mut(index) {
            global.moving = Some(moving);
        }
        Ok(index)
    }

    fn may_switch_over(&self, region: &str, id: &str, from: &Member, to: &Member) -> Result<(), Refusal> {
        if region != from.region {
            return Err(cluster_state(format!(
                "A switchover of {id} must be requested in the Region of its primary, {}.",
                from.region
            )));
        }
        if to.sync != Sync::Connected || !self.reachable(&from.region, &to.region) {
            return Err(Refusal::new(
                "InvalidGlobalClusterStateFault",
                format!(
                    "DB cluster {} in {} is not synchronized with the primary of {id}.",
                    to.cluster, to.region
                ),
            ));
        }
        Ok(())
    }
}

fn cluster_state(message: String) -> Refusal {
    Refusal::new("InvalidDBClusterStateFault", message)
}
