//! What was last seen of a resource in a Region. Missing data is a state of its own, never health.

use crate::application::Application;
use crate::facts::Facts;
use crate::ids::{Name, RegionCode};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the collector has of one (resource, Region): the last success and, if it came later, the failure since.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct Observed {
    pub seen: Option<(Timestamp, Facts)>,
    /// When looking last failed, and why; cleared by the next success.
    pub failed: Option<(Timestamp, NotSeen)>,
}

/// Why a look saw nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotSeen {
    pub reason: String,
    /// AWS answered that it is not there, rather than that nothing could be learnt.
    pub absent: bool,
}

impl From<String> for NotSeen {
    /// Nothing could be learnt.
    fn from(reason: String) -> Self {
        Self { reason, absent: false }
    }
}

impl From<&str> for NotSeen {
    fn from(reason: &str) -> Self {
        reason.to_owned().into()
    }
}

/// How much of it may be believed at a given moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Sight {
    Known {
        at: Timestamp,
        facts: Facts,
    },
    /// Seen, but too long ago for a decision.
    Stale {
        at: Timestamp,
        facts: Facts,
        reason: String,
    },
    /// Could not look, and why; with what was last seen, if anything ever was.
    Unknown {
        reason: String,
        /// AWS answered that it is not there.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        absent: bool,
        since: Option<Timestamp>,
        last: Option<(Timestamp, Facts)>,
    },
}

impl Observed {
    /// A failed look is Unknown at once, however fresh the picture before it: the world may have moved.
    #[must_use]
    pub fn sight(&self, now: Timestamp, max_age: SignedDuration) -> Sight {
        match (&self.seen, &self.failed) {
            (_, Some((at, why))) => Sight::Unknown {
                reason: why.reason.clone(),
                absent: why.absent,
                since: Some(*at),
                last: self.seen.clone(),
            },
            (Some((at, facts)), None) if now.duration_since(*at) > max_age => Sight::Stale {
                at: *at,
                facts: facts.clone(),
                reason: format!("last seen {} s ago", now.duration_since(*at).as_secs()),
            },
            (Some((at, facts)), None) => Sight::Known { at: *at, facts: facts.clone() },
            (None, None) => {
                Sight::Unknown { reason: "not looked at yet".into(), absent: false, since: None, last: None }
            }
        }
    }
}

/// What may be believed now of each (resource, Region) of an application; those never looked at included. Where the
/// inventory has nothing of a resource nobody looks, and nothing is unknown.
#[must_use]
pub fn sights(
    application: &Application,
    observed: &BTreeMap<(Name, RegionCode), Observed>,
    now: Timestamp,
    max_age: SignedDuration,
) -> ObservationMap {
    let never = Observed::default();
    let mut map = ObservationMap::new();
    for resource in &application.resources {
        for region in application.regions().filter(|region| resource.spec.is_in(region)) {
            let key = (resource.name.clone(), region.clone());
            let seen = observed.get(&key).unwrap_or(&never);
            map.insert(key, seen.sight(now, max_age));
        }
    }
    map
}

impl Sight {
    #[must_use]
    pub fn known(&self) -> Option<&Facts> {
        match self {
            Self::Known { facts, .. } => Some(facts),
            Self::Stale { .. } | Self::Unknown { .. } => None,
        }
    }

    /// What was last seen, however old; for showing, never for deciding that something is well.
    #[must_use]
    pub fn last_seen(&self) -> Option<(Timestamp, &Facts)> {
        match self {
            Self::Known { at, facts } | Self::Stale { at, facts, .. } => Some((*at, facts)),
            Self::Unknown { last, .. } => last.as_ref().map(|(at, facts)| (*at, facts)),
        }
    }

    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Known { .. } => "known",
            Self::Stale { .. } => "stale",
            Self::Unknown { .. } => "unknown",
        }
    }
}

/// One application's picture: (resource, Region) to what may be believed of it now.
pub type ObservationMap = BTreeMap<(Name, RegionCode), Sight>;
