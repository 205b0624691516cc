//! Where the cluster lies. Wanted: the folder that was asked for. Root's home is closed to the user that
//! the server runs as, and a socket's path ends at 107 bytes, so both have a second choice. A second
//! choice is noted in the folder that was asked for, so that the next start finds the same data.

use crate::error::Error;
use crate::user::ServerUser;
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};

/// Room for `/.s.PGSQL.65535` within the 107 bytes of a socket's path.
const LONGEST_SOCKET_FOLDER: usize = 107 - 15;

#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// What holds everything below; entered by the server's user alone.
    pub base: PathBuf,
}

impl Place {
    pub fn cluster(&self) -> PathBuf {
        self.base.join("cluster")
    }
    pub fn unfinished_cluster(&self) -> PathBuf {
        self.base.join("cluster.unfinished")
    }
    pub fn log(&self) -> PathBuf {
        self.base.join("server.log")
    }
    pub fn lock(&self) -> PathBuf {
        self.base.join("lock")
    }
    pub fn password(&self, role: &str) -> PathBuf {
        self.base.join(format!("{role}.password"))
    }

    /// Finds or makes the folder for `data_dir`.
    pub fn prepare(data_dir: &Path, user: &ServerUser) -> Result<Self, Error> {
        std::fs::create_dir_all(data_dir).map_err(Error::io("make the folder", data_dir))?;
        let data_dir = data_dir.canonicalize().map_err(Error::io("find", data_dir))?;
        if let Some(place) = Self::existing(&data_dir) {
            return Ok(place);
        }
        let mut tried = Vec::new();
        for base in candidates(&data_dir) {
            if user.own_folder(&base).is_ok() && user.can_enter(&base) {
                if base.parent() != Some(data_dir.as_path()) {
                    let note = note_of(&data_dir);
                    std::fs::write(&note, format!("{}\n", base.display()))
                        .map_err(Error::io("write", &note))?;
                    tracing::info!(
                        data_dir = %data_dir.display(), base = %base.display(), user = user.name(),
                        "the database's user cannot reach the data folder; its files lie elsewhere"
                    );
                }
                return Ok(Self { base });
            }
            // Only what was just made and is empty goes away again.
            std::fs::remove_dir(&base).ok();
            tried.push(base.display().to_string());
        }
        Err(Error::Unreachable { user: user.name().to_owned(), tried: tried.join(", ") })
    }

    /// Where the data of `data_dir` lies already, if it does.
    pub fn existing(data_dir: &Path) -> Option<Self> {
        let data_dir = data_dir.canonicalize().ok()?;
        let near = Self { base: near(&data_dir) };
        if near.cluster().is_dir() {
            return Some(near);
        }
        let noted = std::fs::read_to_string(note_of(&data_dir)).ok()?;
        let noted = Self { base: PathBuf::from(noted.trim()) };
        noted.cluster().is_dir().then_some(noted)
    }

    /// A folder for the server's socket, with a path that is short enough.
    pub fn socket_folder(&self, user: &ServerUser) -> Result<PathBuf, Error> {
        let near = self.base.join("socket");
        let folder = if near.as_os_str().len() <= LONGEST_SOCKET_FOLDER {
            near
        } else {
            std::env::temp_dir().join(format!("holdfast-{}", short_hash(&self.base)))
        };
        user.own_folder(&folder)?;
        Ok(folder)
    }
}

fn near(data_dir: &Path) -> PathBuf {
    data_dir.join("postgres")
}

fn note_of(data_dir: &Path) -> PathBuf {
    data_dir.join("postgres-is-at")
}

fn candidates(data_dir: &Path) -> [PathBuf; 3] {
    let name = short_hash(data_dir);
    [
        near(data_dir),
        Path::new("/var/lib/holdfast").join(&name),
        Path::new("/var/tmp").join(format!("holdfast-{name}")),
    ]
}

fn short_hash(path: &Path) -> String {
    let mut hash = hex::encode(Sha256::digest(path.as_os_str().as_encoded_bytes()));
    hash.truncate(12);
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_folder_is_never_too_long_for_a_socket() {
        let user = ServerUser { drop_to: None };
        let dir = tempfile::tempdir().unwrap();
        let deep = Place { base: dir.path().join("d".repeat(100)) };
        let folder = deep.socket_folder(&user).unwrap();
        assert!(folder.join(".s.PGSQL.65535").as_os_str().len() <= 107, "{}", folder.display());
        std::fs::remove_dir(folder).unwrap();
    }
}
