//! How far an evacuation is, and what its turn is now: from its journal and from how its runs stand.

use super::{Evacuation, Part, Parts};
use crate::run::RunState;
use holdfast_domain::RunId;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    AwaitingApproval,
    Running,
    /// A wave did not go well, and the next ones wait for a person's word.
    Stopped,
    Completed,
    CompletedWithExceptions,
    Cancelled,
    Denied,
    Expired,
}

/// What is to be done with the lot now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Approvals are missing.
    Approve,
    /// The turn of these has come.
    Start {
        runs: Vec<RunId>,
    },
    /// Runs of this wave (from 1) are under way, or wait for a commit.
    Wait {
        wave: usize,
    },
    /// This wave (from 1) holds the next ones.
    Stopped {
        wave: usize,
        because: Vec<String>,
    },
    /// Every part is over: `exceptions` are those that did not go as planned, and those left out.
    Complete {
        exceptions: Vec<String>,
    },
    /// Cancelled, or emptied before it began, and nothing is under way any more.
    End,
    Ended,
}

impl State {
    pub const ALL: [Self; 8] = [
        Self::AwaitingApproval,
        Self::Running,
        Self::Stopped,
        Self::Completed,
        Self::CompletedWithExceptions,
        Self::Cancelled,
        Self::Denied,
        Self::Expired,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AwaitingApproval => "awaiting_approval",
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Completed => "completed",
            Self::CompletedWithExceptions => "completed_with_exceptions",
            Self::Cancelled => "cancelled",
            Self::Denied => "denied",
            Self::Expired => "expired",
        }
    }
}

/// A run as the lot counts it: one that workers crashed on, and that is set aside for it, waits for a person whatever its
/// last state was.
#[must_use]
pub fn as_part(state: RunState, set_aside: bool) -> RunState {
    if set_aside { RunState::NeedsPerson } else { state }
}

/// Under way and neither held by a person nor waiting for one.
fn moves(state: RunState) -> bool {
    matches!(state, RunState::Running | RunState::Paused | RunState::Undoing)
}

/// Not as it should have gone. What completed without a step that a person took out went as that person said.
fn is_amiss(state: RunState) -> bool {
    match state {
        RunState::NeedsPerson
        | RunState::RolledBack
        | RunState::Cancelled
        | RunState::Denied
        | RunState::Expired
        | RunState::Failed => true,
        RunState::AwaitingApproval
        | RunState::Running
        | RunState::Paused
        | RunState::Undoing
        | RunState::AwaitingCommit
        | RunState::Completed
        | RunState::CompletedWithExceptions => false,
    }
}

fn amiss(part: &Part, state: RunState) -> Option<String> {
    is_amiss(state).then(|| format!("{}: {}", part.application, state.as_str().replace('_', " ")))
}

impl Evacuation {
    /// Cancelled before its turn came. That is a person's decision about this part, not something that went wrong: no wave
    /// waits for a word about it.
    fn was_taken_out(&self, part: &Part, state: RunState) -> bool {
        state == RunState::Cancelled && !self.turned.contains(&part.run)
    }

    #[must_use]
    pub fn state(&self, parts: &Parts) -> State {
        if let Some((state, _)) = &self.ending {
            return *state;
        }
        match self.next(parts) {
            Next::Approve => State::AwaitingApproval,
            Next::Stopped { .. } => State::Stopped,
            _ => State::Running,
        }
    }

    /// How one part stands. What is not known of a run counts as not begun: nothing goes on by it.
    fn of(parts: &Parts, part: &Part) -> RunState {
        parts.get(&part.run).copied().unwrap_or(RunState::AwaitingApproval)
    }

    /// What the lot's turn is now.
    #[must_use]
    pub fn next(&self, parts: &Parts) -> Next {
        if self.ended_at.is_some() {
            return Next::Ended;
        }
        let all_over = self.request.parts().all(|part| Self::of(parts, part).is_over());
        if self.started_at.is_none() {
            return if all_over { Next::End } else { Next::Approve };
        }
        if self.cancelled.is_some() {
            let wave = self.request.waves.len();
            return if all_over { Next::End } else { Next::Wait { wave } };
        }
        let under_way = self.request.parts().filter(|part| moves(Self::of(parts, part))).count();
        let free = usize::from(self.request.concurrency.max(1)).saturating_sub(under_way);
        let mut waits_in = None;
        for (number, wave) in (1..).zip(&self.request.waves) {
            let of_wave = || wave.iter().map(|part| (part, Self::of(parts, part)));
            let waiting: Vec<RunId> = of_wave()
                .filter(|(_, state)| *state == RunState::AwaitingApproval)
                .map(|(part, _)| part.run)
                .collect();
            if !waiting.is_empty() {
                let runs: Vec<RunId> = waiting.into_iter().take(free).collect();
                return if runs.is_empty() { Next::Wait { wave: number } } else { Next::Start { runs } };
            }
            // What is not committed may be taken back, and the next waves rest on it.
            if of_wave().any(|(_, state)| moves(state) || state == RunState::AwaitingCommit) {
                return Next::Wait { wave: number };
            }
            if of_wave().any(|(_, state)| !state.is_over()) {
                waits_in.get_or_insert(number);
            }
            let because: Vec<String> = of_wave()
                .filter(|(part, state)| !self.was_taken_out(part, *state))
                .filter_map(|(part, state)| amiss(part, state))
                .collect();
            let more = self.request.waves.iter().skip(number).flatten();
            let holds =
                self.request.stop_on_failure && !because.is_empty() && !self.went_on.contains(&number);
            if holds && more.into_iter().any(|part| Self::of(parts, part) == RunState::AwaitingApproval) {
                return Next::Stopped { wave: number, because };
            }
        }
        match waits_in {
            Some(wave) => Next::Wait { wave },
            None => Next::Complete { exceptions: self.exceptions(parts) },
        }
    }

    /// What did not go as planned so far, and what was left out from the beginning.
    #[must_use]
    pub fn exceptions(&self, parts: &Parts) -> Vec<String> {
        let with_exceptions = RunState::CompletedWithExceptions;
        self.request
            .parts()
            .filter_map(|part| match Self::of(parts, part) {
                state if state == with_exceptions => {
                    Some(format!("{}: {}", part.application, state.as_str().replace('_', " ")))
                }
                state if self.was_taken_out(part, state) => Some(format!("{}: taken out", part.application)),
                state => amiss(part, state),
            })
            .chain(self.request.left_out.iter().map(|left| format!("{}: left out", left.application)))
            .collect()
    }

    /// The parts that are taken back unless somebody commits them, as a sentence of its own; empty where there are none.
    fn commits_awaited(&self, parts: &Parts) -> String {
        let awaits = |part: &&Part| Self::of(parts, part) == RunState::AwaitingCommit;
        let named: Vec<&str> =
            self.request.parts().filter(awaits).map(|part| part.application.as_str()).collect();
        if named.is_empty() { String::new() } else { format!(" Waiting for a commit: {}.", named.join(", ")) }
    }

    /// What it is doing or waiting for, in a sentence.
    #[must_use]
    pub fn now_words(&self, parts: &Parts) -> String {
        if let Some((_, ending)) = &self.ending {
            return ending.clone();
        }
        let waves = self.request.waves.len();
        match self.next(parts) {
            Next::Approve => "Waits for approval of the whole lot.".into(),
            Next::Start { .. } => "Starting the next runs.".into(),
            Next::Wait { .. } if self.cancelled.is_some() => {
                let commits = self.commits_awaited(parts);
                format!("Cancelled: what is under way goes on, and nothing further begins.{commits}")
            }
            Next::Wait { wave } => {
                format!("Wave {wave} of {waves} is under way.{}", self.commits_awaited(parts))
            }
            Next::Stopped { wave, because } => {
                format!("Stopped after wave {wave} of {waves}: {}.", because.join("; "))
            }
            Next::Complete { .. } | Next::End | Next::Ended => "Every part is over.".into(),
        }
    }
}
