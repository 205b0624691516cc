//! Signing in by an identity provider: what it vouched for, once the server has verified that it did.

use crate::problem::Answer;
use async_trait::async_trait;
use holdfast_domain::{Actor, PersonId};
use jiff::Timestamp;

/// What a verified id token says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Vouched {
    pub issuer: String,
    /// The provider's name for the person, for good: with the issuer, who they are.
    pub subject: String,
    pub email: Option<String>,
    /// `Some(false)`: the provider says that nobody has checked it.
    pub email_verified: Option<bool>,
    /// As the provider calls them.
    pub groups: Vec<String>,
    /// When the person last proved to the provider who they are; `None`: it does not say.
    pub authenticated_at: Option<Timestamp>,
    /// What the provider calls the session there; `None`: it does not say.
    pub session: Option<String>,
}

/// What the audit log calls it that a provider ends sessions.
pub const SIGN_OUT: &str = "session.end_by_provider";

/// A provider's verified word that somebody is signed out there: of this session there, or of all where none is named. One of the
/// two is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedOut {
    pub issuer: String,
    pub subject: Option<String>,
    pub session: Option<String>,
    /// Of the word itself, which is taken once.
    pub id: String,
    pub good_until: Timestamp,
}

/// What came as a provider's word and was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotTaken<'a> {
    pub issuer: &'a str,
    /// What it would have done, as the audit log calls it.
    pub action: &'a str,
    pub code: &'a str,
    /// It may quote what was sent.
    pub why: &'a str,
    pub from: &'a str,
}

#[async_trait]
pub trait Federation {
    /// Who it is, made if they are new, with the roles and groups that their claims are mapped to.
    async fn sign_in_by_provider(&self, vouched: Vouched, from: &str) -> Answer<PersonId>;
    /// Writes down that a session's person proved to the provider anew who they are; refused when it was somebody else.
    async fn prove_by_provider(&self, actor: &Actor, vouched: Vouched, from: &str) -> Answer<()>;
    /// Ends what the provider signed them in for. How many sessions ended.
    async fn sign_out_by_provider(&self, word: SignedOut, from: &str) -> Answer<u64>;
    /// Writes down that what came as the provider's word was not taken, and why.
    async fn provider_not_taken(&self, word: NotTaken<'_>) -> Answer<()>;
}
