//! S3 buckets and their replication rules, each rule with its lag.

use super::Lines;
use crate::world::lag::{Condition, Lag};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A bucket.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Bucket {
    /// Owner.
    pub account: String,
    /// Its Region.
    pub region: String,
    /// Its name, unique in the world.
    pub name: String,
    /// Where it is copied to.
    pub rules: Vec<Rule>,
}

/// A replication rule.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Rule {
    /// Its id.
    pub id: String,
    /// The other bucket.
    pub to: String,
    /// `Status`.
    pub enabled: bool,
    /// Replication Time Control, with its metrics.
    pub time_control: bool,
    /// Behind the source.
    pub lag: Lag,
}

pub(super) fn settle(buckets: &mut [Bucket], now_ms: i64, lines: &Lines<'_>) {
    let regions: BTreeMap<String, String> =
        buckets.iter().map(|b| (b.name.clone(), b.region.clone())).collect();
    for bucket in buckets {
        for rule in &mut bucket.rules {
            let Some(to) = regions.get(&rule.to) else { continue };
            let condition = if !rule.enabled {
                Condition::Absent
            } else if (lines.reachable)(&bucket.region, to) {
                Condition::Flowing
            } else {
                Condition::Stopped
            };
            rule.lag.set(now_ms, condition, (lines.base)(&bucket.region, to) * 10.0);
        }
    }
}
