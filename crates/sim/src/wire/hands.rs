//! Answers that pass through somebody's hands before they leave, so that they can be made what no AWS would say. What is
//! asked meanwhile changes nothing: a changing call is answered as if it had been done, and can be asked for again.

use super::Reply;
use super::service::Operation;
use std::fmt;
use std::sync::Arc;

/// What a call that was carried out is answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The service as the ledger names it.
    pub service: &'static str,
    /// E.g. `DescribeServices`.
    pub operation: &'static str,
    /// As IAM names it.
    pub action: &'static str,
    /// As the service's protocol has it.
    pub body: Vec<u8>,
    /// Of services that tell an object's version in a header.
    pub etag: Option<String>,
}

/// What is made of each answer.
#[derive(Clone)]
pub struct Hands(Arc<dyn Fn(Answered) -> Answered + Send + Sync>);

impl Hands {
    /// Hands that do this.
    pub fn new(make: impl Fn(Answered) -> Answered + Send + Sync + 'static) -> Self {
        Self(Arc::new(make))
    }

    pub(super) fn pass(&self, operation: &'static Operation, service: &'static str, reply: Reply) -> Reply {
        let Reply { effect, body, etag } = reply;
        let answered = Answered { service, operation: operation.name, action: operation.action, body, etag };
        let Answered { body, etag, .. } = (self.0)(answered);
        Reply { effect, body, etag }
    }
}

impl fmt::Debug for Hands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hands")
    }
}
