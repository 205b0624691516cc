//! The four strategies of disaster recovery and the objectives that each can reach.

use crate::application::Objectives;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    BackupRestore,
    PilotLight,
    WarmStandby,
    ActiveActive,
}

/// The best that a strategy can promise, in seconds; what lies below is wishful.
/// (AWS, "Disaster Recovery of Workloads on AWS": hours · tens of minutes · minutes · near zero.)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Band {
    pub best_rto_seconds: u32,
    pub best_rpo_seconds: u32,
    pub rto_words: &'static str,
    pub rpo_words: &'static str,
}

impl Strategy {
    pub const ALL: [Self; 4] = [Self::BackupRestore, Self::PilotLight, Self::WarmStandby, Self::ActiveActive];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BackupRestore => "backup_restore",
            Self::PilotLight => "pilot_light",
            Self::WarmStandby => "warm_standby",
            Self::ActiveActive => "active_active",
        }
    }

    /// As people say it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::BackupRestore => "backup and restore",
            Self::PilotLight => "pilot light",
            Self::WarmStandby => "warm standby",
            Self::ActiveActive => "active-active",
        }
    }

    #[must_use]
    pub fn band(self) -> Band {
        let band = |best_rto_seconds, best_rpo_seconds, rto_words, rpo_words| Band {
            best_rto_seconds,
            best_rpo_seconds,
            rto_words,
            rpo_words,
        };
        match self {
            Self::BackupRestore => band(3_600, 3_600, "up to 24 hours", "hours"),
            Self::PilotLight => band(1_800, 60, "hours", "minutes"),
            Self::WarmStandby => band(60, 1, "minutes", "seconds"),
            Self::ActiveActive => band(1, 0, "seconds", "none, or seconds"),
        }
    }

    /// Whether this strategy can reach the objectives at all: the sentences that say why not.
    #[must_use]
    pub fn gaps(self, objectives: &Objectives) -> Vec<String> {
        let band = self.band();
        let mut gaps = Vec::new();
        if objectives.rto.get() < band.best_rto_seconds {
            gaps.push(format!(
                "{} reaches an RTO of {}, at best {}; the objective is {}",
                self.words(),
                band.rto_words,
                crate::Seconds(band.best_rto_seconds),
                objectives.rto
            ));
        }
        if objectives.rpo.get() < band.best_rpo_seconds {
            gaps.push(format!(
                "{} reaches an RPO of {}, at best {}; the objective is {}",
                self.words(),
                band.rpo_words,
                crate::Seconds(band.best_rpo_seconds),
                objectives.rpo
            ));
        }
        gaps
    }
}
