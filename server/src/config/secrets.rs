//! The keys that second factors and webhooks' secrets are encrypted with: a file, the same on every server, and never in the database.

use super::{Mode, Settings, Wrong};
use holdfast_app::sealing::Sealing;
use holdfast_engine::audit::Opened;
use std::{
    fs,
    io::{ErrorKind, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

const KEY: &str = "HOLDFAST_SECRETS_KEY";
const OWN_FILE: &str = "secrets.key";

/// What an admin is told where there is none.
pub const NO_KEY: &str = "HOLDFAST_SECRETS_KEY is not set: nobody can set up an authenticator app, and codes of those who have one \
                          cannot be checked; no webhook can be added, and none that is sealed is sent. Write a key into a file with `openssl rand -hex 32`, the same on every server";

/// Local mode makes a key in the data folder. Production is given one, since all servers must have the same; without it neither
/// second factors nor new webhooks are offered.
///
/// # Errors
/// When the file cannot be read, or holds no key.
pub fn sealing(settings: &Settings, opened: &Opened) -> Result<Option<Sealing>, Wrong> {
    match &settings.secrets_key {
        Some(path) => read(path, opened).map(Some),
        None if settings.mode == Mode::Production => Ok(None),
        None => sealing_in(&settings.data).map(Some),
    }
}

/// The key of this folder, made if need be.
///
/// # Errors
/// When it can neither be read nor made.
pub fn sealing_in(data: &Path) -> Result<Sealing, Wrong> {
    let path = data.join(OWN_FILE);
    if !path.exists() {
        make(&path).map_err(|why| {
            Wrong::new(
                "--data",
                format!("{} cannot be made: {why}", path.display()),
                "Let this user write there.",
            )
        })?;
    }
    read(&path, &Opened::default())
}

/// For its owner's eyes. Another process that was quicker has made the one that counts.
fn make(path: &Path) -> Result<(), String> {
    let line = Sealing::new_key()?;
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    let write = || -> std::io::Result<()> {
        let mut file =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        writeln!(file, "{line}")?;
        file.sync_all()?;
        match fs::hard_link(&beside, path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        }
    };
    let made = write();
    fs::remove_file(&beside).ok();
    made.map_err(|error| error.to_string())
}

fn read(path: &Path, opened: &Opened) -> Result<Sealing, Wrong> {
    let shown = path.display();
    let text = fs::read_to_string(path).map_err(|error| {
        Wrong::new(KEY, format!("{shown} cannot be read: {error}"), "Name a file that this user may read.")
    })?;
    let lines = text.lines().map(str::trim).map(|line| opened.read(line)).collect::<Result<Vec<_>, _>>();
    lines.and_then(|lines| Sealing::parse(&lines.join("\n"))).map_err(|why| {
        Wrong::new(
            KEY,
            format!("{shown}: {why}"),
            "Put a key there with `openssl rand -hex 32`, one a line; the last one seals.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_folders_key_is_made_once_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let sealed = sealing_in(folder.path()).unwrap().seal("x", b"text").unwrap();
        assert_eq!(sealing_in(folder.path()).unwrap().open("x", &sealed).unwrap(), b"text");
        let mode = fs::metadata(folder.path().join(OWN_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_line_that_is_wrapped_is_the_key_that_it_opens_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let key = Sealing::new_key().unwrap();
        let sealed = Sealing::parse(&key).unwrap().seal("x", b"text").unwrap();
        fs::write(&path, "# ours\nkms:eu-west-1:c2VhbGVk\n").unwrap();
        assert!(read(&path, &Opened::default()).unwrap_err().to_string().contains("start it again"));
        let opened = Opened::default();
        opened.add("kms:eu-west-1:c2VhbGVk", key);
        assert_eq!(read(&path, &opened).unwrap().open("x", &sealed).unwrap(), b"text");
    }

    #[test]
    fn a_file_that_holds_no_key_is_named_and_what_stands_in_it_is_not() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(OWN_FILE), "correct horse battery staple").unwrap();
        let wrong = sealing_in(folder.path()).unwrap_err().to_string();
        assert!(wrong.contains(KEY) && wrong.contains(OWN_FILE) && !wrong.contains("horse"), "{wrong}");
    }
}
