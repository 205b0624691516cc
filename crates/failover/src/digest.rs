//! The digest of exactly what will be done: SHA-256 over RFC 8785 canonical JSON.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// 64 lower case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(pub String);

impl Digest {
    /// # Errors
    /// When the value has no canonical JSON form (a non-finite number).
    pub fn of<T: Serialize>(value: &T) -> Result<Self, serde_json::Error> {
        let canonical = serde_json_canonicalizer::to_vec(value)?;
        Ok(Self(hex::encode(Sha256::digest(&canonical))))
    }

    /// Enough to tell two apart on a page.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
