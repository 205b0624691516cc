//! The journal of a run without a server: a file of lines, each vouching for the one before it with a key that only a
//! holder of the bundle, and the Holdfast that made it, can have. A line that broke off at the end was never synced: what
//! it would have said is looked up again.
//!
//! A line is JSON, a tab and its mark: HMAC-SHA256 over the mark of the line before and the JSON.

use crate::Fault;
use crate::bundle::{Head, Open, read_note};
use crate::seal::Key;
use holdfast_audit::VerifyingKey;
use holdfast_domain::{BreakGlassId, RunId};
use holdfast_failover::run::{Entry, Run, Who};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

const FORM: u8 = 1;

/// The first line: which run, and from which bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Begun {
    pub holdfast_journal: u8,
    pub run: RunId,
    pub break_glass: BreakGlassId,
    /// The head of the bundle as it was signed.
    pub bundle: String,
    /// Whose code opened it.
    pub code: Uuid,
}

/// Somebody opened the bundle and had this run begun, or taken further.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    pub by: Who,
    pub at: Timestamp,
    pub reason: String,
    /// Of the Holdfast that carried it out.
    pub version: String,
    /// The machine's own name.
    pub host: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    Begun(Begun),
    Opened(Opening),
    /// What the run's own journal says next, all or none.
    Entries(Vec<Entry>),
}

type Mark = [u8; 32];

/// Writes lines, each after the one before it.
#[derive(Debug, Clone)]
pub struct Writer {
    key: Key,
    last: Mark,
}

impl Writer {
    /// # Errors
    /// When a line has no JSON form.
    pub fn line(&mut self, line: &Line) -> Result<String, serde_json::Error> {
        let json = serde_json::to_string(line)?;
        self.last = self.key.vouch(&[&self.last, json.as_bytes()]);
        Ok(format!("{json}\t{}\n", hex::encode(self.last)))
    }
}

/// A journal whose every line was found good.
#[derive(Debug, Clone)]
pub struct Journal {
    pub begun: Begun,
    pub openings: Vec<Opening>,
    /// One list for each line that had any: what was written together.
    pub written: Vec<Vec<Entry>>,
    /// So many bytes are whole; what comes after broke off.
    pub whole: usize,
    /// Writes on from here.
    pub writer: Writer,
}

fn tampered(line: usize, what: &str) -> Fault {
    Fault::new(
        "journal_tampered",
        format!("Line {line} of the journal is not believed: {what}."),
        "Take the file from the machine where it was written. Keep this one as it is: it is evidence.",
    )
}

/// A journal about to be written.
#[must_use]
pub fn begin(open: &Open, run: RunId, break_glass: BreakGlassId) -> (Begun, Writer) {
    let begun =
        Begun { holdfast_journal: FORM, run, break_glass, bundle: open.note.clone(), code: open.by.code };
    let writer = Writer { key: journal_key(&open.key, run), last: [0; 32] };
    (begun, writer)
}

fn journal_key(bundle: &Key, run: RunId) -> Key {
    bundle.derive(&format!("holdfast journal of run {run}"))
}

/// Which run and which bundle it says that it is of, before anything of it is believed.
///
/// # Errors
/// `journal_tampered`, or `bundle_tampered` where no trusted key signed the bundle's head in it.
pub fn claims(text: &str, keys: &[VerifyingKey]) -> Result<(Begun, Head), Fault> {
    let first = text.lines().next().unwrap_or_default();
    let (json, _) = first.split_once('\t').ok_or_else(|| tampered(1, "it is no journal"))?;
    match serde_json::from_str(json) {
        Ok(Line::Begun(begun)) if begun.holdfast_journal == FORM => {
            let head = read_note(&begun.bundle, keys)?;
            Ok((begun, head))
        }
        _ => Err(tampered(1, "it is no journal that this version knows")),
    }
}

impl Journal {
    /// The one that was begun from this bundle, to be written on.
    ///
    /// # Errors
    /// `journal_tampered`, or `journal_of_another_bundle`.
    pub fn reopen(text: &str, open: &Open, keys: &[VerifyingKey]) -> Result<Self, Fault> {
        let (begun, head) = claims(text, keys)?;
        if begun.bundle != open.note {
            return Err(Fault::new(
                "journal_of_another_bundle",
                format!("The journal was begun from the bundle that was made at {:.0}.", head.made_at),
                "Go on with that bundle; a newer one may hold other plans.",
            ));
        }
        Self::read(text, &open.key, begun.run)
    }

    /// # Errors
    /// `journal_tampered` with the first line that is not as it was written.
    pub fn read(text: &str, bundle: &Key, run: RunId) -> Result<Self, Fault> {
        let mut writer = Writer { key: journal_key(bundle, run), last: [0; 32] };
        let (mut begun, mut openings, mut written, mut whole) = (None, Vec::new(), Vec::new(), 0);
        for (n, line) in text.split_inclusive('\n').enumerate() {
            let Some(content) = line.strip_suffix('\n') else { break };
            let n = n + 1;
            let (json, mark) =
                content.rsplit_once('\t').ok_or_else(|| tampered(n, "it has no mark of its own"))?;
            let mark: Mark = hex::decode(mark)
                .ok()
                .filter(|_| mark.bytes().all(|b| !b.is_ascii_uppercase()))
                .and_then(|mark| mark.try_into().ok())
                .ok_or_else(|| tampered(n, "its mark is none"))?;
            if !writer.key.vouches(&[&writer.last, json.as_bytes()], &mark) {
                return Err(tampered(n, "it, or a line before it, was changed, left out or put in"));
            }
            writer.last = mark;
            let line: Line = serde_json::from_str(json)
                .map_err(|error| tampered(n, &format!("it cannot be read: {error}")))?;
            match (line, begun.is_some()) {
                (Line::Begun(first), false) if first.run == run => begun = Some(first),
                (Line::Opened(opening), true) => openings.push(opening),
                (Line::Entries(entries), true) => written.push(entries),
                _ => return Err(tampered(n, "it does not belong there")),
            }
            whole += content.len() + 1;
        }
        let begun = begun.ok_or_else(|| tampered(1, "it is no journal"))?;
        Ok(Self { begun, openings, written, whole, writer })
    }

    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.written.iter().flatten().cloned().collect()
    }

    /// The run that it tells of.
    ///
    /// # Errors
    /// `journal_tampered` when its entries tell none: what is not legal in a run's journal is not legal here.
    pub fn run(&self) -> Result<Run, Fault> {
        Run::replay(self.begun.run, &self.entries())
            .map_err(|error| tampered(1, &format!("its entries tell no run: {error}")))
    }
}

#[cfg(test)]
mod tests;
