//! A webhook on its way: not a call to AWS, but one that goes out under the same rules.

use std::fmt;

/// One signed POST. `id` is the same whenever the same thing is told again, so that a receiver that keeps ids does
/// nothing twice.
#[derive(Clone, PartialEq, Eq)]
pub struct Delivery {
    pub url: String,
    pub id: String,
    /// JSON.
    pub body: String,
    /// `whsec_` and base64.
    pub secret: String,
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Delivery({} to {})", self.id, self.url)
    }
}
