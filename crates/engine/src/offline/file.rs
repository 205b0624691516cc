//! The file that a run without a server is journalled in: only ever appended to, on the disk before anything else is done,
//! and held by one process.

use super::Error;
use crate::journal::{Book, Lost};
use async_trait::async_trait;
use holdfast_audit::VerifyingKey;
use holdfast_domain::{BreakGlassId, Name, RunId};
use holdfast_failover::run::{Entry, Event, Run};
use holdfast_offline::bundle::Open;
use holdfast_offline::journal::{Journal, Line, Opening, Writer, begin};
use rustix::fs::{FlockOperation, flock};
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Told of each entry once it is on the disk.
pub type Told = Box<dyn Fn(&Entry) + Send + Sync>;

pub struct JournalFile {
    run: RunId,
    state: Mutex<State>,
    told: Told,
}

struct State {
    /// Locked as long as it is open.
    file: File,
    writer: Writer,
    entries: Vec<Entry>,
    /// What went wrong with it. What is on the disk is then not known, and nothing more is written.
    broken: Option<String>,
}

impl fmt::Debug for JournalFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JournalFile").field("run", &self.run).finish_non_exhaustive()
    }
}

impl JournalFile {
    /// A new file, for its owner alone.
    ///
    /// # Errors
    /// `ThereAlready`, or when it cannot be written.
    pub fn begin(
        path: &Path,
        open: &Open,
        (run, break_glass): (RunId, BreakGlassId),
        told: Told,
    ) -> Result<Self, Error> {
        let wrong = |source: std::io::Error| match source.kind() {
            std::io::ErrorKind::AlreadyExists => Error::ThereAlready { path: path.to_owned() },
            _ => Error::File { path: path.to_owned(), source },
        };
        let file = OpenOptions::new().create_new(true).append(true).mode(0o600).open(path).map_err(wrong)?;
        lock(&file, path)?;
        // Its name is on the disk with it.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all()).map_err(wrong)?;
        let (begun, writer) = begin(open, run, break_glass);
        let state = State { file, writer, entries: Vec::new(), broken: None };
        let journal = Self { run, state: Mutex::new(state), told };
        journal.write(&Line::Begun(begun)).map_err(|lost| not_written(path, &lost))?;
        Ok(journal)
    }

    /// One that was begun before, by this process' predecessor. A line that broke off with that is taken away.
    ///
    /// # Errors
    /// When it is not believed, is of another bundle, or another process has it.
    pub fn reopen(path: &Path, open: &Open, keys: &[VerifyingKey], told: Told) -> Result<Self, Error> {
        let wrong = |source| Error::File { path: path.to_owned(), source };
        let mut file = OpenOptions::new().read(true).append(true).open(path).map_err(wrong)?;
        lock(&file, path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(wrong)?;
        // What broke off may end within a letter.
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let text = String::from_utf8_lossy(&bytes[..whole]);
        let journal = Journal::reopen(&text, open, keys)?;
        if whole < bytes.len() {
            file.set_len(whole as u64).and_then(|()| file.sync_all()).map_err(wrong)?;
        }
        file.seek(SeekFrom::End(0)).map_err(wrong)?;
        let entries = journal.entries();
        let state = State { file, writer: journal.writer, entries, broken: None };
        Ok(Self { run: journal.begun.run, state: Mutex::new(state), told })
    }

    #[must_use]
    pub fn run(&self) -> RunId {
        self.run
    }

    /// What it moves.
    ///
    /// # Errors
    /// When nothing was begun in it yet.
    pub fn application(&self) -> Result<Name, Error> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.entries.first().map(|entry| &entry.event) {
            Some(Event::Requested { request }) => Ok(request.application.clone()),
            _ => Err(Error::Stopped(
                "the journal's first process ended before anything was begun: remove the file".to_owned(),
            )),
        }
    }

    /// Somebody opened the bundle and goes on with it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn opened(&self, path: &Path, opening: Opening) -> Result<(), Error> {
        self.write(&Line::Opened(opening)).map_err(|lost| not_written(path, &lost))
    }

    /// The first entries of a run.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn first(&self, path: &Path, entries: Vec<Entry>) -> Result<(), Error> {
        self.add(entries).map_err(|lost| not_written(path, &lost))
    }

    fn add(&self, entries: Vec<Entry>) -> Result<(), Lost> {
        self.write(&Line::Entries(entries.clone()))?;
        entries.iter().for_each(|entry| (self.told)(entry));
        self.state.lock().unwrap_or_else(PoisonError::into_inner).entries.extend(entries);
        Ok(())
    }

    /// The disk is waited for on this thread: nothing else of the run may go on meanwhile anyway.
    fn write(&self, line: &Line) -> Result<(), Lost> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(why) = &state.broken {
            return Err(Lost::Unwritten(why.clone()));
        }
        let line = state.writer.line(line).map_err(|error| Lost::Corrupt(error.to_string()))?;
        let written = state.file.write_all(line.as_bytes()).and_then(|()| state.file.sync_data());
        written.map_err(|error| {
            state.broken = Some(error.to_string());
            Lost::Unwritten(error.to_string())
        })
    }
}

fn lock(file: &File, path: &Path) -> Result<(), Error> {
    flock(file, FlockOperation::NonBlockingLockExclusive)
        .map_err(|_| Error::InUse { path: PathBuf::from(path) })
}

fn not_written(path: &Path, lost: &Lost) -> Error {
    Error::File { path: path.to_owned(), source: std::io::Error::other(lost.to_string()) }
}

#[async_trait]
impl Book for JournalFile {
    async fn entries(&self, run: RunId, after_seq: i64) -> Result<Vec<Entry>, Lost> {
        if run != self.run {
            return Err(Lost::Corrupt(format!("the file is the journal of run {}", self.run)));
        }
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(state.entries.iter().filter(|entry| entry.seq > after_seq).cloned().collect())
    }

    /// One process has the file: nobody writes in between.
    async fn append(&self, _: &Run, new: &[Entry], _: &Run) -> Result<Option<Vec<Entry>>, Lost> {
        self.add(new.to_vec())?;
        Ok(Some(new.to_vec()))
    }
}
