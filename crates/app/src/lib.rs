//! The use cases: authorize, load, decide, store and audit in one transaction. They never call AWS, so that no
//! page waits for a sick Region. What they refuse is audited in one place for all ([`accountable`]).
#![allow(clippy::result_large_err, reason = "a problem is the answer itself, made once in a refused request")]

mod accountable;
mod accounts;
pub mod admin;
mod applications;
mod audit;
mod audit_log;
pub mod authority;
mod codes;
mod compliance;
mod evacuations;
pub mod federation;
mod free_text;
mod groups;
mod inventory;
mod now;
mod people;
mod picture;
mod plans;
mod policies;
pub mod problems;
mod proofs;
mod regions;
mod repeats;
mod runs;
mod safeguards;
pub mod sealing;
mod secrets;
mod sessions;
mod tokens;

pub use accountable::Accountable;

use federation::ClaimRules;
use holdfast_store::Store;
use jiff::SignedDuration;
use sealing::Sealing;

#[derive(Debug, Clone)]
pub struct Settings {
    /// What was seen longer ago than this is stale.
    pub stale_after: SignedDuration,
    /// Readiness of the server waits for the first sweep (the demonstration does).
    pub ready_after_first_sweep: bool,
    /// What second factors are kept with; `None`: none can be set up.
    pub sealing: Option<Sealing>,
    /// What the groups of an identity provider are here.
    pub claim_rules: ClaimRules,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            stale_after: SignedDuration::from_secs(90),
            ready_after_first_sweep: false,
            sealing: None,
            claim_rules: ClaimRules::default(),
        }
    }
}

/// The use cases over one database. They become the control plane by [`App::accountable`].
#[derive(Debug, Clone)]
pub struct App {
    store: Store,
    settings: Settings,
}

impl App {
    #[must_use]
    pub fn new(store: Store, settings: Settings) -> Self {
        Self { store, settings }
    }
}
