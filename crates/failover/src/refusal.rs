//! A no that helps: what blocks it, and the way out.

use serde::{Deserialize, Serialize};

/// `code` is stable and part of the contract; the sentences may be reworded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{sentence} {way_out}")]
pub struct Refusal {
    pub code: String,
    /// What blocks it, since when.
    pub sentence: String,
    /// Who can lift it, and how.
    pub way_out: String,
}

impl Refusal {
    pub fn new(code: &str, sentence: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self { code: code.to_owned(), sentence: sentence.into(), way_out: way_out.into() }
    }
}
