//! DynamoDB global tables: replicas in Regions, each with its lag from every other.

use super::Lines;
use crate::world::lag::{Condition, Lag};
use serde::{Deserialize, Serialize};

/// A global table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Table {
    /// Owner.
    pub account: String,
    /// Its name, the same everywhere.
    pub name: String,
    /// Strong consistency over Regions.
    pub strong: bool,
    /// Regions that only bear witness.
    pub witnesses: Vec<String>,
    /// One per Region.
    pub replicas: Vec<Replica>,
}

/// One Region's replica.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Replica {
    /// Its Region.
    pub region: String,
    /// `ACTIVE`, `CREATING`, …
    pub status: String,
    /// Behind each of the other Regions, by Region.
    pub behind: Vec<(String, Lag)>,
    /// Whether the application writes here; where nothing is written, nothing is measured.
    pub written: bool,
}

impl Table {
    /// The replica of a Region.
    pub fn replica(&self, region: &str) -> Option<&Replica> {
        self.replicas.iter().find(|r| r.region == region)
    }

    /// The lag of what is written in one Region and read in the other.
    pub fn lag(&self, from: &str, to: &str) -> Option<&Lag> {
        if self.strong || !self.replica(from)?.written {
            return None;
        }
        self.replica(to)?.behind.iter().find(|(region, _)| region == from).map(|(_, lag)| lag)
    }

    pub(super) fn settle(&mut self, now_ms: i64, lines: &Lines<'_>) {
        for replica in &mut self.replicas {
            for (from, lag) in &mut replica.behind {
                let condition = if replica.status != "ACTIVE" {
                    Condition::Absent
                } else if (lines.reachable)(from, &replica.region) {
                    Condition::Flowing
                } else {
                    Condition::Stopped
                };
                lag.set(now_ms, condition, (lines.base)(from, &replica.region));
            }
        }
    }
}
