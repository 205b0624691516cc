//! A folder that holds the newest bundle: to be on another machine, in another Region, or carried away from.

use crate::audit::Place;
use async_trait::async_trait;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::Semaphore;
use uuid::Uuid;

/// What it is called there.
pub const FILE: &str = "holdfast.bundle";

#[derive(Debug, Clone)]
pub struct FolderPlace {
    folder: PathBuf,
    host: String,
    /// Held by the write that is under way: of a disk that hangs each would keep a thread for ever.
    writing: Arc<Semaphore>,
}

impl FolderPlace {
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Self { folder, host, writing: Arc::new(Semaphore::new(1)) }
    }

    async fn on<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Path) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, String> {
        let folder = self.folder.clone();
        let outcome = tokio::task::spawn_blocking(move || act(&folder)).await.map_err(|e| e.to_string())?;
        outcome.map_err(|error| format!("{}: {error}", self.folder.display()))
    }
}

#[async_trait]
impl Place for FolderPlace {
    fn name(&self) -> String {
        format!("folder {} on {}", self.folder.display(), self.host)
    }

    /// Put in the place of the one before in one go: whoever copies the file at that moment has one of the two.
    async fn write(&self, text: &str) -> Result<(), String> {
        let text = text.to_owned();
        let hangs = || format!("{}: the write before this one has not come to an end", self.folder.display());
        let alone = Arc::clone(&self.writing).try_acquire_owned().map_err(|_| hangs())?;
        self.on(move |folder| {
            let _alone = alone;
            std::fs::create_dir_all(folder)?;
            // Of this write alone: another worker may have the folder too.
            let beside = folder.join(format!("{FILE}.{}.part", Uuid::now_v7()));
            let mut file =
                std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
            let written = file
                .write_all(text.as_bytes())
                .and_then(|()| file.sync_all())
                .and_then(|()| std::fs::rename(&beside, folder.join(FILE)));
            if written.is_err() {
                // What made it fail may be that the disk is full.
                let _ = std::fs::remove_file(&beside);
            }
            written?;
            std::fs::File::open(folder)?.sync_all()
        })
        .await
    }

    async fn newest(&self) -> Result<Option<String>, String> {
        self.on(|folder| match std::fs::read_to_string(folder.join(FILE)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            read => read.map(Some),
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_folder_holds_the_newest_whole_and_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let place = FolderPlace::new(folder.path().join("deep/bundle"));
        assert_eq!(place.newest().await, Ok(None));
        place.write("one").await.unwrap();
        place.write("two").await.unwrap();
        assert_eq!(place.newest().await, Ok(Some("two".into())));
        let file = folder.path().join("deep/bundle").join(FILE);
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "nothing beside it");
        std::fs::write(folder.path().join("file"), "").unwrap();
        assert!(FolderPlace::new(folder.path().join("file/x")).write("one").await.is_err());
    }

    #[tokio::test]
    async fn while_one_write_hangs_no_other_takes_a_thread() {
        let folder = tempfile::tempdir().unwrap();
        let place = FolderPlace::new(folder.path().to_owned());
        let hangs = Arc::clone(&place.writing).try_acquire_owned().unwrap();
        assert!(place.write("one").await.unwrap_err().contains("has not come to an end"));
        drop(hangs);
        place.write("one").await.unwrap();
    }
}
