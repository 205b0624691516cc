//! What the demonstration keeps in its folder beside the database, and what it is called from outside.

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use std::{
    fs,
    io::Write as _,
    net::SocketAddr,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

const SIMULATOR: &str = "simulator.json";

#[derive(Serialize, Deserialize)]
struct SimulatorPlace {
    url: String,
}

/// Browsers take Secure cookies over plain http from `localhost`.
pub fn public_url(address: SocketAddr) -> String {
    if address.ip().is_loopback() || address.ip().is_unspecified() {
        format!("http://localhost:{}", address.port())
    } else {
        format!("http://{address}")
    }
}

pub fn read_simulator(data: &Path) -> Option<SocketAddr> {
    let text = fs::read_to_string(data.join(SIMULATOR)).ok()?;
    let place: SimulatorPlace = serde_json::from_str(&text).ok()?;
    place.url.strip_prefix("http://")?.parse().ok()
}

pub fn write_simulator(data: &Path, url: &str) -> anyhow::Result<()> {
    let text = serde_json::to_string(&SimulatorPlace { url: url.to_owned() })?;
    write_private(&data.join(SIMULATOR), &text)
}

/// For its owner's eyes, and never half written.
pub fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let beside = path.with_extension("new");
    let write = || -> std::io::Result<()> {
        let mut file =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().with_context(|| format!("{} cannot be written", path.display()))
}
