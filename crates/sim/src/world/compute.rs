//! ECS services: a desired count, and tasks that take their time to start. No task is ever placed; a
//! service has as many as its count says.

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
        let elapsed = (now_ms - self.changed_ms).max(0);
        let moved = |step_ms: i64| u32::try_from(elapsed / step_ms).unwrap_or(u32::MAX);
        if self.desired >= self.ran {
            self.ran.saturating_add(moved(START_MS)).min(self.desired)
        } else {
            self.ran.saturating_sub(moved(STOP_MS)).max(self.desired)
        }
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
        self.ran = self.running(now_ms);
        self.desired = desired;
        self.changed_ms = now_ms;
        true
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
        };
        assert!(service.scale(6, 10_000));
        assert!(!service.scale(6, 10_001));
        assert_eq!(service.running(10_000), 2);
        assert_eq!(service.running(10_000 + 2 * START_MS), 4);
        assert_eq!(service.running(60_000), 6);
        assert!(service.steady(60_000));
    }
}
