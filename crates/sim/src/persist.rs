//! Keeping the world on disk. The state is one file, written beside and renamed over, so that a kill at
//! any instant leaves the old or the new one; the ledger is a file of lines that only grows.

use crate::faults::Faults;
use crate::ledger::{Entry, KEPT, Ledger};
use crate::world::World;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

const STATE_FILE: &str = "sim-state.json";
const LEDGER_FILE: &str = "sim-ledger.jsonl";
/// A file of another format is not guessed at.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct StateRef<'a> {
    format: u32,
    world: &'a World,
    faults: &'a Faults,
    last_entry: Option<&'a Entry>,
}

#[derive(Deserialize)]
struct StateOwned {
    format: u32,
    world: World,
    faults: Faults,
    last_entry: Option<Entry>,
}

/// What was found on disk.
pub(crate) struct Found {
    pub world: World,
    pub faults: Faults,
    pub ledger: Ledger,
}

/// A folder that the world lives in, or none: then it is gone when the process is.
#[derive(Debug)]
pub(crate) struct Persist {
    dir: Option<PathBuf>,
    ledger: Option<File>,
    lines: usize,
}

impl Persist {
    /// Opens a folder and reads what lies in it.
    pub(crate) fn open(dir: Option<&Path>) -> io::Result<(Self, Option<Found>)> {
        let Some(dir) = dir else { return Ok((Self { dir: None, ledger: None, lines: 0 }, None)) };
        fs::create_dir_all(dir)?;
        let state = match fs::read(dir.join(STATE_FILE)) {
            Ok(bytes) => Some(read_state(&bytes)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let entries = read_ledger(&dir.join(LEDGER_FILE))?;
        let lines = entries.len();
        let mut file = OpenOptions::new().create(true).append(true).open(dir.join(LEDGER_FILE))?;
        end_torn_line(&mut file, &dir.join(LEDGER_FILE))?;
        let mut persist = Self { dir: Some(dir.to_path_buf()), ledger: Some(file), lines };
        let Some(StateOwned { world, faults, last_entry, .. }) = state else { return Ok((persist, None)) };
        let mut ledger = Ledger::resume(entries);
        // A kill between the two writes leaves an effect without its line: the state remembers the line.
        if let Some(entry) = last_entry.filter(|e| e.seq > ledger.last_seq()) {
            persist.append(&entry)?;
            ledger.push(entry);
        }
        Ok((persist, Some(Found { world, faults, ledger })))
    }

    /// Writes the state.
    pub(crate) fn save(&self, world: &World, faults: &Faults, last_entry: Option<&Entry>) -> io::Result<()> {
        let Some(dir) = &self.dir else { return Ok(()) };
        let state = StateRef { format: FORMAT, world, faults, last_entry };
        let bytes = serde_json::to_vec(&state).map_err(io::Error::other)?;
        write_over(&dir.join(STATE_FILE), &bytes)
    }

    /// Adds a line to the ledger.
    pub(crate) fn append(&mut self, entry: &Entry) -> io::Result<()> {
        let Some(file) = &mut self.ledger else { return Ok(()) };
        let mut line = serde_json::to_vec(entry).map_err(io::Error::other)?;
        line.push(b'\n');
        file.write_all(&line)?;
        self.lines += 1;
        Ok(())
    }

    /// Cuts the ledger's file to what is in memory once it has grown to twice as many lines.
    pub(crate) fn cut_ledger(&mut self, ledger: &Ledger) -> io::Result<()> {
        let (Some(dir), true) = (&self.dir, self.lines > 2 * KEPT) else { return Ok(()) };
        let mut bytes = Vec::new();
        for entry in ledger.entries() {
            serde_json::to_writer(&mut bytes, entry.as_ref()).map_err(io::Error::other)?;
            bytes.push(b'\n');
        }
        let path = dir.join(LEDGER_FILE);
        write_over(&path, &bytes)?;
        self.ledger = Some(OpenOptions::new().append(true).open(&path)?);
        self.lines = ledger.entries().count();
        Ok(())
    }
}

fn write_over(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("writing");
    fs::write(&beside, bytes)?;
    fs::rename(&beside, path)
}

fn read_state(bytes: &[u8]) -> io::Result<StateOwned> {
    let state: StateOwned = serde_json::from_slice(bytes).map_err(|e| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("{STATE_FILE} cannot be read ({e}); remove it to begin anew"),
        )
    })?;
    if state.format != FORMAT {
        let why = format!(
            "{STATE_FILE} has format {}, this simulator reads {FORMAT}; remove it to begin anew",
            state.format
        );
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    Ok(state)
}

fn read_ledger(path: &Path) -> io::Result<Vec<Entry>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut entries = Vec::new();
    for line in BufReader::new(file).split(b'\n') {
        // The last line may be half written; a kill is no reason not to start.
        if let Ok(entry) = serde_json::from_slice(&line?) {
            entries.push(entry);
        }
    }
    Ok(entries)
}

fn end_torn_line(file: &mut File, path: &Path) -> io::Result<()> {
    let bytes = fs::read(path)?;
    if bytes.last().is_some_and(|b| *b != b'\n') {
        file.write_all(b"\n")?;
    }
    Ok(())
}
