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
    /// A new file, for its owner alone: with who opened the bundle and the run's first entries, or not there.
    ///
    /// # Errors
    /// `ThereAlready`, or when it cannot be written.
    pub fn begin(
        path: &Path,
        open: &Open,
        (run, break_glass): (RunId, BreakGlassId),
        (opening, entries): (Opening, Vec<Entry>),
        told: Told,
    ) -> Result<Self, Error> {
        let wrong = |source: std::io::Error| match source.kind() {
            std::io::ErrorKind::AlreadyExists => Error::ThereAlready { path: path.to_owned() },
            _ => Error::File { path: path.to_owned(), source },
        };
        let (begun, mut writer) = begin(open, run, break_glass);
        let mut text = String::new();
        for line in [Line::Begun(begun), Line::Opened(opening), Line::Entries(entries.clone())] {
            text += &writer.line(&line).map_err(|error| wrong(error.into()))?;
        }
        // Of this run alone: what another process left under its own is nobody's.
        let mut part = path.as_os_str().to_owned();
        part.push(format!(".{run}.part"));
        let part = PathBuf::from(part);
        let mut file =
            OpenOptions::new().create_new(true).append(true).mode(0o600).open(&part).map_err(wrong)?;
        let written = lock(&file, path).and_then(|()| {
            let synced = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
            synced.and_then(|()| name_once(&part, path)).map_err(wrong)
        });
        if let Err(error) = written {
            // It says nothing that anybody will ask for.
            let _ = std::fs::remove_file(&part);
            return Err(error);
        }
        // Its name is on the disk with it.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all()).map_err(wrong)?;
        for entry in &entries {
            told(entry);
        }
        let state = State { file, writer, entries, broken: None };
        Ok(Self { run, state: Mutex::new(state), told })
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
        let (journal, writer) = Journal::reopen(&text, open, keys)?;
        if whole < bytes.len() {
            file.set_len(whole as u64).and_then(|()| file.sync_all()).map_err(wrong)?;
        }
        file.seek(SeekFrom::End(0)).map_err(wrong)?;
        let entries = journal.entries();
        let state = State { file, writer, entries, broken: None };
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

    /// Somebody opened the bundle and goes on with it: before anything else is written, which is in their name.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn opened(&self, path: &Path, opening: Opening) -> Result<(), Error> {
        self.write(&Line::Opened(opening)).map_err(|lost| not_written(path, &lost))
    }

    /// Whether its run has come to its end.
    ///
    /// # Errors
    /// When the file tells no run.
    pub fn is_over(&self) -> Result<bool, Error> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let run = Run::replay(self.run, &state.entries).map_err(|error| Error::Stopped(error.to_string()))?;
        Ok(run.state.is_over())
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

/// Gives the file the name that it is known by, in one go, and never another's.
fn name_once(part: &Path, path: &Path) -> std::io::Result<()> {
    match std::fs::hard_link(part, path) {
        Ok(()) => std::fs::remove_file(part),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(error),
        // A disk on which a file has one name at most.
        Err(_) if path.try_exists()? => Err(std::io::ErrorKind::AlreadyExists.into()),
        Err(_) => std::fs::rename(part, path),
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
