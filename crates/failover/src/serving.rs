//! Which Regions serve an application, read from its traffic resources alone: never from `home_region`,
//! never from our own last run.

use holdfast_domain::{Name, RegionCode};
use serde::{Deserialize, Serialize};

/// `regions` is empty when nothing can be told; `reasons` then says why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Serving {
    /// Regions that traffic is routed to, in the application's order.
    pub regions: Vec<RegionCode>,
    /// Where the writer is, per store; `None`: not known.
    pub writers: Vec<(Name, Option<RegionCode>)>,
    /// False when any traffic resource could not be seen, or they disagree.
    pub certain: bool,
    pub reasons: Vec<String>,
}

/// Where an application stands between home and recovery, worked out from what is observed and what runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecoveryState {
    Steady,
    FailingOver,
    FailedOver,
    Reprotecting,
    ReadyToFailBack,
    FailingBack,
    PartlyMoved,
    MovedOutside,
    Evacuated,
    ReHomed,
    /// Nothing of it can be seen: said aloud rather than called steady.
    Unknown,
}

impl RecoveryState {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Steady => "steady",
            Self::FailingOver => "failing_over",
            Self::FailedOver => "failed_over",
            Self::Reprotecting => "reprotecting",
            Self::ReadyToFailBack => "ready_to_fail_back",
            Self::FailingBack => "failing_back",
            Self::PartlyMoved => "partly_moved",
            Self::MovedOutside => "moved_outside",
            Self::Evacuated => "evacuated",
            Self::ReHomed => "re_homed",
            Self::Unknown => "unknown",
        }
    }
}
