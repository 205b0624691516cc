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
        let mut installed = installed();
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

fn installed() -> Vec<Binaries> {
    let mut found: Vec<Binaries> = Vec::new();
    let mut consider = |bin: PathBuf| {
        if found.iter().any(|b| b.bin == bin)
            || !bin.join("initdb").is_file()
            || !bin.join("postgres").is_file()
        {
            return;
        }
        if let Some(major) = major_version(&bin) {
            found.push(Binaries { bin, major });
        }
    };
    for (parent, within) in [("/usr/lib/postgresql", "bin"), ("/usr", "bin"), ("/usr/local", "bin")] {
        for folder in std::fs::read_dir(parent).into_iter().flatten().flatten() {
            let name = folder.file_name().to_string_lossy().into_owned();
            if parent == "/usr/lib/postgresql" || name.starts_with("pgsql") {
                consider(folder.path().join(within));
            }
        }
    }
    if let Some(path) = std::env::var_os("PATH") {
        std::env::split_paths(&path).for_each(&mut consider);
    }
    if let Ok(answer) = Command::new("pg_config").arg("--bindir").output() {
        consider(PathBuf::from(String::from_utf8_lossy(&answer.stdout).trim()));
    }
    found
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
