//! The session that `holdfast login` made, kept for its owner between commands.

use serde::{Deserialize, Serialize};
use std::{
    fs,
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::PathBuf,
};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SavedSession {
    pub url: String,
    pub email: String,
    /// `name=value`, as a Cookie header has it.
    pub cookie: String,
}

fn path() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let state = set("XDG_STATE_HOME").or_else(|| set("HOME").map(|home| home.join(".local/state")))?;
    Some(state.join("holdfast/session.json"))
}

/// Of this server; none when there was no login, or to another one.
#[must_use]
pub fn load(url: &str) -> Option<SavedSession> {
    let text = fs::read_to_string(path()?).ok()?;
    let session: SavedSession = serde_json::from_str(&text).ok()?;
    (session.url == url).then_some(session)
}

/// # Errors
/// When the file cannot be written.
pub fn save(session: &SavedSession) -> std::io::Result<()> {
    let path = path().ok_or_else(|| std::io::Error::other("neither HOME nor XDG_STATE_HOME is set"))?;
    if let Some(folder) = path.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let beside = path.with_extension("new");
    fs::remove_file(&beside).ok();
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    file.write_all(serde_json::to_string(session)?.as_bytes())?;
    fs::rename(beside, path)
}

pub fn forget() {
    if let Some(path) = path() {
        fs::remove_file(path).ok();
    }
}
