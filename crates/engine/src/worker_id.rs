//! The worker's name: kept in its data folder under an exclusive lock, so that a restart there is known to be
//! the same worker's successor, and two processes never share one name.

use crate::Error;
use rustix::fs::{FlockOperation, flock};
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::Path;

#[derive(Debug)]
pub struct WorkerId {
    name: String,
    /// The lock lives as long as this handle.
    _lock: File,
}

impl WorkerId {
    pub fn hold(data: &Path) -> Result<Self, Error> {
        let path = data.join("worker-id");
        let wrong = |source| Error::WorkerId { path: path.clone(), source };
        std::fs::create_dir_all(data).map_err(wrong)?;
        let mut file =
            File::options().read(true).write(true).create(true).truncate(false).open(&path).map_err(wrong)?;
        flock(&file, FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| Error::WorkerIdTaken { path: path.clone() })?;
        let mut name = String::new();
        file.read_to_string(&mut name).map_err(wrong)?;
        if name.trim().is_empty() {
            name = format!("worker-{}", uuid::Uuid::now_v7().simple());
            file.rewind()
                .and_then(|()| file.write_all(name.as_bytes()))
                .and_then(|()| file.sync_all())
                .map_err(wrong)?;
        }
        Ok(Self { name: name.trim().to_owned(), _lock: file })
    }

    pub fn as_str(&self) -> &str {
        &self.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restart_in_the_same_folder_has_the_same_name_and_a_second_process_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let first = WorkerId::hold(dir.path()).unwrap();
        assert!(matches!(WorkerId::hold(dir.path()), Err(Error::WorkerIdTaken { .. })));
        let name = first.as_str().to_owned();
        drop(first);
        assert_eq!(WorkerId::hold(dir.path()).unwrap().as_str(), name);
    }
}
