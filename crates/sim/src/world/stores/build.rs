//! The builder's words for stores.

use super::backups::{BackedUp, Vault};
use super::buckets::{Bucket, Object, Rule};
use super::databases::{Database, Doing, Instance};
use super::datastores::{Datastore, Member};
use super::tables::{Replica, Table};
use crate::world::World;
use crate::world::build::digits_of;
use crate::world::lag::Lag;
use std::collections::BTreeMap;

const HOUR_MS: i64 = 3_600_000;

fn database(account: &str, region: &str, id: &str, cluster: bool) -> Database {
    let key = digits_of(&format!("key {account} {region}"), 32);
    Database {
        account: account.to_owned(),
        region: region.to_owned(),
        id: id.to_owned(),
        cluster,
        engine: if cluster { "aurora-mysql" } else { "postgres" }.to_owned(),
        class: "db.r7g.large".to_owned(),
        kms_key_id: Some(format!("arn:aws:kms:{region}:{account}:key/{key}")),
        source: None,
        doing: Doing::Available,
        lag: Lag::default(),
        lost_ms: None,
        paused: false,
        instances: if cluster {
            vec![Instance { id: format!("{id}-1"), class: "db.r7g.large".to_owned(), ready_ms: 0 }]
        } else {
            Vec::new()
        },
    }
}

impl World {
    /// Adds a database of its own.
    pub fn database_alone(mut self, account: &str, region: &str, id: &str) -> Self {
        self.stores.databases.push(database(account, region, id, false));
        self
    }

    /// Adds a database and a read replica of it.
    pub fn replica_pair(self, account: &str, home: (&str, &str), replica: (&str, &str)) -> Self {
        self.pair(account, home, replica, false)
    }

    /// The same, of clusters.
    pub fn cluster_pair(self, account: &str, home: (&str, &str), replica: (&str, &str)) -> Self {
        self.pair(account, home, replica, true)
    }

    fn pair(mut self, account: &str, home: (&str, &str), replica: (&str, &str), cluster: bool) -> Self {
        let source = database(account, home.0, home.1, cluster);
        let mut copy = database(account, replica.0, replica.1, cluster);
        copy.source = Some(source.arn());
        self.stores.databases.extend([source, copy]);
        self
    }

    /// Adds a global table; the application writes in the first Region.
    pub fn global_table(mut self, account: &str, name: &str, regions: &[&str]) -> Self {
        let replicas = regions.iter().enumerate().map(|(at, region)| Replica {
            region: (*region).to_owned(),
            status: "ACTIVE".to_owned(),
            behind: regions
                .iter()
                .filter(|other| *other != region)
                .map(|other| ((*other).to_owned(), Lag::default()))
                .collect(),
            written: at == 0,
        });
        self.stores.tables.push(Table {
            account: account.to_owned(),
            name: name.to_owned(),
            strong: false,
            witnesses: Vec::new(),
            replicas: replicas.collect(),
        });
        self
    }

    /// Adds a global datastore; the first Region is primary. Replication groups are named `ID-REGION`.
    pub fn datastore(mut self, account: &str, id: &str, regions: &[&str]) -> Self {
        let members = regions.iter().enumerate().map(|(at, region)| Member {
            region: (*region).to_owned(),
            group: format!("{id}-{region}"),
            primary: at == 0,
            associating: None,
            lag: Lag::default(),
        });
        self.stores.datastores.push(Datastore {
            account: account.to_owned(),
            id: id.to_owned(),
            members: members.collect(),
            moving: None,
            lost_ms: None,
        });
        self
    }

    /// Adds two buckets, the first copied to the second with time control, and back where `both_ways`.
    pub fn bucket_pair(
        mut self,
        account: &str,
        home: (&str, &str),
        other: (&str, &str),
        both_ways: bool,
    ) -> Self {
        let rule = |to: &str| Rule {
            id: format!("to-{to}"),
            to: to.to_owned(),
            enabled: true,
            time_control: true,
            lag: Lag::default(),
        };
        for ((region, name), rules) in
            [(home, vec![rule(other.1)]), (other, if both_ways { vec![rule(home.1)] } else { Vec::new() })]
        {
            self.stores.buckets.push(Bucket {
                account: account.to_owned(),
                region: region.to_owned(),
                name: name.to_owned(),
                rules,
                objects: BTreeMap::new(),
            });
        }
        self
    }

    /// Adds a bucket that is copied nowhere.
    pub fn bucket(mut self, account: &str, region: &str, name: &str) -> Self {
        self.stores.buckets.push(Bucket {
            account: account.to_owned(),
            region: region.to_owned(),
            name: name.to_owned(),
            rules: Vec::new(),
            objects: BTreeMap::new(),
        });
        self
    }

    /// Puts an object into a bucket of this world; a bucket that is not there takes none.
    pub fn object(mut self, bucket: &str, key: &str, content: &str) -> Self {
        if let Some(bucket) = self.stores.buckets.iter_mut().find(|b| b.name == bucket) {
            bucket.objects.insert(key.to_owned(), Object::of(content));
        }
        self
    }

    /// Adds a vault with recovery points of RDS databases, taken every so many hours, the last so many hours ago.
    pub fn vault(
        mut self,
        account: &str,
        (region, name): (&str, &str),
        arns: &[&str],
        every_hours: i64,
        age_hours: i64,
    ) -> Self {
        let resources = arns.iter().map(|arn| BackedUp {
            arn: (*arn).to_owned(),
            kind: "RDS".to_owned(),
            every_ms: every_hours * HOUR_MS,
            began_with_age_ms: Some(age_hours * HOUR_MS),
            points: Vec::new(),
            fails: None,
        });
        self.stores.vaults.push(Vault {
            account: account.to_owned(),
            region: region.to_owned(),
            name: name.to_owned(),
            resources: resources.collect(),
        });
        self
    }
}
