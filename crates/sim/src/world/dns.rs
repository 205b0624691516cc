//! Route 53: hosted zones, record sets and changes. What is answered for a name is `answers`.

use crate::refusal::Refusal;
use serde::{Deserialize, Serialize};

/// From an accepted change to `INSYNC`.
pub const INSYNC_MS: i64 = 2_000;

/// A hosted zone and all its record sets.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HostedZone {
    /// Owner.
    pub account: String,
    /// Without the `/hostedzone/` prefix.
    pub id: String,
    /// Fully qualified, with the trailing dot.
    pub name: String,
    /// In the order in which Route 53 lists them.
    pub records: Vec<RecordSet>,
    /// Of a private zone: the Regions of the VPCs that it answers in. Nobody else is answered.
    #[serde(default)]
    pub vpc_regions: Vec<String>,
}

/// One record set: everything that makes a DELETE match.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordSet {
    /// Lower case, with the trailing dot.
    pub name: String,
    /// `A`, `CNAME`, …
    pub kind: String,
    /// Tells the sets of one routing policy apart.
    pub set_identifier: Option<String>,
    /// Weighted routing, 0 to 255.
    pub weight: Option<u8>,
    /// Failover routing: `PRIMARY` or `SECONDARY`.
    pub failover: Option<String>,
    /// Latency routing.
    pub region: Option<String>,
    /// Geolocation routing.
    pub geo: Option<Geo>,
    /// Multivalue routing.
    pub multi_value: Option<bool>,
    /// Geoproximity routing.
    #[serde(default)]
    pub proximity: Option<Proximity>,
    /// Routing by the client's address.
    #[serde(default)]
    pub cidr: Option<Cidr>,
    /// Seconds; absent for an alias.
    pub ttl_s: Option<u64>,
    /// The values, in the order given.
    pub values: Vec<String>,
    /// Instead of values.
    pub alias: Option<Alias>,
    /// A health check that guards it.
    pub health_check_id: Option<String>,
}

/// Where a geolocation record applies.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Geo {
    /// `EU`, `NA`, …
    pub continent: Option<String>,
    /// `US`, `DE`, … or `*` for whoever is left.
    pub country: Option<String>,
    /// A state of the country.
    pub subdivision: Option<String>,
}

/// Where a geoproximity record is: a Region, a Local Zone group or a place on the map, and how far it reaches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proximity {
    /// A Region.
    pub region: Option<String>,
    /// A Local Zone group.
    pub local_zone_group: Option<String>,
    /// Latitude and longitude, as written.
    pub coordinates: Option<(String, String)>,
    /// -99 to 99.
    pub bias: Option<i64>,
}

/// A location of a CIDR collection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cidr {
    /// The collection.
    pub collection_id: String,
    /// `*` for whoever is left.
    pub location: String,
}

/// An alias target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// The zone that the target lies in.
    pub hosted_zone_id: String,
    /// What it points at.
    pub dns_name: String,
    /// Whether the target's health counts.
    pub evaluate_target_health: bool,
}

/// An accepted change batch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Change {
    /// Owner of the zone.
    pub account: String,
    /// Without the `/change/` prefix.
    pub id: String,
    /// Virtual time, milliseconds since the epoch.
    pub submitted_ms: i64,
}

impl Change {
    /// `PENDING` or `INSYNC`.
    pub fn status(&self, now_ms: i64) -> &'static str {
        if now_ms >= self.submitted_ms + INSYNC_MS { "INSYNC" } else { "PENDING" }
    }
}

/// What a change asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Must not be there.
    Create,
    /// Must be there, value for value.
    Delete,
    /// Whatever was there.
    Upsert,
}

impl RecordSet {
    /// Which routing policy it belongs to: all sets of one name and type must agree.
    fn policy(&self) -> &'static str {
        if self.weight.is_some() {
            "weighted"
        } else if self.failover.is_some() {
            "failover"
        } else if self.region.is_some() {
            "latency"
        } else if self.geo.is_some() {
            "geolocation"
        } else if self.multi_value.is_some() {
            "multivalue"
        } else if self.proximity.is_some() {
            "geoproximity"
        } else if self.cidr.is_some() {
            "cidr"
        } else {
            "simple"
        }
    }

    fn same_key(&self, other: &Self) -> bool {
        self.name == other.name && self.kind == other.kind && self.set_identifier == other.set_identifier
    }

    fn described(&self) -> String {
        match &self.set_identifier {
            Some(id) => format!("[name='{}', type='{}', set identifier='{id}']", self.name, self.kind),
            None => format!("[name='{}', type='{}']", self.name, self.kind),
        }
    }

    /// Equal as Route 53 compares for a DELETE: the order of values does not count.
    fn matches(&self, other: &Self) -> bool {
        let sorted = |r: &Self| {
            let mut values = r.values.clone();
            values.sort();
            Self { values, ..r.clone() }
        };
        sorted(self) == sorted(other)
    }

    /// Route 53 lists by name with its labels reversed, then type, then set identifier.
    pub fn order(&self) -> (Vec<&str>, &str, &str) {
        (labels(&self.name), &self.kind, self.set_identifier.as_deref().unwrap_or(""))
    }

    fn faults(&self, zone: &HostedZone) -> Vec<String> {
        let mut faults = Vec::new();
        if self.name != zone.name && !self.name.ends_with(&format!(".{}", zone.name)) {
            faults.push(format!("RRSet with DNS name {} is not permitted in zone {}", self.name, zone.name));
        }
        if self.alias.is_some() && (self.ttl_s.is_some() || !self.values.is_empty()) {
            faults.push(format!("{}: an alias has neither TTL nor values", self.described()));
        }
        if self.alias.is_none() && (self.ttl_s.is_none() || self.values.is_empty()) {
            faults.push(format!("{}: TTL and at least one value are required", self.described()));
        }
        if (self.policy() == "simple") != self.set_identifier.is_none() {
            faults.push(format!(
                "{}: a set identifier goes with a routing policy, and only with one",
                self.described()
            ));
        }
        faults
    }
}

/// The labels of a name from the right: `www.example.com.` is `com example www`.
pub fn labels(name: &str) -> Vec<&str> {
    name.trim_end_matches('.').rsplit('.').collect()
}

/// A name as Route 53 keeps it: lower case, trailing dot, `*` as `\052`.
pub fn normal_name(name: &str) -> String {
    let lower = name.trim_end_matches('.').to_lowercase().replace('*', "\\052");
    format!("{lower}.")
}

impl HostedZone {
    /// Whether it answers in VPCs alone.
    pub fn is_private(&self) -> bool {
        !self.vpc_regions.is_empty()
    }

    /// Applies a whole batch or none of it. `Ok(true)` when anything is different afterwards.
    pub fn apply(&mut self, batch: &[(Action, RecordSet)]) -> Result<bool, Refusal> {
        let mut after = self.records.clone();
        let mut faults = Vec::new();
        for (action, wanted) in batch {
            if *action != Action::Delete {
                faults.extend(wanted.faults(self));
            }
            let found = after.iter().position(|r| r.same_key(wanted));
            let at = wanted.described();
            match (action, found) {
                (Action::Create, Some(_)) => {
                    faults.push(format!("Tried to create resource record set {at} but it already exists"));
                }
                (Action::Delete, None) => {
                    faults.push(format!("Tried to delete resource record set {at} but it was not found"));
                }
                (Action::Delete, Some(i)) if !after.get(i).is_some_and(|r| r.matches(wanted)) => {
                    faults.push(format!(
                        "Tried to delete resource record set {at} but the values provided do not match the current values"
                    ));
                }
                (Action::Delete, Some(i)) => {
                    after.remove(i);
                }
                (Action::Upsert, Some(i)) => {
                    after.remove(i);
                    after.push(wanted.clone());
                }
                (Action::Create | Action::Upsert, None) => after.push(wanted.clone()),
            }
        }
        for (_, wanted) in batch {
            let others = after.iter().filter(|r| r.name == wanted.name && r.kind == wanted.kind);
            let mut policies: Vec<_> = others.map(RecordSet::policy).collect();
            policies.sort_unstable();
            policies.dedup();
            if policies.len() > 1 {
                faults.push(format!(
                    "RRSet {} mixes routing policies for one name and type: {}",
                    wanted.described(),
                    policies.join(", ")
                ));
            }
        }
        if !faults.is_empty() {
            faults.dedup();
            return Err(Refusal::new("InvalidChangeBatch", format!("[{}]", faults.join(", "))));
        }
        after.sort_by(|a, b| a.order().cmp(&b.order()));
        let changed = after != self.records;
        self.records = after;
        Ok(changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weighted(id: &str, weight: u8) -> RecordSet {
        RecordSet {
            name: "www.example.com.".into(),
            kind: "A".into(),
            set_identifier: Some(id.into()),
            weight: Some(weight),
            ttl_s: Some(60),
            values: vec!["192.0.2.1".into()],
            ..RecordSet::default()
        }
    }

    fn zone() -> HostedZone {
        HostedZone {
            account: "1".into(),
            id: "Z1".into(),
            name: "example.com.".into(),
            records: vec![weighted("a", 100), weighted("b", 0)],
            vpc_regions: Vec::new(),
        }
    }

    #[test]
    fn a_delete_that_does_not_match_fails_the_whole_batch() {
        let mut zone = zone();
        let batch = [(Action::Upsert, weighted("b", 9)), (Action::Delete, weighted("a", 99))];
        let refused = zone.apply(&batch);
        assert!(refused.is_err_and(|r| r.code == "InvalidChangeBatch" && r.message.contains("do not match")));
        assert_eq!(zone.records[1].weight, Some(0));
    }

    #[test]
    fn delete_and_create_of_one_set_in_a_batch_swap_it() {
        let mut zone = zone();
        let batch = [(Action::Delete, weighted("a", 100)), (Action::Create, weighted("a", 0))];
        assert_eq!(zone.apply(&batch), Ok(true));
        assert_eq!(zone.records[0].weight, Some(0));
        let same = [(Action::Upsert, weighted("a", 0))];
        assert_eq!(zone.apply(&same), Ok(false));
    }

    #[test]
    fn routing_policies_do_not_mix() {
        let mut zone = zone();
        let simple = RecordSet { set_identifier: None, weight: None, ..weighted("a", 0) };
        assert!(zone.apply(&[(Action::Create, simple)]).is_err());
    }
}
