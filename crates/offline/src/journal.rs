//! The journal of a run without a server: a file of lines, each vouching for the one before it with a key that only a
//! holder of the bundle, and the Holdfast that made it, can have; and with one that only the holder whose code was last
//! opened with can have, so that nobody writes in another's name. A line that broke off at the end was never synced: what it
//! would have said is looked up again.
//!
//! A line is JSON, a tab, its mark, a tab and its hand. The mark is HMAC-SHA256 over the mark of the line before and the JSON,
//! with a key of the bundle: whoever takes the run over reads by it. The hand is HMAC-SHA256 over the mark, with a key of the
//! code: the Holdfast that takes the journal in knows it, and no other holder does.

use crate::Fault;
use crate::bundle::{Head, Open, read_note};
use crate::seal::Key;
use holdfast_audit::VerifyingKey;
use holdfast_domain::{BreakGlassId, RunId};
use holdfast_failover::run::{Entry, Run, Who};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

const FORM: u8 = 2;

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
    /// Theirs: from this line on until the next opening each line is by its hand.
    pub code: Uuid,
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
    hand: Key,
    last: Mark,
}

impl Writer {
    /// # Errors
    /// When a line has no JSON form.
    pub fn line(&mut self, line: &Line) -> Result<String, serde_json::Error> {
        let json = serde_json::to_string(line)?;
        self.last = self.key.vouch(&[&self.last, json.as_bytes()]);
        let hand = self.hand.vouch(&[&self.last]);
        Ok(format!("{json}\t{}\t{}\n", hex::encode(self.last), hex::encode(hand)))
    }
}

/// What was written together.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// Whose opening it was written under.
    pub by: Who,
    pub entries: Vec<Entry>,
}

/// A journal whose every line was found good.
#[derive(Debug, Clone)]
pub struct Journal {
    pub begun: Begun,
    pub openings: Vec<Opening>,
    /// One for each line that had any.
    pub written: Vec<Written>,
    /// So many bytes are whole; what comes after broke off.
    pub whole: usize,
    last: Mark,
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
    (begun, writer(open, run, [0; 32]))
}

fn writer(open: &Open, run: RunId, last: Mark) -> Writer {
    Writer { key: journal_key(&open.key, run), hand: journal_key(&open.of_code, run), last }
}

/// What follows for this run from the bundle's key, and from a code's.
fn journal_key(from: &Key, run: RunId) -> Key {
    from.derive(&format!("holdfast journal of run {run}"))
}

fn mark_of(n: usize, text: &str) -> Result<Mark, Fault> {
    hex::decode(text)
        .ok()
        .filter(|_| text.bytes().all(|b| !b.is_ascii_uppercase()))
        .and_then(|mark| mark.try_into().ok())
        .ok_or_else(|| tampered(n, "its mark is none"))
}

/// The keys of codes, as the Holdfast that gave them out keeps them.
type Codes<'a> = &'a dyn Fn(Uuid) -> Option<Key>;

/// Whether the code of this key made the hand.
fn is_by(of_code: &Key, run: RunId, mark: &Mark, hand: &Mark) -> bool {
    journal_key(of_code, run).vouches(&[mark], hand)
}

/// Of a journal by somebody whose code is not known where it is read.
#[must_use]
pub fn unknown_code() -> Fault {
    Fault::new(
        "journal_of_unknown_codes",
        "A code by which it was written is not known here: was an old backup restored?",
        "Keep the file, and hand it in where the database that made the bundle is.",
    )
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
    /// The one that was begun from this bundle, and what writes on from its end in the name of whoever has opened it now. Whose
    /// hand the lines before are by is not known here; who takes the journal in asks that.
    ///
    /// # Errors
    /// `journal_tampered`, or `journal_of_another_bundle`.
    pub fn reopen(text: &str, open: &Open, keys: &[VerifyingKey]) -> Result<(Self, Writer), Fault> {
        let (begun, head) = claims(text, keys)?;
        if begun.bundle != open.note {
            return Err(Fault::new(
                "journal_of_another_bundle",
                format!("The journal was begun from the bundle that was made at {:.0}.", head.made_at),
                "Go on with that bundle: it was kept beside the journal, under its name with `.bundle`. A newer one may hold other plans.",
            ));
        }
        let journal = Self::read(text, &open.key, begun.run, None)?;
        let writer = writer(open, begun.run, journal.last);
        Ok((journal, writer))
    }

    /// Each line by the hand of the holder whose opening it was written under.
    ///
    /// # Errors
    /// `journal_tampered` with the first line that is not as it was written, or not by that hand; or
    /// `journal_of_unknown_codes`.
    pub fn read_by_hand(text: &str, bundle: &Key, run: RunId, codes: Codes<'_>) -> Result<Self, Fault> {
        Self::read(text, bundle, run, Some(codes))
    }

    fn read(text: &str, bundle: &Key, run: RunId, codes: Option<Codes<'_>>) -> Result<Self, Fault> {
        let (key, mut last): (Key, Mark) = (journal_key(bundle, run), [0; 32]);
        let (mut begun, mut in_force): (Option<Begun>, Uuid) = (None, Uuid::nil());
        let (mut openings, mut written, mut whole): (Vec<Opening>, Vec<Written>, usize) = (vec![], vec![], 0);
        for (n, line) in text.split_inclusive('\n').enumerate() {
            let Some(content) = line.strip_suffix('\n') else { break };
            let n = n + 1;
            let no_mark = || tampered(n, "it has no mark of its own");
            let (marked, hand) = content.rsplit_once('\t').ok_or_else(no_mark)?;
            let (json, mark) = marked.rsplit_once('\t').ok_or_else(no_mark)?;
            let (mark, hand) = (mark_of(n, mark)?, mark_of(n, hand)?);
            if !key.vouches(&[&last, json.as_bytes()], &mark) {
                return Err(tampered(n, "it, or a line before it, was changed, left out or put in"));
            }
            last = mark;
            let line: Line = serde_json::from_str(json)
                .map_err(|error| tampered(n, &format!("it cannot be read: {error}")))?;
            let by = openings.last().map(|opening| opening.by.clone());
            match (line, begun.is_some(), by) {
                (Line::Begun(first), false, _) if first.run == run => {
                    in_force = first.code;
                    begun = Some(first);
                }
                (Line::Opened(opening), true, _) => {
                    in_force = opening.code;
                    openings.push(opening);
                }
                (Line::Entries(entries), true, Some(by)) => written.push(Written { by, entries }),
                _ => return Err(tampered(n, "it does not belong there")),
            }
            if let Some(codes) = codes {
                let of_code = codes(in_force).ok_or_else(unknown_code)?;
                if !is_by(&of_code, run, &mark, &hand) {
                    return Err(tampered(n, "it was not written by whoever had opened the bundle"));
                }
            }
            whole += content.len() + 1;
        }
        let begun = begun.ok_or_else(|| tampered(1, "it is no journal"))?;
        Ok(Self { begun, openings, written, whole, last })
    }

    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.written.iter().flat_map(|written| &written.entries).cloned().collect()
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
