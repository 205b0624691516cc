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
        // A start that was interrupted before there was a cluster goes on where it was.
        for base in noted(&data_dir).into_iter().chain(candidates(&data_dir)) {
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
        let noted = Self { base: noted(&data_dir)? };
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

fn noted(data_dir: &Path) -> Option<PathBuf> {
    let note = std::fs::read_to_string(note_of(data_dir)).ok()?;
    Some(PathBuf::from(note.trim()))
}

fn candidates(data_dir: &Path) -> [PathBuf; 3] {
    let name = short_hash(data_dir);
    [
        near(data_dir),
        unclaimed(&Path::new("/var/lib/holdfast").join(&name)),
        unclaimed(&Path::new("/var/tmp").join(format!("holdfast-{name}"))),
    ]
}

/// `base`, or a numbered one beside it where `base` has a cluster that no note leads to: that was of a data folder which
/// has been removed since. A new folder at the same path must not open the old one's data, whose passwords went with it.
fn unclaimed(base: &Path) -> PathBuf {
    let numbered = (2..).map(|number| PathBuf::from(format!("{}-{number}", base.display())));
    let mut bases = std::iter::once(base.to_owned()).chain(numbered);
    bases.find(|base| !base.join("cluster").exists()).unwrap_or_else(|| base.to_owned())
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
    fn a_cluster_that_no_note_leads_to_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().join("abc");
        assert_eq!(unclaimed(&base), base);
        std::fs::create_dir_all(&base).unwrap();
        assert_eq!(unclaimed(&base), base, "a start that was interrupted has no cluster yet");
        std::fs::create_dir_all(base.join("cluster")).unwrap();
        std::fs::create_dir_all(dir.path().join("abc-2/cluster")).unwrap();
        assert_eq!(unclaimed(&base), dir.path().join("abc-3"));
    }

    #[test]
    fn a_data_folder_finds_what_its_note_names_and_a_new_one_at_its_path_does_not() {
        let user = ServerUser { drop_to: None };
        let dir = tempfile::tempdir().unwrap();
        let (data, far) = (dir.path().join("data"), dir.path().join("far"));
        std::fs::create_dir_all(&data).unwrap();
        std::fs::write(note_of(&data), format!("{}\n", far.display())).unwrap();
        let place = Place::prepare(&data, &user).unwrap();
        assert_eq!(place.base, far, "noted before there was a cluster");
        std::fs::create_dir_all(place.cluster()).unwrap();
        assert_eq!(Place::prepare(&data, &user).unwrap().base, far);
        std::fs::remove_dir_all(&data).unwrap();
        let anew = Place::prepare(&data, &user).unwrap();
        assert_ne!(anew.base, far);
        assert!(!anew.cluster().exists());
    }

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
