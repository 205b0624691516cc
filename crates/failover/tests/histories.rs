//! R17. Journals that earlier versions wrote, and this one, in a folder of each: they are read on this code, and end where they ended. What
//! is in the folder of a version that was released is never changed.
#![allow(clippy::unwrap_used, clippy::panic)] // outside of `#[test]` functions too, a panic is how a claim fails

use holdfast_domain::{EvacuationId, RunId};
use holdfast_failover::evacuation;
use holdfast_failover::run::{Entry, Event, Request};
use holdfast_failover::{Drill, Evacuation, Intent, Mode, Run, RunState};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
struct Recorded {
    of: String,
    id: uuid::Uuid,
    state: String,
    entries: Vec<Line>,
}

#[derive(Deserialize)]
struct Line {
    seq: i64,
    at: Timestamp,
    event: Value,
}

struct History {
    file: PathBuf,
    recorded: Recorded,
}

fn histories(of: &str) -> Vec<History> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/histories");
    let mut found = Vec::new();
    for version in std::fs::read_dir(folder).unwrap().flatten() {
        for file in std::fs::read_dir(version.path()).unwrap().flatten() {
            let text = std::fs::read_to_string(file.path()).unwrap();
            let recorded: Recorded =
                serde_json::from_str(&text).unwrap_or_else(|why| panic!("{}: {why}", file.path().display()));
            found.push(History { file: file.path(), recorded });
        }
    }
    found.retain(|history| history.recorded.of == of);
    assert!(!found.is_empty(), "no history of a {of} is recorded");
    found
}

impl History {
    fn of(&self, seq: i64) -> String {
        format!("{}, entry {seq}", self.file.display())
    }

    fn entries(&self, with: impl Fn(&Value) -> Value) -> Vec<Entry> {
        let entry = |line: &Line| Entry {
            seq: line.seq,
            at: line.at,
            event: serde_json::from_value(with(&line.event))
                .unwrap_or_else(|why| panic!("{}: {why}", self.of(line.seq))),
        };
        self.recorded.entries.iter().map(entry).collect()
    }

    fn replayed(&self, entries: &[Entry]) -> Run {
        Run::replay(RunId(self.recorded.id), entries)
            .unwrap_or_else(|why| panic!("{}: {why}", self.of(entries.last().map_or(0, |last| last.seq))))
    }
}

#[test]
fn every_recorded_run_replays_to_where_it_ended_and_its_digest_is_still_its_plans() {
    for history in histories("run") {
        let run = history.replayed(&history.entries(Value::clone));
        assert_eq!(run.state.as_str(), history.recorded.state, "{}", history.file.display());
        run.request.check_digest().unwrap_or_else(|why| panic!("{}: {why}", history.file.display()));
    }
}

/// A new version takes over in the middle, wherever the old one was stopped.
#[test]
fn each_beginning_of_it_replays_too_and_it_can_be_told_what_is_next() {
    for history in histories("run") {
        let entries = history.entries(Value::clone);
        for until in 1..=entries.len() {
            let run = history.replayed(&entries[..until]);
            let _ = (run.next(entries[until - 1].at), run.summary());
        }
    }
}

#[test]
fn so_do_recorded_evacuations() {
    for history in histories("evacuation") {
        let entries: Vec<evacuation::Entry> = history
            .recorded
            .entries
            .iter()
            .map(|line| evacuation::Entry {
                seq: line.seq,
                at: line.at,
                event: serde_json::from_value(line.event.clone())
                    .unwrap_or_else(|why| panic!("{}: {why}", history.of(line.seq))),
            })
            .collect();
        let lot = Evacuation::replay(EvacuationId(history.recorded.id), &entries)
            .unwrap_or_else(|why| panic!("{}: {why}", history.file.display()));
        assert!(lot.ended_at.is_some(), "{}", history.file.display());
    }
}

/// What is there is there after it was read and written: a name that changed, or a field that went, is a history that is lost.
#[test]
fn nothing_of_a_recorded_entry_is_lost_when_it_is_written_again() {
    fn missing(was: &Value, is: &Value, path: &str) -> Option<String> {
        match (was, is) {
            (Value::Object(was), Value::Object(is)) => was.iter().find_map(|(key, value)| {
                let path = format!("{path}/{key}");
                is.get(key).map_or_else(|| Some(path.clone()), |there| missing(value, there, &path))
            }),
            (Value::Array(was), Value::Array(is)) if was.len() == is.len() => was
                .iter()
                .zip(is)
                .enumerate()
                .find_map(|(n, (was, is))| missing(was, is, &format!("{path}/{n}"))),
            (Value::Number(was), Value::Number(is)) if was.as_f64() == is.as_f64() => None,
            (was, is) => (was != is).then(|| path.to_owned()),
        }
    }
    for history in histories("run") {
        for line in &history.recorded.entries {
            let event: Event = serde_json::from_value(line.event.clone()).unwrap();
            let lost = missing(&line.event, &serde_json::to_value(&event).unwrap(), "");
            assert_eq!(lost, None, "{}", history.of(line.seq));
        }
    }
}

/// While replicas are replaced the old one reads what the new one has written.
#[test]
fn fields_that_a_newer_version_adds_are_passed_over() {
    fn with_more(at: &Value) -> Value {
        let mut more = at.clone();
        let places = [
            "",
            "/request",
            "/request/plan",
            "/request/by",
            "/request/movement",
            "/request/policy",
            "/answer",
            "/by",
            "/review",
        ];
        for place in places {
            if let Some(Value::Object(object)) = more.pointer_mut(place) {
                object.insert("added_later".into(), serde_json::json!({ "anything": [1, null] }));
            }
        }
        if let Some(Value::Array(steps)) = more.pointer_mut("/request/plan/steps") {
            for step in steps.iter_mut().filter_map(Value::as_object_mut) {
                step.insert("added_later".into(), Value::Null);
            }
        }
        more
    }
    for history in histories("run") {
        let (plain, more) = (history.entries(Value::clone), history.entries(with_more));
        assert_eq!(history.replayed(&plain), history.replayed(&more), "{}", history.file.display());
    }
}

/// A run as its journal has it: what was asked for, and what happened.
struct Told {
    request: Request,
    state: String,
    happened: BTreeSet<&'static str>,
}

impl Told {
    fn is(&self, intent: Intent, mode: Mode) -> bool {
        let movement = &self.request.movement;
        (movement.intent, movement.mode) == (intent, mode) && self.request.plan.drill.is_none()
    }

    fn drills(&self, of: fn(&Drill) -> bool) -> bool {
        self.request.plan.drill.as_ref().is_some_and(of)
    }

    fn ended(&self, state: RunState, after: &[&str]) -> bool {
        self.state == state.as_str() && after.iter().all(|kind| self.happened.contains(kind))
    }
}

/// Its name, and whether a run is of it.
type Kind = (&'static str, fn(&Told) -> bool);

/// What a run can be and come to. Each has a history, which `scripts/record-histories` writes.
const KINDS: &[Kind] = &[
    ("a planned failover", |run| run.is(Intent::Failover, Mode::Planned)),
    ("an emergency failover", |run| run.is(Intent::Failover, Mode::Emergency)),
    ("a planned failback", |run| run.is(Intent::Failback, Mode::Planned)),
    ("an isolated drill", |run| run.drills(|drill| matches!(drill, Drill::Isolated))),
    ("a live drill's way there", |run| run.drills(|drill| matches!(drill, Drill::There { .. }))),
    ("a live drill's way back", |run| run.drills(|drill| matches!(drill, Drill::Back { .. }))),
    ("a drill that was aborted and taken back", |run| {
        run.drills(|_| true) && run.ended(RunState::RolledBack, &["aborted"])
    }),
    ("a dry run", |run| run.request.dry_run && run.ended(RunState::Completed, &[])),
    ("one that was aborted and taken back", |run| run.ended(RunState::RolledBack, &["aborted"])),
    ("one that was committed", |run| run.ended(RunState::Completed, &["commit_awaited", "committed"])),
    ("one that nobody committed, taken back", |run| {
        run.ended(RunState::RolledBack, &["commit_awaited", "commit_window_ended"])
    }),
    ("one that was escalated", |run| run.ended(RunState::Completed, &["escalated"])),
    ("one of which a step was escalated", |run| run.ended(RunState::Completed, &["step_escalated"])),
    ("one that was paused and resumed", |run| run.ended(RunState::Completed, &["paused", "resumed"])),
    ("one with a step that was skipped", |run| {
        run.ended(RunState::CompletedWithExceptions, &["step_parked", "step_skipped"])
    }),
    ("one with a step that was tried again", |run| run.happened.contains("step_retried")),
    ("one whose call was lost", |run| run.ended(RunState::Completed, &["call_unknown"])),
    ("one that another worker took over", |run| run.ended(RunState::Completed, &["taken_over"])),
    ("one that was cancelled", |run| run.ended(RunState::Cancelled, &["cancelled"])),
    ("one that was denied", |run| run.ended(RunState::Denied, &["denied"])),
    ("one that expired", |run| run.ended(RunState::Expired, &["expired"])),
];

#[test]
fn every_kind_of_run_has_a_history() {
    let told: Vec<Told> = histories("run")
        .iter()
        .map(|history| {
            let entries = history.entries(Value::clone);
            let request = entries.iter().find_map(|entry| match &entry.event {
                Event::Requested { request } => Some((**request).clone()),
                _ => None,
            });
            Told {
                request: request
                    .unwrap_or_else(|| panic!("{}: nothing was asked for", history.file.display())),
                state: history.recorded.state.clone(),
                happened: entries.iter().map(|entry| entry.event.kind()).collect(),
            }
        })
        .collect();
    let missing: Vec<&str> =
        KINDS.iter().filter(|(_, is)| !told.iter().any(is)).map(|(kind, _)| *kind).collect();
    assert!(missing.is_empty(), "no history of {missing:#?}: scripts/record-histories writes them");
}
