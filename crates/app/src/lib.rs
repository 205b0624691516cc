//! The use cases: authorize, load, decide, store and audit in one transaction. They never call AWS, so that no
//! page waits for a sick Region. What they refuse is audited in one place for all ([`accountable`]).
#![allow(clippy::result_large_err, reason = "a problem is the answer itself, made once in a refused request")]

mod accountable;
mod accounts;
pub mod admin;
mod applications;
mod audit;
mod audit_calls;
mod audit_log;
pub mod authority;
mod break_glass;
mod bundles;
mod clocks;
mod codes;
mod compliance;
mod evacuations;
pub mod federation;
pub mod free_text;
mod gaps;
mod groups;
mod inventory;
mod notices;
mod now;
mod on_call;
mod outside_hosts;
mod passkeys;
mod passwords;
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
mod secrets;
mod sessions;
mod tokens;
mod unreadable;
mod webauthn;

pub use accountable::Accountable;
pub use holdfast_store::sealing;
pub use passwords::Breached;
pub use webauthn::RelyingParty;

use federation::ClaimRules;
use holdfast_domain::{Hosts, Role};
use holdfast_store::Store;
use jiff::SignedDuration;
use sealing::Sealing;

#[derive(Debug, Clone)]
pub struct Settings {
    /// What was seen longer ago than this is stale.
    pub stale_after: SignedDuration,
    /// Readiness of the server waits for the first sweep (the demonstration does).
    pub ready_after_first_sweep: bool,
    /// What second factors, webhooks' secrets and channels are kept with; `None`: none of them can be made.
    pub sealing: Option<Sealing>,
    /// Whom keys answer to, or why none is asked here.
    pub passkeys: Result<RelyingParty, String>,
    /// What the groups of an identity provider are here.
    pub claim_rules: ClaimRules,
    /// Whoever has one of these roles, and a password here, has a second factor beside it, or sets one up before anything else.
    pub second_factor_for: Vec<Role>,
    /// Passwords that are known from breaches, beside those in the binary.
    pub breached: Option<Breached>,
    /// Whether there is a mail server to send by.
    pub mail: bool,
    /// Whether bundles go anywhere else than into the workers' own folders.
    pub bundle_places_named: bool,
    /// Of which hosts people may store addresses.
    pub outside_hosts: Hosts,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            stale_after: SignedDuration::from_secs(90),
            ready_after_first_sweep: false,
            sealing: None,
            passkeys: Err("This server was not told the address that people use.".to_owned()),
            claim_rules: ClaimRules::default(),
            second_factor_for: Vec::new(),
            breached: None,
            mail: false,
            bundle_places_named: false,
            outside_hosts: Hosts::default(),
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
        let store = match &settings.sealing {
            Some(sealing) => store.sealing_with(sealing.clone()),
            None => store,
        };
        Self { store, settings }
    }
}
