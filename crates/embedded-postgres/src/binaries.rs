//! Which Postgres of the machine to run. Distributions keep the server's programs out of `PATH`, so
//! their own folders are looked into first.

use crate::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the store's SQL needs.
const OLDEST: u32 = 15;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binaries {
    pub bin: PathBuf,
    pub major: u32,
}

impl Binaries {
    pub fn program(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }

    /// The version that made the cluster when there is one, otherwise the newest.
    pub fn choose(cluster: &Path) -> Result<Self, Error> {
        Self::of(installed(folders()), cluster)
    }

    fn of(mut installed: Vec<Self>, cluster: &Path) -> Result<Self, Error> {
        installed.sort_by_key(|b| std::cmp::Reverse(b.major));
        let made_by = std::fs::read_to_string(cluster.join("PG_VERSION")).ok().map(|v| v.trim().to_owned());
        if let Some(made_by) = made_by {
            return installed.iter().find(|b| b.major.to_string() == made_by).cloned().ok_or_else(|| {
                let majors: Vec<_> = installed.iter().map(|b| b.major.to_string()).collect();
                Error::WrongVersion {
                    data_dir: cluster.to_owned(),
                    made_by,
                    installed: if majors.is_empty() { "none".into() } else { majors.join(", ") },
                }
            });
        }
        installed.into_iter().find(|b| b.major >= OLDEST).ok_or_else(|| Error::NoBinaries {
            oldest: OLDEST,
            looked_in: "/usr/lib/postgresql/*/bin, /usr/pgsql-*/bin, PATH and `pg_config --bindir`".into(),
        })
    }
}

/// Of these folders, each that has a server's programs.
fn installed(folders: Vec<PathBuf>) -> Vec<Binaries> {
    let mut found: Vec<Binaries> = Vec::new();
    for bin in folders {
        let there = bin.join("initdb").is_file() && bin.join("postgres").is_file();
        if !there || found.iter().any(|b| b.bin == bin) {
            continue;
        }
        if let Some(major) = major_version(&bin) {
            found.push(Binaries { bin, major });
        }
    }
    found
}

/// Where a machine may have them.
fn folders() -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for (parent, within) in [("/usr/lib/postgresql", "bin"), ("/usr", "bin"), ("/usr/local", "bin")] {
        for folder in std::fs::read_dir(parent).into_iter().flatten().flatten() {
            let name = folder.file_name().to_string_lossy().into_owned();
            if parent == "/usr/lib/postgresql" || name.starts_with("pgsql") {
                folders.push(folder.path().join(within));
            }
        }
    }
    if let Some(path) = std::env::var_os("PATH") {
        folders.extend(std::env::split_paths(&path));
    }
    if let Ok(answer) = Command::new("pg_config").arg("--bindir").output() {
        folders.push(PathBuf::from(String::from_utf8_lossy(&answer.stdout).trim()));
    }
    folders
}

fn major_version(bin: &Path) -> Option<u32> {
    let answer = Command::new(bin.join("postgres")).arg("--version").output().ok()?;
    parse_major(&String::from_utf8_lossy(&answer.stdout))
}

/// `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` → 15.
fn parse_major(version: &str) -> Option<u32> {
    let after = version.split("(PostgreSQL)").nth(1)?.trim_start();
    after.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_what_the_server_says_of_itself() {
        assert_eq!(parse_major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(parse_major("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(parse_major("something else"), None);
    }

    /// A folder with a server that says it is of this version.
    fn server(version: &str) -> tempfile::TempDir {
        use std::os::unix::fs::PermissionsExt as _;
        let bin = tempfile::tempdir().unwrap();
        for name in ["initdb", "postgres"] {
            let program = bin.path().join(name);
            std::fs::write(&program, format!("#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")).unwrap();
            std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        bin
    }

    #[test]
    fn a_machine_without_a_server_is_told_what_to_install_or_to_set() {
        let (empty, cluster) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        // Clients alone are no server.
        std::fs::write(empty.path().join("psql"), "").unwrap();
        let found = installed(vec![empty.path().to_owned(), "/nowhere/bin".into()]);
        let error = Binaries::of(found, cluster.path()).unwrap_err();
        assert!(matches!(error, Error::NoBinaries { .. }), "{error:?}");
        let words = error.to_string();
        for part in
            ["version 15 or newer", "/usr/lib/postgresql", "apt-get install postgresql`", "DATABASE_URL"]
        {
            assert!(words.contains(part), "{part} is missing from: {words}");
        }
    }

    #[test]
    fn a_server_that_is_too_old_is_none_and_the_newest_is_taken() {
        let (old, newer, newest) = (server("13.9"), server("15.18"), server("16.2 (Debian)"));
        let cluster = tempfile::tempdir().unwrap();
        let choose = |bins: &[&tempfile::TempDir]| {
            let folders = bins.iter().map(|bin| bin.path().to_owned()).collect();
            Binaries::of(installed(folders), cluster.path())
        };
        assert!(matches!(choose(&[&old]), Err(Error::NoBinaries { oldest: 15, .. })));
        assert_eq!(choose(&[&old, &newer, &newest]).unwrap().bin, newest.path());
    }

    #[test]
    fn a_cluster_of_a_version_that_is_not_installed_is_refused_with_the_way_out() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("PG_VERSION"), "7\n").unwrap();
        let words = Binaries::choose(dir.path()).unwrap_err().to_string();
        assert!(
            words.contains("made by Postgres 7") && words.contains("apt-get install postgresql-7"),
            "{words}"
        );
    }
}
