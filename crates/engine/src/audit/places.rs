//! Places outside of the database that hold checkpoints: what its superuser cannot take back. So far a file, to be
//! kept on another machine's disk or a volume that only grows.

use async_trait::async_trait;
use serde_json::{Value, json};
use std::fmt;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

#[async_trait]
pub trait Place: fmt::Debug + Send + Sync {
    fn name(&self) -> String;
    /// # Errors
    /// In words: it is not there.
    async fn write(&self, note: &str) -> Result<(), String>;
    /// The newest note that it holds; `None`: it holds none yet.
    ///
    /// # Errors
    /// In words.
    async fn newest(&self) -> Result<Option<String>, String>;
}

/// One JSON value a line, each with a note; only ever appended to.
#[derive(Debug, Clone)]
pub struct FilePlace {
    path: PathBuf,
    /// The same path on two machines is two disks, as a rule: one that starts empty is not the other's loss.
    host: String,
}

/// A note has some hundreds of bytes: many of them lie in this much of the file's end.
const TAIL: u64 = 64 * 1024;

impl FilePlace {
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Self { path, host }
    }

    async fn on<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Path) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, String> {
        let path = self.path.clone();
        let outcome = tokio::task::spawn_blocking(move || act(&path)).await.map_err(|e| e.to_string())?;
        outcome.map_err(|error| format!("{}: {error}", self.path.display()))
    }
}

#[async_trait]
impl Place for FilePlace {
    fn name(&self) -> String {
        format!("file {} on {}", self.path.display(), self.host)
    }

    async fn write(&self, note: &str) -> Result<(), String> {
        let line = format!("{}\n", json!({ "note": note }));
        self.on(move |path| {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            let mut file = std::fs::OpenOptions::new().create(true).read(true).append(true).open(path)?;
            // A line that broke off in a crash is closed first, so that this one is whole.
            let broken = file.seek(SeekFrom::End(0))? > 0 && {
                file.seek(SeekFrom::End(-1))?;
                let mut last = [0];
                file.read_exact(&mut last)?;
                last != *b"\n"
            };
            if broken {
                file.write_all(b"\n")?;
            }
            file.write_all(line.as_bytes())?;
            file.sync_data()
        })
        .await
    }

    async fn newest(&self) -> Result<Option<String>, String> {
        self.on(|path| {
            let mut file = match std::fs::File::open(path) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
                other => other?,
            };
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
            let mut tail = Vec::new();
            file.read_to_end(&mut tail)?;
            Ok(String::from_utf8_lossy(&tail).lines().rev().find_map(note))
        })
        .await
    }
}

fn note(line: &str) -> Option<String> {
    serde_json::from_str::<Value>(line).ok()?.get("note")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_gives_back_the_newest_note_also_after_a_line_that_broke_off() {
        let folder = tempfile::tempdir().unwrap();
        let place = FilePlace::new(folder.path().join("deep/checkpoints"));
        assert_eq!(place.newest().await, Ok(None));
        place.write("one\n\nsigned\n").await.unwrap();
        place.write("two\n\nsigned\n").await.unwrap();
        assert_eq!(place.newest().await, Ok(Some("two\n\nsigned\n".into())));
        let path = folder.path().join("deep/checkpoints");
        let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"{\"note\":\"thr").unwrap();
        assert_eq!(place.newest().await, Ok(Some("two\n\nsigned\n".into())));
        place.write("three\n\nsigned\n").await.unwrap();
        assert_eq!(place.newest().await, Ok(Some("three\n\nsigned\n".into())));
    }

    #[tokio::test]
    async fn a_place_that_is_not_there_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let blocked = folder.path().join("file");
        std::fs::write(&blocked, "").unwrap();
        let place = FilePlace::new(blocked.join("checkpoints"));
        assert!(place.write("x").await.is_err());
    }
}
