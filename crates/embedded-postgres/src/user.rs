//! As whom the server runs. Postgres refuses to run as root; then it is dropped to an unprivileged user.

use crate::error::Error;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

/// `drop_to` is `None` when Holdfast itself runs unprivileged: the server is then its own user's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerUser {
    pub drop_to: Option<Ids>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ids {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
}

impl ServerUser {
    pub fn find() -> Result<Self, Error> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self { drop_to: None });
        }
        let passwd =
            std::fs::read_to_string("/etc/passwd").map_err(Error::io("read", Path::new("/etc/passwd")))?;
        ["postgres", "nobody"]
            .iter()
            .find_map(|name| in_passwd(&passwd, name))
            .map(|ids| Self { drop_to: Some(ids) })
            .ok_or(Error::NoUnprivilegedUser)
    }

    pub fn name(&self) -> &str {
        self.drop_to.as_ref().map_or("this user", |ids| &ids.name)
    }

    /// A command that will run as this user, with nothing of ours in its environment that Postgres would read.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        if let Some(ids) = &self.drop_to {
            command.uid(ids.uid).gid(ids.gid);
        }
        command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C");
        command
    }

    /// Makes a folder that only this user (and root) can enter.
    pub fn own_folder(&self, folder: &Path) -> Result<(), Error> {
        std::fs::create_dir_all(folder).map_err(Error::io("make the folder", folder))?;
        self.own(folder, 0o700)
    }

    pub fn own(&self, path: &Path, mode: u32) -> Result<(), Error> {
        if let Some(ids) = &self.drop_to {
            chown(path, Some(ids.uid), Some(ids.gid)).map_err(Error::io("give away", path))?;
        }
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
            .map_err(Error::io("set the permissions of", path))
    }

    /// Whether this user can enter the folder: asked by doing it.
    pub fn can_enter(&self, folder: &Path) -> bool {
        self.command(Path::new("/bin/true")).current_dir(folder).status().is_ok_and(|s| s.success())
    }
}

fn in_passwd(passwd: &str, name: &str) -> Option<Ids> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next()? != name {
            return None;
        }
        let (uid, gid) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
        Some(Ids { name: name.to_owned(), uid, gid })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let passwd =
            "root:x:0:0:root:/root:/bin/bash\npostgresql:x:7:7::/:\npostgres:x:101:104::/var:/bin/sh\n";
        assert_eq!(in_passwd(passwd, "postgres"), Some(Ids { name: "postgres".into(), uid: 101, gid: 104 }));
        assert_eq!(in_passwd(passwd, "nobody"), None);
    }
}
