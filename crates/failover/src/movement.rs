//! What is asked for: from where to where, for what, in which manner.

pub use holdfast_domain::movement::{Intent, Mode};
use holdfast_domain::{RegionCode, RunId, Seconds};
use serde::{Deserialize, Serialize};

/// What a run rehearses; a real move rehearses nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "leg", rename_all = "snake_case")]
pub enum Drill {
    /// Beside production: nothing is promoted, no traffic moves, nothing that production writes to is touched.
    Isolated,
    /// Live, the way there: a planned failover after which the way back comes by itself.
    There { lasts: Seconds },
    /// Live, the way back of that run: a planned failback.
    Back { of: RunId },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Movement {
    pub intent: Intent,
    pub mode: Mode,
    pub from: RegionCode,
    pub to: RegionCode,
}

/// As people ask for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DrillKind {
    Isolated,
    Live,
}

impl DrillKind {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Isolated => "isolated",
            Self::Live => "live",
        }
    }
}

impl Drill {
    #[must_use]
    pub fn kind(&self) -> DrillKind {
        match self {
            Self::Isolated => DrillKind::Isolated,
            Self::There { .. } | Self::Back { .. } => DrillKind::Live,
        }
    }
}
