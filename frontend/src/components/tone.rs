//! States as pages show them: an icon, a word and a colour together, never colour alone. What is not known has a
//! look of its own; a word that this file does not know is shown as unknown, never as good.

use crate::components::icon;
use crate::format;
use holdfast_failover::compliance::Standing;
use holdfast_failover::evacuation;
use holdfast_failover::readiness::Severity;
use holdfast_failover::run::{RunState, StepState};
use holdfast_failover::serving::RecoveryState;
use leptos::prelude::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    Bad,
    Unknown,
    Watch,
    Moving,
    Good,
    /// Neither good nor bad: not begun, over, noted.
    Quiet,
}

impl Tone {
    /// The class, and the symbol `s-…` of the sprite.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Watch => "watch",
            Self::Bad => "bad",
            Self::Moving => "moving",
            Self::Unknown => "unknown",
            Self::Quiet => "quiet",
        }
    }

    /// For tab titles, where no colour is.
    #[must_use]
    pub fn glyph(self) -> &'static str {
        match self {
            Self::Good => "●",
            Self::Watch => "▲",
            Self::Bad => "■",
            Self::Moving => "▶",
            Self::Unknown => "?",
            Self::Quiet => "○",
        }
    }

    /// Of the words that views carry as text.
    #[must_use]
    pub fn named(word: &str) -> Self {
        match word {
            "good" => Self::Good,
            "watch" => Self::Watch,
            "bad" => Self::Bad,
            "moving" => Self::Moving,
            _ => Self::Unknown,
        }
    }
}

/// Icon and word in the state's colour.
#[must_use]
pub fn badge(tone: Tone, word: impl Into<String>) -> AnyView {
    let class = format!("state {}", tone.as_str());
    view! { <span class=class>{icon::sized(&format!("s-{}", tone.as_str()), 14)}<span>{word.into()}</span></span> }.into_any()
}

#[must_use]
pub fn run_state(state: RunState) -> (Tone, &'static str) {
    match state {
        RunState::AwaitingApproval => (Tone::Watch, "awaiting approval"),
        RunState::Running => (Tone::Moving, "running"),
        RunState::Paused => (Tone::Watch, "paused"),
        RunState::NeedsPerson => (Tone::Bad, "needs a person"),
        RunState::Undoing => (Tone::Moving, "undoing"),
        RunState::AwaitingCommit => (Tone::Watch, "awaiting commit"),
        RunState::Completed => (Tone::Good, "completed"),
        RunState::CompletedWithExceptions => (Tone::Watch, "completed with exceptions"),
        RunState::RolledBack => (Tone::Watch, "rolled back"),
        RunState::Cancelled => (Tone::Quiet, "cancelled"),
        RunState::Denied => (Tone::Quiet, "denied"),
        RunState::Expired => (Tone::Quiet, "expired"),
        RunState::Failed => (Tone::Bad, "failed"),
    }
}

#[must_use]
pub fn evacuation_state(state: evacuation::State) -> (Tone, &'static str) {
    use evacuation::State;
    match state {
        State::AwaitingApproval => (Tone::Watch, "awaiting approval"),
        State::Running => (Tone::Moving, "under way"),
        State::Stopped => (Tone::Bad, "stopped"),
        State::Completed => (Tone::Good, "completed"),
        State::CompletedWithExceptions => (Tone::Watch, "completed with exceptions"),
        State::Cancelled => (Tone::Quiet, "cancelled"),
        State::Denied => (Tone::Quiet, "denied"),
        State::Expired => (Tone::Quiet, "expired"),
    }
}

#[must_use]
pub fn step_state(state: StepState) -> (Tone, &'static str) {
    match state {
        StepState::Pending => (Tone::Quiet, "not begun"),
        StepState::Running => (Tone::Moving, "running"),
        StepState::Waiting => (Tone::Moving, "waiting for AWS"),
        StepState::Unknown => (Tone::Unknown, "answer unknown"),
        StepState::NeedsPerson => (Tone::Bad, "needs a person"),
        StepState::Succeeded => (Tone::Good, "done"),
        StepState::Skipped => (Tone::Watch, "skipped"),
        StepState::Undone => (Tone::Watch, "undone"),
        StepState::Failed => (Tone::Bad, "failed"),
    }
}

#[must_use]
pub fn recovery(state: RecoveryState) -> (Tone, String) {
    let tone = match state {
        RecoveryState::Steady | RecoveryState::ReHomed => Tone::Good,
        RecoveryState::FailingOver | RecoveryState::FailingBack | RecoveryState::Reprotecting => Tone::Moving,
        RecoveryState::FailedOver
        | RecoveryState::ReadyToFailBack
        | RecoveryState::MovedOutside
        | RecoveryState::Evacuated => Tone::Watch,
        RecoveryState::PartlyMoved => Tone::Bad,
        RecoveryState::Unknown => Tone::Unknown,
    };
    let words = match state {
        RecoveryState::ReHomed => "re-homed".to_owned(),
        RecoveryState::MovedOutside => "moved outside Holdfast".to_owned(),
        other => format::plain(other.as_str()),
    };
    (tone, words)
}

/// `yes`, `no`, anything else.
#[must_use]
pub fn survives(word: &str) -> (Tone, &'static str) {
    match word {
        "yes" => (Tone::Good, "would survive"),
        "no" => (Tone::Bad, "would not survive"),
        _ => (Tone::Unknown, "cannot be told"),
    }
}

#[must_use]
pub fn standing(standing: Standing) -> (Tone, &'static str) {
    match standing {
        Standing::Met => (Tone::Good, "met"),
        Standing::Missed => (Tone::Bad, "missed"),
        Standing::Unknown => (Tone::Unknown, "unknown"),
    }
}

#[must_use]
pub fn severity(severity: Severity) -> (Tone, &'static str) {
    match severity {
        Severity::Note => (Tone::Quiet, "note"),
        Severity::Warning => (Tone::Watch, "warning"),
        Severity::Unknown => (Tone::Unknown, "unknown"),
        Severity::Blocker => (Tone::Bad, "blocker"),
    }
}

/// What was seen of a Region.
#[must_use]
pub fn observed(word: &str) -> (Tone, &'static str) {
    match word {
        "good" => (Tone::Good, "all seen"),
        "partial" => (Tone::Watch, "partly seen"),
        "dark" => (Tone::Bad, "dark"),
        "stale" => (Tone::Unknown, "stale"),
        _ => (Tone::Unknown, "unknown"),
    }
}

/// What operators say of a Region.
#[must_use]
pub fn declared(word: &str) -> (Tone, String) {
    let tone = match word {
        "normal" => Tone::Quiet,
        "impaired" | "evacuated" => Tone::Watch,
        "evacuating" => Tone::Moving,
        _ => Tone::Unknown,
    };
    (tone, format::plain(word))
}

/// The answer of assuming a role.
#[must_use]
pub fn role(word: &str) -> (Tone, &'static str) {
    match word {
        "ok" => (Tone::Good, "assumed"),
        "denied" => (Tone::Bad, "denied"),
        "unreachable" => (Tone::Bad, "unreachable"),
        _ => (Tone::Unknown, "unknown"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_nobody_defined_is_unknown_and_never_good() {
        for word in ["", "fine", "GOOD", "ok!", "unknown", "stale"] {
            assert_eq!(Tone::named(word), Tone::Unknown, "{word}");
            assert_eq!(observed(word).0, Tone::Unknown, "{word}");
            assert_eq!(role(word).0, Tone::Unknown, "{word}");
            assert_eq!(survives(word).0, Tone::Unknown, "{word}");
            assert_ne!(declared(word).0, Tone::Good, "{word}");
        }
        assert_eq!(step_state(StepState::Unknown).0, Tone::Unknown);
        assert_eq!(recovery(RecoveryState::Unknown).0, Tone::Unknown);
        assert_eq!(standing(Standing::Unknown).0, Tone::Unknown);
        assert_eq!(severity(Severity::Unknown).0, Tone::Unknown);
    }
}
