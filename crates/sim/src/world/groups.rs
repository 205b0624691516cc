//! EC2 Auto Scaling groups, the EKS node groups made of them, and the target groups of load balancers. Machines take
//! their time to come into service, and more to be found healthy; in a Region short of capacity they do not come.

use super::compute::{EcsService, following};
use crate::refusal::Refusal;
use serde::{Deserialize, Serialize};

/// From launched to in service, one machine after the other.
pub const LAUNCH_MS: i64 = 800;
/// From in service to gone.
pub const TERMINATE_MS: i64 = 200;
/// From in service to healthy.
pub const HEALTHY_MS: i64 = 600;
/// How long EKS takes to carry a change of a node group out.
pub const UPDATE_MS: i64 = 1_500;

/// All that an Auto Scaling group does by itself.
pub const PROCESSES: [&str; 9] = [
    "AddToLoadBalancer",
    "AlarmNotification",
    "AZRebalance",
    "HealthCheck",
    "InstanceRefresh",
    "Launch",
    "ReplaceUnhealthy",
    "ScheduledActions",
    "Terminate",
];

/// An EC2 Auto Scaling group.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AutoScalingGroup {
    /// Owner.
    pub account: String,
    /// Its Region.
    pub region: String,
    /// Its name.
    pub name: String,
    /// The three sizes.
    pub size: Size,
    /// How many were in service when something last changed.
    pub ran: u32,
    /// When that was: virtual milliseconds since the epoch.
    pub changed_ms: i64,
    /// Suspended processes.
    pub suspended: Vec<String>,
    /// Instances in the warm pool, if it has one.
    pub warm: Option<u32>,
    /// Names of scheduled actions.
    pub schedule: Vec<String>,
    /// Whether its Region has no capacity for more instances.
    pub starved: bool,
}

/// `MinSize`, `MaxSize` and `DesiredCapacity`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// No fewer.
    pub min: u32,
    /// No more.
    pub max: u32,
    /// As many.
    pub desired: u32,
}

impl AutoScalingGroup {
    /// Its ARN; the id in it is not what anybody names it by.
    pub fn arn(&self) -> String {
        let id = super::build::digits_of(&format!("{} {} {}", self.account, self.region, self.name), 12);
        format!(
            "arn:aws:autoscaling:{}:{}:autoScalingGroup:{id}:autoScalingGroupName/{}",
            self.region, self.account, self.name
        )
    }

    /// Whether a process rests.
    pub fn rests(&self, process: &str) -> bool {
        self.suspended.iter().any(|p| p == process)
    }

    /// Instances in service at an instant.
    pub fn in_service(&self, now_ms: i64) -> u32 {
        let held = self.starved || self.rests("Launch");
        let wanted = if held { self.size.desired.min(self.ran) } else { self.size.desired };
        following(self.ran, wanted, now_ms - self.changed_ms, (LAUNCH_MS, TERMINATE_MS))
    }

    /// From here on another rule holds: what is in service now is where it starts from.
    pub(super) fn stand(&mut self, now_ms: i64) {
        self.ran = self.in_service(now_ms);
        self.changed_ms = now_ms;
    }

    /// Sets the sizes; `false` when they were that already.
    pub fn resize(&mut self, size: Size, now_ms: i64) -> bool {
        if size == self.size {
            return false;
        }
        self.stand(now_ms);
        self.size = size;
        true
    }

    /// Suspends or resumes processes; `false` when all rested or ran already.
    pub fn suspend(&mut self, processes: &[&str], suspend: bool, now_ms: i64) -> bool {
        let before = self.suspended.len();
        self.stand(now_ms);
        self.suspended.retain(|p| suspend || !processes.contains(&p.as_str()));
        for process in processes.iter().filter(|_| suspend) {
            if !self.rests(process) {
                self.suspended.push((*process).to_owned());
            }
        }
        self.suspended.len() != before
    }
}

/// An EKS node group. Its machines are an Auto Scaling group's, which has its sizes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NodeGroup {
    /// Owner.
    pub account: String,
    /// Its Region.
    pub region: String,
    /// The cluster's name.
    pub cluster: String,
    /// Its name.
    pub name: String,
    /// The Auto Scaling group that its nodes are in.
    pub group: String,
    /// Accepted changes, oldest first.
    pub updates: Vec<NodeGroupUpdate>,
}

/// An accepted `UpdateNodegroupConfig`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NodeGroupUpdate {
    /// What `DescribeUpdate` asks for it by.
    pub id: String,
    /// The client's, so that the same request is answered the same.
    pub token: String,
    /// What was asked for.
    pub size: Size,
    /// When: virtual milliseconds since the epoch.
    pub began_ms: i64,
}

impl NodeGroupUpdate {
    /// `InProgress` or `Successful`.
    pub fn status(&self, now_ms: i64) -> &'static str {
        if now_ms - self.began_ms < UPDATE_MS { "InProgress" } else { "Successful" }
    }
}

impl NodeGroup {
    /// Its ARN.
    pub fn arn(&self) -> String {
        let id = super::build::digits_of(&format!("{} {} {}", self.account, self.cluster, self.name), 32);
        format!("arn:aws:eks:{}:{}:nodegroup/{}/{}/{id}", self.region, self.account, self.cluster, self.name)
    }

    /// Whether a change is under way.
    pub fn updating(&self, now_ms: i64) -> bool {
        self.updates.last().is_some_and(|u| u.status(now_ms) == "InProgress")
    }
}

/// What a target group's targets are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Behind {
    /// The instances of an Auto Scaling group.
    Group(String),
    /// The tasks of an ECS service.
    Service {
        /// Its cluster.
        cluster: String,
        /// Its name.
        service: String,
    },
}

/// A target group of a load balancer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TargetGroup {
    /// Owner.
    pub account: String,
    /// Its Region.
    pub region: String,
    /// Its name.
    pub name: String,
    /// What is behind it.
    pub behind: Behind,
    /// How many of its targets fail their health checks.
    pub sick: u32,
}

impl TargetGroup {
    /// Its ARN.
    pub fn arn(&self) -> String {
        let id = super::build::digits_of(&format!("{} {} {}", self.account, self.region, self.name), 16);
        format!(
            "arn:aws:elasticloadbalancing:{}:{}:targetgroup/{}/{id}",
            self.region, self.account, self.name
        )
    }
}

impl super::World {
    /// The targets of a target group at an instant: registered, and of those healthy.
    pub fn targets(&self, target_group: &TargetGroup, now_ms: i64) -> (u32, u32) {
        let here =
            |account: &str, region: &str| account == target_group.account && region == target_group.region;
        let running = |at_ms: i64| match &target_group.behind {
            Behind::Group(name) => {
                let group = self.groups.iter().find(|g| here(&g.account, &g.region) && g.name == *name);
                // Not added to the balancer, an instance is no target.
                group.filter(|g| !g.rests("AddToLoadBalancer")).map_or(0, |g| g.in_service(at_ms))
            }
            Behind::Service { cluster, service } => {
                let is = |s: &&EcsService| {
                    here(&s.account, &s.region) && s.cluster == *cluster && s.name == *service
                };
                self.services.iter().find(is).map_or(0, |s| s.running(at_ms))
            }
        };
        let registered = running(now_ms);
        let healthy = registered.min(running(now_ms - HEALTHY_MS)).saturating_sub(target_group.sick);
        (registered, healthy)
    }

    /// Changes the sizes of a node group, or refuses to. `Ok((index of the node group, index of the update, changed))`.
    pub fn update_node_group(
        &mut self,
        index: usize,
        token: &str,
        size: Size,
        now_ms: i64,
    ) -> Result<(usize, bool), Refusal> {
        let missing = || Refusal::new("ResourceNotFoundException", "No node group found.").with_status(404);
        let node_group = self.node_groups.get_mut(index).ok_or_else(missing)?;
        if let Some(same) = node_group.updates.iter().position(|u| u.token == token) {
            return Ok((same, false));
        }
        if node_group.updating(now_ms) {
            return Err(Refusal::new(
                "ResourceInUseException",
                "Nodegroup cannot be updated as it is currently not in Active State",
            )
            .with_status(409));
        }
        let group = self
            .groups
            .iter_mut()
            .find(|g| {
                g.account == node_group.account && g.region == node_group.region && g.name == node_group.group
            })
            .ok_or_else(missing)?;
        let changed = group.resize(size, now_ms);
        let id = uuid::Uuid::new_v4().to_string();
        node_group.updates.push(NodeGroupUpdate { id, token: token.to_owned(), size, began_ms: now_ms });
        Ok((node_group.updates.len() - 1, changed))
    }

    /// Takes the capacity for anything more away from a Region, or gives it back: what is wanted is accepted, and
    /// does not come. `false` for a Region that the world has not got.
    pub fn set_capacity_short(&mut self, code: &str, short: bool, now_ms: i64) -> bool {
        let Some(region) = self.regions.get_mut(code) else { return false };
        region.capacity_short = short;
        for service in self.services.iter_mut().filter(|s| s.region == code) {
            service.stand(now_ms);
            service.starved = short;
        }
        for group in self.groups.iter_mut().filter(|g| g.region == code) {
            group.stand(now_ms);
            group.starved = short;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group() -> AutoScalingGroup {
        AutoScalingGroup {
            account: "1".into(),
            region: "r".into(),
            name: "g".into(),
            size: Size { min: 1, max: 9, desired: 2 },
            ran: 2,
            changed_ms: 0,
            suspended: Vec::new(),
            warm: None,
            schedule: Vec::new(),
            starved: false,
        }
    }

    #[test]
    fn instances_come_one_after_the_other_and_not_while_launching_rests() {
        let mut group = group();
        assert!(group.resize(Size { min: 6, max: 9, desired: 6 }, 10_000));
        assert_eq!(group.in_service(10_000 + 2 * LAUNCH_MS), 4);
        assert!(group.suspend(&["Launch"], true, 10_000 + 2 * LAUNCH_MS));
        assert_eq!(group.in_service(60_000), 4);
        assert!(group.suspend(&["Launch"], false, 60_000));
        assert_eq!(group.in_service(60_000 + 2 * LAUNCH_MS), 6);
    }
}
