//! Why there is no database, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "no Postgres server of version {oldest} or newer was found in {looked_in}. \
         Install one with `apt-get install postgresql`, or set DATABASE_URL to a Postgres that runs elsewhere"
    )]
    NoBinaries { oldest: u32, looked_in: String },
    #[error(
        "the database in {} was made by Postgres {made_by}, and of the installed versions ({installed}) none is that. \
         Install it with `apt-get install postgresql-{made_by}`, or move the folder away to begin with an empty database",
        .data_dir.display()
    )]
    WrongVersion { data_dir: PathBuf, made_by: String, installed: String },
    #[error(
        "Postgres refuses to run as root, and /etc/passwd has neither a user `postgres` nor `nobody` to run it as. \
         Make one with `useradd --system postgres`, or start Holdfast as an ordinary user"
    )]
    NoUnprivilegedUser,
    #[error(
        "the user `{user}`, as whom Postgres must run, can reach none of {tried}. \
         Give --data a folder whose parents everybody may enter, such as /var/lib/holdfast"
    )]
    Unreachable { user: String, tried: String },
    #[error("another Holdfast is using the database in {}. Stop it first, or give --data another folder", .0.display())]
    InUse(PathBuf),
    #[error("{what} failed ({status}). It said: {output}")]
    Failed { what: &'static str, status: String, output: String },
    #[error("Postgres did not {what} within {seconds} s; its log is {}", .log.display())]
    TooSlow { what: &'static str, seconds: u64, log: PathBuf },
    #[error("cannot {what} {}: {source}", .path.display())]
    Io { what: &'static str, path: PathBuf, source: io::Error },
}

impl Error {
    pub(crate) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { what, path, source }
    }
}
