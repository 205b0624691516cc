//! What tests do to what they test, counted: each of their processes adds to one file, which `scripts/faults` sums up.

use std::fs::OpenOptions;
use std::io::Write as _;

/// Names the file; without it nothing is counted.
const COUNTED_IN: &str = "HOLDFAST_FAULTS";

/// What is done to a process, a connection or a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Injected {
    /// A process that was killed, or that ended itself, in the middle of its work.
    KilledProcess,
    /// A process stopped for longer than its lease.
    StoppedProcess,
    /// A worker whose tasks, leases and connections ended where they were, at a moment of a step.
    DeathAtAMoment,
    /// Connections to the database that were cut, silenced or lost an answer.
    Connection,
    /// A call that AWS throttled, broke, kept, answered in vain or answered with what was before.
    AnswerOfAws,
}

impl Injected {
    fn as_str(self) -> &'static str {
        match self {
            Self::KilledProcess => "killed-process",
            Self::StoppedProcess => "stopped-process",
            Self::DeathAtAMoment => "death-at-a-moment",
            Self::Connection => "connection",
            Self::AnswerOfAws => "answer-of-aws",
        }
    }

    /// So many of them.
    pub fn count(self, number: usize) {
        let Some(file) = std::env::var_os(COUNTED_IN).filter(|_| number > 0) else { return };
        let mut file = OpenOptions::new().append(true).create(true).open(file).unwrap();
        // One write: other processes add to the same file.
        file.write_all(format!("{} {number}\n", self.as_str()).as_bytes()).unwrap();
    }
}
