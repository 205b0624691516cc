//! S3 buckets: their replication rules, each with its lag, and the small objects in them.

use super::Lines;
use crate::world::lag::{Condition, Lag};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
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
    /// By key.
    #[serde(default)]
    pub objects: BTreeMap<String, Object>,
}

/// An object, as large as a switch needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// Text.
    pub content: String,
    /// With its quotes, as S3 tells it.
    pub etag: String,
}

impl Object {
    /// The version follows from the content, as S3's does of what was put in one part.
    pub fn of(content: &str) -> Self {
        let digest: String = hex::encode(Sha256::digest(content.as_bytes())).chars().take(32).collect();
        Self { content: content.to_owned(), etag: format!("\"{digest}\"") }
    }
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
