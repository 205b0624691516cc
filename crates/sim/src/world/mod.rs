//! The world: accounts, Regions, what stands in them, and what happens to it as time passes.
//!
//! Nothing ticks. [`World::settle`] brings the world up to an instant and is called before every look at
//! it. No wire formats, no credentials and no faults of calls here: those are `wire`, `auth`, `faults`.

pub mod accounts;
pub mod answers;
pub mod arc;
pub mod aurora;
pub mod build;
pub mod build_supporting;
pub mod build_traffic;
pub mod clock;
pub mod cloudfront;
pub mod commands;
pub mod compute;
pub mod demo;
pub mod dns;
pub mod fleet;
pub mod functions;
pub mod groups;
pub mod health;
pub mod images;
pub mod lag;
pub mod moves;
pub mod region_switch;
pub mod regions;
pub mod stacks;
pub mod stores;
pub mod supporting;
pub mod traffic;
pub mod view;

use accounts::Account;
use arc::Cluster;
use aurora::GlobalCluster;
use clock::{Clock, Moment};
use cloudfront::Distribution;
use compute::EcsService;
use dns::{Change, HostedZone};
use functions::Function;
use groups::{AutoScalingGroup, NodeGroup, TargetGroup};
use health::HealthCheck;
use images::{ReplicationRule, Repository};
use region_switch::SwitchPlan;
use regions::{Link, Region, link_key, usual_lag_ms};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use stores::{Lines, Stores};
use supporting::Supporting;
use traffic::{Accelerator, AccessPoint};

/// Changes of Route 53 kept for `GetChange`.
const KEPT_CHANGES: usize = 500;

/// Everything that outlives a restart but the ledger and the faults.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct World {
    /// What time it is.
    pub clock: Clock,
    /// The account that unknown key pairs belong to.
    pub control_account: String,
    /// Signs the sessions that AssumeRole hands out; hex.
    pub session_key: String,
    /// By id.
    pub accounts: BTreeMap<String, Account>,
    /// By code.
    pub regions: BTreeMap<String, Region>,
    /// By `regions::link_key`; a link that nothing is wrong with is not listed.
    pub links: BTreeMap<String, Link>,
    /// Aurora global databases.
    pub global_clusters: Vec<GlobalCluster>,
    /// The other stores.
    #[serde(default)]
    pub stores: Stores,
    /// ECS services.
    pub services: Vec<EcsService>,
    /// Route 53 hosted zones.
    pub zones: Vec<HostedZone>,
    /// Route 53 health checks.
    pub health_checks: Vec<HealthCheck>,
    /// Route 53 changes, oldest first.
    pub changes: Vec<Change>,
    /// Global Accelerators.
    pub accelerators: Vec<Accelerator>,
    /// S3 Multi-Region Access Points.
    pub access_points: Vec<AccessPoint>,
    /// ARC clusters of routing controls.
    #[serde(default)]
    pub clusters: Vec<Cluster>,
    /// ARC Region switch plans.
    #[serde(default)]
    pub switch_plans: Vec<SwitchPlan>,
    /// CloudFront distributions.
    #[serde(default)]
    pub distributions: Vec<Distribution>,
    /// EC2 Auto Scaling groups.
    #[serde(default)]
    pub groups: Vec<AutoScalingGroup>,
    /// EKS node groups.
    #[serde(default)]
    pub node_groups: Vec<NodeGroup>,
    /// Target groups of load balancers.
    #[serde(default)]
    pub target_groups: Vec<TargetGroup>,
    /// Lambda functions.
    #[serde(default)]
    pub functions: Vec<Function>,
    /// ECR repositories.
    #[serde(default)]
    pub repositories: Vec<Repository>,
    /// What the ECR registries replicate.
    #[serde(default)]
    pub replication_rules: Vec<ReplicationRule>,
    /// What a Region must have beside these.
    #[serde(default)]
    pub supporting: Supporting,
}

/// What is wrong with the places and the lines between them: borrowed by what must ask about both.
struct Reach<'a> {
    regions: &'a BTreeMap<String, Region>,
    links: &'a BTreeMap<String, Link>,
}

impl Reach<'_> {
    fn reachable(&self, a: &str, b: &str) -> bool {
        let dark = |code: &str| self.regions.get(code).is_some_and(|r| r.dark);
        let cut = self.links.get(&link_key(a, b)).is_some_and(|l| l.cut);
        !dark(a) && !dark(b) && !cut
    }

    fn base_lag_ms(&self, a: &str, b: &str) -> f64 {
        self.links.get(&link_key(a, b)).and_then(|l| l.lag_ms).unwrap_or_else(|| usual_lag_ms(a, b))
    }
}

impl World {
    /// Whether data can pass between two Regions.
    pub fn reachable(&self, a: &str, b: &str) -> bool {
        Reach { regions: &self.regions, links: &self.links }.reachable(a, b)
    }

    /// Brings the world up to an instant; `true` when something came to an end.
    pub fn settle(&mut self, now: Moment) -> bool {
        let reach = Reach { regions: &self.regions, links: &self.links };
        let reachable = |a: &str, b: &str| reach.reachable(a, b);
        let base = |a: &str, b: &str| reach.base_lag_ms(a, b);
        let now_ms = now.virtual_ms;
        let mut changed = false;
        for cluster in &mut self.global_clusters {
            changed |= cluster.cancel_if_cut(now_ms, &reachable);
            if let Some(ended_ms) = cluster.finish(now_ms, &reachable) {
                cluster.set_lags(ended_ms, &reachable, &base);
                changed = true;
            }
            changed |= cluster.resync(now_ms, &reachable);
            cluster.set_lags(now_ms, &reachable, &base);
        }
        changed |= self.supporting.settle(now_ms, &reachable);
        changed |= self.stores.settle(now, &Lines { reachable: &reachable, base: &base });
        changed |= self.settle_switches(now_ms);
        changed
    }

    /// Changes what is wrong with a Region. `false` for a Region that the world has not got.
    pub fn set_region(
        &mut self,
        code: &str,
        dark: Option<bool>,
        control_plane_dark: Option<bool>,
        now: Moment,
    ) -> bool {
        self.settle(now);
        let Some(region) = self.regions.get_mut(code) else { return false };
        region.dark = dark.unwrap_or(region.dark);
        region.control_plane_dark = control_plane_dark.unwrap_or(region.control_plane_dark);
        self.settle(now);
        true
    }

    /// Changes a link. `lag_ms: Some(None)` takes an override back.
    pub fn set_link(
        &mut self,
        a: &str,
        b: &str,
        cut: Option<bool>,
        lag_ms: Option<Option<f64>>,
        now: Moment,
    ) -> bool {
        if a == b || !self.regions.contains_key(a) || !self.regions.contains_key(b) {
            return false;
        }
        self.settle(now);
        let key = link_key(a, b);
        let mut link = self.links.remove(&key).unwrap_or_default();
        link.cut = cut.unwrap_or(link.cut);
        link.lag_ms = lag_ms.unwrap_or(link.lag_ms);
        if link != Link::default() {
            self.links.insert(key, link);
        }
        self.settle(now);
        true
    }

    /// The zone of an account, with or without the `/hostedzone/` prefix.
    pub fn zone(&self, account: &str, id: &str) -> Option<&HostedZone> {
        let id = id.trim_start_matches("/hostedzone/");
        self.zones.iter().find(|z| z.account == account && z.id == id)
    }

    /// Keeps an accepted change for `GetChange`.
    pub fn remember_change(&mut self, change: Change) {
        self.changes.push(change);
        if self.changes.len() > KEPT_CHANGES {
            self.changes.remove(0);
        }
    }
}
