//! Route 53 health checks: what they watch, what their checkers see, and what becomes of it when a check is
//! inverted or disabled.

use super::World;
use super::clock::Moment;
use crate::refusal::Refusal;
use serde::{Deserialize, Serialize};

/// A Route 53 health check.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HealthCheck {
    /// Owner.
    pub account: String,
    /// A UUID.
    pub id: String,
    /// The name that an endpoint check asks.
    pub domain: String,
    /// The path that it asks for.
    pub path: String,
    /// The Region whose darkness makes an endpoint check fail.
    pub region: String,
    /// Optimistic lock.
    pub version: u64,
    /// Healthy and unhealthy swapped.
    pub inverted: bool,
    /// Counts as healthy whatever it sees, before it is inverted.
    pub disabled: bool,
    /// What it watches.
    #[serde(default)]
    pub watches: Watch,
}

/// What a health check watches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Watch {
    /// An endpoint, over HTTPS.
    #[default]
    Endpoint,
    /// Other checks, of which so many must be healthy.
    Calculated {
        /// Their ids.
        children: Vec<String>,
        /// How many.
        threshold: usize,
    },
    /// A CloudWatch alarm.
    Alarm {
        /// Its Region.
        region: String,
        /// Its name.
        name: String,
        /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
        state: String,
        /// `Healthy`, `Unhealthy` or `LastKnownStatus`: what insufficient data count as.
        insufficient: String,
    },
    /// An object in a bucket, over HTTPS: healthy while it is there, and holds the text where one is looked for.
    Object {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// The text.
        search: Option<String>,
    },
    /// An ARC routing control, by ARN.
    RoutingControl {
        /// The ARN.
        arn: String,
    },
}

/// What one UpdateHealthCheck asks for.
#[derive(Debug, Clone, Copy, Default)]
pub struct HealthCheckUpdate {
    /// `HealthCheckVersion`.
    pub version: Option<u64>,
    /// `Inverted`.
    pub inverted: Option<bool>,
    /// `Disabled`.
    pub disabled: Option<bool>,
}

impl HealthCheck {
    /// Applies an update that names the right version. `Ok(true)` when anything is different afterwards.
    pub fn update(&mut self, update: HealthCheckUpdate) -> Result<bool, Refusal> {
        if let Some(version) = update.version
            && version != self.version
        {
            return Err(Refusal::new(
                "HealthCheckVersionMismatch",
                format!("The health check is at version {}, not {version}.", self.version),
            )
            .with_status(409));
        }
        let wanted = (update.inverted.unwrap_or(self.inverted), update.disabled.unwrap_or(self.disabled));
        if wanted == (self.inverted, self.disabled) {
            return Ok(false);
        }
        (self.inverted, self.disabled) = wanted;
        self.version += 1;
        Ok(true)
    }
}

impl World {
    /// What the checkers see, before inverting and disabling count.
    pub fn seen_healthy(&self, check: &HealthCheck, now: Moment) -> bool {
        match &check.watches {
            Watch::Endpoint => !self.regions.get(&check.region).is_some_and(|r| r.dark),
            Watch::Object { bucket, key, search } => {
                let bucket = self.stores.buckets.iter().find(|b| b.name == *bucket);
                let reachable = |region: &str| !self.regions.get(region).is_some_and(|r| r.dark);
                let object = bucket.filter(|b| reachable(&b.region)).and_then(|b| b.objects.get(key));
                object.is_some_and(|object| search.as_ref().is_none_or(|text| object.content.contains(text)))
            }
            Watch::RoutingControl { arn } => self.control_as_followed(arn, now).unwrap_or(false),
            Watch::Alarm { state, insufficient, .. } => match state.as_str() {
                "OK" => true,
                "ALARM" => false,
                _ => insufficient != "Unhealthy",
            },
            Watch::Calculated { children, threshold } => {
                // A check that counted itself would never end; AWS refuses one, and a child is never calculated here.
                let healthy = |id: &&String| {
                    self.health_checks.iter().any(|c| {
                        c.id == **id
                            && !matches!(c.watches, Watch::Calculated { .. })
                            && self.counts_healthy(c, now)
                    })
                };
                children.iter().filter(healthy).count() >= *threshold
            }
        }
    }

    /// What Route 53 makes of it: disabled counts as healthy, and inverted swaps.
    pub fn counts_healthy(&self, check: &HealthCheck, now: Moment) -> bool {
        (check.disabled || self.seen_healthy(check, now)) != check.inverted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disabled_counts_as_healthy_and_inverting_takes_it_out_whatever_its_endpoint_does() {
        let now = Moment { virtual_ms: 0, real_ms: 0 };
        let mut world = World::empty();
        let mut check = HealthCheck {
            account: "1".into(),
            id: "c".into(),
            domain: "d".into(),
            path: "/".into(),
            region: "us-east-1".into(),
            version: 1,
            inverted: false,
            disabled: true,
            watches: Watch::Endpoint,
        };
        world.set_region("us-east-1", Some(true), None, now);
        assert!(world.counts_healthy(&check, now));
        let out = HealthCheckUpdate { version: Some(1), inverted: Some(true), disabled: Some(true) };
        assert_eq!(check.update(out), Ok(true));
        assert!(!world.counts_healthy(&check, now));
        world.set_region("us-east-1", Some(false), None, now);
        assert!(!world.counts_healthy(&check, now));
        assert!(check.update(out).is_err_and(|r| r.code == "HealthCheckVersionMismatch"));
        assert_eq!(check.update(HealthCheckUpdate { version: Some(2), ..out }), Ok(false));
    }
}
