//! What is carried out where no server is: the bundle that a server exports while all is well, and the journal that an
//! operator hands in afterwards. Pure: text in, text out. Who may open a bundle is decided by whoever makes the codes; what
//! of it is carried out, by the same run machine as ever; what comes of a journal, by whoever takes it in.

pub mod bundle;
pub mod journal;
mod seal;

pub use bundle::{Bundle, Contents, Draft, Endpoints, Head, Holder, OfApplication, OfferedPlan};
pub use journal::{Begun, Journal, Line, Opening, Writer};
pub use seal::Key;

/// Why a bundle or a journal is not believed, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{sentence} {way_out}")]
pub struct Fault {
    /// Stable: `bundle_tampered`, `bundle_expired`, `not_an_approved_plan`, `journal_tampered`.
    pub code: &'static str,
    pub sentence: String,
    pub way_out: &'static str,
}

impl Fault {
    pub(crate) fn new(code: &'static str, sentence: impl Into<String>, way_out: &'static str) -> Self {
        Self { code, sentence: sentence.into(), way_out }
    }
}
