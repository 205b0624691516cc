//! Stores beside Aurora Global Databases: databases and their replicas, global tables, global datastores, replicated
//! buckets, backup vaults. Each moves along by itself; what they share is that lag grows where nothing passes.

pub mod backups;
pub mod buckets;
pub mod build;
pub mod databases;
pub mod datastores;
pub mod tables;
pub mod view;

use super::clock::Moment;
use backups::{RestoreJob, Vault};
use buckets::Bucket;
use databases::Database;
use datastores::Datastore;
use serde::{Deserialize, Serialize};
use tables::Table;

/// All of them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Stores {
    /// RDS instances, and clusters that are no members of a global database.
    pub databases: Vec<Database>,
    /// DynamoDB global tables.
    pub tables: Vec<Table>,
    /// ElastiCache Global Datastores.
    pub datastores: Vec<Datastore>,
    /// S3 buckets.
    pub buckets: Vec<Bucket>,
    /// AWS Backup vaults.
    pub vaults: Vec<Vault>,
    /// AWS Backup restore jobs, oldest first.
    pub restores: Vec<RestoreJob>,
}

/// What passes between Regions, and how fast.
pub(super) struct Lines<'a> {
    /// Whether data can pass.
    pub reachable: &'a dyn Fn(&str, &str) -> bool,
    /// The usual lag in milliseconds.
    pub base: &'a dyn Fn(&str, &str) -> f64,
}

impl Stores {
    /// Brings them up to an instant; `true` when something came to an end.
    pub(super) fn settle(&mut self, now: Moment, lines: &Lines<'_>) -> bool {
        let now_ms = now.virtual_ms;
        let mut changed = databases::settle(&mut self.databases, now_ms, lines);
        for datastore in &mut self.datastores {
            changed |= datastore.settle(now_ms, lines);
        }
        for table in &mut self.tables {
            table.settle(now_ms, lines);
        }
        buckets::settle(&mut self.buckets, now_ms, lines);
        for vault in &mut self.vaults {
            changed |= vault.settle(now_ms, lines);
        }
        changed |= backups::finish(&mut self.restores, &mut self.databases, now_ms);
        changed
    }
}
