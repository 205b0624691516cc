//! ECS services: a desired count, and tasks that take their time to start. No task is ever placed; a
//! service has as many as its count says, unless its Region is short of capacity.

use serde::{Deserialize, Serialize};

/// From desired to running, one task after the other.
pub const START_MS: i64 = 700;
/// From running to gone.
pub const STOP_MS: i64 = 200;

/// An ECS service.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EcsService {
    /// Owner.
    pub account: String,
    /// Its Region.
    pub region: String,
    /// The cluster's name.
    pub cluster: String,
    /// The service's name.
    pub name: String,
    /// `family:revision`.
    pub task_definition: String,
    /// `desiredCount`.
    pub desired: u32,
    /// How many ran when the count was last changed.
    pub ran: u32,
    /// When the count was last changed: virtual milliseconds since the epoch.
    pub changed_ms: i64,
    /// Grows with each deployment.
    pub deployment: u64,
    /// Whether its Region has no capacity for more tasks.
    #[serde(default)]
    pub starved: bool,
    /// As its task definition names them.
    #[serde(default)]
    pub images: Vec<String>,
    /// What Application Auto Scaling keeps the count within, if anything.
    #[serde(default)]
    pub scaling: Option<Scaling>,
}

/// A scalable target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scaling {
    /// `MinCapacity`.
    pub min: u32,
    /// `MaxCapacity`.
    pub max: u32,
    /// `SuspendedState.DynamicScalingInSuspended`.
    pub scale_in_suspended: bool,
}

/// How a number has followed another for some time, one by one, up in `start_ms` and down in `stop_ms` each.
pub(super) fn following(from: u32, to: u32, elapsed_ms: i64, (start_ms, stop_ms): (i64, i64)) -> u32 {
    let moved = |step_ms: i64| u32::try_from(elapsed_ms.max(0) / step_ms).unwrap_or(u32::MAX);
    if to >= from {
        from.saturating_add(moved(start_ms)).min(to)
    } else {
        from.saturating_sub(moved(stop_ms)).max(to)
    }
}

impl EcsService {
    /// The service's ARN.
    pub fn arn(&self) -> String {
        format!("arn:aws:ecs:{}:{}:service/{}/{}", self.region, self.account, self.cluster, self.name)
    }

    /// The cluster's ARN.
    pub fn cluster_arn(&self) -> String {
        format!("arn:aws:ecs:{}:{}:cluster/{}", self.region, self.account, self.cluster)
    }

    /// Tasks running at an instant.
    pub fn running(&self, now_ms: i64) -> u32 {
        let wanted = if self.starved { self.desired.min(self.ran) } else { self.desired };
        following(self.ran, wanted, now_ms - self.changed_ms, (START_MS, STOP_MS))
    }

    /// The ARN of its task definition.
    pub fn task_definition_arn(&self) -> String {
        format!("arn:aws:ecs:{}:{}:task-definition/{}", self.region, self.account, self.task_definition)
    }

    /// Whether the last change has been carried out.
    pub fn steady(&self, now_ms: i64) -> bool {
        self.running(now_ms) == self.desired
    }

    /// Sets the count; `false` when it was that already.
    pub fn scale(&mut self, desired: u32, now_ms: i64) -> bool {
        if desired == self.desired {
            return false;
        }
        self.stand(now_ms);
        self.desired = desired;
        true
    }

    /// From here on another rule holds: what runs now is where it starts from.
    pub(super) fn stand(&mut self, now_ms: i64) {
        self.ran = self.running(now_ms);
        self.changed_ms = now_ms;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_start_one_after_the_other() {
        let mut service = EcsService {
            account: "1".into(),
            region: "r".into(),
            cluster: "c".into(),
            name: "s".into(),
            task_definition: "s:1".into(),
            desired: 2,
            ran: 2,
            changed_ms: 0,
            deployment: 1,
            starved: false,
            images: Vec::new(),
            scaling: None,
        };
        assert!(service.scale(6, 10_000));
        assert!(!service.scale(6, 10_001));
        assert_eq!(service.running(10_000), 2);
        assert_eq!(service.running(10_000 + 2 * START_MS), 4);
        assert_eq!(service.running(60_000), 6);
        assert!(service.steady(60_000));
    }
}
