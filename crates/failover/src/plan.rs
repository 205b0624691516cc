//! Plans: from what the inventory says and what was last seen to the steps that move one application.

mod facts;

pub use facts::{facts_of, record_text};

use crate::movement::Movement;
use crate::step::Step;
use holdfast_domain::{Account, Application, Facts, Name, ObservationMap, RegionCode, StepId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything that a plan may depend on.
#[derive(Debug, Clone)]
pub struct Picture {
    pub application: Application,
    /// Those that the application's resources name.
    pub accounts: Vec<Account>,
    pub observations: ObservationMap,
    /// How every (resource, Region) stood before the failover that a failback takes back; empty when
    /// nothing was moved by a run of ours.
    pub before: BTreeMap<(Name, RegionCode), Facts>,
    pub now: Timestamp,
}

/// What will be done, and what that rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    pub steps: Vec<Step>,
    /// The act roles that the steps will assume, by account name.
    pub roles: BTreeMap<Name, String>,
    /// Discrete facts (who writes, which Regions are routed to, which targets exist): part of the digest.
    pub facts: Vec<Fact>,
    /// How everything stood when the plan was made; the failback's aim. Not part of the digest.
    pub before: Vec<Before>,
    /// Lag, counts, times: beside the digest, checked against their limits before the first change.
    pub measurements: Vec<Measurement>,
    /// Planes, gaps and cautions, in words; never a wall by themselves.
    pub notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    pub resource: Name,
    pub region: RegionCode,
    /// Such as `writer`, `routed`, `record`, `exists`.
    pub what: String,
    pub value: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Before {
    pub resource: Name,
    pub region: RegionCode,
    pub facts: Facts,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    pub resource: Name,
    pub region: RegionCode,
    pub what: String,
    /// `None`: not known, which is said, not hidden.
    pub value: Option<f64>,
    pub unit: String,
    pub limit: Option<f64>,
    pub at: Option<Timestamp>,
}

impl Plan {
    #[must_use]
    pub fn step(&self, id: &StepId) -> Option<&Step> {
        self.steps.iter().find(|s| &s.id == id)
    }

    /// How a resource stood in a Region when the plan was made.
    #[must_use]
    pub fn stood(&self, resource: &Name, region: &RegionCode) -> Option<&Facts> {
        self.before.iter().find(|b| &b.resource == resource && &b.region == region).map(|b| &b.facts)
    }
}

/// Where a plan comes from, for whoever reads it: the movement and the plan together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedMovement {
    pub movement: Movement,
    pub plan: Plan,
}
