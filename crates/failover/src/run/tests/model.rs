//! Lease, fence and approval under a model checker: every order in which a few replicas, people and AWS may act, with
//! crashes, stops, lost answers and time passing in between. What is decided is decided by the functions that decide in
//! production: `Run::handle`, `Run::next`, `may_repeat`, `lease`. Described here are only what surrounds them: a database that
//! compares and writes, an AWS in which calls are under way, and in which order a worker looks, writes and calls (`step.rs` of
//! the engine). Each claim is shown to be able to fail: a worker that leaves out one of its checks is found out.
//!
//! Small bounds here; `make chaos` raises them.

mod approval;
mod fence;

use super::*;
use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// What of a step decides how it goes on.
#[derive(Debug, PartialEq, Eq, Hash)]
struct StepKey {
    state: StepState,
    attempt: u32,
    /// Until when an answer may come, where a call is out; whether one came.
    due: Option<Timestamp>,
    answered: bool,
}

/// What of a run decides how it goes on: of two runs that agree here all that follows is the same.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    state: RunState,
    seq: i64,
    owner: Option<(String, i64)>,
    reviewers: Vec<u128>,
    steps: Vec<StepKey>,
    as_requested: bool,
}

/// A run as stored, or as somebody read it.
#[derive(Debug, Clone)]
struct Kept {
    run: Arc<Run>,
    key: Arc<Key>,
}

impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Kept {}

impl Hash for Kept {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl Kept {
    fn of(run: Run) -> Self {
        let steps = run.steps.values().map(|p| StepKey {
            state: p.state,
            attempt: p.attempt,
            due: p.answer_may_come_until(),
            answered: matches!(p.call, Some(CallState::Answered(_))),
        });
        let key = Key {
            state: run.state,
            seq: run.seq,
            owner: run.owner.clone(),
            reviewers: run.reviews.iter().map(|r| r.person.0.as_u128()).collect(),
            steps: steps.collect(),
            // Of the few requests of a model only a changed one has another plan than it began with.
            as_requested: run.request.plan.steps.first().is_none_or(|step| step.timeout_seconds == 600),
        };
        Self { run: Arc::new(run), key: Arc::new(key) }
    }

    /// What the commands make of it, and the events; the journal's own loop (`carry_out` of the engine).
    fn after(&self, commands: &[Command], now: Timestamp) -> Result<(Self, Vec<Event>), Refusal> {
        let mut ahead = Cow::Borrowed(&*self.run);
        let mut events = Vec::new();
        for command in commands {
            for event in ahead.handle(command.clone(), now)? {
                let seq = ahead.seq + 1;
                ahead.to_mut().apply(&Entry { seq, at: now, event: event.clone() }).unwrap();
                events.push(event);
            }
        }
        Ok((Self::of(ahead.into_owned()), events))
    }
}

/// A second of the model.
fn at(second: u8) -> Timestamp {
    after(i64::from(second))
}

/// The long version, for `make chaos`.
fn deep() -> bool {
    std::env::var_os("HOLDFAST_DEEP_MODEL").is_some()
}
