//! What AWS answers when it says no: a code, a sentence and an HTTP status.
//!
//! Not an error of the simulator itself: a refusal is an honest answer. How it is written on the wire
//! (XML, JSON, CBOR) is the business of `wire::render`.

/// A refused call, as AWS names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status of the answer.
    pub status: u16,
    /// AWS's error code, e.g. `InvalidChangeBatch`.
    pub code: String,
    /// The sentence beside it.
    pub message: String,
}

impl Refusal {
    /// A refusal with the status that AWS uses for most of them: 400.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status: 400, code: code.into(), message: message.into() }
    }

    /// The same with another HTTP status.
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }
}
