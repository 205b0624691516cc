//! Passwords that are known from breaches: a list that whoever runs the server fetched, since the server asks nobody.

use super::{Settings, Wrong};
use holdfast_app::Breached;

const NAME: &str = "HOLDFAST_BREACHED_PASSWORDS";

/// # Errors
/// When the file is no such list.
pub fn breached(settings: &Settings) -> Result<Option<Breached>, Wrong> {
    let Some(path) = &settings.breached_passwords else { return Ok(None) };
    let list = Breached::open(path).map_err(|why| {
        Wrong::new(
            NAME,
            format!("{} {why}", path.display()),
            "Name a file of SHA-1 hashes in their order, one a line, with or without `:COUNT`, as the Pwned Passwords downloader writes it; or leave it out.",
        )
    })?;
    Ok(Some(list))
}
