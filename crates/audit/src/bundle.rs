//! The exported log as a file, and its verification with the public key alone. One JSON value a line: what the file is;
//! handovers of keys; checkpoints that were kept apart from the database (witnesses); then each entry in the order of
//! the log with its leaf's hash, and each checkpoint after the last entry that it covers; entries that are not in the
//! log yet; and an end, so that a file that broke off is known as one.

use crate::checkpoint::Checkpoint;
use crate::keys::Keyring;
use crate::leaf::{Entry, of_hex};
use crate::merkle::{Frontier, Hash};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::ScopedJoinHandle;

pub const FORMAT: u8 = 1;

/// One line of the file. Exactly one of its parts is there.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holdfast_audit_log: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none", borrow)]
    pub origin: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none", borrow)]
    pub handover: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none", borrow)]
    pub witness: Option<Cow<'a, str>>,
    /// Its place in the log, with `leaf` and `entry`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// Hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none", borrow)]
    pub leaf: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none", borrow)]
    pub entry: Option<Entry<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none", borrow)]
    pub checkpoint: Option<Cow<'a, str>>,
    /// Younger than the last checkpoint: not in the log yet, and proved by nothing.
    #[serde(default, skip_serializing_if = "Option::is_none", borrow)]
    pub pending: Option<Entry<'a>>,
    /// How many lines with an entry there were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<u64>,
}

/// What was proved.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Report {
    /// Entries that signed checkpoints cover.
    pub entries: u64,
    pub checkpoints: u64,
    /// Of those, kept apart from the database.
    pub witnesses: u64,
    /// Entries that are younger than the last checkpoint.
    pub pending: u64,
    /// When the last checkpoint was signed.
    pub until: Option<String>,
}

/// The first thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub struct Fault {
    /// From 1; 0: the file as a whole.
    pub line: u64,
    /// The first entry that is bad, by its place in the log from 0.
    pub entry: Option<u64>,
    /// Where the signatures tell only that one of several is: the last of them.
    pub to_entry: Option<u64>,
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.entry, self.to_entry) {
            (Some(from), Some(to)) if from < to => write!(f, "entry {from} to {to}: ")?,
            (Some(entry), _) => write!(f, "entry {entry}: ")?,
            (None, _) => {}
        }
        f.write_str(&self.what)?;
        if self.line > 0 {
            write!(f, " (line {} of the file)", self.line)?;
        }
        Ok(())
    }
}

/// A line taken in as far as it can be without knowing those before it.
enum Taken {
    Begin { format: u8, origin: String },
    Handover(String),
    Witness(String),
    Entry { index: u64, stated: Option<Hash>, computed: Result<Hash, String> },
    Checkpoint(String),
    Pending,
    End(u64),
    Nonsense(String),
}

fn take(text: &str) -> Taken {
    let line: Line<'_> = match serde_json::from_str(text) {
        Ok(line) => line,
        Err(error) => return Taken::Nonsense(format!("it is none that an export has: {error}")),
    };
    match line {
        Line { holdfast_audit_log: Some(format), origin: Some(origin), .. } => {
            Taken::Begin { format, origin: origin.into_owned() }
        }
        Line { handover: Some(note), .. } => Taken::Handover(note.into_owned()),
        Line { witness: Some(note), .. } => Taken::Witness(note.into_owned()),
        Line { index: Some(index), leaf: Some(leaf), entry: Some(entry), .. } => {
            let mut stated = [0; 32];
            let stated = of_hex(&leaf, &mut stated).then_some(stated);
            Taken::Entry { index, stated, computed: entry.leaf_hash().map_err(|e| e.0) }
        }
        Line { checkpoint: Some(note), .. } => Taken::Checkpoint(note.into_owned()),
        Line { pending: Some(_), .. } => Taken::Pending,
        Line { end: Some(count), .. } => Taken::End(count),
        _ => Taken::Nonsense("it is none that an export has".into()),
    }
}

/// Verifies line by line.
#[derive(Debug)]
pub struct Verifier {
    keys: Keyring,
    origin: Option<String>,
    frontier: Frontier,
    line: u64,
    /// Entries that a good checkpoint covers.
    covered: u64,
    /// Checkpoints kept apart, not read yet: the keys that signed them may come in the file.
    unread: Vec<String>,
    /// Roots that they have, by size.
    witnessed: BTreeMap<u64, Vec<Hash>>,
    report: Report,
    ended: bool,
}

impl Verifier {
    #[must_use]
    pub fn new(keys: Keyring) -> Self {
        Self {
            keys,
            origin: None,
            frontier: Frontier::default(),
            line: 0,
            covered: 0,
            unread: Vec::new(),
            witnessed: BTreeMap::new(),
            report: Report::default(),
            ended: false,
        }
    }

    /// A checkpoint that somebody kept apart from the file, as a note.
    pub fn witness(&mut self, note: String) {
        self.unread.push(note);
    }

    fn read_witnesses(&mut self) -> Result<(), Fault> {
        for note in std::mem::take(&mut self.unread) {
            let checkpoint = self.checkpoint(&note)?;
            self.report.witnesses += 1;
            self.witnessed.entry(checkpoint.size).or_default().push(checkpoint.root);
        }
        Ok(())
    }

    fn fault(&self, entry: Option<u64>, what: impl Into<String>) -> Fault {
        Fault { line: self.line, entry, to_entry: None, what: what.into() }
    }

    fn checkpoint(&self, note: &str) -> Result<Checkpoint, Fault> {
        let checkpoint = self.keys.checkpoint(note).map_err(|e| {
            let entries = self.frontier.size();
            let first = if entries > self.covered { Some(self.covered) } else { None };
            self.fault(first, e.0)
        })?;
        match &self.origin {
            Some(origin) if *origin != checkpoint.origin => {
                Err(self.fault(None, format!("a checkpoint of another log, {}", checkpoint.origin)))
            }
            _ => Ok(checkpoint),
        }
    }

    fn line(&mut self, taken: Taken) -> Result<(), Fault> {
        self.line += 1;
        if self.ended {
            return Err(self.fault(None, "something follows the end"));
        }
        match taken {
            Taken::Begin { format, origin } if self.line == 1 && format == FORMAT => {
                self.origin = Some(origin)
            }
            Taken::Begin { format, .. } if format != FORMAT => {
                return Err(self.fault(None, format!("a file of format {format}: take a newer `holdfast`")));
            }
            _ if self.origin.is_none() => {
                return Err(self.fault(None, "the file does not begin as an exported log"));
            }
            Taken::Begin { .. } => return Err(self.fault(None, "a second beginning")),
            Taken::Handover(note) => self.keys.hand_over(&note).map_err(|e| self.fault(None, e.0))?,
            Taken::Witness(note) => self.witness(note),
            Taken::Entry { index, stated, computed } => self.entry(index, stated, computed)?,
            Taken::Checkpoint(note) => self.meet(&note)?,
            Taken::Pending => {
                self.read_witnesses()?;
                self.report.pending += 1;
            }
            Taken::End(count) if count == self.frontier.size() + self.report.pending => self.ended = true,
            Taken::End(count) => {
                let first = Some(self.frontier.size());
                return Err(self.fault(first, format!("the file is to have {count} entries and has others")));
            }
            Taken::Nonsense(what) => {
                let next = self.frontier.size();
                return Err(self.fault(Some(next), what));
            }
        }
        Ok(())
    }

    fn entry(
        &mut self,
        index: u64,
        stated: Option<Hash>,
        computed: Result<Hash, String>,
    ) -> Result<(), Fault> {
        self.read_witnesses()?;
        let next = self.frontier.size();
        if index > next {
            return Err(self.fault(Some(next), format!("it is missing: entry {index} stands in its place")));
        }
        if index < next {
            return Err(self.fault(Some(index), "it stands there once more, or out of its order"));
        }
        let computed = computed.map_err(|what| self.fault(Some(index), what))?;
        if stated != Some(computed) {
            return Err(self.fault(Some(index), "it is not what was logged: its leaf is another"));
        }
        self.frontier.append(computed, |_, _| {});
        self.compare_witnesses()
    }

    /// What was seen elsewhere of a log of this size.
    fn compare_witnesses(&mut self) -> Result<(), Fault> {
        let size = self.frontier.size();
        let Some(seen) = self.witnessed.remove(&size) else { return Ok(()) };
        let root = self.frontier.root();
        if seen.iter().all(|witnessed| *witnessed == root) {
            return Ok(());
        }
        let mut fault = self.not_signed();
        fault.what = format!("{}; a checkpoint kept apart has another root", fault.what);
        Err(fault)
    }

    /// One of the entries since the last good checkpoint.
    fn not_signed(&self) -> Fault {
        let last = self.frontier.size().saturating_sub(1);
        let mut fault =
            self.fault(Some(self.covered.min(last)), "it, or one after it, is not what was signed");
        fault.to_entry = Some(last);
        fault
    }

    /// There are fewer than were signed. No checkpoint was met since the last good one, so that what is missing may
    /// have stood anywhere since, with the others moved up.
    fn missing(&self, why: &str) -> Fault {
        let size = self.frontier.size();
        let mut fault = self.fault(Some(self.covered.min(size)), format!("something is missing: {why}"));
        fault.to_entry = Some(size);
        fault
    }

    fn meet(&mut self, note: &str) -> Result<(), Fault> {
        self.read_witnesses()?;
        let checkpoint = self.checkpoint(note)?;
        let size = self.frontier.size();
        if checkpoint.size > size {
            return Err(self.missing(&format!("{} entries were signed", checkpoint.size)));
        }
        if checkpoint.size < size {
            let what = format!("it stands before the checkpoint of {} entries", checkpoint.size);
            return Err(self.fault(Some(checkpoint.size), what));
        }
        if checkpoint.root != self.frontier.root() {
            return Err(self.not_signed());
        }
        self.covered = size;
        self.report.checkpoints += 1;
        self.report.until = Some(checkpoint.at);
        Ok(())
    }

    /// # Errors
    /// What the file lacks at its end.
    pub fn finish(mut self) -> Result<Report, Fault> {
        self.line = 0;
        self.read_witnesses()?;
        let size = self.frontier.size();
        if let Some((signed, _)) = self.witnessed.iter().find(|(signed, _)| **signed > size) {
            return Err(self.missing(&format!("a checkpoint kept apart was signed over {signed} entries")));
        }
        if !self.ended {
            return Err(self.fault(Some(size), "the file breaks off before its end"));
        }
        if size > self.covered {
            let mut fault = self.fault(Some(self.covered), "no checkpoint was signed over it");
            fault.to_entry = Some(size - 1);
            return Err(fault);
        }
        // A witness of the empty log, or of a size that was passed before it was heard of.
        if self.witnessed.keys().any(|signed| *signed > 0) {
            return Err(self.fault(None, "a checkpoint kept apart could not be compared"));
        }
        self.report.entries = size;
        Ok(self.report)
    }
}

/// Why a file could not be verified.
#[derive(Debug, thiserror::Error)]
pub enum Unverified {
    #[error(transparent)]
    Fault(#[from] Fault),
    #[error("the file cannot be read: {0}")]
    Io(#[from] io::Error),
}

/// Bytes that one thread takes at a time, and the end of the line in which they end.
const BLOCK: usize = 1 << 21;
/// Blocks that wait for a thread, and those whose lines wait for their turn: so much is in memory, however long the file is.
const AHEAD: usize = 2;

/// Verifies a whole file; `threads` of this machine compute the leaves, while another reads ahead and this one goes from line
/// to line.
///
/// # Errors
/// The first fault, or that the file cannot be read.
pub fn verify(file: impl Read + Send, verifier: Verifier, threads: usize) -> Result<Report, Unverified> {
    verify_by(file, verifier, threads, BLOCK)
}

/// `size`: of a block, in bytes.
fn verify_by(
    file: impl Read + Send,
    mut verifier: Verifier,
    threads: usize,
    size: usize,
) -> Result<Report, Unverified> {
    std::thread::scope(|scope| {
        let (mut blocks, mut taken, mut taking) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..threads.max(1) {
            let (block, of_blocks) = sync_channel::<Vec<u8>>(AHEAD);
            let (lines, of_lines) = sync_channel::<Vec<Taken>>(AHEAD);
            taking.push(scope.spawn(move || {
                for block in of_blocks {
                    // Nobody takes any more: a fault was found.
                    if lines.send(take_all(&block)).is_err() {
                        return;
                    }
                }
            }));
            blocks.push(block);
            taken.push(of_lines);
        }
        let reading = scope.spawn(move || read(file, &blocks, size));
        // In the order of the file: block after block went to thread after thread. One that has no more was the next to get
        // one, or it panicked, which is told when it is joined.
        let mut good = Ok(());
        for lines in taken.iter().cycle() {
            let Ok(lines) = lines.recv() else { break };
            good = lines.into_iter().try_for_each(|line| verifier.line(line));
            if good.is_err() {
                break;
            }
        }
        drop(taken);
        let ended_badly = |what: &str| io::Error::other(format!("{what} ended badly"));
        let read = reading.join();
        let taking = taking.into_iter().map(ScopedJoinHandle::join).fold(Ok(()), Result::and);
        good?;
        taking.map_err(|_| ended_badly("a thread that took its lines"))?;
        read.map_err(|_| ended_badly("its reader"))??;
        Ok(verifier.finish()?)
    })
}

/// Hands out whole lines in turn, until the end of the file or until nobody takes them.
fn read(mut file: impl Read, to: &[SyncSender<Vec<u8>>], size: usize) -> io::Result<()> {
    let mut rest = Vec::new();
    for thread in to.iter().cycle() {
        let mut block = std::mem::take(&mut rest);
        let end = loop {
            let before = block.len();
            let read = file.by_ref().take(size as u64).read_to_end(&mut block)?;
            // The newest bytes alone can hold a newline: what was there before had none.
            let newline = block[before..].iter().rposition(|byte| *byte == b'\n');
            match newline {
                Some(at) => break before + at + 1,
                None if read == 0 => break block.len(),
                None => {}
            }
        };
        if block.is_empty() {
            return Ok(());
        }
        rest = block.split_off(end);
        if thread.send(block).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

fn take_all(block: &[u8]) -> Vec<Taken> {
    let lines = block.strip_suffix(b"\n").unwrap_or(block).split(|byte| *byte == b'\n');
    // Bytes that are no text: a line of nonsense, told with its place.
    lines.map(|line| take(std::str::from_utf8(line).unwrap_or("\u{fffd}"))).collect()
}

#[cfg(test)]
mod tests;
