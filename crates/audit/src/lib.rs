//! The audit log as a thing that can be proved: leaves that commit to entries, the Merkle tree over them (RFC 6962),
//! checkpoints signed as C2SP notes, proofs, and the verifier that an auditor runs on an exported file with the public
//! key alone. Pure: no database, no clock, no network. Who may read the log, and when it is signed, is decided
//! elsewhere.

pub mod bundle;
pub mod checkpoint;
pub mod keys;
pub mod leaf;
pub mod merkle;
pub mod note;

pub use bundle::{Fault, Report, Verifier};
pub use checkpoint::Checkpoint;
pub use keys::{Handover, Keyring};
pub use leaf::Entry;
pub use merkle::{Frontier, Hash};
pub use note::{SigningKey, VerifyingKey};

/// What is not of the shape that it should have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub String);

impl Malformed {
    pub(crate) fn because(words: impl Into<String>) -> Self {
        Self(words.into())
    }
}
