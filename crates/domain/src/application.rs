//! The application: the unit of recovery.

use crate::ids::{Name, RegionCode};
use crate::load_split::LoadSplit;
use crate::movement::Intent;
use crate::resource::Resource;
use crate::seconds::Seconds;
use crate::strategy::Strategy;
use serde::{Deserialize, Serialize};

/// What the business wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objectives {
    pub rto: Seconds,
    pub rpo: Seconds,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    pub name: Name,
    pub owner: Name,
    /// 1 (most critical) to 4.
    pub tier: u8,
    /// Such as `production`; what roles may be limited to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Name>,
    pub strategy: Strategy,
    pub home_region: RegionCode,
    /// At least one, never the home Region.
    pub recovery_regions: Vec<RegionCode>,
    pub objectives: Objectives,
    /// Regions that its data may be in. Empty: no limit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data_residency: Vec<RegionCode>,
    /// Of an active-active application: who takes over the load of a Region that leaves.
    #[serde(default, skip_serializing_if = "LoadSplit::is_even")]
    pub load_split: LoadSplit,
    pub approval_policy: Name,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<Name>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<Resource>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waivers: Vec<Waiver>,
}

impl Application {
    /// Home first, then the recovery Regions in the order given.
    pub fn regions(&self) -> impl Iterator<Item = &RegionCode> {
        std::iter::once(&self.home_region).chain(&self.recovery_regions)
    }

    /// Whether there is a plan of this way: out of each Region into each other, and back. Into the home Region there is only the
    /// way back, unless all Regions are alike.
    #[must_use]
    pub fn goes(&self, intent: Intent, from: &RegionCode, to: &RegionCode) -> bool {
        let alike = self.strategy == Strategy::ActiveActive;
        let home = *to == self.home_region;
        let knows = |region: &RegionCode| self.regions().any(|other| other == region);
        from != to
            && knows(from)
            && knows(to)
            && match intent {
                Intent::Failover => alike || !home,
                Intent::Failback => alike || home,
                Intent::Drill => false,
            }
    }

    #[must_use]
    pub fn resource(&self, name: &Name) -> Option<&Resource> {
        self.resources.iter().find(|r| &r.name == name)
    }
}

/// A plane that a step needs and that somebody answers for by name until a date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiver {
    /// The resource or step that it covers.
    pub step: Name,
    /// `service@region`, such as `route53@us-east-1`.
    pub plane: String,
    pub by: String,
    pub reason: String,
    pub review_on: jiff::civil::Date,
}
